//! The daemon's parsers and machines.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use fogline::config::{self, Contents, Files};
use fogline::control::Incoming;
use fogline::ip::{Addresses, fragment, icmp, mss};
use fogline::pcap::keylog::Keylog;
use fogline_auth::verify::{PapSecret, Secret as Password, Stored};
use fogline_auth::{Authenticator, AuthenticatorEvent, Credentials, Method, Peer, Timing, Verdict};
use fogline_l2tp::wire::{Header, Message};
use fogline_l2tp::{CallRequest, Endpoint, Event as L2tpEvent};
use fogline_ppp::nd::advertisement::Advertisement;
use fogline_ppp::nd::icmp::Icmpv6;
use fogline_ppp::{
    Access, Arrival, Config, Decision, Event, Granted, Ipv4Grant, Ipv6Grant, LcpConfig, Link,
    NetworkConfig, Role, Secret, Subscriber,
};
use scramble::keys::Secrets;
use scramble::negotiator::{self, DataMode, Policy};
use zeroize::Zeroizing;

use super::Counter;

/// Splits bytes into packets, each after a byte with its length.
fn packets(mut rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&length, after) = rest.split_first()?;
        let (packet, after) = after.split_at(after.len().min(length.into()));
        rest = after;
        Some(packet)
    })
}

/// A control message of L2TP: its header, its AVPs, what they say, with and without a secret. What was understood is
/// understood again when it is sent.
pub fn l2tp_message(bytes: &[u8]) {
    let secret = fogline_l2tp::Secret::new("sesame");
    let avps = Header::parse(bytes).map_or(bytes, |(_, avps)| avps);
    for secret in [None, Some(&secret)] {
        let Ok(parsed) = Message::parse(avps, secret) else {
            continue;
        };
        let again = parsed.message.emit(1, 2, None);
        if let Ok((header, avps)) = Header::parse(&again) {
            assert_eq!((header.tunnel, header.session), (1, 2));
            assert!(Message::parse(avps, secret).is_ok(), "{:?}", parsed.message);
        }
    }
}

const AT_CLIENT: ([u8; 4], u16) = ([192, 0, 2, 1], 1701);
const AT_LNS: ([u8; 4], u16) = ([192, 0, 2, 2], 1701);

/// Control messages that reach an endpoint. The first byte says which end is the victim and how far the other has come
/// with it. Then come messages, each after a byte with its length; the first byte of each says whether it is one as it
/// stands, or AVPs that are put behind a header that fits.
pub fn l2tp_control(bytes: &[u8]) {
    let Some((&stage, rest)) = bytes.split_first() else {
        return;
    };
    let limits = fogline_l2tp::Config {
        max_tunnels: 8,
        max_half_open: 4,
        max_calls_per_tunnel: 8,
        ..fogline_l2tp::Config::default()
    };
    let mut now = Duration::ZERO;
    let mut lns = Endpoint::new(limits.clone(), Counter(1));
    let mut client = Endpoint::new(
        fogline_l2tp::Config {
            accept_incoming: false,
            ..limits
        },
        Counter(2),
    );
    if let Ok(tunnel) = client.dial(now, AT_LNS.into()) {
        let _ = client.call(now, tunnel, CallRequest::default());
    }
    for _ in 0..stage >> 1 & 7 {
        l2tp_turn(now, &mut client, &mut lns, AT_CLIENT.into());
        l2tp_turn(now, &mut lns, &mut client, AT_LNS.into());
    }
    let (victim, from): (_, SocketAddr) = match stage & 1 {
        0 => (&mut lns, AT_CLIENT.into()),
        _ => (&mut client, AT_LNS.into()),
    };
    // What the peer sent until now, so that the next fits.
    let mut ns = u16::from(stage >> 4 & 7);
    for packet in packets(rest) {
        match packet {
            [how, avps @ ..] if how & 1 == 1 => {
                let header = Header {
                    tunnel: u16::from(how >> 1 & 3),
                    session: u16::from(how >> 3 & 3),
                    ns,
                    nr: u16::from(how >> 5),
                };
                let message = [&header.emit(avps.len())[..], avps].concat();
                victim.handle_control(now, from, &message);
                ns = ns.wrapping_add(1);
            }
            [_, message @ ..] => victim.handle_control(now, from, message),
            [] => now += Duration::from_secs(7),
        }
        victim.handle_timeout(now);
        while let Some(event) = victim.poll() {
            if let L2tpEvent::Incoming { call, .. } = event {
                victim.accept(now, call);
            }
        }
        let sent = std::iter::from_fn(|| victim.poll_transmit()).count();
        assert!(sent < 64, "{sent} answers to one message");
        // As many that are stopped are kept as there may be live ones.
        assert!(victim.tunnels().count() <= 17);
        assert!(victim.poll_timeout().is_none_or(|due| due > now));
    }
}

/// Has one endpoint say all that it has to say, to the other.
fn l2tp_turn(
    now: Duration,
    from: &mut Endpoint<Counter>,
    to: &mut Endpoint<Counter>,
    at: SocketAddr,
) {
    while let Some(event) = from.poll() {
        if let L2tpEvent::Incoming { call, .. } = event {
            from.accept(now, call);
        }
    }
    while let Some(transmit) = from.poll_transmit() {
        to.handle_control(now, at, &transmit.payload);
    }
}

