//! LCP's answers, packet by packet.

mod pair;

use fogline_auth::Method;
use fogline_ppp::{Arrival, Config, DownReason, Phase};
use pair::*;
use scramble::agreement::Transform;
use scramble::negotiator::Policy;
use scramble::option::{PhsOption, Terms};

const CONFIGURE_REQUEST: u8 = 1;
const CONFIGURE_ACK: u8 = 2;
const CONFIGURE_NAK: u8 = 3;
const CONFIGURE_REJECT: u8 = 4;

fn lns(policy: Policy) -> Config {
    access(
        &[Method::ChapMd5, Method::Pap],
        phs(policy, Transform::Header),
    )
}

fn client() -> Config {
    subscriber(
        &[Method::MsChapV2, Method::ChapMd5],
        phs(Policy::Prefer, Transform::Header),
    )
}

fn started(config: Config) -> (Host, Vec<Vec<u8>>) {
    let mut host = Host::new(config, users(), 7);
    host.link.start(s(0));
    let sent = host.settle(s(0));
    (host, sent)
}

/// What the link sends when `frame` comes, soon after it began.
fn hears(host: &mut Host, frame: &[u8]) -> Vec<Vec<u8>> {
    host.link.handle_frame(ms(50), frame, Arrival::Clear);
    host.settle(ms(50))
}

/// pppd attaches some 150 ms after its L2TP call is up; what came before is lost.
#[test]
fn a_request_that_came_before_the_peer_was_ready_is_sent_again_when_the_peer_begins() {
    let (mut host, sent) = started(lns(Policy::Prefer));
    let hers = lcp(CONFIGURE_REQUEST, 9, &[]);
    host.link.handle_frame(ms(150), &hers, Arrival::Clear);
    let answers = host.settle(ms(150));
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0][..4], [0xC0, 0x21, CONFIGURE_ACK, 9]);
    assert_eq!(answers[1], sent[0]);
    host.link.handle_frame(ms(400), &hers, Arrival::Clear);
    assert_eq!(host.settle(ms(400)).len(), 1, "once is enough");
}

/// Code and options of the answer to a Configure-Request with `options`.
fn judged(config: Config, options: &[u8]) -> (u8, Vec<u8>) {
    let (mut host, _) = started(config);
    let answers = hears(&mut host, &lcp(CONFIGURE_REQUEST, 9, options));
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0][3], 9);
    (answers[0][2], answers[0][6..].to_vec())
}

/// The options of a Configure-Request that was sent.
fn options(frame: &[u8]) -> &[u8] {
    assert_eq!(frame[..3], [0xC0, 0x21, CONFIGURE_REQUEST]);
    &frame[6..]
}

fn phs_option() -> Vec<u8> {
    PhsOption::new(&Terms::default(), false, &[7; 32])
        .emit()
        .to_vec()
}

#[test]
fn what_is_usual_is_acknowledged_unchanged() {
    let usual = [
        &[1, 4, 0x05, 0xD4][..],
        &[2, 6, 0, 0, 0, 0],
        &[5, 6, 1, 2, 3, 4],
        &[7, 2],
        &[8, 2],
    ]
    .concat();
    assert_eq!(judged(lns(Policy::Off), &usual), (CONFIGURE_ACK, usual));
    assert_eq!(judged(lns(Policy::Off), &[]), (CONFIGURE_ACK, vec![]));
}

#[test]
fn unknown_and_repeated_options_are_rejected_in_order_and_unchanged() {
    let quality = [4, 8, 0xC0, 0x25, 0, 0, 0, 0];
    let callback = [13, 3, 6];
    let mrru = [17, 4, 5, 0xDC];
    let mru = [1, 4, 0x05, 0xD4];
    let request = [&mrru[..], &mru, &quality, &callback, &mru].concat();
    let rejected = [&mrru[..], &quality, &callback, &mru].concat();
    assert_eq!(
        judged(lns(Policy::Off), &request),
        (CONFIGURE_REJECT, rejected)
    );
}

