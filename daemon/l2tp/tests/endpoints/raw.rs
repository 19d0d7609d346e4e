//! Messages made by hand, byte by byte, as xl2tpd 1.3 and others send them.

use std::net::SocketAddr;

use fogline_l2tp::wire::{Header, Message};
use fogline_l2tp::{
    Config, DownReason, Endpoint, ErrorCode, Event, Proxy, StopResult, TunnelId, TunnelState,
};

use crate::pair::{Dice, ms, s};

pub fn peer() -> SocketAddr {
    ([192, 0, 2, 1], 1701).into()
}

/// A control message: its header, and AVPs in hex.
pub fn message(tunnel: u16, session: u16, ns: u16, nr: u16, avps: &str) -> Vec<u8> {
    let avps = hex::decode(avps.replace([' ', '\n'], "")).expect("hex digits");
    let header = Header {
        tunnel,
        session,
        ns,
        nr,
    };
    [header.emit(avps.len()).as_slice(), &avps].concat()
}

/// xl2tpd's SCCRQ.
pub fn sccrq(tunnel: u16) -> Vec<u8> {
    let avps = format!(
        "8008 0000 0000 0001
        8008 0000 0002 0100
        800a 0000 0003 00000003
        800a 0000 0004 00000000
        0008 0000 0006 0690
        8009 0000 0007 6c6163
        0013 0000 0008 78656c6572616e63652e636f6d
        8008 0000 0009 {tunnel:04x}
        8008 0000 000a 0004"
    );
    message(0, 0, 0, 0, &avps)
}

const SCCCN: &str = "8008 0000 0000 0003";
const HELLO: &str = "8008 0000 0000 0006";

/// xl2tpd's ICRQ for session 0x0101.
const ICRQ: &str = "8008 0000 0000 000a
    8008 0000 000e 0101
    800a 0000 000f 00000001
    800a 0000 0012 00000000";

/// xl2tpd's ICCN.
const ICCN: &str = "8008 0000 0000 000c
    800a 0000 0018 00989680
    800a 0000 0013 00000001
    800a 0000 0026 00989680";

/// An LNS, and what it sends and says.
pub struct Lns {
    pub endpoint: Endpoint<Dice>,
}

impl Lns {
    pub fn new(config: Config) -> Self {
        Self {
            endpoint: Endpoint::new(config, Dice(5)),
        }
    }

    pub fn take(&mut self, bytes: &[u8]) -> Vec<(Header, Option<Message>)> {
        self.endpoint.handle_control(s(0), peer(), bytes);
        self.sent()
    }

    /// What it sends: headers, and messages where there are any.
    pub fn sent(&mut self) -> Vec<(Header, Option<Message>)> {
        std::iter::from_fn(|| self.endpoint.poll_transmit())
            .map(|transmit| {
                let (header, avps) = Header::parse(&transmit.payload).expect("a control message");
                let parsed = (!avps.is_empty())
                    .then(|| Message::parse(avps, None).expect("a message").message);
                (header, parsed)
            })
            .collect()
    }

    /// With a control connection that is up: tunnel 1 here, 0x4e21 there. The peer's next Ns is 2.
    pub fn with_tunnel(config: Config) -> Self {
        let mut lns = Self::new(config);
        lns.take(&sccrq(0x4E21));
        lns.take(&message(1, 0, 1, 1, SCCCN));
        assert_eq!(lns.endpoint.poll(), Some(Event::TunnelUp(TunnelId(1))));
        lns
    }

    /// ... and a call that is up: session 1 here, 0x0101 there. The peer's next Ns is 4.
    pub fn with_call(config: Config) -> Self {
        let mut lns = Self::with_tunnel(config);
        lns.endpoint
            .handle_control(s(0), peer(), &message(1, 0, 2, 1, ICRQ));
        lns.accept();
        lns.sent();
        lns.take(&message(1, 1, 3, 2, ICCN));
        assert!(matches!(lns.endpoint.poll(), Some(Event::CallUp { .. })));
        lns
    }

    fn accept(&mut self) {
        let Some(Event::Incoming { call, .. }) = self.endpoint.poll() else {
            panic!("no call")
        };
        self.endpoint.accept(s(0), call);
    }
}

