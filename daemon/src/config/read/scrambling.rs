//! `[lns.listen.scrambling]`, `[client.scrambling]`, and `scrambling` of a user.

use std::ops::RangeInclusive;
use std::time::Duration;

use scramble::agreement::{Coverage, Transform, Transforms};
use scramble::negotiator::{self, Policy, SecretSource, Timing};
use scramble::option::Terms;

use super::super::document::{Fault, Node, Section, Span};
use super::super::model::{Path, Scrambling, ScramblingOverride};
use super::super::value::{duration, flag, number, one_of, set};
use super::Reader;
use super::secret::{Place, pre_shared};

const POLICIES: &[(&str, Policy)] = &[
    ("off", Policy::Off),
    ("prefer", Policy::Prefer),
    ("require", Policy::Require),
];
const TRANSFORMS: &[(&str, Transform)] = &[
    ("decoy", Transform::Decoy),
    ("header", Transform::Header),
    ("full", Transform::Full),
];
const CARRIERS: &[(&str, bool)] = &[("natural", false), ("lcp", true)];
const SECRETS_FROM: &[(&str, ())] = &[("user", ())];

/// Whose section it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A listener's: secrets may come from the users.
    Access,
    /// The client's.
    Subscriber,
}

/// What was read, with the places that later checks point to.
pub(super) struct Read {
    pub scrambling: Scrambling,
    /// Of `early-offer`, where it is on.
    pub early_offer: Option<Span>,
    /// Of `secret-from`, where it is "user".
    pub secret_from_user: Option<Span>,
}

pub(super) fn scrambling(
    mut section: Section<'_>,
    end: End,
    path: &Path,
    reader: &Reader<'_>,
) -> Read {
    let policy = section.or("policy", Policy::Prefer, one_of(POLICIES));
    let terms = terms(&mut section, policy, path);
    let early_offer = section
        .at("early-offer", flag)
        .filter(|at| at.value)
        .map(|at| at.span);
    let configured = pre_shared(&mut section, Place::MainFile, reader);
    let from_user = match end {
        End::Access => section.at("secret-from", one_of(SECRETS_FROM)),
        End::Subscriber => None,
    };
    if let (Some(_), Some(from)) = (&configured, &from_user) {
        section.error(
            from.span.clone(),
            "secret-from: there is a secret for everybody as well; keep one of them",
        );
    }
    if let (Some(early), Some(_)) = (&early_offer, &from_user) {
        section.error(
            early.clone(),
            "early-offer: an offer in LCP says whether there is a secret, before it is known who calls and \
             so which; leave out early-offer or secret-from",
        );
    }
    let timing = timing(&mut section);
    section.finish();
    let secret_from_user = from_user.map(|at| at.span);
    let secret = match (configured, &secret_from_user) {
        (_, Some(_)) => SecretSource::Authentication,
        (Some(secret), None) => SecretSource::Configured(secret.value),
        (None, None) => SecretSource::None,
    };
    Read {
        scrambling: Scrambling {
            config: negotiator::Config {
                policy,
                terms,
                early_offer: early_offer.is_some(),
                secret,
                timing,
            },
        },
        early_offer,
        secret_from_user,
    }
}

fn terms(section: &mut Section<'_>, policy: Policy, path: &Path) -> Terms {
    let defaults = Terms::default();
    let want = section.at("transform", one_of(TRANSFORMS));
    let want_span = want
        .as_ref()
        .map_or(section.span.clone(), |at| at.span.clone());
    let want = want.map_or(defaults.want, |at| at.value);
    check_path(section, policy, want, want_span, path);

    let want_coverage = section.or("coverage", defaults.want_coverage, coverage);
    let least = section.at("min-coverage", coverage);
    if let Some(least) = least.as_ref().filter(|at| at.value > want_coverage) {
        section.error(
            least.span.clone(),
            "min-coverage: more than coverage; lower it, or raise coverage",
        );
    }
    let can_send = section.at("can-send", transforms);
    if let Some(none) = can_send.as_ref().filter(|at| at.value == Transforms::NONE) {
        section.error(
            none.span.clone(),
            "can-send: without any transform nothing is ever scrambled; write policy = \"off\" for that",
        );
    }
    Terms {
        want,
        want_coverage,
        accept: section.or("accept", defaults.accept, transforms),
        min_coverage: least.map_or(want_coverage, |at| at.value),
        can_send: can_send.map_or(defaults.can_send, |at| at.value),
        max_coverage: section.or("max-coverage", defaults.max_coverage, coverage),
        want_lcp_carrier: section.or("carrier", defaults.want_lcp_carrier, one_of(CARRIERS)),
        can_send_lcp_carrier: section.or("can-send-lcp", defaults.can_send_lcp_carrier, flag),
    }
}

