//! Numbers as decimals: two are equal when they denote the same value, however they are spelled.
//!
//! No binary floating point and no expansion: an exponent of a billion costs what its ten digits cost.

/// Digits of an exponent that are read: more denote numbers that nobody stores.
const EXPONENT_DIGITS_MAX: usize = 18;

/// A decimal number, exact: its digits as a whole number, times a power of ten.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// Without leading and trailing zeros; empty for zero.
    digits: String,
    exponent: i128,
}

impl Decimal {
    /// Reads a number as JSON and DynamoDB spell it: a sign, digits, a fraction, an exponent.
    ///
    /// `None` for what is not a number, and for one whose exponent has more than 18 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (text, 0),
        };
        let (negative, unsigned) = signed(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let both = || whole.bytes().chain(fraction.bytes());
        if both().next().is_none() || !both().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut digits = String::with_capacity(whole.len() + fraction.len());
        digits.extend([whole, fraction]);
        let significant = digits.trim_start_matches('0');
        let kept = significant.trim_end_matches('0');
        if kept.is_empty() {
            return Some(Self::zero());
        }
        let dropped = significant.len() - kept.len();
        let exponent = exponent - fraction.len() as i128 + dropped as i128;
        Some(Self {
            negative,
            digits: kept.to_owned(),
            exponent,
        })
    }

    fn zero() -> Self {
        Self {
            negative: false,
            digits: String::new(),
            exponent: 0,
        }
    }

    /// The whole number within `u64` that a text is, if it is one: as [`Self::parse`] and [`Self::as_u64`] read it.
    pub fn whole(text: &str) -> Option<u64> {
        // Most are plain digits, and need no memory.
        let is_plain =
            (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        match is_plain {
            true => text.parse().ok(),
            false => Self::parse(text)?.as_u64(),
        }
    }

    /// The number, if it is a whole one within `u64`.
    pub fn as_u64(&self) -> Option<u64> {
        const LONGEST: i128 = 20;
        if self.negative || self.exponent < 0 {
            return None;
        }
        if self.digits.len() as i128 + self.exponent > LONGEST {
            return None;
        }
        let mut number = self.digits.parse::<u64>().or(match self.digits.is_empty() {
            true => Ok(0),
            false => Err(()),
        });
        for _ in 0..self.exponent {
            number = number.and_then(|number| number.checked_mul(10).ok_or(()));
        }
        number.ok()
    }

    /// The number times 10 to the power of `places`, without what is behind its point then; `None` when that is negative or
    /// beyond `u64`.
    pub fn as_u64_scaled(&self, places: u8) -> Option<u64> {
        let exponent = self.exponent + i128::from(places);
        let behind = usize::try_from(-exponent.min(0)).ok()?;
        let kept = self.digits.len().saturating_sub(behind);
        let whole = Self {
            negative: self.negative && kept > 0,
            digits: self.digits[..kept].to_owned(),
            exponent: exponent.max(0),
        };
        whole.as_u64()
    }

    /// The number as a whole number times a power of ten; `None` beyond 38 digits.
    pub fn as_scaled(&self) -> Option<(i128, i128)> {
        let digits = match self.digits.as_str() {
            "" => 0,
            digits => digits.parse::<i128>().ok()?,
        };
        Some((if self.negative { -digits } else { digits }, self.exponent))
    }

    /// The same text for every spelling of the number.
    pub fn canonical(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{}e{}", self.digits, self.exponent)
    }
}

