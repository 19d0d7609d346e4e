//! The carrier of these tests: sees everything, and does what a test wants with the victim's datagrams.

use std::time::Duration;

use crate::world::carrier::Carrier;
use crate::world::wire::{Frame, latest_frame};
use crate::world::{Flying, Place, ms};

/// What becomes of one of the victim's datagrams, by what was seen before.
pub type Attack = Box<dyn FnMut(&[Flying], &Flying) -> Vec<(Duration, Flying)>>;

/// How long a datagram takes.
pub const DELAY: Duration = ms(10);

/// A carrier that attacks client 0 and lets all others be.
#[derive(Default)]
pub struct Attacker {
    /// Everything of the victim's that engines sent.
    pub seen: Vec<Flying>,
    /// What strangers were sent.
    pub to_strangers: Vec<Flying>,
    attack: Option<Attack>,
}

impl Attacker {
    /// From now on, this.
    pub fn attack(&mut self, mut attack: impl FnMut(&[Flying], &Flying) -> Vec<Flying> + 'static) {
        self.attack_in_time(move |seen, flying| {
            attack(seen, flying)
                .into_iter()
                .map(|flying| (DELAY, flying))
                .collect()
        });
    }

    /// From now on, this, with a say in how long each takes.
    pub fn attack_in_time(
        &mut self,
        attack: impl FnMut(&[Flying], &Flying) -> Vec<(Duration, Flying)> + 'static,
    ) {
        self.attack = Some(Box::new(attack));
    }

    /// From now on, nothing.
    pub fn calm(&mut self) {
        self.attack = None;
    }
}

/// Whether a datagram is between the victim and the access server.
pub fn is_victims(flying: &Flying) -> bool {
    matches!(
        (flying.from, flying.to),
        (Place::Client(0), Place::Lns) | (Place::Lns, Place::Client(0))
    )
}

impl Carrier for Attacker {
    fn carry(&mut self, _: Duration, flying: Flying) -> Vec<(Duration, Flying)> {
        if matches!(flying.to, Place::Stranger(_)) {
            self.to_strangers.push(flying);
            return Vec::new();
        }
        if !is_victims(&flying) {
            return vec![(DELAY, flying)];
        }
        let arriving = match &mut self.attack {
            Some(attack) => attack(&self.seen, &flying),
            None => vec![(DELAY, flying.clone())],
        };
        self.seen.push(flying);
        arriving
    }
}

/// A frame in answer to `flying`, as from whom it was for; none before that one has sent anything to be like.
pub fn answer(
    seen: &[Flying],
    flying: &Flying,
    protocol: u16,
    information: &[u8],
) -> Option<Flying> {
    let theirs = latest_frame(seen, flying.to, flying.from)?;
    Some(Flying {
        from: flying.to,
        to: flying.from,
        payload: theirs.instead(protocol, information),
    })
}

/// An attack on PPP frames: anything else arrives.
pub fn on_frames(
    mut attack: impl FnMut(&[Flying], &Flying, Frame) -> Vec<Flying> + 'static,
) -> impl FnMut(&[Flying], &Flying) -> Vec<Flying> {
    move |seen, flying| match Frame::of(&flying.payload) {
        Some(frame) => attack(seen, flying, frame),
        None => vec![flying.clone()],
    }
}

/// A datagram from a stranger to the access server.
pub fn from_stranger(stranger: u32, payload: Vec<u8>) -> Flying {
    Flying {
        from: Place::Stranger(stranger),
        to: Place::Lns,
        payload,
    }
}
