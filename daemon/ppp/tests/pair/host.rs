//! One end: a link, and a host that does with its events what a real one does.

use std::sync::Arc;
use std::time::Duration;

use fogline_auth::mschapv2::nt_hash;
use fogline_auth::verify::{PapSecret, Secret as Password, Stored};
use fogline_auth::{Credentials, Verdict};
use fogline_ppp::{
    Arrival, Config, Decision, DownReason, Event, Granted, Ipv4Grant, Ipv6Grant, Link,
};
use scramble::agreement::{End, EpochKeys};
use scramble::keys::Secrets;
use scramble::negotiator::{self, DataMode};
use scramble::option::Agreement;
use scramble::transform::{HEADROOM, Packet, Received, Receiver, Refused, Sender, Sent, TAILROOM};
use scramble::wire::ppp::{Header, is_link_control, protocol};

use super::Dice;

/// What the access server's users file says.
#[derive(Clone)]
pub struct Users {
    pub password: &'static str,
    pub ipv4: Option<Ipv4Grant>,
    pub ipv6: Option<Ipv6Grant>,
    pub scrambling: Option<negotiator::Config>,
    pub secrets: Secrets,
    /// Answers are given by the test.
    pub by_hand: bool,
}

pub struct Host {
    pub link: Link<Dice>,
    pub config: Arc<Config>,
    pub users: Users,
    pub events: Vec<Event>,
    /// Packets that are data for this end: what an interface would see.
    pub taken: Vec<Vec<u8>>,
    pub ever_confirmed: bool,
    pub in_clear_dropped: u64,
    pub garbled: u64,
    keys: Vec<EpochKeys>,
    session: Option<(End, Agreement)>,
    sender: Option<Sender>,
    receiver: Option<Receiver>,
}

impl Host {
    pub fn new(config: Config, users: Users, seed: u64) -> Self {
        let config = Arc::new(config);
        Self {
            link: Link::new(Arc::clone(&config), Dice(seed), Dice(seed ^ 0xFFFF_0000)),
            config,
            users,
            events: Vec::new(),
            taken: Vec::new(),
            ever_confirmed: false,
            in_clear_dropped: 0,
            garbled: 0,
            keys: Vec::new(),
            session: None,
            sender: None,
            receiver: None,
        }
    }

    /// Takes every event, then gives the frames to send as they go onto the wire.
    pub fn settle(&mut self, now: Duration) -> Vec<Vec<u8>> {
        let mut wire = Vec::new();
        loop {
            let before = self.events.len();
            while let Some(event) = self.link.poll() {
                self.obey(now, &event);
                self.events.push(event);
            }
            while let Some(frame) = self.link.poll_transmit() {
                wire.extend(self.frame_out(&frame));
            }
            if self.events.len() == before {
                break;
            }
        }
        let mode = self.link.data_mode();
        assert!(!self.ever_confirmed || mode != DataMode::Clear);
        assert_eq!(mode == DataMode::Scrambled, self.sender.is_some());
        wire
    }

    fn obey(&mut self, now: Duration, event: &Event) {
        match event {
            Event::Phs(event) => self.obey_phs(event),
            Event::Authenticate(credentials) if !self.users.by_hand => {
                let decision = self.decide(credentials);
                self.link.authenticated(now, decision);
            }
            Event::Authorize if !self.users.by_hand => {
                let granted = self.granted(None);
                self.link.authenticated(now, Decision::Accept(granted));
            }
            _ => {}
        }
    }

    fn obey_phs(&mut self, event: &negotiator::Event) {
        match event {
            negotiator::Event::Install {
                keys,
                own,
                agreement,
            } => {
                self.session = Some((*own, *agreement));
                let receiver = self
                    .receiver
                    .get_or_insert_with(|| Receiver::new(own.peer(), agreement.receive));
                receiver.install(keys.clone());
                self.keys.push(keys.clone());
            }
            negotiator::Event::Send { epoch } => {
                let keys = self.keys.iter().rfind(|keys| keys.epoch == *epoch);
                let keys = keys.expect("sending starts with installed keys").clone();
                let (own, agreement) = self.session.expect("installed");
                match &mut self.sender {
                    Some(sender) => sender.switch(keys).expect("a later epoch"),
                    None => self.sender = Some(Sender::new(own, agreement.send, keys)),
                }
            }
            negotiator::Event::Retire { epoch } => {
                self.receiver.as_mut().expect("installed").retire(*epoch);
            }
            negotiator::Event::Erase => {
                self.sender = None;
                self.receiver = None;
                self.keys.clear();
            }
            negotiator::Event::Confirmed => self.ever_confirmed = true,
            _ => {}
        }
    }

    pub fn decide(&self, credentials: &Credentials) -> Decision {
        let password = Password::parse(self.users.password).expect("a password");
        let stored = Stored {
            pap: Some(PapSecret::Plain(password.clone())),
            chap_md5: Some(password),
            nt_hash: Some(nt_hash(self.users.password)),
        };
        match stored.verify(&credentials.proof) {
            Ok(verified) => Decision::Accept(self.granted(verified.mschapv2_response)),
            Err(refused) => Decision::Reject(Verdict::Reject {
                message: refused.to_string(),
            }),
        }
    }

