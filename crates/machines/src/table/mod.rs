//! The capacity of a table: what an operation takes of it, and when it throttles.

mod capacity;
mod cost;
mod key;
mod meter;

pub use capacity::TableCapacity;
pub use cost::write_units;
pub use key::hash_of_key;
pub use meter::{Limit, Meter, Side, Throttled};
