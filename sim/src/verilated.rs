//! A Verilog module as an object: Verilator makes C++ of it, the C++ compiler a shared object, and [`Model`] loads that.
//!
//! What was built once is found again under `target/verilated`, by the hash of its text, so that a test pays for the
//! compiler only when the Verilog has changed. Tests may build and run any number of models at once.
//!
//! ```no_run
//! use fogline_sim::verilated::Model;
//! # fn main() -> anyhow::Result<()> {
//! # let (verilog, block) = (String::new(), [0u32; 16]);
//! // let verilog = fogline_hdl::emit::verilog(Adder::default(), "adder");
//! let mut adder = Model::build(&verilog, "adder")?;
//! adder.set("reset", 1);
//! adder.tick();
//! adder.set("reset", 0);
//! adder.set("s_count", 5);             // up to 64 bits
//! adder.set_wide("s_block", &block);   // any width: 32-bit words, lowest first
//! adder.eval();                        // what depends on inputs alone follows
//! let ready = adder.get("s_ready");    // what the clock edge to come will see
//! adder.tick();                        // clock low, clock high: registers have moved
//! let block = adder.get_wide("m_block");
//! # let _ = (ready, block);
//! # Ok(())
//! # }
//! ```
//!
//! A caller that sets the same ports millions of times looks them up once: [`Model::input`], [`Model::output`].

use anyhow::{Context as _, Result, bail, ensure};
use libloading::Library;
use std::collections::HashMap;
use std::ffi::c_void;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module under simulation. All ports are 0 at first.
pub struct Model {
    ports: HashMap<String, Port>,
    clock: Option<Input>,
    handle: *mut c_void,
    eval: EvalFn,
    destroy: EvalFn,
    /// Last: the functions above are its own.
    _library: Library,
}

type CreateFn = unsafe extern "C" fn() -> *mut c_void;
type PortFn = unsafe extern "C" fn(*mut c_void, u32) -> *mut c_void;
type EvalFn = unsafe extern "C" fn(*mut c_void);

/// An input port of one model, found by name once. It is of no use with another model.
#[derive(Clone, Copy, Debug)]
pub struct Input(Port);

/// A port of one model to read, output or input. It is of no use with another model.
#[derive(Clone, Copy, Debug)]
pub struct Output(Port);

#[derive(Clone, Copy, Debug)]
struct Port {
    bits: usize,
    input: bool,
    /// Into the C++ object: as many bytes as Verilator gives a signal of `bits` bits.
    at: *mut c_void,
    /// That object, to tell models apart.
    model: *mut c_void,
}

impl Model {
    /// Builds module `top` of `verilog`, or finds it built, and makes one of it.
    ///
    /// # Errors
    /// Where `top` is not in the text, or Verilator or the compiler refuse it.
    pub fn build(verilog: &str, top: &str) -> Result<Self> {
        let ports = declared_ports(verilog, top)?;
        let shim = shim(&ports);
        let object = built(verilog, top, &shim)?;
        Self::load(&object, ports).with_context(|| format!("loading {}", object.display()))
    }

    fn load(object: &Path, declared: Vec<Declared>) -> Result<Self> {
        // SAFETY: the object was compiled by `built` from Verilator's output and our shim. Its initialisers
        // are those of libstdc++ and of Verilator's own statics, which ask nothing of the caller.
        let library = unsafe { Library::new(object) }?;
        // SAFETY: the shim defines these four functions with exactly these signatures. Their pointers
        // stay valid as long as `library`, which `Model` keeps and drops last.
        let (create, port, eval, destroy) = unsafe {
            (
                *library.get::<CreateFn>(b"fogline_create\0")?,
                *library.get::<PortFn>(b"fogline_port\0")?,
                *library.get::<EvalFn>(b"fogline_eval\0")?,
                *library.get::<EvalFn>(b"fogline_destroy\0")?,
            )
        };
        // SAFETY: takes nothing; returns a new object that `Drop` hands to `destroy` once.
        let handle = unsafe { create() };
        ensure!(!handle.is_null(), "no model was made");
        let mut ports = HashMap::new();
        for (number, declared) in (0u32..).zip(declared) {
            // SAFETY: `handle` is what `create` made, and the shim numbers ports in this order.
            let at = unsafe { port(handle, number) };
            ensure!(!at.is_null(), "port {} has no place", declared.name);
            ports.insert(
                declared.name,
                Port {
                    bits: declared.bits,
                    input: declared.input,
                    at,
                    model: handle,
                },
            );
        }
        let clock = ports
            .get("clock")
            .filter(|port| port.input)
            .copied()
            .map(Input);
        let mut model = Self {
            ports,
            clock,
            handle,
            eval,
            destroy,
            _library: library,
        };
        model.eval();
        Ok(model)
    }

