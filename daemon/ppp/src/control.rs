//! A control protocol: the automaton of RFC 1661 with its packets, timer and counters. LCP, IPCP and IPV6CP are this
//! with a [`Negotiation`] each.

use core::time::Duration;

use rand_core::CryptoRng;

use crate::automaton::{Action, Event, State, transition};
use crate::event::Counters;
use crate::negotiation::{Answer, Negotiation};
use crate::option::Options;
use crate::packet::{Code, HEADER_LEN, Packet, control_frame};
use crate::queue::Queue;

/// Timer and counters (RFC 1661 section 4.6).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub restart: Duration,
    pub max_configure: u32,
    pub max_terminate: u32,
    pub max_failure: u32,
}

/// What a control protocol works with while it handles one thing.
pub(crate) struct Context<'a> {
    pub now: Duration,
    pub rules: Rules,
    pub random: &'a mut dyn CryptoRng,
    pub frames: &'a mut Queue<Vec<u8>>,
    pub counters: &'a mut Counters,
    /// The longest information field that the peer takes.
    pub mtu: usize,
}

/// What the layers above have to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Up,
    Down,
    Finished,
}

/// How often a repeated Configure-Request is acknowledged in Opened before it is taken for a new beginning.
const REPEATS: u8 = 3;
/// The peer's unacceptable requests that are borne, as a multiple of Max-Failure.
const BAD_REQUESTS: u32 = 4;

/// One control protocol. See the [module](self).
pub(crate) struct Control {
    protocol: u16,
    state: State,
    identifier: u8,
    repeats: u8,
    /// The restart counter.
    tries: u32,
    due: Option<Duration>,
    /// Configure-Naks and -Rejects sent since the layer was up last.
    bad_requests: u32,
    /// As `bad_requests`, but an answer that was lost, and so had to be given again, does not count.
    failures: u32,
    /// The identifier of the last unacceptable request.
    refused: Option<u8>,
    /// Configure-Naks and -Rejects received since then.
    refusals: u32,
    /// Identifier and options of our Configure-Request, while no answer to it came. Repetitions do not differ, so an
    /// answer to any copy counts, and a second one does not.
    request: Option<(u8, Box<[u8]>)>,
    /// The peer's Configure-Request that was acknowledged last.
    acknowledged: Option<Box<[u8]>>,
    /// What our Terminate-Request says.
    farewell: Option<Box<str>>,
}

impl Control {
    pub fn new(protocol: u16) -> Self {
        Self {
            protocol,
            state: State::Initial,
            identifier: 0,
            repeats: 0,
            tries: 0,
            due: None,
            bad_requests: 0,
            failures: 0,
            refused: None,
            refusals: 0,
            request: None,
            acknowledged: None,
            farewell: None,
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn is_opened(&self) -> bool {
        self.state == State::Opened
    }

    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// The two ends talk past each other: neither gives in.
    pub fn has_diverged(&self, rules: &Rules) -> bool {
        self.refusals > rules.max_failure.saturating_mul(2)
            || self.bad_requests > rules.max_failure.saturating_mul(BAD_REQUESTS)
    }

    pub fn next_identifier(&mut self) -> u8 {
        self.identifier = self.identifier.wrapping_add(1);
        self.identifier
    }

    // What the layers above and below say.

    /// Up, Down, Open or Close.
    pub fn administer(
        &mut self,
        context: &mut Context<'_>,
        event: Event,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        self.happen(context, event, 0, Vec::new(), negotiation)
    }

    /// Close, with a Terminate-Request that says why.
    pub fn close(
        &mut self,
        context: &mut Context<'_>,
        farewell: &str,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        self.farewell = Some(farewell.into());
        self.administer(context, Event::Close, negotiation)
    }

    /// The lower layer is up and the protocol wanted, but the peer has to begin (RFC 1661 section 4.1, the passive
    /// option: the state is Stopped).
    pub fn listen(&mut self) {
        self.state = State::Stopped;
    }

    /// Somebody else negotiated in our place, to the end.
    pub fn take_over(&mut self) {
        self.state = State::Opened;
    }

    // What comes from the peer, and the passing of time.

    pub fn handle(
        &mut self,
        context: &mut Context<'_>,
        packet: &Packet<'_>,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        if matches!(self.state, State::Initial | State::Starting) {
            return None;
        }
        let identifier = packet.identifier();
        match packet.code() {
            Some(Code::ConfigureRequest) => self.configure_request(context, packet, negotiation),
            Some(Code::ConfigureAck | Code::ConfigureNak | Code::ConfigureReject) => {
                self.configure_answer(context, packet, negotiation)
            }
            Some(Code::TerminateRequest) => {
                self.received(context, Event::TerminateRequest, identifier, negotiation)
            }
            Some(Code::TerminateAck) => {
                self.received(context, Event::TerminateAck, identifier, negotiation)
            }
            Some(Code::CodeReject) => self.code_reject(context, packet, negotiation),
            _ => self.unknown_code(context, packet, negotiation),
        }
    }

    /// The peer, or its LCP, rejected the protocol (RXJ-).
    pub fn protocol_rejected(
        &mut self,
        context: &mut Context<'_>,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        self.administer(context, Event::RejectCatastrophic, negotiation)
    }

    pub fn handle_timeout(
        &mut self,
        context: &mut Context<'_>,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        if self.due.is_none_or(|due| context.now < due) {
            return None;
        }
        self.due = None;
        let event = match self.tries {
            0 => Event::TimeoutLast,
            _ => Event::TimeoutAgain,
        };
        self.administer(context, event, negotiation)
    }

