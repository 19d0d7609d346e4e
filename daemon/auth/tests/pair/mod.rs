//! An authenticator and a peer over a wire that loses, repeats and reorders, in virtual time.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::convert::Infallible;
use std::time::Duration;

use fogline_auth::mschapv2::nt_hash;
use fogline_auth::verify::{PapSecret, Secret, Stored};
use fogline_auth::{
    Authenticator, AuthenticatorEvent, Credentials, Failure, Method, Peer, PeerEvent, Timing,
    Verdict,
};

pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Randomness that is the same in every run.
pub struct Dice(pub u64);

impl rand_core::TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|number| (number >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(mixed ^ mixed >> 31)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for byte in to {
            *byte = (self.try_next_u64()? >> 56) as u8;
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Dice {}

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        rand_core::Rng::next_u64(self) % bound
    }
}

/// What the wire does to packets.
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    pub lost_percent: u64,
    pub doubled_percent: u64,
    /// Each packet takes between the two, in milliseconds.
    pub latency: (u64, u64),
}

pub const GOOD: Wire = Wire {
    lost_percent: 0,
    doubled_percent: 0,
    latency: (10, 11),
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Access,
    Subscriber,
}

type BackEnd = Box<dyn FnMut(&Credentials) -> Verdict>;

pub struct Pair {
    pub now: Duration,
    pub dice: Dice,
    pub access: Authenticator,
    pub subscriber: Peer,
    pub wire: Wire,
    pub back_end: BackEnd,
    /// How long the back end takes.
    pub verifying: Duration,
    /// What it was asked.
    pub asked: Vec<Credentials>,
    /// What was sent, and by whom.
    pub sent: Vec<(Duration, End, Vec<u8>)>,
    pub at_access: Vec<Result<(), Failure>>,
    pub at_subscriber: Vec<Result<(), Failure>>,
    underway: Vec<(Duration, End, Vec<u8>)>,
    verdicts: Vec<(Duration, Verdict)>,
}

pub const PASSWORD: &str = "sésame";

/// What an access server stores of who has `password`.
pub fn stored(password: &str) -> Stored {
    Stored {
        pap: Secret::parse(password).ok().map(PapSecret::Plain),
        chap_md5: Secret::parse(password).ok(),
        nt_hash: Some(nt_hash(password)),
    }
}

/// A back end with one user, whose password is [`PASSWORD`].
pub fn one_user() -> BackEnd {
    let user = stored(PASSWORD);
    Box::new(move |credentials| match user.verify(&credentials.proof) {
        Ok(verified) if credentials.name.ends_with("alice") => Verdict::Accept {
            message: "welcome".to_owned(),
            mschapv2_response: verified.mschapv2_response,
        },
        _ => Verdict::Reject {
            message: "go away".to_owned(),
        },
    })
}

impl Pair {
    pub fn new(method: Method, name: &str, password: &str, timing: Timing) -> Self {
        Self {
            now: Duration::ZERO,
            dice: Dice(1),
            access: Authenticator::new(method, "isp", timing),
            subscriber: Peer::new(method, name, password, timing),
            wire: GOOD,
            back_end: one_user(),
            verifying: Duration::ZERO,
            asked: Vec::new(),
            sent: Vec::new(),
            at_access: Vec::new(),
            at_subscriber: Vec::new(),
            underway: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// The right name and password.
    pub fn alice(method: Method) -> Self {
        Self::new(method, "alice", PASSWORD, Timing::default())
    }

    /// Starts both ends and runs them for `duration`.
    pub fn run(&mut self, duration: Duration) {
        self.access.start(self.now, &mut self.dice);
        self.subscriber.start(self.now);
        self.run_on(duration);
    }

    pub fn run_on(&mut self, duration: Duration) {
        let until = self.now + duration;
        self.settle();
        while let Some(next) = self.next().filter(|next| *next <= until) {
            self.now = self.now.max(next);
            self.step();
            self.settle();
        }
        self.now = until;
    }

    /// `packet` reaches `end` at once.
    pub fn deliver(&mut self, end: End, packet: &[u8]) {
        match end {
            End::Access => self.access.handle(self.now, packet, &mut self.dice),
            End::Subscriber => self.subscriber.handle(self.now, packet, &mut self.dice),
        }
        self.settle();
    }

    /// What `end` has sent so far.
    pub fn packets(&self, end: End) -> Vec<&[u8]> {
        self.sent
            .iter()
            .filter(|(_, sender, _)| *sender == end)
            .map(|(_, _, packet)| packet.as_slice())
            .collect()
    }

    fn next(&self) -> Option<Duration> {
        let arrivals = self.underway.iter().map(|(at, ..)| *at);
        let verdicts = self.verdicts.iter().map(|(at, _)| *at);
        let timers = [self.access.poll_timeout(), self.subscriber.poll_timeout()];
        arrivals
            .chain(verdicts)
            .chain(timers.into_iter().flatten())
            .min()
    }

    fn step(&mut self) {
        let now = self.now;
        if let Some(index) = self.underway.iter().position(|(at, ..)| *at <= now) {
            let (_, to, packet) = self.underway.remove(index);
            match to {
                End::Access => self.access.handle(now, &packet, &mut self.dice),
                End::Subscriber => self.subscriber.handle(now, &packet, &mut self.dice),
            }
        } else if let Some(index) = self.verdicts.iter().position(|(at, _)| *at <= now) {
            let (_, verdict) = self.verdicts.remove(index);
            self.access.answer(now, verdict, &mut self.dice);
        } else {
            self.access.handle_timeout(now, &mut self.dice);
            self.subscriber.handle_timeout(now);
        }
    }

    fn settle(&mut self) {
        while let Some(event) = self.access.poll() {
            match event {
                AuthenticatorEvent::Verify(credentials) => {
                    let verdict = (self.back_end)(&credentials);
                    self.verdicts.push((self.now + self.verifying, verdict));
                    self.asked.push(credentials);
                }
                AuthenticatorEvent::Succeeded => self.at_access.push(Ok(())),
                AuthenticatorEvent::Failed(failure) => self.at_access.push(Err(failure)),
            }
        }
        while let Some(event) = self.subscriber.poll() {
            self.at_subscriber.push(match event {
                PeerEvent::Succeeded => Ok(()),
                PeerEvent::Failed(failure) => Err(failure),
            });
        }
        while let Some(packet) = self.access.poll_transmit() {
            self.carry(End::Access, End::Subscriber, packet);
        }
        while let Some(packet) = self.subscriber.poll_transmit() {
            self.carry(End::Subscriber, End::Access, packet);
        }
    }

    fn carry(&mut self, from: End, to: End, packet: Vec<u8>) {
        let copies = 1 + u64::from(self.dice.below(100) < self.wire.doubled_percent);
        for _ in 0..copies {
            let (least, most) = self.wire.latency;
            let latency = ms(least + self.dice.below(most - least));
            if self.dice.below(100) >= self.wire.lost_percent {
                self.underway.push((self.now + latency, to, packet.clone()));
            }
        }
        self.sent.push((self.now, from, packet));
    }
}
