//! When the built-in function's orders were stored, for the live views of a run. The rows themselves are the evidence.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Orders kept between two looks; of more only so many are told.
const KEPT_MAX: usize = 1 << 16;

/// The orders stored since somebody last asked; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct JustStored(Arc<Mutex<Vec<(u64, Instant)>>>);

impl JustStored {
    /// These orders were stored just now.
    pub(super) fn note(&self, ids: impl Iterator<Item = u64>) {
        let now = Instant::now();
        let mut kept = self.kept();
        let room = KEPT_MAX.saturating_sub(kept.len());
        kept.extend(ids.take(room).map(|id| (id, now)));
    }

    /// Their ids, and when each was stored; one reader at a time.
    pub fn take(&self) -> Vec<(u64, Instant)> {
        std::mem::take(&mut *self.kept())
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(u64, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_asks_for_has_a_bound_and_what_was_taken_is_gone() {
        let stored = JustStored::default();
        stored.note(0..10);
        let ids: Vec<u64> = stored.take().into_iter().map(|(id, _)| id).collect();
        assert!(ids.into_iter().eq(0..10));
        assert!(stored.take().is_empty());
        (0..3).for_each(|_| stored.note(0..KEPT_MAX as u64 / 2 + 1));
        assert_eq!(stored.take().len(), KEPT_MAX);
    }
}