    /// Names of all ports.
    pub fn ports(&self) -> impl Iterator<Item = &str> {
        self.ports.keys().map(String::as_str)
    }

    /// Whether there is a port of this name.
    pub fn has(&self, name: &str) -> bool {
        self.ports.contains_key(name)
    }

    /// The input port `name`.
    ///
    /// # Panics
    /// Where there is none.
    pub fn input(&self, name: &str) -> Input {
        let port = self.port(name);
        assert!(port.input, "port {name} is an output");
        Input(port)
    }

    /// The port `name`, to read.
    ///
    /// # Panics
    /// Where there is none.
    pub fn output(&self, name: &str) -> Output {
        Output(self.port(name))
    }

    fn port(&self, name: &str) -> Port {
        *self
            .ports
            .get(name)
            .unwrap_or_else(|| panic!("no port {name}"))
    }

    /// Bits of the port `name`.
    ///
    /// # Panics
    /// Where there is none.
    pub fn bits(&self, name: &str) -> usize {
        self.port(name).bits
    }

    /// Sets input `name`, of up to 64 bits.
    ///
    /// # Panics
    /// Where there is no such input, it is wider, or `value` does not fit.
    pub fn set(&mut self, name: &str, value: u64) {
        self.set_at(self.input(name), value);
    }

    /// Sets input `name` from 32-bit words, lowest first. Words that are not given are 0.
    ///
    /// # Panics
    /// Where there is no such input or the words do not fit.
    pub fn set_wide(&mut self, name: &str, words: &[u32]) {
        self.set_wide_at(self.input(name), words);
    }

    /// Reads port `name`, of up to 64 bits.
    ///
    /// # Panics
    /// Where there is no such port, or it is wider.
    pub fn get(&self, name: &str) -> u64 {
        self.get_at(self.output(name))
    }

    /// Reads port `name` as 32-bit words, lowest first, as many as its bits need.
    ///
    /// # Panics
    /// Where there is no such port.
    pub fn get_wide(&self, name: &str) -> Vec<u32> {
        let port = self.output(name);
        let mut words = vec![0; port.0.words()];
        self.get_wide_at(port, &mut words);
        words
    }

    /// As [`Self::set`].
    ///
    /// # Panics
    /// Where the port is wider than 64 bits or another model's, or `value` does not fit.
    pub fn set_at(&mut self, Input(port): Input, value: u64) {
        assert!(port.bits <= 64, "a wide port is set word by word");
        self.write(port, &[value as u32, (value >> 32) as u32]);
    }

    /// As [`Self::set_wide`].
    ///
    /// # Panics
    /// Where the port is another model's or the words do not fit.
    pub fn set_wide_at(&mut self, Input(port): Input, words: &[u32]) {
        self.write(port, words);
    }

    /// As [`Self::get`].
    ///
    /// # Panics
    /// Where the port is wider than 64 bits or another model's.
    pub fn get_at(&self, Output(port): Output) -> u64 {
        assert!(port.bits <= 64, "a wide port is read word by word");
        let mut words = [0; 2];
        let used = port.words();
        self.read(port, &mut words[..used]);
        u64::from(words[0]) | u64::from(words[1]) << 32
    }

