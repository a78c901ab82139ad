//! The instant that an attribute of a row holds.

use super::Value;
use crate::order::Decimal;
use crate::order::spec::TimeUnit;

/// The instant a value holds, written in this unit: microseconds since the Unix epoch. `None` for what is none, or lies
/// before it.
pub fn instant_us(value: &Value, unit: TimeUnit) -> Option<u64> {
    let scaled = |places| number(value).and_then(|number| number.as_u64_scaled(places));
    match unit {
        TimeUnit::S => scaled(6),
        TimeUnit::Ms => scaled(3),
        // Nothing is finer: a fraction is no instant of this unit.
        TimeUnit::Us => Decimal::whole(value.as_number()?),
        TimeUnit::Rfc3339 => rfc_3339(value.as_text()?),
    }
}

/// Seconds and milliseconds are often kept as texts.
fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::N(text) | Value::S(text) => Decimal::parse(text),
        _ => None,
    }
}

/// With an offset, or without one in UTC, as Python's `datetime.isoformat` writes it.
fn rfc_3339(text: &str) -> Option<u64> {
    let with_offset = text.parse::<jiff::Timestamp>().ok();
    let timestamp = with_offset.or_else(|| {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        jiff::tz::Offset::UTC.to_timestamp(civil).ok()
    });
    u64::try_from(timestamp?.as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_read_as_consumers_write_it() {
        let (n, s) = (
            |text: &str| Value::N(text.into()),
            |text: &str| Value::S(text.into()),
        );
        let at = Some(1_795_770_000_123_000);
        for (value, unit, expected) in [
            (n("1795770000.123"), TimeUnit::S, at),
            (s("1795770000.123"), TimeUnit::S, at),
            (n("1795770000123"), TimeUnit::Ms, at),
            (s("1795770000123"), TimeUnit::Ms, at),
            (n("1795770000123000"), TimeUnit::Us, at),
            (n("1.795770000123E15"), TimeUnit::Us, at),
            (s("1795770000123000"), TimeUnit::Us, None),
            (n("1795770000123000.5"), TimeUnit::Us, None),
            (s("2026-11-27T09:00:00.123Z"), TimeUnit::Rfc3339, at),
            (s("2026-11-27T10:00:00.123+01:00"), TimeUnit::Rfc3339, at),
            (s("2026-11-27T09:00:00.123000"), TimeUnit::Rfc3339, at),
            (s("2026-11-27 09:00:00.123"), TimeUnit::Rfc3339, at),
            (s("1969-12-31T23:59:59Z"), TimeUnit::Rfc3339, None),
            (s("yesterday"), TimeUnit::Rfc3339, None),
            (n("1795770000"), TimeUnit::Rfc3339, None),
            (n("-1"), TimeUnit::S, None),
            (n("1e999"), TimeUnit::S, None),
            (Value::Bool(true), TimeUnit::S, None),
        ] {
            assert_eq!(instant_us(&value, unit), expected, "{value:?} {unit:?}");
        }
    }
}
