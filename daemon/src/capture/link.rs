//! Link types: what the first byte of a frame belongs to.

/// The link type of a frame, by its number in pcap and pcapng files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkType {
    /// BSD loopback (0): an address family in the capturing host's byte order, then IP.
    Null,
    /// Ethernet (1), VLAN tags included.
    Ethernet,
    /// PPP (9), with or without FF 03.
    Ppp,
    /// PPP in HDLC-like framing (50).
    PppHdlc,
    /// PPPoE (51), from its version byte.
    PppEther,
    /// IPv4 or IPv6 without anything before it (101; also 12 and 14).
    Raw(u16),
    /// OpenBSD loopback (108): an address family in network byte order, then IP.
    Loop,
    /// Linux cooked capture (113).
    LinuxSll,
    /// IPv4 (228).
    Ipv4,
    /// IPv6 (229).
    Ipv6,
    /// Linux cooked capture, second version (276).
    LinuxSll2,
    /// Any other: its frames pass through captures, but nothing looks into them.
    Other(u16),
}

impl LinkType {
    /// Raw IP under its registered number.
    pub const RAW_IP: Self = Self::Raw(101);

    /// The number that files use.
    pub fn number(self) -> u16 {
        match self {
            Self::Null => 0,
            Self::Ethernet => 1,
            Self::Ppp => 9,
            Self::PppHdlc => 50,
            Self::PppEther => 51,
            Self::Loop => 108,
            Self::LinuxSll => 113,
            Self::Ipv4 => 228,
            Self::Ipv6 => 229,
            Self::LinuxSll2 => 276,
            Self::Raw(number) | Self::Other(number) => number,
        }
    }
}

impl From<u16> for LinkType {
    fn from(number: u16) -> Self {
        match number {
            0 => Self::Null,
            1 => Self::Ethernet,
            9 => Self::Ppp,
            50 => Self::PppHdlc,
            51 => Self::PppEther,
            // 12 and 14 are what BSD and OpenBSD wrote for raw IP before 101 was agreed.
            12 | 14 | 101 => Self::Raw(number),
            108 => Self::Loop,
            113 => Self::LinuxSll,
            228 => Self::Ipv4,
            229 => Self::Ipv6,
            276 => Self::LinuxSll2,
            other => Self::Other(other),
        }
    }
}
