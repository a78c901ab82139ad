//! Every rule with what breaks it, and what just does not.

use super::super::lab::lab;
use super::super::model::Model;
use super::super::spec::*;

/// `key: rule; hint` of every problem.
fn told(change: impl FnOnce(&mut OrderSpec)) -> Vec<String> {
    let mut spec = lab();
    change(&mut spec);
    match Model::new(spec) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .into_iter()
            .map(|problem| format!("{}: {}; {}", problem.key, problem.rule, problem.hint))
            .collect(),
    }
}

pub(super) fn row(spec: &mut OrderSpec) -> &mut RowSpec {
    &mut spec.ends.get_mut(STORED).expect("an end").rows[0]
}

pub(super) fn holds(spec: &mut OrderSpec, expected: Expected) {
    row(spec).holds.insert("x".into(), expected);
}

pub(super) fn body(spec: &mut OrderSpec, text: &str) {
    spec.body = Body::Template(text.into());
    row(spec).holds.clear();
}

#[track_caller]
pub(super) fn refuses(change: impl FnOnce(&mut OrderSpec), parts: &[&str]) {
    let told = told(change);
    let all = |line: &&String| parts.iter().all(|part| line.contains(part));
    assert!(
        told.iter().any(|line| all(&line)),
        "{told:#?} lacks {parts:?}"
    );
}

#[track_caller]
pub(super) fn accepts(change: impl FnOnce(&mut OrderSpec)) {
    assert_eq!(told(change), [""; 0]);
}

#[test]
fn the_labs_order_breaks_no_rule() {
    accepts(|_| {});
}

