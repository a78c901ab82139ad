//! One order: its identity, its content and how it is written on the wire.
//!
//! Everything about order `k` of a run is a pure function of the plan's seed and `k`, so content is
//! checked without having been stored. Leaves when an order is due to `load`.

mod compare;
mod content;
mod decimal;
mod difference;
mod document;
mod excerpt;
mod id;
mod json;
mod model;
mod pointer;
mod random;
pub mod spec;
mod value;

pub use content::{ITEM_DESCRIPTIONS, Order, OrderPlan, Price, unit_interval};
pub use decimal::Decimal;
pub use difference::{Difference, MISSING, WHOLE};
pub use document::{Document, ORDER_NUMBER, canonical, order_numbers};
pub use excerpt::excerpt;
pub use id::{MAX_ORDERS, OrderId, RunId};
pub use json::{Flaw, Json, Shape};
pub use model::Model;
pub use pointer::Pointer;
pub use random::{Stream, generator};
pub use value::{json_text_differs, kind, number_differs, shown, text_differs, value_differs};
