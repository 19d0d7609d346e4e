//! A client that dials: whose answers it hears, and what becomes of a peer that dials it at the same time.

use std::net::SocketAddr;

use fogline_l2tp::wire::{Header, Message};
use fogline_l2tp::{Config, DownReason, Endpoint, Event, TunnelId};

use crate::pair::{ms, s};
use crate::raw::{Lns, Zeros, message, peer, sccrq};

#[test]
fn an_answer_to_a_dial_may_come_from_another_port() {
    let mut client = Endpoint::new(Config::default(), Zeros);
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

/// A client that dials.
fn dialling() -> Lns {
    let mut client = Lns::new(Config::default());
    client.endpoint.dial(s(0), peer()).expect("a tunnel");
    let sent = client.sent();
    let [(_, Some(Message::Sccrq(request)))] = &sent[..] else {
        panic!("{sent:?}")
    };
    assert_eq!(request.tie_breaker, None);
    client
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
fn a_peer_with_a_tie_breaker_wins_silently() {
    for theirs in [[0; 8], [0xFF; 8]] {
        let stay = after_tie(dialling(), Some(theirs));
        assert_eq!(stay, (false, true), "{theirs:?} against none");
    }
    assert_eq!(after_tie(dialling(), None), (true, true), "none at all");
}

#[test]
fn a_peer_that_acknowledges_and_never_replies_is_given_up() {
    let mut client = dialling();
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
