//! How long something takes: always the same, or drawn from a distribution.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A duration, or a distribution of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ServiceTime {
    /// Always this long.
    Constant(Duration),
    /// Lognormal, as times of real functions roughly are: never negative, with a long tail.
    Lognormal {
        /// Its median.
        p50: Duration,
        /// Its 99th percentile.
        p99: Duration,
    },
}

impl ServiceTime {
    /// No time at all.
    pub const ZERO: Self = Self::Constant(Duration::ZERO);

    /// How long it mostly takes.
    pub fn typical(self) -> Duration {
        match self {
            Self::Constant(duration) => duration,
            Self::Lognormal { p50, .. } => p50,
        }
    }

    /// The same, `speed` times faster.
    pub fn divided_by(self, speed: f64) -> Self {
        match self {
            Self::Constant(duration) => Self::Constant(duration.div_f64(speed)),
            Self::Lognormal { p50, p99 } => Self::Lognormal {
                p50: p50.div_f64(speed),
                p99: p99.div_f64(speed),
            },
        }
    }
}
