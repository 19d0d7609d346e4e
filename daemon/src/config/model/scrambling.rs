//! How calls are scrambled, and where a user differs.

use scramble::agreement::{Coverage, Transform};
use scramble::keys::{Secret, Secrets};
use scramble::negotiator::{self, Policy, SecretSource};

/// `[lns.listen.scrambling]` and `[client.scrambling]`: what the negotiator is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scrambling {
    pub(in crate::config) config: negotiator::Config,
}

impl Scrambling {
    /// What a call starts with, before it is known who calls.
    pub fn negotiator(&self) -> negotiator::Config {
        self.config.clone()
    }

    /// How much this end insists on PHS.
    pub fn policy(&self) -> Policy {
        self.config.policy
    }

    /// What a call goes on with once its user is known, and the secrets to begin the Network phase with
    /// ([`network_phase`](negotiator::Negotiator::network_phase)).
    ///
    /// A user's secret takes the place of the listener's; it is the only one where the listener has its secrets from the users.
    pub fn granted(&self, user: &ScramblingOverride) -> (negotiator::Config, Secrets) {
        let mut config = self.config.clone();
        config.policy = user.policy.unwrap_or(config.policy);
        config.terms.want = user.transform.unwrap_or(config.terms.want);
        if let Some(coverage) = user.coverage {
            config.terms.want_coverage = coverage;
            config.terms.min_coverage = config.terms.min_coverage.min(coverage);
        }
        let mut secrets = Secrets::default();
        match (&mut config.secret, &user.secret) {
            (SecretSource::Authentication, secret) => secrets.configured = secret.clone(),
            (configured, Some(secret)) => *configured = SecretSource::Configured(secret.clone()),
            (_, None) => {}
        }
        (config, secrets)
    }
}

/// `scrambling` of a user: what differs from the listener the user calls at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScramblingOverride {
    /// How much this end insists on PHS.
    pub policy: Option<Policy>,
    /// The transform wanted on what the user sends.
    pub transform: Option<Transform>,
    /// How much of each packet that the user sends should be covered.
    pub coverage: Option<Coverage>,
    /// The pre-shared secret.
    pub secret: Option<Secret>,
}

impl ScramblingOverride {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
