//! What a function makes of the batches of one piece, by counts: the rules of `world::function`, which has them by orders.

use super::chance::Chance;
use super::piece::Piece;
use crate::world::Behavior;

/// What the function tries with a piece before the table has answered.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempt {
    /// Batches in which nothing is wrong, as far as the function sees.
    clean_batches: u64,
    batches: u64,
    /// Writes of good orders that are not stored yet, in clean batches and in others.
    fresh: [u64; 2],
    /// The same of orders that are stored already.
    stored: [u64; 2],
}

impl Attempt {
    /// Rows' worth of orders it writes.
    pub(super) fn writes(&self) -> u64 {
        self.fresh.iter().chain(&self.stored).sum()
    }
}

/// What became of a piece.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Orders that were stored and had not been.
    pub(super) stored: u64,
    /// Messages that are deleted although their orders, bad ones and good ones, are nowhere.
    pub(super) lost: [u64; 2],
    /// Messages that are deleted.
    pub(super) deleted: u64,
    /// Messages that come back.
    pub(super) back: Vec<Piece>,
    /// Batches that failed whole.
    pub(super) failed_batches: u64,
}

/// How a function behaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) behavior: Behavior,
    pub(super) reports: bool,
    /// The share of good orders that it refuses.
    pub(super) refuses: f64,
}

impl Manner {
    /// What it writes of a piece's batches.
    pub(super) fn attempt(&self, piece: &Piece, chance: &mut Chance) -> Attempt {
        let refused = [
            chance.strikes(piece.fresh, self.refuses),
            chance.strikes(piece.stored, self.refuses),
        ];
        let (fresh, stored) = (piece.fresh - refused[0], piece.stored - refused[1]);
        let batches = chance.round(piece.clusters).max(1);
        if self.behavior != Behavior::UntilOneFails {
            return Attempt {
                clean_batches: batches,
                batches,
                fresh: [fresh, 0],
                stored: [stored, 0],
            };
        }
        if piece.dirty {
            // The same batches in the same order: what stands before the first bad order is what was stored before.
            return Attempt {
                clean_batches: 0,
                batches,
                fresh: [0, 0],
                stored: [0, stored],
            };
        }
        let wrong = piece.bad + refused[0] + refused[1];
        let each = piece.total() as f64 / batches as f64;
        let clean_batches = clean_of(batches, wrong, piece.total(), chance);
        let good = fresh + stored;
        let in_clean = chance.round(clean_batches as f64 * each).min(good);
        let dirty = batches - clean_batches;
        let share = wrong as f64 / piece.total() as f64;
        let before = dirty as f64 * before_the_first(share, each);
        let before = chance.round(before).min(good - in_clean);
        let stored_clean = chance.share(in_clean, stored, good.max(1)).min(stored);
        let stored_before = chance.share(before, stored, good.max(1));
        let stored_before = stored_before.min(stored - stored_clean);
        Attempt {
            clean_batches,
            batches,
            fresh: [
                (in_clean - stored_clean).min(fresh),
                (before - stored_before).min(fresh - (in_clean - stored_clean).min(fresh)),
            ],
            stored: [stored_clean, stored_before],
        }
    }

    /// How many of the orders that are not stored yet it stores, about, if the table takes them all.
    pub(super) fn will_store(&self, piece: &Piece) -> u64 {
        if self.behavior != Behavior::UntilOneFails {
            return piece.fresh;
        }
        let share = piece.bad as f64 / piece.total().max(1) as f64;
        (piece.fresh as f64 * (1.0 - share).powf(piece.each())) as u64
    }

    /// What becomes of the piece when the table has granted `granted` of its `attempt`.
    pub(super) fn outcome(
        &self,
        piece: &Piece,
        attempt: &Attempt,
        granted: u64,
        chance: &mut Chance,
    ) -> Outcome {
        let writes = attempt.writes();
        let mut grant = |count: u64| chance.share(count, granted, writes.max(1));
        let fresh = attempt.fresh.map(&mut grant);
        let stored = attempt.stored.map(&mut grant);
        match self.behavior {
            Behavior::UntilOneFails => until_one_fails(piece, attempt, fresh, stored),
            Behavior::EachThenRaises => then_raises(piece, attempt, fresh[0], stored[0], chance),
            Behavior::EachByItself => self.by_itself(piece, attempt, fresh[0], stored[0]),
        }
    }

