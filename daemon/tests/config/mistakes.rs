//! What is said of mistakes, and where.

use super::files::{Tree, lns, one};

#[test]
fn the_least_is_enough() {
    assert_eq!(lns("").errors(), [""; 0]);
    let client = "[client]\nserver = \"s\"\nuser = \"u\"\npassword = \"p\"\n";
    assert_eq!(Tree::new(client).errors(), [""; 0]);
}

#[test]
fn every_mistake_is_told_with_line_and_column_in_order() {
    let shown = lns(
        "ff03 = \"perhaps\"\n  path-mtu = -1\nauthentication = [\"pap\", \"chip\"]\n[lns.lpc]\n[log]\nformat = 7\n",
    );
    assert_eq!(
        shown.errors(),
        [
            "main.toml:5:8: listener 0.0.0.0:1701: ff03: \"perhaps\" is none of \"follow\", \"always\", \"never\"",
            "main.toml:6:14: listener 0.0.0.0:1701: path-mtu: is not between 576 and 9216",
            "main.toml:7:26: listener 0.0.0.0:1701: authentication: \"chip\" is none of \"ms-chap-v2\", \"chap-md5\", \"pap\"",
            "main.toml:8:6: lns: unknown option \"lpc\"; did you mean lcp?",
            "main.toml:10:10: log: format: a number where text in quotes is needed",
        ]
    );
}

#[test]
fn single_mistakes_at_a_listener() {
    for (text, holds) in [
        (
            "path-mtu = \"1500\"",
            "text where a number (without quotes)",
        ),
        ("path-mtu = 1e3", "a fraction where a number"),
        ("sequencing = \"yes\"", "text where true or false"),
        ("authentication = \"pap\"", "text where a list in [ ]"),
        (
            "authentication = [\"pap\", \"pap\"]",
            "names something twice",
        ),
        ("hide-avps = true", "hidden by the tunnel secret"),
        ("tunnel-secret = \"\"", "is empty"),
        (
            "tunnel-secret = \"a\"\ntunnel-secret-file = \"b\"",
            "keep one of them",
        ),
        (
            "tunnel-secret-file = \"b\"",
            "b cannot be read: entity not found",
        ),
        (
            "scrambling = \"on\"",
            "text where a section [lns.listen.scrambling] is needed",
        ),
        (
            "scrambling.policy = \"maybe\"",
            "\"off\", \"prefer\", \"require\"",
        ),
        ("scrambling.coverage = 255", "is not between 1 and 254"),
        ("scrambling.coverage = \"most\"", "neither \"all\""),
        (
            "scrambling.coverage = 4\nscrambling.min-coverage = 5",
            "more than coverage",
        ),
        ("scrambling.can-send = []", "nothing is ever scrambled"),
        ("scrambling.secret = \"%\"", "fogline genpsk"),
        (
            "scrambling.secret-from = \"user\"\nscrambling.early-offer = true",
            "before it is known who calls",
        ),
        (
            "scrambling.secret-from = \"user\"\nscrambling.secret = \"00112233445566778899aabbccddeeff\"",
            "keep one of them",
        ),
        (
            "scrambling.rekey-interval = \"10s\"\nscrambling.rekey-overlap = \"10s\"",
            "not shorter than rekey-interval",
        ),
        (
            "scrambling.rekey-interval = \"often\"",
            "is not a time such as",
        ),
        (
            "scrambling.rekey-interval = \"9days\"",
            "is not between 100ms and 7days",
        ),
        (
            "scrambling.timing.restart = 1",
            "a number where a time such as \"30s\"",
        ),
        (
            "[[lns.listen]]\naddress = \"0.0.0.0:1701\"",
            "another listener has that address",
        ),
        ("[[lns.listen]]\naddress = \"0.0.0.0:0\"", "port 0"),
        (
            "[[lns.listen]]\naddress = \"lns.example.net:1701\"",
            "is not an address with a port",
        ),
        ("[[lns.listen]]", "address is missing"),
        ("[lns.users]\nfile = \"nobody\"", "nobody cannot be read"),
        (
            "[lns.l2tp]\nrestart = \"9s\"\nrestart-cap = \"8s\"",
            "less than restart",
        ),
        (
            "[lns.router-advertisement]\nrouter-lifetime = \"5s\"",
            "shorter than interval",
        ),
        (
            "[lns.router-advertisement]\nprefix-valid = \"1h\"\nprefix-preferred = \"2h\"",
            "longer than prefix-valid",
        ),
        ("[lns.pool]\nname = \"p\"", "write [[lns.pool]]"),
        ("[process]\ngroup = \"fogline\"", "needs user"),
        ("[control]\nsocket = \"control\"", "does not begin with /"),
        ("[metrics]", "listen is missing"),
        ("[log]\nfilter = \"a=b=c\"", "write a level"),
    ] {
        one(&lns(text).errors(), "main.toml:", holds);
    }
}

#[test]
fn servers_to_dial() {
    let dials = |server: &str| {
        let text = format!("[client]\nserver = \"{server}\"\nuser = \"u\"\npassword = \"p\"\n");
        Tree::new(&text)
            .load()
            .map(|loaded| loaded.config.client.unwrap().server.to_string())
    };
    for (server, shown) in [
        ("lns.example.net", "lns.example.net:1701"),
        ("lns.example.net:1702", "lns.example.net:1702"),
        ("192.0.2.1", "192.0.2.1:1701"),
        ("2001:db8::1", "[2001:db8::1]:1701"),
        ("[2001:db8::1]", "[2001:db8::1]:1701"),
        ("[2001:db8::1]:9", "[2001:db8::1]:9"),
    ] {
        assert_eq!(dials(server).as_deref(), Ok(shown));
    }
    for server in [
        "", "a b", ":1701", "a:", "a:0", "a:65536", "a:1:2", "[::1", "[a]:1", "[::1]1", "a/b",
    ] {
        assert!(dials(server).is_err(), "{server}");
    }
}

#[test]
fn single_mistakes_of_a_client() {
    for (text, holds) in [
        ("dns = \"always\"", "\"ignore\", \"resolv-conf\""),
        ("dns = { fiel = \"/run/x\" }", "{ file = "),
        ("dns = { file = \"x\" }", "does not begin with /"),
        ("dns = 1", "a number where \"ignore\""),
        ("metric = 3", "belongs to default-route"),
        ("ipv4 = false\nipv6 = false", "both off"),
        ("authentication = []", "at least one"),
        ("local = \"[::]:0\"", "one of local and server is IPv4"),
        ("tun = \"an-interface-name\"", "15 are the most"),
        ("tun = \"a/b\"", "cannot name an interface"),
        ("redial = { min = \"2s\", max = \"1s\" }", "less than min"),
        ("hooks.ip-up = \"ip-up\"", "does not begin with /"),
        (
            "scrambling.secret-from = \"user\"",
            "unknown option \"secret-from\"",
        ),
        ("password-file = \"p\"", "keep one of them"),
    ] {
        let client = "[client]\nserver = \"192.0.2.1\"\nuser = \"u\"\npassword = \"p\"\n";
        one(
            &Tree::new(&format!("{client}{text}\n")).errors(),
            "main.toml:",
            holds,
        );
    }
}
