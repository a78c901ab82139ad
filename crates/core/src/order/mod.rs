//! One order: its identity, its content and how it is written on the wire.
//!
//! Everything about order `k` of a run is a pure function of the plan's seed and `k`, so content is
//! checked without having been stored. Leaves when an order is due to `load`.

mod cipher;
mod compare;
mod content;
mod decimal;
mod difference;
mod document;
mod draw;
mod drawn;
mod ends;
mod excerpt;
mod expect;
mod id;
mod instant;
mod json;
mod letter;
mod locate;
mod mistake;
mod model;
mod names;
mod pattern;
mod pointer;
mod random;
mod row;
mod scheme;
mod sighting;
mod sink;
pub mod spec;
mod template;
mod value;
mod values;

pub use content::{ITEM_DESCRIPTIONS, Order, OrderPlan, Price, unit_interval};
pub use decimal::Decimal;
pub use difference::{Difference, MISSING, WHOLE};
pub use document::{Document, ORDER_NUMBER, canonical, order_numbers};
pub use drawn::Drawn;
pub use ends::Ends;
pub use excerpt::excerpt;
pub use id::{MAX_ORDERS, OrderId, RunId};
pub use json::{Flaw, Json, Shape};
pub use letter::LetterOwners;
pub use locate::RowOwner;
pub use mistake::{Mistake, Problem, key_below};
pub use model::Model;
pub use names::{FieldName, Names, Place};
pub use pattern::{Capture, Captures};
pub use pointer::Pointer;
pub use random::{Stream, generator};
pub use scheme::{Id, Scheme};
pub use sighting::{ExpectedRow, LeafInfo, Odd, Sighting, Slot};
pub use sink::{Sink, put_escaped, put_quoted};
pub use template::Template;
pub use value::{json_text_differs, kind, number_differs, shown, text_differs, value_differs};
pub use values::{Inserted, Values};
