//! `fogline load`: many subscribers at once.

use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use fogline::config::Hidden;
use fogline::config::model::{AddressControl, Path};
use fogline::io::port::Lost;
use fogline::load::{
    LEAST_SIZE, Plan, Progress, Rate, Reasons, Report, Stage, Summary, Traffic, Users,
};
use fogline::service::run_load;
use fogline_auth::Method;
use scramble::negotiator::{self, Policy};
use serde::Serialize;
use zeroize::Zeroizing;

use super::exit::{Coded, Exit};
use super::output::{Align, Cell, Column, Facts, Style, Table, Tone, object, print, units};
use super::scrambling::Scrambling;

/// Load an L2TP access server with many subscribers, and measure it
///
/// Opens control connections and calls, keeps the calls up, sends small UDP packets inside, hangs up, and reports how
/// many calls came up, how long each step took, and what was lost. The server may be any; scrambling is spoken
/// of only with --policy. Needs no privileges. Ctrl-C hangs up and reports; a second one ends at once.
///
/// Ends with 1 if a call failed or fell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline load --server lns.example.net --sessions 1000 --user 'test%d' --password 'secret%d'
  fogline load --server 192.0.2.1 --sessions 10000 --tunnels 50 --rate 500 --policy require --traffic 1 --duration 10m
  fogline load --server 127.0.0.1 --sessions 500 --source 127.0.0.2,127.0.0.3 --churn 20 --hold --json")]
pub struct Args {
    /// The access server; the port is 1701 unless given
    #[arg(long, value_name = "HOST[:PORT]", value_parser = server)]
    server: SocketAddr,
    /// Calls at the same time
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    sessions: u32,
    /// Control connections; calls take them in turn
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    tunnels: u32,
    /// Calls to start each second, and to hang up at the end
    #[arg(long, value_name = "PER-SECOND", default_value = "100", value_parser = rate)]
    rate: Rate,
    /// How long to keep the calls once all are up
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    duration: Duration,
    /// Keep the calls until interrupted
    #[arg(long, conflicts_with = "duration")]
    hold: bool,
    /// Calls to hang up each second while the others stay; they are made again
    #[arg(long, value_name = "PER-SECOND", value_parser = rate)]
    churn: Option<Rate>,
    /// Packets to send each second in each call
    #[arg(long, value_name = "PER-SECOND", value_parser = rate)]
    traffic: Option<Rate>,
    /// Their length in bytes, IP header included
    #[arg(long, value_name = "BYTES", default_value_t = 64, requires = "traffic",
          value_parser = clap::value_parser!(u16).range(i64::from(LEAST_SIZE)..=1400))]
    packet_size: u16,
    /// Where they go: an echo service behind the server. By default each call's go to the next call's address, for
    /// which the server's host must forward packets
    #[arg(long, value_name = "ADDRESS:PORT", requires = "traffic")]
    to: Option<SocketAddrV4>,
    /// Addresses of this host to call from; control connections take them in turn
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    source: Vec<IpAddr>,
    /// Names of the users; %d is the number of the call
    #[arg(long, value_name = "NAME", default_value = "user%d")]
    user: String,
    /// Their passwords; %d is the number of the call
    #[arg(long, value_name = "PASSWORD", default_value = "secret%d")]
    password: String,
    /// The number of the first call
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u64,
    /// How to authenticate where the server asks, best first
    #[arg(long, value_enum, value_name = "METHOD", value_delimiter = ',',
          default_values_t = [MethodName::MsChapV2, MethodName::ChapMd5, MethodName::Pap])]
    auth: Vec<MethodName>,
    /// How much to insist on scrambling
    #[arg(long, value_enum, default_value_t = PolicyName::Off)]
    policy: PolicyName,
    #[command(flatten)]
    scrambling: Scrambling,
    /// Offer scrambling in LCP already
    #[arg(long)]
    early_offer: bool,
    /// Between rekeys
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    rekey_interval: Duration,
    /// How long old keys still open late packets; much the same as the server's
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    rekey_overlap: Duration,
    /// Ask for IPv6, too
    #[arg(long)]
    ipv6: bool,
    /// Between LCP Echo-Requests in each call; 0s for none
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = humantime::parse_duration)]
    echo_interval: Duration,
    /// From a call's start to its address, before it counts as failed
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = humantime::parse_duration)]
    setup_timeout: Duration,
    /// The largest IP packet that the way to the server carries
    #[arg(long, value_name = "BYTES", default_value_t = 1500, value_parser = clap::value_parser!(u16).range(576..=9216))]
    path_mtu: u16,
    /// A file whose only line is the secret shared with the server (RFC 2661 section 5.1.1)
    #[arg(long, value_name = "FILE")]
    tunnel_secret_file: Option<PathBuf>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum MethodName {
    /// MS-CHAPv2
    MsChapV2,
    /// CHAP with MD5
    ChapMd5,
    /// Passwords in clear
    Pap,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PolicyName {
    /// Never
    Off,
    /// Where the server has it
    Prefer,
    /// Or no call
    Require,
}

/// Runs the subcommand.
pub fn run(args: Args) -> anyhow::Result<()> {
    let plan = plan(&args)?;
    let mut display = Display::new(plan.sessions);
    let (report, lost) = run_load(plan, &args.source, |now, progress| {
        display.show(now, progress)
    })?;
    display.end();
    let text = match args.json {
        true => object(&Output {
            report: &report,
            datagrams_lost_here: lost.datagrams_full + lost.datagrams_refused,
        })?,
        false => as_text(&report, &lost, &Style::of_stdout()),
    };
    print(&text)?;
    match report.is_good() {
        true => Ok(()),
        false => Err(Coded::new(
            Exit::Failure,
            "not all calls came up and stayed; the report says why",
        )
        .into()),
    }
}

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    report: &'a Report,
    /// Datagrams that this machine's kernel did not take.
    datagrams_lost_here: u64,
}

