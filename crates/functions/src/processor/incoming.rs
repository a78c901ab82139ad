//! What a message body must be to be an order.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// The largest order number: below 2^53, so that every reader keeps it exact.
pub const MAX_ORDER_NUMBER: u64 = (1 << 53) - 1;

/// The most items in one order.
pub const MAX_ITEMS: i64 = 5;

/// The highest price of one item, dollars.
pub const MAX_PRICE: f64 = 1_000_000.0;

/// Why a message is not an order.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum OrderError {
    /// Not JSON, not an object, a field missing, unknown, given twice or of the wrong type.
    #[error("not an order: {0}")]
    Malformed(String),
    /// Outside `1..=MAX_ORDER_NUMBER`.
    #[error("`order_number` is {0}, and must be within 1..={MAX_ORDER_NUMBER}")]
    OrderNumber(u64),
    /// Outside `1..=MAX_ITEMS`.
    #[error("`num_items` is {0}, and must be within 1..={MAX_ITEMS}")]
    NumItems(i64),
    /// Negative or above [`MAX_PRICE`].
    #[error("`price_per_item` is {0:?}, and must be within 0.0..={MAX_PRICE:?}")]
    Price(f64),
    /// Empty.
    #[error("`item_description` is empty")]
    Description,
}

/// An order as the message body tells it, validated.
///
/// The catalogue is the shop's business: any description is accepted. A field nobody here knows is
/// refused, because the row would lose it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncomingOrder<'body> {
    /// The key of the row.
    pub order_number: u64,
    /// How many items.
    pub num_items: i64,
    /// The price of each, dollars; in JSON it carries a decimal point.
    #[serde(deserialize_with = "float_only")]
    pub price_per_item: f64,
    /// What they are.
    #[serde(borrow)]
    pub item_description: Cow<'body, str>,
}

impl<'body> IncomingOrder<'body> {
    /// Reads and validates a message body.
    ///
    /// # Errors
    /// A [`OrderError`] that names the field and its rule.
    pub fn parse(body: &'body str) -> Result<Self, OrderError> {
        let order: Self =
            serde_json::from_str(body).map_err(|error| OrderError::Malformed(error.to_string()))?;
        if !(1..=MAX_ORDER_NUMBER).contains(&order.order_number) {
            return Err(OrderError::OrderNumber(order.order_number));
        }
        if !(1..=MAX_ITEMS).contains(&order.num_items) {
            return Err(OrderError::NumItems(order.num_items));
        }
        if !(0.0..=MAX_PRICE).contains(&order.price_per_item) {
            return Err(OrderError::Price(order.price_per_item));
        }
        if order.item_description.is_empty() {
            return Err(OrderError::Description);
        }
        Ok(order)
    }

    /// The row's `order_details`: the JSON of the three fields beside the number, byte for byte as they
    /// stand in the simulator's message.
    pub fn details(&self) -> String {
        let Self {
            order_number: _,
            num_items,
            price_per_item,
            item_description,
        } = self;
        let description = serde_json::to_string(item_description).expect("a string is JSON");
        let mut details = String::with_capacity(72 + description.len());
        write!(
            details,
            r#"{{"num_items": {num_items}, "price_per_item": {price_per_item:?}, "item_description": {description}}}"#
        )
        .expect("writing to memory");
        details
    }
}

