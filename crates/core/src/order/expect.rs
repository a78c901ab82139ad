//! What an attribute must hold, compiled: an [`Expected`] with its templates and pointers read.

use std::borrow::Cow;

use super::compare::{Beside, elements};
use super::difference::Difference;
use super::excerpt::excerpt;
use super::json::{Json, Shape};
use super::mistake::Mistake;
use super::names::Names;
use super::pointer::Pointer;
use super::spec::Expected;
use super::template::Template;
use super::value::{
    json_text_differs, missing, number_differs, shown, text_differs, unwanted, value_differs,
};
use super::values::Values;
use crate::records::Value;

/// What is known of an order when what it left is compared.
#[derive(Clone, Copy)]
pub(super) struct Known<'a, 'm> {
    /// What its placeholders stand for.
    pub values: &'a Values<'m>,
    /// The order as it was sent, before encoding and envelope; `None` when that is not JSON.
    pub order: Option<&'a Json<'a>>,
    /// The element that a row is of.
    pub at: u32,
}

/// What an attribute must hold.
#[derive(Debug, Clone)]
pub(super) enum Expect {
    At(Pointer),
    Text(Template),
    Number(Source),
    Count(Pointer),
    Json { of: Source, may_add: Vec<Pointer> },
    Join { of: Pointer, with: String },
    Is(String),
    Absent,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Pointer(Pointer),
    Template(Template),
}

impl Source {
    fn new(
        text: &str,
        read: impl FnOnce(&str) -> Result<Template, Mistake>,
    ) -> Result<Self, Mistake> {
        match text.starts_with('/') {
            true => pointer(text).map(Self::Pointer),
            false => read(text).map(Self::Template),
        }
    }
}

/// Reads a pointer.
///
/// # Errors
/// When it is not one, in words for the scenario's author.
pub(super) fn pointer(text: &str) -> Result<Pointer, Mistake> {
    let told = |_| {
        Mistake::new(
            format!("{text:?} is not a JSON pointer"),
            "begin it with a slash: \"/customer/email\"",
        )
    };
    Pointer::parse(text).map_err(told)
}

/// Reads a pointer to a field of the document itself.
fn field(text: &str) -> Result<Pointer, Mistake> {
    let pointer = pointer(text)?;
    match pointer.top_level() {
        Some(_) => Ok(pointer),
        None => Err(Mistake::new(
            format!("may_add names {text:?}, which is not a top-level field of the document"),
            "name the field that is added: may_add = [\"/seen\"]",
        )),
    }
}

impl Expect {
    /// Reads templates and pointers.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(super) fn new(expected: &Expected, names: &Names) -> Result<Self, Mistake> {
        Ok(match expected {
            Expected::At(at) => Self::At(pointer(at)?),
            Expected::Text(text) => Self::Text(Template::text(text, names)?),
            Expected::Number(of) => {
                Self::Number(Source::new(of, |text| Template::text(text, names))?)
            }
            Expected::Count(of) => Self::Count(pointer(of)?),
            Expected::Json { of, may_add } => Self::Json {
                of: Source::new(of, |text| Template::json(text, names))?,
                may_add: may_add
                    .iter()
                    .map(|text| field(text))
                    .collect::<Result<_, _>>()?,
            },
            Expected::Join { of, with } => Self::Join {
                of: pointer(of)?,
                with: with.clone(),
            },
            Expected::Is(json) => match Json::read(json) {
                Ok(_) => Self::Is(json.clone()),
                Err(flaw) => {
                    return Err(Mistake::new(
                        format!("`{}` is {flaw}", excerpt(json)),
                        "write a JSON value: true, null, \"a\", [1, 2]",
                    ));
                }
            },
            Expected::Absent => Self::Absent,
        })
    }

    /// The names that may be added to a text that holds JSON.
    pub(super) fn may_add(&self) -> &[Pointer] {
        match self {
            Self::Json { may_add, .. } => may_add,
            _ => &[],
        }
    }

    /// Where `found` differs from what must be there. What stands nowhere in the order need not be in the row; of an order
    /// that is not JSON nothing is compared that is found by a pointer.
    pub(super) fn differs(
        &self,
        known: Known<'_, '_>,
        found: Option<&Value>,
    ) -> Option<Difference> {
        match self {
            Self::Absent => return found.map(unwanted),
            Self::Text(template) => {
                let expected = rendered(template, known);
                return match found {
                    Some(found) => text_differs(&expected, found),
                    None => Some(missing(&shown(&Value::S(expected)))),
                };
            }
            Self::Is(json) => {
                let expected = Json::read(json).ok()?;
                return against(&expected, found);
            }
            Self::Json { of, may_add } => return json_differs(of, may_add, known, found),
            Self::Number(Source::Template(template)) => {
                return number(&rendered(template, known), found);
            }
            _ => {}
        }
        let order = known.order?;
        match self {
            Self::At(pointer) => match order.at(pointer, known.at) {
                Some(expected) => against(expected, found),
                None => nothing(found),
            },
            Self::Number(Source::Pointer(pointer)) => match order.at(pointer, known.at) {
                Some(expected) => number(expected.plain().unwrap_or(expected.text()), found),
                None => nothing(found),
            },
            Self::Count(pointer) => match order.at(pointer, known.at) {
                Some(list) => number(&count(list).to_string(), found),
                None => nothing(found),
            },
            Self::Join { of, with } => match order.at(of, known.at) {
                Some(list) => {
                    let expected = Value::S(joined(list, with));
                    match found {
                        Some(found) if *found == expected => None,
                        Some(found) => text_differs(expected.as_text().unwrap_or_default(), found),
                        None => Some(missing(&shown(&expected))),
                    }
                }
                None => nothing(found),
            },
            _ => None,
        }
    }

    /// The value that must be there, for a row that is written before its order is sent; `None` for no attribute.
    pub(super) fn value(&self, known: Known<'_, '_>) -> Option<Value> {
        let at = |pointer: &Pointer| known.order.and_then(|order| order.at(pointer, known.at));
        match self {
            Self::At(pointer) => at(pointer).map(value_of),
            Self::Text(template) => Some(Value::S(rendered(template, known))),
            Self::Number(Source::Template(template)) => Some(Value::N(rendered(template, known))),
            Self::Number(Source::Pointer(pointer)) => at(pointer)
                .and_then(|value| value.plain())
                .map(|text| Value::N(text.to_owned())),
            Self::Count(pointer) => at(pointer).map(|list| Value::N(count(list).to_string())),
            Self::Json {
                of: Source::Template(template),
                ..
            } => Some(Value::S(rendered(template, known))),
            Self::Json {
                of: Source::Pointer(pointer),
                ..
            } => at(pointer).map(|value| Value::S(value.text().to_owned())),
            Self::Join { of, with } => at(of).map(|list| Value::S(joined(list, with))),
            Self::Is(json) => Json::read(json).ok().as_ref().map(value_of),
            Self::Absent => None,
        }
    }
}

