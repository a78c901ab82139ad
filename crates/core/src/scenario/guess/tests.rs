//! Scenarios from samples: what is guessed, and that it is a scenario.

use proptest::prelude::*;

use super::*;
use crate::order::spec::{Field, IdScheme, Key, KeyAttribute, KeyType, OrderSpec, TimeFormat};
use crate::order::{OrderPlan, RunId};
use crate::scenario::{Overrides, parse, template};

#[track_caller]
fn guessed(sample: &str) -> (String, OrderSpec) {
    guessed_for(sample, None)
}

#[track_caller]
fn guessed_for(sample: &str, table: Option<&FoundTable>) -> (String, OrderSpec) {
    let text = scenario_from(sample, &template("50/s", "5x"), table);
    let text = text.unwrap_or_else(|error| panic!("{error}"));
    let scenario = parse("guess.toml", &text, &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let order = *scenario.order.clone();
    let plan = OrderPlan {
        model: scenario.model().expect("a model"),
        ..OrderPlan::lab(RunId::new(7).expect("a run id"), 1, 0.5)
    };
    (0..50).for_each(|k| plan.write_body(k, &mut Vec::new()));
    (text, order)
}

const A: &str = r#"{"orderId": "5f0c1f5e-8d0a-4f5a-9f5b-0c8d5a1b2c3d", "customer": {"id": "C-1", "mail": "ann@shop.org"}, "total": 12.50, "gift": true, "lines": [{"sku": "A1", "qty": 2}, {"sku": "B2", "qty": 5}], "placedAt": "2026-11-27T09:00:00Z", "note": null, "ref": "x # y"}"#;
const B: &str = r#"{"orderId": "6f0c1f5e-8d0a-4f5a-9f5b-0c8d5a1b2c3e", "customer": {"id": "C-1", "mail": "bob@shop.org"}, "total": 3, "gift": false, "lines": [{"sku": "A1", "qty": 1}], "placedAt": "2026-11-27T09:00:01Z", "note": null, "ref": "it's"}"#;

#[test]
fn every_value_becomes_a_field_of_its_type() {
    let (text, order) = guessed(&format!("{A}\n{B}\n"));
    assert_eq!(order.id, IdScheme::Uuid);
    assert!(text.contains("# The id stood at /orderId."), "{text}");
    assert!(
        !text.contains("ann@shop.org"),
        "what is personal is not kept: {text}"
    );
    assert_eq!(
        order.fields["total"],
        Field::Decimal {
            least: "3.00".into(),
            most: "12.50".into(),
            places: 2
        }
    );
    assert_eq!(order.fields["gift"], Field::True(0.5));
    assert_eq!(order.fields["placedAt"], Field::Time(TimeFormat::Rfc3339));
    let Field::List {
        least,
        most,
        of,
        fields,
    } = &order.fields["lines"]
    else {
        panic!("{:?}", order.fields["lines"]);
    };
    assert_eq!((*least, *most), (1, 2));
    assert_eq!(of, r#"{"sku": {{sku}}, "qty": {{qty}}}"#);
    assert_eq!(fields["qty"], Field::Integer { least: 1, most: 5 });
    let Field::Pick { values, .. } = &order.fields["ref"] else {
        panic!("{:?}", order.fields["ref"]);
    };
    assert_eq!(values, &["\"it's\"", "\"x # y\""]);
    let row = &order.ends["stored"].rows[0];
    assert_eq!(row.key["orderId"], "{{id}}");
    assert!(row.holds.contains_key("lines") && !row.holds.contains_key("orderId"));
    assert_eq!(order.bad[0].remove, ["/ref"]);
}

#[test]
fn no_rule_is_written_that_nothing_is_measured_for() {
    let (text, _) = guessed(A);
    assert!(text.contains("\nrules = [\"drain < 60s\"]\n"), "{text}");
    assert!(text.contains("# stored_at = "), "{text}");
    assert_eq!(text.matches("[order]\n").count(), 1, "one [order]: {text}");
    let with = text.replace("# stored_at = ", "stored_at = ");
    let with = with.replace("rules = [", "rules = [\"end_to_end_p99 < 2s\", ");
    parse("with.toml", &with, &Overrides::default()).expect("what the remark says is right");
}

#[test]
fn ids_that_are_numbers_have_a_key_that_is_one() {
    let kind = |sample: &str| {
        let (_, order) = guessed(sample);
        order.tables["orders"].partition.kind
    };
    assert_eq!(kind(r#"{"orderId": 7, "t": 1}"#), KeyType::N);
    assert_eq!(kind(r#"{"orderId": "7-1", "t": 1}"#), KeyType::S);
}

#[test]
fn a_name_that_looks_like_a_placeholder_is_none() {
    let (text, order) = guessed(r#"{"orderId": "A-1", "{{n}}": 1, "b": {"{{": "{{x}}"}}"#);
    assert!(text.contains(r#""{\u007bn}}""#), "{text}");
    assert_eq!(order.fields.len(), 2, "{text}");
}

#[test]
fn ids_are_found_by_name_and_type() {
    for (sample, pointer, scheme) in [
        (r#"{"id": 7, "order_id": 1234}"#, "/order_id", "\"number\""),
        (
            r#"{"customerId": 7, "order": {"id": "WEB-000123"}}"#,
            "/order/id",
            "\"WEB-{{run}}-{{n:09}}\"",
        ),
        (
            r#"{"userId": "u-1", "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}"#,
            "/id",
            "\"ulid\"",
        ),
        (
            r#"{"mail": "a@b.c", "ticket": {"ref": "TK-12"}}"#,
            "/ticket/ref",
            "\"TK-{{run}}-{{n:09}}\"",
        ),
        (
            "{\"orderId\": \"same\", \"key\": \"abc1\"}\n{\"orderId\": \"same\", \"key\": \"abc2\"}",
            "/key",
            "\"abc-{{run}}-{{n:09}}\"",
        ),
    ] {
        let (text, _) = guessed(sample);
        let expected = format!("# The id stood at {pointer}.\nid = {scheme}\n");
        assert!(text.contains(&expected), "{sample}: {text}");
    }
}

#[test]
fn a_tables_own_key_is_written_with_the_id_where_it_fits() {
    let attribute = |text: &str| {
        let (name, kind) = text.split_once(' ').expect("a name and a type");
        KeyAttribute {
            name: name.into(),
            kind: match kind {
                "S" => KeyType::S,
                "N" => KeyType::N,
                _ => KeyType::B,
            },
        }
    };
    let order = r#"{"orderId": "A-1", "email": "a@b.c", "day": 5}"#;
    let numbered = r#"{"order_id": 1234, "email": "a@b.c"}"#;
    for (sample, key, expected, why) in [
        (
            order,
            &["order_id S"][..],
            r#"key = { order_id = "{{id}}" }"#,
            "another spelling",
        ),
        (
            order,
            &["pk S"],
            r#"key = { pk = "{{id}}" }"#,
            "the only one",
        ),
        (
            order,
            &["email S", "sk S"],
            r#"key = { email = "{{email}}", sk = "{{id}}" }"#,
            "a field, and what is left",
        ),
        (
            order,
            &["pk S", "sk S"],
            r#"key = { pk = "{{id}}", sk = "*" }"#,
            "not known beforehand",
        ),
        (
            order,
            &["number N"],
            "key = { number = \"*\" }\n# Where the row holds",
            "no place for a text",
        ),
        (
            numbered,
            &["id N"],
            r#"key = { id = "{{id}}" }"#,
            "a number in its place",
        ),
        (numbered, &["id B"], r#"key = { id = "*" }"#, "bytes"),
    ] {
        let (partition, sort) = (attribute(key[0]), key.get(1).map(|text| attribute(text)));
        let table = FoundTable {
            name: "prod-orders".into(),
            key: Key { partition, sort },
        };
        let (text, spec) = guessed_for(sample, Some(&table));
        assert!(text.contains(expected), "{why}: {text}");
        assert_eq!(spec.tables["prod-orders"], table.key, "{why}");
        assert!(!spec.tables.contains_key("orders"), "{why}");
    }
}

#[test]
fn envelopes_and_events_are_seen() {
    let sns = serde_json::json!({ "Type": "Notification", "Message": A }).to_string();
    let event = serde_json::json!({ "Records": [{ "body": sns }] }).to_string();
    let (text, order) = guessed(&event);
    assert_eq!(order.envelope, Some(crate::order::spec::Envelope::Sns));
    assert!(text.contains("# Guessed from one message"), "{text}");
    let received = serde_json::json!({ "Messages": [{ "Body": A }, { "Body": B }] }).to_string();
    let (text, _) = guessed(&received);
    assert!(text.contains("# Guessed from 2 messages"), "{text}");
}

#[test]
fn odd_samples_give_scenarios_too() {
    for sample in [
        r#"{"id": "a-1"}"#,
        r#"{"id": "a-1", "": 1, "a b": "'''", "a.b/c~d": [], "deep": {"er": [[1, 2], [3]]}, "s": "{{x}}", "run": 5, "9": "x"}"#,
        "{\"id\": \"a-1\", \"x\": 1}\n{\"id\": \"a-2\", \"x\": \"one\"}\n{\"id\": \"a-3\", \"x\": null, \"y\": \"\\u0000\"}",
        r#"{"id": 5, "sale": -3.5, "big": 123456789012345678901234567890, "e": 1e5, "when": 1795770000, "ms": 1795770000123, "day": "2026-11-27", "count": "12"}"#,
    ] {
        guessed(sample);
    }
}

#[test]
fn what_looks_personal_is_replaced_and_said_so() {
    let sample = r#"{"orderId": "A-1", "customer": {"name": "Ann Miller", "firstName": "Ann", "family_name": "Miller", "phone": "+49 170 1234567",
        "contactEmail": "ann@shop.org", "id": "C-1"}, "shippingAddress": {"street": "Main Street 1", "postalCode": "12345", "city": "Berlin", "door": "left",
        "country": "DE"}, "recipient": "Bob Stone", "mobile": 491701234567, "note": "ring at Stone", "callback": "(030) 123 4567",
        "lines": [{"name": "TV", "giftFor": {"name": "Cem Kaya"}, "sender": "Cem <cem@x.org>"}], "capacity": "12 l", "pageNote": null}"#;
    let (text, order) = guessed(sample);
    let (_, text) = text.split_once("[order]\n").expect("an order");
    for gone in [
        "Ann", "Miller", "170", "shop.org", "Main", "12345", "Berlin", "left", "Bob", "Stone",
        "123 4567", "Cem", "Kaya", "x.org",
    ] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    for kept in ["\"DE\"", "\"TV\"", "\"C-1\"", "\"12 l\""] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    for said in [
        "name = { pick = [\"Ada Example\", \"Ben Sample\", \"Cleo Nobody\"] } # names of nobody, in place of those in the sample",
        "phone = { pick = [\"+1 202 555 0100\", ",
        "mobile = { integer = [100000, 999999] } # drawn, since those in the sample look personal",
        "what looks personal is nobody's",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(matches!(order.fields["note"], Field::Text { .. }));
    // Of one place several values, some of them null.
    let (text, _) = guessed(
        "{\"orderId\": \"A-1\", \"name\": null}\n{\"orderId\": \"A-2\", \"name\": \"Dora Lind\"}",
    );
    assert!(!text.contains("Dora"), "{text}");
}

#[test]
fn a_guess_has_nothing_that_is_cautioned_against() {
    use crate::preflight::{Weight, inspect_embedded};
    let text = scenario_from(A, &template("50/s", "5x"), None).expect("a scenario");
    let warned = |text: &str| {
        let scenario = parse("guess.toml", text, &Overrides::default()).expect("a scenario");
        let checks = inspect_embedded(&scenario).into_iter();
        let grave = checks.filter(|check| check.weight != Weight::Well);
        grave.map(|check| check.message).collect::<Vec<_>>()
    };
    assert_eq!(warned(&text), [""; 0]);
    let shorter = text.replace(
        "visibility_timeout = \"12s\"",
        "visibility_timeout = \"11s\"",
    );
    assert_eq!(warned(&shorter).len(), 1, "a second less would be");
}

#[test]
fn what_holds_no_order_is_refused() {
    let refused = |sample: &str| scenario_from(sample, "", None).expect_err(sample);
    assert!(refused("").contains("no body"));
    assert!(refused("[1, 2]").contains("no message of the sample is a JSON object"));
    assert!(refused(r#"{"name": "x"}"#).contains("looks like an order's id"));
}

/// Any JSON value of some depth.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        (-1e6..1e6_f64).prop_map(serde_json::Value::from),
        ".{0,8}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::from("{{id}} '''")),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            proptest::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_a_sample_holds_the_guess_is_a_scenario(values in proptest::collection::vec(json(), 1..4)) {
        let line = |(at, value): (usize, &serde_json::Value)| {
            serde_json::json!({ "orderId": format!("a-{at}"), "value": value }).to_string()
        };
        let lines: Vec<String> = values.iter().enumerate().map(line).collect();
        guessed(&lines.join("\n"));
    }
}
