//! Open-model load: every order at its intended instant, whatever the pipeline does.

mod record;

pub use record::{PhaseSends, SecondSends, SendRecord};