#[test]
fn templates_and_bodies() {
    refuses(
        |s| body(s, r#"{"id": {{idd}}}"#),
        &["order.body", "`{{idd}}`", "{{id}}?"],
    );
    refuses(
        |s| body(s, r#"{"id": {{id}}"#),
        &["order.body", "is not JSON", "it ends"],
    );
    refuses(
        |s| s.id = IdScheme::Text("WEB-{{n}}".into()),
        &["order.id", "{{run}}"],
    );
    refuses(
        |s| s.group = Some("{{grup}}".into()),
        &["order.group", "`{{grup}}`"],
    );
    refuses(
        |s| s.envelope = Some(Envelope::Template("{}".into())),
        &["order.envelope", "once"],
    );
    accepts(|s| body(s, "{{id}}"));
}

#[test]
fn messages() {
    let attribute = |name: &'static str| {
        move |s: &mut OrderSpec| {
            s.attributes
                .insert(name.into(), AttributeSpec::Text("x".into()));
        }
    };
    refuses(
        attribute("a b"),
        &[
            "order.attributes.\"a b\"",
            "not a valid name of a message attribute",
        ],
    );
    refuses(
        attribute("AWS.x"),
        &[
            "order.attributes.\"AWS.x\"",
            "not a valid name of a message attribute",
        ],
    );
    refuses(
        attribute("a..b"),
        &["not a valid name of a message attribute"],
    );
    accepts(attribute("a.b-c_d"));
    refuses(
        |s| {
            (0..11).for_each(|n| {
                drop(
                    s.attributes
                        .insert(format!("a{n}"), AttributeSpec::Text("x".into())),
                )
            })
        },
        &["order.attributes", "at most 10"],
    );
    refuses(
        |s| s.delay = Some(std::time::Duration::from_secs(901)),
        &["order.delay", "15 minutes"],
    );
    accepts(|s| s.delay = Some(std::time::Duration::from_secs(900)));
    refuses(
        |s| s.bad[0].body = Some(String::new()),
        &["bad[0].body", "no empty message"],
    );
    refuses(|s| body(s, ""), &["order.body", "no empty message"]);
    let event = || {
        Some(Envelope::Eventbridge {
            source: "a".into(),
            detail_type: "b".into(),
        })
    };
    refuses(
        |s| {
            s.envelope = event();
            s.encoding = Some(Encoding::Base64);
        },
        &["order.encoding", "cannot be encoded"],
    );
    refuses(
        |s| {
            s.envelope = event();
            body(s, "{{id}}");
        },
        &["order.body", "JSON object"],
    );
    refuses(
        |s| {
            s.envelope = event();
            s.bad[0].body = Some("x".into());
        },
        &["bad[0].body", "JSON object"],
    );
    accepts(|s| s.envelope = event());
}

#[test]
fn kinds_of_bad_orders() {
    let set = |pointer: &'static str| {
        move |s: &mut OrderSpec| drop(s.bad[0].set.insert(pointer.into(), "1".into()))
    };
    refuses(
        set("/price"),
        &["bad[0].set.\"/price\"", "no body has a value at `/price`"],
    );
    refuses(set("/num_items/x"), &["bad[0].set", "no body has"]);
    accepts(set("/num_items"));
    refuses(
        |s| s.bad[0].remove = vec!["/nothing".into()],
        &["bad[0].remove", "`/nothing`"],
    );
    refuses(
        |s| {
            body(s, "{{id}}");
            s.bad[0].remove = vec!["/a".into()];
        },
        &["bad[0]", "is not JSON"],
    );
    refuses(
        |s| s.bad[0].end = "rejectd".into(),
        &["bad[0].end", "\"rejectd\"", "dead_letter, stored"],
    );
    refuses(
        |s| s.bad[0].end = "stord".into(),
        &["bad[0].end", "did you mean `stored`?"],
    );
    refuses(
        |s| {
            s.bad[0].end = "gone".into();
            s.ends.insert("gone".into(), End::default());
        },
        &["bad[0].end", "leave no trace"],
    );
    refuses(
        |s| s.bad[0].fields.clear(),
        &["bad[0]", "nothing is wrong with these orders"],
    );
    refuses(|s| s.bad[0].cut = Some(1.0), &["bad[0].cut", "not all"]);
    refuses(|s| s.bad[0].cut = Some(0.0), &["bad[0].cut"]);
    accepts(|s| s.bad[0].cut = Some(0.5));
    refuses(
        |s| s.bad[0].without = vec!["tenant".into()],
        &["bad[0].without", "\"tenant\""],
    );
    refuses(
        |s| s.bad[0].without_before = true,
        &["bad[0].without_before", "[[before]]"],
    );
    refuses(
        |s| {
            s.bad[0].body = Some("x".into());
            s.bad[0].remove = vec!["/num_items".into()];
        },
        &["bad[0].body", "written out"],
    );
    refuses(
        |s| s.bad.push(s.bad[0].clone()),
        &["bad[1].name", "two kinds"],
    );
    refuses(
        |s| s.bad[0].weight = f64::NAN,
        &["bad[0].weight", "NaN is not a weight"],
    );
    refuses(
        |s| s.bad[0].weight = 0.0,
        &["bad[0].weight", "all weights are zero"],
    );
    refuses(
        |s| drop(s.bad[0].fields.insert("dollar".into(), Field::True(0.1))),
        &["bad[0].fields.dollar", "did you mean `dollars`?"],
    );
    refuses(
        |s| drop(s.bad[0].fields.insert("items".into(), Field::True(2.0))),
        &["bad[0].fields.items", "is not within 0% and 100%"],
    );
}

