//! Recomputes vectors and says which of them do not hold.

use super::model::{
    AOrB, AgreementVector, File, HelloName, KeyVector, MessageVector, OptionVector, PacketVector,
    ScheduleVector,
};
use scramble::agreement::{End, EpochKeys};
use scramble::ecp;
use scramble::keys::{ExchangeSecret, KeySchedule, Secret, Secrets};
use scramble::option::{PhsOption, agree};
use scramble::transform::{HEADROOM, HelloForm, Packet, Receiver, Refused, Sender, TAILROOM};
use std::collections::HashMap;

/// A vector that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The vector's list and name.
    pub vector: String,
    /// What was found in place of what it says.
    pub reason: String,
}

/// What came of verifying a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many vectors hold.
    pub passed: usize,
    /// Those that do not.
    pub failures: Vec<Failure>,
}

/// Recomputes every vector of `file`.
pub fn verify(file: &File) -> Verdict {
    let mut verdict = Verdict::default();
    for vector in &file.options {
        verdict.note("options", &vector.name, option(vector));
    }
    for vector in &file.agreements {
        verdict.note("agreements", &vector.name, agreement(vector));
    }
    for vector in &file.schedules {
        verdict.note("schedules", &vector.name, schedule(vector).map(|_| ()));
    }
    for vector in &file.messages {
        verdict.note("messages", &vector.name, message(vector, &file.schedules));
    }
    let mut keys = HashMap::new();
    for vector in &file.keys {
        match vector.keys() {
            Ok(epoch_keys) => drop(keys.insert(vector.name.as_str(), epoch_keys)),
            Err(reason) => verdict.note("keys", &vector.name, Err(reason)),
        }
    }
    for vector in &file.packets {
        verdict.note("packets", &vector.name, packet(vector, &keys));
    }
    verdict
}

impl Verdict {
    fn note(&mut self, list: &str, name: &str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(reason) => self.failures.push(Failure {
                vector: format!("{list}: {name}"),
                reason,
            }),
        }
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, stated: T) -> Result<(), String> {
    match found == stated {
        true => Ok(()),
        false => Err(format!(
            "{what}: computed {found:?}, the vector says {stated:?}"
        )),
    }
}

fn same_bytes(what: &str, found: &[u8], stated: &[u8]) -> Result<(), String> {
    same(what, hex::encode(found), hex::encode(stated))
}

fn parse_option(bytes: &[u8]) -> Result<PhsOption, String> {
    PhsOption::parse(bytes).map_err(|error| error.to_string())
}

fn option(vector: &OptionVector) -> Result<(), String> {
    same(
        "valid",
        PhsOption::parse(&vector.option.0).is_ok(),
        vector.valid,
    )
}

fn agreement(vector: &AgreementVector) -> Result<(), String> {
    let (a, b) = (parse_option(&vector.a.0)?, parse_option(&vector.b.0)?);
    let at_a = agree(&a, &b).ok();
    let at_b = agree(&b, &a).ok();
    same(
        "A sends",
        at_a.map(|agreed| agreed.send.into()),
        vector.a_to_b,
    )?;
    same(
        "A receives",
        at_a.map(|agreed| agreed.receive.into()),
        vector.b_to_a,
    )?;
    same(
        "B sends",
        at_b.map(|agreed| agreed.send.into()),
        vector.b_to_a,
    )?;
    same(
        "B receives",
        at_b.map(|agreed| agreed.receive.into()),
        vector.a_to_b,
    )
}

fn secret(bytes: &super::model::Hex) -> Option<Secret> {
    (!bytes.0.is_empty()).then(|| Secret::generated(bytes.0.clone()))
}

/// Recomputes a schedule, and returns its epochs.
fn schedule(vector: &ScheduleVector) -> Result<Vec<KeySchedule>, String> {
    let secrets = Secrets {
        configured: secret(&vector.configured),
        msk: secret(&vector.msk),
    };
    let mut options = Vec::new();
    for end in [&vector.a, &vector.b] {
        let own = ExchangeSecret::from_bytes(end.secret.array()?);
        same_bytes("public key", &own.public_key(), &end.public.0)?;
        let option = parse_option(&end.option.0)?;
        same_bytes(
            "public key in the option",
            &option.public_key(),
            &end.public.0,
        )?;
        options.push((own, option));
    }
    let [(a, option_a), (b, option_b)] =
        <[_; 2]>::try_from(options).map_err(|_| "two ends are needed")?;
    let lower = match option_a.end(&option_b) {
        Some(End::Lower) => AOrB::A,
        Some(End::Higher) => AOrB::B,
        None => return Err("both public keys are the same".into()),
    };
    same("lower", lower, vector.lower)?;
    let agree = |own, option, peer| {
        KeySchedule::agree(own, option, peer, &secrets).map_err(|error| error.to_string())
    };
    let at_a = agree(&a, &option_a, &option_b)?;
    let at_b = agree(&b, &option_b, &option_a)?;
    if at_a != at_b {
        return Err("the two ends compute different keys".into());
    }
    let mut epochs: Vec<KeySchedule> = Vec::new();
    for stated in &vector.epochs {
        let lower = ExchangeSecret::from_bytes(stated.secret_lower.array()?);
        let higher = ExchangeSecret::from_bytes(stated.secret_higher.array()?);
        let shared = lower
            .shared(&higher.public_key())
            .map_err(|error| error.to_string())?;
        let epoch = match epochs.last() {
            None => at_a.clone(),
            Some(before) => before.next(&shared).ok_or("no epoch follows")?,
        };
        same("epoch", epoch.epoch(), stated.epoch)?;
        let keys = epoch.epoch_keys();
        same_bytes("shared", shared.as_bytes(), &stated.shared.0)?;
        same_bytes("prk", epoch.prk(), &stated.prk.0)?;
        same_bytes("data_lower", &keys.data_lower, &stated.data_lower.0)?;
        same_bytes("data_higher", &keys.data_higher, &stated.data_higher.0)?;
        same_bytes(
            "confirm_lower",
            epoch.confirm_key(End::Lower),
            &stated.confirm_lower.0,
        )?;
        same_bytes(
            "confirm_higher",
            epoch.confirm_key(End::Higher),
            &stated.confirm_higher.0,
        )?;
        same_bytes("prp", &keys.prp, &stated.prp.0)?;
        epochs.push(epoch);
    }
    Ok(epochs)
}

