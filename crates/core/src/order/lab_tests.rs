//! The lab's order byte for byte, against a statement of it by hand.

use rand_xoshiro::rand_core::Rng;
use sha2::{Digest, Sha256};

use crate::order::spec::{DEAD_LETTER, STORED};
use crate::order::{Id, OrderPlan, RunId, Stream, generator, unit_interval};

fn run() -> RunId {
    RunId::new(7).expect("a run id")
}

fn body(plan: &OrderPlan, k: u64) -> String {
    let mut out = Vec::new();
    plan.write_body(k, &mut out);
    String::from_utf8(out).expect("text")
}

/// The body of order `k` as the lab's simulator writes it, and whether the order is bad.
fn by_hand(seed: u64, bad_share: f64, k: u64) -> (String, bool) {
    let mut rng = generator(seed, Stream::Content, k);
    let bad = unit_interval(rng.next_u64()) < bad_share;
    let dollars = 110.0 + 5.0 * f64::from(rng.next_u32() % 9);
    let items = 1 + rng.next_u32() % 5;
    let articles = ["zMobile", "zTablet", "zTV", "zWatch", "zPen"];
    let article = articles[rng.next_u32() as usize % articles.len()];
    let price = match bad {
        true => "\"err\"".to_owned(),
        false => format!("{dollars:.1}"),
    };
    let number = 7_000_000_000 + k;
    let body = format!(
        "{{\"order_number\": {number}, \"num_items\": {items}, \"price_per_item\": {price}, \
         \"item_description\": \"{article}\"}}"
    );
    (body, bad)
}

#[test]
fn the_labs_order_is_what_it_was_byte_for_byte() {
    for (seed, bad_share) in [(2026, 0.15), (0, 0.0), (u64::MAX, 1.0), (7, 0.5)] {
        let plan = OrderPlan::lab(run(), seed, bad_share);
        for k in 0..10_000 {
            let told = (body(&plan, k), plan.is_bad(k));
            assert_eq!(told, by_hand(seed, bad_share, k));
        }
    }
    let plan = OrderPlan::lab(run(), 2026, 0.15);
    assert_eq!(
        body(&plan, 0),
        r#"{"order_number": 7000000000, "num_items": 3, "price_per_item": 130.0, "item_description": "zTablet"}"#
    );
    let mut digest = Sha256::new();
    for k in 0..10_000 {
        digest.update(body(&plan, k));
    }
    let digest: String = digest
        .finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(digest, "cf065b95e95e11c0");
}

#[test]
fn the_lab_belongs_where_it_did() {
    let plan = OrderPlan::lab(run(), 2026, 0.15);
    for k in 0..1_000 {
        let end = if plan.is_bad(k) { DEAD_LETTER } else { STORED };
        assert_eq!(plan.end(k), end);
        assert_eq!(plan.kind(k), plan.is_bad(k).then_some(0));
        assert_eq!(plan.order_json(k).as_deref(), Some(body(&plan, k).as_str()));
        assert!(plan.attributes(k).is_empty());
        assert!(!plan.keeps_message_id(k));
    }
    assert!(!plan.model.needs_times() && !plan.sends_more_than_bodies());
    assert_eq!(plan.id(3), Id::Number(7_000_000_003));
}

#[test]
fn the_bad_share_is_kept_and_its_ends_are_exact() {
    let plan = |bad_share| OrderPlan::lab(run(), 2026, bad_share);
    let bad = (0..20_000).filter(|&k| plan(0.1).is_bad(k)).count();
    assert!((1_800..2_200).contains(&bad), "{bad} of 20,000 at 10%");
    assert!((0..1_000).all(|k| !plan(0.0).is_bad(k)));
    assert!((0..1_000).all(|k| plan(1.0).is_bad(k)));
}