    fn by_itself(&self, piece: &Piece, attempt: &Attempt, fresh: u64, stored: u64) -> Outcome {
        let mut outcome = Outcome {
            stored: fresh,
            ..Outcome::default()
        };
        if !self.reports {
            outcome.deleted = piece.total();
            outcome.lost = [piece.bad, piece.fresh - fresh];
            return outcome;
        }
        outcome.deleted = fresh + stored;
        let mut back = Piece {
            fresh: piece.fresh - fresh,
            stored: piece.stored - stored,
            dirty: false,
            ..*piece
        };
        let each = piece.total() as f64 / attempt.batches as f64;
        let share = back.total() as f64 / piece.total() as f64;
        // Those that fail in one batch come back at one instant.
        let batches = attempt.batches as f64 * (1.0 - (1.0 - share).powf(each));
        back.clusters = batches.max(back.total() as f64 / each).max(1.0);
        outcome.back.push(back);
        outcome
    }
}

/// Every record by itself; a batch with a failure fails whole, after the others were stored.
fn then_raises(
    piece: &Piece,
    attempt: &Attempt,
    fresh: u64,
    stored: u64,
    chance: &mut Chance,
) -> Outcome {
    let written = fresh + stored;
    let wrong = piece.total() - written;
    let clean = match piece.dirty {
        true => 0,
        false => clean_of(attempt.batches, wrong, piece.total(), chance),
    };
    let each = piece.total() as f64 / attempt.batches as f64;
    let deleted = match wrong {
        0 if !piece.dirty => written,
        _ => chance.round(clean as f64 * each).min(written),
    };
    let back = Piece {
        clusters: (attempt.batches - clean) as f64,
        dirty: piece.bad > 0,
        fresh: piece.fresh - fresh,
        stored: piece.stored + fresh - deleted,
        ..*piece
    };
    Outcome {
        stored: fresh,
        deleted,
        failed_batches: attempt.batches - clean,
        back: vec![back],
        ..Outcome::default()
    }
}

/// One after the other until one fails, and then the whole batch comes back.
fn until_one_fails(piece: &Piece, attempt: &Attempt, fresh: [u64; 2], stored: [u64; 2]) -> Outcome {
    let [fresh_clean, fresh_before] = fresh;
    let [stored_clean, stored_before] = stored;
    let deleted = fresh_clean + stored_clean;
    let in_clean = attempt.fresh[0] + attempt.stored[0];
    // Of the clean batches those fail of which the table throttled a write.
    let through = match in_clean {
        0 => attempt.clean_batches as f64,
        _ => attempt.clean_batches as f64 * (deleted as f64 / in_clean as f64),
    };
    let throttled = Piece {
        clusters: attempt.clean_batches as f64 - through,
        dirty: false,
        bad: 0,
        fresh: attempt.fresh[0] - fresh_clean,
        stored: attempt.stored[0] - stored_clean,
        ..*piece
    };
    let back = Piece {
        clusters: (attempt.batches - attempt.clean_batches) as f64,
        dirty: piece.bad > 0,
        fresh: piece.fresh - attempt.fresh[0] - fresh_before,
        stored: piece.stored - attempt.stored[0] + fresh_before,
        ..*piece
    };
    Outcome {
        stored: fresh_clean + fresh_before,
        deleted,
        failed_batches: attempt.batches - through.round() as u64,
        back: vec![back, throttled],
        ..Outcome::default()
    }
}

/// Batches without anything wrong, of so many in which `wrong` of `total` messages lie at random.
fn clean_of(batches: u64, wrong: u64, total: u64, chance: &mut Chance) -> u64 {
    if wrong == 0 {
        return batches;
    }
    let each = total as f64 / batches as f64;
    let share = (1.0 - wrong as f64 / total as f64).powf(each);
    // Those that are wrong are in some batch.
    let least = (wrong as f64 / each).ceil() as u64;
    chance
        .strikes(batches, share)
        .min(batches.saturating_sub(least))
}