#[test]
fn xl2tpd_sets_up_a_tunnel_and_a_call() {
    let mut lns = Lns::new(Config::default());
    let sent = lns.take(&sccrq(0x4E21));
    let [(header, Some(Message::Sccrp(reply)))] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(
        *header,
        Header {
            tunnel: 0x4E21,
            session: 0,
            ns: 0,
            nr: 1
        }
    );
    assert_eq!(
        (reply.protocol_version, reply.framing, reply.tunnel),
        ([1, 0], 3, 1)
    );
    assert_eq!(
        (reply.host_name.as_str(), reply.receive_window),
        ("fogline", Some(16))
    );
    assert_eq!((&reply.challenge, reply.challenge_response), (&None, None));

    let sent = lns.take(&message(1, 0, 1, 1, SCCCN));
    assert_eq!(
        sent,
        [(
            Header {
                tunnel: 0x4E21,
                session: 0,
                ns: 1,
                nr: 2
            },
            None
        )],
        "a ZLB"
    );
    assert_eq!(lns.endpoint.poll(), Some(Event::TunnelUp(TunnelId(1))));
    assert_eq!(
        lns.endpoint.tunnel(TunnelId(1)).unwrap().vendor_name,
        "xelerance.com"
    );

    lns.endpoint
        .handle_control(s(0), peer(), &message(1, 0, 2, 1, ICRQ));
    lns.accept();
    let sent = lns.sent();
    assert_eq!(
        sent,
        [(
            Header {
                tunnel: 0x4E21,
                session: 0x0101,
                ns: 1,
                nr: 3
            },
            Some(Message::Icrp { session: 1 })
        )]
    );

    let sent = lns.take(&message(1, 1, 3, 2, ICCN));
    assert_eq!(
        sent,
        [(
            Header {
                tunnel: 0x4E21,
                session: 0,
                ns: 2,
                nr: 4
            },
            None
        )]
    );
    let Some(Event::CallUp { info, .. }) = lns.endpoint.poll() else {
        panic!()
    };
    assert_eq!(
        (info.peer_tunnel, info.peer_session, info.peer),
        (0x4E21, 0x0101, peer())
    );
    assert_eq!(
        (info.tx_speed, info.framing, info.sequencing),
        (10_000_000, 1, false)
    );
}

#[test]
fn a_lacs_negotiations_come_with_the_call() {
    let mut lns = Lns::with_tunnel(Config::default());
    lns.endpoint
        .handle_control(s(0), peer(), &message(1, 0, 2, 1, ICRQ));
    lns.accept();
    // Proxy LCP and CHAP, and Sequencing Required, of lengths that this code had no hand in.
    let iccn = format!(
        "{ICCN}
        000e 0000 001a 0104 05dc 0506 0102
        000a 0000 001b 0104 05d4
        000a 0000 001c 0104 05dc
        0008 0000 001d 0002
        0009 0000 001e 6a6f65
        000a 0000 001f 01020304
        0008 0000 0020 0007
        000a 0000 0021 05060708
        8006 0000 0027"
    );
    lns.take(&message(1, 1, 3, 2, &iccn));
    let Some(Event::CallUp { info, .. }) = lns.endpoint.poll() else {
        panic!()
    };
    let Proxy {
        initial_received_lcp_confreq,
        last_sent_lcp_confreq,
        last_received_lcp_confreq,
        authentication,
    } = *info.proxy.unwrap();
    assert_eq!(
        initial_received_lcp_confreq.unwrap(),
        [1, 4, 0x05, 0xDC, 5, 6, 1, 2]
    );
    assert_eq!(last_sent_lcp_confreq.unwrap(), [1, 4, 0x05, 0xD4]);
    assert_eq!(last_received_lcp_confreq.unwrap(), [1, 4, 0x05, 0xDC]);
    let authentication = authentication.unwrap();
    assert_eq!((authentication.kind, authentication.id), (2, 7));
    assert_eq!(
        (&*authentication.name, &*authentication.challenge),
        (&b"joe"[..], &[1, 2, 3, 4][..])
    );
    assert_eq!(**authentication.response, [5, 6, 7, 8]);
    assert!(info.sequencing);
}

