//! The stamp of a row: a time or a counter that grows from one processed order to the next.

use std::fmt;

use super::Decimal;
use super::MISSING;
use super::plan::OrderPlan;
use super::spec::{OrderedBy, StampKind, TimeUnit};
use super::value::shown;
use crate::records::{Item, Value, instant_us};

/// Digits after the point that a stamp may have.
const PLACES: u32 = 9;

/// A stamp: exact, and comparable with those of the same attribute alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(i128);

impl Stamp {
    /// The stamp that a value holds; `None` for what is none: no number, or one of too many digits.
    fn read(value: &Value, kind: StampKind) -> Option<Self> {
        let scale = 10_i128.pow(PLACES);
        match kind {
            StampKind::Number => {
                let text = value.as_number().or(value.as_text())?;
                let (digits, exponent) = Decimal::parse(text)?.as_scaled()?;
                let exponent = u32::try_from(exponent + i128::from(PLACES)).ok()?;
                digits.checked_mul(10_i128.checked_pow(exponent)?).map(Self)
            }
            StampKind::Rfc3339 => {
                let us = instant_us(value, TimeUnit::Rfc3339)?;
                Some(Self(i128::from(us) * scale / 1_000_000))
            }
        }
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u128.pow(PLACES);
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / scale, self.0.unsigned_abs() % scale);
        let fraction = format!("{rest:09}");
        match fraction.trim_end_matches('0') {
            "" => write!(f, "{sign}{whole}"),
            fraction => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

impl OrderPlan {
    /// The row template of `stored` whose rows carry a stamp by which the order within message groups is judged.
    pub fn ordered_by(&self) -> Option<u32> {
        let end = self.ends().end(super::spec::STORED)?;
        let leaf = self.ends().ends[end].ordered_by;
        leaf.and_then(|leaf| u32::try_from(leaf).ok())
    }

    /// The stamp of a row; in words what stands in its place.
    ///
    /// # Errors
    /// When there is none, or none that can be read.
    pub fn stamp(&self, leaf: u32, item: &Item) -> Result<Stamp, String> {
        let row = self.row_leaf(leaf).and_then(|row| row.ordered_by.as_ref());
        let Some(OrderedBy { attribute, kind }) = row else {
            return Err(MISSING.to_owned());
        };
        let value = item.get(attribute).ok_or_else(|| MISSING.to_owned())?;
        Stamp::read(value, *kind).ok_or_else(|| shown(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<Stamp> {
        let read = Stamp::read(&Value::N(text.into()), StampKind::Number);
        assert_eq!(
            read,
            Stamp::read(&Value::S(text.into()), StampKind::Number),
            "as a text"
        );
        read
    }

    #[test]
    fn numbers_are_compared_as_decimals_and_shown_as_they_are() {
        for (less, more) in [
            ("9", "10"),
            ("1795770000.1", "1795770000.123456789"),
            ("18849496460467696128", "18849496460467696129"),
            ("-1", "0"),
            ("1.5e3", "1501"),
        ] {
            assert!(number(less) < number(more), "{less} {more}");
        }
        assert_eq!(number("130"), number("130.0"));
        for text in [
            "130",
            "-0.5",
            "18849496460467696128",
            "1795770000.123456789",
        ] {
            assert_eq!(number(text).unwrap().to_string(), text);
        }
        for text in ["", "soon", "0.1234567891", "1e30", "0x1"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(Stamp::read(&Value::Bool(true), StampKind::Number), None);
    }

    #[test]
    fn times_are_compared_as_instants() {
        let time = |text: &str| Stamp::read(&Value::S(text.into()), StampKind::Rfc3339);
        assert!(time("2026-11-27T10:00:00.1+01:00") < time("2026-11-27T09:00:00.2Z"));
        assert_eq!(
            time("2026-11-27T10:00:00+01:00"),
            time("2026-11-27T09:00:00Z")
        );
        assert_eq!(time("1795770000"), None);
    }
}
