//! `fogline vectors`: the specification's test vectors, checked, made, and multiplied at random.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;

use fogline::vectors::random::Random;
use fogline::vectors::{generate, model, verify};

use super::exit::{Coded, Exit};

/// Check implementations of PPP Header Scrambling against test vectors
///
/// Files are in the form of spec/vectors/schema.json; several JSON values may follow each other in
/// one file, as in JSON Lines.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline vectors verify spec/vectors/{negotiation,decoy,header,full}.json
  fogline vectors random --count 1000 --seed 7 | other-implementation --check -
  other-implementation --make | fogline vectors verify -")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Recompute every vector; fails where one does not hold
    #[command(after_help = "Example:
  fogline vectors verify spec/vectors/{negotiation,decoy,header,full}.json")]
    Verify {
        /// Files of vectors, - for standard input
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Write the specification's files of vectors
    Generate {
        /// The folder to write them to
        folder: PathBuf,
    },
    /// Write packets of every kind with random changes, as JSON Lines, to standard output
    Random {
        /// How many packets
        #[arg(long, default_value_t = 1000)]
        count: usize,
        /// The same seed gives the same packets
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match &args.command {
        Command::Verify { files } => verify_files(files),
        Command::Generate { folder } => generate_files(folder),
        Command::Random { count, seed } => random(*count, *seed),
    }
}

fn verify_files(files: &[PathBuf]) -> anyhow::Result<()> {
    const SHOWN: usize = 20;

    let mut passed = 0;
    let mut failures = Vec::new();
    for path in files {
        let verdict = verify_file(path)?;
        passed += verdict.passed;
        failures.extend(verdict.failures.into_iter().map(|failure| (path, failure)));
    }
    for (path, failure) in failures.iter().take(SHOWN) {
        eprintln!("{}: {}: {}", path.display(), failure.vector, failure.reason);
    }
    if failures.len() > SHOWN {
        eprintln!("... and {} more", failures.len() - SHOWN);
    }
    println!("{passed} vectors hold, {} do not", failures.len());
    if passed == 0 && failures.is_empty() {
        return Err(Coded::new(Exit::BadInput, "there was no vector in what was given").into());
    }
    match failures.len() {
        0 => Ok(()),
        count => Err(Coded::new(Exit::Failure, format!("{count} vectors do not hold")).into()),
    }
}

fn verify_file(path: &Path) -> anyhow::Result<verify::Verdict> {
    let reader: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path)
            .map_err(|error| Coded::new(Exit::NoInput, format!("{}: {error}", path.display())))?;
        Box::new(BufReader::new(file))
    };
    let mut all = verify::Verdict::default();
    for file in serde_json::Deserializer::from_reader(reader).into_iter::<model::File>() {
        let file = file.map_err(|error| {
            Coded::new(
                Exit::BadInput,
                format!("{}: no vectors: {error}", path.display()),
            )
        })?;
        if file.format != model::FORMAT {
            let message = format!(
                "{}: format {:?} where {:?} is understood",
                path.display(),
                file.format,
                model::FORMAT
            );
            return Err(Coded::new(Exit::BadInput, message).into());
        }
        let verdict = verify::verify(&file);
        all.passed += verdict.passed;
        all.failures.extend(verdict.failures);
    }
    Ok(all)
}

fn generate_files(folder: &Path) -> anyhow::Result<()> {
    for (name, file) in generate::files() {
        let path = folder.join(name);
        let text = serde_json::to_string_pretty(&file)? + "\n";
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn random(count: usize, seed: u64) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for (keys, packet) in Random::new(seed).packets(count) {
        let line = model::File {
            format: model::FORMAT.into(),
            keys: vec![keys],
            packets: vec![packet],
            ..model::File::default()
        };
        serde_json::to_writer(&mut out, &line)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(())
}
