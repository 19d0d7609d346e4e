//! Text that nobody is to see.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A password, a hash or a shared secret. Erased when dropped; shows nothing under `Debug`.
#[derive(Clone)]
pub struct Hidden(Zeroizing<String>);

impl Hidden {
    /// Takes `text` over.
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Hidden {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Hidden {}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(..)")
    }
}