const PASSWORD: &str = "sesame";

fn verdict(credentials: &Credentials) -> Verdict {
    let password = Password::parse(PASSWORD).ok();
    let stored = Stored {
        pap: password.clone().map(PapSecret::Plain),
        chap_md5: password,
        nt_hash: Some(fogline_auth::mschapv2::nt_hash(PASSWORD)),
    };
    match stored.verify(&credentials.proof) {
        Ok(verified) => Verdict::Accept {
            message: "welcome".into(),
            mschapv2_response: verified.mschapv2_response,
        },
        Err(refused) => Verdict::Reject {
            message: refused.to_string(),
        },
    }
}

/// Packets of PAP, CHAP or MS-CHAPv2 that reach both ends. The first byte says which method it is, and how far they had
/// come. Nobody is let in without the password.
pub fn authentication(bytes: &[u8]) {
    let Some((&stage, rest)) = bytes.split_first() else {
        return;
    };
    let method = Method::ALL[usize::from(stage) % Method::ALL.len()];
    let (mut now, mut random) = (Duration::ZERO, Counter(1));
    let mut access = Authenticator::new(method, "isp", Timing::default());
    let mut subscriber = Peer::new(method, "alice", "guess", Timing::default());
    access.start(now, &mut random);
    subscriber.start(now);
    for _ in 0..stage >> 2 & 3 {
        while let Some(packet) = access.poll_transmit() {
            subscriber.handle(now, &packet, &mut random);
        }
        while let Some(packet) = subscriber.poll_transmit() {
            access.handle(now, &packet, &mut random);
        }
    }
    for packet in packets(rest) {
        access.handle(now, packet, &mut random);
        subscriber.handle(now, packet, &mut random);
        now += Duration::from_millis(100);
        access.handle_timeout(now, &mut random);
        subscriber.handle_timeout(now);
        while let Some(event) = access.poll() {
            match event {
                AuthenticatorEvent::Verify(credentials) => {
                    access.answer(now, verdict(&credentials), &mut random);
                }
                AuthenticatorEvent::Succeeded => panic!("let in without the password"),
                AuthenticatorEvent::Failed(_) => {}
            }
        }
        while subscriber.poll().is_some() {}
        while access.poll_transmit().is_some() || subscriber.poll_transmit().is_some() {}
    }
}

/// Frames that reach an end of a PPP link. The first byte says which end is the victim, under which policy, and how far
/// it has come with a peer; then come frames, each after a byte with its length, the first byte of which says how it
/// came. A session that was once scrambled is never in clear.
pub fn ppp_link(bytes: &[u8]) {
    let Some((&stage, rest)) = bytes.split_first() else {
        return;
    };
    let policy = [Policy::Prefer, Policy::Require][usize::from(stage & 1)];
    let mut now = Duration::ZERO;
    let mut ends = [access(policy), subscriber(policy)].map(|config| {
        let seed = u64::from(matches!(config.role, Role::Access(_)));
        Link::new(Arc::new(config), Counter(seed), Counter(7 + seed))
    });
    for link in &mut ends {
        link.start(now);
    }
    let [access, subscriber] = &mut ends;
    for _ in 0..stage >> 2 & 15 {
        ppp_turn(now, access, subscriber);
        ppp_turn(now, subscriber, access);
        now += Duration::from_millis(10);
    }
    let victim = if stage & 2 == 0 { access } else { subscriber };
    let mut was_scrambled = false;
    for packet in packets(rest) {
        match packet {
            [how, frame @ ..] if how & 3 == 0 => {
                victim.handle_frame(now, frame, Arrival::Scrambled);
            }
            [how, packet @ ..] if how & 3 == 1 => victim.handle_neighbour_discovery(now, packet),
            [_, frame @ ..] => victim.handle_frame(now, frame, Arrival::Clear),
            [] => now += Duration::from_secs(3),
        }
        now += Duration::from_millis(100);
        victim.handle_timeout(now);
        obey(now, victim);
        let sent = std::iter::from_fn(|| victim.poll_transmit()).count();
        assert!(sent < 64, "{sent} answers to one frame");
        assert!(victim.poll_timeout().is_none_or(|due| due > now));
        was_scrambled |= victim.data_mode() == DataMode::Scrambled;
        assert!(!was_scrambled || victim.data_mode() != DataMode::Clear);
        assert!(policy == Policy::Prefer || victim.data_mode() != DataMode::Clear);
    }
}

fn access(policy: Policy) -> Config {
    Config {
        lcp: LcpConfig::default(),
        role: Role::Access(Access {
            methods: Method::ALL.to_vec(),
            name: "isp".into(),
            timing: Timing::default(),
        }),
        network: NetworkConfig::default(),
        scrambling: negotiator::Config::new(policy),
    }
}

