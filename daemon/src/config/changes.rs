//! What a reload changes: at once, for new calls, or only after a restart.

use std::collections::BTreeMap;

use super::model::{Client, Config, Lns};

/// What a new configuration comes to in a running daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// What holds from now on: the new configuration, with the old values where a restart is needed.
    pub config: Config,
    /// What has changed, in sentences for the operator.
    pub applied: Vec<String>,
    /// What stays as it was until the daemon is restarted, in sentences for the operator.
    pub need_restart: Vec<String>,
}

impl Changes {
    /// Compares the configuration that holds with the one that was read anew.
    pub fn between(old: &Config, new: &Config) -> Self {
        let mut changes = Self {
            config: new.clone(),
            applied: Vec::new(),
            need_restart: Vec::new(),
        };
        let mut held = new.clone();
        changes.keep("control.socket", &old.control, &mut held.control);
        changes.keep("state.directory", &old.state, &mut held.state);
        changes.keep("process", &old.process, &mut held.process);
        changes.keep("log.format", &old.log.format, &mut held.log.format);
        changes.apply("log.filter", &old.log.filter, &new.log.filter);
        changes.metrics(old, &mut held);
        match (&old.lns, &mut held.lns) {
            (Some(old), Some(held)) => changes.lns(old, held),
            (old, held) => changes.keep("the section lns", old, held),
        }
        match (&old.client, &mut held.client) {
            (Some(old), Some(held)) => changes.client(old, held),
            (old, held) => changes.keep("the section client", old, held),
        }
        changes.config = held;
        changes
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.need_restart.is_empty()
    }

    fn metrics(&mut self, old: &Config, held: &mut Config) {
        match (&old.metrics, &mut held.metrics) {
            (Some(old), Some(held)) => {
                self.keep("metrics.listen", &old.listen, &mut held.listen);
                self.keep(
                    "metrics.per-session",
                    &old.per_session,
                    &mut held.per_session,
                );
            }
            (old, held) => self.keep("the section metrics", old, held),
        }
    }

    fn lns(&mut self, old: &Lns, held: &mut Lns) {
        self.keep("lns.name", &old.name, &mut held.name);
        self.keep("lns.tun", &old.tun, &mut held.tun);
        self.keep("lns.mtu", &old.mtu, &mut held.mtu);
        self.keep(
            "lns.max-sessions",
            &old.max_sessions,
            &mut held.max_sessions,
        );
        self.apply("lns.mss-clamp", &old.mss_clamp, &held.mss_clamp);
        self.listeners(old, held);
        // Addresses that are in use, and the kernel's routes, come from the pools as they were.
        self.keep("lns.pool", &old.pools, &mut held.pools);
        self.users(old, held);
        self.apply("lns.limits", &old.limits, &held.limits);
        self.new_calls("lns.lcp", &old.lcp, &held.lcp);
        self.new_calls(
            "lns.authentication-timing",
            &old.authentication_timing,
            &held.authentication_timing,
        );
        self.new_tunnels("lns.l2tp", &old.l2tp, &held.l2tp);
        self.new_calls(
            "lns.router-advertisement",
            &old.router_advertisement,
            &held.router_advertisement,
        );
    }

    /// Sockets are opened once: listeners that come or go need a restart, what they do does not.
    fn listeners(&mut self, old: &Lns, held: &mut Lns) {
        let mut new: BTreeMap<_, _> = std::mem::take(&mut held.listeners)
            .into_iter()
            .map(|listener| (listener.address, listener))
            .collect();
        for old in &old.listeners {
            let what = format!("listener {}", old.address);
            let Some(listener) = new.remove(&old.address) else {
                self.need_restart.push(format!(
                    "{what} is gone from the file; it stays open until a restart"
                ));
                held.listeners.push(old.clone());
                continue;
            };
            let tunnels = |listener: &super::model::Listener| {
                (
                    listener.tunnel_secret.clone(),
                    listener.hide_avps,
                    listener.path.sequencing,
                )
            };
            self.new_tunnels(&what, &tunnels(old), &tunnels(&listener));
            let calls = |listener: &super::model::Listener| {
                (
                    listener.proxy,
                    listener.path.mtu,
                    listener.path.ff03,
                    listener.authentication.clone(),
                    listener.scrambling.clone(),
                )
            };
            self.new_calls(&what, &calls(old), &calls(&listener));
            held.listeners.push(listener);
        }
        for address in new.keys() {
            self.need_restart.push(format!(
                "listener {address} is new; it opens with a restart"
            ));
        }
    }

    fn users(&mut self, old: &Lns, held: &Lns) {
        let (old, new) = (&old.users, &held.users);
        let added = new
            .by_name
            .keys()
            .filter(|name| !old.by_name.contains_key(*name))
            .count();
        let removed = old
            .by_name
            .keys()
            .filter(|name| !new.by_name.contains_key(*name))
            .count();
        let differs = |(name, user)| old.by_name.get(name).is_some_and(|old| old != user);
        let changed = new
            .by_name
            .iter()
            .filter(|&(name, user)| differs((name, user)))
            .count();
        if added + removed + changed > 0 {
            self.applied.push(format!(
                "lns.users: {added} added, {removed} removed, {changed} changed; calls that are up stay as they are"
            ));
        }
        self.apply("lns.users.file", &old.file, &new.file);
    }

    fn client(&mut self, old: &Client, held: &mut Client) {
        self.keep("client.tun", &old.tun, &mut held.tun);
        self.keep("client.local", &old.local, &mut held.local);
        // Undone when the call ends: must be what was done when it began.
        self.keep(
            "client.default-route",
            &old.default_route,
            &mut held.default_route,
        );
        self.keep("client.dns", &old.dns, &mut held.dns);
        self.apply("client.redial", &old.redial, &held.redial);
        self.apply("client.hooks", &old.hooks, &held.hooks);
        self.apply("client.mss-clamp", &old.mss_clamp, &held.mss_clamp);
        let mut rest = old.clone();
        rest.tun.clone_from(&held.tun);
        rest.local = held.local;
        rest.default_route = held.default_route;
        rest.dns.clone_from(&held.dns);
        rest.redial = held.redial;
        rest.hooks.clone_from(&held.hooks);
        rest.mss_clamp = held.mss_clamp;
        if rest != *held {
            self.applied
                .push("client: changed; holds from the next time it dials".into());
        }
    }

    /// `what` cannot change while the daemon runs.
    fn keep<T: Clone + PartialEq>(&mut self, what: &str, old: &T, held: &mut T) {
        if old != held {
            held.clone_from(old);
            self.need_restart
                .push(format!("{what}: changed; needs a restart"));
        }
    }

    fn apply<T: PartialEq>(&mut self, what: &str, old: &T, new: &T) {
        self.applied_if(old != new, what, "holds from now on");
    }

    fn new_calls<T: PartialEq>(&mut self, what: &str, old: &T, new: &T) {
        self.applied_if(old != new, what, "holds for new calls");
    }

    fn new_tunnels<T: PartialEq>(&mut self, what: &str, old: &T, new: &T) {
        self.applied_if(old != new, what, "holds for new tunnels");
    }

    fn applied_if(&mut self, differs: bool, what: &str, when: &str) {
        if differs {
            self.applied.push(format!("{what}: changed; {when}"));
        }
    }
}
