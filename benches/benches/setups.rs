//! What a call's set-up costs, in one process, without sockets and in virtual time.
//!
//!     cargo bench -p fogline-benches --bench setups                      all variants, times
//!     cargo bench -p fogline-benches --bench setups -- METHOD POLICY     one: none, pap, chap-md5, ms-chap-v2; off, require
//!
//! Times of a busy machine say little; instructions are the same in each run. All that the access server does happens in
//! `at_the_server`, so that callgrind can count just that (benches/calls.py does):
//!
//!     valgrind --tool=callgrind --toggle-collect='*at_the_server*' BINARY METHOD POLICY --calls 100

use std::collections::{HashSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fogline::calls::{Datagram, Port, Randomness};
use fogline::config::model::{self, AddressControl};
use fogline::config::{self, Contents, Files};
use fogline::io::users::check;
use fogline::lns::Lns;
use fogline::load::{Load, Plan, Rate, Stage, Users};
use fogline_auth::{CallInfo, Method, Request};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use scramble::negotiator::{self, Policy};
use scramble::transform::Packet;

type Random = UnwrapErr<SysRng>;

const SERVER: ([u8; 4], u16) = ([198, 51, 100, 1], 1701);
const CALLER: ([u8; 4], u16) = ([192, 0, 2, 1], 40000);
const METHODS: [(&str, Option<Method>); 4] = [
    ("none", None),
    ("pap", Some(Method::Pap)),
    ("chap-md5", Some(Method::ChapMd5)),
    ("ms-chap-v2", Some(Method::MsChapV2)),
];
const POLICIES: [(&str, Policy); 2] = [("off", Policy::Off), ("require", Policy::Require)];

fn randomness() -> Randomness<Random> {
    Box::new(|| UnwrapErr(SysRng))
}

/// The configuration from text, without files.
fn server_config(method: &str, policy: &str, calls: usize) -> model::Lns {
    struct Made(String, usize);
    impl Files for Made {
        fn read(&self, path: &Path, _: u64) -> io::Result<Contents> {
            let text = match path.ends_with("users.toml") {
                true => (0..self.1)
                    .map(|n| format!("[[user]]\nname = \"user{n}\"\npassword = \"secret{n}\"\n"))
                    .collect(),
                false => self.0.clone(),
            };
            Ok(Contents {
                text: text.into(),
                owner: 0,
                mode: 0o600,
            })
        }
        fn user_id(&self, _: &str) -> Option<u32> {
            Some(0)
        }
        fn own_id(&self) -> u32 {
            0
        }
    }
    let method = match method {
        "none" => String::new(),
        method => format!("\"{method}\""),
    };
    let text = format!(
        r#"
[lns]
name = "lns.bench"
[[lns.listen]]
address = "198.51.100.1:1701"
authentication = [{method}]
[lns.listen.scrambling]
policy = "{policy}"
[[lns.pool]]
name = "home"
ipv4 = "10.64.0.0/16"
[lns.users]
file = "users.toml"
[lns.limits]
calls-per-second = 1000000
"#
    );
    match config::load_from(Path::new("bench.toml"), &Made(text, calls)) {
        Ok(loaded) => loaded.config.lns.expect("a section [lns]"),
        Err(errors) => panic!("{errors}"),
    }
}

fn plan(method: Option<Method>, policy: Policy, calls: usize) -> Plan {
    Plan {
        server: SERVER.into(),
        sockets: 1,
        tunnels: 1,
        sessions: calls,
        rate: Rate::new(1e6).expect("a rate"),
        duration: None,
        churn: None,
        traffic: None,
        setup_timeout: Duration::from_secs(60),
        users: Users::new("user%d".into(), "secret%d".into(), 0),
        methods: method.into_iter().collect(),
        scrambling: negotiator::Config::new(policy),
        ipv6: false,
        echo_interval: None,
        path: model::Path {
            mtu: 1500,
            sequencing: false,
            ff03: AddressControl::Follow,
            ipv6: false,
        },
        tunnel_secret: None,
    }
}

/// What an end sent.
#[derive(Default)]
struct Wire(VecDeque<Vec<u8>>);

impl Port for Wire {
    fn to_peer(&mut self, _: usize, _: SocketAddr, datagram: &[u8]) {
        self.0.push_back(datagram.to_vec());
    }

    fn to_host(&mut self, _: &[u8]) {}
}

fn datagram(payload: &mut [u8], from: ([u8; 4], u16)) -> Datagram<'_> {
    let range = 0..payload.len();
    Datagram {
        from: from.into(),
        payload: Packet::new(payload, range),
    }
}

