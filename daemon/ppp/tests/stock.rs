//! Peers that know nothing of PHS, as they were seen to behave.

mod pair;

use fogline_auth::Method;
use fogline_ppp::{DownReason, Event};
use pair::*;
use scramble::agreement::Transform;
use scramble::negotiator::{self, DataMode, Policy, Reason, State};

/// Our end is `end`, with `policy` and an early offer; the other one has no PHS.
fn against_stock(end: usize, policy: Policy) -> Pair {
    let mut ours = phs(policy, Transform::Header);
    ours.early_offer = true;
    let none = phs(Policy::Off, Transform::Header);
    let [a, b] = if end == ACCESS {
        [ours, none]
    } else {
        [none, ours]
    };
    Pair::new(
        access(&[Method::ChapMd5], a),
        subscriber(&[Method::ChapMd5], b),
        users(),
        Wire::perfect(),
    )
}

fn fallback(host: &Host) -> Option<Reason> {
    host.events.iter().find_map(|event| match event {
        Event::Phs(negotiator::Event::Fallback(reason)) => Some(*reason),
        _ => None,
    })
}

fn is_option(option: &[u8]) -> bool {
    option.starts_with(&[0, 47, 0x02, 0x46, 0x4F])
}

/// pppd Configure-Rejects options of type 0, and Protocol-Rejects ECP.
#[test]
fn pppd_is_up_in_clear_at_once_or_refused() {
    for end in [ACCESS, SUBSCRIBER] {
        let mut pair = against_stock(end, Policy::Prefer);
        pair.start();
        assert!(pair.run_until(s(1), Pair::is_up));
        assert_eq!(pair.modes(), [DataMode::Clear; 2]);
        assert_eq!(fallback(&pair.hosts[end]), Some(Reason::ProtocolRejected));

        let mut pair = against_stock(end, Policy::Require);
        pair.start();
        pair.run(s(30));
        let refused = DownReason::Refused(Reason::ProtocolRejected);
        assert_eq!(pair.hosts[end].down(), Some(&refused));
        assert!(pair.hosts[1 - end].down().is_some());
    }
}

/// accel-ppp's Protocol-Reject has no Rejected-Information.
#[test]
fn a_protocol_reject_without_information_counts() {
    for end in [ACCESS, SUBSCRIBER] {
        let mut pair = against_stock(end, Policy::Prefer);
        pair.tamper = Some(Box::new(move |from, mut frame| {
            if from != end && frame[..3] == [0xC0, 0x21, 8] {
                frame.truncate(8);
                frame[4..6].copy_from_slice(&[0, 6]);
            }
            vec![(1 - from, frame)]
        }));
        pair.start();
        assert!(pair.run_until(s(1), Pair::is_up));
        assert_eq!(fallback(&pair.hosts[end]), Some(Reason::ProtocolRejected));
    }
}

/// l2tpns acknowledges options of type 0 unread, and drops ECP.
#[test]
fn l2tpns_does_not_fool_us() {
    for end in [ACCESS, SUBSCRIBER] {
        for policy in [Policy::Prefer, Policy::Require] {
            let mut pair = against_stock(end, policy);
            let mut option = Vec::new();
            pair.tamper = Some(Box::new(move |from, mut frame| {
                let is_lcp = frame[..2] == [0xC0, 0x21];
                if from == end && protocol_of(&frame) == 0x8053 {
                    return vec![];
                }
                let has_option = frame.len() > 53 && is_option(&frame[frame.len() - 47..]);
                if from == end && is_lcp && frame[2] == 1 && has_option {
                    option = frame.split_off(frame.len() - 47);
                } else if from != end && is_lcp && frame[2] == 2 {
                    frame.extend_from_slice(&option);
                }
                let length = frame.len() as u16 - 2;
                if is_lcp {
                    frame[4..6].copy_from_slice(&length.to_be_bytes());
                }
                vec![(1 - from, frame)]
            }));
            pair.start();
            pair.run(s(60));
            match policy {
                Policy::Require => {
                    let refused = DownReason::Refused(Reason::Silent);
                    assert_eq!(pair.hosts[end].down(), Some(&refused));
                }
                _ => {
                    assert!(pair.is_up());
                    let state = pair.hosts[end].link.negotiator_state();
                    assert_eq!(state, State::Clear(Reason::Silent));
                }
            }
            assert!(!pair.hosts[end].ever_confirmed);
        }
    }
}

/// What a peer without PHS said while we waited for it is not lost.
#[test]
fn a_silent_peers_ncps_are_held_meanwhile() {
    let mut pair = against_stock(ACCESS, Policy::Prefer);
    pair.tamper = Some(Box::new(|from, frame| match protocol_of(&frame) {
        0x8053 => vec![],
        _ => vec![(1 - from, frame)],
    }));
    pair.start();
    // 3 s until ECP counts as silent, and no retransmission of IPCP's is waited for.
    assert!(pair.run_until(ms(3_500), Pair::is_up));
    assert!(pair.hosts[ACCESS].link.counters().held >= 2);
}
