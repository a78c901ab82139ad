//! The embedded pipeline: the emulator as a scenario describes it, with the order processor behind its queue and the
//! scenario's faults in it.
//!
//! The emulator knows nothing of orders; what does is here. `settings` makes its configuration of a scenario, `rows`
//! makes items of orders, `items` rows of items, `fault` lets a plan's faults into it, `counters` makes the report's figures of what it counts,
//! and [`EmbeddedPipeline`] starts and stops all of it. [`LocalProcessor`] is mapping and function alone, for queues and
//! a table elsewhere, polled through `remote`.

mod doors;
mod settings;
mod stored;
mod stores;

mod items;
mod rows;
mod services;

pub mod fault;

mod counters;

mod remote;

mod error;
mod functions;
mod local;
mod pipeline;

#[cfg(test)]
mod flow_tests;
#[cfg(test)]
pub(crate) mod testing;

pub use counters::{Gauges, StartWatch};
pub use error::PipelineError;
pub use local::LocalProcessor;
pub use pipeline::{EmbeddedPipeline, Holdings, ServeOptions};
pub use rows::{OrderTable, Orders, order_table};
