//! Points in time, written as RFC 3339 writes them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The last second that four digits of a year can name (9999-12-31T23:59:59Z).
const LAST: Duration = Duration::from_secs(253_402_300_799);

/// A second of the calendar, in UTC: `2026-11-23T10:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(SystemTime);

impl Timestamp {
    /// The time now.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Seconds since 1970.
    pub fn unix_seconds(self) -> u64 {
        let since = self.0.duration_since(UNIX_EPOCH);
        since.unwrap_or_default().as_secs()
    }

    /// How long ago that was at `now`; zero for what is still to come.
    pub fn age(self, now: Self) -> Duration {
        now.0.duration_since(self.0).unwrap_or_default()
    }
}

impl From<SystemTime> for Timestamp {
    /// Cuts the fraction of a second off; what lies outside the years 1970 to 9999 becomes the
    /// nearest second in them.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = Duration::from_secs(since.as_secs()).min(LAST);
        Self(UNIX_EPOCH + seconds)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_rfc3339_seconds(self.0).fmt(f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = humantime::parse_rfc3339(&text).map_err(D::Error::custom)?;
        Ok(time.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_rfc_3339_says() {
        let time = Timestamp::from(UNIX_EPOCH + Duration::from_millis(1_795_428_000_900));
        assert_eq!(time.to_string(), "2026-11-23T10:00:00Z");
        assert_eq!(time.unix_seconds(), 1_795_428_000);
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(json, r#""2026-11-23T10:00:00Z""#);
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
    }

    #[test]
    fn times_out_of_reach_become_the_nearest() {
        let far = Timestamp::from(UNIX_EPOCH + Duration::from_secs(1 << 40));
        assert_eq!(far.to_string(), "9999-12-31T23:59:59Z");
        let early = Timestamp::from(UNIX_EPOCH - Duration::from_secs(1));
        assert_eq!(early.to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(early.age(far), LAST);
        assert_eq!(far.age(early), Duration::ZERO);
    }
}
