//! A reload: what holds at once, what for new calls, and what only after a restart.

use fogline::config::Changes;
use fogline::config::model::Config;

use super::files::Tree;

const MAIN: &str = "\
[lns]
name = \"lns\"
[[lns.listen]]
address = \"0.0.0.0:1701\"
[[lns.listen]]
address = \"[::]:1701\"
[[lns.pool]]
name = \"home\"
ipv4 = \"10.64.0.0/16\"
[lns.users]
file = \"users.toml\"
[client]
server = \"192.0.2.1\"
user = \"alice\"
password = \"secret\"
";
const USERS: &str = "\
[[user]]
name = \"alice\"
password = \"secret\"
[[user]]
name = \"bob\"
password = \"secret\"
";

fn config(main: &str, users: &str) -> Config {
    let tree = Tree::new(main).with("users.toml", users);
    tree.load()
        .unwrap_or_else(|errors| panic!("{errors}"))
        .config
}

fn changes(main: &str, users: &str) -> Changes {
    Changes::between(&config(MAIN, USERS), &config(main, users))
}

#[test]
fn nothing_changed() {
    let changes = changes(MAIN, USERS);
    assert!(changes.is_empty());
    assert_eq!(changes.config, config(MAIN, USERS));
}

#[test]
fn users_come_and_go_at_once() {
    let users = USERS.replace("alice", "carol");
    let users = users.replace(
        "\"bob\"\npassword = \"secret\"",
        "\"bob\"\npassword = \"new\"",
    );
    let changes = changes(MAIN, &users);
    assert_eq!(
        changes.applied,
        ["lns.users: 1 added, 1 removed, 1 changed; calls that are up stay as they are"]
    );
    assert!(changes.need_restart.is_empty());
    assert_eq!(changes.config, config(MAIN, &users));
}

#[test]
fn scrambling_of_a_listener_holds_for_new_calls() {
    let main = MAIN.replace(
        "[[lns.pool]]",
        "scrambling.policy = \"require\"\n[[lns.pool]]",
    );
    let changes = changes(&main, USERS);
    assert_eq!(
        changes.applied,
        ["listener [::]:1701: changed; holds for new calls"]
    );
    assert_eq!(changes.config, config(&main, USERS));
}

#[test]
fn a_tunnel_secret_holds_for_new_tunnels() {
    let main = MAIN.replacen(":1701\"", ":1701\"\ntunnel-secret = \"x\"", 1);
    let changes = changes(&main, USERS);
    assert_eq!(
        changes.applied,
        ["listener 0.0.0.0:1701: changed; holds for new tunnels"]
    );
}

/// What was opened or made at the start stays, and the rest of the new file holds all the same.
#[test]
fn sockets_and_interfaces_need_a_restart() {
    let main = MAIN.replace("0.0.0.0:1701", "0.0.0.0:1702").replace(
        "name = \"lns\"",
        "name = \"lns\"\ntun = \"other0\"\nmss-clamp = false",
    ) + "[log]\nfilter = \"debug\"\nformat = \"json\"\n[metrics]\nlisten = \"127.0.0.1:9475\"\n";
    let changes = changes(&main, USERS);
    assert_eq!(
        changes.need_restart,
        [
            "log.format: changed; needs a restart",
            "the section metrics: changed; needs a restart",
            "lns.tun: changed; needs a restart",
            "listener 0.0.0.0:1701 is gone from the file; it stays open until a restart",
            "listener 0.0.0.0:1702 is new; it opens with a restart",
        ]
    );
    assert_eq!(
        changes.applied,
        [
            "log.filter: changed; holds from now on",
            "lns.mss-clamp: changed; holds from now on",
        ]
    );
    let holds = MAIN.replace("name = \"lns\"", "name = \"lns\"\nmss-clamp = false")
        + "[log]\nfilter = \"debug\"\n";
    assert_eq!(changes.config, config(&holds, USERS));
}

#[test]
fn a_section_that_comes_or_goes_needs_a_restart() {
    let (lns, client) = MAIN.split_at(MAIN.find("[client]").unwrap());
    for main in [lns, client] {
        let changes = changes(main, USERS);
        assert_eq!(changes.need_restart.len(), 1);
        assert_eq!(changes.config, config(MAIN, USERS));
    }
}

#[test]
fn a_client_dials_with_the_new_the_next_time() {
    let main = MAIN.replace("192.0.2.1", "192.0.2.2")
        + "default-route = true\n[client.redial]\nmax = \"1m\"\n";
    let changes = changes(&main, USERS);
    assert_eq!(
        changes.applied,
        [
            "client.redial: changed; holds from now on",
            "client: changed; holds from the next time it dials",
        ]
    );
    assert_eq!(
        changes.need_restart,
        ["client.default-route: changed; needs a restart"]
    );
    let client = changes.config.client.unwrap();
    assert_eq!(client.server.host, "192.0.2.2");
    assert_eq!(client.default_route, None);
}
