//! How long one invocation takes.

use std::time::Duration;

use super::environments::Begin;
use super::service_time::{Draws, ServiceTime};
use super::settings::FunctionSettings;

/// The times of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Before the function's time-out counts; zero in a warm environment.
    pub cold_start: Duration,
    /// On top of the function's own work.
    pub service_time: Duration,
}

impl Times {
    /// Those of the `serial`th invocation under `seed`, which begins so.
    pub fn of(function: &FunctionSettings, seed: u64, serial: u64, begin: Begin) -> Self {
        let mut random = Draws::of_invocation(seed, serial);
        let mut draw = |time: ServiceTime| time.draw([random.next(), random.next()]);
        let service_time = draw(function.service_time);
        Self {
            service_time,
            cold_start: match begin {
                Begin::Cold => draw(function.cold_start),
                Begin::Warm | Begin::Throttled => Duration::ZERO,
            },
        }
    }

    /// Whether a function that takes no time of its own is within its time-out.
    pub fn are_within(self, timeout: Duration) -> bool {
        self.service_time <= timeout
    }
}
