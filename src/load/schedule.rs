//! The instant at which each order is due.

use std::time::Duration;

use super::LoadProfile;
use crate::scenario::Scenario;

/// Order `k` is due at start + `due(k)`; non-decreasing in `k`.
#[derive(Debug, Clone)]
pub struct Schedule {
    profile: LoadProfile,
}

impl Schedule {
    /// The schedule of a scenario.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            profile: LoadProfile::new(&scenario.phases),
        }
    }
    /// The profile it follows.
    pub fn profile(&self) -> &LoadProfile {
        &self.profile
    }
    /// Orders planned.
    pub fn count(&self) -> u64 {
        self.profile.count()
    }
    /// When order `k` is due, from the start, computed from the seed and `k` alone.
    ///
    /// # Panics
    /// When `k` is not below [`Schedule::count`].
    pub fn due(&self, k: u64) -> Duration {
        let _ = k;
        todo!()
    }
    /// The phase order `k` belongs to: the one in which it is due.
    pub fn phase_of(&self, k: u64) -> usize {
        self.profile.phase_at(self.due(k))
    }
    /// `(k, due(k))` from `first` on, cheaper than asking one by one.
    pub fn iter_from(
        &self,
        first: u64,
    ) -> impl Iterator<Item = (u64, Duration)> + Send + 'static + use<> {
        let this = self.clone();
        (first..this.count()).map(move |k| (k, this.due(k)))
    }
}