    pub fn granted(&self, mschapv2_response: Option<[u8; 20]>) -> Box<Granted> {
        Box::new(Granted {
            verdict: Verdict::Accept {
                message: "welcome".into(),
                mschapv2_response,
            },
            ipv4: self.users.ipv4,
            ipv6: self.users.ipv6.clone(),
            scrambling: self.users.scrambling.clone(),
            secrets: self.users.secrets.clone(),
        })
    }

    /// A frame as it goes onto the wire; `None` where it must not go.
    pub fn frame_out(&mut self, frame: &[u8]) -> Option<Vec<u8>> {
        let protocol = Header::parse(frame).expect("a link sends frames").protocol;
        if is_link_control(protocol) {
            return Some(frame.to_vec());
        }
        match self.link.data_mode() {
            DataMode::Clear => Some(frame.to_vec()),
            DataMode::Scrambled => {
                let mut storage = vec![0; HEADROOM + frame.len() + TAILROOM];
                let range = HEADROOM..HEADROOM + frame.len();
                storage[range.clone()].copy_from_slice(frame);
                let mut packet = Packet::new(&mut storage, range);
                let sender = self.sender.as_mut().expect("scrambled mode has keys");
                match sender.scramble(&mut packet) {
                    Ok(sent) => assert_eq!(sent, Sent::Scrambled),
                    // A chance of DECOY: such a packet is not sent.
                    Err(Refused::OpaqueLooksLikeHello) => return None,
                    Err(error) => panic!("not sent: {error}"),
                }
                Some(packet.bytes().to_vec())
            }
            mode => panic!("frame of {protocol:04x} to send in {mode:?}"),
        }
    }

    /// A frame came off the wire.
    pub fn frame_in(&mut self, now: Duration, frame: &[u8]) {
        let mut storage = frame.to_vec();
        let mut packet = Packet::new(&mut storage, 0..frame.len());
        let scrambled_form = self.link.data_mode() == DataMode::Scrambled
            || Header::parse(frame).is_ok_and(|header| header.protocol == protocol::SCRAMBLED);
        let arrival = match &mut self.receiver {
            Some(receiver) if scrambled_form => match receiver.restore(&mut packet) {
                Ok(Received::Data) => Arrival::Scrambled,
                Ok(Received::Control) | Err(Refused::InClear) => Arrival::Clear,
                Err(_) => {
                    self.garbled += 1;
                    return;
                }
            },
            _ => Arrival::Clear,
        };
        let frame = packet.bytes().to_vec();
        let Ok(header) = Header::parse(&frame) else {
            self.link.handle_frame(now, &frame, arrival);
            return;
        };
        let information = &frame[header.len()..];
        match (header.protocol, self.link.data_mode(), arrival) {
            (protocol::IPV4 | protocol::IPV6, DataMode::Clear, Arrival::Clear)
            | (protocol::IPV4 | protocol::IPV6, DataMode::Scrambled, Arrival::Scrambled) => {
                if header.protocol == protocol::IPV6 && stays_on_the_link(information) {
                    self.link.handle_neighbour_discovery(now, information);
                } else {
                    self.taken.push(information.to_vec());
                }
            }
            (protocol::IPV4 | protocol::IPV6, _, _) => self.in_clear_dropped += 1,
            _ => self.link.handle_frame(now, &frame, arrival),
        }
    }

    pub fn down(&self) -> Option<&DownReason> {
        self.events.iter().find_map(|event| match event {
            Event::Down(reason) => Some(reason),
            _ => None,
        })
    }

    pub fn ipv4(&self) -> bool {
        self.is_up(
            |event| matches!(event, Event::Ipv4Up { .. }),
            |event| matches!(event, Event::Ipv4Down),
        )
    }

    pub fn ipv6(&self) -> bool {
        self.is_up(
            |event| matches!(event, Event::Ipv6Up { .. }),
            |event| matches!(event, Event::Ipv6Down),
        )
    }

    pub fn prefix(&self) -> Option<&Event> {
        self.events
            .iter()
            .rfind(|event| matches!(event, Event::Ipv6Prefix { .. }))
    }

    pub fn count(&self, is: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|event| is(event)).count()
    }

    /// Ups and downs alternate; the last one counts.
    fn is_up(&self, up: impl Fn(&Event) -> bool, down: impl Fn(&Event) -> bool) -> bool {
        let mut is_up = false;
        for event in &self.events {
            if up(event) {
                assert!(!is_up, "up twice");
                is_up = true;
            } else if down(event) {
                assert!(is_up, "down twice");
                is_up = false;
            }
        }
        is_up
    }
}

/// Whether an IPv6 packet is for a link-local address or a multicast group.
fn stays_on_the_link(packet: &[u8]) -> bool {
    matches!(packet.get(24..26), Some([0xFE, 0x80] | [0xFF, _]))
}