/// All that the access server does about a datagram, the check of a password included.
#[inline(never)]
fn at_the_server(
    lns: &mut Lns<Random>,
    users: &model::Users,
    now: Duration,
    payload: &mut [u8],
    wire: &mut Wire,
) {
    lns.datagrams(now, 0, [datagram(payload, CALLER)], wire);
    while let Some(request) = lns.poll_authentication() {
        let call = CallInfo {
            calling_number: None,
            called_number: None,
            tunnel_peer: request.host_name,
            peer_address: request.peer,
            proxy: false,
        };
        let decision = check(
            users,
            &Request {
                credentials: *request.credentials,
                call,
            },
        );
        lns.authenticated(now, request.key, &decision, wire);
    }
}

/// Sets calls up; the time that each end spent.
fn set_up(method: (&str, Option<Method>), policy: (&str, Policy), calls: usize) -> [Duration; 2] {
    let config = Arc::new(server_config(method.0, policy.0, calls));
    let mut lns = Lns::new(config.clone(), randomness(), HashSet::new(), false);
    let mut load = Load::new(plan(method.1, policy.1, calls), randomness);
    let (mut up, mut down) = (Wire::default(), Wire::default());
    let mut now = Duration::ZERO;
    let [mut server, mut caller] = [Duration::ZERO; 2];
    load.start(now, &mut up);
    while !matches!(load.progress().stage, Stage::Hold(_)) {
        if let Some(mut payload) = up.0.pop_front() {
            let start = Instant::now();
            at_the_server(&mut lns, &config.users, now, &mut payload, &mut down);
            server += start.elapsed();
            continue;
        }
        let start = Instant::now();
        match down.0.pop_front() {
            Some(mut payload) => load.datagrams(now, 0, [datagram(&mut payload, SERVER)], &mut up),
            None => {
                now = load.poll_timeout().expect("calls are to come").max(now);
                load.handle_timeout(now, &mut up);
            }
        }
        caller += start.elapsed();
    }
    assert_eq!(load.progress().up, calls, "{:?}", load.report());
    assert_eq!(lns.calls().len(), calls);
    [server, caller].map(|time| time / calls as u32)
}

fn main() {
    // `cargo bench` adds --bench.
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let at = arguments.iter().position(|argument| argument == "--calls");
    let calls = at
        .and_then(|at| arguments.get(at + 1)?.parse().ok())
        .unwrap_or(300);
    let is_wanted = |name: &str, place: usize| {
        let wanted = arguments
            .get(place)
            .filter(|_| at.is_none_or(|at| place < at));
        wanted.is_none_or(|wanted| wanted == name)
    };
    println!("| authentication | PHS | server, us a call | caller, us a call |");
    println!("|---|---|---|---|");
    for method in METHODS.into_iter().filter(|(name, _)| is_wanted(name, 0)) {
        for policy in POLICIES.into_iter().filter(|(name, _)| is_wanted(name, 1)) {
            let mut runs: Vec<_> = (0..if at.is_some() { 1 } else { 5 })
                .map(|_| set_up(method, policy, calls))
                .collect();
            runs.sort();
            let [server, caller] = runs[runs.len() / 2].map(|time| time.as_secs_f64() * 1e6);
            println!(
                "| {} | {} | {server:.1} | {caller:.1} |",
                method.0, policy.0
            );
        }
    }
}
