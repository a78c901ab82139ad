//! The lab's order as it is sent.

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
