//! Captures of plain IP, wrapped.

use std::fs;

use fogline::capture::{Reader, Record};
use fogline::pcap::{Done, Encap, Input, Output, Wrapped, Wrapping, wrap};
use scramble::agreement::{Carrier, Transform};
use scramble::checksum;
use scramble::sample::{Address, Checksum, Ip};

use super::build::{Shot, ethernet, packets, pcap, pcapng};
use super::{Bench, plan};

fn wrapped(plain: &[u8], encap: Encap, vlans: &[u16]) -> (Vec<u8>, Done<Wrapped>) {
    let bench = Bench::new();
    let (input, output) = (bench.path("in"), bench.path("out"));
    fs::write(&input, plain).unwrap();
    let vlans = vlans.to_vec();
    let wrapping = Wrapping { encap, vlans };
    let done = wrap(&Input::new(&input), || Output::create(&output), &wrapping).unwrap();
    (fs::read(output).unwrap(), done)
}

fn frames(file: &[u8]) -> Vec<Record> {
    let frames: Result<Vec<_>, _> = Reader::new(file).unwrap().frames().collect();
    frames.unwrap()
}

/// IP packets of both directions, in Ethernet.
fn plain() -> Vec<Shot> {
    let ip = |protocol: u16| matches!(protocol, 0x21 | 0x57);
    let side = |side: u8| {
        packets(side)
            .into_iter()
            .filter(move |p| ip(p.0) && p.1.len() > 1)
    };
    let frame = |side: u8, (protocol, packet): (u16, Vec<u8>)| {
        let ethertype = if protocol == 0x21 { 0x0800 } else { 0x86DD };
        let mut frame = ethernet(&[3][..usize::from(side)], side, ethertype, &packet);
        frame.resize(frame.len().max(60), 0);
        Shot::from(frame)
    };
    let up = side(0).map(|packet| frame(0, packet));
    up.chain(side(1).map(|packet| frame(1, packet))).collect()
}

#[test]
fn times_and_packets_are_kept_and_all_of_it_comes_back() {
    let bench = Bench::new();
    let shots = plain();
    for file in [
        pcap(1, false, &shots),
        pcap(1, true, &shots),
        pcapng(1, false, &shots),
    ] {
        for encap in [Encap::L2tp, Encap::Pppoe] {
            for vlans in [&[][..], &[7], &[100, 7]] {
                let (out, done) = wrapped(&file, encap, vlans);
                assert!(done.damage.is_none());
                assert_eq!(done.counts.wrapped, shots.len() as u64);
                assert_eq!(done.counts.from_subscriber, shots.len() as u64 / 2);
                let times =
                    |file: &[u8]| -> Vec<_> { frames(file).iter().map(Record::time).collect() };
                assert_eq!(times(&out), times(&file));
                assert_eq!(out[..2] == [0xA1, 0xB2], file[..2] == [0xA1, 0xB2]);
                for transform in [Transform::Decoy, Transform::Header, Transform::Full] {
                    let plan = plan(transform, 255, Carrier::Natural);
                    let (_, counts) = bench.round(&out, &plan);
                    assert_eq!((counts.sessions, counts.one_way), (1, 0));
                    assert_eq!(counts.scrambled.total(), shots.len() as u64);
                    assert_eq!((counts.notes, counts.kept_whole), (0, 0));
                }
            }
        }
    }
}

