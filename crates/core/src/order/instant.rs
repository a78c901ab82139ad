//! Instants as messages write them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::sink::Sink;
use super::spec::TimeFormat;

/// Writes an instant, given in milliseconds since the Unix epoch, without quotes.
pub(super) fn write_instant(unix_ms: u64, format: TimeFormat, out: &mut impl Sink) {
    match format {
        TimeFormat::Unix => out.put(itoa::Buffer::new().format(unix_ms / 1_000)),
        TimeFormat::UnixMs => out.put(itoa::Buffer::new().format(unix_ms)),
        TimeFormat::Date => out.put(&date(unix_ms)),
        TimeFormat::Rfc3339 => out.put(&format!(
            "{}T{}.{:03}Z",
            date(unix_ms),
            clock(unix_ms),
            unix_ms % 1_000
        )),
    }
}

/// `2026-11-27T09:00:00Z`, to the second.
pub(super) fn to_the_second(unix_ms: u64) -> String {
    format!("{}T{}Z", date(unix_ms), clock(unix_ms))
}

fn date(unix_ms: u64) -> String {
    // Beyond the year 9999 nothing is due.
    let second = i64::try_from(unix_ms / 1_000).unwrap_or(i64::MAX);
    let instant = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    TimeZone::UTC.to_datetime(instant).date().to_string()
}

fn clock(unix_ms: u64) -> String {
    let second = unix_ms / 1_000 % 86_400;
    format!(
        "{:02}:{:02}:{:02}",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_says_the_same_instant() {
        let written = |format| {
            let mut out = String::new();
            write_instant(1_795_770_000_123, format, &mut out);
            out
        };
        assert_eq!(written(TimeFormat::Rfc3339), "2026-11-27T09:00:00.123Z");
        assert_eq!(written(TimeFormat::Date), "2026-11-27");
        assert_eq!(written(TimeFormat::Unix), "1795770000");
        assert_eq!(written(TimeFormat::UnixMs), "1795770000123");
        assert_eq!(to_the_second(1_795_770_000_999), "2026-11-27T09:00:00Z");
    }
}
