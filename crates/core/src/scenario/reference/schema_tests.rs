//! The schema takes every scenario that the reader takes, and marks keys and values that it refuses.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::SPECIMENS;
use super::schema::value;
use super::tests::committed;

/// What `document` has that `schema` does not allow, by the words of JSON Schema that ours uses.
fn mistakes(root: &Value, schema: &Value, document: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let shared = root.pointer(&name[1..]).expect("a shared schema");
        return mistakes(root, shared, document, at, found);
    }
    if let Some(several) = schema["anyOf"].as_array() {
        let fits = several.iter().any(|schema| {
            let mut wrong = Vec::new();
            mistakes(root, schema, document, at, &mut wrong);
            wrong.is_empty()
        });
        if !fits {
            found.push(at.to_owned());
        }
        return;
    }
    let type_of = match document {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::Null => "null",
    };
    let number = document.as_i64();
    let beyond = |word: &str, wrong: fn(i64, i64) -> bool| {
        number
            .zip(schema[word].as_i64())
            .is_some_and(|(a, b)| wrong(a, b))
    };
    let typed = schema["type"].as_str().is_none_or(|name| name == type_of);
    let choice = |choices: &Vec<Value>| choices.contains(document);
    let chosen = schema["enum"].as_array().is_none_or(choice);
    let ranged = !beyond("minimum", |a, b| a < b) && !beyond("maximum", |a, b| a > b);
    if !(typed && chosen && ranged) {
        found.push(at.to_owned());
    }
    for (index, item) in document.as_array().into_iter().flatten().enumerate() {
        if !schema["items"].is_null() {
            mistakes(
                root,
                &schema["items"],
                item,
                &format!("{at}[{index}]"),
                found,
            );
        }
    }
    let Some(members) = document.as_object() else {
        return;
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        if !members.contains_key(name.as_str().expect("a name")) {
            found.push(format!("{at}: {name}"));
        }
    }
    for (name, value) in members {
        let at = format!("{at}/{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => found.push(at),
            (Value::Null, Value::Null) => {}
            (Value::Null, further) => mistakes(root, further, value, &at, found),
            (schema, _) => mistakes(root, schema, value, &at, found),
        }
    }
}

static SCHEMA: LazyLock<Value> = LazyLock::new(value);

fn of(text: &str) -> Vec<String> {
    let table: toml::Table = text.parse().expect("TOML");
    let mut found = Vec::new();
    mistakes(&SCHEMA, &SCHEMA, &json!(table), "", &mut found);
    found
}

#[test]
fn every_scenario_that_is_read_fits_the_schema() {
    for specimen in SPECIMENS {
        assert_eq!(of(specimen), Vec::<String>::new(), "{specimen}");
    }
    for (path, text) in committed() {
        assert_eq!(of(&text), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn what_the_reader_refuses_is_marked_where_it_stands() {
    let own = SPECIMENS[0];
    let changed = |from: &str, to: &str| {
        assert!(own.contains(from), "{from}");
        of(&own.replacen(from, to, 1))
    };
    assert_eq!(
        changed("senders = 64", "sender_count = 64"),
        ["/sending/sender_count"]
    );
    assert_eq!(changed("batch = 10", "batch = 11"), ["/sending/batch"]);
    assert_eq!(changed("batch = 10", "batch = \"10\""), ["/sending/batch"]);
    assert_eq!(changed("\"poisson\"", "\"even\""), ["/arrivals"]);
    assert_eq!(
        changed("email = true", "email = 1"),
        ["/pipeline/services/email"]
    );
    assert_eq!(changed("rate = \"20/s\"\n", ""), ["/phase[0]: \"rate\""]);
    assert_eq!(
        changed("integer = [1, 5]", "integers = [1, 5]"),
        ["/order/fields/count/integers"]
    );
    let mapping = changed("mapping = { batch_size = 1 }", "mapping = { size = 1 }");
    assert_eq!(mapping, ["/processors/drain/mapping/size"]);
    assert_eq!(of(&format!("target = \"moto\"\n{own}")), ["/target"]);
}
