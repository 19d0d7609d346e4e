//! Dialogues as xl2tpd 1.3 and LACs hold them.

use fogline_l2tp::wire::{Header, Message};
use fogline_l2tp::{Config, DownReason, Event, Proxy, TunnelId, TunnelState};

use crate::pair::s;
use crate::raw::{HELLO, ICCN, ICRQ, Lns, SCCCN, message, peer, sccrq};

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
