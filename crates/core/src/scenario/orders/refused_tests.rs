//! What cannot be read, or cannot be: told with its place, its key, its rule and what to write.

use super::tests::{HEAD, SHORT, files, read};
use crate::scenario::{Overrides, parse_with_files};

/// `text` with one line in place of another.
fn changed(from: &str, to: &str) -> String {
    assert!(SHORT.contains(from), "{from}");
    SHORT.replacen(from, to, 1)
}

#[test]
fn what_is_wrong_is_told_with_its_place_its_key_its_rule_and_what_to_write() {
    for (from, to, parts) in [
        (
            "{{price}}",
            "{{prize}}",
            [
                "order.body (line 10, column 1)",
                "`{{prize}}`",
                "did you mean {{price}}?",
            ],
        ),
        (
            "/price\"]",
            "/prize\"]",
            [
                "bad \"no price\".remove (line 16, column 1)",
                "no body has a value at `/prize`",
                "name a place",
            ],
        ),
        (
            "holds = { price = \"/price\"",
            "holds = { price = \"/cost\"",
            [
                "ends.stored.rows[0].holds.price (line 20, column 11)",
                "\"/cost\"",
                "a body has /",
            ],
        ),
        (
            "key = { id",
            "key = { sk = \"x\", pk = \"y\", id",
            [
                "ends.stored.rows[0].key.id (line 19, column 29)",
                "no attribute \"id\"",
                "its key is sk and pk",
            ],
        ),
        (
            "remove =",
            "end = \"rejcted\"\nremove =",
            [
                "bad \"no price\".end (line 16, column 1)",
                "\"rejcted\"",
                "there are: dead_letter, stored",
            ],
        ),
        (
            "name = \"no price\"",
            "wieght = 2",
            [
                "bad[0].wieght (line 15, column 1)",
                "unknown key",
                "`weight`",
            ],
        ),
        (
            "name = \"no price\"",
            "weight = \"2\"",
            ["bad[0].weight", "is not a number", "weight = 2"],
        ),
        (
            "decimal = [0, 9.99]",
            "decimal = [0]",
            [
                "order.fields.price.decimal (line 12, column 11)",
                "has 1 ends",
                "decimal = [0.01",
            ],
        ),
        (
            "places = 2",
            "places = 1",
            [
                "order.fields.price (line 12, column 1)",
                "9.99 is not a decimal with 1 places",
                "as many places",
            ],
        ),
        (
            "q = { integer = [1, 3] }",
            "q = { integer = [1, 3], pick = [1] }",
            [
                "order.fields.lines.fields.q (line 13",
                "as `pick` and as `integer`",
                "leave one",
            ],
        ),
        (
            "q = { integer = [1, 3] }",
            "q = 5",
            [
                "order.fields.lines.fields.q (line 13",
                "must be a table",
                "pick",
            ],
        ),
        (
            "q = { integer = [1, 3] }",
            "p = { integer = [1, 3] }",
            ["order.fields.lines.of (line 13", "`{{q}}`", "did you mean"],
        ),
        (
            "q = { integer = [1, 3] }",
            "q = { number = [1, 3] }",
            [
                "order.fields.lines.fields.q (line 13",
                "does not say how it is drawn",
                "integer",
            ],
        ),
        (
            "decimal = [0, 9.99]",
            "data = \"nobody.csv\"",
            ["order.fields.price", "no such file", "CSV"],
        ),
        (
            "id = \"uuid\"",
            "id = \"X{{n}}\"",
            ["order.id (line 9, column 1)", "{{run}}", "WEB-"],
        ),
        (
            "id = \"uuid\"",
            "body_file = \"body.json\"",
            [
                "order.body_file (line 9",
                "both say what is sent",
                "leave one",
            ],
        ),
        (
            "id = \"uuid\"",
            "take = \"once\"",
            ["order.take (line 9", "sent again", "replay"],
        ),
        (
            "id = \"uuid\"",
            "envelope = { eventbrigde = {} }",
            ["order.envelope (line 9", "something else", "eventbridge"],
        ),
        (
            "id = \"uuid\"",
            "delay = \"16m\"",
            ["order.delay (line 9", "must be within", "duration"],
        ),
        (
            "id = \"uuid\"",
            "delay = \"1500ms\"",
            ["order.delay", "whole seconds", "1s"],
        ),
        (
            "id = \"uuid\"",
            "deduplication = \"{{id}}\"",
            ["pipeline.queue", "only a FIFO queue", "fifo"],
        ),
        (
            "table = \"orders\"",
            "",
            [
                "ends.stored.rows[0].table (line 17",
                "is missing",
                "name the table",
            ],
        ),
        (
            "\"/price\" }",
            "{ numbr = \"/price\" } }",
            [
                "ends.stored.rows[0].holds.price",
                "what must be there",
                "number",
            ],
        ),
        (
            "\"/price\" }",
            "{ number = \"/price\", is = 1 } }",
            [
                "ends.stored.rows[0].holds.price",
                "more than one thing",
                "number",
            ],
        ),
        (
            "holds =",
            "stored_at = \"ts\"\nholds =",
            [
                "ends.stored.rows[0].stored_at",
                "not an attribute with what it holds",
                "ts ms",
            ],
        ),
        (
            "[[bad]]\nname = \"no price\"\nremove = [\"/price\"]",
            "",
            [
                "bad_orders (line 3, column 1)",
                "no kinds of bad orders",
                "[[bad]]",
            ],
        ),
    ] {
        let told = read(&changed(from, to)).expect_err(to);
        assert!(
            parts.iter().all(|part| told.contains(part)),
            "{to}: {told}\n{parts:?}"
        );
    }
}

#[test]
fn data_that_are_taken_once_must_be_enough() {
    let once = |take: &str, rate: &str| {
        let field = format!("customer = {{ data = \"customers.csv\", take = \"{take}\" }}\nprice");
        let text = format!("{HEAD}{}", SHORT.trim_start()).replace("10/s", rate);
        let text = text.replacen(
            "[order.fields]\nprice",
            &format!("[order.fields]\n{field}"),
            1,
        );
        let text = format!("{text}\n[processor]\ncommand = [\"f\"]\n");
        parse_with_files("x.toml", &text, &Overrides::default(), &files)
            .map_err(|errors| errors.to_string())
    };
    let told = once("once", "10/s").expect_err("50 orders, 2 rows");
    assert!(
        told.contains("order.fields.customer (line 12, column 1): has 2 rows, and 50 orders"),
        "{told}"
    );
    assert!(once("once", "0.4/s").is_ok());
    assert!(once("in turn", "10/s").is_ok());
}
