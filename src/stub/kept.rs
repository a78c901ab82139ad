//! What the stub keeps of the orders it has acknowledged: a bit and an instant each, by run.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use roaring::RoaringBitmap;

use super::chance::Chances;
use super::letters::{Letter, Letters};
use crate::order::{OrderPlan, RunId};

/// Orders in one piece of memory, which is had when the first of them comes.
const PER_CHUNK: u32 = 1 << 16;
const WORDS: usize = PER_CHUNK as usize / 64;
/// Bytes of a piece.
const CHUNK_BYTES: u64 = PER_CHUNK as u64 * 4 + WORDS as u64 * 8;
/// Bytes of a letter, the places that its queue keeps free included.
const LETTER_BYTES: u64 = 2 * size_of::<Letter>() as u64;
/// The unit in which the instants of orders are kept.
const TICK: Duration = Duration::from_micros(10);

/// An order as it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came {
    pub(super) run: RunId,
    pub(super) k: u32,
    pub(super) bad: bool,
    /// What its message id is made of.
    pub(super) serial: u64,
}

/// A row of the stub's table, without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) run: RunId,
    pub(super) k: u32,
    /// When the order came, in microseconds since the Unix epoch; none of one that came too long after the start.
    pub(super) stored_at_us: Option<u64>,
    /// How often it was delivered.
    pub(super) receives: u32,
}

/// The rows that are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) after: Option<(RunId, u32)>,
    pub(super) segment: u32,
    pub(super) segments: u32,
    pub(super) limit: usize,
}

struct Chunk {
    acknowledged: Box<[u64]>,
    /// In ticks since the stub began, plus one; zero of one that is not here.
    ticks: Box<[u32]>,
}

impl Chunk {
    fn new() -> Self {
        Self {
            acknowledged: vec![0; WORDS].into(),
            ticks: vec![0; PER_CHUNK as usize].into(),
        }
    }
}

#[derive(Default)]
struct Run {
    chunks: Vec<Option<Chunk>>,
    distinct: u64,
    again: u64,
    dropped: RoaringBitmap,
    doubled: RoaringBitmap,
}

impl Run {
    /// Where order `k` is kept, if any near it is.
    fn chunk(&self, k: u32) -> Option<&Chunk> {
        self.chunks.get((k / PER_CHUNK) as usize)?.as_ref()
    }

    fn has(&self, k: u32) -> bool {
        let place = (k % PER_CHUNK) as usize;
        self.chunk(k)
            .is_some_and(|chunk| chunk.acknowledged[place / 64] >> (place % 64) & 1 == 1)
    }
}

/// Of one run, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) distinct: u64,
    pub(super) again: u64,
    pub(super) dropped: u64,
    pub(super) doubled: u64,
}

/// Everything that came.
pub(super) struct Kept {
    plan: OrderPlan,
    chances: Chances,
    runs: BTreeMap<RunId, Run>,
    pub(super) letters: Letters,
    bytes: u64,
    bytes_max: u64,
    began: Instant,
    began_us: u64,
}

