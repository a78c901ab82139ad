//! What the rows and the dead letters say, put together order by order; no I/O.

use std::collections::hash_map::{DefaultHasher, HashMap};
use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime, SystemTimeError};

use roaring::RoaringBitmap;

use super::due::DueTimes;
use super::examples::{Alterations, Strangers};
use super::{Observation, Place, RowClock, StoredSecond, StoredTimes};
use crate::load::Schedule;
use crate::metrics::Histogram;
use crate::order::{
    Difference, Json, ORDER_NUMBER, OrderId, OrderPlan, canonical, json_text_differs, order_numbers,
};
use crate::records::{DeadLetter, OddKey, Row, Value, attribute};

/// Seconds of timeline kept for rows stored long after the run: a day.
const MAX_SECONDS: usize = 86_400;

/// What one sighting of an order number is.
enum Sighting {
    Planned(u32),
    Phantom,
    Foreign,
}

/// Gathers rows and dead letters, as they are read, into what an [`Observation`] says of the orders.
pub struct Collector {
    plan: OrderPlan,
    schedule: Schedule,
    due: DueTimes,
    start: SystemTime,
    pub(super) stored: RoaringBitmap,
    pub(super) dead_lettered: RoaringBitmap,
    as_planned: RoaringBitmap,
    /// The fingerprint of the first content that is not the planned one.
    odd: HashMap<u32, u64>,
    pub(super) overwritten: RoaringBitmap,
    pub(super) phantoms: Vec<u64>,
    pub(super) strangers: Strangers,
    pub(super) alterations: Alterations,
    pub(super) extra_dead_letter_copies: u64,
    pub(super) redelivered: u64,
    pub(super) uncounted_rows: u64,
    pub(super) untimed_rows: u64,
    /// When what is taken in now was read, since the run's start; `None` when nobody said.
    read_at: Option<Duration>,
    row_clock: Option<RowClock>,
    times: StoredTimes,
    /// Where a planned text is written to be compared.
    planned_text: Vec<u8>,
}

impl Collector {
    /// Knows what was planned and has seen nothing. `start` is the run's start on the wall clock,
    /// `phases` how many its load profile has.
    pub fn new(plan: OrderPlan, schedule: &Schedule, start: SystemTime, phases: usize) -> Self {
        Self {
            plan,
            schedule: schedule.clone(),
            due: DueTimes::new(schedule),
            start,
            stored: RoaringBitmap::new(),
            dead_lettered: RoaringBitmap::new(),
            as_planned: RoaringBitmap::new(),
            odd: HashMap::new(),
            overwritten: RoaringBitmap::new(),
            phantoms: Vec::new(),
            strangers: Strangers::default(),
            alterations: Alterations::default(),
            extra_dead_letter_copies: 0,
            redelivered: 0,
            uncounted_rows: 0,
            untimed_rows: 0,
            read_at: None,
            row_clock: None,
            times: StoredTimes {
                phases: vec![Histogram::new(); phases],
                seconds: Vec::new(),
            },
            planned_text: Vec::new(),
        }
    }

    /// Takes a row in. A row seen twice (by scan and look-up, or twice by either) counts once, and its content
    /// is compared each time.
    pub fn row(&mut self, row: &Row) {
        match (row.order_number, &row.odd_key) {
            (Some(number), _) => match self.sighting(number) {
                Sighting::Planned(k) => self.planned_row(k, row),
                Sighting::Phantom => self.phantoms.push(number),
                Sighting::Foreign => self.strangers.row(number.to_string()),
            },
            (None, Some(OddKey::Number(number))) => self.strangers.row(number.clone()),
            (None, Some(OddKey::Unreadable(what))) => self.strangers.unreadable(what.clone()),
            (None, None) => self.strangers.unreadable("`id` is not known".into()),
        }
    }

    fn planned_row(&mut self, k: u32, row: &Row) {
        if self.stored.insert(k) {
            self.receives(row.receive_count);
            self.time(k, row.stored_at_us);
        }
        self.details(k, row);
    }

    /// What is taken in from now on was read at `at`, since the run's start, or before.
    pub fn read_at(&mut self, at: Duration) {
        self.read_at = Some(at);
    }

