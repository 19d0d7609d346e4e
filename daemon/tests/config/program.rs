//! `fogline check-config`, `genpsk` and `hash-password` as programs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use fogline_auth::verify::{PapSecret, Stored};
use fogline_auth::{Proof, verify};

use super::files::LEAST_LNS;

fn fogline(args: &[&str], folder: &Path, input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fogline"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn check_config_says_whether_a_file_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.toml");
    let check = |text: &str, args: &[&str]| {
        fs::write(&path, text).unwrap();
        let args = [&["check-config", "f.toml"], args].concat();
        fogline(&args, folder.path(), "")
    };
    let good = check(LEAST_LNS, &[]);
    assert_eq!(good.status.code(), Some(0));
    let shown = out(&good);
    assert!(
        shown.contains("f.toml:1:2: warning: lns: there is no [[lns.pool]]"),
        "{shown}"
    );
    assert!(
        shown.ends_with("f.toml can be used: 2 warnings\n"),
        "{shown}"
    );

    let bad = check("[lns]\n", &["--json"]);
    assert_eq!(bad.status.code(), Some(65));
    let lines: Vec<serde_json::Value> = out(&bad)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        (
            &lines[0]["file"],
            &lines[0]["line"],
            &lines[0]["column"],
            &lines[0]["severity"]
        ),
        (&"f.toml".into(), &1.into(), &2.into(), &"error".into())
    );

    let none = fogline(&["check-config", "no.toml"], folder.path(), "");
    assert_eq!(none.status.code(), Some(66));
}

#[test]
fn genpsk_makes_a_new_file_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let make = || fogline(&["genpsk", "--out", "psk"], folder.path(), "");
    assert_eq!(make().status.code(), Some(0));
    let path = folder.path().join("psk");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    let secret = fs::read_to_string(&path).unwrap();
    assert_eq!(make().status.code(), Some(73));
    assert_eq!(fs::read_to_string(&path).unwrap(), secret);

    // It is what a configuration takes, without any warning about it.
    let main = format!("{LEAST_LNS}scrambling.secret-file = \"psk\"\n");
    fs::write(folder.path().join("f.toml"), main).unwrap();
    let loaded = fogline::config::load(&folder.path().join("f.toml")).unwrap();
    assert!(
        !loaded
            .warnings
            .iter()
            .any(|warning| warning.message.contains("secret"))
    );

    let printed = out(&fogline(&["genpsk"], folder.path(), ""));
    assert_eq!((printed.len(), printed == secret), (45, false));
}

#[test]
fn hash_password_makes_what_the_file_of_users_takes() {
    let folder = tempfile::tempdir().unwrap();
    let hash =
        |args: &[&str], input| fogline(&[&["hash-password"], args].concat(), folder.path(), input);
    let crypt = out(&hash(&[], "open sesame\n"));
    assert!(crypt.starts_with("$6$"), "{crypt}");
    let stored = Stored {
        pap: verify::CryptHash::parse(crypt.trim_end())
            .ok()
            .map(PapSecret::Crypt),
        ..Stored::default()
    };
    let proof = |password: &str| Proof::Pap {
        password: password.as_bytes().to_vec().into(),
    };
    assert!(stored.verify(&proof("open sesame")).is_ok());
    assert!(stored.verify(&proof("open sesame\n")).is_err());
    assert_ne!(out(&hash(&[], "open sesame\n")), crypt, "a salt of its own");

    // RFC 2759 section 9.2.
    assert_eq!(
        out(&hash(&["--nt"], "clientPass")),
        "44ebba8d5312b8d611474411f56989ae\n"
    );
    for wrong in ["", "\n", &"x".repeat(256)] {
        assert_eq!(hash(&[], wrong).status.code(), Some(65));
    }
}
