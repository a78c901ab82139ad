//! The order of the original lab, in the language of scenarios: what an order is when a scenario does not say it.

use std::collections::BTreeMap;

use super::id::RunId;
use super::model::Model;
use super::plan::OrderPlan;
use super::spec::{
    BadKind, Body, DEAD_LETTER, End, Expected, Field, IdScheme, Key, KeyAttribute, KeyType,
    LetterSpec, OrderSpec, RowSpec, STORED, StoredAt, TimeUnit,
};

/// The lab's body: three fields beside the number.
const BODY: &str = concat!(
    r#"{"order_number": {{id}}, "num_items": {{items}}, "price_per_item": {{dollars}}, "#,
    r#""item_description": "{{product}}"}"#
);

/// What the lab's row keeps of it.
const DETAILS: &str =
    r#"{"num_items": {{items}}, "price_per_item": {{dollars}}, "item_description": "{{product}}"}"#;

/// The articles of the lab's shop.
const PRODUCTS: [&str; 5] = ["zMobile", "zTablet", "zTV", "zWatch", "zPen"];

impl OrderPlan {
    /// Orders of the original lab.
    pub fn lab(run: RunId, seed: u64, bad_share: f64) -> Self {
        Self {
            run,
            seed,
            bad_share,
            model: Model::lab(),
            times: None,
        }
    }
}

/// The lab's order.
pub fn lab() -> OrderSpec {
    OrderSpec {
        id: IdScheme::Number,
        body: Body::Template(BODY.into()),
        fields: fields(),
        envelope: None,
        encoding: None,
        attributes: BTreeMap::new(),
        mark: None,
        group: None,
        deduplication: None,
        delay: None,
        bad: vec![bad_price()],
        ends: ends(),
        good_ends: Vec::new(),
        before: Vec::new(),
        sums: Vec::new(),
        tables: BTreeMap::from([(
            "orders".into(),
            Key {
                partition: KeyAttribute {
                    name: "id".into(),
                    kind: KeyType::N,
                },
                sort: None,
            },
        )]),
        queues: Vec::new(),
    }
}

/// Drawn in this order: a price of 110 to 150 dollars, how many items, which.
fn fields() -> BTreeMap<String, Field> {
    let dollars = (0..9).map(|step| format!("{}.0", 110 + 5 * step));
    let products = PRODUCTS.map(|name| format!("\"{name}\""));
    BTreeMap::from([
        ("dollars".into(), any_of(dollars.collect())),
        ("items".into(), Field::Integer { least: 1, most: 5 }),
        ("product".into(), any_of(products.into())),
    ])
}

fn any_of(values: Vec<String>) -> Field {
    Field::Pick {
        values,
        weights: Vec::new(),
    }
}

/// A bad order has the text `err` for a price.
fn bad_price() -> BadKind {
    BadKind {
        name: "price".into(),
        weight: 1.0,
        end: DEAD_LETTER.into(),
        set: BTreeMap::new(),
        remove: Vec::new(),
        fields: BTreeMap::from([("dollars".into(), any_of(vec!["\"err\"".into()]))]),
        cut: None,
        body: None,
        without: Vec::new(),
        without_before: false,
    }
}

fn ends() -> BTreeMap<String, End> {
    let row = RowSpec {
        table: "orders".into(),
        key: BTreeMap::from([("id".into(), "{{id}}".into())]),
        holds: BTreeMap::from([(
            "order_details".into(),
            Expected::Json {
                of: DETAILS.into(),
                may_add: vec!["/order_number".into()],
            },
        )]),
        only: false,
        each: None,
        id_at: None,
        stored_at: Some(StoredAt {
            attribute: "stored_at".into(),
            unit: TimeUnit::Us,
        }),
        receives_at: Some("receive_count".into()),
        ordered_by: None,
    };
    let stored = End {
        rows: vec![row],
        letters: Vec::new(),
    };
    BTreeMap::from([(STORED.into(), stored), (DEAD_LETTER.into(), dead_letter())])
}

/// The end that is always there: the order's own message in the pipeline's dead-letter queue.
pub fn dead_letter() -> End {
    End {
        rows: Vec::new(),
        letters: vec![LetterSpec {
            queue: None,
            id_at: Vec::new(),
            holds: BTreeMap::new(),
        }],
    }
}

#[cfg(test)]
#[path = "lab_tests.rs"]
mod tests;