fn subscriber(policy: Policy) -> Config {
    Config {
        role: Role::Subscriber(Subscriber {
            name: "alice".into(),
            password: Secret::new(PASSWORD.into()),
            accept: Method::ALL.to_vec(),
            ipv4: true,
            ipv6: true,
            request_dns: true,
            timing: Timing::default(),
        }),
        ..access(policy)
    }
}

/// Has one link say all that it has to say, to the other.
fn ppp_turn(now: Duration, from: &mut Link<Counter>, to: &mut Link<Counter>) {
    obey(now, from);
    while let Some(frame) = from.poll_transmit() {
        let protocol = frame
            .first_chunk()
            .map_or(0, |bytes| u16::from_be_bytes(*bytes));
        let scrambled = from.data_mode() == DataMode::Scrambled
            && !scramble::wire::ppp::is_link_control(protocol);
        let arrival = if scrambled {
            Arrival::Scrambled
        } else {
            Arrival::Clear
        };
        to.handle_frame(now, &frame, arrival);
    }
}

/// What a host does about events.
fn obey(now: Duration, link: &mut Link<Counter>) {
    while let Some(event) = link.poll() {
        if let Event::Authenticate(credentials) = event {
            let decision = match verdict(&credentials) {
                verdict @ Verdict::Accept { .. } => Decision::Accept(Box::new(Granted {
                    verdict,
                    ipv4: Some(Ipv4Grant {
                        local: Ipv4Addr::new(10, 64, 0, 1),
                        peer: Ipv4Addr::new(10, 64, 0, 2),
                        dns: [None; 2],
                    }),
                    ipv6: Some(Ipv6Grant {
                        prefix: Ipv6Addr::new(0x2001, 0xDB8, 0, 1, 0, 0, 0, 0),
                        dns: Vec::new(),
                    }),
                    scrambling: None,
                    secrets: Secrets::default(),
                })),
                refused => Decision::Reject(refused),
            };
            link.authenticated(now, decision);
        }
    }
}

/// Neighbour discovery: an IPv6 packet of a link, and the body of a Router Advertisement.
pub fn neighbour_discovery(bytes: &[u8]) {
    if let Ok(message) = Icmpv6::parse(bytes) {
        assert!(message.body.len() <= bytes.len());
    }
    if let Ok(said) = Advertisement::parse(bytes) {
        let again = Advertisement::parse(&said.emit(64)).unwrap_or_default();
        assert_eq!((&again.prefixes, &again.dns), (&said.prefixes, &said.dns));
        assert_eq!(
            (again.mtu, again.router_lifetime),
            (said.mtu, said.router_lifetime)
        );
    }
}

/// IP packets on their way through an access server.
pub fn ip_packet(bytes: &[u8]) {
    if let Some(addresses) = Addresses::of(bytes) {
        let is_v4 = matches!(addresses.destination(), IpAddr::V4(_));
        assert_eq!(is_v4, bytes.first().is_some_and(|byte| byte >> 4 == 4));
    }
    let source = icmp::Source {
        ipv4: Some(Ipv4Addr::LOCALHOST),
        ipv6: Some(Ipv6Addr::LOCALHOST),
    };
    for mtu in [68, 576, 1280, 1500] {
        let mut packet = bytes.to_vec();
        mss::clamp(&mut packet, mtu.into());
        assert_eq!(packet.len(), bytes.len());
        if let fragment::Fragments::Cut(parts) = fragment::fragments(bytes, mtu.into()) {
            assert!(parts.iter().all(|part| part.len() <= mtu.into()));
        }
        if let Some(answer) = icmp::too_big(bytes, mtu, source) {
            assert!(answer.len() <= 1280);
        }
    }
}

/// A configuration file; what comes after a line of `---` is the users' file.
pub fn configuration(bytes: &[u8]) {
    struct Texts<'a>(&'a str, &'a str);
    impl Files for Texts<'_> {
        fn read(&self, path: &Path, _: u64) -> io::Result<Contents> {
            let text = match path.ends_with("main.toml") {
                true => self.0,
                false => self.1,
            };
            Ok(Contents {
                text: Zeroizing::new(text.to_owned()),
                owner: 0,
                mode: 0o600,
            })
        }
        fn user_id(&self, _: &str) -> Option<u32> {
            None
        }
        fn own_id(&self) -> u32 {
            0
        }
    }
    let text = String::from_utf8_lossy(bytes);
    let (main, users) = text.split_once("\n---\n").unwrap_or((&text, ""));
    match config::load_from(Path::new("main.toml"), &Texts(main, users)) {
        Ok(loaded) => assert!(loaded.config.lns.is_some() || loaded.config.client.is_some()),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
}

/// A request on the control socket. One that is understood is understood again.
pub fn control_request(bytes: &[u8]) {
    if let Ok(request) = Incoming::parse(bytes) {
        let json = request.to_json().unwrap_or_default();
        assert_eq!(Incoming::parse(&json), Ok(request));
    }
}

/// A key log, of captures or of live sessions.
pub fn key_log(bytes: &[u8]) {
    if let Ok(keylog) = Keylog::parse(bytes, Path::new("keylog")) {
        for session in &keylog.sessions {
            assert_eq!(session.keys().epoch, session.epoch);
        }
    }
}
