//! A cohort: messages that were sent in one slot and have since had the same fate.

use super::chance::Chance;

/// An invocation that wrote orders: the slots of its begin and its end, and how many nanoseconds it took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written {
    pub(super) began: u64,
    pub(super) ended: u64,
    pub(super) takes: u64,
}

/// Messages of one slot with equally many receives.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Piece {
    /// The slot in which they were sent.
    pub(super) sent: u64,
    /// How often they were received.
    pub(super) receives: u32,
    /// At how many different instants of a slot they came, or in how many batches they are.
    pub(super) clusters: f64,
    /// Each of these batches has a bad order in it.
    pub(super) dirty: bool,
    /// Orders that are bad.
    pub(super) bad: u64,
    /// Good orders that are not stored yet.
    pub(super) fresh: u64,
    /// Good orders that are stored, and whose messages are there still.
    pub(super) stored: u64,
    /// When they were written last, if the function writes them again.
    pub(super) written: Written,
}

impl Piece {
    pub(super) fn total(&self) -> u64 {
        self.bad + self.fresh + self.stored
    }

    pub(super) fn good(&self) -> u64 {
        self.fresh + self.stored
    }

    /// Messages at one instant, or in one batch.
    pub(super) fn each(&self) -> f64 {
        self.total() as f64 / self.clusters.max(f64::MIN_POSITIVE)
    }

    /// Both together, as a mix.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            clusters: self.clusters + other.clusters,
            bad: self.bad + other.bad,
            fresh: self.fresh + other.fresh,
            stored: self.stored + other.stored,
            ..*self
        }
    }

    /// None of it.
    fn nothing(&self) -> Self {
        Self {
            clusters: 0.0,
            bad: 0,
            fresh: 0,
            stored: 0,
            ..*self
        }
    }

    /// Takes `count` messages out of it, of each kind its share.
    pub(super) fn take(&mut self, count: u64, chance: &mut Chance) -> Self {
        let total = self.total();
        if count >= total {
            return std::mem::replace(self, self.nothing());
        }
        let bad = chance.share(self.bad, count, total);
        let bad = bad.clamp(count.saturating_sub(self.good()), count.min(self.bad));
        let stored = chance.share(self.stored, count, total);
        let good = count - bad;
        let stored = stored.clamp(good.saturating_sub(self.fresh), good.min(self.stored));
        let clusters = self.clusters * (count as f64 / total as f64);
        let taken = Self {
            clusters,
            bad,
            fresh: good - stored,
            stored,
            ..*self
        };
        self.clusters -= clusters;
        self.bad -= taken.bad;
        self.fresh -= taken.fresh;
        self.stored -= taken.stored;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_out_and_what_is_left_are_all_there_was() {
        let mut chance = Chance::new(7);
        for (bad, fresh, stored) in [(0, 9, 0), (3, 0, 0), (1, 500, 33), (70, 20, 11)] {
            let whole = Piece {
                clusters: 5.0,
                bad,
                fresh,
                stored,
                ..Piece::default()
            };
            for count in 0..=whole.total() + 1 {
                let mut left = whole;
                let taken = left.take(count, &mut chance);
                assert_eq!(taken.total(), count.min(whole.total()));
                assert_eq!(taken.bad + left.bad, bad);
                assert_eq!(taken.fresh + left.fresh, fresh);
                assert_eq!(taken.stored + left.stored, stored);
                assert!((taken.clusters + left.clusters - 5.0).abs() < 1e-9);
            }
        }
    }
}
