//! Pools, users and listeners, and what they have to do with each other.

use super::files::{LEAST_LNS, Tree, lns, one, users};

#[test]
fn pools() {
    for (text, holds) in [
        ("ipv4 = \"10.0.0.0/8\"", "name is missing"),
        ("name = \"p\"", "neither ipv4 nor ipv6"),
        (
            "name = \"p\"\nipv4 = \"10.0.0.0/33\"",
            "\"10.0.0.0/33\" is not a prefix",
        ),
        ("name = \"p\"\nipv4 = \"10.0.0.1/8\"", "write 10.0.0.0/8"),
        ("name = \"p\"\nipv4 = \"127.0.0.0/8\"", "no host's"),
        (
            "name = \"p\"\nipv4 = \"2001:db8::/40\"",
            "not an IPv4 prefix",
        ),
        ("name = \"p\"\nipv6 = \"fe80::/64\"", "no host's"),
        (
            "name = \"p\"\nipv6 = \"2001:db8::/65\"",
            "no room for the /64",
        ),
        (
            "name = \"p\"\nipv4 = \"10.0.0.1/32\"",
            "no address left beside the gateway",
        ),
        (
            "name = \"p\"\nipv4 = \"10.0.0.0/8\"\ngateway = \"10.255.255.255\"",
            "first or last",
        ),
        (
            "name = \"p\"\nipv6 = \"2001:db8::/40\"\ngateway = \"10.0.0.1\"",
            "belongs to ipv4",
        ),
        (
            "name = \"p\"\nipv4 = \"10.0.0.0/8\"\ngateway = \"172.16.0.9\"",
            "pool \"q\" hands out",
        ),
        (
            "name = \"p\"\nipv4 = \"172.16.0.0/12\"",
            "overlaps with 172.16.0.0/24 of pool \"q\"",
        ),
        (
            "name = \"p\"\nipv6 = \"2001:db9::/48\"",
            "overlaps with 2001:db9::/40 of pool \"q\"",
        ),
        (
            "name = \"q\"\nipv4 = \"10.0.0.0/8\"",
            "another pool has that name",
        ),
        (
            "name = \"p\"\nipv4 = \"10.0.0.0/8\"\ndns = [\"1.1.1.1\", \"1.0.0.1\", \"9.9.9.9\"]",
            "at most 2",
        ),
    ] {
        let other =
            "[[lns.pool]]\nname = \"q\"\nipv4 = \"172.16.0.0/24\"\nipv6 = \"2001:db9::/40\"\n";
        let tree = lns(&format!("{other}[[lns.pool]]\n{text}\n"));
        one(&tree.errors(), "main.toml:", holds);
    }
    let small = lns(
        "[[lns.pool]]\nname = \"p\"\nipv4 = \"10.0.0.0/30\"\ngateway = \"192.0.2.1\"\n[[lns.pool]]\nname = \"q\"\nipv4 = \"10.0.1.0/31\"\n",
    );
    let lns = small.load().unwrap().config.lns.unwrap();
    let capacities = lns.pools.iter().map(|pool| {
        let ipv4 = pool.ipv4.unwrap();
        assert_eq!(ipv4.addresses().count() as u64, ipv4.capacity());
        ipv4.capacity()
    });
    assert_eq!(capacities.collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn users_files() {
    let alice = "[[user]]\nname = \"alice\"\npassword = \"p\"\n";
    for (text, holds) in [
        ("[[user]]\npassword = \"p\"", "name is missing"),
        (
            "[[user]]\nname = \"alice\"",
            "one of password, password-hash, nt-hash is missing",
        ),
        (
            "[[user]]\nname = \"alice\"\npassword-hash = \"p\"",
            "$6$salt$hash",
        ),
        (
            "[[user]]\nname = \"alice\"\nnt-hash = \"p\"",
            "32 hexadecimal digits",
        ),
        ("[user]\nname = \"alice\"", "write [[user]]"),
        (&format!("{alice}{alice}"), "stands here twice"),
        (
            &format!("{alice}nt-hash = \"00112233445566778899aabbccddeeff\""),
            "keep the password or the hashes",
        ),
        (
            &format!("{alice}pool = \"none\""),
            "there is no \"none\"; there are \"p\", \"six\"",
        ),
        (
            &format!("{alice}ipv4 = \"10.0.0.1\""),
            "is the gateway of pool \"p\"",
        ),
        (
            &format!("{alice}pool = \"six\"\nipv4 = \"10.0.0.2\""),
            "has no ipv4",
        ),
        (&format!("{alice}ipv6 = \"2001:db8::/63\""), "is not a /64"),
        (
            &format!("{alice}ipv4 = \"10.0.0.2\"\nsessions = 2"),
            "only one session",
        ),
        (
            &format!("{alice}sessions = 0"),
            "is not between 1 and 65535",
        ),
        (&format!("{alice}disabeld = true"), "did you mean disabled?"),
        (
            &format!("{alice}scrambling.policy = \"on\""),
            "\"off\", \"prefer\", \"require\"",
        ),
        (
            &format!(
                "{alice}ipv4 = \"10.0.0.2\"\n[[user]]\nname = \"bob\"\npassword = \"p\"\nipv4 = \"10.0.0.2\""
            ),
            "10.0.0.2 belongs to user \"alice\" already",
        ),
        (
            &format!(
                "{alice}ipv6 = \"2001:db8::/64\"\n[[user]]\nname = \"bob\"\npassword = \"p\"\nipv6 = \"2001:db8::/64\""
            ),
            "2001:db8:: belongs to user \"alice\" already",
        ),
    ] {
        one(&users(text).errors(), "users.toml:", holds);
    }
}

#[test]
fn an_early_offer_and_users_with_their_own_do_not_go_together() {
    let main = format!(
        "{LEAST_LNS}scrambling.early-offer = true\n[lns.users]\nfile = \"users.toml\"\n[[lns.pool]]\nname = \"p\"\nipv4 = \"10.0.0.0/24\"\n"
    );
    let own = [
        "policy = \"require\"",
        "transform = \"full\"",
        "coverage = 3",
        "secret = \"00112233445566778899aabbccddeeff\"",
    ];
    for own in own {
        let users = format!("[[user]]\nname = \"alice\"\npassword = \"p\"\nscrambling.{own}\n");
        let tree = Tree::new(&main).with("users.toml", &users);
        one(
            &tree.errors(),
            "main.toml:5:",
            "early-offer: it is made before it is known who calls, but these users have a scrambling of their own: \"alice\"",
        );
    }
    let users = "[[user]]\nname = \"alice\"\npassword = \"p\"\n";
    assert_eq!(Tree::new(&main).with("users.toml", users).errors(), [""; 0]);
}

/// RFC 8200 section 5, and the draft's section on MTU.
#[test]
fn ipv6_must_fit_under_the_transform() {
    for (address, transform, least) in [
        ("0.0.0.0:1", "decoy", 1320),
        ("0.0.0.0:1", "header", 1326),
        ("0.0.0.0:1", "full", 1342),
        ("[::]:1", "header", 1346),
    ] {
        let tree = |mtu: u16| {
            Tree::new(&format!(
                "[lns]\nname = \"l\"\n[[lns.listen]]\naddress = \"{address}\"\npath-mtu = {mtu}\nscrambling.transform = \"{transform}\"\n"
            ))
        };
        let advice = format!("raise path-mtu to {least} or more");
        one(&tree(least - 1).errors(), "main.toml:6:24: ", &advice);
        assert_eq!(tree(least).errors(), [""; 0]);
    }
}

#[test]
fn warnings() {
    let pool = "[[lns.pool]]\nname = \"p\"\nipv4 = \"10.0.0.0/24\"\n";
    let file = "[lns.users]\nfile = \"users.toml\"\n";
    let alice = "[[user]]\nname = \"alice\"\n";
    let secret = "scrambling.secret = \"00112233445566778899aabbccddeeff\"";
    let hash = format!("nt-hash = \"{}\"", "0".repeat(32));
    for (main, users, holds) in [
        (format!("{file}{pool}"), String::new(), "there are no users"),
        (
            format!("authentication = []\n{pool}"),
            String::new(),
            "nobody is asked who they are",
        ),
        (
            file.into(),
            format!("{alice}password = \"p\""),
            "there is no [[lns.pool]]",
        ),
        (
            format!("authentication = [\"pap\"]\n{file}{pool}"),
            format!("{alice}{hash}"),
            "who cannot log in: \"alice\"",
        ),
        (
            format!("authentication = [\"pap\", \"ms-chap-v2\"]\n{file}{pool}"),
            format!("{alice}{hash}"),
            "pap is asked for first, and cannot be checked for some users: \"alice\"",
        ),
        (
            format!("scrambling.secret-from = \"user\"\n{file}{pool}"),
            format!(
                "{alice}password = \"p\"\n[[user]]\nname = \"bob\"\npassword = \"p\"\n{secret}"
            ),
            "users without a secret, whose calls somebody in the middle could take over unnoticed: \"alice\"",
        ),
        (
            format!("scrambling.secret = \"00112233445566778899aabbccddee\"\n{file}{pool}"),
            format!("{alice}password = \"p\""),
            "only 120 bits",
        ),
        (
            format!("{file}{pool}[metrics]\nlisten = \"0.0.0.0:9475\""),
            format!("{alice}password = \"p\""),
            "not a loopback address",
        ),
        (
            format!("{file}{pool}[process]\nuser = \"nobody-of-that-name\""),
            format!("{alice}password = \"p\""),
            "there is no user",
        ),
        (
            format!("{file}{pool}[lns.lcp]\nmru = 1461"),
            format!("{alice}password = \"p\""),
            "leaves room for 1460",
        ),
    ] {
        let tree = lns(&main).with("users.toml", &users);
        one(&tree.warnings(), "main.toml:", holds);
        assert!(tree.warnings()[0].contains(" warning: "));
    }
    let few = LEAST_LNS.replace("name =", "max-sessions = 254\nname =");
    let tree = Tree::new(&format!("{few}{file}{pool}"));
    let tree = tree.with("users.toml", &format!("{alice}password = \"p\""));
    one(
        &tree.warnings(),
        "main.toml:2:16: ",
        "only 253 IPv4 addresses for 254 sessions",
    );
}
