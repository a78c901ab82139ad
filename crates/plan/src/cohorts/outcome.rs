//! What a function makes of the batches of a group, by counts: the rules of `world::function`, which has them by orders.

use super::chance::Chance;
use super::piece::Piece;
use crate::world::Behavior;

/// How a function behaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct FunctionTraits {
    pub(super) behavior: Behavior,
    pub(super) reports: bool,
    /// The share of good orders that it refuses.
    pub(super) refuses: f64,
}

/// What the function tries before the table has answered: orders that are not stored yet and orders that are, each in clean
/// batches and in those in which something is wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempt {
    batches: u64,
    /// Batches in which nothing is wrong, as far as the function sees.
    clean_batches: u64,
    fresh: [u64; 2],
    stored: [u64; 2],
}

impl Attempt {
    /// Orders that it writes.
    pub(super) fn writes(&self) -> u64 {
        self.fresh.iter().chain(&self.stored).sum()
    }
}

/// What became of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Fates {
    /// Of good orders that were not stored: see the constants.
    pub(super) fresh: [u64; 6],
    /// Of good orders that were stored: deleted, back in a batch with a bad order, back.
    pub(super) stored: [u64; 3],
    /// Of bad orders: back in their batches, back by themselves, deleted.
    pub(super) bad: [u64; 3],
    /// Batches, or instants, of what is back with bad orders and of what is back otherwise.
    pub(super) clusters: [f64; 2],
    /// Batches that failed whole.
    pub(super) failed_batches: u64,
}

/// Places in `Fates::fresh`: stored and deleted, stored and back, not stored and back with a bad order or otherwise, deleted
/// without being stored, stored and back without a bad order.
pub(super) const DONE: usize = 0;
pub(super) const STORED_BACK: usize = 1;
pub(super) const BACK_DIRTY: usize = 2;
pub(super) const BACK: usize = 3;
pub(super) const LOST: usize = 4;
pub(super) const STORED_BACK_CLEAN: usize = 5;

impl Fates {
    /// Messages that are back, with bad orders and otherwise.
    fn back(&self) -> [u64; 2] {
        [
            self.fresh[STORED_BACK] + self.fresh[BACK_DIRTY] + self.stored[1] + self.bad[0],
            self.fresh[BACK] + self.fresh[STORED_BACK_CLEAN] + self.stored[2] + self.bad[1],
        ]
    }

    /// What of it falls to one piece of the mix, of which `whole` is still to be dealt out.
    pub(super) fn deal(&mut self, piece: &Piece, whole: &mut Piece, chance: &mut Chance) -> Self {
        let before = self.back();
        let dealt = Self {
            fresh: deal(&mut self.fresh, piece.fresh, whole.fresh, chance),
            stored: deal(&mut self.stored, piece.stored, whole.stored, chance),
            bad: deal(&mut self.bad, piece.bad, whole.bad, chance),
            ..Self::default()
        };
        whole.fresh -= piece.fresh;
        whole.stored -= piece.stored;
        whole.bad -= piece.bad;
        let back = dealt.back();
        let mut clusters = [0.0; 2];
        for side in 0..2 {
            if back[side] > 0 {
                clusters[side] = self.clusters[side] * (back[side] as f64 / before[side] as f64);
                self.clusters[side] -= clusters[side];
            }
        }
        Self { clusters, ..dealt }
    }

    /// Orders that were stored and had not been.
    pub(super) fn newly_stored(&self) -> u64 {
        self.fresh[DONE] + self.fresh[STORED_BACK] + self.fresh[STORED_BACK_CLEAN]
    }

    /// Orders that are stored and whose messages are deleted.
    pub(super) fn deleted_stored(&self) -> u64 {
        self.fresh[DONE] + self.stored[0]
    }

    /// Orders whose messages are deleted and which are nowhere.
    pub(super) fn lost(&self) -> u64 {
        self.fresh[LOST] + self.bad[2]
    }

    /// Messages that are deleted.
    pub(super) fn deleted(&self) -> u64 {
        self.fresh[DONE] + self.fresh[LOST] + self.stored[0] + self.bad[2]
    }

    /// What is back of this piece.
    pub(super) fn pieces(&self, piece: &Piece) -> [Piece; 2] {
        let with_bad = Piece {
            clusters: self.clusters[0],
            dirty: true,
            bad: self.bad[0],
            fresh: self.fresh[BACK_DIRTY],
            stored: self.stored[1] + self.fresh[STORED_BACK],
            ..*piece
        };
        let otherwise = Piece {
            clusters: self.clusters[1],
            dirty: false,
            bad: self.bad[1],
            fresh: self.fresh[BACK],
            stored: self.stored[2] + self.fresh[STORED_BACK_CLEAN],
            ..*piece
        };
        [with_bad, otherwise]
    }
}

