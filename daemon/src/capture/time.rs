//! Points in time as captures record them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds since 1970-01-01 00:00 UTC. Later than the year 2554 is 2554, earlier is 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// A time so many nanoseconds after 1970.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A time so many seconds, and nanoseconds, after 1970.
    pub const fn new(seconds: u64, nanos: u64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    /// Nanoseconds since 1970.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// `units` of a pcapng interface's clock: `if_tsresol` as it is written, 10^-n or 2^-n.
    pub(super) fn from_units(units: u64, resolution: u8, offset: i64) -> Self {
        let exponent = u32::from(resolution & 0x7f);
        let per_second = match resolution & 0x80 {
            0 => 10u128.checked_pow(exponent),
            _ => 1u128.checked_shl(exponent),
        };
        // Steps finer than 128 bits can count make no difference in 64 bits of them.
        let nanos = match per_second {
            Some(n) => u128::from(units) * 1_000_000_000 / n,
            None => 0,
        };
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
        let nanos = nanos.saturating_add(i128::from(offset) * 1_000_000_000);
        Self(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
    }

    /// The time of day in UTC, as `HH:MM:SS`.
    pub fn time_of_day(self) -> String {
        let s = self.0 / 1_000_000_000 % 86_400;
        format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }
}

impl From<SystemTime> for Time {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Time> for SystemTime {
    fn from(time: Time) -> Self {
        UNIX_EPOCH + Duration::from_nanos(time.0)
    }
}

/// RFC 3339 in UTC, with nanoseconds.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_nanos((*self).into()).fmt(f)
    }
}