    /// As [`Self::get_wide`], into `words`.
    ///
    /// # Panics
    /// Where the port is another model's or `words` is not exactly as long as its bits need.
    pub fn get_wide_at(&self, Output(port): Output, words: &mut [u32]) {
        self.read(port, words);
    }

    fn write(&mut self, port: Port, words: &[u32]) {
        assert_eq!(port.model, self.handle, "another model's port");
        let used = port.words();
        let fits = words.iter().enumerate().all(|(i, word)| {
            let room = port.bits.saturating_sub(32 * i).min(32);
            u64::from(*word) >> room == 0
        });
        assert!(fits, "{words:x?} does not fit {} bits", port.bits);
        let word = |i: usize| words.get(i).copied().unwrap_or(0);
        // SAFETY: `at` points to the signal inside the live C++ object that `self`, borrowed mutably, owns
        // alone; Verilator stores 1-8 bits as u8, 9-16 as u16, 17-32 as u32, 33-64 as u64 and more as an
        // array of u32, lowest first, each aligned as its type.
        unsafe {
            match port.bits {
                0..=8 => port.at.cast::<u8>().write(word(0) as u8),
                9..=16 => port.at.cast::<u16>().write(word(0) as u16),
                17..=32 => port.at.cast::<u32>().write(word(0)),
                33..=64 => {
                    let value = u64::from(word(0)) | u64::from(word(1)) << 32;
                    port.at.cast::<u64>().write(value);
                }
                _ => (0..used).for_each(|i| port.at.cast::<u32>().add(i).write(word(i))),
            }
        }
    }

    fn read(&self, port: Port, words: &mut [u32]) {
        assert_eq!(port.model, self.handle, "another model's port");
        assert_eq!(words.len(), port.words(), "words of {} bits", port.bits);
        // SAFETY: as in `write`, borrowed for reading.
        unsafe {
            match port.bits {
                0..=8 => words[0] = port.at.cast::<u8>().read().into(),
                9..=16 => words[0] = port.at.cast::<u16>().read().into(),
                17..=32 => words[0] = port.at.cast::<u32>().read(),
                33..=64 => {
                    let value = port.at.cast::<u64>().read();
                    words[0] = value as u32;
                    words[1] = (value >> 32) as u32;
                }
                _ => {
                    for (i, word) in words.iter_mut().enumerate() {
                        *word = port.at.cast::<u32>().add(i).read();
                    }
                }
            }
        }
    }

    /// Lets everything that depends on the inputs follow them.
    pub fn eval(&mut self) {
        // SAFETY: `handle` is the live object that `create` made, and the caller holds `self` alone.
        unsafe { (self.eval)(self.handle) }
    }

    /// One cycle of `clock`: low, then high. Inputs that were set before are what its rising edge sees; outputs are
    /// afterwards those behind the edge, with the inputs still as they were.
    ///
    /// # Panics
    /// Where there is no input `clock`.
    pub fn tick(&mut self) {
        let clock = self.clock.expect("tick needs an input named clock");
        self.set_at(clock, 0);
        self.eval();
        self.set_at(clock, 1);
        self.eval();
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: `handle` came from `create` and goes nowhere else; the library is still loaded.
        unsafe { (self.destroy)(self.handle) }
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("ports", &self.ports.len())
            .finish_non_exhaustive()
    }
}

impl Port {
    fn words(self) -> usize {
        self.bits.div_ceil(32)
    }
}

/// A port as its module declares it.
#[derive(Debug, PartialEq, Eq)]
struct Declared {
    name: String,
    bits: usize,
    input: bool,
}