/// How many stand before the first that is wrong, on average over the batches that have one: a geometric number that is
/// cut off at the batch's size.
fn before_the_first(share: f64, each: f64) -> f64 {
    if share >= 1.0 || each <= 1.0 {
        return 0.0;
    }
    let right = 1.0 - share;
    let all_right = right.powf(each);
    if 1.0 - all_right < 1e-12 {
        return (each - 1.0) / 2.0;
    }
    (right / share - each * all_right / (1.0 - all_right)).clamp(0.0, each - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manner(behavior: Behavior, reports: bool) -> Manner {
        Manner {
            behavior,
            reports,
            refuses: 0.0,
        }
    }

    fn run(manner: Manner, piece: &Piece, granted: impl Fn(u64) -> u64) -> Outcome {
        let mut chance = Chance::new(7);
        let attempt = manner.attempt(piece, &mut chance);
        let granted = granted(attempt.writes());
        let outcome = manner.outcome(piece, &attempt, granted, &mut chance);
        // Nothing vanishes: messages are deleted or come back, good orders are stored, lost or come back.
        let back: u64 = outcome.back.iter().map(Piece::total).sum();
        assert_eq!(outcome.deleted + back, piece.total(), "{outcome:?}");
        let fresh: u64 = outcome.back.iter().map(|one| one.fresh).sum();
        assert_eq!(outcome.stored + fresh + outcome.lost[1], piece.fresh);
        let bad: u64 = outcome.back.iter().map(|one| one.bad).sum();
        assert_eq!(bad + outcome.lost[0], piece.bad, "{outcome:?}");
        outcome
    }

    const PIECE: Piece = Piece {
        sent: 0,
        receives: 1,
        clusters: 100.0,
        dirty: false,
        bad: 100,
        fresh: 900,
        stored: 0,
    };

    #[test]
    fn each_by_itself_brings_back_what_is_bad_or_throttled() {
        let manner = manner(Behavior::EachByItself, true);
        let outcome = run(manner, &PIECE, |writes| writes);
        assert_eq!((outcome.stored, outcome.deleted), (900, 900));
        assert_eq!(outcome.back[0].bad, 100);
        // 1 - 0.9^10 of the batches have a bad order.
        assert!((outcome.back[0].clusters - 65.1).abs() < 0.2, "{outcome:?}");
        let throttled = run(manner, &PIECE, |writes| writes / 3);
        assert_eq!((throttled.stored, throttled.back[0].fresh), (300, 600));
        let off = Manner {
            reports: false,
            ..manner
        };
        let lost = run(off, &PIECE, |writes| writes - 50);
        assert_eq!((lost.lost, lost.deleted), ([100, 50], 1_000));
    }

    #[test]
    fn a_batch_that_raises_comes_back_whole_after_its_good_orders_are_stored() {
        let manner = manner(Behavior::EachThenRaises, false);
        let outcome = run(manner, &PIECE, |writes| writes);
        assert_eq!(outcome.stored, 900);
        assert!((55..75).contains(&outcome.failed_batches), "{outcome:?}");
        assert_eq!(outcome.deleted, 10 * (100 - outcome.failed_batches));
        let again = outcome.back[0];
        assert!(again.dirty && again.fresh == 0);
        let outcome = run(manner, &again, |writes| writes);
        assert_eq!((outcome.stored, outcome.deleted), (0, 0));
    }

    #[test]
    fn until_one_fails_leaves_what_follows_the_first_bad_order() {
        let manner = manner(Behavior::UntilOneFails, true);
        let outcome = run(manner, &PIECE, |writes| writes);
        assert!((55..75).contains(&outcome.failed_batches), "{outcome:?}");
        // By a sum over all positions: 3.63 before the first bad order of a batch that has one.
        let before = outcome.stored - outcome.deleted;
        let each = before as f64 / outcome.failed_batches as f64;
        assert!((each - 3.63).abs() < 0.05, "{each}");
        let again = run(manner, &outcome.back[0], |writes| writes);
        assert_eq!((again.stored, again.deleted), (0, 0), "the same ones again");
        // The near miss: without bad orders all is stored; and half of it when the table grants half.
        let clean = Piece { bad: 0, ..PIECE };
        assert_eq!(run(manner, &clean, |writes| writes).deleted, 900);
        let half = run(manner, &clean, |writes| writes / 2);
        assert_eq!((half.deleted, half.failed_batches), (450, 50));
        assert!(!half.back[1].dirty);
    }

    #[test]
    fn the_place_of_the_first_is_that_of_a_sum() {
        for (share, each) in [(0.1, 10), (0.01, 10), (0.5, 4), (1e-9, 10)] {
            let chance = |place: i32| (1.0_f64 - share).powi(place) * share;
            let all: f64 = (0..each).map(chance).sum();
            let sum: f64 = (0..each)
                .map(|place| f64::from(place) * chance(place))
                .sum();
            let found = before_the_first(share, f64::from(each));
            assert!((found - sum / all).abs() < 1e-3, "{share} {each}: {found}");
        }
    }
}
