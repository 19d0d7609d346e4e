//! The PHS negotiator: decides with the peer whether and how a link is scrambled, and keeps its keys fresh.
//!
//! Sans-I/O: it takes LCP's findings, ECP packets and the time, and gives ECP packets, a timer and [`Event`]s. Time is a
//! [`Duration`] since any start that the host likes, as long as it never runs backwards. After every call, the host takes
//! every [`poll`](Negotiator::poll), then every [`poll_transmit`](Negotiator::poll_transmit), and calls
//! [`handle_timeout`](Negotiator::handle_timeout) at [`poll_timeout`](Negotiator::poll_timeout).
//!
//! One negotiator serves one call (one PPP session with one peer) across LCP restarts: that a call was confirmed
//! is remembered, so that it never returns to clear.
//!
//! ```
//! use core::time::Duration;
//! use scramble::keys::Secrets;
//! use scramble::negotiator::{Config, DataMode, Negotiator, Policy};
//! # struct Os(u64);
//! # impl rand_core::TryRng for Os {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { self.0 += 1; Ok(self.0 as u32) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { self.0 += 1; Ok(self.0) }
//! #     fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
//! #         self.0 += 1; to.fill(self.0 as u8); Ok(())
//! #     }
//! # }
//! # impl rand_core::TryCryptoRng for Os {}
//! # let (os_a, os_b) = (Os(1), Os(101));
//! let mut a = Negotiator::new(Config::new(Policy::Prefer), os_a);
//! let mut b = Negotiator::new(Config::new(Policy::Require), os_b);
//! let now = Duration::ZERO;
//! a.network_phase(now, Secrets::default())?;
//! b.network_phase(now, Secrets::default())?;
//! while a.data_mode() != DataMode::Scrambled || b.data_mode() != DataMode::Scrambled {
//!     while let Some(packet) = a.poll_transmit() {
//!         b.handle_ecp(now, &packet);
//!     }
//!     while let Some(packet) = b.poll_transmit() {
//!         a.handle_ecp(now, &packet);
//!     }
//! }
//! # Ok::<(), scramble::negotiator::SecretAfterOffer>(())
//! ```

mod config;
mod configure;
mod confirm;
mod event;
mod rekey;
mod retry;
mod session;

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use rand_core::CryptoRng;

pub use config::{Config, Policy, SecretSource, Timing};
pub use event::{Alarm, Counters, DataMode, Event, LcpAnswer, Reason, State};

use crate::agreement::End;
use crate::ecp::{self, Code, Packet};
use crate::keys::{ExchangeSecret, Secrets};
use crate::option::{Agreement, LEN, PhsOption};
use configure::Configure;
use session::{Offer, Session};

/// A secret came from authentication though LCP had already offered PHS without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a pre-shared secret came after LCP had offered PHS without one; configure the secret's source as authentication"
)]
pub struct SecretAfterOffer;

/// One end of the negotiation. See the [module](self).
pub struct Negotiator<R> {
    config: Config,
    random: R,
    state: State,
    /// Of the last request made; each takes the next.
    identifier: u8,
    /// This call was confirmed once.
    was_confirmed: bool,
    /// Some earlier call with this peer was confirmed.
    peer_known: bool,
    period: Period,
    counters: Counters,
    events: VecDeque<Event>,
    transmits: VecDeque<Vec<u8>>,
}

/// What lasts from one LCP Opened to its end.
#[derive(Default)]
struct Period {
    /// Our option body: one for the period, whatever carries it.
    option: Option<PhsOption>,
    /// Our X25519 secret, until confirmed.
    exchange: Option<ExchangeSecret>,
    /// Until confirmed.
    secrets: Secrets,
    lcp: EarlyOffer,
    configure: Configure,
    session: Option<Session>,
    /// Data flows in clear while a late negotiation goes on.
    in_clear: bool,
}

/// What LCP's negotiation came to.
#[derive(Default)]
struct EarlyOffer {
    acknowledged: bool,
    rejected: bool,
    peer: Option<PhsOption>,
}

impl<R: CryptoRng> Negotiator<R> {
    /// A negotiator for one call. `random` must be the system's randomness, or a generator that it seeded.
    pub fn new(config: Config, mut random: R) -> Self {
        let identifier = random.next_u32() as u8;
        Self {
            config,
            random,
            state: State::Initial,
            identifier,
            was_confirmed: false,
            peer_known: false,
            period: Period::default(),
            counters: Counters::default(),
            events: VecDeque::new(),
            transmits: VecDeque::new(),
        }
    }

    /// Says that the host remembers this peer as confirmed in an earlier call: clear then raises an alarm.
    pub fn peer_is_known(&mut self) {
        self.peer_known = true;
    }

    // What the host learns in LCP, before the Network phase.

    /// The option to put last into LCP's Configure-Request, the same for every request of the period; `None` to offer
    /// nothing.
    pub fn lcp_option(&mut self) -> Option<[u8; LEN]> {
        let offers = self.config.policy != Policy::Off
            && self.config.early_offer
            && self.config.secret != SecretSource::Authentication
            && !self.period.lcp.rejected
            && self.state == State::Initial;
        if !offers {
            return None;
        }
        let secrets = self.secrets_with(Secrets::default());
        Some(self.own_option(!secrets.is_empty()).emit())
    }

