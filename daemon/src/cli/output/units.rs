//! Numbers for people.

use std::time::Duration;

/// `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.23 GB`.
pub fn bytes(bytes: u64) -> String {
    scaled(bytes as f64, "B")
}

/// `1.23 Gbit/s`.
pub fn rate(bits_per_second: f64) -> String {
    scaled(bits_per_second, "bit/s")
}

/// Three digits and a decimal prefix.
fn scaled(mut value: f64, unit: &str) -> String {
    let mut prefixes = ["", "k", "M", "G", "T", "P", "E"].into_iter();
    let mut prefix = prefixes.next().unwrap_or_default();
    // What rounds to 1000 is written as 1.00 of the next.
    while value >= 999.5 {
        let Some(next) = prefixes.next() else { break };
        prefix = next;
        value /= 1000.0;
    }
    let decimals = match value {
        _ if prefix.is_empty() => 0,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {prefix}{unit}")
}

/// `3d 4h`: the two largest units.
pub fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {seconds}s"),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// `12.3 ms`.
pub fn round_trip(microseconds: u64) -> String {
    format!("{:.1} ms", microseconds as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [0, 999, 1000, 12_345, 999_999, u64::MAX].map(bytes),
            ["0 B", "999 B", "1.00 kB", "12.3 kB", "1.00 MB", "18.4 EB"]
        );
        assert_eq!(rate(2_500_000_000.0), "2.50 Gbit/s");
        assert_eq!(round_trip(12_345), "12.3 ms");
        let ages = [5, 125, 7_260, 273_600];
        assert_eq!(
            ages.map(|s| age(Duration::from_secs(s))),
            ["5s", "2m 5s", "2h 1m", "3d 4h"]
        );
    }
}
