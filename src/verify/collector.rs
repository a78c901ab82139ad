//! What the rows and the dead letters say, put together order by order; no I/O.

use std::collections::hash_map::{DefaultHasher, HashMap};
use std::hash::{Hash, Hasher};
use std::time::{Duration, SystemTime};

use roaring::RoaringBitmap;
use serde_json::Value;

use super::due::DueTimes;
use super::{StoredSecond, StoredTimes};
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

/// Gathers rows and dead letters.
pub(super) struct Collector {
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
}

impl Collector {
    pub(super) fn new(
        plan: OrderPlan,
        schedule: &Schedule,
        start: SystemTime,
        phases: usize,
    ) -> Self {
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
        }
    }

    /// Takes a row in. A row seen twice (by scan and look-up) counts once.
    pub(super) fn row(&mut self, row: &Row) {
        match self.sighting(row.order_number) {
            Sighting::Foreign => self.foreign_rows += 1,
            Sighting::Phantom(number) => self.phantoms.push(number),
            Sighting::Planned(k) => {
                if self.stored.insert(k) {
                    let content = row
                        .order_details
                        .as_deref()
                        .map(serde_json::from_str::<Value>);
                    self.content(
                        k,
                        content.and_then(Result::ok),
                        row.order_details.as_deref(),
                    );
                    self.redelivered += u64::from(row.receive_count.is_some_and(|count| count > 1));
                    self.time(k, row.stored_at_us);
                }
            }
        }
    }

    /// Takes a dead letter in.
    pub(super) fn dead_letter(&mut self, letter: &DeadLetter) {
        let value: Option<Value> = serde_json::from_str(&letter.body).ok();
        let number = value
            .as_ref()
            .and_then(|value| value.get("order_number"))
            .and_then(Value::as_u64);
        match self.sighting(number) {
            Sighting::Foreign => self.foreign_dead_letters += 1,
            Sighting::Phantom(number) => self.phantoms.push(number),
            Sighting::Planned(k) => {
                if !self.dead_lettered.insert(k) {
                    self.extra_dead_letter_copies += 1;
                }
                self.content(k, value, Some(&letter.body));
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
        let planned = order == Some(self.plan.order(u64::from(k)));
        if planned {
            self.as_planned.insert(k);
            if self.odd.contains_key(&k) {
                self.overwritten.insert(k);
            }
            return;
        }
        let print = fingerprint(value, text);
        let other = *self.odd.entry(k).or_insert(print) != print;
        if other || self.as_planned.contains(k) {
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
    pub(super) fn unseen(&self, wanted: &RoaringBitmap) -> RoaringBitmap {
        wanted - &self.stored - &self.dead_lettered
    }

    /// Orders seen with one content that is not the planned one.
    pub(super) fn altered(&self) -> RoaringBitmap {
        self.odd.keys().copied().collect::<RoaringBitmap>() - &self.overwritten
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
