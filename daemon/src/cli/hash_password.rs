//! `fogline hash-password`: what the file of users may hold instead of a password.

use std::io::{self, IsTerminal, Read, Write};

use anyhow::Context;
use fogline_auth::mschapv2::nt_hash;
use fogline_auth::verify::Secret;
use sha_crypt::{PasswordHasher, ShaCrypt};
use zeroize::Zeroizing;

use super::exit::{Coded, Exit};

/// Hash a password for the file of users
///
/// Asks for the password, or reads it from standard input where that is no terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fogline hash-password             for password-hash = \"$6$...\": good for PAP
  fogline hash-password --nt        for nt-hash = \"...\": good for MS-CHAPv2; whoever reads it can log in with it

CHAP-MD5 needs the password itself (RFC 1994 section 2.2).")]
pub struct Args {
    /// The NT hash (RFC 2759 section 8.3) instead of one of crypt(3) with SHA-512
    #[arg(long)]
    nt: bool,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let password = password()?;
    // What is no password at all is refused here, not later by the file of users.
    Secret::parse(&password).map_err(|error| Coded::new(Exit::BadInput, error.to_string()))?;
    let mut out = io::stdout().lock();
    if args.nt {
        let hash = nt_hash(&password);
        writeln!(out, "{}", hex::encode(hash.as_bytes()))?;
    } else {
        writeln!(out, "{}", crypt(&password)?)?;
    }
    Ok(())
}

fn crypt(password: &str) -> anyhow::Result<String> {
    /// Bytes of salt: 16 characters, the most that crypt(3) takes.
    const SALT: usize = 12;

    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).context("the system gives no random numbers")?;
    let hash = ShaCrypt::default().hash_password_with_salt(password.as_bytes(), &salt);
    let hash = hash.map_err(|error| anyhow::anyhow!("cannot hash: {error}"))?;
    Ok(hash.to_string())
}

fn password() -> anyhow::Result<Zeroizing<String>> {
    if io::stdin().is_terminal() {
        let first = ask("Password: ")?;
        let second = ask("The same again: ")?;
        if first != second {
            return Err(Coded::new(Exit::BadInput, "the two differ; try again").into());
        }
        return Ok(first);
    }
    const LONGEST: u64 = 4096;
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize + 1));
    io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_string(&mut text)
        .context("cannot read a password from standard input")?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

fn ask(prompt: &str) -> anyhow::Result<Zeroizing<String>> {
    let password = rpassword::prompt_password(prompt).context("cannot read from the terminal")?;
    Ok(Zeroizing::new(password))
}