#[test]
fn a_request_whose_options_do_not_fit_is_discarded() {
    let (mut host, _) = started(lns(Policy::Off));
    assert!(hears(&mut host, &lcp(CONFIGURE_REQUEST, 9, &[1, 5, 0, 0])).is_empty());
    assert_eq!(host.link.counters().malformed, 1);
}

#[test]
fn too_small_an_mru_is_answered_with_the_least() {
    let nak = (CONFIGURE_NAK, vec![1, 4, 0, 128]);
    assert_eq!(judged(lns(Policy::Off), &[1, 4, 0, 100]), nak);
}

#[test]
fn after_max_failure_naks_the_option_is_rejected() {
    let (mut host, _) = started(lns(Policy::Off));
    let mut code = |identifier| {
        hears(
            &mut host,
            &lcp(CONFIGURE_REQUEST, identifier, &[1, 4, 0, 100]),
        )[0][2]
    };
    // A repetition is answered alike, and is no failure.
    assert_eq!([0, 0, 1, 2, 3, 4].map(&mut code), [CONFIGURE_NAK; 6]);
    assert_eq!(code(5), CONFIGURE_REJECT);
}

/// RFC 1661 section 4.6: Max-Failure counts Configure-Naks without a Configure-Ack between them. A peer on a lossy link may
/// begin anew often before this end's own request comes through.
#[test]
fn an_acknowledgement_ends_the_count_of_failures() {
    let (mut host, _) = started(lns(Policy::Off));
    let mut code = |identifier, options: &[u8]| {
        hears(&mut host, &lcp(CONFIGURE_REQUEST, identifier, options))[0][2]
    };
    for identifier in 0..9 {
        assert_eq!(code(2 * identifier, &[1, 4, 0, 100]), CONFIGURE_NAK);
        assert_eq!(code(2 * identifier + 1, &[1, 4, 0, 128]), CONFIGURE_ACK);
    }
}

#[test]
fn a_peer_that_never_converges_is_hung_up_on() {
    let (mut host, _) = started(lns(Policy::Off));
    for identifier in 0..30 {
        hears(&mut host, &lcp(CONFIGURE_REQUEST, identifier, &[99, 2]));
    }
    assert_eq!(host.link.phase(), Phase::Terminate);
    hears(&mut host, &lcp(6, 0, &[]));
    assert_eq!(host.down(), Some(&DownReason::NoConvergence));
}

#[test]
fn compression_is_rejected_where_the_owner_says_so() {
    let mut config = lns(Policy::Off);
    (config.lcp.accept_pfc, config.lcp.accept_acfc) = (false, false);
    assert_eq!(
        judged(config, &[7, 2, 8, 2]),
        (CONFIGURE_REJECT, vec![7, 2, 8, 2])
    );
}

#[test]
fn a_caller_does_not_get_to_ask_who_the_access_server_is() {
    let chap = [3, 5, 0xC2, 0x23, 5];
    assert_eq!(
        judged(lns(Policy::Off), &chap),
        (CONFIGURE_REJECT, chap.to_vec())
    );
}

#[test]
fn a_subscriber_answers_what_it_does_not_accept_with_what_it_prefers() {
    let preferred = vec![3, 5, 0xC2, 0x23, 0x81];
    for asked in [
        &[3, 4, 0xC0, 0x23][..],
        &[3, 4, 0xC2, 0x27],
        &[3, 5, 0xC2, 0x23, 0x80],
    ] {
        assert_eq!(judged(client(), asked), (CONFIGURE_NAK, preferred.clone()));
    }
    let accepted = [3, 5, 0xC2, 0x23, 5];
    assert_eq!(judged(client(), &accepted).0, CONFIGURE_ACK);
}

#[test]
fn a_magic_number_of_zero_is_answered_with_another() {
    let (code, suggested) = judged(lns(Policy::Off), &[5, 6, 0, 0, 0, 0]);
    assert_eq!(code, CONFIGURE_NAK);
    assert_ne!(suggested[2..], [0; 4]);
}

