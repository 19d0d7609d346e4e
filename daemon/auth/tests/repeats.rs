//! What comes twice, late, or from nobody in particular.

mod pair;

use fogline_auth::{
    Authenticator, AuthenticatorEvent, Credentials, Failure, Method, Peer, PeerEvent, Proof,
    Timing, Verdict,
};
use pair::{Dice, End, PASSWORD, Pair, s};

/// A pair that is through, and the packet with which the subscriber proved itself.
fn through(method: Method, password: &str) -> (Pair, Vec<u8>) {
    let mut pair = Pair::new(method, "alice", password, Timing::default());
    pair.run(s(5));
    let proof = pair.packets(End::Subscriber)[0].to_vec();
    pair.sent.clear();
    (pair, proof)
}

/// RFC 1334 section 2.2.1, RFC 1994 section 4.1: the Ack or Success may have been lost.
#[test]
fn a_repeated_proof_gets_the_same_answer_unverified() {
    for method in Method::ALL {
        for (password, good) in [(PASSWORD, true), ("guess", false)] {
            let (mut pair, proof) = through(method, password);
            for _ in 0..3 {
                pair.deliver(End::Access, &proof);
            }
            let answers = pair.packets(End::Access);
            assert_eq!(answers.len(), 3, "{method}");
            assert!(answers.iter().all(|answer| *answer == answers[0]));
            let code = match (method, good) {
                (Method::Pap, true) => 2,
                (Method::Pap, false) | (_, true) => 3,
                (_, false) => 4,
            };
            assert_eq!(answers[0][..2], [code, proof[1]]);
            assert_eq!(pair.asked.len(), 1, "not verified again");
            assert_eq!(pair.at_access.len(), 1, "not told again");
        }
    }
}

#[test]
fn only_the_first_start_counts() {
    for method in Method::ALL {
        let (mut pair, _) = through(method, PASSWORD);
        pair.run(s(100));
        assert_eq!(pair.sent, [], "{method}");
        assert_eq!(pair.asked.len(), 1);
    }
}

#[test]
fn a_later_pap_request_is_answered_under_its_own_identifier() {
    let (mut pair, mut request) = through(Method::Pap, PASSWORD);
    request[1] = 200;
    pair.deliver(End::Access, &request);
    assert_eq!(pair.packets(End::Access)[0][..2], [2, 200]);
    assert_eq!(pair.asked.len(), 1);
}

#[test]
fn another_guess_after_failure_changes_nothing() {
    for method in Method::ALL {
        let (mut pair, _) = through(method, "guess");
        let (_, good) = through(method, PASSWORD);
        pair.deliver(End::Access, &good);
        pair.run_on(s(100));
        assert_eq!(pair.asked.len(), 1);
        assert_eq!(pair.at_access.len(), 1);
    }
}

#[test]
fn a_chap_response_with_another_identifier_is_dropped() {
    for method in [Method::ChapMd5, Method::MsChapV2] {
        let (mut pair, mut response) = through(method, PASSWORD);
        response[1] = response[1].wrapping_sub(1);
        pair.deliver(End::Access, &response);
        assert_eq!(pair.sent, []);

        let mut waiting = Pair::alice(method);
        waiting.wire.lost_percent = 100;
        waiting.run(s(1));
        response[1] = waiting.packets(End::Access)[0][1].wrapping_add(1);
        waiting.deliver(End::Access, &response);
        assert!(waiting.asked.is_empty());
    }
}

#[test]
fn a_repeated_challenge_gets_the_same_response() {
    for method in [Method::ChapMd5, Method::MsChapV2] {
        let mut pair = Pair::alice(method);
        pair.run(s(1));
        let challenge = pair.packets(End::Access)[0].to_vec();
        pair.deliver(End::Subscriber, &challenge);
        let responses = pair.packets(End::Subscriber);
        assert_eq!(responses.len(), 2);
        assert_eq!(responses[0], responses[1], "{method}");
        pair.run_on(s(100));
        assert_eq!(pair.packets(End::Subscriber).len(), 2, "not under way");
        assert_eq!(pair.at_subscriber, [Ok(())]);
    }
}

#[test]
fn proofs_that_repeat_while_the_back_end_thinks_are_not_queued() {
    for method in Method::ALL {
        let mut pair = Pair::alice(method);
        pair.verifying = s(2);
        pair.run(s(1));
        let proof = pair.packets(End::Subscriber)[0].to_vec();
        for _ in 0..1000 {
            pair.deliver(End::Access, &proof);
        }
        let before = pair.packets(End::Access).len();
        pair.run_on(s(10));
        assert_eq!(pair.packets(End::Access).len(), before + 1, "{method}");
        assert_eq!(pair.asked.len(), 1);
    }
}

