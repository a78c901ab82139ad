//! Exact sums of decimals.

use std::cmp::Ordering;
use std::fmt;

use super::decimal::Decimal;

/// Digits behind the point that are added up.
const PLACES_MAX: u32 = 36;

/// A decimal that can be added to others: what fits in 38 digits.
#[derive(Debug, Clone, Copy)]
pub struct Amount {
    digits: i128,
    /// How many of them are behind the point.
    places: u32,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self {
        digits: 0,
        places: 0,
    };
    /// One.
    pub const ONE: Self = Self {
        digits: 1,
        places: 0,
    };

    /// Reads a number; `None` for what is none, or has too many digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, exponent) = Decimal::parse(text)?.as_scaled()?;
        match u32::try_from(-exponent) {
            Ok(places) if places <= PLACES_MAX => Some(Self { digits, places }),
            Ok(_) => None,
            Err(_) => {
                let exponent = u32::try_from(exponent).ok()?;
                let digits = digits.checked_mul(10_i128.checked_pow(exponent)?)?;
                Some(Self { digits, places: 0 })
            }
        }
    }

    /// The sum of both; `None` when it has too many digits.
    pub fn plus(self, other: Self) -> Option<Self> {
        let places = self.places.max(other.places);
        let digits = self
            .with_places(places)?
            .checked_add(other.with_places(places)?)?;
        Some(Self { digits, places })
    }

    fn with_places(self, places: u32) -> Option<i128> {
        let factor = 10_i128.checked_pow(places.checked_sub(self.places)?)?;
        self.digits.checked_mul(factor)
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Amount {}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Self) -> Ordering {
        let places = self.places.max(other.places);
        match (self.with_places(places), other.with_places(places)) {
            (Some(one), Some(another)) => one.cmp(&another),
            // One that has no room for more places is the larger by far, whatever its sign.
            (None, _) => self.digits.cmp(&0),
            (_, None) => 0.cmp(&other.digits),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let places = self.places as usize;
        let digits = format!(
            "{:0>width$}",
            self.digits.unsigned_abs(),
            width = places + 1
        );
        let (whole, fraction) = digits.split_at(digits.len() - places);
        match places {
            0 => write!(f, "{sign}{whole}"),
            _ => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap_or_else(|| panic!("{text} is an amount"))
    }

    #[test]
    fn sums_are_exact_where_binary_floats_are_not() {
        let mut sum = Amount::ZERO;
        for _ in 0..1_000 {
            sum = sum.plus(amount("0.1")).unwrap();
        }
        assert_eq!(sum, amount("100"));
        assert_eq!(sum.to_string(), "100.0");
        let mixed = [amount("12.50"), amount("1e3"), amount("-0.004")];
        let total = mixed
            .into_iter()
            .try_fold(Amount::ZERO, Amount::plus)
            .unwrap();
        assert_eq!(total.to_string(), "1012.496");
        assert_eq!(amount("-0.05").to_string(), "-0.05");
        assert!(amount("-1") < Amount::ZERO && Amount::ZERO < amount("0.0000001"));
        assert!(amount("99999999999999999999999999999999999999") > amount("0.1"));
        assert!(amount("-99999999999999999999999999999999999999") < amount("0.1"));
        assert!(amount("0.1") < amount("99999999999999999999999999999999999999"));
    }

    #[test]
    fn what_cannot_be_added_is_none() {
        for text in ["", "x", "1e39", "1e-37", "1e999999999", &"7".repeat(40)] {
            assert!(Amount::parse(text).is_none(), "{text}");
        }
        let most = amount("170141183460469231731687303715884105727");
        assert!(most.plus(Amount::ONE).is_none());
        assert!(most.plus(amount("0.1")).is_none());
        assert_eq!(Amount::parse("0e999"), Some(Amount::ZERO));
    }
}
