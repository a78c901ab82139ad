//! Contents and their spellings: what is the order, and where another content differs.

use serde_json::Value;

use super::*;

fn plan(bad_share: f64) -> OrderPlan {
    OrderPlan::lab(RunId::new(7).unwrap(), 2026, bad_share)
}

#[test]
fn a_body_is_the_labs_and_reads_back_as_the_same_order() {
    for k in 0..2_000 {
        let order = plan(0.1).order(k);
        let mut body = Vec::new();
        plan(0.1).write_body(k, &mut body);
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["order_number"], 7_000_000_000 + k);
        let text = std::str::from_utf8(&body).unwrap();
        assert_eq!(order.difference(plan(0.1).id(k), text), None);
        assert!((1..=5).contains(&order.num_items));
    }
    let good = Order {
        num_items: 3,
        price_per_item: Price::Dollars(110.0),
        item_description: "zTV",
    };
    let mut details = Vec::new();
    good.write_details(&mut details);
    assert_eq!(
        String::from_utf8(details).unwrap(),
        r#"{"num_items": 3, "price_per_item": 110.0, "item_description": "zTV"}"#
    );
}

#[test]
fn the_bad_share_is_kept_and_its_ends_are_exact() {
    let bad = (0..20_000).filter(|&k| plan(0.1).is_bad(k)).count();
    assert!((1_800..2_200).contains(&bad), "{bad} of 20,000 at 10%");
    assert!((0..1_000).all(|k| !plan(0.0).is_bad(k)));
    assert!((0..1_000).all(|k| plan(1.0).is_bad(k)));
    assert!((0..1_000).all(|k| plan(0.3).is_bad(k) == plan(0.3).order(k).is_bad()));
}

/// The order of the tables below, and its number.
fn order() -> (Order, OrderId) {
    let order = Order {
        num_items: 3,
        price_per_item: Price::Dollars(130.0),
        item_description: "zTV",
    };
    (order, OrderId::new(RunId::new(7).unwrap(), 3))
}

#[track_caller]
fn told(text: &str) -> Option<String> {
    let (order, id) = order();
    let difference = order.difference(id, text);
    difference.map(|difference| difference.to_string())
}

#[test]
fn the_same_content_in_another_spelling_is_no_difference() {
    for (text, why) in [
        (
            r#"{"num_items": 3, "price_per_item": 130.0, "item_description": "zTV"}"#,
            "as planned",
        ),
        (
            r#"{"num_items":3,"price_per_item":130,"item_description":"zTV"}"#,
            "a whole-number price, as JavaScript, Go and C# write it",
        ),
        (
            r#"{"num_items":3.0,"price_per_item":1.3e2,"item_description":"zTV"}"#,
            "items with a point, the price with an exponent",
        ),
        (
            r#"{"num_items":3e0,"price_per_item":13000E-2,"item_description":"zTV"}"#,
            "exponents both ways",
        ),
        (
            " \n{\"item_description\":\"\\u007aTV\",\t\"price_per_\\u0069tem\":130.00,\"num_items\":3}\r\n",
            "other order, escapes, white space around",
        ),
        (
            r#"{"order_number": 7000000003, "num_items": 3, "price_per_item": 130.0, "item_description": "zTV"}"#,
            "the whole body",
        ),
        (
            r#"{"order_number": 7.000000003E9, "num_items": 3, "price_per_item": 130.0, "item_description": "zTV"}"#,
            "its own number with an exponent",
        ),
    ] {
        assert_eq!(told(text), None, "{why}: {text}");
    }
}

