//! Patterns of content: the filter policies of SNS and the event patterns of EventBridge, which are one language.
//!
//! Every key of a pattern must be there, with one of the values its list names; `$or` takes one of several patterns
//! (EventBridge user guide, "Amazon EventBridge event patterns"; SNS developer guide, "Amazon SNS subscription filter
//! policies").

mod parse;
mod test;

use serde_json::{Map, Value};

pub(crate) use parse::PatternError;
use test::Test;

/// A pattern that content is held against.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    fields: Vec<(String, Field)>,
    /// Of each group one must match.
    any_of: Vec<Vec<Pattern>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Nested(Pattern),
    /// One of these must hold.
    Values(Vec<Test>),
}

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        parse::pattern(text)
    }

    /// Whether it looks into objects.
    pub(crate) fn is_nested(&self) -> bool {
        let nested = |(_, field): &(String, Field)| matches!(field, Field::Nested(_));
        let mut groups = self.any_of.iter().flatten();
        self.fields.iter().any(nested) || groups.any(Self::is_nested)
    }

    /// Whether content matches.
    pub(crate) fn matches(&self, content: &Map<String, Value>) -> bool {
        let fields = self.fields.iter().all(|(name, field)| {
            let value = content.get(name);
            match field {
                Field::Nested(pattern) => pattern.matches_in(value),
                Field::Values(tests) => tests.iter().any(|test| holds(test, value)),
            }
        });
        fields
            && self
                .any_of
                .iter()
                .all(|group| group.iter().any(|pattern| pattern.matches(content)))
    }

    /// Of an array any object may match; what is not there is an object without fields.
    fn matches_in(&self, value: Option<&Value>) -> bool {
        match value {
            Some(Value::Object(content)) => self.matches(content),
            Some(Value::Array(items)) => items.iter().any(|item| self.matches_in(Some(item))),
            _ => self.matches(&Map::new()),
        }
    }
}

/// Whether a value passes; of an array any item may.
fn holds(test: &Test, value: Option<&Value>) -> bool {
    match (test, value) {
        (Test::Exists(wanted), value) => *wanted == is_leaf(value),
        (_, None | Some(Value::Object(_))) => false,
        (test, Some(Value::Array(items))) => items.iter().any(|item| test.passes(item)),
        (test, Some(value)) => test.passes(value),
    }
}

/// Whether something is there that is no object: `exists` is asked of those alone.
fn is_leaf(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Object(_)) => false,
        Some(Value::Array(items)) => items.is_empty() || items.iter().any(|item| !item.is_object()),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests;
