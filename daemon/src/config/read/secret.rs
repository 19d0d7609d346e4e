//! Secrets, written into the file or kept in a file of their own. None of them ever comes into a message.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scramble::keys::Secret;
use zeroize::Zeroizing;

use super::super::Hidden;
use super::super::document::{At, Fault, Node, Section};
use super::super::value::{flag, path, secret_text};
use super::Reader;

/// The names of an option and of its counterpart that names a file.
pub(super) struct Keys {
    pub inline: &'static str,
    pub file: &'static str,
}

const TUNNEL_SECRET: Keys = Keys {
    inline: "tunnel-secret",
    file: "tunnel-secret-file",
};
pub(super) const PASSWORD: Keys = Keys {
    inline: "password",
    file: "password-file",
};
const SCRAMBLING_SECRET: Keys = Keys {
    inline: "secret",
    file: "secret-file",
};

/// Where a secret stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The main file, which others may be allowed to read as long as it has no secret.
    MainFile,
    /// A file that was found to be private already.
    PrivateFile,
}

/// A password or the like, as it is; `None` where there is none, or where something is wrong with it, which is told.
pub(super) fn hidden(
    section: &mut Section<'_>,
    keys: &Keys,
    reader: &Reader<'_>,
) -> Option<At<Hidden>> {
    let At { value, span } = raw(section, keys, Place::MainFile, reader)?;
    Some(At {
        value: Hidden::new(value),
        span,
    })
}

/// `tunnel-secret` or `tunnel-secret-file`, and `hide-avps`.
pub(super) fn tunnel_secret(
    section: &mut Section<'_>,
    reader: &Reader<'_>,
) -> (Option<Hidden>, bool) {
    let is_written = section.has_any(&[TUNNEL_SECRET.inline, TUNNEL_SECRET.file]);
    let secret = hidden(section, &TUNNEL_SECRET, reader);
    let hide_avps = section.at("hide-avps", flag).filter(|at| at.value);
    if let Some(hide) = hide_avps.as_ref().filter(|_| !is_written) {
        section.error(
            hide.span.clone(),
            "hide-avps: AVPs are hidden by the tunnel secret; write tunnel-secret or tunnel-secret-file too",
        );
    }
    (secret.map(|at| at.value), hide_avps.is_some())
}

/// A pre-shared secret of PHS.
pub(super) fn pre_shared(
    section: &mut Section<'_>,
    place: Place,
    reader: &Reader<'_>,
) -> Option<At<Secret>> {
    let At { value, span } = raw(section, &SCRAMBLING_SECRET, place, reader)?;
    let Some(bytes) = decode(&value) else {
        section.error(
            span,
            "the secret is neither base64 nor hex; make one with fogline genpsk",
        );
        return None;
    };
    let bits = bytes.len() * 8;
    let secret = Secret::generated(bytes);
    if secret.is_weak() {
        let message = format!(
            "the secret has only {bits} bits: with fewer than 128 it can be guessed; make one with fogline genpsk"
        );
        section.warning(span.clone(), message);
    }
    Some(At {
        value: secret,
        span,
    })
}

/// Hex where every character is a hex digit, else base64: 16 bytes and more in base64 have another character among
/// them but once in 10^10.
fn decode(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = if is_hex {
        hex::decode(text).ok()
    } else {
        STANDARD.decode(text).ok()
    };
    bytes.filter(|bytes| !bytes.is_empty())
}

fn raw(
    section: &mut Section<'_>,
    keys: &Keys,
    place: Place,
    reader: &Reader<'_>,
) -> Option<At<Zeroizing<String>>> {
    let inline = section.at(keys.inline, secret_text);
    let file = section.at(keys.file, path);
    if let (Some(_), Some(file)) = (&inline, &file) {
        let message = format!("{} and {}: keep one of them", keys.inline, keys.file);
        section.error(file.span.clone(), message);
        return None;
    }
    if let Some(file) = file {
        let value = from_file(&file, reader).map_err(|why| {
            section.error(file.span.clone(), format!("{}: {why}", keys.file));
        });
        return value.ok().map(|value| At {
            value,
            span: file.span,
        });
    }
    let exposed = reader.exposed.as_ref().filter(|_| place == Place::MainFile);
    if let (Some(inline), Some(why)) = (&inline, exposed) {
        let message = format!(
            "{}: this file holds a secret, but {why}; or keep it in a file of its own by {}",
            keys.inline, keys.file
        );
        section.error(inline.span.clone(), message);
    }
    inline
}

fn from_file(file: &At<PathBuf>, reader: &Reader<'_>) -> Result<Zeroizing<String>, String> {
    const LONGEST: u64 = 4096;

    let path = reader.resolve(&file.value);
    let contents = reader
        .files
        .read(&path, LONGEST)
        .map_err(|error| cannot_read(&path, &error))?;
    if let Some(why) = contents.exposed(&reader.trusted) {
        return Err(format!("{}: {why}", path.display()));
    }
    match contents.text.trim_end_matches(['\r', '\n']) {
        "" => Err(format!("{} is empty", path.display())),
        text => Ok(Zeroizing::new(text.into())),
    }
}

/// Why a file cannot be read, in words.
pub(super) fn cannot_read(path: &Path, error: &io::Error) -> String {
    let why = match error.kind() {
        io::ErrorKind::InvalidData => "is not text in UTF-8".into(),
        io::ErrorKind::FileTooLarge => "is too large for what it is to be".into(),
        _ => format!("cannot be read: {error}"),
    };
    format!("{} {why}", path.display())
}

/// Text that nobody is to see, in a file that was found to be private.
pub(super) fn private_text(node: &Node<'_>) -> Result<Hidden, Fault> {
    secret_text(node).map(Hidden::new)
}
