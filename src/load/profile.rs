//! The arrival rate over time and its integral.

use std::time::Duration;

use crate::scenario::Phase;

/// The arrival rate over the phases, with its integral and the integral's inverse.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadProfile {
    _todo: (),
}

impl LoadProfile {
    /// The profile of `phases`, one after the other from time zero.
    pub fn new(phases: &[Phase]) -> Self {
        let _ = phases;
        todo!()
    }
    /// Orders due by `at`: the rate's integral from zero, constant after the end.
    pub fn integral(&self, at: Duration) -> f64 {
        let _ = at;
        todo!()
    }
    /// The time at which the integral reaches `orders`, to the nanosecond.
    pub fn inverse(&self, orders: f64) -> Duration {
        let _ = orders;
        todo!()
    }
    /// The orders planned: the whole integral, rounded.
    pub fn count(&self) -> u64 {
        todo!()
    }
    /// The profile's length.
    pub fn duration(&self) -> Duration {
        todo!()
    }
    /// The rate at `at`, orders per second; zero after the end.
    pub fn rate(&self, at: Duration) -> f64 {
        let _ = at;
        todo!()
    }
    /// Which phase holds `at` (the last one from the end on).
    pub fn phase_at(&self, at: Duration) -> usize {
        let _ = at;
        todo!()
    }
    /// Start and end of phase `index`.
    pub fn phase_span(&self, index: usize) -> (Duration, Duration) {
        let _ = index;
        todo!()
    }
}
