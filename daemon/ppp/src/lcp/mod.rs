//! The Link Control Protocol (RFC 1661, RFC 1570).

mod echo;
mod options;

use core::time::Duration;

use scramble::wire::ppp::protocol;

use crate::automaton::{Event, State};
use crate::config::Config;
use crate::control::{Context, Control, Layer};
use crate::packet::{Code, HEADER_LEN, Packet, control_frame};
use echo::{Echo, Tick};
pub(crate) use options::{EarlyOffer, Fatal};
pub use options::LcpOptions;
use options::{Options, View};

/// LCP at one end.
pub(crate) struct Lcp {
    control: Control,
    options: Options,
    echo: Echo,
}

/// What LCP works with while it handles one thing.
pub(crate) struct Env<'a> {
    pub context: Context<'a>,
    pub config: &'a Config,
    pub offer: &'a mut dyn EarlyOffer,
}

/// What came of a packet, or of a timer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Nothing,
    Layer(Layer),
    /// The peer does not know that protocol.
    ProtocolRejected(u16),
    EchoLost,
}

impl From<Option<Layer>> for Outcome {
    fn from(layer: Option<Layer>) -> Self {
        layer.map_or(Self::Nothing, Self::Layer)
    }
}

impl Lcp {
    pub fn new() -> Self {
        Self {
            control: Control::new(protocol::LCP),
            options: Options::default(),
            echo: Echo::default(),
        }
    }

    pub fn state(&self) -> State {
        self.control.state()
    }

    pub fn is_opened(&self) -> bool {
        self.control.is_opened()
    }

    /// What both ends agreed to; defaults until Opened.
    pub fn options(&self, config: &Config) -> LcpOptions {
        self.options.negotiated(config)
    }

    /// How the caller is to prove who it is, and how we are.
    pub fn authentication(&self) -> options::Authentication {
        self.options.authentication()
    }

    /// Why the negotiation must end, if it must.
    pub fn fatal(&self, config: &Config) -> Option<Fatal> {
        let diverged = self.control.has_diverged(&config.lcp.rules());
        self.options
            .fatal()
            .or_else(|| diverged.then_some(Fatal::NoConvergence))
    }

    pub fn round_trip(&self) -> Option<Duration> {
        self.echo.round_trip()
    }

    pub fn next_timeout(&self) -> Option<Duration> {
        [self.control.due(), self.echo.due()]
            .into_iter()
            .flatten()
            .min()
    }

    // What the link says.

    /// The lower layer is up, and the link wanted.
    pub fn start(&mut self, env: &mut Env<'_>) {
        self.options.reset(env.config, env.context.random);
        if env.config.lcp.silent_start {
            self.control.listen();
            return;
        }
        self.administer(env, Event::Open);
        self.administer(env, Event::Up);
    }

    /// As [`start`](Self::start), but somebody negotiated in our place; whether that can be taken over.
    pub fn take_over(&mut self, env: &mut Env<'_>, sent: &[u8], received: &[u8]) -> bool {
        self.options.reset(env.config, env.context.random);
        if !self.options.take_over(env.config, sent, received) {
            return false;
        }
        self.control.take_over();
        self.echo.start(env.context.now, env.config);
        true
    }

    pub fn close(&mut self, env: &mut Env<'_>, farewell: &str) -> Option<Layer> {
        self.echo.stop();
        let mut view = View::new(&mut self.options, env.config, &mut *env.offer);
        self.control.close(&mut env.context, farewell, &mut view)
    }

    fn administer(&mut self, env: &mut Env<'_>, event: Event) -> Option<Layer> {
        let mut view = View::new(&mut self.options, env.config, &mut *env.offer);
        self.control.administer(&mut env.context, event, &mut view)
    }

    /// Answers `information` of a protocol that we do not have; only while LCP is Opened (RFC 1661 section 5.7).
    pub fn reject_protocol(&mut self, env: &mut Env<'_>, protocol: u16, information: &[u8]) {
        env.context.counters.protocol_rejects_sent += 1;
        let room = env.context.mtu.saturating_sub(HEADER_LEN + 2);
        let mut data = protocol.to_be_bytes().to_vec();
        data.extend_from_slice(information.get(..room).unwrap_or(information));
        self.send(env, Code::ProtocolReject, &data);
    }

    // What comes from the peer, and the passing of time.