fn plan(args: &Args) -> anyhow::Result<Plan> {
    let tunnel_secret = match &args.tunnel_secret_file {
        None => None,
        Some(file) => {
            let text = std::fs::read_to_string(file).map(Zeroizing::new);
            let text = text.with_context(|| format!("--tunnel-secret-file {}", file.display()))?;
            Some(Hidden::new(Zeroizing::new(
                text.trim_end_matches(['\r', '\n']).to_owned(),
            )))
        }
    };
    let policy = match args.policy {
        PolicyName::Off => Policy::Off,
        PolicyName::Prefer => Policy::Prefer,
        PolicyName::Require => Policy::Require,
    };
    let methods = args.auth.iter().map(|method| match method {
        MethodName::MsChapV2 => Method::MsChapV2,
        MethodName::ChapMd5 => Method::ChapMd5,
        MethodName::Pap => Method::Pap,
    });
    Ok(Plan {
        server: args.server,
        sockets: args.source.len().max(1),
        tunnels: args.tunnels as usize,
        sessions: args.sessions as usize,
        rate: args.rate,
        duration: (!args.hold).then_some(args.duration),
        churn: args.churn,
        traffic: args.traffic.map(|per_session| Traffic {
            per_session,
            size: args.packet_size,
            to: args.to,
        }),
        setup_timeout: args.setup_timeout,
        users: Users::new(args.user.clone(), args.password.clone(), args.first),
        methods: methods.collect(),
        scrambling: negotiator::Config {
            terms: args.scrambling.terms(),
            early_offer: args.early_offer,
            timing: negotiator::Timing {
                rekey_interval: args.rekey_interval,
                overlap: args.rekey_overlap,
                ..negotiator::Timing::default()
            },
            ..negotiator::Config::new(policy)
        },
        ipv6: args.ipv6,
        echo_interval: Some(args.echo_interval).filter(|interval| !interval.is_zero()),
        path: Path {
            mtu: args.path_mtu,
            sequencing: false,
            ff03: AddressControl::Follow,
            ipv6: args.server.is_ipv6(),
        },
        tunnel_secret,
    })
}

fn server(text: &str) -> Result<SocketAddr, String> {
    const L2TP: u16 = 1701;
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let found = text
        .to_socket_addrs()
        .or_else(|_| (bare, L2TP).to_socket_addrs());
    let found = found.map_err(|error| error.to_string())?.next();
    found.ok_or_else(|| "it has no address".into())
}

fn rate(text: &str) -> Result<Rate, String> {
    let rate = text.parse().ok().and_then(Rate::new);
    rate.ok_or_else(|| "a number above 0 and up to 1000000".into())
}

/// How it gets on, on standard error: a line that is written anew each second, or, where that is no terminal, a line
/// every 10 seconds and at each stage.
struct Display {
    sessions: usize,
    is_terminal: bool,
    last: Option<(Duration, &'static str)>,
}

impl Display {
    const EVERY: Duration = Duration::from_secs(10);

    fn new(sessions: usize) -> Self {
        Self {
            sessions,
            is_terminal: io::stderr().is_terminal(),
            last: None,
        }
    }

    fn show(&mut self, now: Duration, progress: &Progress) {
        let stage = stage_name(progress.stage);
        let line = self.line(now, stage, progress);
        let mut out = io::stderr().lock();
        let due = self
            .last
            .is_none_or(|(at, last)| last != stage || now >= at + Self::EVERY);
        // Whoever does not read this wants the report all the same.
        let _ = match (self.is_terminal, due) {
            (true, _) => write!(out, "\r\x1b[K{line}").and_then(|()| out.flush()),
            (false, true) => writeln!(out, "{line}"),
            (false, false) => return,
        };
        self.last = Some((now, stage));
    }

    fn line(&self, now: Duration, stage: &str, progress: &Progress) -> String {
        let Progress {
            up,
            coming,
            failed,
            fallen,
            sent,
            received,
            ..
        } = *progress;
        let mut line = format!(
            "{:>6}  {stage}: {} of {} up, {} coming, {} failed, {} fell",
            units::age(now),
            units::count(up as u64),
            units::count(self.sessions as u64),
            units::count(coming as u64),
            units::count(failed),
            units::count(fallen),
        );
        if sent > 0 {
            line += &format!(
                "; {} packets sent, {} came",
                units::count(sent),
                units::count(received)
            );
        }
        line
    }