#[test]
fn hello_is_acknowledged_and_nothing_more() {
    let mut lns = Lns::with_tunnel(Config::default());
    let zlb = Header {
        tunnel: 0x4E21,
        session: 0,
        ns: 1,
        nr: 3,
    };
    assert_eq!(lns.take(&message(1, 0, 2, 1, HELLO)), [(zlb, None)]);
    assert_eq!(
        lns.take(&message(1, 0, 2, 1, HELLO)),
        [(zlb, None)],
        "a copy, acknowledged again"
    );
    assert_eq!(lns.endpoint.counters().duplicates, 1);
    assert_eq!(lns.take(&message(1, 0, 3, 1, "")), [], "a ZLB is not");
}

#[test]
fn a_peer_may_give_up_before_it_knows_this_ends_ids() {
    let mut lns = Lns::new(Config::default());
    lns.take(&sccrq(0x4E21));
    let stop = "8008 0000 0000 0004 8008 0000 0009 4e21 8008 0000 0001 0006";
    let sent = lns.take(&message(0, 0, 1, 0, stop));
    assert_eq!(
        sent,
        [(
            Header {
                tunnel: 0x4E21,
                session: 0,
                ns: 1,
                nr: 2
            },
            None
        )]
    );
    assert_eq!(
        lns.endpoint.tunnel(TunnelId(1)).unwrap().state,
        TunnelState::Stopping
    );

    let mut lns = Lns::with_tunnel(Config::default());
    lns.endpoint
        .handle_control(s(0), peer(), &message(1, 0, 2, 1, ICRQ));
    lns.accept();
    let cdn = "8008 0000 0000 000e 8008 0000 0001 0003 8008 0000 000e 0101";
    lns.take(&message(1, 0, 3, 1, cdn));
    assert!(matches!(
        lns.endpoint.poll(),
        Some(Event::CallDown {
            reason: DownReason::PeerHungUp(_),
            ..
        })
    ));
}

#[test]
fn outgoing_calls_are_refused_politely() {
    let mut lns = Lns::with_tunnel(Config::default());
    let ocrq = "8008 0000 0000 0007 8008 0000 000e 0033";
    let sent = lns.take(&message(1, 0, 2, 1, ocrq));
    let [(header, Some(Message::Cdn { cause, .. }))] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(header.session, 0x33);
    assert_eq!(
        cause.to_string(),
        "no facilities (result code 5): no outgoing calls are made here"
    );
    assert_eq!(
        lns.endpoint.tunnel(TunnelId(1)).unwrap().state,
        TunnelState::Established
    );
    assert_eq!(lns.endpoint.counters().outgoing_calls_refused, 1);
}