/// A template's text for an order and an element.
pub(super) fn rendered(template: &Template, known: Known<'_, '_>) -> String {
    let mut out = String::new();
    template.render_element(known.values, &[], Some(u64::from(known.at)), &mut out);
    out
}

fn against(expected: &Json<'_>, found: Option<&Value>) -> Option<Difference> {
    match found {
        Some(found) => value_differs(expected, found),
        None => Some(missing(expected.text())),
    }
}

fn number(expected: &str, found: Option<&Value>) -> Option<Difference> {
    match found {
        Some(found) => number_differs(expected, found),
        None => Some(missing(expected)),
    }
}

/// The order has nothing there: the row need not have it, and may say so.
fn nothing(found: Option<&Value>) -> Option<Difference> {
    match found {
        None | Some(Value::Null) => None,
        Some(found) => Some(unwanted(found)),
    }
}

fn json_differs(
    of: &Source,
    may_add: &[Pointer],
    known: Known<'_, '_>,
    found: Option<&Value>,
) -> Option<Difference> {
    let expected: Cow<'_, str> = match of {
        Source::Template(template) => rendered(template, known).into(),
        Source::Pointer(pointer) => match known.order?.at(pointer, known.at) {
            Some(value) => value.text().into(),
            None => return nothing(found),
        },
    };
    let Some(found) = found else {
        return Some(Difference::of(super::WHOLE, "a text (S)", super::MISSING));
    };
    // Most are written just so, and need no reading.
    if found.as_text() == Some(&expected) {
        return None;
    }
    // A template may give what is not JSON; then the text itself must be there.
    let Ok(document) = Json::read(&expected) else {
        return text_differs(&expected, found);
    };
    json_text_differs(&document, found, |name| {
        let is_named = |pointer: &&Pointer| pointer.top_level() == Some(name);
        let Some(pointer) = may_add.iter().find(is_named) else {
            return Beside::Nothing;
        };
        let own = known.order.and_then(|order| order.at(pointer, known.at));
        own.map_or(Beside::Anything, Beside::Only)
    })
}

fn count(list: &Json<'_>) -> usize {
    match list.shape() {
        Shape::List(elements) => elements.len(),
        Shape::Object(fields) => fields.len(),
        _ => 1,
    }
}

fn joined(list: &Json<'_>, with: &str) -> String {
    let plain = |value: &Json<'_>| value.plain().unwrap_or(value.text()).to_owned();
    match list.as_list() {
        Some(list) => list.iter().map(plain).collect::<Vec<_>>().join(with),
        None => plain(list),
    }
}

/// A JSON value as DynamoDB keeps it.
pub(super) fn value_of(json: &Json<'_>) -> Value {
    match json.shape() {
        Shape::Null => Value::Null,
        Shape::Bool(truth) => Value::Bool(*truth),
        Shape::Number => Value::N(json.text().to_owned()),
        Shape::Text(text) => Value::S(text.clone().into_owned()),
        Shape::List(elements) => Value::L(elements.iter().map(value_of).collect()),
        Shape::Object(fields) => {
            let field = |(name, value): &(Cow<'_, str>, Json<'_>)| {
                (name.clone().into_owned(), value_of(value))
            };
            Value::M(fields.iter().map(field).collect())
        }
        Shape::Opaque => Value::S(json.text().to_owned()),
    }
}

/// A row for an element that the order does not have.
pub(super) fn no_such_element(count: u32, at: u32) -> Difference {
    elements(count as usize, at as usize + 1)
}

#[cfg(test)]
#[path = "expect_tests.rs"]
mod tests;
