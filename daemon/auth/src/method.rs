//! Which protocol authenticates, as LCP negotiates it (RFC 1661 section 6.2).

use core::fmt;

/// How a caller proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// The Password Authentication Protocol (RFC 1334 section 2): the password in clear.
    Pap,
    /// The Challenge Handshake Authentication Protocol with MD5 (RFC 1994).
    ChapMd5,
    /// Microsoft's CHAP version 2 (RFC 2759): the authenticator proves itself, too.
    MsChapV2,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 3] = [Self::Pap, Self::ChapMd5, Self::MsChapV2];

    /// What LCP's Authentication-Protocol option carries: the protocol, and CHAP's algorithm (RFC 1994 section 3).
    pub const fn lcp_option(&self) -> &'static [u8] {
        match self {
            Self::Pap => &[0xC0, 0x23],
            Self::ChapMd5 => &[0xC2, 0x23, 0x05],
            Self::MsChapV2 => &[0xC2, 0x23, 0x81],
        }
    }

    /// The method that the value of an Authentication-Protocol option asks for; `None` for one that is not ours.
    pub fn from_lcp_option(value: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|method| method.lcp_option() == value)
    }

    /// The number in the PPP protocol field of the method's packets.
    pub const fn ppp_protocol(self) -> u16 {
        match self {
            Self::Pap => 0xC023,
            Self::ChapMd5 | Self::MsChapV2 => 0xC223,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pap => "PAP",
            Self::ChapMd5 => "CHAP-MD5",
            Self::MsChapV2 => "MS-CHAPv2",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_name_their_method_and_begin_with_its_protocol() {
        for method in Method::ALL {
            let option = method.lcp_option();
            assert_eq!(Method::from_lcp_option(option), Some(method));
            assert_eq!(option[..2], method.ppp_protocol().to_be_bytes());
        }
    }

    #[test]
    fn other_options_are_not_ours() {
        let others: [&[u8]; 6] = [
            &[],
            &[0xC0],
            &[0xC0, 0x23, 0],
            &[0xC2, 0x23],
            &[0xC2, 0x23, 0x80],
            &[0xC2, 0x27],
        ];
        for other in others {
            assert_eq!(Method::from_lcp_option(other), None);
        }
    }
}
