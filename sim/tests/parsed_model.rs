//! The generator of frames makes enough of every kind for the parsers' tests to mean something.

use fogline_sim::parsed::frames::Frames;
use fogline_sim::parsed::parsed;

#[test]
fn frames_are_of_every_kind() {
    let mut frames = Frames::new(7);
    let mut seen = [0usize; 16];
    for _ in 0..100_000 {
        let frame = frames.frame();
        let p = parsed(&frame, false);
        let facts = [
            p.kind == 0,
            p.kind == 1,
            p.kind == 2,
            p.kind == 3,
            p.fault == 1,
            p.fault == 2,
            p.not_ppp,
            p.ipv4,
            p.ipv6,
            p.plain,
            p.tcp,
            p.ports,
            p.hello,
            p.parity,
            p.tcp && !p.plain && !p.parity,
            p.marked,
        ];
        for (count, fact) in seen.iter_mut().zip(facts) {
            *count += usize::from(fact);
        }
    }
    println!("{seen:?}");
    assert!(seen.iter().all(|count| *count > 200), "{seen:?}");
}
