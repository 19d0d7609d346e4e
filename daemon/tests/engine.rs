//! Access server and clients against each other: calls come up, data goes through, scrambled as agreed.

mod world;

use std::net::{Ipv4Addr, Ipv6Addr};

use fogline::client::ClientEvent;
use scramble::agreement::Transform;
use world::carrier::{Perfect, Wiretap};
use world::packet::{udp4, udp6};
use world::{Place, World, client_config, lns_config, ms, s};

const INTERNET: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 80);
const INTERNET6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xDB8, 0xFFFF, 0, 0, 0, 0, 0x80);
const SECRET: &[u8] =
    b"the name of a host: www.example.org, and more than 64 bytes of whatever follows it .....";

fn pair(scrambling: &str) -> World<Wiretap> {
    World::new(
        1,
        lns_config(scrambling, ""),
        vec![client_config(0, scrambling, "")],
        Wiretap::default(),
    )
}

fn transform(world: &World<Wiretap>) -> Option<(Transform, Transform)> {
    let agreement = world.clients[0].session()?.agreement?;
    Some((agreement.send.transform, agreement.receive.transform))
}

#[test]
fn a_call_comes_up_scrambled_and_data_goes_through_both_ways() {
    let transforms = [
        ("decoy", Transform::Decoy),
        ("header", Transform::Header),
        ("full", Transform::Full),
    ];
    for (name, expected) in transforms {
        let mut world = pair(&format!("policy = \"require\"\ntransform = \"{name}\""));
        assert!(
            world.run_while(s(5), |world| !world.all_up()),
            "{name}: no IPv4"
        );
        assert!(
            world.run_while(s(5), |world| {
                !world.events[0]
                    .iter()
                    .any(|event| matches!(event, ClientEvent::Ipv6Prefix { .. }))
            }),
            "{name}: no prefix"
        );
        assert_eq!(transform(&world), Some((expected, expected)));
        let (own, _) = world.ipv4(0).unwrap();
        let address = world.events[0].iter().find_map(|event| match event {
            ClientEvent::Ipv6Prefix { address, .. } => Some(*address),
            _ => None,
        });
        let own6 = address.unwrap();
        let up = [udp4(own, INTERNET, SECRET), udp6(own6, INTERNET6, SECRET)];
        let down = [udp4(INTERNET, own, SECRET), udp6(INTERNET6, own6, SECRET)];
        world.carrier.seen.clear();
        for (up, down) in up.iter().zip(&down) {
            world.send(Place::Client(0), up);
            world.send(Place::Lns, down);
        }
        world.run_for(ms(100));
        assert_eq!(world.take(Place::Lns), up, "{name}");
        assert_eq!(world.take(Place::Client(0)), down, "{name}");
        for flying in &world.carrier.seen {
            let has = |needle: &[u8]| {
                flying
                    .payload
                    .windows(needle.len())
                    .any(|part| part == needle)
            };
            assert!(
                !has(b"www.example.org") && !has(&INTERNET.octets()) && !has(&INTERNET6.octets()),
                "{name}"
            );
        }
    }
}

#[test]
fn an_end_that_does_not_scramble_is_served_in_clear_unless_the_other_requires() {
    for (lns, client, up) in [
        ("off", "off", true),
        ("off", "prefer", true),
        ("prefer", "off", true),
        ("require", "off", false),
        ("off", "require", false),
    ] {
        let policy = |policy: &str| format!("policy = \"{policy}\"");
        let lns_side = lns_config(&policy(lns), "");
        let client_side = client_config(0, &policy(client), "");
        let mut world = World::new(2, lns_side, vec![client_side], Perfect);
        let came_up = world.run_while(s(60), |world| !world.all_up());
        assert_eq!(came_up, up, "{lns} and {client}");
        if up {
            let (own, _) = world.ipv4(0).unwrap();
            let packet = udp4(own, INTERNET, SECRET);
            world.send(Place::Client(0), &packet);
            world.run_for(ms(50));
            assert_eq!(world.take(Place::Lns), [packet]);
        } else {
            let told = world.events[0].iter().any(|event| match event {
                ClientEvent::Down { reason, .. } => reason.contains("scrambl"),
                _ => false,
            });
            assert!(told, "{lns} and {client}: {:?}", world.events[0]);
        }
    }
}

#[test]
fn a_subscriber_cannot_send_from_addresses_that_are_not_its_own() {
    let mut world = pair("policy = \"require\"");
    assert!(world.run_while(s(5), |world| !world.all_up()));
    world.send(
        Place::Client(0),
        &udp4(Ipv4Addr::new(10, 64, 9, 9), INTERNET, SECRET),
    );
    world.run_for(ms(50));
    assert!(world.take(Place::Lns).is_empty());
    let session = world
        .lns
        .calls()
        .session(world.session_of(0).unwrap())
        .unwrap();
    assert_eq!(session.drops.get(fogline::calls::Drop::WrongSource), 1);
}

#[test]
fn a_wrong_password_is_refused_with_a_reason() {
    let mut client = client_config(0, "policy = \"prefer\"", "");
    client.user = "user1".into();
    let mut world = World::new(
        3,
        lns_config("policy = \"prefer\"", ""),
        vec![client],
        Perfect,
    );
    assert!(!world.run_while(s(5), |world| !world.all_up()));
    let reasons: Vec<_> = world.events[0]
        .iter()
        .filter_map(|event| match event {
            ClientEvent::Down { reason, .. } => Some(reason.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("authentication")),
        "{reasons:?}"
    );
}

#[test]
fn a_client_dials_again_after_the_server_went() {
    let mut world = pair("policy = \"require\"");
    assert!(world.run_while(s(5), |world| !world.all_up()));
    world.stop_lns();
    world.run_for(s(5));
    assert!(world.events[0].iter().any(|event| matches!(event, ClientEvent::Down { reason, .. } if reason.contains("shutting down"))), "{:?}", world.events[0]);
    assert!(
        world.events[0]
            .iter()
            .filter(|event| **event == ClientEvent::Dial)
            .count()
            > 1
    );
}