    /// The peer's LCP Configure-Request carries `option`, a vendor option of PHS's OUI (or any other option of type 0).
    /// Call it once a request: a second PHS option in the same request is the host's to Configure-Reject.
    pub fn lcp_received_option(&mut self, option: &[u8]) -> LcpAnswer {
        self.period.lcp.peer = None;
        if self.config.policy == Policy::Off {
            return LcpAnswer::Reject;
        }
        match PhsOption::parse(option) {
            Ok(option) => {
                self.period.lcp.peer = Some(option);
                LcpAnswer::Acknowledge
            }
            Err(_) => LcpAnswer::Reject,
        }
    }

    /// The peer's latest LCP Configure-Request carries no PHS option.
    pub fn lcp_received_no_option(&mut self) {
        self.period.lcp.peer = None;
    }

    /// The peer acknowledged an LCP Configure-Request with our option.
    pub fn lcp_option_acknowledged(&mut self) {
        self.period.lcp.acknowledged = self.period.option.is_some() && !self.period.lcp.rejected;
    }

    /// The peer rejected our option (or Nak'd it, which it must not): it is offered no more in this period's LCP.
    pub fn lcp_option_rejected(&mut self) {
        self.period.lcp.rejected = true;
        self.period.lcp.acknowledged = false;
    }

    /// LCP left Opened, for whatever reason. Everything of the period is erased; a call that was confirmed will
    /// carry no data until it is confirmed again.
    pub fn lcp_down(&mut self) {
        if self.period.session.is_some() {
            self.events.push_back(Event::Erase);
        }
        self.period = Period::default();
        self.transmits.clear();
        self.state = State::Initial;
    }

    /// Authentication is over, the Network phase begins (RFC 1661 section 3.6). `secrets` are what authentication gave;
    /// a configured one is added by itself. Does nothing unless LCP was down since the last time.
    ///
    /// # Errors
    /// [`SecretAfterOffer`], and nothing happens.
    pub fn network_phase(
        &mut self,
        now: Duration,
        secrets: Secrets,
    ) -> Result<(), SecretAfterOffer> {
        if self.state != State::Initial {
            return Ok(());
        }
        if self.config.policy == Policy::Off {
            self.fail(Reason::Off);
            return Ok(());
        }
        let secrets = self.secrets_with(secrets);
        if self.own_option(!secrets.is_empty()).has_secret() == secrets.is_empty() {
            return Err(SecretAfterOffer);
        }
        if secrets.is_weak() {
            self.events.push_back(Event::Alarm(Alarm::WeakSecret));
        }
        self.period.secrets = secrets;
        match self
            .period
            .lcp
            .peer
            .filter(|_| self.period.lcp.acknowledged)
        {
            Some(peer) => match self.evaluate(&peer) {
                Ok(offer) => {
                    self.period.configure.opened_by_lcp = true;
                    self.open(now, offer);
                }
                Err(reason) => self.fail(reason),
            },
            None => {
                self.start_configure(now);
                self.state = State::ReqSent;
            }
        }
        Ok(())
    }

    // What comes from the peer, and the passing of time.

    /// An ECP packet arrived: `packet` is what follows the PPP protocol field 0x8053. Any bytes are safe.
    pub fn handle_ecp(&mut self, now: Duration, packet: &[u8]) {
        if self.state == State::Initial || self.config.policy == Policy::Off {
            self.counters.untimely += 1;
            return;
        }
        let Ok(packet) = Packet::parse(packet) else {
            self.counters.malformed += 1;
            return;
        };
        match packet.code() {
            Some(Code::ResetRequest) => self.reset_request(now, &packet),
            Some(Code::ResetAck) => self.reset_ack(now, &packet),
            Some(Code::ConfigureRequest) => self.configure_request(now, &packet),
            _ if self.state == State::Confirmed => self.counters.after_confirmation += 1,
            Some(Code::ConfigureAck) => self.configure_ack(now, &packet),
            Some(Code::ConfigureNak | Code::ConfigureReject) => self.configure_refusal(&packet),
            Some(Code::TerminateRequest) => self.peer_terminates(&packet),
            Some(Code::TerminateAck) => self.counters.unexpected += 1,
            Some(Code::CodeReject) => self.code_reject(&packet),
            None => {
                let identifier = self.next_identifier();
                self.transmit(ecp::code_reject(identifier, &packet));
            }
        }
        self.start_due_rekey(now);
    }

    /// LCP received a Protocol-Reject of ECP (0x8053), with or without Rejected-Information.
    pub fn handle_protocol_reject(&mut self, _now: Duration) {
        match self.state {
            State::Confirmed => self.counters.protocol_rejects_after_confirmation += 1,
            _ if self.is_negotiating() => self.fail(Reason::ProtocolRejected),
            _ => self.counters.unexpected += 1,
        }
    }

