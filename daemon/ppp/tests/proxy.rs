//! An LNS takes over from a LAC.

mod pair;

use fogline_auth::{Method, Proof};
use fogline_ppp::{Event, Phase, Proxy, ProxyAuthentication};
use pair::*;
use scramble::agreement::Transform;
use scramble::negotiator::Policy;

/// A LAC and a subscriber, up to where the LAC knows the credentials; and what the LAC tells the LNS.
fn lac(method: Method) -> (Pair, Proxy) {
    let mut users = users();
    users.by_hand = true;
    let mut pair = Pair::new(
        access(&[method], phs(Policy::Off, Transform::Header)),
        subscriber(&Method::ALL, phs(Policy::Require, Transform::Header)),
        users,
        Wire::perfect(),
    );
    pair.start();
    assert!(pair.run_until(s(5), |pair| credentials(pair).is_some()));
    let last_request = |end: usize| {
        let is_request = |frame: &[u8]| frame[..3] == [0xC0, 0x21, 1];
        let sent = pair
            .seen
            .iter()
            .rfind(|(from, frame)| *from == end && is_request(frame));
        sent.expect("both asked").1[6..].to_vec()
    };
    let (last_sent, last_received) = (last_request(ACCESS), last_request(SUBSCRIBER));
    let credentials = credentials(&pair).expect("run until then");
    let (kind, identifier, challenge, response) = match &credentials.proof {
        // The Identifier of PAP's request is in no credentials; the LAC reads it in the packet.
        Proof::Pap { password } => (3, pap_identifier(&pair), vec![], password.to_vec()),
        Proof::ChapMd5 {
            identifier,
            challenge,
            response,
        } => (2, *identifier, challenge.clone(), response.to_vec()),
        Proof::MsChapV2 { identifier, .. } => (99, *identifier, vec![], vec![]),
    };
    let authentication = ProxyAuthentication {
        kind,
        name: credentials.name.clone().into_bytes(),
        challenge,
        identifier,
        response: response.into(),
    };
    let proxy = Proxy {
        last_sent,
        last_received,
        authentication: Some(authentication),
    };
    (pair, proxy)
}

fn credentials(pair: &Pair) -> Option<&fogline_auth::Credentials> {
    pair.hosts[ACCESS]
        .events
        .iter()
        .find_map(|event| match event {
            Event::Authenticate(credentials) => Some(credentials),
            _ => None,
        })
}

fn pap_identifier(pair: &Pair) -> u8 {
    let pap = pair
        .seen
        .iter()
        .rfind(|(_, frame)| protocol_of(frame) == 0xC023);
    pap.expect("a request").1[3]
}

/// An LNS in the LAC's place.
fn takes_over(pair: &mut Pair, methods: &[Method], proxy: &Proxy) -> bool {
    let config = access(methods, phs(Policy::Require, Transform::Header));
    let mut lns = Host::new(config, users(), 77);
    let taken = lns.link.start_proxied(pair.now, proxy);
    pair.hosts[ACCESS] = lns;
    pair.settle(ACCESS);
    taken
}

#[test]
fn what_the_subscriber_told_the_lac_is_verified() {
    for method in [Method::Pap, Method::ChapMd5] {
        let (mut pair, proxy) = lac(method);
        let before = pair.seen.len();
        assert!(takes_over(&mut pair, &Method::ALL, &proxy));
        assert!(pair.run_until(pair.now + s(5), Pair::is_up), "{method}");
        assert!(pair.is_scrambled());
        let asked = |frame: &[u8]| protocol_of(frame) == 0xC223 && frame[2] == 1;
        assert!(!pair.seen[before..].iter().any(|(_, frame)| asked(frame)));
        let lcp = pair.hosts[ACCESS].link.lcp_options();
        assert_eq!(
            lcp.peer_magic,
            pair.hosts[SUBSCRIBER].link.lcp_options().magic
        );
    }
}

#[test]
fn the_subscriber_is_asked_again_where_the_lac_did_not_tell() {
    for method in Method::ALL {
        let (mut pair, mut proxy) = lac(method);
        proxy.authentication = None;
        assert!(takes_over(&mut pair, &Method::ALL, &proxy));
        let up = pair.run_until(pair.now + s(10), Pair::is_up);
        assert!(up, "{method}");
    }
}

#[test]
fn what_this_end_would_not_have_agreed_to_is_not_taken_over() {
    let (mut pair, good) = lac(Method::Pap);
    assert!(
        !takes_over(&mut pair, &[Method::ChapMd5], &good),
        "another method"
    );
    assert!(!takes_over(&mut pair, &[], &good), "nobody was to be asked");
    let refused = |change: &dyn Fn(&mut Proxy)| {
        let (mut pair, mut proxy) = lac(Method::Pap);
        change(&mut proxy);
        !takes_over(&mut pair, &Method::ALL, &proxy)
    };
    assert!(
        refused(&|proxy| proxy.last_sent.clear()),
        "no authentication"
    );
    assert!(refused(&|proxy| proxy.last_sent.push(9)), "malformed");
    assert!(
        refused(&|proxy| proxy.last_received.extend([17, 4, 5, 0xDC])),
        "multilink"
    );
    assert!(
        refused(&|proxy| proxy.last_received.extend([1, 4, 0, 64])),
        "MRU of 64"
    );
    assert!(
        refused(&|proxy| proxy.last_sent.extend([1, 4, 0x06, 0x40])),
        "MRU of 1600"
    );
    let ignored = |change: &dyn Fn(&mut Proxy)| !refused(change);
    assert!(ignored(&|proxy| proxy
        .last_received
        .extend([0, 6, 1, 2, 3, 4])));
}

#[test]
fn lcp_restarts_where_nothing_can_be_taken_over() {
    let (mut pair, proxy) = lac(Method::Pap);
    assert!(!takes_over(&mut pair, &[Method::ChapMd5], &proxy));
    assert_eq!(pair.hosts[ACCESS].link.phase(), Phase::Dead);
    pair.hosts[ACCESS].link.start(pair.now);
    pair.settle(ACCESS);
    assert!(pair.run_until(pair.now + s(10), Pair::is_up));
    assert!(pair.is_scrambled());
}