fn message(vector: &MessageVector, schedules: &[ScheduleVector]) -> Result<(), String> {
    let named = schedules
        .iter()
        .find(|schedule| schedule.name == vector.schedule);
    let epochs = schedule(named.ok_or_else(|| format!("no schedule {:?}", vector.schedule))?)?;
    let keys = epochs.iter().find(|keys| keys.epoch() == vector.tag_epoch);
    let keys = keys.ok_or("the schedule has no such epoch")?;
    let well_formed = ecp::Packet::parse(&vector.packet.0)
        .and_then(|packet| packet.reset())
        .is_ok();
    let valid = well_formed && keys.verify(vector.sender.into(), &vector.packet.0);
    same("valid", valid, vector.valid)
}

/// What becomes of a vector's frame at the sender.
pub fn scramble(vector: &PacketVector, keys: &EpochKeys, plain: &[u8]) -> Result<Vec<u8>, Refused> {
    let direction = vector.direction().map_err(|_| Refused::NoSession)?;
    let form = match vector.hello {
        HelloName::Move => HelloForm::Move,
        HelloName::Opaque => HelloForm::Opaque,
    };
    let mut sender =
        Sender::new(vector.sender.into(), direction, keys.clone()).with_hello_form(form);
    sender.skip_to(vector.sequence)?;
    in_buffer(plain, |packet| sender.scramble(packet).map(|_| ()))
}

/// What becomes of a vector's frame at the receiver.
pub fn restore(vector: &PacketVector, keys: &EpochKeys, wire: &[u8]) -> Result<Vec<u8>, Refused> {
    let direction = vector.direction().map_err(|_| Refused::NoSession)?;
    let mut receiver = Receiver::new(vector.sender.into(), direction);
    receiver.install(keys.clone());
    in_buffer(wire, |packet| receiver.restore(packet).map(|_| ()))
}

fn in_buffer(
    frame: &[u8],
    change: impl FnOnce(&mut Packet<'_>) -> Result<(), Refused>,
) -> Result<Vec<u8>, Refused> {
    let mut buffer = [&[0; HEADROOM][..], frame, &[0; TAILROOM]].concat();
    let mut packet = Packet::new(&mut buffer, HEADROOM..HEADROOM + frame.len());
    change(&mut packet)?;
    Ok(packet.bytes().to_vec())
}

fn packet(vector: &PacketVector, keys: &HashMap<&str, EpochKeys>) -> Result<(), String> {
    vector.direction()?;
    let keys = keys.get(vector.keys.as_str());
    let keys = keys.ok_or_else(|| format!("no keys {:?}", vector.keys))?;
    let refused = |error: Refused| Some(refusal_name(error).to_string());
    if let Some(plain) = &vector.plain {
        match (scramble(vector, keys, &plain.0), &vector.wire) {
            (Ok(found), Some(stated)) => same_bytes("wire", &found, &stated.0)?,
            (Err(error), None) => return same("refused", refused(error), vector.refused.clone()),
            (Ok(found), None) => return Err(format!("sent as {}", hex::encode(found))),
            (Err(error), Some(_)) => return Err(format!("not sent: {error}")),
        }
    }
    let wire = vector.wire.as_ref().ok_or("neither plain nor wire")?;
    match (restore(vector, keys, &wire.0), &vector.refused) {
        (Ok(found), None) => {
            let stated = vector.restored.as_ref().or(vector.plain.as_ref());
            same_bytes(
                "restored",
                &found,
                &stated.ok_or("neither plain nor restored")?.0,
            )
        }
        (Err(error), stated) => same("refused", refused(error), stated.clone()),
        (Ok(found), Some(_)) => Err(format!("restored as {}", hex::encode(found))),
    }
}

/// The name that vectors and the draft give a reason to drop a packet.
pub const fn refusal_name(refused: Refused) -> &'static str {
    match refused {
        Refused::NoSession => "no-session",
        Refused::NotPpp => "not-ppp",
        Refused::NoRoom => "no-room",
        Refused::CounterExhausted => "counter-exhausted",
        Refused::OpaqueLooksLikeHello => "opaque-looks-like-hello",
        Refused::LcpLooksLikeData => "lcp-looks-like-data",
        Refused::InClear => "clear",
        Refused::Truncated => "truncated",
        Refused::BadWord => "bad-word",
        Refused::NoKey => "no-key",
        Refused::ForbiddenProtocol => "forbidden-protocol",
        Refused::BadDecoy => "bad-decoy",
        Refused::BadHello => "bad-hello",
        Refused::Replayed => "replayed",
        Refused::Forged => "forged",
    }
}

impl From<(&str, &EpochKeys)> for KeyVector {
    fn from((name, keys): (&str, &EpochKeys)) -> Self {
        Self {
            name: name.into(),
            epoch: keys.epoch,
            data_lower: keys.data_lower.into(),
            data_higher: keys.data_higher.into(),
            prp: keys.prp.into(),
        }
    }
}
