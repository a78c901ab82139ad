//! A content as its text says it: every field as it was written, none overlooked.
//!
//! Readers differ in what they make of a document: which of two equal keys counts, how many digits of a number
//! are kept. Here fields stay texts until they are compared, a key that stands twice is seen, and numbers are
//! [`Decimal`]s. Values are skipped without recursion, so that nesting costs no stack.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::decimal::Decimal;
use super::id::OrderId;
use super::json::Flaw;

/// The field that names the order in a message's body.
pub const ORDER_NUMBER: &str = "order_number";

/// How deep values are compared; what lies deeper is compared as text.
const DEPTH_MAX: u32 = 64;

/// A JSON object's fields in the order in which they stand.
#[derive(Debug)]
pub struct Document<'a> {
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Document<'a> {
    /// Reads a whole text; white space around it is no part of it.
    ///
    /// # Errors
    /// When it is not JSON, or no object.
    pub fn read(text: &'a str) -> Result<Self, Flaw> {
        let not_json = |error: serde_json::Error| Flaw::NotJson(error.to_string());
        let value: &RawValue = serde_json::from_str(text).map_err(not_json)?;
        Self::of(value).ok_or(Flaw::NotAnObject)
    }

    fn of(value: &'a RawValue) -> Option<Self> {
        // A key may still be wrong (half a surrogate pair): such an object has no fields to compare.
        let fields: Fields<'a> = value
            .get()
            .starts_with('{')
            .then(|| serde_json::from_str(value.get()).ok())
            .flatten()?;
        Some(Self { fields: fields.0 })
    }

    /// Its fields, each as its JSON text.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.fields
            .iter()
            .map(|(name, value)| (&**name, value.get()))
    }

    /// What the fields of this name hold, each as its JSON text.
    pub fn values<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'a str> + 's {
        let named = move |(field, _): &(&str, &'a str)| *field == name;
        self.fields().filter(named).map(|(_, value)| value)
    }

    /// The first name, in alphabetical order, that stands more than once.
    pub fn repeated(&self) -> Option<&str> {
        let mut names: Vec<&str> = self.fields().map(|(name, _)| name).collect();
        names.sort_unstable();
        let pair = names.windows(2).find(|pair| pair[0] == pair[1]);
        pair.map(|pair| pair[0])
    }
}

/// Whether a JSON text is this number.
pub fn is_number(value: &str, number: &Decimal) -> bool {
    Decimal::parse(value).as_ref() == Some(number)
}

/// The order numbers a message's body names: one in nearly every case, none when it is no order, several when
/// its `order_number` stands more than once, and readers would disagree. A number in quotes counts: it says
/// which order it is, if not as that was sent.
pub fn order_numbers(body: &str) -> Vec<u64> {
    let Ok(document) = Document::read(body) else {
        return Vec::new();
    };
    let mut numbers: Vec<u64> = document
        .values(ORDER_NUMBER)
        .filter_map(number_in)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn number_in(value: &str) -> Option<u64> {
    match serde_json::from_str::<Text<'_>>(value) {
        Ok(quoted) => Decimal::parse(&quoted.0)?.as_u64(),
        Err(_) => Decimal::parse(value)?.as_u64(),
    }
}

/// The same text for the same content: fields in alphabetical order, each number and each string in one spelling,
/// the order's own number left out. A text that is no document stands for itself.
pub fn canonical(text: &str, own: OrderId) -> String {
    let mut out = String::new();
    match Document::read(text) {
        Ok(mut document) => {
            let own = Decimal::from(own.get());
            document
                .fields
                .retain(|(name, value)| name != ORDER_NUMBER || !is_number(value.get(), &own));
            write_object(&document, 0, &mut out);
        }
        Err(_) => {
            out.push('!');
            out.push_str(text);
        }
    }
    out
}

fn write_object(document: &Document<'_>, depth: u32, out: &mut String) {
    let mut fields: Vec<_> = document.fields.iter().collect();
    // Stable: which of two equal names comes first is a part of the content.
    fields.sort_by(|one, other| one.0.cmp(&other.0));
    out.push('{');
    for (name, value) in fields {
        write_text(name, out);
        out.push(':');
        write_value(value, depth + 1, out);
        out.push(',');
    }
    out.push('}');
}

fn write_value(value: &RawValue, depth: u32, out: &mut String) {
    let text = value.get();
    let plain = |out: &mut String| out.push_str(text);
    match text.as_bytes().first() {
        _ if depth > DEPTH_MAX => plain(out),
        Some(b'{') => match Document::of(value) {
            Some(document) => write_object(&document, depth, out),
            None => plain(out),
        },
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(items) => {
                out.push('[');
                for item in items {
                    write_value(item, depth + 1, out);
                    out.push(',');
                }
                out.push(']');
            }
            Err(_) => plain(out),
        },
        Some(b'"') => match serde_json::from_str::<Text<'_>>(text) {
            Ok(found) => write_text(&found.0, out),
            Err(_) => plain(out),
        },
        _ => match Decimal::parse(text) {
            Some(number) => out.push_str(&number.canonical()),
            None => plain(out),
        },
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::to_string(text).expect("a string is JSON"));
}