#[test]
fn ends() {
    refuses(
        |s| drop(s.ends.remove(STORED)),
        &[
            "ends",
            "no end is called \"stored\"",
            "[[ends.stored.rows]]",
        ],
    );
    refuses(
        |s| s.good_ends = vec!["stored".into(), "faild".into()],
        &["good_ends", "\"faild\""],
    );
    accepts(|s| s.good_ends = vec!["stored".into()]);
    refuses(
        |s| s.ends.get_mut(STORED).expect("an end").rows.clear(),
        &["ends", "leave no trace"],
    );
    refuses(
        |s| row(s).table = "order".into(),
        &[
            "ends.stored.rows[0].table",
            "\"order\"",
            "did you mean `orders`?",
        ],
    );
    refuses(
        |s| drop(row(s).key.insert("sk".into(), "x".into())),
        &[
            "ends.stored.rows[0].key.sk",
            "no attribute \"sk\"",
            "its key is id",
        ],
    );
    refuses(
        |s| drop(row(s).key.remove("id")),
        &["ends.stored.rows[0].key", "lacks \"id\""],
    );
    refuses(
        |s| drop(row(s).key.insert("id".into(), "{{n}}".into())),
        &["ends.stored.rows[0].key", "whose the row is", "id_at"],
    );
    accepts(|s| {
        row(s).key.insert("id".into(), "{{n}}".into());
        row(s).id_at = Some("order/id".into());
    });
    refuses(
        |s| {
            row(s).key.insert("id".into(), "*".into());
            row(s).id_at = Some("/id".into());
        },
        &["ends.stored.rows[0].id_at", "attribute"],
    );
    refuses(
        |s| drop(row(s).key.insert("id".into(), "{{n}}{{run}}".into())),
        &["ends.stored.rows[0].key.id", "cannot be told"],
    );
    refuses(
        |s| drop(row(s).key.insert("id".into(), "A{{id}}".into())),
        &[
            "ends.stored.rows[0].key.id",
            "is a number",
            "\"A1000000000\"",
            "orders = \"id S\"",
        ],
    );
    refuses(
        |s| s.id = IdScheme::Uuid,
        &["ends.stored.rows[0].key.id", "is a number"],
    );
    refuses(
        |s| drop(s.ends.insert("a b".into(), s.ends[STORED].clone())),
        &["ends.\"a b\"", "not a valid name of an end"],
    );
}