    pub fn handle(&mut self, env: &mut Env<'_>, packet: &Packet<'_>) -> Outcome {
        let outcome = match packet.code() {
            Some(Code::ProtocolReject) => self.protocol_reject(env, packet),
            Some(Code::EchoRequest) => self.echo_request(env, packet),
            Some(Code::EchoReply) => self.echo_reply(env, packet),
            Some(Code::DiscardRequest | Code::Identification | Code::TimeRemaining) => {
                Outcome::Nothing
            }
            code => {
                if code == Some(Code::CodeReject)
                    && packet.data().first() == Some(&(Code::EchoRequest as u8))
                {
                    self.echo.stop();
                }
                let mut view = View::new(&mut self.options, env.config, &mut *env.offer);
                self.control
                    .handle(&mut env.context, packet, &mut view)
                    .into()
            }
        };
        self.layer_changed(env, outcome)
    }

    pub fn handle_timeout(&mut self, env: &mut Env<'_>) -> Outcome {
        let mut view = View::new(&mut self.options, env.config, &mut *env.offer);
        let layer = self.control.handle_timeout(&mut env.context, &mut view);
        if layer.is_some() {
            return self.layer_changed(env, layer.into());
        }
        match self
            .echo
            .tick(env.context.now, env.config, env.context.counters)
        {
            Tick::Wait => Outcome::Nothing,
            Tick::Lost => Outcome::EchoLost,
            Tick::Send => {
                let identifier = self.send(env, Code::EchoRequest, &self.magic());
                self.echo.sent(env.context.now, identifier);
                Outcome::Nothing
            }
        }
    }

    fn layer_changed(&mut self, env: &mut Env<'_>, outcome: Outcome) -> Outcome {
        match outcome {
            Outcome::Layer(Layer::Up) => {
                self.echo.start(env.context.now, env.config);
                if let Some(text) = &env.config.lcp.identification {
                    let mut data = self.magic().to_vec();
                    data.extend_from_slice(text.as_bytes());
                    data.truncate(env.context.mtu.saturating_sub(HEADER_LEN));
                    self.send(env, Code::Identification, &data);
                }
            }
            Outcome::Layer(_) => self.echo.stop(),
            _ => {}
        }
        outcome
    }

    fn protocol_reject(&mut self, env: &mut Env<'_>, packet: &Packet<'_>) -> Outcome {
        if !self.is_opened() {
            return Outcome::Nothing;
        }
        let Some(rejected) = packet.data().first_chunk() else {
            env.context.counters.malformed += 1;
            return Outcome::Nothing;
        };
        env.context.counters.protocol_rejects_received += 1;
        match u16::from_be_bytes(*rejected) {
            protocol::LCP => self.administer(env, Event::RejectCatastrophic).into(),
            protocol => Outcome::ProtocolRejected(protocol),
        }
    }

    fn echo_request(&mut self, env: &mut Env<'_>, packet: &Packet<'_>) -> Outcome {
        let Some((magic, rest)) = self.own_echo(env, packet) else {
            return Outcome::Nothing;
        };
        if self.options.is_looped_back(magic) {
            return Outcome::Nothing;
        }
        let mut data = self.magic().to_vec();
        data.extend_from_slice(rest);
        data.truncate(env.context.mtu.saturating_sub(HEADER_LEN));
        env.context.frames.push(control_frame(
            protocol::LCP,
            Code::EchoReply,
            packet.identifier(),
            &data,
        ));
        Outcome::Nothing
    }

    fn echo_reply(&mut self, env: &mut Env<'_>, packet: &Packet<'_>) -> Outcome {
        if let Some((magic, _)) = self.own_echo(env, packet)
            && !self.options.is_looped_back(magic)
            && !self.echo.answered(env.context.now, packet.identifier())
        {
            env.context.counters.unexpected += 1;
        }
        Outcome::Nothing
    }

    /// The Magic-Number and data of an echo; they count only in Opened (RFC 1661 section 5.8).
    fn own_echo<'p>(&self, env: &mut Env<'_>, packet: &Packet<'p>) -> Option<(u32, &'p [u8])> {
        if !self.is_opened() {
            return None;
        }
        let parts = packet.data().split_first_chunk();
        if parts.is_none() {
            env.context.counters.malformed += 1;
        }
        parts.map(|(magic, rest)| (u32::from_be_bytes(*magic), rest))
    }

    fn magic(&self) -> [u8; 4] {
        self.options.magic().to_be_bytes()
    }

    fn send(&mut self, env: &mut Env<'_>, code: Code, data: &[u8]) -> u8 {
        let identifier = self.control.next_identifier();
        let frame = control_frame(protocol::LCP, code, identifier, data);
        env.context.frames.push(frame);
        identifier
    }
}
