//! `< 5`, `>= 900/s`: a limit and the side of it that is right.

use serde::{Deserialize, Serialize};

/// How a measured value must stand to the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Operator {
    /// Every operator; those of two characters come first, so that the first that fits is the right one.
    pub const ALL: [Self; 5] = [
        Self::AtMost,
        Self::AtLeast,
        Self::Equal,
        Self::Below,
        Self::Above,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// Whether it bounds from below only.
    pub fn is_lower(self) -> bool {
        matches!(self, Self::AtLeast | Self::Above)
    }
}

/// A limit and the side of it that is right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bound<T> {
    /// The side.
    pub operator: Operator,
    /// The limit.
    pub limit: T,
}

impl<T> Bound<T> {
    /// Whether it bounds from above only.
    pub fn is_upper(&self) -> bool {
        matches!(self.operator, Operator::Below | Operator::AtMost)
    }
}

impl<T: PartialOrd + Copy> Bound<T> {
    /// Whether `value` is on the right side.
    pub fn holds(&self, value: T) -> bool {
        match self.operator {
            Operator::Below => value < self.limit,
            Operator::AtMost => value <= self.limit,
            Operator::Equal => value == self.limit,
            Operator::AtLeast => value >= self.limit,
            Operator::Above => value > self.limit,
        }
    }

    /// The largest value that holds and whether it is excluded itself, if there is one.
    pub(super) fn upper(&self) -> Option<(T, bool)> {
        match self.operator {
            Operator::Below => Some((self.limit, true)),
            Operator::AtMost | Operator::Equal => Some((self.limit, false)),
            Operator::AtLeast | Operator::Above => None,
        }
    }

    /// The smallest value that holds and whether it is excluded itself, if there is one.
    pub(super) fn lower(&self) -> Option<(T, bool)> {
        match self.operator {
            Operator::Below | Operator::AtMost => None,
            Operator::Equal | Operator::AtLeast => Some((self.limit, false)),
            Operator::Above => Some((self.limit, true)),
        }
    }

    /// Whether some value holds under both: as many as real numbers have between the two.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        reaches(self.lower(), other.upper()) && reaches(other.lower(), self.upper())
    }
}

/// Whether there is a value from `lower` up to `upper`.
pub(super) fn reaches<T: PartialOrd>(lower: Option<(T, bool)>, upper: Option<(T, bool)>) -> bool {
    match (lower, upper) {
        (Some((lower, lower_open)), Some((upper, upper_open))) => {
            lower < upper || (lower == upper && !lower_open && !upper_open)
        }
        _ => true,
    }
}

impl Bound<u64> {
    /// The same of whole numbers without `<` and `>`, so that nothing lies between two limits in a row;
    /// `None` when nothing is below.
    pub(super) fn whole(self) -> Option<Self> {
        let bound = |operator, limit| Some(Self { operator, limit });
        match self.operator {
            Operator::Below => bound(Operator::AtMost, self.limit.checked_sub(1)?),
            Operator::Above => bound(Operator::AtLeast, self.limit.checked_add(1)?),
            _ => Some(self),
        }
    }
}
