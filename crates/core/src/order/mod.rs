//! One order: its identity, its content and how it is written on the wire.
//!
//! Everything about order `k` of a run is a pure function of the plan's seed and `k`, so content is
//! checked without having been stored. Leaves when an order is due to `load`.

mod body;
mod check;
mod cipher;
mod compile;
mod content;
mod decimal;
mod document;
mod draw;
mod drawn;
mod envelope;
mod excerpt;
mod fields;
mod id;
mod instant;
pub(crate) mod json_text;
mod lab;
mod message;
mod mistake;
mod model;
mod names;
mod pattern;
mod plan;
mod preview;
mod random;
mod recorded;
mod replay;
mod scheme;
mod sink;
pub mod spec;
mod template;
mod times;
mod values;

pub use body::IdPlace;
pub use content::{Difference, ITEM_DESCRIPTIONS, Order, OrderPlan, Price, WHOLE, unit_interval};
pub use decimal::Decimal;
pub use document::{Document, Flaw, ORDER_NUMBER, canonical, order_numbers};
pub use drawn::Drawn;
pub use excerpt::excerpt;
pub use id::{MAX_ORDERS, OrderId, RunId};
pub use lab::{dead_letter, lab};
pub use message::{AttributeText, MessageAttribute};
pub use mistake::{Mistake, Problem, key_below, nearest};
pub use model::Model;
pub use names::{FieldName, Names, Place, RESERVED};
pub use pattern::{Capture, Captures};
pub use preview::{Trace, TracePlace};
pub use random::{Stream, generator};
pub use recorded::{Unwrapped, unwrap_recorded};
pub use replay::{REPLAY_BYTES_MAX, read_replay};
pub use scheme::{Id, Scheme};
pub use sink::{Sink, put_escaped, put_quoted};
pub use template::Template;
pub use times::Times;
pub use values::{Inserted, Values};
