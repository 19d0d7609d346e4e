//! The two halves of a session's data path: what this end sends, and what it receives.

use super::decoy::{Decoy, HelloForm, Shape, version_of};
use super::framed::{self, SEQUENCES, TAG, Word};
use super::packet::Packet;
use super::replay::Window;
use super::{Received, Refused, Sent};
use crate::agreement::{Carrier, Direction, End, EpochKeys, Transform};
use crate::wire::ppp::{self, Header, protocol};

const FF03: [u8; 2] = [0xFF, 0x03];

/// What this end sends: the keys of one epoch and the sequence numbers used under them.
///
/// It is not `Clone`, and a new epoch must be a later one, so that no nonce is used twice.
#[derive(Debug)]
pub struct Sender {
    end: End,
    direction: Direction,
    keys: EpochKeys,
    next: u32,
    hello: HelloForm,
}

impl Sender {
    /// What `end`, this end, sends in `direction`, from the keys' first sequence number on.
    ///
    /// Give the keys of an epoch to one sender only.
    pub fn new(end: End, direction: Direction, keys: EpochKeys) -> Self {
        Self {
            end,
            direction,
            keys,
            next: 0,
            hello: HelloForm::default(),
        }
    }

    /// Chooses what DECOY does with ClientHellos.
    #[must_use]
    pub fn with_hello_form(self, hello: HelloForm) -> Self {
        Self { hello, ..self }
    }

    /// Sends with the keys of a later epoch from now on.
    ///
    /// # Errors
    /// `StaleEpoch` where `keys` are not of a later epoch; nothing changes.
    pub fn switch(&mut self, keys: EpochKeys) -> Result<(), StaleEpoch> {
        if keys.epoch <= self.keys.epoch {
            return Err(StaleEpoch {
                now: self.keys.epoch,
                offered: keys.epoch,
            });
        }
        self.keys = keys;
        self.next = 0;
        Ok(())
    }

    /// Leaves out sequence numbers: the next one is `sequence`, as after another sender of the same
    /// keys (a card, say) has used those before it.
    ///
    /// # Errors
    /// `Refused::CounterExhausted` where `sequence` is one that may have been used, or beyond 2^29, which
    /// means that none is left; nothing changes.
    pub fn skip_to(&mut self, sequence: u32) -> Result<(), Refused> {
        if !(self.next..=SEQUENCES).contains(&sequence) {
            return Err(Refused::CounterExhausted);
        }
        self.next = sequence;
        Ok(())
    }

    /// The epoch whose keys are in use.
    pub fn epoch(&self) -> u32 {
        self.keys.epoch
    }

    /// Sequence numbers used in this epoch.
    pub fn sequence_numbers_used(&self) -> u32 {
        self.next
    }

    /// Bytes by which the PPP frame `frame` will grow (or, where padding is cut, shrink), for checks
    /// against an MTU.
    ///
    /// # Errors
    /// `Refused::NotPpp` where `frame` has no whole protocol field.
    pub fn growth(&self, frame: &[u8]) -> Result<isize, Refused> {
        let header = Header::parse(frame).map_err(|_| Refused::NotPpp)?;
        if ppp::is_link_control(header.protocol) {
            return Ok(0);
        }
        let compressed = isize::from(header.compressed);
        let info = &frame[header.len()..];
        Ok(
            match (
                self.direction.transform,
                self.decoy_shape(header.protocol, info),
            ) {
                (Transform::Decoy, Some(shape)) => {
                    compressed + shape.total() as isize - info.len() as isize
                }
                (Transform::Full, _) => compressed + 22,
                _ => compressed + 6,
            },
        )
    }

    /// Scrambles the PPP frame in `packet`, or leaves it as it is where its protocol is one of the
    /// link's own.
    ///
    /// # Errors
    /// `Refused` where it must not be sent; its bytes are then worthless.
    pub fn scramble(&mut self, packet: &mut Packet<'_>) -> Result<Sent, Refused> {
        let header = Header::parse(packet.bytes()).map_err(|_| Refused::NotPpp)?;
        let info = &packet.bytes()[header.len()..];
        if ppp::is_link_control(header.protocol) {
            return match form(self.direction, header.protocol, info) {
                Ok(Form::Control) => Ok(Sent::Clear),
                _ => Err(Refused::LcpLooksLikeData),
            };
        }
        let outer = match self.decoy_shape(header.protocol, info) {
            Some(shape) => {
                packet.pull_front(header.len());
                packet.truncate(shape.total());
                self.decoy().conceal(&shape, packet.bytes_mut())?;
                shape.protocol()
            }
            None => {
                packet.pull_front(header.len());
                packet.push_front(&header.protocol.to_be_bytes())?;
                self.seal(packet)?;
                protocol::SCRAMBLED
            }
        };
        let outer = match self.direction.carrier {
            Carrier::Natural => outer,
            Carrier::Lcp => protocol::LCP,
        };
        push_header(packet, header.address_control, outer)?;
        Ok(Sent::Scrambled)
    }

    /// Puts a packet, which starts with its inner protocol, behind the next word.
    fn seal(&mut self, packet: &mut Packet<'_>) -> Result<(), Refused> {
        if self.next == SEQUENCES {
            return Err(Refused::CounterExhausted);
        }
        let word = Word {
            parity: self.keys.parity(),
            sequence: self.next,
        };
        self.next += 1;
        let key = self.keys.data(self.end);
        match self.direction.transform {
            Transform::Full => framed::full_seal(key, word, packet),
            _ => framed::header_seal(key, word, self.direction.coverage, packet),
        }
    }

    fn decoy_shape(&self, protocol: u16, info: &[u8]) -> Option<Shape> {
        match self.direction.transform {
            Transform::Decoy => Shape::of_plain(version_of(protocol)?, info),
            _ => None,
        }
    }

