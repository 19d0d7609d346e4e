//! The families about the daemon as a whole.

use std::fmt;

use super::{Families, label};
use crate::control::model::{Protection, SessionState, Status, Tally};

pub(super) fn write(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    daemon(families, status)?;
    sessions(families, status)?;
    calls(families, status)?;
    packets(families, status)?;
    security(families, status)?;
    pools(families, status)
}

fn daemon(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let mode = status.mode.to_string();
    let labels = [label("version", &status.version), label("mode", &mode)];
    families.gauge(
        "fogline_build_info",
        "The program that runs.",
        [(labels, 1)],
    )?;
    families.gauge(
        "process_start_time_seconds",
        "When the daemon started, in seconds since 1970.",
        [([], status.started.unix_seconds())],
    )?;
    if let Some(reload) = &status.configuration.reload {
        families.gauge(
            "fogline_configuration_reload_successful",
            "Whether the last reload of the configuration was applied.",
            [([], reload.applied.into())],
        )?;
    }
    Ok(())
}

fn sessions(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    // Kinds of which there are none are written, too: a series that comes and goes is hard to
    // watch.
    let kinds = SessionState::ALL
        .into_iter()
        .flat_map(|state| Protection::ALL.map(|scrambling| (state, scrambling)));
    let counted = kinds.map(|(state, scrambling)| {
        let of_kind = status.sessions.iter();
        let of_kind = of_kind.filter(|k| (k.state, k.scrambling) == (state, scrambling));
        let labels = [
            label("state", state.word()),
            label("scrambling", scrambling.word()),
        ];
        let count = |sum: u64, n: u64| sum.saturating_add(n);
        (labels, of_kind.map(|k| k.sessions).fold(0, count))
    });
    families.gauge("fogline_sessions", "Sessions there are now.", counted)?;
    families.gauge(
        "fogline_tunnels",
        "L2TP tunnels there are now.",
        [
            ([label("state", "established")], status.tunnels.established),
            ([label("state", "half-open")], status.tunnels.half_open),
        ],
    )
}

fn calls(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let calls = &status.calls;
    let sum = |tally: &Tally| tally.values().fold(0, |sum: u64, n| sum.saturating_add(*n));
    families.counter(
        "fogline_calls",
        "Calls, by what became of them; a call answered is one offered, too.",
        [
            ([label("result", "offered")], calls.offered),
            ([label("result", "answered")], calls.answered),
            ([label("result", "refused")], sum(&calls.refused)),
            ([label("result", "ended")], sum(&calls.ended)),
        ],
    )?;
    by_reason(
        families,
        "fogline_calls_refused",
        "Calls refused.",
        &calls.refused,
    )?;
    by_reason(
        families,
        "fogline_calls_ended",
        "Calls ended.",
        &calls.ended,
    )
}

fn packets(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let (sent, received) = (status.sent, status.received);
    families.counter(
        "fogline_packets",
        "IP packets of subscribers.",
        [
            ([label("direction", "sent")], sent.packets),
            ([label("direction", "received")], received.packets),
        ],
    )?;
    families.counter(
        "fogline_bytes",
        "Bytes in the IP packets of subscribers.",
        [
            ([label("direction", "sent")], sent.bytes),
            ([label("direction", "received")], received.bytes),
        ],
    )?;
    by_reason(
        families,
        "fogline_l2tp_faults",
        "L2TP control messages that were not as they should be.",
        &status.l2tp_faults,
    )?;
    by_reason(families, "fogline_drops", "Packets dropped.", &status.drops)
}

fn security(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    by_reason(
        families,
        "fogline_fallbacks",
        "Sessions that fell back to clear.",
        &status.fallbacks,
    )?;
    families.counter(
        "fogline_alarms",
        "Alarms raised.",
        [([], status.alarms_raised)],
    )?;
    families.counter("fogline_rekeys", "Rekeys completed.", [([], status.rekeys)])?;
    families.counter(
        "fogline_authentication_failures",
        "Subscribers and tunnels refused for their secret.",
        [([], status.authentication_failures)],
    )
}

fn pools(families: &mut Families<'_>, status: &Status) -> fmt::Result {
    let named = |pool: &crate::control::model::Pool| pool.family.to_string();
    let names: Vec<_> = status.pools.iter().map(named).collect();
    let samples = status.pools.iter().zip(&names).flat_map(|(pool, family)| {
        let sample = |state, addresses| {
            let labels = [
                label("pool", &pool.name),
                label("family", family),
                label("state", state),
            ];
            (labels, addresses)
        };
        let free = pool.size.saturating_sub(pool.used);
        [sample("used", pool.used), sample("free", free)]
    });
    families.gauge(
        "fogline_pool_addresses",
        "Addresses, or IPv6 prefixes, of a pool.",
        samples,
    )
}

fn by_reason(families: &mut Families<'_>, name: &str, help: &str, tally: &Tally) -> fmt::Result {
    let samples = tally.iter();
    let samples = samples.map(|(reason, count)| ([label("reason", reason)], *count));
    families.counter(name, help, samples)
}
