//! From what was sent and what is seen to a verdict.
//!
//! `settle` waits for quiescence, `observe` reads the table and the dead-letter queue into an
//! [`Observation`], `reconcile` puts every order into exactly one class, `judge` turns the classes into a
//! verdict. The last two are pure and work from files alone.

mod judge;
mod observation;
mod reconcile;

pub use judge::*;
pub use observation::*;
pub use reconcile::*;
