//! The AVPs of one message by attribute, revealed and checked for what RFC 2661 says of all of them (section 4.1).

use std::fmt;

use zeroize::Zeroizing;

use super::avp::{Avp, Avps, attribute};
use super::hidden;
use crate::cause::ErrorCode;
use crate::config::Secret;
use crate::text::printable;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Message Type is not the first AVP.
    NoMessageType,
    /// A message type that is unknown, and must not be.
    UnknownMessage(u16),
    /// The AVPs do not fit into the message.
    BadLength,
    /// An AVP's value has not the length that its attribute demands.
    WrongLength(u16),
    /// An AVP's value is out of range.
    BadValue(u16),
    /// The message lacks an AVP.
    Missing(u16),
    /// An AVP that is unknown, and must not be.
    UnknownMandatory {
        /// Its vendor.
        vendor: u16,
        /// Its attribute type.
        attribute: u16,
    },
    /// A hidden AVP cannot be revealed: no secret here, no random vector before it, or the secrets differ.
    Hidden(u16),
}

impl Fault {
    /// The general error code that the peer is told.
    pub const fn error_code(self) -> ErrorCode {
        match self {
            Self::BadLength | Self::WrongLength(_) => ErrorCode::LENGTH,
            Self::BadValue(_) => ErrorCode::VALUE,
            Self::UnknownMandatory { .. } | Self::UnknownMessage(_) => ErrorCode::UNKNOWN_MANDATORY,
            Self::NoMessageType | Self::Missing(_) | Self::Hidden(_) => ErrorCode::VENDOR,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoMessageType => f.write_str("Message Type is not the first AVP"),
            Self::UnknownMessage(kind) => write!(f, "unknown message type {kind}"),
            Self::BadLength => f.write_str("an AVP does not fit into the message"),
            Self::WrongLength(at) => write!(f, "wrong length of {}", attribute::name(at)),
            Self::BadValue(at) => write!(f, "value of {} out of range", attribute::name(at)),
            Self::Missing(at) => write!(f, "{} is missing", attribute::name(at)),
            Self::UnknownMandatory { vendor, attribute } => {
                write!(
                    f,
                    "unknown mandatory AVP: vendor {vendor}, attribute {attribute}"
                )
            }
            Self::Hidden(at) => {
                write!(
                    f,
                    "hidden {} cannot be read; do both ends have the same tunnel secret?",
                    attribute::name(at)
                )
            }
        }
    }
}

/// The value of an AVP.
enum Value<'a> {
    Plain(&'a [u8]),
    Revealed(Zeroizing<Vec<u8>>),
}

struct Field<'a> {
    attribute: u16,
    mandatory: bool,
    value: Value<'a>,
}

impl Field<'_> {
    fn bytes(&self) -> &[u8] {
        match &self.value {
            Value::Plain(bytes) => bytes,
            Value::Revealed(bytes) => bytes,
        }
    }
}

/// The AVPs of one message.
pub(super) struct Fields<'a> {
    fields: Vec<Field<'a>>,
    /// Message Type's value and M bit.
    pub kind: Option<(u16, bool)>,
    /// AVPs that were left out because nobody here knows them, and nobody must.
    pub ignored: u64,
    /// The first thing wrong. What is not, is there all the same: to know whom the message is about.
    pub fault: Option<Fault>,
}

impl<'a> Fields<'a> {
    pub fn collect(bytes: &'a [u8], secret: Option<&Secret>) -> Self {
        let mut all = Self {
            fields: Vec::new(),
            kind: None,
            ignored: 0,
            fault: None,
        };
        let mut vector = None;
        for (index, avp) in Avps::new(bytes).enumerate() {
            let Ok(avp) = avp else {
                all.fail(Fault::BadLength);
                break;
            };
            let is_known = avp.vendor == 0 && !avp.reserved && attribute::is_known(avp.attribute);
            if index == 0 {
                all.kind = message_type(&avp).filter(|_| is_known);
            } else if !is_known {
                let (vendor, attribute) = (avp.vendor, avp.attribute);
                all.leave_out(avp.mandatory, Fault::UnknownMandatory { vendor, attribute });
            } else if avp.attribute == attribute::RANDOM_VECTOR {
                vector = Some(avp.value);
            } else {
                all.take(&avp, secret, vector);
            }
        }
        all
    }

    fn take(&mut self, avp: &Avp<'a>, secret: Option<&Secret>, vector: Option<&[u8]>) {
        let Avp {
            attribute,
            mandatory,
            ..
        } = *avp;
        let value = if avp.hidden {
            let revealed = secret.zip(vector).and_then(|(secret, vector)| {
                hidden::reveal(secret, attribute, vector, avp.value).ok()
            });
            match revealed {
                Some(value) => Value::Revealed(value),
                None => return self.leave_out(mandatory, Fault::Hidden(attribute)),
            }
        } else {
            Value::Plain(avp.value)
        };
        self.fields.push(Field {
            attribute,
            mandatory,
            value,
        });
    }

    fn leave_out(&mut self, mandatory: bool, fault: Fault) {
        match mandatory {
            true => self.fail(fault),
            false => self.ignored += 1,
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }

    /// The first AVP of an attribute. Of several, RFC 2661 says nothing.
    fn find(&self, attribute: u16) -> Option<&Field<'a>> {
        self.fields
            .iter()
            .find(|field| field.attribute == attribute)
    }

    pub fn has(&self, attribute: u16) -> bool {
        self.find(attribute).is_some()
    }

    pub fn bytes(&self, attribute: u16) -> Option<&[u8]> {
        self.find(attribute).map(Field::bytes)
    }

    pub fn text(&self, attribute: u16) -> Option<String> {
        self.bytes(attribute).map(printable)
    }

    /// A value of `N` bytes. One of another length counts as not there where it is not mandatory.
    pub fn array<const N: usize>(&self, attribute: u16) -> Result<Option<[u8; N]>, Fault> {
        let Some(field) = self.find(attribute) else {
            return Ok(None);
        };
        match <[u8; N]>::try_from(field.bytes()) {
            Err(_) if field.mandatory => Err(Fault::WrongLength(attribute)),
            value => Ok(value.ok()),
        }
    }

    pub fn u16(&self, attribute: u16) -> Result<Option<u16>, Fault> {
        Ok(self.array(attribute)?.map(u16::from_be_bytes))
    }

    pub fn u32(&self, attribute: u16) -> Result<Option<u32>, Fault> {
        Ok(self.array(attribute)?.map(u32::from_be_bytes))
    }

    /// A tunnel or session id, which is never 0 (sections 4.4.3 and 4.4.4).
    pub fn id(&self, attribute: u16) -> Result<u16, Fault> {
        let id = self.u16(attribute)?.ok_or(Fault::Missing(attribute))?;
        Some(id)
            .filter(|id| *id != 0)
            .ok_or(Fault::BadValue(attribute))
    }
}

fn message_type(avp: &Avp<'_>) -> Option<(u16, bool)> {
    let kind = <[u8; 2]>::try_from(avp.value).ok()?;
    let fits = avp.attribute == attribute::MESSAGE_TYPE && !avp.hidden;
    fits.then_some((u16::from_be_bytes(kind), avp.mandatory))
}
