//! The tuple permutation of DECOY: both addresses and ports move, keyed, and come back.
//!
//! X is the endpoint at the lower end of the session, Y the one at the higher end, whichever way
//! the packet goes, so that one flow stays one flow in both directions.

use super::prf::{Input, Output, Prf};

/// IPv4's first address byte takes 223 values, 1 to 223.
const FIRST_BYTES: u16 = 223;

/// An address and port at one end of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// IPv4: 4 bytes, then zeros. IPv6: 16 bytes.
    pub address: [u8; 16],
    /// The port; 0 where ports take no part.
    pub port: u16,
}

/// What a tuple belongs to: the parts of the PRF's input that stay the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// IPv4's protocol or IPv6's first Next Header.
    pub protocol: u8,
    /// Whether addresses are IPv6.
    pub v6: bool,
    /// Whether ports take part; where they do not, they are 0 and stay 0.
    pub ports: bool,
}

impl Context {
    /// Moves both endpoints: four half rounds, Y += F(0, X), X += F(1, Y), Y += F(2, X),
    /// X += F(3, Y).
    pub fn permute(self, prf: Prf<'_>, x: &mut Endpoint, y: &mut Endpoint) {
        for i in [0, 2] {
            self.add(&prf.apply(&self.input(i, x)), y);
            self.add(&prf.apply(&self.input(i + 1, y)), x);
        }
    }

    /// Undoes [`Self::permute`].
    pub fn restore(self, prf: Prf<'_>, x: &mut Endpoint, y: &mut Endpoint) {
        for i in [2, 0] {
            self.subtract(&prf.apply(&self.input(i + 1, y)), x);
            self.subtract(&prf.apply(&self.input(i, x)), y);
        }
    }

    /// address (16) | port (2) | protocol (1) | 4 or 6 (1) | i (1) | 0^11
    fn input(self, i: u8, endpoint: &Endpoint) -> Input {
        let mut input = [0; 32];
        input[..16].copy_from_slice(&endpoint.address);
        input[16..18].copy_from_slice(&endpoint.port.to_be_bytes());
        input[18] = self.protocol;
        input[19] = if self.v6 { 6 } else { 4 };
        input[20] = i;
        input
    }

    fn add(self, out: &Output, endpoint: &mut Endpoint) {
        self.shift(out, self.first_byte_step(out), endpoint);
    }

    fn subtract(self, out: &Output, endpoint: &mut Endpoint) {
        self.shift(out, FIRST_BYTES - self.first_byte_step(out), endpoint);
    }

    /// XORs what is XORed, and moves IPv4's first byte by `step` among its 223 values.
    fn shift(self, out: &Output, step: u16, endpoint: &mut Endpoint) {
        let first = endpoint.address[0];
        if self.v6 {
            xor(&mut endpoint.address, &out[..16]);
            endpoint.address[0] = first & 0xF0 | endpoint.address[0] & 0x0F;
        } else {
            xor(&mut endpoint.address[1..4], &out[2..5]);
            endpoint.address[0] = (1 + (u16::from(first) - 1 + step) % FIRST_BYTES) as u8;
        }
        if self.ports {
            endpoint.port ^= u16::from_be_bytes([out[16], out[17]]);
        }
    }

    /// floor(223 x u16(out\[0..2\]) / 65536)
    fn first_byte_step(self, out: &Output) -> u16 {
        let number = u32::from(u16::from_be_bytes([out[0], out[1]]));
        ((u32::from(FIRST_BYTES) * number) >> 16) as u16
    }
}

/// XORs `mask` into `bytes`, as far as both go.
pub(super) fn xor(bytes: &mut [u8], mask: &[u8]) {
    bytes
        .iter_mut()
        .zip(mask)
        .for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn v4(address: [u8; 4], port: u16) -> Endpoint {
        let mut sixteen = [0; 16];
        sixteen[..4].copy_from_slice(&address);
        Endpoint {
            address: sixteen,
            port,
        }
    }

    proptest! {
        #[test]
        fn ipv4_comes_back_and_stays_ipv4(
            secret: [u8; 16], protocol: u8, ports_move: bool, a: [u8; 3], b: [u8; 3], ports: (u16, u16),
            first in (1u8..224, 1u8..224),
        ) {
            let prf = Prf::new(&secret);
            let context = Context { protocol, v6: false, ports: ports_move };
            let x = v4([first.0, a[0], a[1], a[2]], ports.0);
            let y = v4([first.1, b[0], b[1], b[2]], ports.1);
            let (mut p, mut q) = (x, y);
            context.permute(prf, &mut p, &mut q);
            for end in [p, q] {
                prop_assert!((1..224).contains(&end.address[0]));
                prop_assert_eq!(&end.address[4..], &[0; 12]);
            }
            prop_assert!(ports_move || (p.port, q.port) == ports);
            context.restore(prf, &mut p, &mut q);
            prop_assert_eq!((p, q), (x, y));
        }

        #[test]
        fn ipv6_comes_back_and_keeps_its_first_four_bits(
            secret: [u8; 16], protocol: u8, ports_move: bool, a: [u8; 16], b: [u8; 16], ports: (u16, u16),
        ) {
            let prf = Prf::new(&secret);
            let context = Context { protocol, v6: true, ports: ports_move };
            let (x, y) = (Endpoint { address: a, port: ports.0 }, Endpoint { address: b, port: ports.1 });
            let (mut p, mut q) = (x, y);
            context.permute(prf, &mut p, &mut q);
            prop_assert_eq!(p.address[0] >> 4, a[0] >> 4);
            prop_assert_eq!(q.address[0] >> 4, b[0] >> 4);
            prop_assert!(ports_move || (p.port, q.port) == ports);
            context.restore(prf, &mut p, &mut q);
            prop_assert_eq!((p, q), (x, y));
        }
    }
}