#[test]
fn a_difference_names_the_field_what_was_expected_and_what_is_there() {
    let with = |items: &str, price: &str, article: &str| {
        format!(
            r#"{{"num_items": {items}, "price_per_item": {price}, "item_description": {article}}}"#
        )
    };
    let tv = "\"zTV\"";
    for (text, expected) in [
        (
            with("3", "1.0", tv),
            "`price_per_item` is 1.0, expected 130.0",
        ),
        (
            with("3", "130.00000000000000001", tv),
            "`price_per_item` is 130.00000000000000001, expected 130.0",
        ),
        (
            with("3", "129.99999999999999999999", tv),
            "`price_per_item` is 129.99999999999999999999, expected 130.0",
        ),
        (
            with("3", "-130.0", tv),
            "`price_per_item` is -130.0, expected 130.0",
        ),
        (
            with("3", "\"130.0\"", tv),
            "`price_per_item` is \"130.0\", expected 130.0",
        ),
        (
            with("3", "[130.0]", tv),
            "`price_per_item` is [130.0], expected 130.0",
        ),
        (
            with("3", "null", tv),
            "`price_per_item` is null, expected 130.0",
        ),
        (
            with("3", "1e999999999", tv),
            "`price_per_item` is 1e999999999, expected 130.0",
        ),
        (
            with("\"3\"", "130.0", tv),
            "`num_items` is \"3\", expected 3",
        ),
        (with("3.5", "130.0", tv), "`num_items` is 3.5, expected 3"),
        (with("true", "130.0", tv), "`num_items` is true, expected 3"),
        (
            with("3", "130.0", "\"zTv\""),
            "`item_description` is \"zTv\", expected \"zTV\"",
        ),
        (
            with("3", "130.0", "\"zTV \""),
            "`item_description` is \"zTV \", expected \"zTV\"",
        ),
        (
            with("3", "130.0", "5"),
            "`item_description` is 5, expected \"zTV\"",
        ),
        (
            with("3", "130.0, \"discount\": \"100%\"", tv),
            "`discount` is \"100%\", expected no such field",
        ),
        (
            with("3", "130.0, \"more\": {\"a\": 1, \"a\": 2}", tv),
            "`more` is {\"a\": 1, \"a\": 2}, expected no such field",
        ),
        (
            with("3", "1.0, \"price_per_item\": 130.0", tv),
            "`price_per_item` is given more than once (1.0, 130.0), expected 130.0 once",
        ),
        (
            with("3", "130.0, \"price_per_\\u0069tem\": 130.0", tv),
            "`price_per_item` is given more than once (130.0, 130.0), expected 130.0 once",
        ),
        (
            with("3", "130.0, \"order_number\": 4", tv),
            "`order_number` is 4, expected 7000000003",
        ),
        (
            with("3", "130.0, \"order_number\": \"7000000003\"", tv),
            "`order_number` is \"7000000003\", expected 7000000003",
        ),
        (
            with(
                "3",
                "130.0, \"order_number\": 7000000003, \"order_number\": 7000000003",
                tv,
            ),
            "`order_number` is given more than once (7000000003, 7000000003), expected one value",
        ),
        (
            r#"{"num_items": 3, "item_description": "zTV"}"#.into(),
            "`price_per_item` is missing, expected 130.0",
        ),
        (
            String::new(),
            "`content` is empty, expected an order as a JSON object",
        ),
        (
            "null".into(),
            "`content` is no JSON object: null, expected an order as a JSON object",
        ),
        (
            "[3]".into(),
            "`content` is no JSON object: [3], expected an order as a JSON object",
        ),
    ] {
        assert_eq!(told(&text).as_deref(), Some(expected), "{text}");
    }
    let planned = with("3", "130.0", tv);
    for text in [
        format!("{planned} garbage"),
        format!("{planned}{planned}"),
        format!("\u{feff}{planned}"),
        format!("\u{a0}{planned}"),
        with("3", "NaN", tv),
        with("3", "0130.0", tv),
        planned[..planned.len() - 1].to_owned(),
        serde_json::to_string(&planned).unwrap(),
    ] {
        let told = told(&text).unwrap_or_else(|| panic!("{text} is no content of the order"));
        assert!(told.starts_with("`content` is no"), "{told}");
    }
}

#[test]
fn a_bad_order_is_compared_as_any_other() {
    let (order, id) = order();
    let bad = Order {
        price_per_item: Price::Bad,
        ..order
    };
    let with = |price: &str| {
        let text =
            format!(r#"{{"num_items":3,"price_per_item":{price},"item_description":"zTV"}}"#);
        bad.difference(id, &text).map(|difference| difference.found)
    };
    assert_eq!(with("\"err\""), None);
    assert_eq!(with("\"\\u0065rr\""), None);
    assert_eq!(with("130.0").as_deref(), Some("130.0"));
    assert_eq!(with("\"Err\"").as_deref(), Some("\"Err\""));
}

#[test]
fn a_difference_is_short_and_safe_to_print_whatever_is_there() {
    let hostile = format!(
        "{{\"\\u001b]0;pwn\\u0007{}\": 1, \"num_items\": 3, \"price_per_item\": 130, \"item_description\": \"zTV\"}}",
        "x".repeat(10_000)
    );
    let from_file = Difference {
        attribute: "\u{1b}[31m".into(),
        expected: "\n::error::".into(),
        found: "y".repeat(10_000),
    };
    let texts = [
        told(&hostile).unwrap(),
        told(&"\u{1b}".repeat(10_000)).unwrap(),
        from_file.to_string(),
    ];
    for text in texts {
        assert!(text.chars().count() < 250, "{text}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
}
