//! The emulator's items as rows.

use crate::emulator::table::{AttributeValue, Item};
use crate::records::{self, Value};

/// An item of the emulator as a row.
pub(super) fn row(item: Item) -> records::Item {
    item.into_iter()
        .map(|(name, attribute)| (name, value(attribute)))
        .collect()
}

/// An item in DynamoDB's JSON as a row; `None` when it is none.
pub(super) fn row_of_json(item: &serde_json::Value) -> Option<records::Item> {
    serde_json::from_value::<Item>(item.clone()).ok().map(row)
}

fn value(attribute: AttributeValue) -> Value {
    match attribute {
        AttributeValue::S(text) => Value::S(text),
        AttributeValue::N(number) => Value::N(number),
        AttributeValue::B(bytes) => Value::B(bytes),
        AttributeValue::BOOL(truth) => Value::Bool(truth),
        AttributeValue::NULL(_) => Value::Null,
        AttributeValue::SS(texts) => Value::Ss(texts),
        AttributeValue::NS(numbers) => Value::Ns(numbers),
        AttributeValue::BS(bytes) => Value::Bs(bytes),
        AttributeValue::L(list) => Value::L(list.into_iter().map(value).collect()),
        AttributeValue::M(map) => {
            let entries = map.into_iter();
            Value::M(entries.map(|(name, entry)| (name, value(entry))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_type_of_an_item_is_that_type_in_the_row() {
        let item = json!({
            "s": {"S": "text"}, "n": {"N": "1.50"}, "b": {"B": "AAE="}, "bool": {"BOOL": true},
            "null": {"NULL": true}, "ss": {"SS": ["a"]}, "ns": {"NS": ["1"]}, "bs": {"BS": ["AA=="]},
            "l": {"L": [{"N": "1"}, {"S": "x"}]}, "m": {"M": {"k": {"L": []}}},
        });
        let text = |text: &str| Value::S(text.into());
        let number = |number: &str| Value::N(number.into());
        let expected = [
            ("s", text("text")),
            ("n", number("1.50")),
            ("b", Value::B(vec![0, 1])),
            ("bool", Value::Bool(true)),
            ("null", Value::Null),
            ("ss", Value::Ss(vec!["a".into()])),
            ("ns", Value::Ns(vec!["1".into()])),
            ("bs", Value::Bs(vec![vec![0]])),
            ("l", Value::L(vec![number("1"), text("x")])),
            (
                "m",
                Value::M([("k".to_owned(), Value::L(Vec::new()))].into()),
            ),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(row_of_json(&item), Some(expected.into()));
        assert_eq!(row_of_json(&json!({"s": "text"})), None);
    }
}
