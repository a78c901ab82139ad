//! A JSON text as a tree that loses nothing: every number as it was written, every field where it stands.
//!
//! Readers differ in what they make of a document: which of two equal names counts, how many digits of a number are
//! kept. Here numbers stay texts until they are compared as [`Decimal`]s, and a name that stands twice is seen. Texts
//! come from outside: what lies deeper than [`DEPTH_MAX`] is kept as its text and not taken apart.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::decimal::Decimal;
use super::pointer::{Part, Pointer};

/// Lists and objects within each other that are taken apart.
pub const DEPTH_MAX: u32 = 64;

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is not JSON.
    #[error("not JSON ({0})")]
    NotJson(String),
    /// It is JSON and no object.
    #[error("not a JSON object")]
    NotAnObject,
}

/// A value and the text it was read from.
#[derive(Debug, Clone)]
pub struct Json<'a> {
    text: &'a str,
    shape: Shape<'a>,
}

/// A value's parts.
#[derive(Debug, Clone)]
pub enum Shape<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; its text says which.
    Number,
    /// A text, without quotes and escapes.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object's fields in the order in which they stand, equal names included.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
    /// What is not taken apart: it lies too deep, or holds half a surrogate pair, which no text can hold.
    Opaque,
}

impl<'a> Json<'a> {
    /// Reads a whole text, ignoring white space around it.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn read(text: &'a str) -> Result<Self, Flaw> {
        // Values are skipped without recursion, so that nesting costs no stack.
        let whole: &RawValue =
            serde_json::from_str(text).map_err(|error| Flaw::NotJson(error.to_string()))?;
        Ok(Self::of(whole, 0))
    }

    /// Reads a whole text that is an object.
    ///
    /// # Errors
    /// When it is not JSON, or no object.
    pub fn read_object(text: &'a str) -> Result<Self, Flaw> {
        let whole = Self::read(text)?;
        match whole.shape {
            Shape::Object(_) => Ok(whole),
            _ => Err(Flaw::NotAnObject),
        }
    }

    fn of(value: &'a RawValue, depth: u32) -> Self {
        let text = value.get();
        let shape = match text.as_bytes().first() {
            Some(b'{' | b'[') if depth >= DEPTH_MAX => None,
            Some(b'{') => fields(text, depth).map(Shape::Object),
            Some(b'[') => elements(text, depth).map(Shape::List),
            Some(b'"') => text_of(text).map(Shape::Text),
            Some(b'n') => Some(Shape::Null),
            Some(b't') => Some(Shape::Bool(true)),
            Some(b'f') => Some(Shape::Bool(false)),
            _ => Some(Shape::Number),
        };
        Self {
            text,
            shape: shape.unwrap_or(Shape::Opaque),
        }
    }

    /// The text it was read from.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Its parts.
    pub fn shape(&self) -> &Shape<'a> {
        &self.shape
    }

    /// What a text holds.
    pub fn as_text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A list's elements.
    pub fn as_list(&self) -> Option<&[Json<'a>]> {
        match &self.shape {
            Shape::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// An object's fields in the order in which they stand.
    pub fn as_object(&self) -> Option<&[(Cow<'a, str>, Json<'a>)]> {
        match &self.shape {
            Shape::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// The text of a text, the digits of a number, `true`, `false`; `None` for everything else.
    pub fn plain(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            Shape::Number | Shape::Bool(_) => Some(self.text),
            _ => None,
        }
    }

    /// What stands at `pointer`; where a name stands twice, below the first of that name.
    pub fn at(&self, pointer: &Pointer, at: u32) -> Option<&Json<'a>> {
        let mut found = self;
        for part in pointer.parts() {
            found = match found.shape() {
                Shape::Object(_) => found.values(&part.name(at)).next()?,
                Shape::List(elements) => elements.get(part.index(at)?)?,
                _ => return None,
            };
        }
        Some(found)
    }

    /// Everything that stands at `pointer`: more than one value where a name stands twice. `at` is what `{{at}}` in
    /// it stands for.
    pub fn all_at(&self, pointer: &Pointer, at: u32) -> Vec<&Json<'a>> {
        let mut found = vec![self];
        for part in pointer.parts() {
            let step = |value| step(value, part, at);
            found = found.into_iter().flat_map(step).collect();
        }
        found
    }

    /// The first name, in alphabetical order, that stands more than once in this object.
    pub fn repeated(&self) -> Option<&str> {
        let fields = self.as_object()?;
        let mut names: Vec<&str> = fields.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        let pair = names.windows(2).find(|pair| pair[0] == pair[1]);
        pair.map(|pair| pair[0])
    }

    /// What the fields of this name hold.
    pub fn values<'s>(&'s self, name: &str) -> impl Iterator<Item = &'s Json<'a>> {
        let fields = self.as_object().unwrap_or_default().iter();
        fields
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value)
    }

    /// Appends the same text for the same content: fields in alphabetical order, each number and each text in one
    /// spelling. What is not taken apart stands for itself.
    pub fn write_canonical(&self, out: &mut String) {
        match &self.shape {
            Shape::Null | Shape::Bool(_) | Shape::Opaque => out.push_str(self.text),
            Shape::Number => match Decimal::parse(self.text) {
                Some(number) => out.push_str(&number.canonical()),
                None => out.push_str(self.text),
            },
            Shape::Text(text) => write_text(text, out),
            Shape::List(elements) => {
                out.push('[');
                for element in elements {
                    element.write_canonical(out);
                    out.push(',');
                }
                out.push(']');
            }
            Shape::Object(fields) => write_fields(fields.iter().collect(), out),
        }
    }
}

/// Appends an object of these fields in its canonical text.
pub(super) fn write_fields(mut fields: Vec<&(Cow<'_, str>, Json<'_>)>, out: &mut String) {
    // Stable: which of two equal names comes first is a part of the content.
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    out.push('{');
    for (name, value) in fields {
        write_text(name, out);
        out.push(':');
        value.write_canonical(out);
        out.push(',');
    }
    out.push('}');
}

/// Appends a text as JSON writes it.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).expect("a string is JSON"));
}

fn step<'s, 'a>(value: &'s Json<'a>, part: &Part, at: u32) -> Vec<&'s Json<'a>> {
    match value.shape() {
        Shape::Object(_) => value.values(&part.name(at)).collect(),
        Shape::List(elements) => part
            .index(at)
            .and_then(|index| elements.get(index))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

fn fields(text: &str, depth: u32) -> Option<Vec<(Cow<'_, str>, Json<'_>)>> {
    let Fields(fields) = serde_json::from_str(text).ok()?;
    let below = |(name, value)| (name, Json::of(value, depth + 1));
    Some(fields.into_iter().map(below).collect())
}

fn elements(text: &str, depth: u32) -> Option<Vec<Json<'_>>> {
    let Elements(elements) = serde_json::from_str(text).ok()?;
    let below = |value| Json::of(value, depth + 1);
    Some(elements.into_iter().map(below).collect())
}

fn text_of(text: &str) -> Option<Cow<'_, str>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<Text<'_>>(text)
        .ok()
        .map(|found| found.0)
}

/// A text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    fields.push((name.0, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

struct Elements<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Elements<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut elements = Vec::new();
                while let Some(value) = seq.next_element::<&'de RawValue>()? {
                    elements.push(value);
                }
                Ok(Elements(elements))
            }
        }

        deserializer.deserialize_seq(Each)
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