#[test]
fn what_is_around_the_packet_is_right() {
    let packet = Ip::new(
        Address::V4([10, 0, 0, 1]),
        Address::V4([198, 51, 100, 1]),
        17,
    )
    .udp((4000, 53), Checksum::Right, b"odd");
    let file = pcap(101, false, &[packet.clone().into()]);
    let (out, _) = wrapped(&file, Encap::L2tp, &[100, 7]);
    let frame = frames(&out).remove(0).frame().to_vec();
    let tags = [0x88, 0xA8, 0, 100, 0x81, 0, 0, 7, 8, 0];
    assert_eq!(frame[..12], [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
    assert_eq!(frame[12..22], tags);
    let ip = &frame[22..];
    assert_eq!(checksum::sum(&ip[..20]), 0);
    assert_eq!(ip[12..20], [192, 0, 2, 1, 192, 0, 2, 2]);
    let mut pseudo = [&ip[12..], &[0, 17]].concat();
    let length = (ip.len() - 20) as u16;
    if pseudo.len() % 2 == 1 {
        pseudo.insert(pseudo.len() - 2, 0);
    }
    pseudo.extend(length.to_be_bytes());
    assert_eq!(checksum::sum(&pseudo), 0);
    assert_eq!(ip[28..38], [0, 2, 0, 1, 0, 1, 0xFF, 3, 0, 0x21]);
    assert_eq!(ip[38..], packet);

    let (out, _) = wrapped(&file, Encap::Pppoe, &[7]);
    let frame = frames(&out).remove(0).frame().to_vec();
    let length = packet.len() as u8 + 2;
    let header = [0x81, 0, 0, 7, 0x88, 0x64, 0x11, 0, 0, 1, 0, length, 0, 0x21];
    assert_eq!(frame[12..26], header);
    assert_eq!(frame[26..], packet);
}

#[test]
fn what_is_left_out_or_refused_is_counted() {
    let ip = Ip::new(
        Address::V4([10, 0, 0, 1]),
        Address::V4([198, 51, 100, 1]),
        99,
    );
    let largest = |over: usize| ip.packet(&vec![0; 65535 - 20 - over]);
    let cut = Shot {
        original: 1000,
        bytes: ethernet(&[], 0, 0x0800, &largest(0)[..100]),
    };
    let shots = [
        ethernet(&[], 0, 0x0806, &[0; 46]).into(),
        ethernet(&[], 0, 0x0800, &largest(0)).into(),
        ethernet(&[], 0, 0x0800, &largest(38)).into(),
        ethernet(&[], 0, 0x0800, &largest(37)).into(),
        cut,
        Vec::new().into(),
    ];
    let (out, done) = wrapped(&pcap(1, false, &shots), Encap::L2tp, &[]);
    let counts = done.counts;
    assert_eq!((counts.frames, counts.wrapped, counts.cut_short), (6, 2, 1));
    assert_eq!(counts.refused.total(), 2);
    assert_eq!(counts.left_out.total(), 2);
    assert_eq!(frames(&out).len(), 2);
    let (_, done) = wrapped(&pcap(1, false, &shots), Encap::Pppoe, &[]);
    assert_eq!((done.counts.wrapped, done.counts.refused.total()), (3, 1));
    let (out, done) = wrapped(&pcap(1, false, &shots[..1]), Encap::Pppoe, &[]);
    assert_eq!((out.len(), done.counts.wrapped), (24, 0));
}

#[test]
fn the_subscriber_is_the_private_end_else_the_first_sender() {
    let public = |n| Address::V4([198, 51, 100, n]);
    let shared = Address::V4([100, 100, 0, 1]);
    let local = Address::V6([0xFD; 16]);
    let global = Address::V6([0x20; 16]);
    let frames: Vec<Shot> = [
        (public(1), public(2), true),
        (public(2), public(1), false),
        (public(1), public(2), true),
        (public(9), shared, false),
        (shared, public(9), true),
        (global, local, false),
        (local, global, true),
    ]
    .iter()
    .map(|(source, destination, _)| Ip::new(*source, *destination, 99).packet(&[0]).into())
    .collect();
    let (out, done) = wrapped(&pcap(101, false, &frames), Encap::Pppoe, &[]);
    assert_eq!(done.counts.from_subscriber, 4);
    let up: Vec<bool> = super::wrapping::frames(&out)
        .iter()
        .map(|record| record.frame()[11] == 1)
        .collect();
    assert_eq!(up, [true, false, true, false, true, false, true]);
}