#[test]
fn pointers_into_orders() {
    for expected in [
        Expected::At("/prize_per_item".into()),
        Expected::Number("/prize_per_item".into()),
        Expected::Json {
            of: "/prize_per_item".into(),
            may_add: Vec::new(),
        },
        Expected::Count("/prize_per_item".into()),
        Expected::Join {
            of: "/prize_per_item".into(),
            with: ";".into(),
        },
    ] {
        refuses(
            |s| holds(s, expected),
            &[
                "ends.stored.rows[0].holds.x",
                "\"/prize_per_item\"",
                "did you mean \"/price_per_item\"?",
            ],
        );
    }
    refuses(
        |s| holds(s, Expected::Count("/num_items".into())),
        &["ends.stored.rows[0].holds.x", "a list"],
    );
    refuses(
        |s| row(s).each = Some("/num_items".into()),
        &["ends.stored.rows[0].each", "a list"],
    );
    accepts(|s| holds(s, Expected::At("/".into())));
    accepts(|s| holds(s, Expected::At("/price_per_item".into())));
    accepts(|s| holds(s, Expected::Number("{{items}}".into())));
    let with_lines = |s: &mut OrderSpec, pointer: &str| {
        s.fields.insert(
            "lines".into(),
            Field::List {
                least: 1,
                most: 2,
                of: r#"{"sku": {{at}}}"#.into(),
                fields: Default::default(),
            },
        );
        body(s, r#"{"id": {{id}}, "lines": {{lines}}}"#);
        row(s).each = Some("/lines".into());
        holds(s, Expected::At(pointer.into()));
    };
    accepts(|s| with_lines(s, "/lines/{{at}}/sku"));
    refuses(
        |s| with_lines(s, "/lines/{{at}}/skv"),
        &["ends.stored.rows[0].holds.x"],
    );
}

#[test]
fn rows_before_and_sums() {
    let before = |row: &[(&str, &str)]| Before {
        table: "orders".into(),
        row: row
            .iter()
            .map(|&(name, text)| (name.into(), Expected::Text(text.into())))
            .collect(),
    };
    accepts(|s| {
        s.before
            .push(before(&[("id", "{{id}}"), ("status", "PENDING")]))
    });
    refuses(
        |s| s.before.push(before(&[("status", "PENDING")])),
        &["before[0].row", "lacks \"id\""],
    );
    let sum = |table: &str, of: Option<&str>| Sum {
        table: table.into(),
        key: [("id".to_owned(), "1".to_owned())].into(),
        attribute: "total".into(),
        of: of.map(str::to_owned),
    };
    accepts(|s| s.sums.push(sum("orders", Some("/num_items"))));
    refuses(
        |s| s.sums.push(sum("counters", None)),
        &["sums[0].table", "\"counters\""],
    );
    refuses(
        |s| s.sums.push(sum("orders", Some("/item"))),
        &["sums[0].of", "\"/item\""],
    );
}

#[test]
fn a_body_beyond_what_sqs_takes_at_its_largest() {
    let padded = |most: u32| {
        move |s: &mut OrderSpec| {
            s.fields.insert(
                "note".into(),
                Field::Text {
                    p50: 10,
                    p99: most / 4,
                },
            );
            body(s, r#"{"id": {{id}}, "note": "{{note}}"}"#);
        }
    };
    refuses(
        padded(1 << 20),
        &["order", "the largest message has", "SQS takes 1048576"],
    );
    accepts(padded((1 << 20) - 60));
    refuses(
        |s| {
            padded(900_000)(s);
            s.encoding = Some(Encoding::Base64);
        },
        &["the largest message"],
    );
}

#[test]
fn a_body_far_beyond_all_bounds_is_refused_without_being_written() {
    let list = |of: &str, fields: std::collections::BTreeMap<String, Field>| Field::List {
        least: 1,
        most: 10_000,
        of: of.into(),
        fields,
    };
    let inner = list("1", Default::default());
    let middle = list("{{x}}", [("x".to_owned(), inner)].into());
    let outer = list("{{x}}", [("x".to_owned(), middle)].into());
    refuses(
        |s| {
            s.fields.insert("x".into(), outer);
            body(s, r#"{"id": {{id}}, "x": {{x}}}"#);
        },
        &["order", "the largest message has 10000000000"],
    );
}

#[test]
fn what_is_too_much_to_be_kept_with_a_run() {
    let pick = |length: usize| {
        move |s: &mut OrderSpec| {
            let values = vec![format!("\"{}\"", "x".repeat(length))];
            let field = Field::Pick {
                values,
                weights: Vec::new(),
            };
            s.fields.insert("note".into(), field);
        }
    };
    refuses(
        pick(600 << 10),
        &["order", "too much to be kept", "bytes in one text"],
    );
    accepts(pick(100 << 10));
}

#[test]
fn what_is_taken_once_is_enough_for_the_orders_planned() {
    let mut spec = lab();
    let rows = vec![vec!["a".to_owned()]; 10];
    spec.fields.insert(
        "customer".into(),
        Field::Data {
            columns: vec!["email".into()],
            rows,
            take: Take::Once,
        },
    );
    let model = Model::new(spec).expect("a model");
    assert_eq!(model.check_planned(10), []);
    let problems = model.check_planned(11);
    assert_eq!(problems[0].key, "order.fields.customer");
    assert!(
        problems[0].rule.contains("10 rows, and 11 orders"),
        "{problems:?}"
    );
}

#[test]
fn every_mistake_is_told_at_once() {
    let told = told(|s| {
        body(s, r#"{"id": {{idd}}}"#);
        s.bad[0].end = "nowhere".into();
        row(s).table = "tables".into();
    });
    assert!(told.len() >= 3, "{told:#?}");
}

#[test]
fn a_name_stands_once_in_a_good_order() {
    let twice = r#"{"id": {{id}}, "a": {"b": 1, "b": 2}}"#;
    refuses(
        |s| body(s, twice),
        &["order.body", "two values at \"/a/b\""],
    );
    accepts(|s| {
        body(
            s,
            r#"{"id": {{id}}, "a": {"b": 1}, "b": 2, "c": [{"b": 1}, {"b": 2}]}"#,
        )
    });
    let replay = |second: &str| Body::Replay {
        bodies: vec![r#"{"id": 1, "a": 1}"#.into(), second.into()],
        id_at: vec!["/id".into()],
        set: Default::default(),
        take: Take::InTurn,
    };
    let replayed = |second: &'static str| {
        move |s: &mut OrderSpec| {
            s.body = replay(second);
            s.bad.clear();
            row(s).holds.clear();
        }
    };
    refuses(
        replayed(r#"{"id": 1, "a": 1, "a": 2}"#),
        &["order.replay", "body 2 has two values at \"/a\""],
    );
    accepts(replayed(r#"{"id": 1, "a": 2}"#));
}