#[test]
fn the_phs_option_is_acknowledged_once_and_by_policy() {
    let phs = phs_option();
    assert_eq!(
        judged(lns(Policy::Prefer), &phs),
        (CONFIGURE_ACK, phs.clone())
    );
    assert_eq!(
        judged(lns(Policy::Off), &phs),
        (CONFIGURE_REJECT, phs.clone())
    );
    let twice = [&phs[..], &phs].concat();
    assert_eq!(
        judged(lns(Policy::Prefer), &twice),
        (CONFIGURE_REJECT, phs.clone())
    );
    let stranger = [0, 8, 0x00, 0x00, 0x0C, 1, 2, 3];
    let with = [&stranger[..], &phs].concat();
    assert_eq!(
        judged(lns(Policy::Prefer), &with),
        (CONFIGURE_REJECT, stranger.to_vec())
    );
    let mut newer = phs;
    newer[6] = 2;
    assert_eq!(
        judged(lns(Policy::Prefer), &newer),
        (CONFIGURE_REJECT, newer)
    );
}

#[test]
fn the_early_offer_stands_last_and_is_given_up_when_refused() {
    let mut config = lns(Policy::Prefer);
    config.scrambling.early_offer = true;
    for code in [CONFIGURE_NAK, CONFIGURE_REJECT] {
        let (mut host, sent) = started(config.clone());
        let offered = options(&sent[0]);
        let last = &offered[offered.len() - 47..];
        assert_eq!(last[..5], [0, 47, 0x02, 0x46, 0x4F]);
        let again = hears(&mut host, &lcp(code, sent[0][3], last));
        assert_eq!(options(&again[0]), &offered[..offered.len() - 47]);
    }
}

#[test]
fn hints_about_options_that_were_not_asked_for_are_not_taken() {
    let (mut host, sent) = started(client());
    let hint = [&[3, 4, 0xC0, 0x23][..], &[7, 2], &phs_option()].concat();
    let again = hears(&mut host, &lcp(CONFIGURE_NAK, sent[0][3], &hint));
    assert_eq!(options(&again[0]), options(&sent[0]));
}

#[test]
fn the_peers_hint_is_tried_before_other_methods() {
    let (mut host, sent) = started(access(&Method::ALL, phs(Policy::Off, Transform::Header)));
    assert!(options(&sent[0]).starts_with(&[3, 4, 0xC0, 0x23]));
    let hint = [3, 5, 0xC2, 0x23, 0x81];
    let again = hears(&mut host, &lcp(CONFIGURE_NAK, sent[0][3], &hint));
    assert!(options(&again[0]).starts_with(&hint));
    let refused = lcp(CONFIGURE_NAK, again[0][3], &[3, 4, 0xC2, 0x27]);
    let again = hears(&mut host, &refused);
    assert!(options(&again[0]).starts_with(&[3, 5, 0xC2, 0x23, 5]));
}

#[test]
fn requests_are_repeated_as_they_are_until_nobody_answers() {
    let (mut host, sent) = started(lns(Policy::Prefer));
    let mut copies = 1;
    while let Some(at) = host.link.poll_timeout() {
        host.link.handle_timeout(at);
        for frame in host.settle(at) {
            assert_eq!(frame, sent[0]);
            copies += 1;
        }
        assert!(at <= s(30));
    }
    assert_eq!(copies, 10);
    assert_eq!(host.down(), Some(&DownReason::NoAnswer));
}

/// Brings LCP to Opened: the peer acknowledges all, and asks for nothing.
fn opened(config: Config) -> Host {
    let (mut host, sent) = started(config);
    hears(
        &mut host,
        &lcp(CONFIGURE_ACK, sent[0][3], options(&sent[0])),
    );
    hears(&mut host, &lcp(CONFIGURE_REQUEST, 1, &[]));
    assert_ne!(host.link.phase(), Phase::Establish);
    host
}

