//! `fogline status`: how the daemon is.

use std::time::Duration;

use fogline::control::model::{Alarm, Protection, SessionState, Status, Tally, Timestamp};

use super::daemon::Socket;
use super::output::{self, Facts, Style, Tone, units};

/// Show how the daemon on this machine is
///
/// Sessions, what scrambles them, calls, packets, alarms. Every counter counts from the daemon's
/// start.
///
/// Exit status: 0 done, 1 failed, 2 usage, 69 no daemon answers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline status
  fogline status --json | jq .calls
  fogline status --socket /run/fogline/home")]
pub struct Args {
    /// Write JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    socket: Socket,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let status = args.socket.connect()?.status()?;
    let text = if args.json {
        output::object(&status)?
    } else {
        facts(&status).render(&Style::of_stdout())
    };
    Ok(output::print(&text)?)
}

/// Alarms shown; `--json` has all that the daemon keeps.
const ALARMS: usize = 5;

fn facts(status: &Status) -> Facts {
    let mut facts = Facts::default();
    let uptime = units::age(Duration::from_secs(status.uptime_seconds));
    let Status {
        version,
        mode,
        started,
        ..
    } = status;
    facts.add(
        "daemon",
        format!("fogline {version}, {mode}, up {uptime}, since {started}"),
    );
    configuration(&mut facts, status);
    sessions(&mut facts, status);
    let tunnels = status.tunnels;
    let half_open = units::count(tunnels.half_open);
    facts.add(
        "tunnels",
        format!(
            "{} up, {half_open} half-open",
            units::count(tunnels.established)
        ),
    );
    calls(&mut facts, status);
    for (name, volume) in [("sent", status.sent), ("received", status.received)] {
        let packets = units::count(volume.packets);
        facts.add(
            name,
            format!("{} in {packets} packets", units::bytes(volume.bytes)),
        );
    }
    tally(&mut facts, "dropped", &status.drops);
    tally(&mut facts, "L2TP faults", &status.l2tp_faults);
    let failures = status.authentication_failures;
    facts.add(
        "authentication",
        format!("{} failures", units::count(failures)),
    );
    for pool in &status.pools {
        let (used, size) = (units::count(pool.used), units::count(pool.size));
        let tone = if pool.used >= pool.size {
            Tone::Bad
        } else {
            Tone::Plain
        };
        let text = format!("{} ({}): {used} of {size} used", pool.name, pool.family);
        facts.toned("pool", text, tone);
    }
    alarms(&mut facts, status);
    facts
}

fn configuration(facts: &mut Facts, status: &Status) {
    let file = &status.configuration.file;
    match &status.configuration.reload {
        None => facts.add("configuration", file),
        Some(reload) => {
            let (what, tone) = if reload.applied {
                ("reloaded", Tone::Plain)
            } else {
                ("refused when reloaded", Tone::Bad)
            };
            facts.toned(
                "configuration",
                format!("{file}, {what} {}", reload.time),
                tone,
            );
            for message in &reload.messages {
                facts.add("", message);
            }
        }
    }
}

fn sessions(facts: &mut Facts, status: &Status) {
    let states = SessionState::ALL.map(|state| (state.word(), status.sessions_in(state)));
    let total = units::count(status.session_total());
    facts.add("sessions", format!("{total}{}", list(states)));

    let strongest_first = Protection::ALL.into_iter().rev();
    let up = strongest_first.map(|protection| (protection.word(), status.up_with(protection)));
    let text = list(up);
    let clear = status.up_with(Protection::Clear) > 0;
    let tone = if clear { Tone::Poor } else { Tone::Plain };
    let text = text.strip_prefix(": ").unwrap_or("no session is up");
    facts.toned("scrambling", text, tone);
    tally(facts, "fell back", &status.fallbacks);
    facts.add("rekeys", units::count(status.rekeys));
}

fn calls(facts: &mut Facts, status: &Status) {
    let calls = &status.calls;
    let (offered, answered) = (units::count(calls.offered), units::count(calls.answered));
    facts.add("calls", format!("{offered} offered, {answered} answered"));
    tally(facts, "refused", &calls.refused);
    tally(facts, "ended", &calls.ended);
}

fn alarms(facts: &mut Facts, status: &Status) {
    if status.alarms_raised == 0 {
        facts.toned("alarms", "none", Tone::Good);
        return;
    }
    facts.toned(
        "alarms",
        format!("{} raised", units::count(status.alarms_raised)),
        Tone::Bad,
    );
    for alarm in status.alarms.iter().rev().take(ALARMS) {
        facts.add("", about(alarm));
    }
}

/// An alarm in a line.
pub fn about(alarm: &Alarm) -> String {
    let Alarm {
        time,
        session,
        user,
        text,
    } = alarm;
    let time: &Timestamp = time;
    match session {
        Some(session) => format!("{time} session {session} ({user}): {text}"),
        None => format!("{time} {text}"),
    }
}

/// What happened and how often; nothing where nothing did.
fn tally(facts: &mut Facts, name: &'static str, tally: &Tally) {
    let counts = tally
        .iter()
        .map(|(reason, count)| (reason.as_str(), *count));
    let total = tally.values().fold(0, |sum: u64, n| sum.saturating_add(*n));
    facts.add(name, format!("{}{}", units::count(total), list(counts)));
}

/// `: 3 up, 1 closing`, without what there is none of.
fn list<'a>(counts: impl IntoIterator<Item = (&'a str, u64)>) -> String {
    let some = counts.into_iter().filter(|(_, count)| *count > 0);
    let parts: Vec<_> = some
        .map(|(what, count)| format!("{} {what}", units::count(count)))
        .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(": {}", parts.join(", "))
    }
}
