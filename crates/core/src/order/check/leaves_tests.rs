//! What an order must leave to be proven, and how it is found.

use super::super::lab::lab;
use super::super::model::Model;
use super::super::spec::*;
use super::tests::{accepts, body, holds, refuses, row};

#[test]
fn every_order_leaves_something() {
    let lists = |least| {
        move |s: &mut OrderSpec| {
            let of = "1".to_owned();
            let fields = Default::default();
            s.fields.insert(
                "l".into(),
                Field::List {
                    least,
                    most: 3,
                    of,
                    fields,
                },
            );
            body(s, r#"{"id": {{id}}, "lines": {{l}}}"#);
            s.bad.clear();
            row(s).each = Some("/lines".into());
            row(s).key.insert("at".into(), "{{at}}".into());
            let key = s.tables.get_mut("orders").expect("a table");
            key.sort = Some(KeyAttribute {
                name: "at".into(),
                kind: KeyType::N,
            });
        }
    };
    refuses(
        lists(0),
        &["ends.stored", "without elements leaves nothing"],
    );
    accepts(lists(1));
    let with_another = |s: &mut OrderSpec| {
        lists(0)(s);
        let mut whole = row(s).clone();
        whole.each = None;
        whole.key.insert("at".into(), "-1".into());
        s.ends.get_mut(STORED).expect("an end").rows.push(whole);
    };
    accepts(with_another);
}

/// The lab's order with a list of lines, each of which leaves a row under this key.
fn with_lines(least: u32, most: u32) -> impl FnOnce(&mut OrderSpec) {
    move |s| {
        let list = Field::List {
            least,
            most,
            of: "{{n}}".into(),
            fields: std::collections::BTreeMap::new(),
        };
        s.fields.insert("lines".into(), list);
        lines(s, r#"{"order_number": {{id}}, "lines": {{lines}}}"#);
    }
}

fn lines(s: &mut OrderSpec, text: &str) {
    body(s, text);
    let name = Expected::At("/lines".into());
    holds(s, name);
    row(s).each = Some("/lines".into());
    row(s).key.insert("id".into(), "{{id}}#{{at}}".into());
    let key = s.tables.get_mut("orders").expect("the table");
    key.partition.kind = KeyType::S;
}

#[test]
fn a_list_that_may_be_empty_is_seen_however_seldom_it_is() {
    let rule = [
        "ends.stored",
        "an order without elements leaves nothing here",
    ];
    refuses(with_lines(0, 1_000), &rule);
    accepts(with_lines(1, 1_000));
    let picked = |least: &str| {
        let values = vec![least.to_owned(), "[1]".into()];
        move |s: &mut OrderSpec| {
            let weights = vec![0.000_001, 1.0];
            s.fields
                .insert("lines".into(), Field::Pick { values, weights });
            lines(s, r#"{"order_number": {{id}}, "lines": {{lines}}}"#);
        }
    };
    refuses(picked("[]"), &rule);
    accepts(picked("[2]"));
}

#[test]
fn more_elements_than_are_told_apart_are_refused() {
    let of = |count: usize| {
        let list = vec!["0"; count].join(",");
        move |s: &mut OrderSpec| {
            lines(
                s,
                &format!(r#"{{"order_number": {{{{id}}}}, "lines": [{list}]}}"#),
            )
        }
    };
    refuses(
        of(65_537),
        &[
            "ends.stored.rows[0].each",
            "65537 elements",
            "at most 65536",
        ],
    );
    accepts(of(65_536));
}

#[test]
fn a_row_under_the_message_s_id() {
    let key = |text: &'static str| {
        move |s: &mut OrderSpec| {
            body(s, r#"{"total": 5}"#);
            row(s).key.insert("id".into(), text.into());
            let key = s.tables.get_mut("orders").expect("the table");
            key.partition.kind = KeyType::S;
        }
    };
    accepts(key("{{message_id}}"));
    accepts(key("MSG#{{message_id}}"));
    refuses(
        key("{{id}}#{{message_id}}"),
        &["ends.stored.rows[0].key", "write * in its place"],
    );
    refuses(
        |s| {
            key("{{message_id}}")(s);
            row(s).id_at = Some("order".into());
        },
        &["ends.stored.rows[0].key", "write * in its place"],
    );
    refuses(
        |s| {
            key("{{message_id}}")(s);
            s.tables
                .get_mut("orders")
                .expect("the table")
                .partition
                .kind = KeyType::N;
        },
        &["ends.stored.rows[0].key", "is a number in the key"],
    );
    refuses(
        |s| body(s, r#"{"order_number": {{id}}, "m": "{{message_id}}"}"#),
        &[
            "order.body",
            "gives a message its id when it is sent",
            "the key of a row",
        ],
    );
    refuses(
        |s| holds(s, Expected::Text("{{message_id}}".into())),
        &["holds", "gives a message its id when it is sent"],
    );
    // A field of that name is meant where there is one.
    accepts(|s| {
        s.fields.insert("message_id".into(), Field::NewUuid);
        body(s, r#"{"order_number": {{id}}, "m": {{message_id}}}"#);
    });
    // Nothing in the message says whose it is, and the row is under something else.
    refuses(
        key("{{id}}"),
        &["order.body", "nothing in the message says whose it is"],
    );
}

#[test]
fn tables_whose_keys_depend_on_more_than_the_id_are_read_whole() {
    let whole = |change: &dyn Fn(&mut OrderSpec)| {
        let mut spec = lab();
        let key = spec.tables.get_mut("orders").expect("the table");
        key.partition.kind = KeyType::S;
        spec.id = IdScheme::Uuid;
        spec.body = Body::Template(r#"{"order_number": {{id}}, "c": "{{items}}"}"#.into());
        row(&mut spec).holds.clear();
        change(&mut spec);
        let model = Model::new(spec).unwrap_or_else(|problems| panic!("{problems:#?}"));
        !model.tables_to_read_whole().is_empty()
    };
    let key = |text: &'static str| {
        move |s: &mut OrderSpec| drop(row(s).key.insert("id".into(), text.into()))
    };
    assert!(!whole(&|_| {}), "a UUID of run and number");
    assert!(!whole(&key("ORDER#{{id}}")));
    assert!(!whole(&|s| s.id = IdScheme::Text("W{{run}}-{{n}}".into())));
    assert!(whole(&|s| s.id = IdScheme::Ulid), "it holds the instant");
    assert!(
        whole(&key("{{items}}#{{id}}")),
        "a field depends on the seed"
    );
    assert!(whole(&key("{{id}}#*")), "the consumer makes a part up");
    assert!(
        !whole(&key("{{message_id}}")),
        "no message of the run has one yet"
    );
    let sum = |s: &mut OrderSpec| {
        s.sums.push(Sum {
            table: "orders".into(),
            key: [("id".to_owned(), "ALL".to_owned())].into(),
            attribute: "sum".into(),
            of: None,
        });
    };
    assert!(whole(&sum), "counters are looked up by nobody's id");
    assert!(Model::lab().tables_to_read_whole().is_empty(), "the lab's");
}
