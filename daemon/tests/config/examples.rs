//! The files of `packaging/`: they load, and what they say of defaults is true.

use fogline::config::model::{Config, Dns};
use fogline_auth::Method;
use scramble::agreement::{Coverage, Transform};
use scramble::negotiator::{self, Policy, SecretSource};

use super::files::Tree;

const LNS: &str = include_str!("../../../packaging/fogline.toml");
const CLIENT: &str = include_str!("../../../packaging/client.toml");
const USERS: &str = include_str!("../../../packaging/users.toml");
const EXAMPLE: &str = "  # example";

fn load(main: &str) -> Config {
    let tree = Tree::new(main)
        .with("users.toml", USERS)
        .with("password", "sesame, open\n")
        .with(
            "/etc/fogline/tunnel-secret",
            "correct horse battery staple\n",
        )
        .with("/etc/fogline/psk", "00112233445566778899aabbccddeeff\n");
    let loaded = tree.load().unwrap_or_else(|errors| panic!("{errors}"));
    for warning in &loaded.warnings {
        // The example's users have no secret, but for one.
        let expected = warning
            .message
            .contains("secret-from: users without a secret");
        assert!(expected, "{warning}");
    }
    loaded.config
}

/// What stands behind the `#` of an option in a comment.
fn option(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('#')?;
    rest.starts_with(|c: char| c.is_ascii_lowercase())
        .then_some(rest)
}

#[test]
fn the_server_of_the_example() {
    let config = load(LNS);
    assert!(config.client.is_none());
    let lns = config.lns.unwrap();
    let [listener] = &lns.listeners[..] else {
        panic!("one listener")
    };
    assert_eq!(listener.address, "0.0.0.0:1701".parse().unwrap());
    assert_eq!(
        listener.authentication,
        [Method::MsChapV2, Method::ChapMd5, Method::Pap]
    );
    // The negotiator's defaults are the daemon's.
    assert_eq!(
        listener.scrambling.negotiator(),
        negotiator::Config::new(Policy::Prefer)
    );
    let pool = lns.pool(Some("home")).unwrap();
    assert_eq!(lns.pool(None), Some(pool));
    let ipv4 = pool.ipv4.unwrap();
    assert_eq!(
        ipv4.gateway,
        "10.64.0.1".parse::<std::net::Ipv4Addr>().unwrap()
    );
    assert_eq!(ipv4.capacity(), 65_533);
    assert_eq!(ipv4.addresses().count(), 65_533);
    assert!(!ipv4.addresses().any(|address| address == ipv4.gateway));
    assert_eq!(lns.users.by_name.len(), 3);
}

#[test]
fn the_users_of_the_example() {
    let lns = load(LNS).lns.unwrap();
    let [alice, bob, carol] =
        ["alice", "bob", "carol"].map(|name| &lns.users.by_name[&format!("{name}@example.net")]);
    let served =
        |user: &fogline::config::model::User| Method::ALL.map(|m| user.credential.serves(m));
    assert_eq!(served(alice), [true, false, true]);
    assert_eq!(served(bob), [true; 3]);
    assert_eq!((alice.sessions, bob.sessions), (Some(1), Some(2)));
    assert!(carol.disabled && !bob.disabled);

    let scrambling = &lns.listeners[0].scrambling;
    let (config, secrets) = scrambling.granted(&bob.scrambling);
    assert_eq!(config.policy, Policy::Require);
    assert_eq!(config.terms.want, Transform::Full);
    assert!(matches!(config.secret, SecretSource::Configured(_)) && secrets.is_empty());
    let (config, secrets) = scrambling.granted(&alice.scrambling);
    assert_eq!(config, scrambling.negotiator());
    assert!(secrets.is_empty());
}

#[test]
fn what_passwords_the_example_says_they_have_they_have() {
    use fogline_auth::Proof;
    let lns = load(LNS).lns.unwrap();
    for user in lns.users.by_name.values() {
        let proof = |password: &str| Proof::Pap {
            password: password.as_bytes().to_vec().into(),
        };
        assert!(
            user.credential
                .stored()
                .verify(&proof("open sesame"))
                .is_ok()
        );
        assert!(
            user.credential
                .stored()
                .verify(&proof("open Sesame"))
                .is_err()
        );
    }
    let alice = &lns.users.by_name["alice@example.net"].credential;
    let nt_hash = alice.stored().nt_hash.as_ref().unwrap();
    let expected = fogline_auth::mschapv2::nt_hash("open sesame");
    assert_eq!(nt_hash.as_bytes(), expected.as_bytes());
}

#[test]
fn the_client_of_the_example() {
    let config = load(CLIENT);
    assert!(config.lns.is_none());
    let client = config.client.unwrap();
    assert_eq!(client.server.to_string(), "lns.example.net:1701");
    assert_eq!(client.password.as_str(), "sesame, open");
    assert_eq!(client.dns, Dns::Ignore);
    assert_eq!(
        client.scrambling.negotiator().terms.want_coverage,
        Coverage::ALL
    );
}

#[test]
fn defaults_are_what_the_examples_say() {
    for text in [LNS, CLIENT] {
        let lines = text.lines().map(|line| match option(line) {
            Some(option) if !option.ends_with(EXAMPLE) => option,
            _ => line,
        });
        let spelt = lines.collect::<Vec<_>>().join("\n");
        assert!(spelt != text);
        assert_eq!(load(&spelt), load(text));
    }
}

#[test]
fn every_option_of_the_examples_does_something() {
    for text in [LNS, CLIENT] {
        let usual = load(text);
        for (at, line) in text.lines().enumerate() {
            let Some(option) = option(line).filter(|option| option.ends_with(EXAMPLE)) else {
                continue;
            };
            // What these need beside them, or cannot have.
            let others = |line: &str| match option.split(' ').next() {
                Some("metric") if line == "#default-route = false" => "default-route = true".into(),
                Some("group") if line.starts_with("#user = ") => line[1..].to_owned(),
                Some("password") if line.starts_with("password-file") => String::new(),
                _ => line.to_owned(),
            };
            let lines = text.lines().enumerate().map(|(other, line)| match other {
                other if other == at => option.to_owned(),
                _ => others(line),
            });
            let changed = load(&lines.collect::<Vec<_>>().join("\n"));
            assert!(changed != usual, "{option}");
        }
    }
}
