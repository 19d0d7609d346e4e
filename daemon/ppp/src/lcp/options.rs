//! LCP's Configuration Options (RFC 1661 section 6), and PHS's early offer among them (draft section 3.4).

use fogline_auth::Method;
use rand_core::CryptoRng;
use scramble::option::{LEN as PHS_LEN, OUI};

use crate::config::{Config, DEFAULT_MRU, Role};
use crate::negotiation::{Answer, Negotiation};
use crate::option::{self, List, Raw};

/// Option types.
mod kind {
    pub const VENDOR: u8 = 0;
    pub const MRU: u8 = 1;
    pub const ACCM: u8 = 2;
    pub const AUTHENTICATION: u8 = 3;
    pub const MAGIC: u8 = 5;
    pub const PFC: u8 = 7;
    pub const ACFC: u8 = 8;
}

/// How often in a row our own Magic-Number has to return until the link counts as looped back.
const LOOPS: u8 = 3;

/// What LCP agreed to, both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LcpOptions {
    /// The longest information field that the peer may send.
    pub mru: u16,
    /// The longest information field that this end may send: the peer's MRU, within the configured bound.
    pub peer_mru: u16,
    /// The peer takes frames without address and control field.
    pub acfc: bool,
    /// The peer takes one-byte protocol fields.
    pub pfc: bool,
    /// This end's Magic-Number; 0 for none.
    pub magic: u32,
    /// The peer's Magic-Number; 0 for none.
    pub peer_magic: u32,
}

/// Why LCP cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fatal {
    LoopedBack,
    AuthenticationRefused,
    NoConvergence,
}

/// Who has to prove who it is, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Authentication {
    /// The peer to us.
    pub of_peer: Option<Method>,
    /// We to the peer.
    pub of_us: Option<Method>,
}

/// PHS's part in LCP; what [`scramble::negotiator::Negotiator`] calls `lcp_*`.
pub(crate) trait EarlyOffer {
    fn option(&mut self) -> Option<[u8; PHS_LEN]>;
    /// Whether the peer's option is to be acknowledged.
    fn received(&mut self, option: &[u8]) -> bool;
    fn received_none(&mut self);
    fn acknowledged(&mut self);
    fn rejected(&mut self);
    fn layer_down(&mut self);
}

/// Where the negotiation of the options stands.
pub(super) struct Options {
    // What we ask for.
    mru: u16,
    magic: u32,
    method: Option<Method>,
    /// Methods that the peer refused, one bit each.
    refused: u8,
    offered: bool,
    // What the peer asked for last.
    peer: Peer,
    loops: u8,
    fatal: Option<Fatal>,
}

/// What the peer asks for.
#[derive(Clone, Copy)]
struct Peer {
    mru: u16,
    magic: u32,
    pfc: bool,
    acfc: bool,
    method: Option<Method>,
}

impl Default for Peer {
    fn default() -> Self {
        Self {
            mru: DEFAULT_MRU,
            magic: 0,
            pfc: false,
            acfc: false,
            method: None,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mru: DEFAULT_MRU,
            magic: 0,
            method: None,
            refused: 0,
            offered: false,
            peer: Peer::default(),
            loops: 0,
            fatal: None,
        }
    }
}

impl Options {
    /// Asks for what is configured, and knows nothing of the peer.
    pub fn reset(&mut self, config: &Config, random: &mut dyn CryptoRng) {
        *self = Self {
            mru: config.lcp.mru,
            magic: if config.lcp.magic { nonzero(random) } else { 0 },
            method: methods(config).first().copied(),
            loops: self.loops,
            ..Self::default()
        };
    }

    pub fn negotiated(&self, config: &Config) -> LcpOptions {
        LcpOptions {
            mru: self.mru,
            peer_mru: self.peer.mru.min(config.lcp.max_peer_mru),
            acfc: self.peer.acfc,
            pfc: self.peer.pfc,
            magic: self.magic,
            peer_magic: self.peer.magic,
        }
    }

    pub fn authentication(&self) -> Authentication {
        Authentication {
            of_peer: self.method,
            of_us: self.peer.method,
        }
    }

    pub fn magic(&self) -> u32 {
        self.magic
    }

    pub fn fatal(&self) -> Option<Fatal> {
        self.fatal
    }

    /// Whether `magic` is our own; several in a row are a loop (RFC 1661 section 6.4).
    pub fn is_looped_back(&mut self, magic: u32) -> bool {
        let own = self.magic != 0 && magic == self.magic;
        self.loops = if own { self.loops.saturating_add(1) } else { 0 };
        if self.loops >= LOOPS {
            self.fatal = Some(Fatal::LoopedBack);
        }
        own
    }

