//! One order: its identity, its content and how it is written on the wire.
//!
//! Everything about order `k` of a run is a pure function of the plan's seed and `k`, so content is
//! checked without having been stored. Leaves when an order is due to `load`.

mod content;
mod decimal;
mod document;
mod excerpt;
mod id;
mod lab;
mod message;
mod model;
mod random;
pub mod spec;

pub use content::{Difference, ITEM_DESCRIPTIONS, Order, OrderPlan, Price, WHOLE, unit_interval};
pub use decimal::Decimal;
pub use document::{Document, Flaw, ORDER_NUMBER, canonical, order_numbers};
pub use excerpt::excerpt;
pub use id::{MAX_ORDERS, OrderId, RunId};
pub use message::{AttributeText, MessageAttribute};
pub use model::Model;
pub use random::{Stream, generator};
