//! Lists of Configuration Options (RFC 1661 section 6).

/// An option whose length is below 2 or beyond its packet. The packet is discarded (RFC 1661 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("option's length does not fit its packet; discarded (RFC 1661 section 6)")]
pub struct Malformed;

/// One option, as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raw<'a> {
    /// The Type field.
    pub kind: u8,
    /// What follows the Length field.
    pub value: &'a [u8],
    /// The whole option.
    pub bytes: &'a [u8],
}

/// A list of options that fills its packet exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options<'a> {
    bytes: &'a [u8],
}

impl<'a> Options<'a> {
    /// Checks the data of a Configure packet.
    ///
    /// # Errors
    /// [`Malformed`] where the options do not fill the data exactly.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            (_, rest) = split(rest).ok_or(Malformed)?;
        }
        Ok(Self { bytes })
    }

    /// Each option, in order.
    pub fn iter(&self) -> impl Iterator<Item = Raw<'a>> + use<'a> {
        let mut rest = self.bytes;
        core::iter::from_fn(move || {
            let (option, after) = split(rest)?;
            rest = after;
            Some(option)
        })
    }

    /// The options as they stand on the wire.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

fn split(bytes: &[u8]) -> Option<(Raw<'_>, &[u8])> {
    let [kind, length, ..] = *bytes else {
        return None;
    };
    let (option, rest) = bytes.split_at_checked(length.into())?;
    let value = option.get(2..)?;
    let raw = Raw {
        kind,
        value,
        bytes: option,
    };
    Some((raw, rest))
}

/// A list of options in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List(Vec<u8>);

impl List {
    /// Appends an option. A value longer than an option can be (253 bytes) is left out.
    pub fn push(&mut self, kind: u8, value: &[u8]) {
        let length = u8::try_from(value.len() + 2);
        debug_assert!(length.is_ok());
        if let Ok(length) = length {
            self.0.extend_from_slice(&[kind, length]);
            self.0.extend_from_slice(value);
        }
    }

    /// Appends an option as it stood on the wire.
    pub fn push_raw(&mut self, option: &[u8]) {
        self.0.extend_from_slice(option);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The data of a Configure packet.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_construct_and_deconstruct() {
        let mut list = List::default();
        list.push(1, &1492u16.to_be_bytes());
        list.push(7, &[]);
        let bytes = list.into_bytes();
        assert_eq!(bytes, [1, 4, 0x05, 0xD4, 7, 2]);
        let options: Vec<_> = Options::parse(&bytes).unwrap().iter().collect();
        assert_eq!((options[0].kind, options[0].value), (1, &[0x05, 0xD4][..]));
        assert_eq!((options[1].kind, options[1].bytes), (7, &[7, 2][..]));
        assert_eq!(options.len(), 2);
    }

    #[test]
    fn a_length_that_does_not_fit_spoils_the_packet() {
        for bad in [&[1][..], &[1, 0], &[1, 1], &[1, 3], &[7, 2, 1, 4, 0]] {
            assert_eq!(Options::parse(bad), Err(Malformed));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes: Vec<u8>) {
            if let Ok(options) = Options::parse(&bytes) {
                let mut list = List::default();
                options.iter().for_each(|option| list.push(option.kind, option.value));
                prop_assert_eq!(list.into_bytes(), bytes);
            }
        }
    }
}