impl Kept {
    /// Nothing yet, of orders as `plan` has them; no more than so many bytes.
    pub(super) fn new(plan: OrderPlan, chances: Chances, bytes_max: u64) -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            plan,
            chances,
            runs: BTreeMap::new(),
            letters: Letters::default(),
            bytes: 0,
            bytes_max,
            began: Instant::now(),
            began_us: wall.map_or(0, |wall| wall.as_micros() as u64),
        }
    }

    /// Takes an order in, or drops it where that is its fate; false when there is no more room.
    pub(super) fn take(&mut self, came: Came, now: Instant) -> bool {
        if came.bad && self.bytes + 2 * LETTER_BYTES > self.bytes_max {
            return false;
        }
        let ticks = ticks_at(now.saturating_duration_since(self.began));
        let run = self.runs.entry(came.run).or_default();
        let (index, place) = ((came.k / PER_CHUNK) as usize, (came.k % PER_CHUNK) as usize);
        if run.chunks.len() <= index {
            run.chunks.resize_with(index + 1, || None);
        }
        let chunk = &mut run.chunks[index];
        if chunk.is_none() {
            if self.bytes + CHUNK_BYTES > self.bytes_max {
                return false;
            }
            self.bytes += CHUNK_BYTES;
        }
        let chunk = chunk.get_or_insert_with(Chunk::new);
        let (word, bit) = (&mut chunk.acknowledged[place / 64], 1 << (place % 64));
        let k = u64::from(came.k);
        let drops = self.chances.drops(came.run, k);
        let doubles = !drops && self.chances.duplicates(came.run, k);
        if *word & bit == 0 {
            *word |= bit;
            chunk.ticks[place] = ticks;
            run.distinct += 1;
            if drops {
                run.dropped.insert(came.k);
            }
            if doubles {
                run.doubled.insert(came.k);
            }
        } else {
            run.again += 1;
        }
        if came.bad && !drops {
            self.bytes += LETTER_BYTES * (1 + u64::from(doubles));
            let letter = |serial| Letter {
                run: came.run,
                k: came.k,
                receives: 0,
                serial,
            };
            self.letters.put(letter(came.serial));
            if doubles {
                // No message that was sent has this number.
                self.letters.put(letter(came.serial | 1 << 61));
            }
        }
        true
    }

    /// Rows of good orders, in the order of their numbers, and whether more may follow.
    pub(super) fn rows(&self, asked: &Asked) -> (Vec<Row>, bool) {
        let mut rows = Vec::new();
        let from = asked.after.map(|(run, _)| run);
        for (&id, run) in &self.runs {
            if from.is_some_and(|from| id < from) {
                continue;
            }
            let first = match asked.after {
                Some((run, k)) if run == id => k + 1,
                _ => 0,
            };
            let plan = OrderPlan {
                run: id,
                ..self.plan.clone()
            };
            for index in (first / PER_CHUNK)..run.chunks.len() as u32 {
                if index % asked.segments != asked.segment || run.chunks[index as usize].is_none() {
                    continue;
                }
                let all = index * PER_CHUNK..(index + 1) * PER_CHUNK;
                for k in all.start.max(first)..all.end {
                    if !run.has(k) || run.dropped.contains(k) || plan.is_bad(k.into()) {
                        continue;
                    }
                    rows.push(self.row(id, run, k));
                    if rows.len() == asked.limit {
                        return (rows, true);
                    }
                }
            }
        }
        (rows, false)
    }

    /// The row of order `k` of `run`, if there is one.
    pub(super) fn row_of(&self, id: RunId, k: u32) -> Option<Row> {
        let run = self.runs.get(&id)?;
        let plan = OrderPlan {
            run: id,
            ..self.plan.clone()
        };
        let is_there = run.has(k) && !run.dropped.contains(k) && !plan.is_bad(k.into());
        is_there.then(|| self.row(id, run, k))
    }

    fn row(&self, id: RunId, run: &Run, k: u32) -> Row {
        let ticks = run
            .chunk(k)
            .map_or(0, |chunk| chunk.ticks[(k % PER_CHUNK) as usize]);
        let since = u64::from(ticks).checked_sub(1);
        Row {
            run: id,
            k,
            stored_at_us: since.map(|ticks| self.began_us + ticks * TICK.as_micros() as u64),
            receives: 1 + u32::from(run.doubled.contains(k)),
        }
    }

    /// Each run in numbers.
    pub(super) fn counts(&self) -> Vec<(RunId, Counts)> {
        let counts = |(id, run): (&RunId, &Run)| {
            let counts = Counts {
                distinct: run.distinct,
                again: run.again,
                dropped: run.dropped.len(),
                doubled: run.doubled.len(),
            };
            (*id, counts)
        };
        self.runs.iter().map(counts).collect()
    }

    /// The numbers of the orders that were dropped, at most so many.
    pub(super) fn dropped(&self, most: usize) -> Vec<u64> {
        let of_run = |(id, run): (&RunId, &Run)| {
            let id = *id;
            let ks = run.dropped.iter().take(most).collect::<Vec<_>>();
            ks.into_iter().map(move |k| id.number(k.into()))
        };
        self.runs.iter().flat_map(of_run).take(most).collect()
    }
}