impl From<u64> for Decimal {
    fn from(number: u64) -> Self {
        Self::parse(itoa::Buffer::new().format(number)).expect("digits are a number")
    }
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn read_exponent(text: &str) -> Option<i128> {
    let (negative, digits) = signed(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    if significant.len() > EXPONENT_DIGITS_MAX {
        return None;
    }
    let exponent: i128 = match significant {
        "" => 0,
        digits => digits.parse().ok()?,
    };
    Some(if negative { -exponent } else { exponent })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[test]
    fn a_whole_number_is_read_as_any_number_is() {
        for text in [
            "0",
            "000",
            "7",
            "-7",
            "+7",
            "7.0",
            "7.5",
            "1e3",
            "",
            " 7",
            "x",
            "9999999999999999999",
            "18446744073709551615",
            "18446744073709551616",
            "00000000000000000000000000007",
        ] {
            let read = Decimal::parse(text).and_then(|number| number.as_u64());
            assert_eq!(Decimal::whole(text), read, "{text}");
        }
    }

    #[test]
    fn spellings_of_one_value_are_equal_and_near_misses_are_not() {
        for (one, other) in [
            ("130", "130.0"),
            ("130", "1.3e2"),
            ("130", "1.3E+2"),
            ("130", "+0130.000e0"),
            ("130", "13000e-2"),
            ("130", "0.0000130e0000000000000000000000000007"),
            ("0", "-0"),
            ("0", "0.000e999999999"),
            ("-8.5", "-85e-1"),
            ("1e999999999", "10e999999998"),
            ("7000000001", "7.000000001E9"),
            ("7000000001", "7000000001.0"),
        ] {
            assert_eq!(number(one), number(other), "{one} and {other}");
            assert_eq!(number(one).canonical(), number(other).canonical());
        }
        for (one, other) in [
            ("130", "130.00000000000000000000000000001"),
            ("130", "129.99999999999999999999999999999"),
            ("130", "-130"),
            ("130", "13"),
            ("130", "1300"),
            ("1e999999999", "1e999999998"),
            ("9007199254740992", "9007199254740993"),
            ("0", "1e-999999999"),
        ] {
            assert_ne!(number(one), number(other), "{one} and {other}");
            assert_ne!(number(one).canonical(), number(other).canonical());
        }
    }

    #[test]
    fn what_is_no_number_is_not_read() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "e5",
            "1e",
            "1e+",
            "--1",
            "1e5e5",
            "1.2.3",
            "0x10",
            "NaN",
            "Infinity",
            "1,5",
            " 1",
            "1 ",
            "١",
            "1_000",
            "1e1000000000000000000",
            "\"3\"",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn whole_numbers_within_64_bits_are_read_exactly() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("7.000000001E9", Some(7_000_000_001)),
            ("7000000001.0", Some(7_000_000_001)),
            ("18446744073709551615", Some(u64::MAX)),
            ("1844674407370955161.5e1", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("1e19", Some(10_000_000_000_000_000_000)),
            ("2e19", None),
            ("1e999999999999999999", None),
            ("7000000001.5", None),
            ("-7000000001", None),
        ] {
            assert_eq!(number(text).as_u64(), expected, "{text}");
        }
    }

    #[test]
    fn a_number_is_scaled_and_what_is_behind_its_point_dropped() {
        for (text, places, expected) in [
            ("1764400000.123456789", 6, Some(1_764_400_000_123_456)),
            ("1764400000", 6, Some(1_764_400_000_000_000)),
            ("1.7644e9", 3, Some(1_764_400_000_000)),
            ("0.0000001", 6, Some(0)),
            ("-0.0000001", 6, Some(0)),
            ("-1", 6, None),
            ("1e30", 6, None),
            ("0", 6, Some(0)),
            ("1e-999999999", 6, Some(0)),
        ] {
            assert_eq!(number(text).as_u64_scaled(places), expected, "{text}");
        }
        assert_eq!(number("-12.50").as_scaled(), Some((-125, -1)));
        assert_eq!(number("0.0").as_scaled(), Some((0, 0)));
        assert_eq!(number(&"7".repeat(40)).as_scaled(), None);
    }

    proptest! {
        #[test]
        fn a_number_is_itself_with_its_point_anywhere(value: u64, places in 0usize..30) {
            let padded = format!("{value:0>width$}", width = places + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places);
            let shifted = number(&format!("{whole}.{fraction}0e{places}"));
            prop_assert_eq!(&shifted, &Decimal::from(value));
            prop_assert_eq!(shifted.as_u64(), Some(value));
            prop_assert_ne!(shifted, number(&format!("{value}.{}1", "0".repeat(places))));
        }
    }
}
