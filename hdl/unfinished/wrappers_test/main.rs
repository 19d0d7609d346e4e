//! The wrappers fit the card and the shells' ports, and what they add of their own works.

use std::path::{Path, PathBuf};
use std::process::Command;

use fogline_hdl::emit::{Parameters, Size, TOPS, design};

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Verilator says nothing of the wrapper `top` around `card`, at `parameters`.
fn clean(top: &str, helper: &str, card: &Path, parameters: &[&str]) {
    let output = Command::new("verilator")
        .args(["--lint-only", "-Wall", "-Wno-DECLFILENAME", "-Wno-UNUSED"])
        .args([
            "-Wno-PINCONNECTEMPTY",
            "-Wno-VARHIDDEN",
            "--top-module",
            top,
        ])
        .args(parameters.iter().map(|parameter| format!("-G{parameter}")))
        .arg(path(&format!("wrappers/{top}.v")))
        .arg(path(&format!("wrappers/{helper}.v")))
        .arg(card)
        .output()
        .expect("Verilator runs: Debian's package verilator");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{top} {parameters:?}:\n{told}");
}

fn wrappers(card: &Path) {
    for parameters in [&[][..], &["NUM_PHYS_FUNC=2", "NUM_CMAC_PORT=2"]] {
        clean(
            "fogline_opennic_box_250mhz",
            "fogline_axil_bridge",
            card,
            parameters,
        );
    }
    for parameters in [
        &[][..],
        &["IF_COUNT=2", "QUEUES=1"],
        &[
            "PORTS_PER_IF=2",
            "PTP_TS_ENABLE=0",
            "AXIL_APP_CTRL_ADDR_WIDTH=24",
        ],
    ] {
        clean(
            "fogline_corundum_app",
            "fogline_completions",
            card,
            parameters,
        );
    }
}

#[test]
fn ports_fit() {
    wrappers(&path("tests/wrappers/line100.v"));
}

/// The same around the card itself: the stub above is no other.
#[test]
fn ports_are_the_cards() {
    let sessions = TOPS
        .iter()
        .filter(|top| top.size == Size::Line100)
        .map(|top| top.sessions);
    let Some(sessions) = sessions.min() else {
        return;
    };
    let parameters = Parameters {
        sessions,
        clock_khz: Size::Line100.clock_khz(),
    };
    let directory = tempfile::tempdir().unwrap();
    let card = directory.path().join("line100.v");
    // Its own lint is another test's matter.
    let text = design(Size::Line100, &parameters).unwrap().verilog;
    std::fs::write(&card, format!("/* verilator lint_off WIDTH */\n{text}")).unwrap();
    wrappers(&card);
}

/// Runs a test bench in Icarus until it says that it passed.
fn passes(bench: &str, design: &str, parameters: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("bench");
    let built = Command::new("iverilog")
        .args(["-g2005-sv", "-Wall", "-Wno-timescale", "-s", bench])
        .args(
            parameters
                .iter()
                .map(|parameter| format!("-P{bench}.{parameter}")),
        )
        .arg("-o")
        .arg(&program)
        .arg(path(&format!("tests/wrappers/{bench}.v")))
        .arg(path(&format!("wrappers/{design}.v")))
        .status()
        .expect("Icarus runs: Debian's package iverilog");
    assert!(built.success());
    let output = Command::new("vvp").arg(&program).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("passed"), "{bench} {parameters:?}: {told}");
}

#[test]
fn registers_cross_clocks() {
    for clocks in [[4000, 2000], [2000, 4000], [3137, 2011], [1009, 7919]] {
        let [s, m] = clocks;
        passes(
            "bridge_tb",
            "fogline_axil_bridge",
            &[&format!("S_HALF={s}"), &format!("M_HALF={m}")],
        );
    }
}

#[test]
fn completions_are_kept() {
    passes("completions_tb", "fogline_completions", &[]);
}