/// Deals `part` of `whole` things out of the fates they have, of each about its share.
fn deal<const N: usize>(
    fates: &mut [u64; N],
    part: u64,
    whole: u64,
    chance: &mut Chance,
) -> [u64; N] {
    let (mut dealt, mut left) = ([0; N], part);
    let mut others: u64 = fates.iter().sum();
    for (fate, dealt) in fates.iter_mut().zip(&mut dealt) {
        others -= *fate;
        let share = chance.share(*fate, part, whole.max(1));
        *dealt = share.clamp(left.saturating_sub(others), left.min(*fate));
        *fate -= *dealt;
        left -= *dealt;
    }
    dealt
}

impl FunctionTraits {
    /// What it writes of these messages in so many batches.
    pub(super) fn attempt(&self, mix: &Piece, batches: u64, chance: &mut Chance) -> Attempt {
        let fresh = mix.fresh - chance.strikes(mix.fresh, self.refuses);
        let stored = mix.stored - chance.strikes(mix.stored, self.refuses);
        if self.behavior != Behavior::UntilOneFails {
            return Attempt {
                batches,
                clean_batches: batches,
                fresh: [fresh, 0],
                stored: [stored, 0],
            };
        }
        if mix.dirty {
            let bad = (mix.total() - fresh - stored) as f64 / batches as f64;
            let before = 1.0 / (bad.max(1.0) + 1.0);
            // The same batches. Those that are hidden together come back in the order of their places in the queue, which is
            // another one than that in which they were sent, and stays.
            let (fresh, stored) = match mix.receives {
                ..=2 => (fresh as f64 * before, stored as f64 * before),
                _ => (0.0, ((fresh + stored) as f64 * before).min(stored as f64)),
            };
            return Attempt {
                batches,
                clean_batches: 0,
                fresh: [0, chance.round(fresh)],
                stored: [0, chance.round(stored)],
            };
        }
        let (total, good) = (mix.total(), fresh + stored);
        let each = total as f64 / batches as f64;
        let clean_batches = clean_of(batches, total - good, total, chance);
        let in_clean = match clean_batches == batches {
            true => good,
            false => chance.round(clean_batches as f64 * each).min(good),
        };
        let share = (total - good) as f64 / total as f64;
        let before = (batches - clean_batches) as f64 * before_the_first(share, each);
        let before = chance.round(before).min(good - in_clean);
        let stored_clean = chance.share(stored, in_clean, good);
        let stored_clean = stored_clean.clamp(in_clean.saturating_sub(fresh), in_clean);
        let fresh_clean = in_clean - stored_clean;
        let [fresh_left, stored_left] = [fresh - fresh_clean, stored - stored_clean];
        let stored_before = chance.share(stored_left, before, good - in_clean);
        let stored_before = stored_before.clamp(before.saturating_sub(fresh_left), before);
        Attempt {
            batches,
            clean_batches,
            fresh: [fresh_clean, before - stored_before],
            stored: [stored_clean, stored_before],
        }
    }

    /// Whether it writes an order again that is stored, so that the last time counts.
    pub(super) fn writes_again(&self) -> bool {
        self.behavior == Behavior::UntilOneFails
    }

    /// How many of the orders that are not stored yet it stores, about, if the table takes them all.
    pub(super) fn will_store(&self, piece: &Piece, each: f64) -> u64 {
        if self.behavior != Behavior::UntilOneFails {
            return piece.fresh;
        }
        let share = piece.bad as f64 / piece.total().max(1) as f64;
        (piece.fresh as f64 * (1.0 - share).powf(each)) as u64
    }

    /// What becomes of the messages when the table has granted so many of the writes; `starved` when it had nothing left
    /// before them.
    pub(super) fn fates(
        &self,
        mix: &Piece,
        attempt: &Attempt,
        (granted, starved): (u64, bool),
        chance: &mut Chance,
    ) -> Fates {
        let writes = attempt.writes();
        let mut grant = |count: u64| match granted >= writes {
            true => count,
            false => chance.share(count, granted, writes),
        };
        let fresh = attempt.fresh.map(&mut grant);
        let stored = attempt.stored.map(&mut grant);
        match self.behavior {
            Behavior::UntilOneFails => until_one_fails(mix, attempt, (fresh, stored), starved),
            Behavior::EachThenRaises => then_raises(mix, attempt, fresh[0], stored[0], chance),
            Behavior::EachByItself => self.by_itself(mix, attempt, fresh[0], stored[0]),
        }
    }