    fn decoy(&self) -> Decoy<'_> {
        Decoy {
            keys: &self.keys,
            sender: self.end,
            coverage: self.direction.coverage,
            hello: self.hello,
        }
    }
}

/// Keys that are not of a later epoch than those in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("keys of epoch {offered} offered where epoch {now} is in use: a nonce would repeat")]
pub struct StaleEpoch {
    /// The epoch in use.
    pub now: u32,
    /// The epoch offered.
    pub offered: u32,
}

/// What this end receives: the keys of up to two epochs, one of each parity.
#[derive(Debug)]
pub struct Receiver {
    sender: End,
    direction: Direction,
    epochs: [Option<(EpochKeys, Window)>; 2],
}

impl Receiver {
    /// What `sender`, the other end, sends in `direction`; without keys until some are installed.
    pub const fn new(sender: End, direction: Direction) -> Self {
        Self {
            sender,
            direction,
            epochs: [None, None],
        }
    }

    /// Accepts packets of the keys' epoch; keys of the same parity go. An epoch that is installed stays as
    /// it is, and so does its replay window.
    pub fn install(&mut self, keys: EpochKeys) {
        let slot = usize::from(keys.parity());
        if self.epochs[slot]
            .as_ref()
            .is_some_and(|(installed, _)| *installed == keys)
        {
            return;
        }
        self.epochs[slot] = Some((keys, Window::default()));
    }

    /// Forgets the keys of `epoch`.
    pub fn retire(&mut self, epoch: u32) {
        let slot = &mut self.epochs[(epoch & 1) as usize];
        if slot.as_ref().is_some_and(|(keys, _)| keys.epoch == epoch) {
            *slot = None;
        }
    }

    /// Whether the PPP frame `frame` is a decoy that holds a ClientHello, whose name [`Self::restore`] would move back.
    /// Hardware that cannot leaves such frames to software, whether there are keys or not.
    pub fn is_hello(&self, frame: &[u8]) -> bool {
        Header::parse(frame).is_ok_and(|header| {
            let info = &frame[header.len()..];
            match form(self.direction, header.protocol, info) {
                Ok(Form::Decoy(version)) => {
                    Shape::of_wire(version, info).is_some_and(|shape| shape.holds_hello(info))
                }
                _ => false,
            }
        })
    }

    /// Restores the PPP frame in `packet`, or leaves it as it is where its protocol is one of the
    /// link's own.
    ///
    /// # Errors
    /// `Refused` where it must be dropped; its bytes are then worthless.
    pub fn restore(&mut self, packet: &mut Packet<'_>) -> Result<Received, Refused> {
        let header = Header::parse(packet.bytes()).map_err(|_| Refused::NotPpp)?;
        let info = &packet.bytes()[header.len()..];
        match form(self.direction, header.protocol, info)? {
            Form::Control => Ok(Received::Control),
            Form::Framed => {
                packet.pull_front(header.len());
                self.open(packet)?;
                if header.address_control {
                    packet.push_front(&FF03)?;
                }
                Ok(Received::Data)
            }
            Form::Decoy(version) => {
                let shape = Shape::of_wire(version, info).ok_or(Refused::BadDecoy)?;
                let slot = usize::from(shape.parity(info));
                let (keys, _) = self.epochs[slot].as_ref().ok_or(Refused::NoKey)?;
                packet.pull_front(header.len());
                packet.truncate(shape.total());
                let decoy = Decoy {
                    keys,
                    sender: self.sender,
                    coverage: self.direction.coverage,
                    hello: HelloForm::default(),
                };
                decoy.reveal(&shape, packet.bytes_mut())?;
                push_header(packet, header.address_control, shape.protocol())?;
                Ok(Received::Data)
            }
        }
    }

    fn open(&mut self, packet: &mut Packet<'_>) -> Result<(), Refused> {
        let full = self.direction.transform == Transform::Full;
        let word = framed::word(packet, 2 + if full { TAG } else { 0 })?;
        let slot = self.epochs[usize::from(word.parity)].as_mut();
        let (keys, window) = slot.ok_or(Refused::NoKey)?;
        let key = keys.data(self.sender);
        if full {
            framed::full_open(key, window, word, packet)?;
        } else {
            framed::header_open(key, word, self.direction.coverage, packet);
        }
        framed::inner_protocol(packet)
    }
}

/// What a packet of a direction is by its protocol and first byte.
fn form(direction: Direction, protocol: u16, info: &[u8]) -> Result<Form, Refused> {
    let decoy = direction.transform == Transform::Decoy;
    match (direction.carrier, protocol) {
        (Carrier::Lcp, protocol::LCP) => Ok(match info.first().map_or(0, |byte| byte >> 4) {
            0x8..=0xB => Form::Framed,
            version @ (4 | 6) if decoy => Form::Decoy(version),
            _ => Form::Control,
        }),
        (_, protocol) if ppp::is_link_control(protocol) => Ok(Form::Control),
        (Carrier::Natural, protocol::SCRAMBLED) => Ok(Form::Framed),
        (Carrier::Natural, protocol) if decoy => version_of(protocol)
            .map(Form::Decoy)
            .ok_or(Refused::InClear),
        _ => Err(Refused::InClear),
    }
}

/// What a packet on the wire is taken for.
enum Form {
    Control,
    Framed,
    Decoy(u8),
}

fn push_header(
    packet: &mut Packet<'_>,
    address_control: bool,
    protocol: u16,
) -> Result<(), Refused> {
    packet.push_front(&protocol.to_be_bytes())?;
    if address_control {
        packet.push_front(&FF03)
    } else {
        Ok(())
    }
}
