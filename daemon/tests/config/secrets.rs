//! Secrets: who can read their files, and that nobody else gets to see them.

use super::files::{LEAST_LNS, OWN_ID, Tree, lns, one, users};

const SECRET: &str = "not-for-anybody's-eyes";

#[test]
fn files_with_secrets_are_private() {
    let inline = format!("{LEAST_LNS}tunnel-secret = \"x\"\n");
    let by_file = format!("{LEAST_LNS}tunnel-secret-file = \"secret\"\n");
    let plain = |main: &str, owner, mode| Tree::default().with_mode("main.toml", main, owner, mode);
    for (owner, mode, why) in [
        (OWN_ID, 0o644, "mode 0644); use chmod 600"),
        (OWN_ID, 0o640, "mode 0640); use chmod 600"),
        (0, 0o604, "mode 0604); use chmod 600"),
        (8, 0o600, "belongs to user 8"),
    ] {
        one(
            &plain(&inline, owner, mode).errors(),
            "main.toml:5:17: ",
            why,
        );
        let tree = Tree::new(&by_file).with_mode("secret", SECRET, owner, mode);
        one(&tree.errors(), "main.toml:5:22: ", why);
        let tree = users("").with_mode("users.toml", "", owner, mode);
        one(&tree.errors(), "users.toml:1:1: ", why);
        assert_eq!(plain(LEAST_LNS, owner, mode).errors(), [""; 0]);
    }
    for owner in [0, OWN_ID] {
        assert_eq!(plain(&inline, owner, 0o600).errors(), [""; 0]);
    }
    // Once the process is fogline, it reads its files again.
    let fogline = format!("{inline}[process]\nuser = \"fogline\"\n");
    assert_eq!(plain(&fogline, 7, 0o600).errors(), [""; 0]);
    one(
        &plain(LEAST_LNS, 0, 0o646).errors(),
        "main.toml:1:1: ",
        "anybody may change this file",
    );
}

/// Wrong as they may be, secrets come into no message, nor into what `Debug` shows.
#[test]
fn secrets_are_never_shown() {
    let user = "[[user]]\nname = \"alice\"\n";
    let wrong = [
        lns(&format!("scrambling.secret = \"{SECRET}\"")),
        lns(&format!("tunnel-secret = [\"{SECRET}\"]")),
        lns(&format!("tunnel-secret = {SECRET}")),
        lns(&format!("tunnel-secret = \"{SECRET}")),
        lns(SECRET),
        lns(&format!(
            "tunnel-secret-file = \"s\"\ntunnel-secret = \"{SECRET}\""
        )),
        users(&format!("{user}password-hash = \"{SECRET}\"")),
        users(&format!("{user}nt-hash = \"{SECRET}\"")),
        users(&format!("{user}password = \"{}\"", SECRET.repeat(12))),
        users(&format!("{user}scrambling.secret = \"{SECRET}\"")),
    ];
    for tree in wrong {
        let found = tree.load().unwrap_err();
        for shown in [found.to_string(), format!("{found:?}")] {
            assert!(!shown.contains(SECRET), "{shown}");
        }
    }
    let right = format!("{user}password = \"{SECRET}\"");
    let main = format!("tunnel-secret = \"{SECRET}\"\n[lns.users]\nfile = \"users.toml\"\n");
    let shown = format!(
        "{:?}",
        lns(&main).with("users.toml", &right).load().unwrap()
    );
    assert!(
        shown.contains("alice") && !shown.contains(SECRET),
        "{shown}"
    );
}
