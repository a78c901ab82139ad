//! What a single value is held against.

use serde_json::Value;

/// One item of a pattern's list.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Equals(Value),
    EqualsIgnoringCase(String),
    Prefix(String),
    PrefixIgnoringCase(String),
    Suffix(String),
    SuffixIgnoringCase(String),
    Wildcard(String),
    Numeric(Vec<(Comparison, f64)>),
    AnythingBut(Vec<Test>),
    Exists(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Test {
    /// Whether a value that is neither object nor array passes.
    pub(super) fn passes(&self, value: &Value) -> bool {
        match self {
            Self::Equals(expected) => equal(expected, value),
            Self::Numeric(bounds) => value
                .as_f64()
                .is_some_and(|number| bounds.iter().all(|bound| within(number, *bound))),
            Self::AnythingBut(tests) => {
                !value.is_object() && tests.iter().all(|test| !test.passes(value))
            }
            Self::Exists(wanted) => *wanted,
            text => value.as_str().is_some_and(|value| text.passes_text(value)),
        }
    }

    fn passes_text(&self, text: &str) -> bool {
        match self {
            Self::EqualsIgnoringCase(other) => lower(text) == lower(other),
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::PrefixIgnoringCase(prefix) => lower(text).starts_with(&lower(prefix)),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::SuffixIgnoringCase(suffix) => lower(text).ends_with(&lower(suffix)),
            Self::Wildcard(pattern) => wildcard(pattern, text),
            Self::Equals(_) | Self::Numeric(_) | Self::AnythingBut(_) | Self::Exists(_) => false,
        }
    }
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// 300 and 3.0e2 are one number.
fn equal(expected: &Value, value: &Value) -> bool {
    match (expected.as_f64(), value.as_f64()) {
        (Some(expected), Some(value)) => expected == value,
        _ => expected == value,
    }
}

fn within(number: f64, (comparison, bound): (Comparison, f64)) -> bool {
    match comparison {
        Comparison::Equal => number == bound,
        Comparison::Less => number < bound,
        Comparison::LessOrEqual => number <= bound,
        Comparison::Greater => number > bound,
        Comparison::GreaterOrEqual => number >= bound,
    }
}

/// `*` stands for any characters, none included; `\*` and `\\` for themselves.
fn wildcard(pattern: &str, text: &str) -> bool {
    let mut pieces = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        let piece = pieces.last_mut().expect("there is always one");
        match character {
            '\\' => piece.extend(characters.next()),
            '*' => pieces.push(String::new()),
            other => piece.push(other),
        }
    }
    let [first, rest @ ..] = pieces.as_slice() else {
        return false;
    };
    let [middle @ .., last] = rest else {
        return text == first;
    };
    let Some(mut text) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in middle {
        match text.find(piece.as_str()) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    text.ends_with(last.as_str())
}
