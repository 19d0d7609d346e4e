//! `fogline session`: everything about one of them.

use fogline::control::model::{
    Direction, PhsCounters, Protection, Scrambling, Session, SessionId, Timestamp, Volume,
};

use super::daemon::Socket;
use super::output::{self, Facts, Style, Tone, units};

/// Show everything about one session
///
/// Exit status: 0 done, 1 failed (no such session, too), 2 usage, 69 no daemon answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline session 17
  fogline session 17 --json | jq .scrambling")]
pub struct Args {
    /// The session's number, as `fogline sessions` shows it
    id: SessionId,
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    socket: Socket,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let session = args.socket.connect()?.session(args.id)?;
    let text = if args.json {
        output::object(&session)?
    } else {
        facts(&session).render(&Style::of_stdout())
    };
    Ok(output::print(&text)?)
}

fn facts(session: &Session) -> Facts {
    let mut facts = Facts::default();
    facts.add("session", session.id.to_string());
    facts.add("user", &session.user);
    let age = units::age(session.since.age(Timestamp::now()));
    let since = format!("{}, since {} ({age})", session.state, session.since);
    facts.add("state", since);
    call(&mut facts, session);
    network(&mut facts, session);
    scrambling(&mut facts, &session.scrambling);
    facts.add("handled by", &session.handled_by);
    let counters = &session.counters;
    facts.add("sent", volume(counters.sent));
    facts.add("received", volume(counters.received));
    for (reason, count) in &counters.drops {
        facts.add("dropped", format!("{}: {reason}", units::count(*count)));
    }
    for (fault, count) in &counters.ppp_faults {
        facts.add("PPP fault", format!("{}: {fault}", units::count(*count)));
    }
    facts
}

fn call(facts: &mut Facts, session: &Session) {
    facts.add("peer", session.peer.to_string());
    if let Some(call) = session.l2tp {
        facts.add(
            "tunnel",
            format!("{}, the peer's {}", call.tunnel, call.peer_tunnel),
        );
        facts.add(
            "call",
            format!("{}, the peer's {}", call.session, call.peer_session),
        );
    }
    if let Some(number) = &session.calling_number {
        facts.add("calling number", number);
    }
    if let Some(number) = &session.called_number {
        facts.add("called number", number);
    }
}

fn network(facts: &mut Facts, session: &Session) {
    facts.add("interface", &session.interface);
    if let Some(ipv4) = session.ipv4 {
        facts.add(
            "ipv4",
            format!("{}, the peer's {}", ipv4.local, ipv4.remote),
        );
    }
    if let Some(ipv6) = session.ipv6 {
        facts.add(
            "ipv6",
            format!("{}, the peer's {}", ipv6.local, ipv6.remote),
        );
        if let Some(prefix) = ipv6.prefix {
            facts.add("ipv6 prefix", prefix.to_string());
        }
    }
    facts.add("mtu", format!("{} bytes", session.mtu));
    facts.add("mru", format!("{} bytes", session.mru));
    if let Some(rtt) = session.echo_rtt_us {
        facts.add("lcp echo", units::round_trip(rtt));
    }
}

fn scrambling(facts: &mut Facts, scrambling: &Scrambling) {
    let protection = scrambling.protection();
    let tone = match protection {
        Protection::Undecided => Tone::Plain,
        Protection::Clear => Tone::Poor,
        Protection::Decoy | Protection::Header | Protection::Full => Tone::Good,
    };
    facts.toned(
        "scrambling",
        format!("{protection} ({})", scrambling.state),
        tone,
    );
    if let Some(why) = &scrambling.why_clear {
        facts.toned("why", why, tone);
    }
    if let Some(send) = scrambling.send {
        facts.add("sends", direction(send));
    }
    if let Some(receive) = scrambling.receive {
        facts.add("receives", direction(receive));
    }
    if let Some(epoch) = scrambling.epoch {
        let rekeys = units::count(scrambling.counters.rekeys);
        facts.add("epoch", format!("{epoch}, after {rekeys} rekeys"));
    }
    let odd = oddities(&scrambling.counters);
    if !odd.is_empty() {
        facts.add("negotiation", odd.join(", "));
    }
}

fn direction(direction: Direction) -> String {
    let Direction {
        transform,
        coverage,
        carrier,
    } = direction;
    format!("{transform}, coverage {coverage}, carrier {carrier}")
}

/// What the negotiator did not act upon.
fn oddities(counters: &PhsCounters) -> Vec<String> {
    let counts = [
        ("malformed", counters.malformed),
        ("untimely", counters.untimely),
        ("unexpected", counters.unexpected),
        ("bad tags", counters.bad_tags),
        ("after confirmation", counters.after_confirmation),
        (
            "rejects after confirmation",
            counters.protocol_rejects_after_confirmation,
        ),
        ("rekeys ignored", counters.rekeys_ignored),
        ("fallbacks", counters.fallbacks),
    ];
    let some = counts.into_iter().filter(|(_, count)| *count > 0);
    some.map(|(what, count)| format!("{} {what}", units::count(count)))
        .collect()
}

fn volume(volume: Volume) -> String {
    let packets = units::count(volume.packets);
    format!("{} in {packets} packets", units::bytes(volume.bytes))
}
