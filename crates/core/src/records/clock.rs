//! How far apart two clocks are.

use serde::{Deserialize, Serialize};

/// How far this machine's clock is from the one that stamps the answers' `Date` headers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// This machine's clock minus the other, seconds: positive when this one is ahead.
    pub seconds: f64,
    /// By how much that may be wrong, seconds.
    pub uncertainty: f64,
}

impl ClockOffset {
    /// The offset lies between these two, seconds.
    pub fn between((low, high): (f64, f64)) -> Self {
        Self {
            seconds: f64::midpoint(low, high),
            uncertainty: (high - low) / 2.0,
        }
    }
}