    /// Does what is due at `now`. Calling it early or late does no harm.
    pub fn handle_timeout(&mut self, now: Duration) {
        self.configure_timeout(now);
        self.confirm_timeout(now);
        self.rekey_timeout(now);
        self.start_due_rekey(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next; `None` when nothing is under way.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let configure = self.period.configure.due();
        let session = self.period.session.as_ref();
        let confirm = session
            .and_then(|session| session.confirm.as_ref())
            .map(retry::Retry::due);
        let rekey = session.and_then(|session| self.next_rekey_timeout(session));
        [configure, confirm, rekey].into_iter().flatten().min()
    }

    /// The next ECP packet to send: what follows the PPP protocol field 0x8053. Never scrambled.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmits.pop_front()
    }

    /// The next thing that the host has to do or to know.
    pub fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    // What the host may ask.

    /// Where the negotiation stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether IPCP, IPV6CP and other NCPs may start.
    pub fn may_open_ncps(&self) -> bool {
        matches!(self.data_mode(), DataMode::Clear | DataMode::Scrambled)
            && self.state != State::Initial
    }

    /// What to do with data packets.
    pub fn data_mode(&self) -> DataMode {
        match self.state {
            State::Confirmed => DataMode::Scrambled,
            State::Clear(_) => DataMode::Clear,
            State::Refused(_) => DataMode::Drop,
            _ if self.was_confirmed => DataMode::Drop,
            _ if self.period.in_clear || self.config.policy == Policy::Off => DataMode::Clear,
            _ => DataMode::Hold,
        }
    }

    /// Which end this is; `None` until both options are known.
    pub fn end(&self) -> Option<End> {
        self.period.session.as_ref().map(|session| session.own)
    }

    /// What is done in each direction; `None` until ECP is Opened.
    pub fn agreement(&self) -> Option<Agreement> {
        self.period
            .session
            .as_ref()
            .map(|session| session.agreement)
    }

    /// What was not acted upon, over the whole call.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    // The parts that the submodules share.

    fn secrets_with(&self, mut secrets: Secrets) -> Secrets {
        if let (SecretSource::Configured(secret), None) = (&self.config.secret, &secrets.configured)
        {
            secrets.configured = Some(secret.clone());
        }
        secrets
    }

    /// The period's option, made at its first use.
    fn own_option(&mut self, secret: bool) -> PhsOption {
        if let Some(option) = self.period.option {
            return option;
        }
        let exchange = ExchangeSecret::random(&mut self.random);
        let option = PhsOption::new(&self.config.terms, secret, &exchange.public_key());
        self.period.exchange = Some(exchange);
        self.period.option = Some(option);
        option
    }

    /// ECP becomes Opened: receive keys are installed, our key is proved.
    fn open(&mut self, now: Duration, offer: Offer) {
        if self.period.session.is_some() {
            self.events.push_back(Event::Erase);
        }
        self.period.configure.stop();
        self.period.session = Some(Session::new(offer));
        self.install();
        self.state = State::Confirming;
        self.start_confirm(now);
    }

    /// Has the host install the newest keys.
    fn install(&mut self) {
        if let Some(session) = &self.period.session {
            self.events.push_back(Event::Install {
                keys: session.schedule.epoch_keys(),
                own: session.own,
                agreement: session.agreement,
            });
        }
    }

    /// Ends the negotiation, or the session, for `reason`: in clear where policy and history allow it, else refused.
    fn fail(&mut self, reason: Reason) {
        if reason.terminates() {
            let identifier = self.next_identifier();
            self.transmit(ecp::terminate_request(identifier));
        }
        self.period.configure = Configure::default();
        if self.period.session.take().is_some() {
            self.events.push_back(Event::Erase);
        }
        if reason == Reason::BadTag {
            self.events.push_back(Event::Alarm(Alarm::BadTag));
        }
        // Nothing leads back from here in this period: what could open a recording of it goes now.
        if self.must_scramble() || !reason.is_soft() {
            self.period.exchange = None;
            self.period.secrets = Secrets::default();
        }
        if self.must_scramble() {
            self.state = State::Refused(reason);
            self.events.push_back(Event::Refused(reason));
            return;
        }
        self.state = State::Clear(reason);
        self.period.in_clear = true;
        self.counters.fallbacks += 1;
        self.events.push_back(Event::Fallback(reason));
        if self.peer_known && reason != Reason::Off {
            self.events
                .push_back(Event::Alarm(Alarm::ConfirmedPeerInClear(reason)));
        }
    }

    fn must_scramble(&self) -> bool {
        self.config.policy == Policy::Require || self.was_confirmed
    }

    /// Between the Network phase's begin and a decision.
    fn is_negotiating(&self) -> bool {
        matches!(
            self.state,
            State::ReqSent | State::AckRcvd | State::AckSent | State::Confirming
        )
    }

    fn next_identifier(&mut self) -> u8 {
        self.identifier = self.identifier.wrapping_add(1);
        self.identifier
    }

    fn transmit(&mut self, message: Vec<u8>) {
        self.transmits.push_back(message);
    }
}

impl<R> fmt::Debug for Negotiator<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Negotiator {{ state: {:?}, .. }}", self.state)
    }
}