#[test]
fn a_verdict_that_nobody_awaits_is_dropped() {
    let accept = Verdict::Accept {
        message: String::new(),
        mschapv2_response: Some([0; 20]),
    };
    for method in Method::ALL {
        let mut pair = Pair::alice(method);
        pair.wire.lost_percent = 100;
        pair.access.answer(pair.now, accept.clone(), &mut pair.dice);
        pair.run(s(1));
        pair.access.answer(pair.now, accept.clone(), &mut pair.dice);
        pair.run_on(s(1));
        assert_eq!(pair.at_access, [], "{method}");

        let (mut refused, _) = through(method, "guess");
        refused
            .access
            .answer(refused.now, accept.clone(), &mut refused.dice);
        refused.run_on(s(1));
        assert_eq!(refused.at_access.len(), 1, "{method}");
        assert_eq!(refused.sent, []);
    }
}

#[test]
fn a_success_that_nobody_asked_for_is_dropped() {
    let mut dice = Dice(1);
    let mut peer = Peer::new(Method::ChapMd5, "alice", PASSWORD, Timing::default());
    let mut hear = |peer: &mut Peer, packet: &[u8]| {
        peer.handle(s(0), packet, &mut dice);
        peer.poll()
    };
    assert_eq!(hear(&mut peer, &[1, 7, 0, 6, 1, 9]), None, "not started");
    assert_eq!(peer.poll_transmit(), None);
    peer.start(s(0));
    assert_eq!(hear(&mut peer, &[3, 7, 0, 4]), None, "no Challenge came");
    assert_eq!(hear(&mut peer, &[1, 7, 0, 6, 1, 9]), None);
    assert_eq!(hear(&mut peer, &[3, 8, 0, 4]), None, "another identifier");
    assert_eq!(hear(&mut peer, &[4, 6, 0, 4]), None, "another identifier");
    assert_eq!(hear(&mut peer, &[3, 7, 0, 4]), Some(PeerEvent::Succeeded));
    assert_eq!(hear(&mut peer, &[4, 7, 0, 4]), None, "it was settled");
}

#[test]
fn a_pap_answer_to_no_request_is_dropped() {
    let mut dice = Dice(1);
    let mut peer = Peer::new(Method::Pap, "alice", PASSWORD, Timing::default());
    peer.handle(s(0), &[2, 0, 0, 4], &mut dice);
    peer.start(s(0));
    for identifier in [0, 2, 255] {
        peer.handle(s(0), &[2, identifier, 0, 4], &mut dice);
    }
    assert_eq!(peer.poll(), None);
    peer.handle(s(0), &[2, 1, 0, 4], &mut dice);
    assert_eq!(peer.poll(), Some(PeerEvent::Succeeded));
}

/// RFC 2759 section 8.8: the peer must end the link.
#[test]
fn an_authenticator_that_does_not_know_the_password_is_found_out() {
    for response in ["S=", "", "M=welcome", &format!("S={}", "00".repeat(20))] {
        let mut pair = Pair::alice(Method::MsChapV2);
        pair.wire.lost_percent = 100;
        pair.run(s(1));
        let challenge = pair.packets(End::Access)[0].to_vec();
        pair.deliver(End::Subscriber, &challenge);
        let length = 4 + response.len() as u8;
        let success = [&[3, challenge[1], 0, length], response.as_bytes()].concat();
        pair.deliver(End::Subscriber, &success);
        assert_eq!(
            pair.at_subscriber,
            [Err(Failure::WrongAuthenticatorResponse)]
        );
    }
}

#[test]
fn a_back_end_that_gives_no_proof_for_mschapv2_lets_nobody_in() {
    let mut pair = Pair::alice(Method::MsChapV2);
    pair.back_end = Box::new(|_| Verdict::Accept {
        message: "welcome".to_owned(),
        mschapv2_response: None,
    });
    pair.run(s(5));
    assert_eq!(pair.at_access, [Err(Failure::NoAuthenticatorResponse)]);
    assert!(matches!(
        pair.at_subscriber[..],
        [Err(Failure::Rejected { .. })]
    ));
}

/// The LAC challenged and got a Response; the LNS verifies it and tells the subscriber.
#[test]
fn what_a_lac_began_is_ended() {
    let lac = through(Method::ChapMd5, PASSWORD);
    let proof = lac.0.asked[0].proof.clone();
    for (identifier, proof, success) in [
        (lac.1[1], proof, 3),
        (
            9,
            Proof::Pap {
                password: PASSWORD.as_bytes().to_vec().into(),
            },
            2,
        ),
    ] {
        let credentials = Credentials {
            name: "alice".to_owned(),
            proof,
        };
        let mut dice = Dice(1);
        let mut access = Authenticator::proxied(identifier, credentials, "isp", Timing::default());
        access.start(s(0), &mut dice);
        let Some(AuthenticatorEvent::Verify(credentials)) = access.poll() else {
            panic!("it asks to verify");
        };
        assert_eq!(access.poll_transmit(), None, "no Challenge of its own");
        let verdict = pair::one_user()(&credentials);
        access.answer(s(0), verdict, &mut dice);
        assert!(matches!(access.poll(), Some(AuthenticatorEvent::Succeeded)));
        let answer = access.poll_transmit().unwrap();
        assert_eq!(answer[..2], [success, identifier]);
    }
}
