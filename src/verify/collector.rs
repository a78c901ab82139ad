//! What the rows and the dead letters say, put together order by order; no I/O.

use std::collections::hash_map::{DefaultHasher, HashMap};
use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime};

use roaring::RoaringBitmap;
use serde_json::Value;

use super::due::DueTimes;
use super::{Observation, StoredSecond, StoredTimes};
use crate::load::Schedule;
use crate::metrics::Histogram;
use crate::order::{Order, OrderId, OrderPlan};
use crate::store::{DeadLetter, Row};

/// Seconds of timeline kept for rows stored long after the run: a day.
const MAX_SECONDS: usize = 86_400;

/// What one sighting of an order number is.
enum Sighting {
    Planned(u32),
    Phantom(u64),
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
    pub(super) foreign_rows: u64,
    pub(super) foreign_dead_letters: u64,
    pub(super) extra_dead_letter_copies: u64,
    pub(super) redelivered: u64,
    pub(super) untimed_rows: u64,
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
            foreign_rows: 0,
            foreign_dead_letters: 0,
            extra_dead_letter_copies: 0,
            redelivered: 0,
            untimed_rows: 0,
            times: StoredTimes {
                phases: vec![Histogram::new(); phases],
                seconds: Vec::new(),
            },
            planned_text: Vec::new(),
        }
    }

    /// Takes a row in. A row seen twice (by scan and look-up) counts once.
    pub fn row(&mut self, row: &Row) {
        match self.sighting(row.order_number) {
            Sighting::Foreign => self.foreign_rows += 1,
            Sighting::Phantom(number) => self.phantoms.push(number),
            Sighting::Planned(k) => {
                if self.stored.insert(k) {
                    self.details(k, row.order_details.as_deref());
                    self.redelivered += u64::from(row.receive_count.is_some_and(|count| count > 1));
                    self.time(k, row.stored_at_us);
                }
            }
        }
    }

    /// Takes a dead letter in.
    pub fn dead_letter(&mut self, letter: &DeadLetter) {
        if let Some(k) = self.planned_body(&letter.body) {
            self.copy(k);
            self.as_planned(k);
            return;
        }
        let value: Option<Value> = serde_json::from_str(&letter.body).ok();
        let number = value
            .as_ref()
            .and_then(|value| value.get("order_number"))
            .and_then(Value::as_u64);
        match self.sighting(number) {
            Sighting::Foreign => self.foreign_dead_letters += 1,
            Sighting::Phantom(number) => self.phantoms.push(number),
            Sighting::Planned(k) => {
                self.copy(k);
                self.content(k, value, Some(&letter.body));
            }
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
        let Sighting::Planned(k) = self.sighting(number.parse().ok()) else {
            return None;
        };
        self.planned_text.clear();
        self.plan.write_body(u64::from(k), &mut self.planned_text);
        (self.planned_text == body.as_bytes()).then_some(k)
    }

    /// Takes in what the row of order `k` holds: byte for byte as planned, or to be read as JSON.
    fn details(&mut self, k: u32, text: Option<&str>) {
        self.planned_text.clear();
        let order = self.plan.order(u64::from(k));
        order.write_details(&mut self.planned_text);
        match text {
            Some(text) if self.planned_text == text.as_bytes() => self.as_planned(k),
            _ => {
                let value = text.and_then(|text| serde_json::from_str::<Value>(text).ok());
                self.content(k, value, text);
            }
        }
    }

    fn sighting(&self, number: Option<u64>) -> Sighting {
        let Some(number) = number else {
            return Sighting::Foreign;
        };
        match OrderId::sequence_in(self.plan.run, number) {
            None => Sighting::Foreign,
            Some(k) if k < self.schedule.count() => Sighting::Planned(k as u32),
            Some(_) => Sighting::Phantom(number),
        }
    }

    /// Compares a content with the planned one and with every other seen under the same id.
    fn content(&mut self, k: u32, value: Option<Value>, text: Option<&str>) {
        let order = value
            .as_ref()
            .and_then(|value| Order::from_json(value).ok());
        if order == Some(self.plan.order(u64::from(k))) {
            self.as_planned(k);
            return;
        }
        let print = fingerprint(value, text);
        let other = *self.odd.entry(k).or_insert(print) != print;
        if other || self.as_planned.contains(k) {
            self.overwritten.insert(k);
        }
    }

    /// Order `k` was seen with the planned content.
    fn as_planned(&mut self, k: u32) {
        self.as_planned.insert(k);
        if self.odd.contains_key(&k) {
            self.overwritten.insert(k);
        }
    }

    fn time(&mut self, k: u32, stored_at_us: Option<u64>) {
        let stored_at = stored_at_us.and_then(|us| {
            let wall = SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(us))?;
            Some(wall.duration_since(self.start).unwrap_or_default())
        });
        let (Some(stored_at), Some(due)) = (stored_at, self.due.due(u64::from(k))) else {
            self.untimed_rows += 1;
            return;
        };
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

    /// Orders seen with one content that is not the planned one.
    pub(super) fn altered(&self) -> RoaringBitmap {
        self.odd.keys().copied().collect::<RoaringBitmap>() - &self.overwritten
    }

    /// `evidence` (how the looking went) with everything that was seen filled in.
    pub fn observation(&self, evidence: Observation) -> Observation {
        let mut phantoms = self.phantoms.clone();
        phantoms.sort_unstable();
        phantoms.dedup();
        Observation {
            stored: self.stored.clone(),
            dead_lettered: self.dead_lettered.clone(),
            altered: self.altered(),
            overwritten: self.overwritten.clone(),
            phantoms,
            foreign_rows: self.foreign_rows,
            foreign_dead_letters: self.foreign_dead_letters,
            extra_dead_letter_copies: self.extra_dead_letter_copies,
            redelivered: self.redelivered,
            untimed_rows: self.untimed_rows,
            ..evidence
        }
    }

    pub(super) fn into_times(self) -> StoredTimes {
        self.times
    }
}

/// A content by its fields, the order number apart, or by its text if it has no fields.
fn fingerprint(value: Option<Value>, text: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Some(Value::Object(mut fields)) => {
            fields.remove("order_number");
            Value::Object(fields).to_string().hash(&mut hasher);
        }
        _ => text.hash(&mut hasher),
    }
    hasher.finish()
}