    fn by_itself(&self, mix: &Piece, attempt: &Attempt, fresh: u64, stored: u64) -> Fates {
        let (fresh_left, stored_left) = (mix.fresh - fresh, mix.stored - stored);
        if !self.reports {
            return Fates {
                fresh: [fresh, 0, 0, 0, fresh_left, 0],
                stored: [mix.stored, 0, 0],
                bad: [0, 0, mix.bad],
                ..Fates::default()
            };
        }
        let each = mix.total() as f64 / attempt.batches as f64;
        let back = fresh_left + stored_left + mix.bad;
        let share = back as f64 / mix.total() as f64;
        // Those that fail in one batch come back at one instant.
        let instants = attempt.batches as f64 * (1.0 - (1.0 - share).powf(each));
        Fates {
            fresh: [fresh, 0, 0, fresh_left, 0, 0],
            stored: [stored, 0, stored_left],
            bad: [0, mix.bad, 0],
            clusters: [0.0, instants.max(back as f64 / each)],
            failed_batches: 0,
        }
    }
}

/// Every record by itself; a batch with a failure fails whole, after the others were stored.
fn then_raises(
    mix: &Piece,
    attempt: &Attempt,
    fresh: u64,
    stored: u64,
    chance: &mut Chance,
) -> Fates {
    let written = fresh + stored;
    let wrong = mix.total() - written;
    let clean = match mix.dirty {
        true => 0,
        false => clean_of(attempt.batches, wrong, mix.total(), chance),
    };
    let each = mix.total() as f64 / attempt.batches as f64;
    let deleted = match clean == attempt.batches {
        true => written,
        false => chance.round(clean as f64 * each).min(written),
    };
    let deleted_fresh = chance.share(deleted, fresh, written.max(1));
    let deleted_fresh = deleted_fresh.clamp(deleted.saturating_sub(stored), deleted.min(fresh));
    let deleted_stored = deleted - deleted_fresh;
    Fates {
        fresh: [
            deleted_fresh,
            fresh - deleted_fresh,
            mix.fresh - fresh,
            0,
            0,
            0,
        ],
        stored: [deleted_stored, mix.stored - deleted_stored, 0],
        bad: [mix.bad, 0, 0],
        clusters: [(attempt.batches - clean) as f64, 0.0],
        failed_batches: attempt.batches - clean,
    }
}