/// A string, borrowed where nothing in it is escaped.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::RunId;

    fn own() -> OrderId {
        OrderId::new(RunId::new(7).unwrap(), 3)
    }

    fn fields(text: &str) -> Vec<(String, String)> {
        let document = Document::read(text).unwrap();
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        document.fields().map(owned).collect()
    }

    #[test]
    fn every_field_is_seen_as_it_was_written() {
        let text = " {\"a\": 1.00000000000000000001, \"\\u0061\" :[ 1 ],\"b\":{\"b\":1,\"b\":2}}\n";
        let expected = [
            ("a", "1.00000000000000000001"),
            ("a", "[ 1 ]"),
            ("b", "{\"b\":1,\"b\":2}"),
        ];
        assert_eq!(fields(text), expected.map(|(a, b)| (a.into(), b.into())));
        let document = Document::read(text).unwrap();
        assert_eq!(document.repeated(), Some("a"), "also when it is escaped");
        assert_eq!(document.values("a").count(), 2);
        let once = Document::read("{\"a\": 1, \"A\": 2}").unwrap();
        assert_eq!(once.repeated(), None);
    }

    #[test]
    fn what_is_no_object_is_told_from_what_is_not_json() {
        for text in [
            "",
            " ",
            "{",
            "{}x",
            "{} {}",
            "\u{feff}{}",
            "{\"a\": NaN}",
            "{'a': 1}",
            "{\"a\": 01}",
            "{\"a\": 1,}",
            "\u{a0}{}",
            "{\"a\": \"\u{1}\"}",
        ] {
            let flaw = Document::read(text).err();
            assert!(matches!(flaw, Some(Flaw::NotJson(_))), "{text:?}: {flaw:?}");
        }
        for text in ["null", "[{}]", "\"{}\"", "5", "{\"\\ud800\": 1}"] {
            let flaw = Document::read(text).err();
            assert_eq!(flaw, Some(Flaw::NotAnObject), "{text:?}");
        }
    }

    #[test]
    fn a_body_names_its_order_however_the_number_is_spelled() {
        for (body, expected) in [
            ("{\"order_number\": 7000000003}", vec![7_000_000_003]),
            ("{\"order_number\": 7000000003.0}", vec![7_000_000_003]),
            ("{\"order_number\": 7.000000003E9}", vec![7_000_000_003]),
            ("{\"order_number\": \"7000000003\"}", vec![7_000_000_003]),
            ("{\"order_number\": 7, \"order_number\": 7.0}", vec![7]),
            ("{\"order_number\": 9, \"order_number\": 7}", vec![7, 9]),
            ("{\"order_number\": 7000000003.5}", vec![]),
            ("{\"order_number\": -7000000003}", vec![]),
            ("{\"order_number\": 1e999999999}", vec![]),
            ("{\"order_number\": null}", vec![]),
            ("{\"order_number\": \"seven\"}", vec![]),
            ("{\"order_number\": [7]}", vec![]),
            ("{\"order\": {\"order_number\": 7}}", vec![]),
            ("{\"order_number\": 7", vec![]),
            ("[7]", vec![]),
        ] {
            assert_eq!(order_numbers(body), expected, "{body}");
        }
    }

    #[test]
    fn the_same_content_has_one_canonical_text_and_another_content_another() {
        let one = canonical("{\"a\": [1, {\"b\": 130}], \"c\": \"z\"}", own());
        for same in [
            "{\"c\":\"\\u007a\",\"a\":[1.0,{\"b\":1.3e2}]}",
            "{\"order_number\": 7000000003, \"c\": \"z\", \"a\": [1, {\"b\": 130.00}]}",
        ] {
            assert_eq!(canonical(same, own()), one, "{same}");
        }
        for other in [
            "{\"a\": [1, {\"b\": 130.00000000000000000000000000001}], \"c\": \"z\"}",
            "{\"a\": [1, {\"b\": \"130\"}], \"c\": \"z\"}",
            "{\"a\": [1, {\"b\": 130}, 2], \"c\": \"z\"}",
            "{\"a\": [1, {\"b\": 130, \"b\": 130}], \"c\": \"z\"}",
            "{\"a\": [1, {\"b\": 130}], \"c\": \"z\", \"order_number\": 4}",
            "{\"a\": [1, {\"b\": 130}], \"c\": \"z\"",
        ] {
            assert_ne!(canonical(other, own()), one, "{other}");
        }
        let twice = |text| canonical(text, own());
        assert_ne!(
            twice("{\"a\": 1, \"a\": 2}"),
            twice("{\"a\": 2, \"a\": 1}"),
            "readers that take the first see a difference"
        );
        assert_ne!(twice("5"), twice("5.0"), "no documents");
    }

    #[test]
    fn nesting_and_huge_exponents_cost_nothing() {
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(fields(&deep).len(), 1);
        assert!(canonical(&deep, own()).len() < 2 * deep.len());
        let huge = "{\"a\": 1e999999999, \"b\": 1e99999999999999999999999999}";
        assert!(canonical(huge, own()).len() < 2 * huge.len());
    }
}
