//! Counts what becomes of environments.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::EnvironmentFigures;

/// The figures of one function, shared by all who add to them.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    figures: EnvironmentFigures,
    alive: u64,
}

impl Figures {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read(&self) -> EnvironmentFigures {
        self.lock().figures
    }

    pub(super) fn add(&self, count: impl FnOnce(&mut EnvironmentFigures)) {
        count(&mut self.lock().figures);
    }

    /// A process has been started; it is alive as long as what is returned.
    pub(super) fn started(&self) -> Alive {
        let mut counted = self.lock();
        counted.alive += 1;
        let alive = counted.alive;
        counted.figures.started += 1;
        counted.figures.most_at_one_time = counted.figures.most_at_one_time.max(alive);
        Alive(self.clone())
    }
}

/// A process that is alive.
#[derive(Debug)]
pub(super) struct Alive(Figures);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.lock().alive -= 1;
    }
}