/// One after the other until one fails, and then the whole batch comes back.
fn until_one_fails(
    mix: &Piece,
    attempt: &Attempt,
    ([fresh_clean, fresh_before], stored): ([u64; 2], [u64; 2]),
    starved: bool,
) -> Fates {
    let in_clean = attempt.fresh[0] + attempt.stored[0];
    let written = fresh_clean + stored[0];
    // Of the clean batches those fail of which the table throttles a write. What it saved lets the first through; of what
    // comes in bit by bit each gets a part, and none enough.
    let through = match in_clean {
        _ if starved && written < in_clean => 0.0,
        0 => 1.0,
        _ => written as f64 / in_clean as f64,
    };
    let (done, back_clean) = match through > 0.0 {
        true => ([fresh_clean, stored[0]], 0),
        false => ([0, 0], fresh_clean),
    };
    let through = attempt.clean_batches as f64 * through;
    let dirty = attempt.batches - attempt.clean_batches;
    Fates {
        fresh: [
            done[0],
            fresh_before,
            mix.fresh - attempt.fresh[0] - fresh_before,
            attempt.fresh[0] - fresh_clean,
            0,
            back_clean,
        ],
        stored: [
            done[1],
            mix.stored - attempt.stored[0],
            attempt.stored[0] - done[1],
        ],
        bad: [mix.bad, 0, 0],
        clusters: [dirty as f64, attempt.clean_batches as f64 - through],
        failed_batches: attempt.batches - (through.round() as u64).min(attempt.clean_batches),
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
    if share * each < 1e-6 {
        return (each - 1.0) / 2.0;
    }
    (right / share - each * all_right / (1.0 - all_right)).clamp(0.0, each - 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::piece::Written;
    use super::*;

    fn traits(behavior: Behavior, reports: bool) -> FunctionTraits {
        FunctionTraits {
            behavior,
            reports,
            refuses: 0.0,
        }
    }

    /// What becomes of a hundred batches, of which the table grants so many writes; and that nothing vanishes.
    fn run(traits: FunctionTraits, mix: &Piece, granted: impl Fn(u64) -> u64) -> Fates {
        let mut chance = Chance::new(7);
        let attempt = traits.attempt(mix, 100, &mut chance);
        let granted = granted(attempt.writes());
        let fates = traits.fates(mix, &attempt, (granted, false), &mut chance);
        assert_eq!(fates.fresh.iter().sum::<u64>(), mix.fresh, "{fates:?}");
        assert_eq!(fates.stored.iter().sum::<u64>(), mix.stored, "{fates:?}");
        assert_eq!(fates.bad.iter().sum::<u64>(), mix.bad, "{fates:?}");
        let back: u64 = fates.pieces(mix).iter().map(Piece::total).sum();
        assert_eq!(fates.deleted() + back, mix.total(), "{fates:?}");
        fates
    }

    const MIX: Piece = Piece {
        sent: 0,
        receives: 1,
        clusters: 100.0,
        dirty: false,
        bad: 100,
        fresh: 900,
        stored: 0,
        written: Written {
            began: 0,
            ended: 0,
            takes: 0,
        },
    };

    #[test]
    fn each_by_itself_brings_back_what_is_bad_or_throttled() {
        let traits = traits(Behavior::EachByItself, true);
        let fates = run(traits, &MIX, |writes| writes);
        assert_eq!((fates.newly_stored(), fates.deleted()), (900, 900));
        // 1 - 0.9^10 of the batches have a bad order.
        let [_, back] = fates.pieces(&MIX);
        assert!(
            back.bad == 100 && (back.clusters - 65.1).abs() < 0.2,
            "{back:?}"
        );
        let throttled = run(traits, &MIX, |writes| writes / 3);
        assert_eq!((throttled.fresh[DONE], throttled.fresh[BACK]), (300, 600));
        let off = FunctionTraits {
            reports: false,
            ..traits
        };
        let lost = run(off, &MIX, |writes| writes - 50);
        assert_eq!((lost.lost(), lost.deleted()), (150, 1_000));
    }

    #[test]
    fn a_batch_that_raises_comes_back_whole_after_its_good_orders_are_stored() {
        let traits = traits(Behavior::EachThenRaises, false);
        let fates = run(traits, &MIX, |writes| writes);
        assert_eq!(fates.newly_stored(), 900);
        assert!((55..75).contains(&fates.failed_batches), "{fates:?}");
        assert_eq!(fates.deleted(), 10 * (100 - fates.failed_batches));
        let [again, _] = fates.pieces(&MIX);
        assert!(again.dirty && again.fresh == 0);
        let fates = run(traits, &again, |writes| writes);
        assert_eq!((fates.newly_stored(), fates.deleted()), (0, 0));
    }

    #[test]
    fn until_one_fails_leaves_what_follows_the_first_bad_order() {
        let traits = traits(Behavior::UntilOneFails, true);
        let fates = run(traits, &MIX, |writes| writes);
        assert!((55..75).contains(&fates.failed_batches), "{fates:?}");
        // By a sum over all positions: 3.63 before the first bad order of a batch that has one.
        let before = fates.fresh[STORED_BACK] as f64 / fates.failed_batches as f64;
        assert!((before - 3.63).abs() < 0.05, "{before}");
        let [back, _] = fates.pieces(&MIX);
        let again = run(traits, &back, |writes| writes);
        assert_eq!(again.deleted(), 0, "each batch has its bad order still");
        assert!(
            again.newly_stored() > 0,
            "others stand before it in another order"
        );
        let third = Piece {
            receives: 3,
            ..again.pieces(&back)[0]
        };
        assert_eq!(
            run(traits, &third, |writes| writes).newly_stored(),
            0,
            "and then the same"
        );
        // The near miss: without bad orders all is stored; and half of it when the table grants half.
        let clean = Piece { bad: 0, ..MIX };
        let fates = run(traits, &clean, |writes| writes);
        assert_eq!((fates.deleted(), fates.failed_batches), (900, 0));
        let half = run(traits, &clean, |writes| writes / 2);
        assert_eq!((half.deleted(), half.failed_batches), (450, 50));
        assert_eq!(
            half.pieces(&clean)[0].total(),
            0,
            "no batch has a bad order"
        );
    }

    #[test]
    fn fates_are_dealt_out_to_the_pieces_of_a_mix_without_a_rest() {
        let mut chance = Chance::new(7);
        let traits = traits(Behavior::UntilOneFails, true);
        let pieces: Vec<Piece> = (0..50)
            .map(|sent| Piece {
                sent,
                bad: sent % 3,
                fresh: 20 - sent % 7,
                stored: sent % 5,
                ..MIX
            })
            .collect();
        let mut mix = pieces
            .iter()
            .fold(Piece::default(), |sum, piece| sum.and(piece));
        let attempt = traits.attempt(&mix, 100, &mut chance);
        let mut fates = traits.fates(&mix, &attempt, (attempt.writes() / 2, false), &mut chance);
        let whole = fates;
        let (mut stored, mut clusters) = (0, 0.0);
        for piece in &pieces {
            let dealt = fates.deal(piece, &mut mix, &mut chance);
            let back: u64 = dealt.pieces(piece).iter().map(Piece::total).sum();
            assert_eq!(dealt.deleted() + back, piece.total());
            stored += dealt.newly_stored();
            clusters += dealt.clusters[0];
        }
        assert_eq!(stored, whole.newly_stored());
        assert!((clusters - whole.clusters[0]).abs() < 1e-6);
        assert_eq!((fates.fresh, fates.bad), ([0; 6], [0; 3]));
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
