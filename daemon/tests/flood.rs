//! What floods cost in memory: nothing that stays, and nothing that grows.
//!
//! Alone in its program, since it counts every allocation of it.

#[path = "hostile/attacker.rs"]
#[allow(dead_code)] // It serves the other attacks too.
mod attacker;
#[path = "hostile/scene.rs"]
#[allow(dead_code)]
mod scene;
mod world;

use std::alloc::System;

use scene::{Scene, is_up, scenes};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use world::wire::sccrq;
use world::{Dice, Flying, Place, World, ms, s};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes in use.
fn in_use() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

/// 10,000 SCCRQs and as many pieces of garbage from as many addresses; each wave comes from others.
fn wave(world: &mut World<attacker::Attacker>, number: u32) {
    let mut dice = Dice(number.into());
    for stranger in 0..10_000 {
        let from = Place::Stranger(number * 10_000 + stranger);
        let mut garbage = sccrq(1);
        let at = dice.below(garbage.len() as u64) as usize;
        garbage[at] = dice.next() as u8;
        for payload in [sccrq(1 + dice.below(60_000) as u16), garbage] {
            world.launch(
                ms(0),
                Flying {
                    from,
                    to: Place::Lns,
                    payload,
                },
            );
        }
        if stranger % 10 == 0 {
            world.run_for(ms(10));
            world.carrier.to_strangers.clear();
        }
    }
}

/// The test's own books, which are not the access server's.
fn forget(world: &mut World<attacker::Attacker>) {
    world.carrier.seen = Vec::new();
    world.carrier.to_strangers = Vec::new();
    world
        .events
        .iter_mut()
        .for_each(|events| *events = Vec::new());
    world.arrived.clear();
}

#[test]
fn floods_leave_nothing_behind() {
    const MOST_IN_A_FLOOD: isize = 4 << 20;
    const MOST_AFTERWARDS: isize = 64 << 10;

    let scene: Scene = scenes().next().unwrap();
    let mut world = scene.world();
    assert!(world.run_while(s(10), |world| !(0..2).all(|client| is_up(world, client))));
    // The first waves make tables as large as they get: the ids of 31 s rest, at a thousand a second.
    for number in 0..4 {
        wave(&mut world, number);
    }
    world.run_for(s(100));
    forget(&mut world);
    let before = in_use();
    for number in 4..12 {
        wave(&mut world, number);
        forget(&mut world);
        let grown = in_use() - before;
        assert!(grown < MOST_IN_A_FLOOD, "{grown} bytes in wave {number}");
    }
    world.run_for(s(100));
    forget(&mut world);
    let grown = in_use() - before;
    assert!(grown < MOST_AFTERWARDS, "{grown} bytes stay");
    assert_eq!(world.lns.calls().endpoint(0).tunnels().count(), 2);
    assert!((0..2).all(|client| is_up(&world, client)));
}
