//! The X25519 secrets of the two ends of each session.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::Error;

/// Where the two ends of each session have their X25519 secrets from.
#[derive(Clone)]
pub enum Secrets {
    /// The system's random numbers.
    Random,
    /// A file: end A's and end B's.
    Fixed([[u8; 32]; 2]),
}

impl Secrets {
    /// Reads a file of two lines of 64 hex digits, end A's secret and end B's. Empty lines and what
    /// follows a `#` do not count.
    ///
    /// # Errors
    /// `Error` where it is not there or is something else.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Open {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|what| Error::Secrets {
            path: path.to_owned(),
            what,
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut secrets = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let mut secret = [0; 32];
            // The line itself may be a secret with a slip in it: it is not shown.
            hex::decode_to_slice(line, &mut secret)
                .map_err(|_| format!("line {} is not 64 hex digits", at + 1))?;
            secrets.push(secret);
        }
        let found = secrets.len();
        let pair: [[u8; 32]; 2] = secrets
            .try_into()
            .map_err(|_| format!("{found} secrets where 2 are needed"))?;
        let [a, b] = pair.map(|secret| public_key(&secret));
        if a == b {
            return Err("both secrets come to the same public key".into());
        }
        Ok(Self::Fixed(pair))
    }

    /// The secrets of end A and end B of session `number`, from 0.
    ///
    /// Fixed secrets serve the first session as they are; every later one has SHA-256("fogline pcap
    /// session" | number as 4 bytes, big-endian | secret) of each, so that no two sessions share keys.
    ///
    /// # Errors
    /// `Error::Random` where the system has no random numbers.
    pub fn of(&self, number: u32) -> Result<[[u8; 32]; 2], Error> {
        match self {
            Self::Random => {
                let mut both = [[0; 32]; 2];
                for secret in &mut both {
                    getrandom::fill(secret).map_err(Error::Random)?;
                }
                Ok(both)
            }
            Self::Fixed(pair) if number == 0 => Ok(*pair),
            Self::Fixed(pair) => Ok(pair.map(|secret| {
                Sha256::new()
                    .chain_update(b"fogline pcap session")
                    .chain_update(number.to_be_bytes())
                    .chain_update(secret)
                    .finalize()
                    .into()
            })),
        }
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Random => "Random",
            Self::Fixed(_) => "Fixed(..)",
        })
    }
}

fn public_key(secret: &[u8; 32]) -> [u8; 32] {
    scramble::keys::ExchangeSecret::from_bytes(*secret).public_key()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_with_comments() {
        let text = format!(
            "# A\n\n{}  # first\r\n{}\n",
            "01".repeat(32),
            "Ab".repeat(32)
        );
        let secrets = Secrets::parse(&text).unwrap();
        assert_eq!(secrets.of(0).unwrap(), [[1; 32], [0xAB; 32]]);
        let later = secrets.of(1).unwrap();
        assert!(later != secrets.of(2).unwrap() && later[0] != later[1]);
        let mut spelt = b"fogline pcap session\0\0\0\x01".to_vec();
        spelt.extend([1; 32]);
        assert_eq!(later[0], *Sha256::digest(&spelt));
        assert_eq!(format!("{secrets:?}"), "Fixed(..)");
    }

    #[test]
    fn what_is_no_pair_of_secrets_is_refused_without_showing_it() {
        let line = "01".repeat(32);
        // The lowest three bits of an X25519 secret do not count (RFC 7748 section 5).
        let twin = format!("{line}\n07{}\n", "01".repeat(31));
        for (text, why) in [
            ("", "0 secrets"),
            (line.as_str(), "1 secrets"),
            (&format!("{line}\n{line}"), "same public key"),
            (&twin, "same public key"),
            (&format!("{line}\n{line}00"), "line 2"),
            ("secret", "line 1"),
        ] {
            let error = Secrets::parse(text).unwrap_err();
            assert!(error.contains(why) && !error.contains("0101"), "{error}");
        }
    }

    #[test]
    fn random_ones_differ() {
        let [a, b] = Secrets::Random.of(0).unwrap();
        assert!(a != b && [a, b] != Secrets::Random.of(0).unwrap());
    }
}
