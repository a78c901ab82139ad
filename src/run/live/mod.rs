//! A run as it goes on: the one state that every live view shows, the line, the objects, the terminal and the page.
//!
//! [`Watch::view`](super::Watch::view) takes it whenever a view wants to draw; what must be seen second by second, `readings` puts into a
//! [`History`]. Nothing here is evidence, and nothing in it says how the run will end.

mod history;
mod moment;
#[cfg(test)]
mod tests;
mod view;

pub use history::{History, Live, Measured, SAMPLES_MAX, Sample, Spread};
pub use moment::{Moment, Queues, Rates};
pub use view::{PhaseView, Stage, View, countdown};