    fn end(&self) {
        if self.is_terminal {
            let _ = writeln!(io::stderr());
        }
    }
}

/// A word for each stage; the soak and the benches wait for them.
const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Tunnels => "connecting",
        Stage::Ramp => "calling",
        Stage::Hold(_) => "holding",
        Stage::Quiet(_) | Stage::HangUp(_) => "hanging up",
        Stage::Close(_) => "closing",
        Stage::Over => "over",
    }
}

fn as_text(report: &Report, lost: &Lost, style: &Style) -> String {
    let mut facts = Facts::default();
    let count = units::count;
    facts.add("tunnels", format!("{} up", count(report.tunnels_up)));
    add_reasons(&mut facts, &report.tunnels_failed, "failed");
    let rate = report.ramp_seconds.filter(|seconds| *seconds > 0.0);
    let rate = rate.map(|seconds| format!(", the first ones in {seconds:.1} s"));
    facts.add(
        "calls",
        format!(
            "{} made, {} came up ({} scrambled, {} in clear){}",
            count(report.calls),
            count(report.came_up),
            count(report.scrambled),
            count(report.clear),
            rate.unwrap_or_default()
        ),
    );
    add_reasons(&mut facts, &report.failed, "failed");
    add_reasons(&mut facts, &report.fallen, "fell");
    if report.interrupted > 0 {
        facts.toned(
            "",
            format!(
                "{} lost their address for a while",
                count(report.interrupted)
            ),
            Tone::Bad,
        );
    }
    add_reasons(&mut facts, &report.in_clear, "in clear");
    add_reasons(&mut facts, &report.alarms, "alarms");
    if report.rekeys > 0 {
        facts.add("rekeys", count(report.rekeys));
    }
    if report.packets_sent > 0 {
        let (sent, came) = (report.packets_sent, report.packets_received);
        let tone = if report.packets_lost > 0 {
            Tone::Poor
        } else {
            Tone::Good
        };
        let text = format!(
            "{} sent, {} came, {} lost",
            count(sent),
            count(came),
            count(report.packets_lost)
        );
        facts.toned("packets", text, tone);
    }
    for (reason, dropped) in &report.drops {
        facts.toned(
            "dropped",
            format!("{} here: {reason}", count(*dropped)),
            Tone::Poor,
        );
    }
    let unsent = lost.datagrams_full + lost.datagrams_refused;
    if unsent > 0 {
        facts.toned(
            "kernel",
            format!("{} datagrams not taken by this machine's", count(unsent)),
            Tone::Poor,
        );
    }
    let times = report
        .setup_ms
        .iter()
        .map(|(step, summary)| (step.name(), summary));
    let table =
        times_table(times.chain(report.delay_ms.iter().map(|summary| ("a packet", summary))));
    format!("{}\n{}", facts.render(style), table.render(style))
}

fn add_reasons(facts: &mut Facts, reasons: &Reasons, what: &str) {
    for (reason, count) in reasons.iter() {
        facts.toned(
            "",
            format!("{} {what}: {reason}", units::count(count)),
            Tone::Bad,
        );
    }
}

fn times_table<'a>(rows: impl Iterator<Item = (&'a str, &'a Summary)>) -> Table {
    let column = |title, align, keep| Column {
        title,
        align,
        narrow: 8,
        keep,
    };
    let mut table = Table::new([
        column("milliseconds", Align::Left, 0),
        column("count", Align::Right, 1),
        column("p50", Align::Right, 0),
        column("p90", Align::Right, 2),
        column("p99", Align::Right, 3),
        column("max", Align::Right, 4),
    ]);
    for (name, summary) in rows {
        let ms = |ms: f64| Cell::from(format!("{ms:.2}"));
        let Summary {
            count,
            p50,
            p90,
            p99,
            max,
        } = *summary;
        table.row([
            name.into(),
            units::count(count).into(),
            ms(p50),
            ms(p90),
            ms(p99),
            ms(max),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_an_address_or_a_name_with_or_without_a_port() {
        let server = |text| server(text).map(|address| address.to_string());
        assert_eq!(server("192.0.2.1").as_deref(), Ok("192.0.2.1:1701"));
        assert_eq!(server("192.0.2.1:1702").as_deref(), Ok("192.0.2.1:1702"));
        assert_eq!(
            server("[2001:db8::1]:1702").as_deref(),
            Ok("[2001:db8::1]:1702")
        );
        assert_eq!(server("2001:db8::1").as_deref(), Ok("[2001:db8::1]:1701"));
        assert_eq!(server("[2001:db8::1]").as_deref(), Ok("[2001:db8::1]:1701"));
        assert!(server("192.0.2.1:many").is_err());
    }

    #[test]
    fn rates_are_more_than_nothing() {
        assert!(rate("0.5").is_ok());
        assert!(
            ["0", "-1", "NaN", "x", ""]
                .iter()
                .all(|text| rate(text).is_err())
        );
    }
}
