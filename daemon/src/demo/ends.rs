//! The two ends of the demonstration: negotiators that exchange real ECP packets in L2TP frames, and
//! the keys that they come to.

use anyhow::{Context, bail};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use scramble::agreement::{Direction, Transform, Transforms};
use scramble::ecp::{Packet as EcpPacket, Reset};
use scramble::keys::Secrets;
use scramble::negotiator::{Config, Event, Negotiator, Policy};
use scramble::option::Terms;
use scramble::transform::{Receiver, Sender};
use std::time::Duration;

/// What the operating system calls random.
type OsRandom = UnwrapErr<SysRng>;

/// One end of the link.
pub struct End {
    negotiator: Negotiator<OsRandom>,
    keys: Option<Keys>,
}

/// What an end got from its negotiator.
struct Keys {
    sender: Sender,
    receiver: Receiver,
    confirmed: bool,
}

/// An ECP packet that went over the link while the ends negotiated.
pub struct Message {
    /// Whether the subscriber sent it.
    pub up: bool,
    /// The packet from its Code on.
    pub packet: Vec<u8>,
}

/// Both ends after their negotiation, ready for data.
pub struct Link {
    /// The subscriber's sending half and the ISP's receiving half.
    pub up: (Sender, Receiver),
    /// The ISP's sending half and the subscriber's receiving half.
    pub down: (Sender, Receiver),
    /// What went over the link.
    pub messages: Vec<Message>,
}

/// Negotiates `direction`'s transform, coverage and carrier for both directions.
///
/// # Errors
/// Where the ends do not come to terms, which two ends of the same terms always do.
pub fn negotiate(direction: Direction) -> anyhow::Result<Link> {
    let mut subscriber = End::new(direction);
    let mut isp = End::new(direction);
    let mut messages = Vec::new();
    let now = Duration::ZERO;
    subscriber
        .negotiator
        .network_phase(now, Secrets::default())?;
    isp.negotiator.network_phase(now, Secrets::default())?;
    loop {
        let before = messages.len();
        for (up, from, to) in [(true, 0, 1), (false, 1, 0)] {
            let ends = [&mut subscriber, &mut isp];
            while let Some(packet) = ends[from].negotiator.poll_transmit() {
                ends[to].negotiator.handle_ecp(now, &packet);
                messages.push(Message { up, packet });
            }
        }
        subscriber.take_events()?;
        isp.take_events()?;
        if messages.len() == before {
            break;
        }
    }
    let (a, b) = (subscriber.into_keys()?, isp.into_keys()?);
    Ok(Link {
        up: (a.sender, b.receiver),
        down: (b.sender, a.receiver),
        messages,
    })
}

impl End {
    fn new(direction: Direction) -> Self {
        let lcp = direction.carrier == scramble::agreement::Carrier::Lcp;
        let terms = Terms {
            want: direction.transform,
            want_coverage: direction.coverage,
            accept: Transforms::NONE.with(direction.transform),
            min_coverage: direction.coverage,
            want_lcp_carrier: lcp,
            can_send_lcp_carrier: lcp,
            ..Terms::default()
        };
        let config = Config {
            terms,
            ..Config::new(Policy::Require)
        };
        Self {
            negotiator: Negotiator::new(config, UnwrapErr(SysRng)),
            keys: None,
        }
    }

    fn take_events(&mut self) -> anyhow::Result<()> {
        while let Some(event) = self.negotiator.poll() {
            match event {
                Event::Install {
                    keys,
                    own,
                    agreement,
                } => {
                    let mut receiver = Receiver::new(own.peer(), agreement.receive);
                    receiver.install(keys.clone());
                    let sender = Sender::new(own, agreement.send, keys);
                    self.keys = Some(Keys {
                        sender,
                        receiver,
                        confirmed: false,
                    });
                }
                Event::Confirmed => {
                    self.keys
                        .as_mut()
                        .context("confirmed without keys")?
                        .confirmed = true;
                }
                Event::Refused(reason) | Event::Fallback(reason) => bail!("no agreement: {reason}"),
                _ => {}
            }
        }
        Ok(())
    }

    fn into_keys(self) -> anyhow::Result<Keys> {
        let keys = self.keys.filter(|keys| keys.confirmed);
        keys.context("the two ends of the demonstration did not confirm each other's keys")
    }
}

impl Message {
    /// What the message is, in a few words.
    pub fn describe(&self) -> String {
        let Ok(packet) = EcpPacket::parse(&self.packet) else {
            return "unknown".into();
        };
        let what = match packet.code_number() {
            1 => "Configure-Request",
            2 => "Configure-Ack",
            14 => "Reset-Request",
            15 => "Reset-Ack",
            _ => "other",
        };
        match packet.reset() {
            Ok(Reset::Confirm { .. }) => format!("{what}, CONFIRM and tag"),
            _ if what.starts_with("Configure") => format!("{what}, PHS option and key"),
            _ => what.into(),
        }
    }
}

/// The transform's name as the specification writes it.
pub const fn transform_name(transform: Transform) -> &'static str {
    match transform {
        Transform::Decoy => "DECOY",
        Transform::Header => "HEADER",
        Transform::Full => "FULL",
    }
}
