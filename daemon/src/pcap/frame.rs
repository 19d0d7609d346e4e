//! A captured frame with PPP in it: scrambled, restored, and what the protocol leaves out put back.

use scramble::encap::{ApplyError, Encapsulation, Link, NotData};
use scramble::transform::{HEADROOM, Packet, Received, Receiver, Refused, TAILROOM};
use scramble::wire::Malformed;
use scramble::wire::ppp::{self, protocol};

use super::{control, link};
use crate::capture::Record;

/// Why a frame that a capture cut short is not looked into.
pub const CUT: &str = "PPP data cut short by the capture's snapshot length";

const CONTROL: &str = "L2TP control message";

/// What a captured frame is.
pub enum Found {
    /// A PPP frame in L2TP or PPPoE.
    Ppp(Place),
    /// Something that no transform is for, and what.
    Other(&'static str),
    /// PPP data, or what may be, that cannot be transformed, and why.
    Unfit(&'static str),
}

/// Where the PPP frame lies in a captured frame.
pub struct Place {
    /// The carrier's headers.
    pub encapsulation: Encapsulation,
    link: Link,
    at: usize,
}

impl Found {
    /// Looks into the frame of `record`.
    pub fn of(record: &Record) -> Self {
        let frame = record.frame();
        let Some((link, at)) = link::outer(record.link(), frame) else {
            return Self::Other("no L2TP or PPPoE in a frame of this link type");
        };
        match Encapsulation::parse(link, &frame[at..]) {
            Ok(_) if record.is_cut() => Self::Unfit(CUT),
            Ok(encapsulation) => Self::Ppp(Place {
                encapsulation,
                link,
                at,
            }),
            Err(NotData::Other) => Self::Other("neither L2TP nor PPPoE"),
            Err(NotData::Control) => Self::Other(CONTROL),
            Err(NotData::Fragment) => Self::Unfit("fragment of an outer UDP packet"),
            Err(NotData::Malformed(error)) => {
                if control::is_control(link, &frame[at..]) {
                    Self::Other(CONTROL)
                } else if record.is_cut() && matches!(error, Malformed::Truncated { .. }) {
                    Self::Unfit(CUT)
                } else {
                    Self::malformed(error)
                }
            }
        }
    }

    fn malformed(error: Malformed) -> Self {
        Self::Unfit(match error {
            Malformed::Field { layer: "PPPoE", .. } => "PPPoE of another version, type or code",
            Malformed::Field {
                layer: "L2TP",
                field: "version",
            } => "UDP port 1701, but not L2TP version 2",
            Malformed::Truncated { layer, .. } | Malformed::Field { layer, .. } => match layer {
                "PPPoE" => "PPPoE packet with an impossible length",
                "L2TP" => "L2TP message with an impossible length",
                "UDP" => "UDP packet with an impossible length",
                _ => "IP packet with an impossible length",
            },
        })
    }
}

impl Place {
    /// The PPP frame within `frame`.
    pub fn ppp<'f>(&self, frame: &'f [u8]) -> &'f [u8] {
        &frame[self.at..][self.encapsulation.ppp()]
    }

    /// `frame` with its PPP frame changed and all around it following. There is room for `more`
    /// bytes beyond what scrambling adds.
    pub fn apply<T>(
        &self,
        frame: &[u8],
        more: usize,
        change: impl FnOnce(&mut Packet<'_>) -> Result<T, Refused>,
    ) -> Result<(Vec<u8>, T), ApplyError<Refused>> {
        let (before, outer) = frame.split_at(self.at);
        let mut buffer = vec![0; HEADROOM + outer.len() + more + TAILROOM];
        let range = HEADROOM..HEADROOM + outer.len();
        buffer[range.clone()].copy_from_slice(outer);
        let mut packet = Packet::new(&mut buffer, range);
        let outcome = self.encapsulation.apply(&mut packet, change)?;
        Ok(([before, packet.bytes()].concat(), outcome))
    }

    /// The same place in a frame that has been transformed.
    pub fn again(&self, frame: &[u8]) -> Option<Self> {
        let encapsulation = Encapsulation::parse(self.link, &frame[self.at..]).ok()?;
        Some(Self {
            encapsulation,
            ..*self
        })
    }

    /// Whether `frame`, which was never scrambled, would be taken for scrambled all the same.
    pub fn looks_scrambled(&self, frame: &[u8], receiver: &mut Receiver) -> bool {
        let received = self.apply(frame, 0, |ppp| receiver.restore(ppp));
        matches!(received, Ok((_, Received::Data)))
    }

    /// The PPP frame within `frame`, which was transformed since.
    pub fn ppp_of<'f>(&self, frame: &'f [u8]) -> Option<&'f [u8]> {
        Some(self.again(frame)?.ppp(frame))
    }

    /// What a frame that was `plain` lacks after it has been restored to `restored`; `None` where
    /// the two differ in more than that.
    pub fn omission(&self, plain: &[u8], restored: &[u8]) -> Option<Omission> {
        let plain = self.ppp(plain);
        let restored = self.ppp_of(restored)?;
        let header = ppp::Header::parse(plain).ok()?;
        let mut whole = plain.to_vec();
        if header.compressed {
            let at = if header.address_control { 2 } else { 0 };
            whole.insert(at, 0);
        }
        Some(Omission {
            compressed: header.compressed,
            padding: whole.strip_prefix(restored)?.to_vec(),
        })
    }

    /// Puts back into a restored frame what the protocol left out.
    pub fn put_back(&self, restored: &[u8], omission: &Omission) -> Option<Vec<u8>> {
        if omission.is_nothing() {
            return Some(restored.to_vec());
        }
        let place = self.again(restored)?;
        let put_back = |ppp: &mut Packet<'_>| omission.put_back(ppp);
        let fixed = place.apply(restored, omission.padding.len(), put_back);
        fixed.ok().map(|(frame, ())| frame)
    }
}

/// What a transform leaves out of a PPP frame, because no receiver needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Omission {
    /// The protocol field was one byte.
    pub compressed: bool,
    /// PPP padding behind the IP packet.
    pub padding: Vec<u8>,
}

impl Omission {
    /// Whether nothing was left out.
    pub fn is_nothing(&self) -> bool {
        !self.compressed && self.padding.is_empty()
    }

    fn put_back(&self, packet: &mut Packet<'_>) -> Result<(), Refused> {
        let header = ppp::Header::parse(packet.bytes()).map_err(|_| Refused::NotPpp)?;
        if self.compressed && !header.compressed && header.protocol <= 0xFF {
            let short = [0xFF, 0x03, header.protocol as u8];
            packet.pull_front(header.len());
            packet.push_front(if header.address_control {
                &short
            } else {
                &short[2..]
            })?;
        }
        packet.push_back(&self.padding)
    }
}

/// Whether a scrambled PPP frame travels as a decoy rather than in framing.
pub fn is_decoy(ppp: &[u8]) -> bool {
    let Ok(header) = ppp::Header::parse(ppp) else {
        return false;
    };
    match header.protocol {
        protocol::SCRAMBLED => false,
        protocol::LCP => ppp
            .get(header.len())
            .is_some_and(|byte| matches!(byte >> 4, 4 | 6)),
        _ => true,
    }
}

/// Why a frame could not be transformed.
pub fn reason(error: ApplyError<Refused>) -> String {
    error.to_string()
}
