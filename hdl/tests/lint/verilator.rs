//! What Verilator says of the Verilog that comes out.

use std::path::{Path, PathBuf};
use std::process::Command;

use fogline_hdl::emit::{Design, MODULES, Parameters, TOPS, design, module};

/// Rules that rust-hdl's style breaks without harm. Widths are the kernels' rules' matter.
const WITHOUT: &[&str] = &[
    "WIDTH",
    "DECLFILENAME",
    "UNUSED",
    "VARHIDDEN",
    "PINCONNECTEMPTY",
];

/// Runs Verilator's lint over `files`; whatever it says fails.
fn clean(files: &[PathBuf], top: &str) {
    let output = Command::new("verilator")
        .args(["--lint-only", "-Wall", "--top-module", top])
        .args(WITHOUT.iter().map(|rule| format!("-Wno-{rule}")))
        .args(files)
        .output()
        .expect("Verilator runs: Debian's package verilator");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{top}:\n{told}");
}

fn written(design: &Design, directory: &Path) -> PathBuf {
    let path = directory.join(format!("{}.v", design.name));
    std::fs::write(&path, &design.verilog).expect("the directory is ours");
    path
}

/// Every module by itself.
#[test]
fn modules_are_clean() {
    let directory = tempfile::tempdir().unwrap();
    for part in MODULES {
        let design = module(part.name).unwrap();
        clean(&[written(&design, directory.path())], part.name);
    }
}

/// The smallest card of each size.
#[test]
fn designs_are_clean() {
    let directory = tempfile::tempdir().unwrap();
    for top in TOPS {
        let fewest = TOPS
            .iter()
            .filter(|other| other.size == top.size)
            .map(|other| other.sessions)
            .min();
        if fewest == Some(top.sessions) {
            let parameters = Parameters {
                sessions: top.sessions,
                clock_khz: top.size.clock_khz(),
            };
            let design = design(top.size, &parameters).unwrap();
            clean(&[written(&design, directory.path())], &design.name);
        }
    }
}
