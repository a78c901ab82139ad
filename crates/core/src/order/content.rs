//! The content of an order, as the original lab's simulator writes it.

use std::sync::Arc;

use rand_xoshiro::rand_core::Rng;

use super::id::{OrderId, RunId};
use super::model::Model;
use super::random::{Stream, generator};
use super::times::Times;

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
}

/// What every order of a run contains: a pure function of the seed and the sequence number.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderPlan {
    /// The run the orders belong to.
    pub run: RunId,
    /// The plan's seed.
    pub seed: u64,
    /// The share of bad orders, 0.0 to 1.0.
    pub bad_share: f64,
    /// What an order is, and where it ends.
    pub model: Arc<Model>,
    /// When orders are due, where they say so: see [`Model::needs_times`].
    pub times: Option<Times>,
}

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

    /// Whether this is the number of a bad order of the run.
    pub fn is_bad_number(&self, number: u64) -> bool {
        OrderId::sequence_in(self.run, number).is_some_and(|k| self.is_bad(k))
    }
}

/// Maps 64 random bits to `[0, 1)`.
pub fn unit_interval(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
