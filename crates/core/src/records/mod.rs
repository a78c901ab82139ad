//! What the stores give, as plain data: rows, dead letters, counts, and how far their clock is off.
//!
//! Whoever reads a table and queues makes these of what they answer; `verify` and `preflight` work from them alone.

mod before;
mod clock;
mod item;
mod queue;
mod stamp;

pub use before::{LettersBefore, RowsBefore};
pub use clock::ClockOffset;
pub use item::{Item, Value};
pub use queue::{Counts, DeadLetter};
pub use stamp::instant_us;
