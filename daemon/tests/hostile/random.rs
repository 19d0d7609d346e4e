//! A carrier that does anything to anything, at every stage.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use scramble::wire::ppp::protocol;

use crate::attacker::DELAY;
use crate::scene::{
    BYSTANDER, ENDS, Pings, Scene, VICTIM, assert_recovers, other, scenes_of_all_transforms,
};
use crate::world::guard::FORGED;
use crate::world::wire::{ControlHeader, control, l2tp, latest_frame};
use crate::world::{Dice, Flying, Place, ms};

/// Datagrams of a game, the victim's and the carrier's together.
const DATAGRAMS: usize = 9_000;

fn games() -> u64 {
    let games = std::env::var("FOGLINE_HOSTILE_SEEDS").ok();
    games.and_then(|games| games.parse().ok()).unwrap_or(1)
}

/// Changes bytes, bits, or the length.
fn disturb(dice: &mut Dice, bytes: &mut Vec<u8>) {
    for _ in 0..=dice.below(3) {
        let length = bytes.len() as u64;
        match dice.below(6) {
            _ if length == 0 => return,
            0 => bytes.truncate(dice.below(length) as usize),
            1 => bytes.extend((0..dice.below(40)).map(|_| dice.next() as u8)),
            2 => bytes[dice.below(length) as usize] = dice.next() as u8,
            // The headers, where it matters most.
            3 | 4 => bytes[dice.below(length.min(24)) as usize] ^= 1 << dice.below(8),
            _ => bytes[dice.below(length) as usize] ^= 1 << dice.below(8),
        }
    }
}

/// Some PPP packet: often of a form that means something.
fn frame(dice: &mut Dice) -> (u16, Vec<u8>) {
    const PROTOCOLS: [u16; 11] = [
        protocol::LCP,
        protocol::LCP,
        protocol::ECP,
        protocol::ECP,
        protocol::IPCP,
        protocol::IPV6CP,
        protocol::IPV4,
        protocol::IPV6,
        protocol::SCRAMBLED,
        protocol::CHAP,
        protocol::PAP,
    ];
    let chosen = PROTOCOLS[dice.below(PROTOCOLS.len() as u64) as usize];
    let data: Vec<u8> = (0..dice.below(60)).map(|_| dice.next() as u8).collect();
    let information = match dice.below(4) {
        0 => data,
        1 => [&[0x45, 0, 0, 80][..], &data, FORGED].concat(),
        2 => control(
            dice.below(16) as u8,
            dice.next() as u8,
            &[
                &[dice.below(9) as u8, 4 + data.len() as u8, 0, 0][..],
                &data,
            ]
            .concat(),
        ),
        _ => control(dice.below(16) as u8, dice.below(8) as u8, &data),
    };
    (chosen, information)
}

/// A datagram that nobody sent, to an end of the victim's call.
fn invented(dice: &mut Dice, seen: &[Flying]) -> Option<Flying> {
    let to = ENDS[dice.below(2) as usize];
    let from = match dice.below(8) {
        0 => Place::Stranger(dice.below(3) as u32),
        1 if to == Place::Lns => Place::Client(BYSTANDER + 1),
        _ => other(to),
    };
    let payload = match dice.below(5) {
        0 => (0..dice.below(80)).map(|_| dice.next() as u8).collect(),
        1 => {
            let theirs = seen.iter().rev().filter(|flying| flying.to == to);
            let header = theirs
                .into_iter()
                .find_map(|flying| ControlHeader::of(&flying.payload))?;
            let value: Vec<u8> = (0..dice.below(12)).map(|_| dice.next() as u8).collect();
            let kind = [0, dice.below(17) as u8];
            let attribute = dice.below(40) as u16;
            let ns = header.ns.wrapping_add(dice.below(3) as u16);
            l2tp(
                header.tunnel,
                header.session,
                ns,
                header.nr,
                &[(0, &kind), (attribute, &value)],
            )
        }
        _ => {
            let (protocol, information) = frame(dice);
            latest_frame(seen, other(to), to)?.instead(protocol, &information)
        }
    };
    Some(Flying { from, to, payload })
}

/// What becomes of `flying`: in so many of a hundred cases not what ought to.
fn meddle(
    dice: &mut Dice,
    intensity: u64,
    seen: &[Flying],
    flying: &Flying,
) -> Vec<(Duration, Flying)> {
    let mut arriving = vec![(DELAY, flying.clone())];
    if !dice.percent(intensity) {
        return arriving;
    }
    let some = |dice: &mut Dice| {
        seen.get(dice.below(seen.len().max(1) as u64) as usize)
            .cloned()
    };
    match dice.below(8) {
        0 => arriving.clear(),
        1 => arriving.push((DELAY + ms(dice.below(200)), flying.clone())),
        2 => arriving[0].0 += ms(dice.below(3000)),
        3 => disturb(dice, &mut arriving[0].1.payload),
        4 => {
            let mut changed = flying.clone();
            disturb(dice, &mut changed.payload);
            arriving.push((DELAY, changed));
        }
        // Another one in its place.
        5 => arriving[0].1 = some(dice).unwrap_or_else(|| flying.clone()),
        6 => arriving.extend(some(dice).map(|old| (DELAY, old))),
        _ => arriving.extend((0..4).filter_map(|_| Some((DELAY, invented(dice, seen)?)))),
    }
    arriving
}

/// A game of a few minutes; the carrier is now gentle, so that sessions come up, now wild.
fn play(scene: &Scene) {
    let mut world = scene.world();
    let mut dice = Dice(scene.seed);
    let (intensity, datagrams) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (in_force, carried, mut carriers) = (
        Rc::clone(&intensity),
        Rc::clone(&datagrams),
        Dice(scene.seed ^ 0xC0FFEE),
    );
    world.carrier.attack_in_time(move |seen, flying| {
        let arriving = meddle(&mut carriers, in_force.get(), seen, flying);
        carried.set(carried.get() + arriving.len());
        arriving
    });
    let mut pings = Pings::default();
    let mut scrambled = 0;
    while datagrams.get() < DATAGRAMS {
        intensity.set([0, 3, 10, 30, 80][dice.below(5) as usize]);
        for _ in 0..40 {
            pings.send(&mut world);
            world.run_for(ms(25));
            pings.receive(&mut world);
            scrambled += u32::from(world.is_scrambled(VICTIM));
        }
        match dice.below(6) {
            0 => world.kick(VICTIM, "so that there is a beginning again"),
            1 | 2 => drop(world.rekey(VICTIM)),
            _ => {}
        }
        assert!(
            world.now < Duration::from_secs(4000),
            "{scene:?}: nothing comes up"
        );
    }
    world.run_for(ms(4000));
    pings.receive(&mut world);
    pings.assert_all_arrived(BYSTANDER);
    assert!(scrambled > 50, "{scene:?}: {scrambled}");
    assert_recovers(&mut world, scene);
}

#[test]
fn anything_at_every_stage() {
    for game in 0..games() {
        for (number, scene) in scenes_of_all_transforms().enumerate() {
            let seed = 1000 * game + number as u64;
            play(&Scene {
                seed,
                early_offer: number % 2 == 1,
                ..scene
            });
        }
    }
}
