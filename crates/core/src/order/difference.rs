//! How one content differs from another, in texts that are short and safe to print.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::excerpt::excerpt;

/// What stands in place of something that is not there.
pub const MISSING: &str = "missing";

/// The attribute of a difference that is of the whole content.
pub const WHOLE: &str = "content";

/// One way in which a content is not the order's. Its texts are excerpts: short, and safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Which attribute or field; a place within it follows, as in `payload/lines/0/price`.
    pub attribute: String,
    /// What it must hold.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Difference {
    /// `attribute` holds `found` in place of `expected`.
    pub fn of(attribute: &str, expected: &str, found: &str) -> Self {
        Self {
            attribute: excerpt(attribute),
            expected: excerpt(expected),
            found: excerpt(found),
        }
    }

    /// The same, seen from where it lies within `attribute`.
    pub(super) fn within(self, attribute: &str) -> Self {
        let path = match self.attribute.as_str() {
            WHOLE => attribute.to_owned(),
            inner => format!("{attribute}/{inner}"),
        };
        Self {
            attribute: excerpt(&path),
            ..self
        }
    }

    /// The same, the whole content being called `attribute`.
    pub(super) fn called(self, attribute: &str) -> Self {
        match self.attribute.as_str() {
            WHOLE => self.within(attribute),
            _ => self,
        }
    }
}

impl fmt::Display for Difference {
    /// What was read back from a file is cut and escaped once more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [attribute, expected, found] =
            [&self.attribute, &self.expected, &self.found].map(|text| excerpt(text));
        write!(f, "`{attribute}` is {found}, expected {expected}")
    }
}
