//! HEADER and FULL: the packet behind a 32-bit word, its first bytes or all of it encrypted.

use super::packet::Packet;
use super::replay::Window;
use super::stream::{framed_nonce, xor_keystream};
use super::{Refused, packet};
use crate::agreement::Coverage;
use crate::wire::ppp;
use crate::wire::{array_at, u16_at};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Tag};

/// Length of the word.
pub const WORD: usize = 4;
/// Length of FULL's tag.
pub const TAG: usize = packet::TAILROOM;
/// Sequence numbers there are: 29 bits of them.
pub const SEQUENCES: u32 = 1 << 29;

/// The word before a framed packet: 10 | parity | 29-bit sequence number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The epoch's parity.
    pub parity: bool,
    /// The sequence number, below 2^29.
    pub sequence: u32,
}

impl Word {
    /// Reads a word; `None` where its first bits are not 10.
    pub const fn parse(word: u32) -> Option<Self> {
        match word >> 30 {
            0b10 => Some(Self {
                parity: word >> 29 & 1 == 1,
                sequence: word & (SEQUENCES - 1),
            }),
            _ => None,
        }
    }

    /// The word's 32 bits.
    pub const fn emit(self) -> u32 {
        1 << 31 | (self.parity as u32) << 29 | self.sequence
    }
}

/// Encrypts the first bytes of `packet`, which starts with its two-byte inner protocol, and puts the
/// word before it.
pub(super) fn header_seal(
    key: &[u8; 32],
    word: Word,
    coverage: Coverage,
    packet: &mut Packet<'_>,
) -> Result<(), Refused> {
    let word = word.emit();
    let covered = coverage.of(packet.bytes().len());
    xor_keystream(key, &framed_nonce(word), &mut packet.bytes_mut()[..covered]);
    packet.push_front(&word.to_be_bytes())
}

/// Encrypts all of `packet`, which starts with its two-byte inner protocol, and puts the word before
/// it and the tag behind it.
pub(super) fn full_seal(
    key: &[u8; 32],
    word: Word,
    packet: &mut Packet<'_>,
) -> Result<(), Refused> {
    let word = word.emit();
    let tag = ChaCha20Poly1305::new(key.into())
        .encrypt_inout_detached(
            &framed_nonce(word).into(),
            &word.to_be_bytes(),
            packet.bytes_mut().into(),
        )
        .map_err(|_| Refused::NoRoom)?;
    packet.push_back(&tag)?;
    packet.push_front(&word.to_be_bytes())
}

/// Reads the word at the start of `packet`, which holds `least` bytes besides.
pub(super) fn word(packet: &Packet<'_>, least: usize) -> Result<Word, Refused> {
    let bytes = packet.bytes();
    if bytes.len() < WORD + least {
        return Err(Refused::Truncated);
    }
    Word::parse(u32::from_be_bytes(array_at(bytes, 0))).ok_or(Refused::BadWord)
}

/// Takes the word off `packet` and decrypts its first bytes, leaving its two-byte inner protocol
/// first.
pub(super) fn header_open(key: &[u8; 32], word: Word, coverage: Coverage, packet: &mut Packet<'_>) {
    packet.pull_front(WORD);
    let covered = coverage.of(packet.bytes().len());
    xor_keystream(
        key,
        &framed_nonce(word.emit()),
        &mut packet.bytes_mut()[..covered],
    );
}

/// Takes word and tag off `packet` and decrypts it, leaving its two-byte inner protocol first.
pub(super) fn full_open(
    key: &[u8; 32],
    window: &mut Window,
    word: Word,
    packet: &mut Packet<'_>,
) -> Result<(), Refused> {
    if !window.admits(word.sequence) {
        return Err(Refused::Replayed);
    }
    packet.pull_front(WORD);
    let sealed = packet.bytes().len() - TAG;
    let tag = Tag::from(array_at(packet.bytes(), sealed));
    packet.truncate(sealed);
    let bits = word.emit();
    ChaCha20Poly1305::new(key.into())
        .decrypt_inout_detached(
            &framed_nonce(bits).into(),
            &bits.to_be_bytes(),
            packet.bytes_mut().into(),
            &tag,
        )
        .map_err(|_| Refused::Forged)?;
    window.insert(word.sequence);
    Ok(())
}

/// `Ok` unless the inner protocol that `packet` starts with is one that never travels scrambled, or
/// none: an odd first byte (RFC 1661 section 2) would make the host find another protocol, and behind
/// FF 03 one of the link's own.
pub(super) fn inner_protocol(packet: &Packet<'_>) -> Result<(), Refused> {
    let protocol = u16_at(packet.bytes(), 0);
    match protocol & 0x0100 != 0 || ppp::is_link_control(protocol) {
        true => Err(Refused::ForbiddenProtocol),
        false => Ok(()),
    }
}