/// The first tick that is not before this instant, plus one; zero when it is too late to be kept.
fn ticks_at(since: Duration) -> u32 {
    let ticks = since.as_nanos().div_ceil(TICK.as_nanos()) + 1;
    u32::try_from(ticks).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(number: u32) -> RunId {
        RunId::new(number).unwrap()
    }

    fn kept(chances: Chances, bytes_max: u64) -> Kept {
        Kept::new(OrderPlan::lab(run(1), 5, 0.3), chances, bytes_max)
    }

    fn came(kept: &Kept, run: RunId, k: u32) -> Came {
        Came {
            run,
            k,
            bad: kept.plan.is_bad(k.into()),
            serial: u64::from(k),
        }
    }

    fn asked(limit: usize) -> Asked {
        Asked {
            after: None,
            segment: 0,
            segments: 1,
            limit,
        }
    }

    #[test]
    fn good_orders_have_a_row_and_bad_ones_a_letter_once_however_often_they_come() {
        let mut kept = kept(Chances::default(), u64::MAX);
        let ks = [0, 1, 2, 63, 64, 65_535, 65_536, 200_000];
        for k in ks.into_iter().chain([64, 65_536]) {
            let came = came(&kept, run(9), k);
            assert!(kept.take(came, Instant::now()));
        }
        let good = |k: &u32| !kept.plan.is_bad(u64::from(*k));
        let expected: Vec<u32> = ks.into_iter().filter(good).collect();
        let (rows, more) = kept.rows(&asked(100));
        assert_eq!(rows.iter().map(|row| row.k).collect::<Vec<_>>(), expected);
        assert!(!more && rows.iter().all(|row| row.receives == 1));
        let (counts, now) = (kept.counts(), Instant::now());
        assert_eq!(counts[0].1.distinct, 8);
        assert_eq!(counts[0].1.again, 2);
        let twice = [64, 65_536].iter().filter(|k| !good(k)).count();
        let bad = ks.len() - expected.len() + twice;
        assert_eq!(kept.letters.counts(now), (bad, 0));
    }

    #[test]
    fn pages_and_segments_give_every_row_once() {
        let mut kept = kept(Chances::default(), u64::MAX);
        for id in [2, 5] {
            for k in (0..300_000).step_by(97) {
                let came = came(&kept, run(id), k);
                kept.take(came, Instant::now());
            }
        }
        let (all, _) = kept.rows(&asked(usize::MAX));
        let mut seen = Vec::new();
        for segment in 0..3 {
            let mut after = None;
            loop {
                let (rows, more) = kept.rows(&Asked {
                    after,
                    segment,
                    segments: 3,
                    limit: 250,
                });
                after = rows.last().map(|row| (row.run, row.k)).or(after);
                seen.extend(rows);
                if !more {
                    break;
                }
            }
        }
        seen.sort_by_key(|row| (row.run, row.k));
        assert_eq!(seen, all);
        for row in all.iter().step_by(50) {
            assert_eq!(kept.row_of(row.run, row.k), Some(*row));
        }
        assert_eq!(kept.row_of(run(2), 1), None);
        assert_eq!(kept.row_of(run(3), 0), None);
    }

    #[test]
    fn what_is_dropped_is_named_and_has_neither_row_nor_letter() {
        let chances = Chances {
            seed: 3,
            drop: 0.2,
            ..Chances::default()
        };
        let mut kept = kept(chances, u64::MAX);
        for k in 0..1_000 {
            let came = came(&kept, run(4), k);
            kept.take(came, Instant::now());
        }
        let dropped = kept.dropped(usize::MAX);
        let expected = (0..1_000).filter(|k| chances.drops(run(4), *k));
        let expected: Vec<u64> = expected.map(|k| run(4).number(k)).collect();
        assert!(dropped == expected && dropped.len() > 100);
        let rows = kept.rows(&asked(usize::MAX)).0.len();
        let letters = kept.letters.counts(Instant::now()).0;
        assert_eq!(rows + letters + dropped.len(), 1_000);
        assert_eq!(kept.dropped(3).len(), 3);
    }

    #[test]
    fn what_is_delivered_twice_says_so() {
        let chances = Chances {
            seed: 3,
            duplicate: 1.0,
            ..Chances::default()
        };
        let mut kept = kept(chances, u64::MAX);
        for k in 0..100 {
            let came = came(&kept, run(4), k);
            kept.take(came, Instant::now());
        }
        let (rows, _) = kept.rows(&asked(usize::MAX));
        assert!(rows.iter().all(|row| row.receives == 2));
        let bad = 100 - rows.len();
        assert_eq!(kept.letters.counts(Instant::now()).0, 2 * bad);
    }

    #[test]
    fn memory_has_an_end() {
        let mut kept = kept(Chances::default(), CHUNK_BYTES + 8 * LETTER_BYTES);
        let [near, far] = [7, 70_000].map(|k| came(&kept, run(4), k));
        assert!(kept.take(near, Instant::now()));
        assert!(!kept.take(far, Instant::now()));
        assert!(kept.take(near, Instant::now()), "there is room for it");
        assert_eq!(kept.counts()[0].1.distinct, 1);
    }

    #[test]
    fn an_instant_is_kept_to_the_tick_and_never_too_early() {
        for (since_ns, ticks) in [(0, 1), (1, 2), (10_000, 2), (10_001, 3)] {
            assert_eq!(ticks_at(Duration::from_nanos(since_ns)), ticks);
        }
        assert_eq!(ticks_at(Duration::from_secs(86_400)), 0);
    }
}
