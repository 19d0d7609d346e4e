//! systemd's opinion of its units.

use std::fs;
use std::process::Command;

const UNITS: [(&str, &str); 2] = [
    (
        "fogline-lns.service",
        include_str!("../../../packaging/fogline-lns.service"),
    ),
    (
        "fogline-client@home.service",
        include_str!("../../../packaging/fogline-client@.service"),
    ),
];

#[test]
fn systemd_has_nothing_to_say_against_the_units() {
    let there = Command::new("systemd-analyze").arg("--version").output();
    if there.is_err() {
        eprintln!("skipped: systemd-analyze is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in UNITS {
        // As installed, but for where the program is.
        let text = text.replace("/usr/bin/fogline", env!("CARGO_BIN_EXE_fogline"));
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let output = Command::new("systemd-analyze")
            .arg("verify")
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{name}: {said}");
    }
}

/// What the daemon writes, the unit makes.
#[test]
fn folders_of_the_units_are_those_of_the_configuration() {
    let lns = UNITS[0].1;
    let config = include_str!("../../../packaging/fogline.toml");
    let client = include_str!("../../../packaging/client.toml");
    assert!(
        lns.contains("RuntimeDirectory=fogline\n") && config.contains("\"/run/fogline/control\"")
    );
    assert!(lns.contains("StateDirectory=fogline\n") && config.contains("\"/var/lib/fogline\""));
    let unit = UNITS[1].1;
    assert!(unit.contains("RuntimeDirectory=fogline-client/%i\n"));
    assert!(client.contains("\"/run/fogline-client/home/control\""));
    assert!(unit.contains("StateDirectory=fogline-client/%i\n"));
    assert!(client.contains("\"/var/lib/fogline-client/home\""));
}
