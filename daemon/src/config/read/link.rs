//! What `[lns]` and `[client]` have in common.

use std::ops::RangeInclusive;
use std::time::Duration;

use fogline_auth::{Method, Timing};

use super::super::document::{Section, Span};
use super::super::model::{AddressControl, L2tp, Lcp, Path};
use super::super::value::{duration, flag, number, one_of, or_off};

pub(super) const METHODS: &[(&str, Method)] = &[
    ("ms-chap-v2", Method::MsChapV2),
    ("chap-md5", Method::ChapMd5),
    ("pap", Method::Pap),
];

/// A name in L2TP and in authentication: a RADIUS attribute has no room for more, when it comes to that.
pub(super) const NAME_LONGEST: usize = 253;

const TRIES: RangeInclusive<u32> = 1..=100;
/// From what a timer can keep to what an operator can wait for.
const WAIT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(600);
const LONG: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(24 * 3600);

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// `path-mtu`, `sequencing` and `ff03`. `ipv6` says whether the way may be an IPv6 one.
pub(super) fn path(section: &mut Section<'_>, ipv6: bool) -> Path {
    const USUAL: u16 = 1500;
    const LEAST: u16 = 576;
    const FF03: &[(&str, AddressControl)] = &[
        ("follow", AddressControl::Follow),
        ("always", AddressControl::Always),
        ("never", AddressControl::Never),
    ];

    Path {
        mtu: section.or("path-mtu", USUAL, number(LEAST..=9216)),
        sequencing: section.or("sequencing", false, flag),
        ff03: section.or("ff03", AddressControl::Follow, one_of(FF03)),
        ipv6,
    }
}

/// The section, and where `mru` stands.
pub(super) fn lcp(mut section: Section<'_>) -> (Lcp, Option<Span>) {
    const LEAST_MRU: u16 = 1280;

    let mru = section.at("mru", number(LEAST_MRU..=9216));
    let (mru, span) = mru.map(|at| (at.value, at.span)).unzip();
    let lcp = Lcp {
        mru,
        restart: section.or("restart", seconds(3), duration(WAIT)),
        max_configure: section.or("max-configure", 20, number(TRIES)),
        max_terminate: section.or("max-terminate", 2, number(TRIES)),
        max_failure: section.or("max-failure", 5, number(TRIES)),
        echo_interval: section.or("echo-interval", Some(seconds(15)), or_off(duration(LONG))),
        echo_failures: section.or("echo-failures", 8, number(TRIES)),
        identification: section.or("identification", true, flag),
    };
    section.finish();
    (lcp, span)
}

pub(super) fn authentication_timing(mut section: Section<'_>) -> Timing {
    let defaults = Timing::default();
    let timing = Timing {
        restart: section.or("restart", defaults.restart, duration(WAIT)),
        requests: section.or("requests", defaults.requests, number(TRIES)),
        deadline: section.or("deadline", defaults.deadline, duration(WAIT)),
        rechallenge: section.or("rechallenge", defaults.rechallenge, or_off(duration(LONG))),
    };
    section.finish();
    timing
}

pub(super) fn l2tp(mut section: Section<'_>) -> L2tp {
    let restart = section.or("restart", seconds(1), duration(WAIT));
    let restart_cap = section.at("restart-cap", duration(WAIT));
    if let Some(cap) = restart_cap.as_ref().filter(|at| at.value < restart) {
        section.error(
            cap.span.clone(),
            "restart-cap: less than restart; raise it, or lower restart",
        );
    }
    let l2tp = L2tp {
        receive_window: section.or("receive-window", 16, number(1..=1024)),
        restart,
        restart_cap: restart_cap.map_or(seconds(8).max(restart), |at| at.value),
        retries: section.or("retries", 7, number(TRIES)),
        hello_interval: section.or("hello-interval", seconds(60), duration(LONG)),
        setup_timeout: section.or("setup-timeout", seconds(30), duration(WAIT)),
        linger: section.or("linger", seconds(31), duration(WAIT)),
        follow_peer_port: section.or("follow-peer-port", false, flag),
    };
    section.finish();
    l2tp
}
