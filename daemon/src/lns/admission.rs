//! Who is admitted, and with what: credentials go out to whoever checks them, the decision comes back.

use std::net::SocketAddr;
use std::time::Duration;

use fogline_auth::{Credentials, Decision, Grant, Prefix64, Verdict};
use fogline_ppp::{CloseReason, Granted, Ipv4Grant, Ipv6Grant};
use rand_core::CryptoRng;
use scramble::negotiator::{Policy, SecretSource};
use tracing::{info, warn};

use super::pools::Lease;
use super::{Lns, Subscriber, printable};
use crate::calls::{Port, SessionKey, Source};
use crate::config::model::ScramblingOverride;
use crate::ip::icmp;
use crate::service::id;

/// Somebody wants to come in.
pub struct AuthenticationRequest {
    /// The session, for the answer.
    pub key: SessionKey,
    /// What was presented.
    pub credentials: Box<Credentials>,
    /// What the tunnel's other end calls itself.
    pub host_name: String,
    /// The L2TP peer.
    pub peer: SocketAddr,
    /// Whether a LAC asked for the credentials and passed them on.
    pub is_proxied: bool,
    /// Calling and called number, as far as the LAC told them.
    pub numbers: Option<(String, String)>,
}

impl<R: CryptoRng> Lns<R> {
    /// The next request to answer by [`authenticated`](Self::authenticated).
    pub fn poll_authentication(&mut self) -> Option<AuthenticationRequest> {
        self.requests.pop_front()
    }

    /// Somebody wants to come in; where nobody is asked, everybody may.
    pub(super) fn ask<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        credentials: Option<Box<Credentials>>,
        port: &mut P,
    ) {
        let Some(session) = self.calls.session(key) else {
            return;
        };
        let Some(credentials) = credentials else {
            let welcome = Grant::new(String::new());
            let verdict = Decision::Accept(Box::new(welcome.clone())).verdict();
            self.admit(now, key, session.listener, verdict, &welcome, port);
            return;
        };
        let tunnel = self
            .calls
            .endpoint(session.listener)
            .tunnel(session.call.tunnel);
        self.requests.push_back(AuthenticationRequest {
            key,
            credentials,
            host_name: tunnel
                .map(|tunnel| tunnel.host_name.clone())
                .unwrap_or_default(),
            peer: session.peer,
            is_proxied: session.is_proxied,
            numbers: session.numbers.as_deref().cloned(),
        });
    }

    /// The answer to a request; nothing where the session is gone.
    pub fn authenticated<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        decision: &Decision<ScramblingOverride>,
        port: &mut P,
    ) {
        let Some(listener) = self.calls.session(key).map(|session| session.listener) else {
            return;
        };
        let verdict = decision.verdict();
        match decision {
            Decision::Accept(grant) => self.admit(now, key, listener, verdict, grant, port),
            Decision::Reject { .. } => {
                self.totals.rejected += 1;
                self.turn_away(now, key, verdict, "wrong name or password", port);
            }
            Decision::Unavailable { reason } => {
                self.totals.refused("authentication-unavailable");
                self.turn_away(now, key, verdict, reason, port);
            }
        }
        self.digest(now, port);
    }

    fn admit<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        listener: usize,
        verdict: Verdict,
        grant: &Grant<ScramblingOverride>,
        port: &mut P,
    ) {
        // Authenticated again (RFC 1994 section 2, or after LCP restarted): what was given stays.
        if let Some(again) = self.subscriber(key) {
            if again.user.as_ref() != grant.user {
                let reason = format!("it came as {}, and now says that it is another", again.user);
                let verdict = reject("one user for each session");
                self.totals.refused("other-user");
                self.turn_away(now, key, verdict, &reason, port);
                return;
            }
        } else {
            match self.pools.lease(
                grant.pool.as_deref(),
                grant.ipv4,
                grant.ipv6.map(Prefix64::network),
            ) {
                Ok(lease) => self.take_in(now, key, &grant.user, lease, grant.sessions, port),
                Err(error) => {
                    let verdict = reject("no address is left");
                    self.totals.refused("no-address");
                    self.turn_away(now, key, verdict, &error.to_string(), port);
                    return;
                }
            }
        }
        let Some(subscriber) = self.subscriber(key) else {
            return;
        };
        let nothing = ScramblingOverride::default();
        let scrambling = &self.config.listeners[listener].scrambling;
        let (config, secrets) = scrambling.granted(grant.scrambling.as_ref().unwrap_or(&nothing));
        if config.policy != Policy::Off
            && config.secret == SecretSource::Authentication
            && secrets.is_empty()
        {
            let verdict = reject("no pre-shared secret");
            self.totals.refused("no-secret");
            let reason = "the listener has pre-shared secrets from its users (secret-from = \"user\"), \
                          but this user has none; give it one by `fogline genpsk`";
            self.turn_away(now, key, verdict, reason, port);
            return;
        }
        let Lease {
            ipv4,
            ipv6,
            dns_ipv4,
            ..
        } = &subscriber.lease;
        let granted = Granted {
            verdict,
            ipv4: ipv4.map(|(peer, local)| Ipv4Grant {
                local,
                peer,
                dns: *dns_ipv4,
            }),
            ipv6: ipv6.map(|prefix| Ipv6Grant {
                prefix,
                dns: subscriber.lease.dns_ipv6.clone(),
            }),
            scrambling: Some(config),
            secrets,
        };
        let known = self.known.contains(&subscriber.user);
        self.calls.authenticated(
            now,
            key,
            fogline_ppp::Decision::Accept(Box::new(granted)),
            known,
            port,
        );
    }

    /// A new subscriber: it has its addresses, and its place among the sessions of its user.
    fn take_in<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        user: &str,
        lease: Lease,
        sessions: Option<u32>,
        port: &mut P,
    ) {
        let source = Source {
            ipv4: lease.ipv4.map(|(peer, _)| peer),
            ipv6: lease.ipv6,
        };
        let icmp = icmp::Source {
            ipv4: lease.ipv4.map(|(_, local)| local),
            ipv6: self.config.router_address(),
        };
        self.calls.set_identity(key, Some(user), Some(source), icmp);
        let index = key.index as usize;
        if self.subscribers.len() <= index {
            self.subscribers.resize_with(index + 1, || None);
        }
        self.subscribers[index] = Some(Subscriber {
            key,
            user: user.into(),
            lease,
            was_up: false,
        });
        if user.is_empty() {
            return;
        }
        let limit = sessions
            .unwrap_or(self.config.limits.sessions_per_user)
            .max(1) as usize;
        let held = self.by_user.entry(user.into()).or_default();
        held.push(key);
        // A line that dropped is dialled again long before the old call times out: the newest call is the true one.
        let surplus: Vec<_> = held.drain(..held.len().saturating_sub(limit)).collect();
        for old in surplus {
            info!(session = %id(old), user, "replaced by a newer call of the same user");
            self.calls.close(
                now,
                old,
                CloseReason::Other("replaced by a newer call of the same user".into()),
                port,
            );
        }
    }

    fn turn_away<P: Port>(
        &mut self,
        now: Duration,
        key: SessionKey,
        verdict: Verdict,
        reason: &str,
        port: &mut P,
    ) {
        warn!(session = %id(key), reason = printable(reason), "not admitted");
        self.calls.authenticated(
            now,
            key,
            fogline_ppp::Decision::Reject(verdict),
            false,
            port,
        );
    }
}

fn reject(message: &str) -> Verdict {
    Verdict::Reject {
        message: message.into(),
    }
}