#[test]
fn link_messages_are_counted() {
    let mut lns = Lns::with_call(Config::default());
    lns.take(&message(
        1,
        1,
        4,
        2,
        "8008 0000 0000 0010 8010 0000 0023 0000 ffffffff ffffffff",
    ));
    lns.take(&message(1, 1, 5, 2, "8008 0000 0000 000f"));
    assert_eq!(
        (
            lns.endpoint.counters().link_infos,
            lns.endpoint.counters().wan_errors
        ),
        (1, 1)
    );
    assert_eq!(lns.endpoint.poll(), None);
}

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
fn messages_that_come_before_their_turn_wait() {
    let mut lns = Lns::with_tunnel(Config::default());
    assert_eq!(lns.take(&message(1, 0, 3, 1, HELLO)), []);
    assert_eq!(lns.take(&message(1, 0, 4, 1, ICRQ)), []);
    assert_eq!(lns.endpoint.poll(), None);
    let sent = lns.take(&message(1, 0, 2, 1, HELLO));
    assert_eq!(
        sent,
        [(
            Header {
                tunnel: 0x4E21,
                session: 0,
                ns: 1,
                nr: 5
            },
            None
        )]
    );
    assert!(matches!(lns.endpoint.poll(), Some(Event::Incoming { .. })));
    assert_eq!(lns.endpoint.counters().held, 2);
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

#[test]
fn an_answer_to_a_dial_may_come_from_another_port() {
    let mut client = Endpoint::new(Config::default(), Dice(6));
    let lns: SocketAddr = ([192, 0, 2, 2], 1701).into();
    let other: SocketAddr = ([192, 0, 2, 2], 5001).into();
    client.dial(s(0), lns).unwrap();
    client.poll_transmit().unwrap();
    let sccrp = "8008 0000 0000 0002 8008 0000 0002 0100 800a 0000 0003 00000003 8009 0000 0007 6c6e73 8008 0000 0009 0063";
    client.handle_control(
        ms(5),
        ([192, 0, 2, 3], 1701).into(),
        &message(1, 0, 0, 1, sccrp),
    );
    assert_eq!(client.poll(), None, "not from another address");
    client.handle_control(ms(10), other, &message(1, 0, 0, 1, sccrp));
    assert_eq!(client.poll(), Some(Event::TunnelUp(TunnelId(1))));
    let scccn = client.poll_transmit().unwrap();
    assert_eq!(scccn.to, other);
    assert_eq!(
        Header::parse(&scccn.payload).unwrap().0,
        Header {
            tunnel: 0x63,
            session: 0,
            ns: 1,
            nr: 1
        }
    );
}

/// A client that dials, and its SCCRQ's tie breaker.
fn dialling(one_tunnel_per_peer: bool) -> (Lns, Option<[u8; 8]>) {
    let config = Config {
        one_tunnel_per_peer,
        ..Config::default()
    };
    let mut client = Lns::new(config);
    client.endpoint.dial(s(0), peer()).expect("a tunnel");
    let sent = client.sent();
    let [(_, Some(Message::Sccrq(request)))] = &sent[..] else {
        panic!("{sent:?}")
    };
    let tie_breaker = request.tie_breaker;
    (client, tie_breaker)
}

/// Which of two control connections that are dialled at the same time stay: this end's, the peer's.
fn after_tie(mut client: Lns, theirs: Option<[u8; 8]>) -> (bool, bool) {
    let mut request = sccrq(7);
    if let Some(theirs) = theirs {
        let avps = hex::encode(&request[Header::LEN..]);
        let tie_breaker = hex::encode(theirs);
        request = message(0, 0, 0, 0, &format!("{avps} 000e 0000 0005 {tie_breaker}"));
    }
    let answers = client.take(&request);
    let tells: Vec<_> = std::iter::from_fn(|| client.endpoint.poll()).collect();
    let lost = |event: &Event| {
        matches!(
            event,
            Event::TunnelDown {
                tunnel: TunnelId(1),
                reason: DownReason::TieLost
            }
        )
    };
    let (ours, theirs) = (!tells.iter().any(lost), !answers.is_empty());
    assert_eq!(
        client.endpoint.tunnels().count(),
        usize::from(ours) + usize::from(theirs)
    );
    (ours, theirs)
}

#[test]
fn the_lower_tie_breaker_wins_silently() {
    for (theirs, expected) in [
        (Some([0; 8]), (false, true)),
        (Some([0xFF; 8]), (true, false)),
        (None, (true, false)),
    ] {
        let (client, _) = dialling(true);
        assert_eq!(after_tie(client, theirs), expected, "{theirs:?}");
    }
    let (client, ours) = dialling(true);
    assert_eq!(after_tie(client, ours), (false, false), "equal");
    let (client, ours) = dialling(false);
    assert_eq!(ours, None);
    assert_eq!(
        after_tie(client, Some([0xFF; 8])),
        (false, true),
        "a value against none"
    );
    let (client, _) = dialling(false);
    assert_eq!(after_tie(client, None), (true, true), "none at all");
}

#[test]
fn a_peer_that_acknowledges_and_never_replies_is_given_up() {
    let (mut client, _) = dialling(false);
    client.take(&message(1, 0, 0, 1, ""));
    client.endpoint.handle_timeout(s(30));
    let down = Event::TunnelDown {
        tunnel: TunnelId(1),
        reason: DownReason::SetupTimeout,
    };
    assert_eq!(client.endpoint.poll(), Some(down));
    let sent = client.sent();
    assert!(
        matches!(
            &sent[..],
            [(
                Header { tunnel: 0, .. },
                Some(Message::StopCcn {
                    tunnel: Some(1),
                    ..
                })
            )]
        ),
        "{sent:?}"
    );
}
