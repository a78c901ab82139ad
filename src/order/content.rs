//! The content of an order, as the original lab's simulator writes it.

use rand_xoshiro::rand_core::Rng;
use serde_json::Value;

use super::id::{OrderId, RunId};
use super::random::{Stream, generator};

/// The five articles of the lab's shop.
pub const ITEM_DESCRIPTIONS: [&str; 5] = ["zMobile", "zTablet", "zTV", "zWatch", "zPen"];

/// The price of one item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Price {
    /// A good order's price in dollars: 110.0 to 150.0 in steps of 5, always written with its
    /// decimal point.
    Dollars(f64),
    /// A bad order carries the string `err` instead.
    Bad,
}

/// The three fields that make up an order beside its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    /// How many items, 1 to 5.
    pub num_items: u8,
    /// The price of each.
    pub price_per_item: Price,
    /// One of [`ITEM_DESCRIPTIONS`].
    pub item_description: &'static str,
}

/// Why a text is not an order of this shop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an order: {0}")]
pub struct ParseOrderError(pub String);

impl Order {
    /// Whether the pipeline must refuse this order.
    pub fn is_bad(&self) -> bool {
        self.price_per_item == Price::Bad
    }

    /// Appends the message body, `order_number` included, to `out`. On the hot path: no formatting
    /// machinery, no allocation beyond `out`.
    pub fn write_body(&self, id: OrderId, out: &mut Vec<u8>) {
        out.extend_from_slice(br#"{"order_number": "#);
        out.extend_from_slice(itoa::Buffer::new().format(id.get()).as_bytes());
        out.extend_from_slice(b", ");
        self.write_fields(out);
    }

    /// Appends the JSON of the three fields, the row's `order_details`, to `out`.
    pub fn write_details(&self, out: &mut Vec<u8>) {
        out.push(b'{');
        self.write_fields(out);
    }

    fn write_fields(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#""num_items": "#);
        out.extend_from_slice(itoa::Buffer::new().format(self.num_items).as_bytes());
        out.extend_from_slice(br#", "price_per_item": "#);
        match self.price_per_item {
            // Keeps the decimal point: 110.0.
            Price::Dollars(price) => {
                out.extend_from_slice(ryu::Buffer::new().format(price).as_bytes());
            }
            Price::Bad => out.extend_from_slice(br#""err""#),
        }
        out.extend_from_slice(br#", "item_description": ""#);
        out.extend_from_slice(self.item_description.as_bytes());
        out.extend_from_slice(br#""}"#);
    }

    /// Reads the three fields back from JSON; further fields (`order_number`) are ignored here.
    ///
    /// # Errors
    /// When a field is missing or holds what no order of this shop holds.
    pub fn from_json(value: &Value) -> Result<Self, ParseOrderError> {
        let field = |name: &str| {
            value
                .get(name)
                .ok_or_else(|| ParseOrderError(format!("`{name}` is missing")))
        };
        let wrong = |name: &str, found: &Value| ParseOrderError(format!("`{name}` is {found}"));

        let items = field("num_items")?;
        let num_items = items
            .as_u64()
            .and_then(|n| u8::try_from(n).ok())
            .ok_or_else(|| wrong("num_items", items))?;
        let price = field("price_per_item")?;
        let price_per_item = match price {
            Value::Number(number) if number.is_f64() => Price::Dollars(
                number
                    .as_f64()
                    .ok_or_else(|| wrong("price_per_item", price))?,
            ),
            Value::String(text) if text == "err" => Price::Bad,
            other => return Err(wrong("price_per_item", other)),
        };
        let description = field("item_description")?;
        let item_description = ITEM_DESCRIPTIONS
            .into_iter()
            .find(|known| description.as_str() == Some(known))
            .ok_or_else(|| wrong("item_description", description))?;
        Ok(Self {
            num_items,
            price_per_item,
            item_description,
        })
    }
}

/// What every order of a run contains: a pure function of the seed and the sequence number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderPlan {
    /// The run the orders belong to.
    pub run: RunId,
    /// The plan's seed.
    pub seed: u64,
    /// The share of bad orders, 0.0 to 1.0.
    pub bad_share: f64,
}

impl OrderPlan {
    /// The number of order `k` on the wire.
    pub fn id(&self, k: u64) -> OrderId {
        OrderId::new(self.run, k)
    }

    /// The content of order `k`.
    pub fn order(&self, k: u64) -> Order {
        let mut rng = generator(self.seed, Stream::Content, k);
        let bad = unit_interval(rng.next_u64()) < self.bad_share;
        let dollars = 110.0 + 5.0 * f64::from(rng.next_u32() % 9);
        Order {
            num_items: 1 + (rng.next_u32() % 5) as u8,
            price_per_item: if bad {
                Price::Bad
            } else {
                Price::Dollars(dollars)
            },
            item_description: ITEM_DESCRIPTIONS[rng.next_u32() as usize % ITEM_DESCRIPTIONS.len()],
        }
    }

    /// Whether order `k` is one that the pipeline must refuse.
    pub fn is_bad(&self, k: u64) -> bool {
        let mut rng = generator(self.seed, Stream::Content, k);
        unit_interval(rng.next_u64()) < self.bad_share
    }

    /// Appends the message body of order `k` to `out`.
    pub fn write_body(&self, k: u64, out: &mut Vec<u8>) {
        self.order(k).write_body(self.id(k), out);
    }
}

/// Maps 64 random bits to `[0, 1)`.
pub fn unit_interval(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(bad_share: f64) -> OrderPlan {
        OrderPlan {
            run: RunId::new(7).unwrap(),
            seed: 2026,
            bad_share,
        }
    }

    #[test]
    fn a_body_is_the_labs_and_reads_back_as_the_same_order() {
        for k in 0..2_000 {
            let order = plan(0.1).order(k);
            let mut body = Vec::new();
            plan(0.1).write_body(k, &mut body);
            let value: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(value["order_number"], 7_000_000_000 + k);
            assert_eq!(Order::from_json(&value).unwrap(), order);
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

    #[test]
    fn what_no_order_holds_is_refused() {
        let cases = [
            (
                r#"{"price_per_item": 110.0, "item_description": "zTV"}"#,
                "a missing field",
            ),
            (
                r#"{"num_items": 1, "price_per_item": 110, "item_description": "zTV"}"#,
                "an integer price",
            ),
            (
                r#"{"num_items": 1, "price_per_item": "no", "item_description": "zTV"}"#,
                "another string",
            ),
            (
                r#"{"num_items": -1, "price_per_item": 110.0, "item_description": "zTV"}"#,
                "a negative count",
            ),
            (
                r#"{"num_items": 1, "price_per_item": 110.0, "item_description": "zX"}"#,
                "an unknown article",
            ),
            ("[]", "no object"),
        ];
        for (text, why) in cases {
            assert!(
                Order::from_json(&serde_json::from_str(text).unwrap()).is_err(),
                "{why}: {text}"
            );
        }
    }
}
