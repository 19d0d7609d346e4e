//! Messages that are broken, out of place, or too many: each ends what it is about, and no more.

use fogline_l2tp::wire::{Header, Message};
use fogline_l2tp::{Config, DownReason, ErrorCode, Event, StopResult};

use crate::pair::s;
use crate::raw::{HELLO, ICCN, ICRQ, Lns, SCCCN, message, peer, sccrq};

/// What a message to a tunnel and a call that are up ends, and with what error code.
fn ends(session: u16, avps: &str) -> (Option<ErrorCode>, Option<ErrorCode>) {
    let mut lns = Lns::with_call(Config::default());
    let sent = lns.take(&message(1, session, 4, 2, avps));
    let mut ends = (None, None);
    for (_, message) in sent {
        match message {
            Some(Message::StopCcn { cause, .. }) => ends.0 = cause.error,
            Some(Message::Cdn { cause, .. }) => ends.1 = cause.error,
            _ => {}
        }
    }
    let events: Vec<_> = std::iter::from_fn(|| lns.endpoint.poll()).collect();
    let tunnel_down = events
        .iter()
        .any(|event| matches!(event, Event::TunnelDown { .. }));
    assert_eq!(tunnel_down, ends.0.is_some(), "{events:?}");
    ends
}

#[test]
fn broken_messages_end_what_they_are_about() {
    let unknown = Some(ErrorCode::UNKNOWN_MANDATORY);
    // In a message about the control connection, in one about a call, in a new call's.
    assert_eq!(
        ends(0, "8008 0000 0000 0006 8006 0000 0063"),
        (unknown, None)
    );
    assert_eq!(
        ends(1, "8008 0000 0000 0010 8006 0000 0063"),
        (None, unknown)
    );
    assert_eq!(
        ends(0, "8008 0000 0000 000a 8006 0000 0063 8008 0000 000e 0033"),
        (None, unknown)
    );
    assert_eq!(
        ends(0, "8008 0000 0000 0063"),
        (unknown, None),
        "an unknown message"
    );
    assert_eq!(
        ends(1, "8008 0000 0000 0063"),
        (unknown, None),
        "whoever it is for"
    );
    assert_eq!(
        ends(0, "0008 0000 0000 0063"),
        (None, None),
        "unless it may be ignored"
    );
    assert_eq!(
        ends(0, "8008 0000 0000 0006 0006 0000 0063"),
        (None, None),
        "as an AVP may"
    );
    assert_eq!(
        ends(1, "8008 0000 0000 000c 8009"),
        (None, Some(ErrorCode::LENGTH))
    );
    assert_eq!(
        ends(1, "8008 0000 0000 000b 8008 0000 000e 0000"),
        (None, Some(ErrorCode::VALUE))
    );
    assert_eq!(
        ends(0, "8008 0000 0000 000a 8008 0000 000e 0033"),
        (None, Some(ErrorCode::VENDOR)),
        "no serial number"
    );
    assert_eq!(ends(7, "8008 0000 0000 000c"), (None, None), "nobody's");
    assert_eq!(
        ends(0, "8009 0000 0007 6c6163"),
        (Some(ErrorCode::VENDOR), None),
        "no message type"
    );
}

#[test]
fn messages_out_of_place_end_what_they_are_about() {
    // ICRP and ICCN for a call that is up.
    assert_eq!(
        ends(1, "8008 0000 0000 000b 8008 0000 000e 0044"),
        (None, Some(ErrorCode::VENDOR))
    );
    assert_eq!(ends(1, ICCN), (None, Some(ErrorCode::VENDOR)));
    let mut lns = Lns::with_tunnel(Config::default());
    let sent = lns.take(&message(1, 0, 2, 1, SCCCN));
    assert!(
        matches!(&sent[..], [(_, Some(Message::StopCcn { cause, .. }))] if cause.result == StopResult::STATE_MACHINE)
    );
}