/// IPv6 must fit (RFC 8200 section 5): an MTU below 1280 would break it without a word.
fn check_path(section: &Section<'_>, policy: Policy, want: Transform, span: Span, path: &Path) {
    const IPV6_LEAST: u16 = 1280;

    let transform = match policy {
        Policy::Off => Transform::Decoy,
        _ => want,
    };
    let fits = path.max_packet(transform);
    if fits < IPV6_LEAST {
        let message = format!(
            "with path-mtu = {} only packets of {fits} bytes go through unbroken, {IPV6_LEAST} are needed for IPv6; \
             raise path-mtu to {} or more, or choose a transform that takes less",
            path.mtu,
            path.mtu + (IPV6_LEAST - fits)
        );
        section.error(span, message);
    }
}

fn timing(section: &mut Section<'_>) -> Timing {
    const TRIES: RangeInclusive<u32> = 1..=1000;
    const WAIT: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(600);
    const REKEY: RangeInclusive<Duration> =
        Duration::from_millis(100)..=Duration::from_secs(7 * 24 * 3600);
    /// Numbers of packets end there (draft section 9).
    const PACKETS: RangeInclusive<u64> = 1..=(1 << 29) - 1;

    let defaults = Timing::default();
    let rekey_interval = section.or("rekey-interval", defaults.rekey_interval, duration(REKEY));
    let rekey_packets = section.or("rekey-packets", defaults.rekey_packets, number(PACKETS));
    let overlap = section.at("rekey-overlap", duration(WAIT));
    if let Some(overlap) = overlap.as_ref().filter(|at| at.value >= rekey_interval) {
        section.error(
            overlap.span.clone(),
            "rekey-overlap: not shorter than rekey-interval; old keys would never go",
        );
    }
    let overlap = overlap.map_or(defaults.overlap, |at| at.value);

    let mut section = section.section_or_empty("timing");
    let timing = Timing {
        restart: section.or("restart", defaults.restart, duration(WAIT)),
        silent_requests: section.or("silent-requests", defaults.silent_requests, number(TRIES)),
        patient_restart: section.or("patient-restart", defaults.patient_restart, duration(WAIT)),
        patient_requests: section.or("patient-requests", defaults.patient_requests, number(TRIES)),
        heard_requests: section.or("heard-requests", defaults.heard_requests, number(TRIES)),
        confirm_requests: section.or("confirm-requests", defaults.confirm_requests, number(TRIES)),
        rekey_requests: section.or("rekey-requests", defaults.rekey_requests, number(TRIES)),
        overlap: overlap.min(rekey_interval),
        rekey_interval,
        rekey_packets,
        ask_again: section.or("ask-again", defaults.ask_again, duration(WAIT)),
    };
    section.finish();
    timing
}

/// A user's own.
pub(super) fn scrambling_override(
    mut section: Section<'_>,
    reader: &Reader<'_>,
) -> ScramblingOverride {
    let scrambling = ScramblingOverride {
        policy: section.optional("policy", one_of(POLICIES)),
        transform: section.optional("transform", one_of(TRANSFORMS)),
        coverage: section.optional("coverage", coverage),
        secret: pre_shared(&mut section, Place::PrivateFile, reader).map(|at| at.value),
    };
    section.finish();
    scrambling
}

fn coverage(node: &Node<'_>) -> Result<Coverage, Fault> {
    const MOST: u8 = 254;

    match node.get_ref().as_str() {
        Some("all") => Ok(Coverage::ALL),
        Some(_) => Err("is neither \"all\" nor a number of 64-byte units".into()),
        None => {
            let units = number(1..=MOST)(node)?;
            Coverage::new(units).ok_or_else(|| "is 0".into())
        }
    }
}

fn transforms(node: &Node<'_>) -> Result<Transforms, Fault> {
    Ok(set(one_of(TRANSFORMS))(node)?.into_iter().collect())
}
