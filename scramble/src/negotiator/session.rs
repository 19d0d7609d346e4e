//! What there is once two options agree: keys, and what is under way about them.

use alloc::vec::Vec;
use core::time::Duration;

use super::retry::Retry;
use crate::agreement::End;
use crate::ecp::{self, Code, Packet, ResetBody};
use crate::keys::{ExchangeSecret, KeySchedule};
use crate::option::{Agreement, PhsOption};

/// An option of the peer that was found to agree with ours, and the keys that follow.
pub(super) struct Offer {
    pub peer: PhsOption,
    pub own: End,
    pub agreement: Agreement,
    pub schedule: KeySchedule,
}

/// ECP is Opened.
pub(super) struct Session {
    pub peer: PhsOption,
    pub own: End,
    pub agreement: Agreement,
    /// Of the newest epoch.
    pub schedule: KeySchedule,
    /// Our CONFIRM, until it is acknowledged.
    pub confirm: Option<Retry>,
    pub rekey: Rekey,
    /// A rekey is to start as soon as none is under way (lower end).
    pub wanted: bool,
    /// When the next rekey starts by itself (lower end).
    pub rekey_due: Duration,
    /// Our ASK (higher end).
    pub ask: Ask,
    /// Packets sent in the sending epoch.
    pub sent: u64,
    answers: [Option<(Vec<u8>, Vec<u8>)>; 4],
}

/// Where a rekey stands.
pub(super) enum Rekey {
    Idle,
    /// Lower end: REKEY is sent.
    Offered {
        secret: ExchangeSecret,
        request: Retry,
    },
    /// Lower end: sends with the new keys, SWITCHED is sent.
    Switching {
        request: Retry,
    },
    /// Higher end: the new keys are installed for receiving.
    Answered,
    /// The exchange is over, the keys of epoch `retire` still receive.
    Overlap {
        until: Duration,
        retire: u32,
    },
}

/// Where the higher end's wish for a rekey stands.
pub(super) enum Ask {
    None,
    Sent(Retry),
    /// Acknowledged; a REKEY is expected before that time.
    Acknowledged(Duration),
}

impl Session {
    pub fn new(offer: Offer) -> Self {
        let Offer {
            peer,
            own,
            agreement,
            schedule,
        } = offer;
        Self {
            peer,
            own,
            agreement,
            schedule,
            confirm: None,
            rekey: Rekey::Idle,
            wanted: false,
            rekey_due: Duration::ZERO,
            ask: Ask::None,
            sent: 0,
            answers: [const { None }; 4],
        }
    }

    /// Whether `packet` ends with the peer's tag of the newest epoch.
    pub fn is_from_peer(&self, packet: &Packet<'_>) -> bool {
        self.schedule.verify(self.own.peer(), packet.as_bytes())
    }

    /// A Reset message sealed with our key of the newest epoch.
    pub fn seal(&self, code: Code, identifier: u8, body: ResetBody) -> Vec<u8> {
        ecp::reset(code, identifier, body, |message| {
            self.schedule.tag(self.own, message)
        })
    }

    /// The answer that an identical request got before.
    pub fn answered(&self, request: &Packet<'_>) -> Option<&[u8]> {
        let mut answers = self.answers.iter().flatten();
        answers
            .find(|(known, _)| known == request.as_bytes())
            .map(|(_, answer)| &answer[..])
    }

    /// Seals the answer to `request` and keeps it for repeats, in place of the last one of its kind.
    pub fn answer(&mut self, request: &Packet<'_>, body: ResetBody) -> Vec<u8> {
        let answer = self.seal(Code::ResetAck, request.identifier(), body);
        let kind = match body {
            ResetBody::Confirm => 0,
            ResetBody::Rekey { .. } => 1,
            ResetBody::Switched { .. } => 2,
            ResetBody::Ask => 3,
        };
        self.answers[kind] = Some((request.as_bytes().to_vec(), answer.clone()));
        answer
    }
}
