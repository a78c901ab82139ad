//! A shop of several tables and ends, and its rows and letters made by hand.

use std::collections::BTreeMap;

use crate::order::spec::{
    BadKind, Body, End, Expected, Field, IdScheme, Key, KeyAttribute, KeyType, OrderSpec, RowSpec,
    STORED, StoredAt, Sum, TimeUnit,
};
use crate::order::{Model, OrderPlan, RunId};
use crate::records::{DeadLetter, Item, Value};

/// Bad orders that belong to the table of rejected ones.
pub(super) const NO_LINES: usize = 0;
/// Bad orders whose messages are all alike and hold no id.
pub(super) const DAMAGED: usize = 1;

fn template(text: &str) -> Expected {
    Expected::Text(text.into())
}

fn at(pointer: &str) -> Expected {
    Expected::At(pointer.into())
}

fn map<V, const N: usize>(fields: [(&str, V); N]) -> BTreeMap<String, V> {
    fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn row<const K: usize, const H: usize>(
    table: &str,
    key: [(&str, &str); K],
    holds: [(&str, Expected); H],
) -> RowSpec {
    RowSpec {
        table: table.into(),
        key: map(key.map(|(name, text)| (name, text.to_owned()))),
        holds: map(holds),
        only: false,
        each: None,
        id_at: None,
        stored_at: None,
        receives_at: None,
        ordered_by: None,
    }
}

fn key(partition: &str, sort: Option<&str>) -> Key {
    let attribute = |name: &str| KeyAttribute {
        name: name.into(),
        kind: KeyType::S,
    };
    Key {
        partition: attribute(partition),
        sort: sort.map(attribute),
    }
}

fn bad(name: &str, end: &str) -> BadKind {
    BadKind {
        name: name.into(),
        weight: 1.0,
        end: end.into(),
        set: BTreeMap::new(),
        remove: Vec::new(),
        fields: BTreeMap::new(),
        cut: None,
        body: None,
        without: Vec::new(),
        without_before: false,
    }
}

/// Orders with one to three lines each; a row of the order, a row a line, and an invoice under a number that the consumer
/// makes up. Orders without lines are rejected, damaged ones dead-lettered. What each customer has ordered is summed up.
pub(super) fn spec(id: IdScheme) -> OrderSpec {
    let line = Field::List {
        least: 1,
        most: 3,
        of: r#"{"sku": "{{sku}}", "price": {{price}}}"#.into(),
        fields: map([
            (
                "sku",
                Field::Pick {
                    values: vec!["\"TV\"".into(), "\"PEN\"".into()],
                    weights: Vec::new(),
                },
            ),
            (
                "price",
                Field::Decimal {
                    least: "0.01".into(),
                    most: "999.99".into(),
                    places: 2,
                },
            ),
        ]),
    };
    let order = RowSpec {
        stored_at: Some(StoredAt {
            attribute: "ts".into(),
            unit: TimeUnit::Ms,
        }),
        receives_at: Some("receives".into()),
        ..row(
            "orders",
            [("pk", "ORDER#{{id}}"), ("sk", "META")],
            [
                ("customer", template("c{{customer}}")),
                ("shipping", at("/shipping")),
                ("line_count", Expected::Count("/lines".into())),
            ],
        )
    };
    let lines = RowSpec {
        each: Some("/lines".into()),
        only: true,
        ..row(
            "orders",
            [("pk", "ORDER#{{id}}"), ("sk", "LINE#{{at}}")],
            [
                ("sku", at("/lines/{{at}}/sku")),
                ("price", at("/lines/{{at}}/price")),
            ],
        )
    };
    let invoice = RowSpec {
        id_at: Some("order".into()),
        ..row(
            "invoices",
            [("number", "*")],
            [("customer", template("c{{customer}}"))],
        )
    };
    let rejected = row(
        "rejected",
        [("id", "{{id}}")],
        [
            (
                "body",
                Expected::Json {
                    of: "/".into(),
                    may_add: Vec::new(),
                },
            ),
            ("status", template("REJECTED")),
        ],
    );
    let no_lines = BadKind {
        set: map([("/lines", "[]".to_owned())]),
        ..bad("no lines", "rejected")
    };
    let damaged = BadKind {
        body: Some("damaged".into()),
        ..bad("damaged", "dead_letter")
    };
    let rows = |rows: Vec<RowSpec>| End {
        rows,
        letters: Vec::new(),
    };
    OrderSpec {
        id,
        body: Body::Template(
            r#"{"orderId": "{{id}}", "customer": "c{{customer}}", "shipping": {{shipping}}, "lines": {{lines}}}"#.into(),
        ),
        fields: map([
            ("customer", Field::Integer { least: 0, most: 2 }),
            ("lines", line),
            (
                "shipping",
                Field::Decimal {
                    least: "0".into(),
                    most: "9.99".into(),
                    places: 2,
                },
            ),
        ]),
        envelope: None,
        encoding: None,
        mark: None,
        attributes: BTreeMap::new(),
        group: None,
        deduplication: None,
        delay: None,
        bad: vec![no_lines, damaged],
        ends: map([
            (STORED, rows(vec![order, lines, invoice])),
            ("rejected", rows(vec![rejected])),
            ("dead_letter", crate::order::dead_letter()),
        ]),
        good_ends: Vec::new(),
        before: Vec::new(),
        sums: vec![Sum {
            table: "stats".into(),
            key: map([("customer", "CUSTOMER#c{{customer}}".to_owned())]),
            attribute: "shipping".into(),
            of: Some("/shipping".into()),
        }],
        tables: map([
            ("orders", key("pk", Some("sk"))),
            ("invoices", key("number", None)),
            ("rejected", key("id", None)),
            ("stats", key("customer", None)),
        ]),
        queues: Vec::new(),
    }
}

/// The same with invoices under the id that the queue gives the message, which alone says whose they are.
pub(super) fn spec_by_message(id: IdScheme) -> OrderSpec {
    let mut spec = spec(id);
    let rows = &mut spec.ends.get_mut(STORED).unwrap().rows;
    let invoice = rows.last_mut().unwrap();
    invoice.key = map([("number", "INV#{{message_id}}".to_owned())]);
    invoice.id_at = None;
    spec
}

/// Orders of run 7 after this specification.
pub(super) fn plan_of(spec: OrderSpec, seed: u64, bad_share: f64) -> OrderPlan {
    let model = Model::new(spec).unwrap_or_else(|problems| panic!("{problems:?}"));
    OrderPlan {
        model: model.into(),
        ..OrderPlan::lab(RunId::new(7).unwrap(), seed, bad_share)
    }
}

/// An order as a careless reader sees it.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) customer: String,
    /// Cents.
    pub(super) shipping: i64,
    /// Article and cents of each line.
    pub(super) lines: Vec<(String, i64)>,
    pub(super) text: String,
}