/// The ports of module `top`, in the form in which rust-hdl declares them: one a line, behind the header.
fn declared_ports(verilog: &str, top: &str) -> Result<Vec<Declared>> {
    let header = format!("module {top}(");
    let start = verilog
        .find(&header)
        .with_context(|| format!("no module {top} in the Verilog"))?;
    let module = &verilog[start..];
    let module = &module[..module.find("endmodule").unwrap_or(module.len())];
    let mut ports = Vec::new();
    for line in module.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        let input = match (words.next(), words.next()) {
            (Some("input"), Some("wire")) => true,
            (Some("output"), Some("wire" | "reg")) => false,
            (Some("inout"), _) => bail!("{top}: inout ports are not supported: {line}"),
            _ => continue,
        };
        let mut bits = 1;
        let mut name = None;
        for word in words {
            if let Some(high) = word
                .strip_prefix('[')
                .and_then(|range| range.strip_suffix(":0]"))
            {
                bits = high
                    .parse::<usize>()
                    .with_context(|| format!("{top}: {line}"))?
                    + 1;
            } else if word != "signed" {
                name = word.strip_suffix(';');
            }
        }
        let name = name
            .with_context(|| format!("{top}: not understood: {line}"))?
            .to_owned();
        ports.push(Declared { name, bits, input });
    }
    Ok(ports)
}