    /// How often an order was received; none counts from less than one.
    fn receives(&mut self, count: Option<u64>) {
        match count {
            Some(count) if count > 0 => self.redelivered += u64::from(count > 1),
            _ => self.uncounted_rows += 1,
        }
    }

    /// Takes a dead letter in.
    pub fn dead_letter(&mut self, letter: &DeadLetter) {
        if let Some(k) = self.planned_body(&letter.body) {
            self.copy(k);
            self.as_planned(k);
            return;
        }
        let numbers = order_numbers(&letter.body);
        let mut ours = false;
        for &number in &numbers {
            match self.sighting(number) {
                Sighting::Foreign => continue,
                Sighting::Phantom => self.phantoms.push(number),
                Sighting::Planned(k) => {
                    self.copy(k);
                    let difference = self.difference(k, &letter.body);
                    self.content(k, Place::DeadLetter, difference, &letter.body);
                }
            }
            ours = true;
        }
        if !ours {
            self.strangers.letter(letter, &numbers);
        }
    }

    /// One more copy of order `k` in the dead-letter queue.
    fn copy(&mut self, k: u32) {
        if !self.dead_lettered.insert(k) {
            self.extra_dead_letter_copies += 1;
        }
    }

    /// The order of which `body` is the planned body, byte for byte. Most dead letters are just that,
    /// and need no reading as JSON.
    fn planned_body(&mut self, body: &str) -> Option<u32> {
        let rest = body.strip_prefix(r#"{"order_number": "#)?;
        let (number, _) = rest.split_once(',')?;
        let Sighting::Planned(k) = self.sighting(number.parse().ok()?) else {
            return None;
        };
        self.planned_text.clear();
        self.plan.write_body(u64::from(k), &mut self.planned_text);
        (self.planned_text == body.as_bytes()).then_some(k)
    }

    /// Takes in what the row of order `k` holds: byte for byte as planned, or to be read as JSON.
    fn details(&mut self, k: u32, row: &Row) {
        let Some(text) = row.order_details.as_deref() else {
            let found = row.odd_details.as_deref().unwrap_or("missing");
            let difference = Difference::of(attribute::ORDER_DETAILS, "a text (S)", found);
            self.content(k, Place::Row, Some(difference), found);
            return;
        };
        self.planned_text.clear();
        let order = self.plan.order(u64::from(k));
        order.write_details(&mut self.planned_text);
        if self.planned_text == text.as_bytes() {
            self.as_planned(k);
            return;
        }
        let difference = self.difference(k, text);
        self.content(k, Place::Row, difference, text);
    }

    fn sighting(&self, number: u64) -> Sighting {
        match OrderId::sequence_in(self.plan.run, number) {
            None => Sighting::Foreign,
            Some(k) if k < self.schedule.count() => Sighting::Planned(k as u32),
            Some(_) => Sighting::Phantom,
        }
    }

    fn difference(&self, k: u32, text: &str) -> Option<Difference> {
        let k = u64::from(k);
        let mut planned = Vec::new();
        self.plan.order(k).write_details(&mut planned);
        let planned = String::from_utf8(planned).expect("an order is text");
        let planned = Json::read(&planned).expect("an order is JSON");
        let own = self.plan.id(k).to_string();
        let own = Json::read(&own).expect("a number is JSON");
        let may_hold = |name: &str| (name == ORDER_NUMBER).then_some(&own);
        json_text_differs(&planned, &Value::S(text.to_owned()), may_hold)
    }

    /// Takes in a content, with what tells it from the planned one, and compares it with every other seen under
    /// the same id.
    fn content(&mut self, k: u32, place: Place, difference: Option<Difference>, text: &str) {
        let Some(difference) = difference else {
            self.as_planned(k);
            return;
        };
        let print = fingerprint(&canonical(text, self.plan.id(u64::from(k))));
        let first = *self.odd.entry(k).or_insert(print);
        if first != print || self.as_planned.contains(k) {
            self.overwritten.insert(k);
        }
        self.alterations.note(k, place, difference);
    }

    /// Order `k` was seen with the planned content.
    fn as_planned(&mut self, k: u32) {
        self.as_planned.insert(k);
        if self.odd.contains_key(&k) {
            self.overwritten.insert(k);
        }
    }

    fn time(&mut self, k: u32, stored_at_us: Option<u64>) {
        let wall = stored_at_us.and_then(|us| {
            let since_epoch = Duration::from_micros(us);
            SystemTime::UNIX_EPOCH.checked_add(since_epoch)
        });
        let stored_at = wall.map(|wall| wall.duration_since(self.start));
        let (Some(stored_at), Some(due)) = (stored_at, self.due.due(u64::from(k))) else {
            self.untimed_rows += 1;
            return;
        };
        self.clock(&stored_at, due);
        // An impossible reading counts as none at all; how far the clocks are apart tells what it is worth.
        let stored_at = stored_at.unwrap_or_default();
        let end_to_end = stored_at.saturating_sub(due);
        let phase = self.schedule.profile().phase_at(due);
        self.times.phases[phase].record(end_to_end);
        if let Some(second) = self.second(due) {
            second.end_to_end.record(end_to_end);
        }
        if let Some(second) = self.second(stored_at) {
            second.stored += 1;
            let oldest = second
                .oldest_intended_at
                .map_or(due, |oldest| oldest.min(due));
            second.oldest_intended_at = Some(oldest);
        }
    }

    /// Takes in what a row's instant says of the clock that wrote it.
    fn clock(&mut self, stored_at: &Result<Duration, SystemTimeError>, due: Duration) {
        let micros = |at: Duration| i64::try_from(at.as_micros()).unwrap_or(i64::MAX);
        let stored_us = match stored_at {
            Ok(since) => micros(*since),
            Err(before) => -micros(before.duration()),
        };
        let read_us = self.read_at.map_or(i64::MAX, micros);
        let row = RowClock::of(stored_us, micros(due), read_us);
        self.row_clock = Some(self.row_clock.map_or(row, |seen| seen.and(row)));
    }

    fn second(&mut self, at: Duration) -> Option<&mut StoredSecond> {
        let index = usize::try_from(at.as_secs())
            .ok()
            .filter(|&index| index < MAX_SECONDS)?;
        while self.times.seconds.len() <= index {
            self.times.seconds.push(StoredSecond {
                stored: 0,
                oldest_intended_at: None,
                end_to_end: Histogram::coarse(),
            });
        }
        self.times.seconds.get_mut(index)
    }

    /// Orders of `wanted` seen in neither place.
    pub fn unseen(&self, wanted: &RoaringBitmap) -> RoaringBitmap {
        wanted - &self.stored - &self.dead_lettered
    }

    /// How many planned orders have a row so far.
    pub fn stored_orders(&self) -> u64 {
        self.stored.len()
    }

    /// Orders seen with one content that is not the planned one.
    pub(super) fn altered(&self) -> RoaringBitmap {
        self.odd.keys().copied().collect::<RoaringBitmap>() - &self.overwritten
    }

    /// `evidence` (how the looking went) with everything that was seen filled in.
    pub fn observation(&self, evidence: Observation) -> Observation {
        let mut phantoms = self.phantoms.clone();
        phantoms.sort_unstable();
        phantoms.dedup();
        let altered = self.altered();
        let strangers = self.strangers.clone();
        Observation {
            stored: self.stored.clone(),
            dead_lettered: self.dead_lettered.clone(),
            alterations: self.alterations.of(&altered, &self.overwritten),
            altered,
            overwritten: self.overwritten.clone(),
            phantoms,
            foreign_rows: strangers.rows,
            foreign_row_examples: strangers.row_examples,
            foreign_dead_letters: strangers.letters,
            foreign_dead_letter_examples: strangers.letter_examples,
            unreadable_keys: strangers.unreadable,
            unreadable_key_examples: strangers.unreadable_examples,
            extra_dead_letter_copies: self.extra_dead_letter_copies,
            redelivered: self.redelivered,
            uncounted_rows: Some(self.uncounted_rows),
            untimed_rows: self.untimed_rows,
            row_clock: self.row_clock,
            ..evidence
        }
    }

    /// When rows were stored.
    pub fn into_times(self) -> StoredTimes {
        self.times
    }
}

fn fingerprint(content: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}