/// A price is written with its decimal point; `110` is schema drift and no price.
fn float_only<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    struct Float;

    impl Visitor<'_> for Float {
        type Value = f64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a price with a decimal point")
        }

        fn visit_f64<E: de::Error>(self, price: f64) -> Result<f64, E> {
            Ok(price)
        }
    }

    deserializer.deserialize_any(Float)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::order::{OrderPlan, RunId};
    use crate::processor::testing::details_of;

    fn body(number: &str, items: &str, price: &str, description: &str) -> String {
        format!(
            r#"{{"order_number": {number}, "num_items": {items}, "price_per_item": {price}, "item_description": {description}}}"#
        )
    }

    #[test]
    fn what_is_no_order_is_refused_and_the_rule_named() {
        let cases = [
            ("zMobile, please".into(), "expected value", "not JSON"),
            ("".into(), "EOF", "an empty body"),
            ("[1]".into(), "invalid", "no object"),
            (
                "{}".into(),
                "missing field `order_number`",
                "an empty object",
            ),
            (
                r#"{"order_number": 7, "num_items": 1, "price_per_item": 110.0}"#.into(),
                "missing field `item_description`",
                "a missing field",
            ),
            (
                body("7", "1", "110.0, \"discount\": 0.5", "\"zTV\""),
                "unknown field `discount`",
                "a field the row would lose",
            ),
            (
                body("7, \"order_number\": 8", "1", "110.0", "\"zTV\""),
                "duplicate field",
                "two numbers",
            ),
            (
                body("7", "1", "\"err\"", "\"zTV\""),
                "a price with a decimal point",
                "the lab's bad order",
            ),
            (
                body("7", "1", "110", "\"zTV\""),
                "a price with a decimal point",
                "an integer price",
            ),
            (
                body("7", "1", "99999999999999999999", "\"zTV\""),
                "`price_per_item` is 1e20",
                "an integer price too large for an integer",
            ),
            (
                body("7", "1", "-0.5", "\"zTV\""),
                "-0.5",
                "a negative price",
            ),
            (body("7", "1", "null", "\"zTV\""), "null", "no price"),
            (
                body("7", "0", "110.0", "\"zTV\""),
                "`num_items` is 0",
                "no items",
            ),
            (
                body("7", "6", "110.0", "\"zTV\""),
                "`num_items` is 6",
                "too many items",
            ),
            (
                body("7", "-1", "110.0", "\"zTV\""),
                "`num_items` is -1",
                "fewer than none",
            ),
            (
                body("7", "1.0", "110.0", "\"zTV\""),
                "1.0",
                "a fraction of an item",
            ),
            (
                body("0", "1", "110.0", "\"zTV\""),
                "`order_number` is 0",
                "order zero",
            ),
            (
                body("-7", "1", "110.0", "\"zTV\""),
                "-7",
                "a negative number",
            ),
            (
                body("7.0", "1", "110.0", "\"zTV\""),
                "7.0",
                "a float for a number",
            ),
            (
                body("\"7\"", "1", "110.0", "\"zTV\""),
                "\"7\"",
                "a string for a number",
            ),
            (
                body("9007199254740992", "1", "110.0", "\"zTV\""),
                "9007199254740992",
                "2^53, which not every reader keeps exact",
            ),
            (
                body("7", "1", "110.0", "5"),
                "5",
                "a number for a description",
            ),
            (
                body("7", "1", "110.0", "\"\""),
                "empty",
                "an empty description",
            ),
        ];
        for (text, expected, why) in cases {
            let refusal = IncomingOrder::parse(&text).expect_err(why).to_string();
            assert!(refusal.contains(expected), "{why}: {refusal}");
        }
    }

    #[test]
    fn what_is_just_within_the_rules_is_accepted() {
        let cases = [
            (
                body("1", "1", "0.0", "\"zTV\""),
                "the smallest of everything",
            ),
            (
                body("9007199254740991", "5", "1000000.0", "\"zTV\""),
                "the largest of everything",
            ),
            (
                body("7", "1", "1.1e2", "\"zTV\""),
                "a price with an exponent",
            ),
            (
                body("7", "1", "110.0", "\"a \\\"new\\\" thing\""),
                "an article nobody knows",
            ),
        ];
        for (text, why) in cases {
            let order = IncomingOrder::parse(&text).expect(why);
            let details: serde_json::Value = serde_json::from_str(&order.details()).expect(why);
            assert_eq!(
                details["item_description"], *order.item_description,
                "{why}"
            );
        }
    }

    proptest! {
        #[test]
        fn details_of_a_planned_order_are_those_the_plan_writes(seed: u64, k in 0u64..1_000_000) {
            let plan = OrderPlan::lab(RunId::new(9).unwrap(), seed, 0.2);
            let mut body = Vec::new();
            plan.write_body(k, &mut body);
            let parsed = IncomingOrder::parse(std::str::from_utf8(&body).unwrap());
            prop_assert_eq!(parsed.is_err(), plan.is_bad(k));
            if let Ok(order) = parsed {
                prop_assert_eq!(order.details(), details_of(&plan, k));
                prop_assert_eq!(order.order_number, plan.run.number(k));
            }
        }
    }
}
