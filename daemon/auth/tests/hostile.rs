//! Any bytes, at any stage, at either end.

mod pair;

use fogline_auth::{Method, Timing};
use pair::{End, PASSWORD, Pair, ms, s};
use proptest::collection::vec;
use proptest::prelude::*;

/// What somebody in between does.
#[derive(Clone, Debug)]
enum Deed {
    /// These bytes arrive.
    Say(End, Vec<u8>),
    /// A packet that was sent arrives once more, changed at a place or cut.
    Twist {
        end: End,
        which: prop::sample::Index,
        place: prop::sample::Index,
        to: u8,
        cut: bool,
    },
    /// Time passes.
    Wait(u64),
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Access), Just(End::Subscriber)]
}

/// Bytes that look like a packet often enough.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let packet = (0_u8..6, any::<u8>(), vec(any::<u8>(), 0..70)).prop_map(|(code, id, data)| {
        let length = 4 + data.len() as u8;
        [&[code, id, 0, length], &data[..]].concat()
    });
    prop_oneof![packet, vec(any::<u8>(), 0..300)]
}

fn deed() -> impl Strategy<Value = Deed> {
    let twist = (
        end(),
        any::<(prop::sample::Index, prop::sample::Index, u8, bool)>(),
    );
    prop_oneof![
        (end(), bytes()).prop_map(|(end, bytes)| Deed::Say(end, bytes)),
        twist.prop_map(|(end, (which, place, to, cut))| Deed::Twist {
            end,
            which,
            place,
            to,
            cut
        }),
        (0_u64..40_000).prop_map(Deed::Wait),
    ]
}

fn suffer(pair: &mut Pair, deeds: Vec<Deed>) {
    for deed in deeds {
        match deed {
            Deed::Say(end, bytes) => pair.deliver(end, &bytes),
            Deed::Twist {
                end,
                which,
                place,
                to,
                cut,
            } => {
                let mut packet = which.get(&pair.sent).2.clone();
                let place = place.index(packet.len());
                packet[place] = to;
                if cut {
                    packet.truncate(place);
                }
                pair.deliver(end, &packet);
            }
            Deed::Wait(milliseconds) => pair.run_on(ms(milliseconds)),
        }
    }
}

fn timing() -> Timing {
    Timing {
        rechallenge: Some(s(20)),
        ..Timing::default()
    }
}

proptest! {
    #[test]
    fn nobody_is_let_in_without_the_password(
        method in prop::sample::select(&Method::ALL[..]),
        started in 0_u64..100,
        deeds in vec(deed(), 0..40),
    ) {
        let mut pair = Pair::new(method, "alice", "guess", timing());
        pair.run(ms(started));
        suffer(&mut pair, deeds);
        prop_assert!(pair.at_access.iter().all(Result::is_err));
        // A forged Ack or Success fools whoever asked for no proof.
        if method == Method::MsChapV2 {
            prop_assert!(pair.at_subscriber.iter().all(Result::is_err));
        }
    }

    #[test]
    fn both_ends_survive_and_stay_bounded(
        method in prop::sample::select(&Method::ALL[..]),
        started in 0_u64..100,
        deeds in vec(deed(), 0..40),
    ) {
        let mut pair = Pair::new(method, "alice", PASSWORD, timing());
        pair.run(ms(started));
        suffer(&mut pair, deeds);
        for told in [&pair.at_access, &pair.at_subscriber] {
            prop_assert!(told.len() <= 2, "success, and failure after it at most: {told:?}");
            prop_assert!(told.iter().filter(|told| told.is_ok()).count() <= 1);
            prop_assert!(told.iter().rev().skip(1).all(Result::is_ok), "failure is the end");
        }
        prop_assert!(pair.sent.iter().all(|(_, _, packet)| packet.len() < 600));
    }
}
