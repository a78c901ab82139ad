//! Rows between the SDK's types and ours.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::order::Decimal;
use crate::order::spec::{Key, KeyType};
use crate::records::{Item, Value};

/// A row as the SDK gives it.
pub type SdkItem = HashMap<String, AttributeValue>;

/// A row out of what the SDK gives.
pub fn item_of(item: SdkItem) -> Item {
    let value = |(name, value)| (name, value_of(value));
    item.into_iter().map(value).collect()
}

fn value_of(value: AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => Value::S(text),
        AttributeValue::N(number) => Value::N(number),
        AttributeValue::B(bytes) => Value::B(bytes.into_inner()),
        AttributeValue::Bool(truth) => Value::Bool(truth),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::L(list) => Value::L(list.into_iter().map(value_of).collect()),
        AttributeValue::M(map) => Value::M(item_of(map)),
        AttributeValue::Ss(texts) => Value::Ss(texts),
        AttributeValue::Ns(numbers) => Value::Ns(numbers),
        AttributeValue::Bs(all) => Value::Bs(all.into_iter().map(Blob::into_inner).collect()),
        _ => Value::Unknown("unknown".into()),
    }
}

/// The same for the SDK; nothing of a row with a value of no known type, which nobody can send.
pub fn sdk_item(item: &Item) -> Option<SdkItem> {
    let value = |(name, value): (&String, &Value)| Some((name.clone(), sdk_value(value)?));
    item.iter().map(value).collect()
}

fn sdk_value(value: &Value) -> Option<AttributeValue> {
    let blob = |bytes: &Vec<u8>| Blob::new(bytes.clone());
    Some(match value {
        Value::S(text) => AttributeValue::S(text.clone()),
        Value::N(number) => AttributeValue::N(number.clone()),
        Value::B(bytes) => AttributeValue::B(blob(bytes)),
        Value::Bool(truth) => AttributeValue::Bool(*truth),
        Value::Null => AttributeValue::Null(true),
        Value::L(list) => AttributeValue::L(list.iter().map(sdk_value).collect::<Option<_>>()?),
        Value::M(map) => AttributeValue::M(sdk_item(map)?),
        Value::Ss(texts) => AttributeValue::Ss(texts.clone()),
        Value::Ns(numbers) => AttributeValue::Ns(numbers.clone()),
        Value::Bs(all) => AttributeValue::Bs(all.iter().map(blob).collect()),
        Value::Unknown(_) => return None,
    })
}

/// The key of a row, each number in one spelling; nothing when an attribute is missing or of another type.
pub fn key_of(item: &Item, key: &Key) -> Option<Item> {
    let attributes = std::iter::once(&key.partition).chain(&key.sort);
    attributes
        .map(|attribute| {
            let value = match (attribute.kind, item.get(&attribute.name)?) {
                (KeyType::S, text @ Value::S(_)) => text.clone(),
                (KeyType::N, Value::N(number)) => Value::N(one_spelling(number)?),
                (KeyType::B, bytes @ Value::B(_)) => bytes.clone(),
                _ => return None,
            };
            Some((attribute.name.clone(), value))
        })
        .collect()
}

/// A number in one spelling, in plain digits where they are few.
fn one_spelling(number: &str) -> Option<String> {
    let number = Decimal::parse(number)?;
    Some(match number.as_u64() {
        Some(whole) => whole.to_string(),
        None => number.canonical(),
    })
}

/// A key in words: `id 7`, `pk "a", sk "b"`.
pub(super) fn key_in_words(key: &Item) -> String {
    let word = |(name, value): (&String, &Value)| match value {
        Value::S(text) => format!("{name} {text:?}"),
        Value::N(number) => format!("{name} {number}"),
        Value::B(bytes) => format!("{name} of {} bytes", bytes.len()),
        other => format!("{name} of type {}", other.type_name()),
    };
    let words: Vec<_> = key.iter().map(word).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::order::spec::KeyAttribute;

    fn attribute(name: &str, kind: KeyType) -> KeyAttribute {
        KeyAttribute {
            name: name.into(),
            kind,
        }
    }

    fn item(attributes: &[(&str, Value)]) -> Item {
        let attribute = |(name, value): &(&str, Value)| ((*name).to_owned(), value.clone());
        attributes.iter().map(attribute).collect()
    }

    #[test]
    fn every_type_comes_back_as_it_went() {
        let text = || Value::S("a".into());
        let all = item(&[
            ("s", text()),
            ("n", Value::N("1.50".into())),
            ("b", Value::B(vec![0, 255])),
            ("bool", Value::Bool(false)),
            ("null", Value::Null),
            ("l", Value::L(vec![text(), Value::Null])),
            ("m", Value::M(BTreeMap::from([("x".into(), text())]))),
            ("ss", Value::Ss(vec!["a".into()])),
            ("ns", Value::Ns(vec!["1".into()])),
            ("bs", Value::Bs(vec![vec![7]])),
        ]);
        assert_eq!(item_of(sdk_item(&all).unwrap()), all);
        let strange = item(&[("x", Value::L(vec![Value::Unknown("Z".into())]))]);
        assert_eq!(sdk_item(&strange), None);
    }

    #[test]
    fn a_key_has_its_attributes_of_its_types_and_numbers_in_one_spelling() {
        let key = Key {
            partition: attribute("pk", KeyType::S),
            sort: Some(attribute("n", KeyType::N)),
        };
        let row = |pk, n| item(&[("pk", pk), ("n", n), ("more", Value::Null)]);
        let text = || Value::S("a".into());
        let number = |text: &str| Value::N(text.into());
        let expected = key_of(&row(text(), number("7")), &key).unwrap();
        assert_eq!(key_in_words(&expected), "n 7, pk \"a\"");
        for spelling in ["7.0", "70e-1", "07"] {
            let found = key_of(&row(text(), number(spelling)), &key);
            assert_eq!(found.as_ref(), Some(&expected), "{spelling}");
        }
        assert_ne!(key_of(&row(text(), number("8")), &key), Some(expected));
        for (pk, n, why) in [
            (Value::Null, number("7"), "the partition key is null"),
            (number("7"), number("7"), "a number in place of a text"),
            (text(), text(), "a text in place of a number"),
            (text(), number("7e"), "no number"),
        ] {
            assert_eq!(key_of(&row(pk, n), &key), None, "{why}");
        }
        let missing = item(&[("pk", text())]);
        assert_eq!(key_of(&missing, &key), None, "no sort key");
    }
}