    /// Adopts what a LAC negotiated: the options of its last request, and of the peer's (RFC 2661 section 4.4.5).
    /// `false` where this end would not have agreed to them.
    pub fn take_over(&mut self, config: &Config, sent: &[u8], received: &[u8]) -> bool {
        let (Ok(sent), Ok(received)) = (
            option::Options::parse(sent),
            option::Options::parse(received),
        ) else {
            return false;
        };
        let (mut own, mut peer) = (Peer::default(), Peer::default());
        // A LAC that acknowledged PHS's option unread does not count (draft section 3.4), and does no harm.
        let mut offers = received.iter();
        let known = sent.iter().all(|option| own.adopt(&option))
            && offers.all(|option| option.kind == kind::VENDOR || peer.adopt(&option));
        let wanted = methods(config);
        let authenticated = match own.method {
            Some(method) => wanted.contains(&method),
            None => wanted.is_empty(),
        };
        if !known
            || !authenticated
            || peer.method.is_some()
            || peer.mru < config.lcp.min_mru
            || own.mru > config.lcp.mru.max(DEFAULT_MRU)
        {
            return false;
        }
        self.mru = own.mru;
        self.magic = own.magic;
        self.method = own.method;
        self.peer = peer;
        true
    }

    /// The next method that the peer did not refuse, `hint` before others.
    fn next_method(&mut self, config: &Config, hint: Option<Method>) {
        self.refused |= self.method.map_or(0, bit);
        let left = |method: &&Method| self.refused & bit(**method) == 0;
        let methods = methods(config);
        let hinted = methods
            .iter()
            .filter(left)
            .find(|method| Some(**method) == hint);
        match hinted.or_else(|| methods.iter().find(left)) {
            Some(method) => self.method = Some(*method),
            None => self.fatal = Some(Fatal::AuthenticationRefused),
        }
    }
}

impl Peer {
    /// Takes an option as agreed; `false` for one that this end does not know.
    fn adopt(&mut self, option: &Raw<'_>) -> bool {
        match (option.kind, option.value) {
            (kind::MRU, &[high, low]) => self.mru = u16::from_be_bytes([high, low]),
            (kind::ACCM, [_, _, _, _]) => {}
            (kind::AUTHENTICATION, value) => {
                self.method = Method::from_lcp_option(value);
                return self.method.is_some();
            }
            (kind::MAGIC, &[a, b, c, d]) => self.magic = u32::from_be_bytes([a, b, c, d]),
            (kind::PFC, []) => self.pfc = true,
            (kind::ACFC, []) => self.acfc = true,
            _ => return false,
        }
        true
    }
}

/// The options with all that is needed to negotiate them.
pub(super) struct View<'a> {
    options: &'a mut Options,
    config: &'a Config,
    offer: &'a mut dyn EarlyOffer,
}

impl<'a> View<'a> {
    pub fn new(
        options: &'a mut Options,
        config: &'a Config,
        offer: &'a mut dyn EarlyOffer,
    ) -> Self {
        Self {
            options,
            config,
            offer,
        }
    }

    fn judge_authentication(&self, option: Raw<'_>, found: &mut Peer, answer: &mut Answer) {
        let accept = match &self.config.role {
            Role::Access(_) => &[],
            Role::Subscriber(subscriber) => subscriber.accept.as_slice(),
        };
        let asked = Method::from_lcp_option(option.value);
        match (asked.filter(|method| accept.contains(method)), accept) {
            (Some(method), _) => found.method = Some(method),
            (None, [preferred, ..]) => answer.nak(option, preferred.lcp_option()),
            (None, []) => answer.reject(option),
        }
    }

    /// The Magic-Number option, if the request is one of ours come back.
    fn find_own<'o>(&mut self, options: option::Options<'o>) -> Option<Raw<'o>> {
        let magic = options.iter().find_map(|option| {
            let value = *option.value.first_chunk()?;
            (option.kind == kind::MAGIC).then_some((option, u32::from_be_bytes(value)))
        });
        magic
            .filter(|(_, magic)| self.options.is_looped_back(*magic))
            .map(|(option, _)| option)
    }
}

