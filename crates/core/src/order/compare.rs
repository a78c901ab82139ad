//! Two JSON values by meaning: numbers as decimals, fields in any order, lists in theirs, and no name twice.

use std::borrow::Cow;

use super::difference::{Difference, MISSING, WHOLE};
use super::excerpt::excerpt;
use super::json::{Flaw, Json, Shape};

/// What stands in place of a field that must not be there.
pub(super) const NO_FIELD: &str = "no such field";

/// Where `found` differs from `expected`, or `None` when both mean the same.
pub(super) fn differs(expected: &Json<'_>, found: &Json<'_>) -> Option<Difference> {
    let other = || Some(Difference::of(WHOLE, expected.text(), found.text()));
    match (expected.shape(), found.shape()) {
        (Shape::Null, Shape::Null) => None,
        (Shape::Bool(one), Shape::Bool(another)) if one == another => None,
        (Shape::Text(one), Shape::Text(another)) if one == another => None,
        (Shape::Number, Shape::Number) if is_same_number(expected.text(), found.text()) => None,
        (Shape::Opaque, Shape::Opaque) if expected.text() == found.text() => None,
        (Shape::List(expected), Shape::List(found)) => lists(expected, found),
        (Shape::Object(_), Shape::Object(_)) => objects(expected, found, |_| Beside::Nothing),
        _ => other(),
    }
}

/// What a field that was not expected may hold.
#[derive(Debug, Clone, Copy)]
pub enum Beside<'j> {
    /// Nothing: it must not be there.
    Nothing,
    /// This alone.
    Only(&'j Json<'j>),
    /// Whatever it holds.
    Anything,
}

/// The same of two objects; a field of `found` that `expected` lacks is a difference, unless it holds what `may_hold` says
/// that a field of this name may hold.
pub(super) fn objects<'j>(
    expected: &Json<'_>,
    found: &Json<'_>,
    may_hold: impl Fn(&str) -> Beside<'j>,
) -> Option<Difference> {
    if let Some(name) = found.repeated() {
        return Some(repeated(name, found, expected));
    }
    let fields = expected.as_object().unwrap_or_default();
    for (name, value) in fields {
        let Some(there) = found.values(name).next() else {
            return Some(Difference::of(name, value.text(), MISSING));
        };
        if let Some(difference) = differs(value, there) {
            return Some(difference.within(name));
        }
    }
    let known = |name: &str| fields.iter().any(|(known, _)| known == name);
    let others = found.as_object().unwrap_or_default().iter();
    let strange = |(name, value): &(Cow<'_, str>, Json<'_>)| match may_hold(name) {
        _ if known(name) => None,
        Beside::Anything => None,
        Beside::Only(expected) => {
            differs(expected, value).map(|difference| difference.within(name))
        }
        Beside::Nothing => Some(Difference::of(name, NO_FIELD, value.text())),
    };
    { others }.find_map(strange)
}

fn lists(expected: &[Json<'_>], found: &[Json<'_>]) -> Option<Difference> {
    let within = |(index, (one, another)): (usize, (&Json<'_>, &Json<'_>))| {
        differs(one, another).map(|difference| difference.within(&index.to_string()))
    };
    let pairs = expected.iter().zip(found).enumerate();
    pairs.filter_map(within).next().or_else(|| {
        let (count, there) = (expected.len(), found.len());
        (count != there).then(|| elements(count, there))
    })
}

/// A list of `count` elements is one of `found`.
pub(super) fn elements(count: usize, found: usize) -> Difference {
    let told = |count: usize| match count {
        1 => "1 element".to_owned(),
        count => format!("{count} elements"),
    };
    Difference::of(WHOLE, &told(count), &told(found))
}

fn repeated(name: &str, found: &Json<'_>, expected: &Json<'_>) -> Difference {
    let values: Vec<_> = found
        .values(name)
        .take(3)
        .map(|value| excerpt(value.text()))
        .collect();
    let must_be = match expected.values(name).next() {
        Some(value) => format!("{} once", excerpt(value.text())),
        None => "one value".into(),
    };
    let there = format!("given more than once ({})", values.join(", "));
    Difference::of(name, &must_be, &there)
}

/// A text that is not the JSON it must be.
pub(super) fn unreadable(flaw: &Flaw, text: &str) -> Difference {
    let found = match text {
        "" => "empty".to_owned(),
        text => format!("{flaw}: {text}"),
    };
    Difference::of(WHOLE, "an order as a JSON object", &found)
}

/// Whether two spellings denote one number.
pub(super) fn is_same_number(one: &str, another: &str) -> bool {
    use super::Decimal;
    one == another
        || match (Decimal::parse(one), Decimal::parse(another)) {
            (Some(one), Some(another)) => one == another,
            _ => false,
        }
}
