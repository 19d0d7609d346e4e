//! Scrambling and restoring one packet, by transform, size and coverage; and what ring's
//! ChaCha20-Poly1305 and boringtun's WireGuard take for the same packet in the same run.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should stop"
)]

use boringtun::noise::{Tunn, TunnResult};
use boringtun::x25519::{PublicKey, StaticSecret};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use scramble::agreement::{Carrier, Coverage, Direction, End, EpochKeys, Transform};
use scramble::sample::{Address, Checksum, Ip, PppForm, frame};
use scramble::transform::{HEADROOM, Packet, Receiver, Sender, TAILROOM};
use std::hint::black_box;

/// Sizes of the IP packet.
const SIZES: [usize; 4] = [64, 512, 1420, 1500];

fn keys() -> EpochKeys {
    EpochKeys {
        epoch: 0,
        data_lower: [1; 32],
        data_higher: [2; 32],
        prp: [3; 16],
    }
}

/// An IP packet of `size` bytes, TCP.
fn ip_packet(size: usize) -> Vec<u8> {
    let (a, b) = (Address::V4([100, 64, 7, 23]), Address::V4([192, 0, 2, 80]));
    let data = vec![0x5A; size - 40];
    Ip::new(a, b, 6).tcp((50_000, 443), 1, (5, &[]), Checksum::Right, &data)
}

fn settings() -> Vec<(String, Direction)> {
    let direction = |transform, units| Direction {
        transform,
        coverage: Coverage::new(units).unwrap(),
        carrier: Carrier::Natural,
    };
    let mut settings = Vec::new();
    for (name, transform) in [("DECOY", Transform::Decoy), ("HEADER", Transform::Header)] {
        for (coverage, units) in [("1", 1), ("2", 2), ("9", 9), ("all", 255)] {
            settings.push((
                format!("{name} coverage {coverage}"),
                direction(transform, units),
            ));
        }
    }
    settings.push(("FULL".into(), direction(Transform::Full, 255)));
    settings
}

fn transforms(c: &mut Criterion) {
    for size in SIZES {
        let plain = frame(PppForm::default(), 0x0021, &ip_packet(size));
        let mut buffer = vec![0; HEADROOM + plain.len() + TAILROOM];
        let mut group = c.benchmark_group(format!("{size} bytes"));
        group.throughput(Throughput::Elements(1));
        for (name, direction) in settings() {
            let mut sender = Sender::new(End::Lower, direction, keys());
            group.bench_function(BenchmarkId::new("scramble", &name), |b| {
                b.iter(|| {
                    buffer[HEADROOM..][..plain.len()].copy_from_slice(&plain);
                    let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + plain.len());
                    // A bench may run long enough to use up an epoch.
                    if sender.scramble(&mut packet).is_err() {
                        sender = Sender::new(End::Lower, direction, keys());
                    }
                    black_box(packet.range())
                });
            });
        }
        for (name, direction) in settings() {
            // FULL's replay window admits a packet once: what is timed is a receiver without it.
            let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + plain.len());
            packet.bytes_mut().copy_from_slice(&plain);
            Sender::new(End::Lower, direction, keys())
                .scramble(&mut packet)
                .unwrap();
            let wire = packet.bytes().to_vec();
            let fresh = || {
                let mut receiver = Receiver::new(End::Lower, direction);
                receiver.install(keys());
                receiver
            };
            let mut receiver = fresh();
            group.bench_function(BenchmarkId::new("restore", &name), |b| {
                b.iter(|| {
                    if direction.transform == Transform::Full {
                        receiver = fresh();
                    }
                    buffer[..wire.len()].copy_from_slice(&wire);
                    let mut packet = Packet::new(&mut buffer, 0..wire.len());
                    receiver.restore(&mut packet).unwrap();
                    black_box(packet.range())
                });
            });
        }
        group.bench_function(BenchmarkId::new("seal", "ring ChaCha20-Poly1305"), |b| {
            let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &[1; 32]).unwrap());
            let mut counter = 0u64;
            b.iter(|| {
                counter += 1;
                let mut nonce = [0; 12];
                nonce[4..].copy_from_slice(&counter.to_be_bytes());
                buffer[..plain.len()].copy_from_slice(&plain);
                let nonce = Nonce::assume_unique_for_key(nonce);
                let packet = &mut buffer[..plain.len()];
                black_box(
                    key.seal_in_place_separate_tag(nonce, Aad::empty(), packet)
                        .unwrap(),
                )
            });
        });
        group.bench_function(
            BenchmarkId::new("encapsulate", "boringtun WireGuard"),
            |b| {
                let mut tunnel = tunnel();
                let ip = ip_packet(size);
                let mut out = vec![0; size + 200];
                b.iter(|| {
                    let sent = tunnel.encapsulate(&ip, &mut out);
                    assert!(matches!(sent, TunnResult::WriteToNetwork(_)));
                });
            },
        );
        group.finish();
    }
}

/// A WireGuard tunnel whose handshake is done.
fn tunnel() -> Tunn {
    let secrets = [StaticSecret::from([7; 32]), StaticSecret::from([8; 32])];
    let [a, b] = secrets;
    let (public_a, public_b) = (PublicKey::from(&a), PublicKey::from(&b));
    let mut ours = Tunn::new(a, public_b, None, None, 1, None);
    let mut theirs = Tunn::new(b, public_a, None, None, 2, None);
    let (mut one, mut two) = (vec![0; 2048], vec![0; 2048]);
    let TunnResult::WriteToNetwork(first) = ours.format_handshake_initiation(&mut one, false)
    else {
        panic!("no handshake initiation")
    };
    let TunnResult::WriteToNetwork(second) = theirs.decapsulate(None, first, &mut two) else {
        panic!("no handshake response")
    };
    let mut third = vec![0; 2048];
    let TunnResult::WriteToNetwork(keepalive) = ours.decapsulate(None, second, &mut third) else {
        panic!("no keepalive")
    };
    theirs.decapsulate(None, keepalive, &mut one);
    ours
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(600))
        .sample_size(20)
        .without_plots();
    targets = transforms
}
criterion_main!(benches);