impl Negotiation for View<'_> {
    fn request(&mut self, _random: &mut dyn CryptoRng) -> List {
        let mut list = List::default();
        if self.options.mru != DEFAULT_MRU {
            list.push(kind::MRU, &self.options.mru.to_be_bytes());
        }
        if let Some(method) = self.options.method {
            list.push(kind::AUTHENTICATION, method.lcp_option());
        }
        if self.options.magic != 0 {
            list.push(kind::MAGIC, &self.options.magic.to_be_bytes());
        }
        // Last, as some peers take a later option of type 0 for a duplicate.
        let offer = self.offer.option();
        self.options.offered = offer.is_some();
        if let Some(offer) = offer {
            list.push_raw(&offer);
        }
        list
    }

    fn judge(
        &mut self,
        options: option::Options<'_>,
        answer: &mut Answer,
        random: &mut dyn CryptoRng,
    ) {
        if let Some(own) = self.find_own(options) {
            // Our own request: whatever else is in it does not matter (RFC 1661 section 6.4).
            answer.nak(own, &nonzero(random).to_be_bytes());
            return;
        }
        let mut found = Peer::default();
        let mut seen = [false; 256];
        let mut phs = false;
        for option in options.iter() {
            if option.kind == kind::VENDOR {
                let is_first = option.value.starts_with(&OUI) && !phs;
                phs |= is_first;
                if !is_first || !self.offer.received(option.bytes) {
                    answer.reject(option);
                }
                continue;
            }
            if core::mem::replace(&mut seen[usize::from(option.kind)], true) {
                answer.reject(option);
                continue;
            }
            match (option.kind, option.value) {
                (kind::AUTHENTICATION, _) => {
                    self.judge_authentication(option, &mut found, answer);
                }
                (kind::PFC, []) if !self.config.lcp.accept_pfc => answer.reject(option),
                (kind::ACFC, []) if !self.config.lcp.accept_acfc => answer.reject(option),
                _ if !found.adopt(&option) => answer.reject(option),
                (kind::MRU, _) if found.mru < self.config.lcp.min_mru => {
                    answer.nak(option, &self.config.lcp.min_mru.to_be_bytes());
                }
                (kind::MAGIC, _) if found.magic == 0 => {
                    answer.nak(option, &nonzero(random).to_be_bytes());
                }
                _ => {}
            }
        }
        if !phs {
            self.offer.received_none();
        }
        self.options.peer = found;
    }

    fn acknowledged(&mut self) {
        if self.options.offered {
            self.offer.acknowledged();
        }
    }

    fn naked(&mut self, options: option::Options<'_>, random: &mut dyn CryptoRng) {
        for option in options.iter() {
            match (option.kind, option.value) {
                (kind::MRU, &[high, low]) => {
                    let hint = u16::from_be_bytes([high, low]);
                    if (self.config.lcp.min_mru..=self.options.mru).contains(&hint) {
                        self.options.mru = hint;
                    } else {
                        self.options.mru = self.options.mru.min(DEFAULT_MRU);
                    }
                }
                (kind::AUTHENTICATION, value) if self.options.method.is_some() => {
                    self.options
                        .next_method(self.config, Method::from_lcp_option(value));
                }
                (kind::MAGIC, _) if self.options.magic != 0 => {
                    self.options.magic = nonzero(random);
                }
                (kind::VENDOR, _) if self.options.offered => self.offer.rejected(),
                // Hints about options that we did not ask for are not taken.
                _ => {}
            }
        }
    }

    fn rejected(&mut self, options: option::Options<'_>) {
        for option in options.iter() {
            match option.kind {
                kind::MRU => self.options.mru = DEFAULT_MRU,
                kind::AUTHENTICATION if self.options.method.is_some() => {
                    self.options.fatal = Some(Fatal::AuthenticationRefused);
                }
                kind::MAGIC => self.options.magic = 0,
                kind::VENDOR if self.options.offered => self.offer.rejected(),
                _ => {}
            }
        }
    }

    fn layer_down(&mut self, random: &mut dyn CryptoRng) {
        self.options.reset(self.config, random);
        self.offer.layer_down();
    }
}

/// The methods that we ask callers for.
fn methods(config: &Config) -> &[Method] {
    match &config.role {
        Role::Access(access) => &access.methods,
        Role::Subscriber(_) => &[],
    }
}

fn bit(method: Method) -> u8 {
    match method {
        Method::Pap => 1,
        Method::ChapMd5 => 2,
        Method::MsChapV2 => 4,
    }
}

/// A Magic-Number: 0 means that there is none (RFC 1661 section 6.4).
fn nonzero(random: &mut dyn CryptoRng) -> u32 {
    random.next_u32().max(1)
}