/// Order `k`, out of its message; of a damaged one as it was before.
pub(super) fn order(plan: &OrderPlan, k: u64) -> Order {
    let id = plan.id(k).to_string();
    let Some(text) = plan.order_json(k) else {
        return Order {
            id,
            customer: String::new(),
            shipping: 0,
            lines: Vec::new(),
            text: String::new(),
        };
    };
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cents = |value: &serde_json::Value| (value.as_f64().unwrap() * 100.0).round() as i64;
    let lines = value["lines"].as_array().unwrap().iter();
    Order {
        id,
        customer: value["customer"].as_str().unwrap().to_owned(),
        shipping: cents(&value["shipping"]),
        lines: lines
            .map(|line| {
                (
                    line["sku"].as_str().unwrap().to_owned(),
                    cents(&line["price"]),
                )
            })
            .collect(),
        text,
    }
}

pub(super) fn s(text: &str) -> Value {
    Value::S(text.to_owned())
}

/// Cents as an amount, with two places or with as few as do.
pub(super) fn amount(cents: i64, plain: bool) -> Value {
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    Value::N(match plain {
        true => text,
        false => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
    })
}

pub(super) fn item<const N: usize>(fields: [(&str, Value); N]) -> Item {
    map(fields)
}

/// When rows of order `k` were stored, milliseconds since the epoch.
pub(super) const STORED_MS: u64 = 1_800_000_001_000;

pub(super) fn order_row(order: &Order, plain: bool) -> Item {
    item([
        ("pk", s(&format!("ORDER#{}", order.id))),
        ("sk", s("META")),
        ("customer", s(&order.customer)),
        ("shipping", amount(order.shipping, plain)),
        ("line_count", Value::N(order.lines.len().to_string())),
        ("ts", Value::N(STORED_MS.to_string())),
        ("receives", Value::N("1".into())),
        ("added by the consumer", Value::Bool(true)),
    ])
}

pub(super) fn line_row(order: &Order, at: usize, plain: bool) -> Item {
    let (sku, cents) = order.lines.get(at).cloned().unwrap_or(("TV".into(), 1));
    item([
        ("pk", s(&format!("ORDER#{}", order.id))),
        ("sk", s(&format!("LINE#{at}"))),
        ("sku", s(&sku)),
        ("price", amount(cents, plain)),
    ])
}

pub(super) fn invoice_row(order: &Order, number: &str) -> Item {
    item([
        ("number", s(number)),
        ("order", s(&order.id)),
        ("customer", s(&order.customer)),
    ])
}

pub(super) fn rejected_row(order: &Order) -> Item {
    item([
        ("id", s(&order.id)),
        ("body", s(&order.text)),
        ("status", s("REJECTED")),
    ])
}

/// The message of order `k` as the dead-letter queue holds it.
pub(super) fn letter(plan: &OrderPlan, k: u64) -> DeadLetter {
    let mut body = Vec::new();
    plan.write_body(k, &mut body);
    DeadLetter {
        body: String::from_utf8(body).unwrap(),
        message_id: format!("m{k}"),
    }
}
