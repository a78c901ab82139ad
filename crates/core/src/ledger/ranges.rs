//! Sets of sequence numbers as sorted, disjoint ranges, written `0-99,105`.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Sorted ranges that neither overlap nor touch; empty sets have no range.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ranges(Vec<Range<u64>>);

/// A text is not a set of ranges.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a sorted list of ranges such as `0-99,105`")]
pub struct ParseRangesError(String);

impl Ranges {
    /// The union of `ranges`, given in any order.
    pub fn of(mut ranges: Vec<Range<u64>>) -> Self {
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable_by_key(|range| range.start);
        let mut merged: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        Self(merged)
    }

    /// The ranges, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.0.iter().cloned()
    }

    /// Whether the set has no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The range that is the whole set, if it is one range.
    pub fn single(&self) -> Option<Range<u64>> {
        match self.0.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            match range.end - range.start {
                1 => write!(f, "{}", range.start)?,
                _ => write!(f, "{}-{}", range.start, range.end - 1)?,
            }
        }
        Ok(())
    }
}

impl FromStr for Ranges {
    type Err = ParseRangesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_ranges(text).collect::<Result<_, _>>().map(Self)
    }
}

/// The ranges of a text one by one, ascending; an error is the last.
pub fn parse_ranges(text: &str) -> impl Iterator<Item = Result<Range<u64>, ParseRangesError>> + '_ {
    let wrong = move || ParseRangesError(text.chars().take(60).collect());
    let mut previous_end = None;
    let mut failed = false;
    let parts = text.split(',').filter(move |_| !text.is_empty());
    parts.map_while(move |part| {
        let next = || -> Option<Range<u64>> {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            let end = last.checked_add(1)?;
            let after_previous = previous_end.is_none_or(|previous| first > previous);
            (last >= first && after_previous).then_some(first..end)
        };
        if failed {
            return None;
        }
        let range = next().ok_or_else(wrong);
        failed = range.is_err();
        previous_end = range.as_ref().ok().map(|range| range.end);
        Some(range)
    })
}

impl From<Ranges> for String {
    fn from(ranges: Ranges) -> Self {
        ranges.to_string()
    }
}

impl TryFrom<String> for Ranges {
    type Error = ParseRangesError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    #[expect(
        clippy::single_range_in_vec_init,
        reason = "a list of one range is meant"
    )]
    fn ranges_are_written_short() {
        let cases: [(Vec<Range<u64>>, &str, &str); 5] = [
            (vec![], "", "nothing"),
            (vec![7..8], "7", "one order"),
            (vec![3..5, 0..3], "0-4", "touching ranges become one"),
            (
                vec![105..106, 0..100],
                "0-99,105",
                "sorted, a single order stays single",
            ),
            (
                vec![5..5, 1..9, 2..3],
                "1-8",
                "empty and contained ranges vanish",
            ),
        ];
        for (ranges, text, why) in cases {
            assert_eq!(Ranges::of(ranges).to_string(), text, "{why}");
        }
    }

    #[test]
    fn a_text_that_is_no_canonical_list_is_refused() {
        for (text, why) in [
            ("a", "no number"),
            ("5-3", "descending"),
            ("0-4,3", "overlapping"),
            ("0-4,5", "touching: would have been written 0-5"),
            ("9,3", "unsorted"),
            ("1,,2", "an empty part"),
            ("-5", "no first number"),
            ("0-18446744073709551615", "an end beyond 64 bits"),
        ] {
            assert!(text.parse::<Ranges>().is_err(), "{why}: {text}");
        }
    }

    proptest! {
        #[test]
        fn writing_and_reading_gives_the_same_set(
            ranges in proptest::collection::vec((0u64..500, 0u64..9), 0..40),
        ) {
            let ranges = Ranges::of(ranges.into_iter().map(|(first, n)| first..first + n).collect());
            prop_assert_eq!(ranges.to_string().parse::<Ranges>().unwrap(), ranges);
        }
    }
}
