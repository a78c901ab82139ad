//! What the faults of a plan do to the embedded pipeline: each at its place, on an order's way.
//!
//! `door` sits in what orders are sent to in front of the queue, `queue` in the queues and on the wire to them, `function` around the order processor, `rows`
//! around the table's writes, `scan` before its reads. Which orders are struck is the plan's business.

mod door;
mod function;
mod queue;
mod rows;
mod scan;

pub use door::FaultyDoors;
pub(super) use function::any_struck;
pub use function::{FaultyFunction, Processor};
pub use queue::FaultyQueues;
pub use rows::FaultyStore;
pub use scan::FaultyScans;
