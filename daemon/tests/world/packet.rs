//! IP packets to send.

use std::net::{Ipv4Addr, Ipv6Addr};

use scramble::checksum::sum;

/// A UDP packet with `payload`, right checksums and all.
pub fn udp4(from: Ipv4Addr, to: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
    let udp = udp(payload);
    let mut packet = vec![0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, 17, 0, 0];
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.octets());
    let length = (20 + udp.len()) as u16;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let checksum = !sum(&packet);
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet.extend_from_slice(&udp);
    put_udp_checksum(&mut packet, 12, 20);
    packet
}

/// The same over IPv6.
pub fn udp6(from: Ipv6Addr, to: Ipv6Addr, payload: &[u8]) -> Vec<u8> {
    let udp = udp(payload);
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend_from_slice(&(udp.len() as u16).to_be_bytes());
    packet.extend_from_slice(&[17, 64]);
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.octets());
    packet.extend_from_slice(&udp);
    put_udp_checksum(&mut packet, 8, 40);
    packet
}

fn udp(payload: &[u8]) -> Vec<u8> {
    let length = (8 + payload.len()) as u16;
    let mut udp = vec![0x9C, 0x40, 0, 53];
    udp.extend_from_slice(&length.to_be_bytes());
    udp.extend_from_slice(&[0, 0]);
    udp.extend_from_slice(payload);
    udp
}

fn put_udp_checksum(packet: &mut [u8], addresses: usize, udp: usize) {
    let length = (packet.len() - udp) as u32;
    let total = u32::from(sum(&packet[addresses..])) + 17 + length;
    let checksum = match !((total % 0xFFFF) as u16) {
        0 => 0xFFFF,
        checksum => checksum,
    };
    packet[udp + 6..udp + 8].copy_from_slice(&checksum.to_be_bytes());
}
