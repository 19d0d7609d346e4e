//! The vectors of the specification are what this library computes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use fogline::vectors::{generate, model::File, random::Random, verify};
use std::path::Path;

#[test]
fn the_committed_vectors_are_those_that_the_generator_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors");
    for (name, file) in generate::files() {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let committed: File = serde_json::from_str(&text).unwrap();
        assert!(
            committed == file,
            "{name}: run `fogline vectors generate spec/vectors`"
        );
        let verdict = verify::verify(&committed);
        assert_eq!(verdict.failures, []);
        assert!(
            verdict.passed > 40,
            "{name} has only {} vectors",
            verdict.passed
        );
    }
}

#[test]
fn a_change_in_a_vector_is_found() {
    for (name, mut file) in generate::files() {
        for vector in &mut file.packets {
            // What is refused on arrival may be so whatever its last byte is.
            if vector.refused.is_none()
                && let Some(byte) = vector.wire.as_mut().and_then(|wire| wire.0.last_mut())
            {
                *byte ^= 0x10;
            }
        }
        file.packets.retain(|vector| vector.refused.is_none());
        file.options
            .iter_mut()
            .for_each(|vector| vector.valid ^= true);
        file.agreements.clear();
        file.messages
            .iter_mut()
            .for_each(|vector| vector.valid ^= true);
        for vector in &mut file.schedules {
            vector
                .epochs
                .iter_mut()
                .for_each(|epoch| epoch.prp.0[0] ^= 1);
        }
        let verdict = verify::verify(&file);
        assert_eq!(verdict.passed, 0, "{name}");
        assert!(verdict.failures.len() > 40, "{name}");
    }
}

#[test]
fn random_packets_verify() {
    let mut refused = 0;
    for (keys, packet) in Random::new(1).packets(2000) {
        refused += usize::from(packet.refused.is_some());
        let file = File {
            keys: vec![keys],
            packets: vec![packet],
            ..File::default()
        };
        assert_eq!(verify::verify(&file).failures, []);
    }
    assert!((1..1000).contains(&refused), "{refused} refused");
}
