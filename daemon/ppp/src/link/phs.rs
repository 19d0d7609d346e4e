//! The negotiator of PHS, which is made when its terms are known: at the early offer in LCP, or else when
//! authentication is over.

use core::time::Duration;
use std::sync::Arc;

use rand_core::CryptoRng;
use scramble::keys::Secrets;
use scramble::negotiator::{
    self, DataMode, LcpAnswer, Negotiator, Policy, SecretAfterOffer, SecretSource,
};
use scramble::option::{LEN, PhsOption};

use crate::config::Config;
use crate::lcp::EarlyOffer;

/// One call's PHS.
pub(super) struct Phs<R> {
    config: Arc<Config>,
    negotiator: Option<Negotiator<R>>,
    /// Until the negotiator is made.
    random: Option<R>,
    /// The terms that authentication gave in place of the configuration's.
    terms: Option<Box<negotiator::Config>>,
    peer_is_known: bool,
}

impl<R: CryptoRng> Phs<R> {
    pub fn new(config: Arc<Config>, random: R) -> Self {
        Self {
            config,
            negotiator: None,
            random: Some(random),
            terms: None,
            peer_is_known: false,
        }
    }

    pub fn peer_is_known(&mut self) {
        self.peer_is_known = true;
        if let Some(negotiator) = &mut self.negotiator {
            negotiator.peer_is_known();
        }
    }

    /// Authentication is over; it gave `terms`, if others than configured. Whether they are the terms of this call:
    /// once there is a negotiator it stays, since it remembers that the call was confirmed.
    pub fn begin(
        &mut self,
        now: Duration,
        terms: Option<negotiator::Config>,
        secrets: Secrets,
    ) -> Result<bool, SecretAfterOffer> {
        let stand = match &self.negotiator {
            Some(_) => self.terms().eq(terms.as_ref().unwrap_or(&self.config.scrambling)),
            None => {
                self.terms = terms.map(Box::new);
                self.make();
                true
            }
        };
        if let Some(negotiator) = &mut self.negotiator {
            negotiator.network_phase(now, secrets)?;
        }
        Ok(stand)
    }

    /// PHS is off: the host answers ECP as any protocol that it does not have.
    pub fn is_off(&self) -> bool {
        self.terms().policy == Policy::Off
    }

    pub fn data_mode(&self) -> DataMode {
        let negotiator = self.negotiator.as_ref();
        negotiator.map_or(DataMode::Hold, Negotiator::data_mode)
    }

    pub fn get(&self) -> Option<&Negotiator<R>> {
        self.negotiator.as_ref()
    }

    pub fn get_mut(&mut self) -> Option<&mut Negotiator<R>> {
        self.negotiator.as_mut()
    }

    fn terms(&self) -> &negotiator::Config {
        self.terms.as_deref().unwrap_or(&self.config.scrambling)
    }

    fn make(&mut self) {
        if let Some(random) = self.random.take() {
            let mut negotiator = Negotiator::new(self.terms().clone(), random);
            if self.peer_is_known {
                negotiator.peer_is_known();
            }
            self.negotiator = Some(negotiator);
        }
    }

    fn offers_early(&self) -> bool {
        let terms = self.terms();
        terms.policy != Policy::Off
            && terms.early_offer
            && terms.secret != SecretSource::Authentication
    }
}

impl<R: CryptoRng> EarlyOffer for Phs<R> {
    fn option(&mut self) -> Option<[u8; LEN]> {
        if self.offers_early() {
            self.make();
        }
        self.negotiator.as_mut()?.lcp_option()
    }

    fn received(&mut self, option: &[u8]) -> bool {
        match &mut self.negotiator {
            Some(negotiator) => negotiator.lcp_received_option(option) == LcpAnswer::Acknowledge,
            // Without an offer of ours the peer's does not count (draft section 3.4), so it need not be kept.
            None => !self.is_off() && PhsOption::parse(option).is_ok(),
        }
    }

    fn received_none(&mut self) {
        if let Some(negotiator) = &mut self.negotiator {
            negotiator.lcp_received_no_option();
        }
    }

    fn acknowledged(&mut self) {
        if let Some(negotiator) = &mut self.negotiator {
            negotiator.lcp_option_acknowledged();
        }
    }

    fn rejected(&mut self) {
        if let Some(negotiator) = &mut self.negotiator {
            negotiator.lcp_option_rejected();
        }
    }

    fn layer_down(&mut self) {
        if let Some(negotiator) = &mut self.negotiator {
            negotiator.lcp_down();
        }
    }
}