    fn configure_request(
        &mut self,
        context: &mut Context<'_>,
        packet: &Packet<'_>,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        let Ok(options) = Options::parse(packet.data()) else {
            context.counters.malformed += 1;
            return None;
        };
        let identifier = packet.identifier();
        match self.state {
            State::Opened if self.is_repeated(packet) => {
                // RFC 1661 section 5.1: a new request has a new identifier, so this is a late copy, or our
                // Configure-Ack was lost. To begin anew for it would cost a lossy link its calls.
                self.repeats += 1;
                context.counters.repeated_requests += 1;
                self.send(context, Code::ConfigureAck, identifier, packet.data());
                return None;
            }
            State::Opened => negotiation.layer_down(context.random),
            State::Closed | State::Closing | State::Stopping => {
                return self.received(
                    context,
                    Event::ConfigureRequestGood,
                    identifier,
                    negotiation,
                );
            }
            _ => {}
        }
        let mut answer = Answer::new(self.failures < context.rules.max_failure);
        negotiation.judge(options, &mut answer, context.random);
        let (code, mut data) = answer.conclude();
        let event = if code == Code::ConfigureAck {
            data = packet.data().to_vec();
            self.acknowledged = Some(packet.as_bytes().into());
            // RFC 1661 section 4.6: Max-Failure counts Configure-Naks without a Configure-Ack between them.
            self.failures = 0;
            self.refused = None;
            Event::ConfigureRequestGood
        } else {
            self.acknowledged = None;
            self.bad_requests = self.bad_requests.saturating_add(1);
            if self.refused.replace(identifier) != Some(identifier) {
                self.failures = self.failures.saturating_add(1);
            }
            Event::ConfigureRequestBad
        };
        let reply = control_frame(self.protocol, code, identifier, &data);
        let was_too_early = event == Event::ConfigureRequestGood && self.seems_unheard(context);
        let layer = self.happen(context, event, identifier, reply, negotiation);
        if was_too_early && self.request.is_some() {
            self.send_configure_request(context, negotiation);
        }
        layer
    }

    /// Whether our Configure-Request waits for an answer for longer than one takes, while the peer only begins: it was
    /// sent before the peer was ready, and is better sent again now than at the Restart timer's end. (pppd attaches
    /// some 150 ms after its L2TP call is up.)
    fn seems_unheard(&self, context: &Context<'_>) -> bool {
        let patience = context.rules.restart / 30;
        let restart = context.rules.restart;
        let has_waited = self
            .due
            .is_some_and(|due| due + patience <= context.now + restart);
        self.state == State::ReqSent && self.request.is_some() && has_waited
    }

    fn is_repeated(&self, packet: &Packet<'_>) -> bool {
        self.repeats < REPEATS && self.acknowledged.as_deref() == Some(packet.as_bytes())
    }

    /// Configure-Ack, -Nak or -Reject.
    fn configure_answer(
        &mut self,
        context: &mut Context<'_>,
        packet: &Packet<'_>,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        let identifier = packet.identifier();
        let (Ok(options), Some(code)) = (Options::parse(packet.data()), packet.code()) else {
            context.counters.malformed += 1;
            return None;
        };
        if matches!(self.state, State::Closed | State::Stopped) {
            return self.received(context, Event::ConfigureAck, identifier, negotiation);
        }
        let Some((_, sent)) = self
            .request
            .take_if(|(expected, _)| *expected == identifier)
        else {
            context.counters.unexpected += 1;
            return None;
        };
        let event = match code {
            Code::ConfigureAck if *sent == *packet.data() => {
                negotiation.acknowledged();
                Event::ConfigureAck
            }
            Code::ConfigureAck => {
                // RFC 1661 section 5.2: an invalid Configure-Ack is discarded.
                self.request = Some((identifier, sent));
                context.counters.unexpected += 1;
                return None;
            }
            Code::ConfigureNak => {
                negotiation.naked(options, context.random);
                self.refusals = self.refusals.saturating_add(1);
                Event::ConfigureRefusal
            }
            _ => {
                negotiation.rejected(options);
                self.refusals = self.refusals.saturating_add(1);
                Event::ConfigureRefusal
            }
        };
        self.received(context, event, identifier, negotiation)
    }

    fn code_reject(
        &mut self,
        context: &mut Context<'_>,
        packet: &Packet<'_>,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        context.counters.code_rejects_received += 1;
        let event = match packet.data().first() {
            Some(1..=7) => Event::RejectCatastrophic,
            _ => Event::RejectPermitted,
        };
        self.administer(context, event, negotiation)
    }

    fn unknown_code(
        &mut self,
        context: &mut Context<'_>,
        packet: &Packet<'_>,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        context.counters.code_rejects_sent += 1;
        let room = context.mtu.saturating_sub(HEADER_LEN);
        let rejected = packet.as_bytes();
        let rejected = rejected.get(..room).unwrap_or(rejected);
        let identifier = self.next_identifier();
        let reply = control_frame(self.protocol, Code::CodeReject, identifier, rejected);
        self.happen(
            context,
            Event::UnknownCode,
            packet.identifier(),
            reply,
            negotiation,
        )
    }

    // The automaton's actions.

    /// A packet with `identifier` came that at most Terminate-Ack answers.
    fn received(
        &mut self,
        context: &mut Context<'_>,
        event: Event,
        identifier: u8,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        self.happen(context, event, identifier, Vec::new(), negotiation)
    }

    /// `identifier` is that of the packet to be answered, `reply` the answer where the action does not tell.
    fn happen(
        &mut self,
        context: &mut Context<'_>,
        event: Event,
        identifier: u8,
        mut reply: Vec<u8>,
        negotiation: &mut dyn Negotiation,
    ) -> Option<Layer> {
        let (actions, next) = transition(self.state, event)?;
        self.state = next;
        let mut layer = None;
        for action in actions {
            match action {
                Action::LayerUp => {
                    self.settle();
                    layer = Some(Layer::Up);
                }
                Action::LayerDown => {
                    self.settle();
                    // For a Configure-Request this was done before it was judged.
                    if !matches!(
                        event,
                        Event::ConfigureRequestGood | Event::ConfigureRequestBad
                    ) {
                        self.acknowledged = None;
                        negotiation.layer_down(context.random);
                    }
                    layer = Some(Layer::Down);
                }
                Action::LayerStarted => {}
                Action::LayerFinished => layer = Some(Layer::Finished),
                Action::InitializeRestartCount => {
                    self.tries = match next {
                        State::Closing | State::Stopping => context.rules.max_terminate,
                        _ => context.rules.max_configure,
                    }
                }
                Action::ZeroRestartCount => {
                    self.tries = 0;
                    self.restart_timer(context);
                }
                Action::SendConfigureRequest => self.send_configure_request(context, negotiation),
                Action::SendTerminateRequest => self.send_terminate_request(context),
                Action::SendTerminateAck => self.send(context, Code::TerminateAck, identifier, &[]),
                Action::SendConfigureAck | Action::SendConfigureNak | Action::SendCodeReject => {
                    context.frames.push(core::mem::take(&mut reply));
                }
                // LCP answers echoes itself.
                Action::SendEchoReply => {}
            }
        }
        if !self.state.has_timer() {
            self.due = None;
            self.request = None;
        }
        layer
    }

    /// The counts of one negotiation are over.
    fn settle(&mut self) {
        self.bad_requests = 0;
        self.failures = 0;
        self.refused = None;
        self.refusals = 0;
        self.repeats = 0;
    }

    fn restart_timer(&mut self, context: &Context<'_>) {
        self.due = Some(context.now.saturating_add(context.rules.restart));
    }

    fn send_configure_request(
        &mut self,
        context: &mut Context<'_>,
        negotiation: &mut dyn Negotiation,
    ) {
        let (identifier, options) = match self.request.take() {
            Some(request) => request,
            None => {
                let options = negotiation.request(context.random).into_bytes();
                (self.next_identifier(), options.into())
            }
        };
        self.send(context, Code::ConfigureRequest, identifier, &options);
        self.request = Some((identifier, options));
        self.tries = self.tries.saturating_sub(1);
        self.restart_timer(context);
    }

    fn send_terminate_request(&mut self, context: &mut Context<'_>) {
        self.request = None;
        let identifier = self.next_identifier();
        let farewell = self.farewell.take().unwrap_or_default();
        self.send(
            context,
            Code::TerminateRequest,
            identifier,
            farewell.as_bytes(),
        );
        self.farewell = Some(farewell);
        self.tries = self.tries.saturating_sub(1);
        self.restart_timer(context);
    }

    fn send(&self, context: &mut Context<'_>, code: Code, identifier: u8, data: &[u8]) {
        context
            .frames
            .push(control_frame(self.protocol, code, identifier, data));
    }
}