#[test]
fn a_session_id_that_is_used_again_means_that_the_old_call_is_over() {
    let mut lns = Lns::with_call(Config::default());
    lns.endpoint
        .handle_control(s(0), peer(), &message(1, 0, 4, 2, ICRQ));
    assert!(
        matches!(lns.endpoint.poll(), Some(Event::CallDown { call, reason: DownReason::HungUp(_) }) if call.session == 1)
    );
    assert!(matches!(lns.endpoint.poll(), Some(Event::Incoming { call, .. }) if call.session == 2));
}

#[test]
fn another_protocol_version_is_refused_with_the_one_there_is() {
    let mut lns = Lns::new(Config::default());
    let mut request = sccrq(7);
    // Protocol Version's value: after the header, Message Type, and six bytes more.
    assert_eq!(request[26..28], [1, 0]);
    request[26] = 2;
    let sent = lns.take(&request);
    let [(header, Some(Message::StopCcn { cause, .. }))] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(
        *header,
        Header {
            tunnel: 7,
            session: 0,
            ns: 0,
            nr: 1
        }
    );
    assert_eq!(
        (cause.result, cause.error),
        (StopResult::VERSION, Some(ErrorCode(0x0100)))
    );
    assert_eq!(lns.endpoint.tunnels().count(), 0);
}

#[test]
fn broken_requests_are_answered_only_where_there_is_somebody_to_answer() {
    let mut lns = Lns::new(Config::default());
    let unknown = message(
        0,
        0,
        0,
        0,
        "8008 0000 0000 0001 8008 0000 0009 0007 8006 0000 0063 800e 0000 0007 6161616161616161",
    );
    let sent = lns.take(&unknown);
    assert!(
        matches!(
            &sent[..],
            [(Header { tunnel: 7, .. }, Some(Message::StopCcn { .. }))]
        ),
        "{sent:?}"
    );
    assert_eq!(
        lns.take(&message(0, 0, 0, 0, "8008 0000 0000 0001 8006 0000 0063")),
        []
    );
    assert_eq!(lns.take(&message(0, 0, 0, 0, HELLO)), []);
    assert_eq!(lns.take(&message(0, 0, 0, 0, "")), []);
    assert_eq!(
        lns.take(&message(9, 0, 0, 0, HELLO)),
        [],
        "an unknown tunnel"
    );
    assert_eq!(lns.take(b"\xC8\x02"), []);
    let counters = lns.endpoint.counters();
    assert_eq!(
        (
            counters.unknown_tunnels,
            counters.bad_headers,
            counters.unknown_mandatory_avps
        ),
        (3, 1, 2)
    );
}

#[test]
fn a_peer_that_makes_calls_and_takes_no_answers_gets_no_more() {
    let mut lns = Lns::with_tunnel(Config::default());
    let mut ns = 2;
    let mut answered = 0;
    for session in 1..5000u16 {
        let icrq =
            format!("8008 0000 0000 000a 8008 0000 000e {session:04x} 800a 0000 000f 00000001");
        lns.endpoint
            .handle_control(s(0), peer(), &message(1, 0, ns, 1, &icrq));
        let Some(Event::Incoming { call, .. }) = lns.endpoint.poll() else {
            break;
        };
        answered += 1;
        lns.endpoint.accept(s(0), call);
        let cdn = format!("8008 0000 0000 000e 8008 0000 000e {session:04x}");
        lns.endpoint
            .handle_control(s(0), peer(), &message(1, 0, ns + 1, 1, &cdn));
        assert!(matches!(lns.endpoint.poll(), Some(Event::CallDown { .. })));
        lns.sent();
        ns += 2;
    }
    assert!((60..80).contains(&answered), "{answered}");
    // Hello gets through all the same.
    assert_eq!(lns.take(&message(1, 0, ns, 1, HELLO)).len(), 1);
    // Once it takes what waits for it, it may go on.
    let mut nr = 1;
    while nr < 1 + answered {
        let sent = lns.take(&message(1, 0, ns + 1, nr, ""));
        nr = sent.last().map_or(nr + 1, |(header, _)| header.ns + 1);
    }
    let icrq = message(1, 0, ns + 1, nr, ICRQ);
    lns.endpoint.handle_control(s(0), peer(), &icrq);
    assert!(matches!(lns.endpoint.poll(), Some(Event::Incoming { .. })));
}