#[test]
fn unknown_codes_are_rejected() {
    for code in [0, 14, 15, 0x45, 0xFF] {
        let (mut host, _) = started(lns(Policy::Prefer));
        let strange = lcp(code, 3, b"what is this");
        let answers = hears(&mut host, &strange);
        assert_eq!(answers[0][2], 7);
        assert_eq!(answers[0][6..], strange[2..]);
    }
}

#[test]
fn unknown_protocols_are_rejected_only_in_the_network_phase() {
    let frame = [0x80, 0xFD, 1, 1, 0, 4];
    let (mut host, _) = started(lns(Policy::Off));
    assert!(hears(&mut host, &frame).is_empty(), "LCP is not opened");
    let mut host = opened(lns(Policy::Off));
    assert!(
        hears(&mut host, &frame).is_empty(),
        "nobody is authenticated"
    );
    assert_eq!(host.link.counters().untimely, 1);
    assert_eq!(host.link.counters().held, 0);
    let mut host = opened(access(&[], phs(Policy::Off, Transform::Header)));
    let answers = hears(&mut host, &frame);
    assert_eq!(answers[0][2], 8);
    assert_eq!(answers[0][6..], frame);
}

#[test]
fn echoes_are_answered_only_when_opened_and_with_our_magic_number() {
    let echo = lcp(9, 5, &[1, 2, 3, 4, 0xAA]);
    let (mut host, _) = started(lns(Policy::Off));
    assert!(hears(&mut host, &echo).is_empty());
    let mut host = opened(lns(Policy::Off));
    let magic = host.link.lcp_options().magic.to_be_bytes();
    let answers = hears(&mut host, &echo);
    assert_eq!(answers[0][2..4], [10, 5]);
    assert_eq!(answers[0][6..], [&magic[..], &[0xAA]].concat());
    for ignored in [11, 12, 13] {
        assert!(hears(&mut host, &lcp(ignored, 6, &[0; 8])).is_empty());
    }
}

#[test]
fn a_late_copy_of_the_request_does_not_begin_anew() {
    let mut host = opened(lns(Policy::Prefer));
    let answers = hears(&mut host, &lcp(CONFIGURE_REQUEST, 1, &[]));
    assert_eq!(answers, [lcp(CONFIGURE_ACK, 1, &[])]);
    assert_eq!(host.link.phase(), Phase::Authenticate);
    hears(&mut host, &lcp(CONFIGURE_REQUEST, 2, &[]));
    assert_eq!(host.link.phase(), Phase::Establish);
}

#[test]
fn a_peer_that_rejects_lcp_itself_is_hung_up_on() {
    for rejection in [lcp(7, 1, &[1, 1, 0, 4]), lcp(8, 1, &[0xC0, 0x21])] {
        let mut host = opened(lns(Policy::Prefer));
        hears(&mut host, &rejection);
        hears(&mut host, &lcp(6, 1, &[]));
        assert_eq!(host.down(), Some(&DownReason::LcpRejected));
    }
}

#[test]
fn what_the_peer_says_when_it_ends_the_link_is_shown_without_control_characters() {
    let mut host = opened(lns(Policy::Prefer));
    hears(&mut host, &lcp(5, 1, b"go\x1B[2J away\n"));
    let at = host.link.poll_timeout().unwrap();
    host.link.handle_timeout(at);
    host.settle(at);
    let reason = host.down().unwrap().to_string();
    assert_eq!(reason, "the peer ended the link: go [2J away");
}

#[test]
fn compressed_protocol_fields_and_ff_03_are_understood() {
    let mut host = opened(access(&[], phs(Policy::Off, Transform::Header)));
    let answers = hears(&mut host, &[0xFF, 0x03, 0xFD, 0x01]);
    // Protocol 0x00FD, rejected by its whole number.
    assert_eq!(answers[0][6..], [0x00, 0xFD, 0x01]);
}