/// The C++ between Verilator's class and us.
fn shim(ports: &[Declared]) -> String {
    let mut shim = String::from(
        r#"#include "Vmodel.h"
#include "verilated.h"
#define SHOWN extern "C" __attribute__((visibility("default")))
struct Model { VerilatedContext context; Vmodel model{&context, ""}; };
SHOWN void* fogline_create() { return new Model; }
SHOWN void fogline_destroy(void* handle) {
    auto* model = static_cast<Model*>(handle);
    model->model.final();
    delete model;
}
SHOWN void fogline_eval(void* handle) { static_cast<Model*>(handle)->model.eval(); }
double sc_time_stamp() { return 0; }
SHOWN void* fogline_port(void* handle, unsigned number) {
    auto& model = static_cast<Model*>(handle)->model;
    switch (number) {
"#,
    );
    for (number, port) in ports.iter().enumerate() {
        // Verilator's name for a character that C++ has not.
        let name = port.name.replace('$', "__024");
        writeln!(shim, "    case {number}: return &model.{name};").expect("a String takes all");
    }
    shim.push_str("    }\n    return nullptr;\n}\n");
    shim
}

/// What Verilator is asked for, the compiler's options among it. Hidden, not unique symbols: two models in one
/// process must not share statics.
const OPTIONS: &[&str] = &[
    "--cc",
    "--exe",
    "--build",
    "-j",
    "2",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--noassert",
    "-Wno-fatal",
    "-Wno-lint",
    "-Wno-style",
    "-Wno-WIDTH",
    "-Wno-UNOPTFLAT",
    "--output-split",
    "20000",
    "--prefix",
    "Vmodel",
    "-CFLAGS",
    "-fPIC -fvisibility=hidden -fno-gnu-unique",
    "-LDFLAGS",
    "-shared",
    "-MAKEFLAGS",
    "OPT_FAST=-O2 OPT_SLOW=-O1 OPT_GLOBAL=-O2",
    "-o",
    "model.so",
];

/// The shared object of `verilog`: found, or built. Two that build the same at once do so each in a directory of its
/// own, and the later one's result replaces an equal one.
fn built(verilog: &str, top: &str, shim: &str) -> Result<PathBuf> {
    let cache = cache()?;
    let name = format!(
        "{top}-{}",
        digest(&[verilog, top, shim, &OPTIONS.join(" ")])
    );
    let object = cache.join(format!("{name}.so"));
    if object.exists() {
        return Ok(object);
    }
    let work = tempfile::Builder::new()
        .prefix(&format!("{name}."))
        .tempdir_in(&cache)
        .context("a directory to build in")?;
    let source = work.path().join(format!("{top}.v"));
    std::fs::write(&source, verilog)?;
    std::fs::write(work.path().join("shim.cpp"), shim)?;
    let output = Command::new("verilator")
        .args(OPTIONS)
        .args(["--top-module", top, "--Mdir", "."])
        .arg(&source)
        .arg("shim.cpp")
        .current_dir(work.path())
        .env_remove("MAKEFLAGS")
        .output()
        .context("running verilator: is it installed?")?;
    if !output.status.success() {
        // What was refused is worth a look, the last time only.
        let kept = cache.join(format!("{top}.refused"));
        let _ = std::fs::remove_dir_all(&kept);
        std::fs::rename(work.keep(), &kept)?;
        bail!(
            "verilator refused {top}, see {}:\n{}{}",
            kept.display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    std::fs::rename(work.path().join("model.so"), &object)?;
    std::fs::write(cache.join(format!("{name}.v")), verilog)?;
    Ok(object)
}

/// `target/verilated`, of the target directory that the running program lies in.
fn cache() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program
        .ancestors()
        .find(|directory| {
            // Cargo leaves the first only where it made the directory itself.
            ["CACHEDIR.TAG", ".rustc_info.json"]
                .iter()
                .any(|mark| directory.join(mark).exists())
        })
        .map_or_else(std::env::temp_dir, Path::to_owned);
    let cache = target.join("verilated");
    std::fs::create_dir_all(&cache)?;
    Ok(cache)
}

fn digest(parts: &[&str]) -> String {
    [0u64, 1]
        .map(|seed| {
            let mut hasher = DefaultHasher::new();
            seed.hash(&mut hasher);
            parts.hash(&mut hasher);
            format!("{:016x}", hasher.finish())
        })
        .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDER: &str = "
module adder(clock,a,wide,narrow,odd$name,sum,copy,late);
    input wire  clock;
    input wire  [7:0] a;
    input wire  [99:0] wide;
    input wire  narrow;
    input wire  [39:0] odd$name;
    output reg  [15:0] sum;
    output wire  [99:0] copy;
    output reg  [39:0] late;
    assign copy = ~wide;
    always @(*) sum = a + {15'b0, narrow};
    always @(posedge clock) late <= odd$name;
endmodule // adder
";

    #[test]
    fn ports_of_every_width_are_written_and_read() {
        let mut model = Model::build(ADDER, "adder").unwrap();
        model.set("a", 255u64);
        model.set("narrow", 1);
        model.set_wide("wide", &[1, 2, 3, 4]);
        model.set("odd$name", 0xAB_CDEF_0123u64);
        model.eval();
        assert_eq!(model.get("sum"), 256);
        assert_eq!(model.get_wide("copy"), [!1, !2, !3, !4 & 0xF]);
        assert_eq!(model.get("late"), 0);
        model.tick();
        assert_eq!(model.get("late"), 0xAB_CDEF_0123);
        assert_eq!(model.get("odd$name"), 0xAB_CDEF_0123);
        assert_eq!((model.bits("wide"), model.has("nothing")), (100, false));
    }

    #[test]
    fn models_of_one_text_do_not_share_state() {
        let mut one = Model::build(ADDER, "adder").unwrap();
        let mut two = Model::build(ADDER, "adder").unwrap();
        one.set("odd$name", 1u64);
        two.set("odd$name", 2u64);
        one.tick();
        two.tick();
        assert_eq!((one.get("late"), two.get("late")), (1, 2));
        drop(one);
        two.set("odd$name", 3u64);
        two.tick();
        assert_eq!(two.get("late"), 3);
    }

    #[test]
    #[should_panic(expected = "does not fit 8 bits")]
    fn a_value_that_does_not_fit_is_refused() {
        let mut model = Model::build(ADDER, "adder").unwrap();
        model.set("a", 256u64);
    }

    #[test]
    fn what_cannot_be_built_says_why() {
        assert!(Model::build(ADDER, "other").is_err());
        let broken = ADDER.replace("assign copy", "assing copy");
        let error = Model::build(&broken, "adder").unwrap_err().to_string();
        assert!(error.contains("refused adder"), "{error}");
    }
}
