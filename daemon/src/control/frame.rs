//! Frames: a length of 4 bytes, big-endian, then so many bytes.

/// Bytes of a frame's length.
pub(super) const HEADER: usize = 4;

/// A length that no frame has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {got} bytes, where 1 to {most} are allowed: this is not the control protocol")]
pub(super) struct BadLength {
    /// What the header says.
    got: u32,
    /// The most that is allowed.
    most: usize,
}

/// The length that `header` announces, if it is from 1 to `most`.
pub(super) fn length(header: [u8; HEADER], most: usize) -> Result<usize, BadLength> {
    let got = u32::from_be_bytes(header);
    match usize::try_from(got) {
        Ok(length) if (1..=most).contains(&length) => Ok(length),
        _ => Err(BadLength { got, most }),
    }
}

/// `json` as a frame.
pub(super) fn frame(json: &[u8]) -> Result<Vec<u8>, BadLength> {
    let most = super::MAX_REPLY;
    let got = u32::try_from(json.len()).unwrap_or(u32::MAX);
    let header = got.to_be_bytes();
    length(header, most)?;
    Ok([&header, json].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_from_one_to_the_most() {
        assert_eq!(length([0, 0, 0, 1], 16), Ok(1));
        assert_eq!(length([0, 0, 0, 16], 16), Ok(16));
        for (header, got) in [
            ([0, 0, 0, 0], 0),
            ([0, 0, 0, 17], 17),
            ([0xFF; 4], u32::MAX),
        ] {
            assert_eq!(length(header, 16), Err(BadLength { got, most: 16 }));
        }
    }

    #[test]
    fn a_frame_begins_with_its_length() {
        assert_eq!(frame(b"{}"), Ok(b"\0\0\0\x02{}".to_vec()));
        assert!(frame(b"").is_err());
        assert!(frame(&vec![b' '; super::super::MAX_REPLY + 1]).is_err());
    }
}
