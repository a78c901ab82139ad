//! A synthetic run for tests: a spike of which everything is known, and the report of it.

use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::ledger::{Ledger, Outcome};
use crate::load::{Phase, Schedule};
use crate::metrics::Histogram;
use crate::order::{OrderPlan, RunId};
use crate::scenario::Scenario;
use crate::verify::*;

fn histogram(count: u64, base_us: u64) -> Histogram {
    let mut histogram = Histogram::new();
    for n in 0..count.min(100) {
        let each = (count - n).div_ceil(100);
        histogram.record_many(Duration::from_micros(base_us + n * 10), each);
    }
    histogram
}

fn scenario(phases: &[(&str, f64, u64, bool)]) -> Scenario {
    let phases = phases
        .iter()
        .map(|&(name, rate, seconds, warm_up)| Phase {
            name: name.into(),
            start_rate: rate,
            end_rate: rate,
            duration: Duration::from_secs(seconds),
            warm_up,
        })
        .collect();
    Scenario {
        phases,
        name: "spike".into(),
        ..crate::scenario::fixture()
    }
}

/// Everything a run of `phases` would have left, were nine in ten orders stored in their own second
/// and the others dead-lettered six seconds later.
pub struct World {
    pub scenario: Scenario,
    pub record: SendRecord,
    pub times: StoredTimes,
    pub samples: Vec<QueueSample>,
    pub failed_samples: Vec<Duration>,
    pub ledger: Ledger,
    pub observation: Observation,
}

impl World {
    pub fn new(phases: &[(&str, f64, u64, bool)]) -> Self {
        let scenario = scenario(phases);
        let schedule = scenario.schedule();
        let rates: Vec<u64> = phases
            .iter()
            .flat_map(|p| std::iter::repeat_n(p.1 as u64, p.2 as usize))
            .collect();
        let second = |rate: u64| SecondSends {
            scheduled: rate,
            offered: rate,
            acknowledged: rate,
            response_time: histogram(rate, 300),
            schedule_lag_max: Duration::from_micros(200),
            ..SecondSends::default()
        };
        let stored = |(at, rate): (usize, &u64)| StoredSecond {
            stored: rate * 9 / 10,
            oldest_intended_at: (*rate > 0).then(|| Duration::from_millis(at as u64 * 1000)),
            end_to_end: histogram(rate * 9 / 10, 400),
        };
        let mut dead = 0;
        let samples = (0..rates.len() + 7)
            .map(|at| {
                dead += at
                    .checked_sub(6)
                    .and_then(|at| rates.get(at))
                    .map_or(0, |rate| rate / 10);
                QueueSample {
                    at: Duration::from_millis(at as u64 * 1000 + 500),
                    in_flight: 7,
                    dead_letters: dead,
                    ..QueueSample::default()
                }
            })
            .collect();
        let mut ledger = Ledger::new(schedule.count());
        ledger.record(Outcome::Acknowledged, 0..schedule.count());
        let sends = |p: &(&str, f64, u64, bool)| {
            let count = p.1 as u64 * p.2;
            PhaseSends {
                scheduled: count,
                attempted: count,
                acknowledged: count,
                response_time: histogram(count, 300),
                service_time: histogram(count, 200),
                schedule_lag: histogram(count, 50),
            }
        };
        let times = StoredTimes {
            phases: phases
                .iter()
                .map(|p| histogram(p.1 as u64 * p.2 * 9 / 10, 400))
                .collect(),
            seconds: rates.iter().enumerate().map(stored).collect(),
        };
        let record = SendRecord {
            phases: phases.iter().map(sends).collect(),
            seconds: rates.iter().map(|&rate| second(rate)).collect(),
            ..SendRecord::default()
        };
        Self {
            observation: observation(&schedule),
            scenario,
            record,
            times,
            samples,
            failed_samples: Vec::new(),
            ledger,
        }
    }

    /// Every order in its class.
    pub fn reconcile(&self) -> Reconciliation {
        let bad = (0..self.ledger.planned() as u32)
            .filter(|k| k % 10 == 9)
            .collect();
        let belongs = Belongs::good_or_bad(self.ledger.planned(), bad);
        reconcile(&self.ledger, &belongs, &self.observation)
    }

    pub fn report(&self) -> RunReport {
        let reconciliation = self.reconcile();
        let figures = phase_figures(&self.scenario, &self.record, &self.times);
        let judgment = judge(&JudgeInput {
            orders: &OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.1),
            expect: &self.scenario.expect,
            reconciliation: &reconciliation,
            observation: Some(&self.observation),
            ledger_ended: true,
            phases: Some(&figures),
            interrupted: false,
            clock_skew_bound: Duration::ZERO,
        });
        build(BuildInput {
            scenario: &self.scenario,
            run_id: RunId::new(7).unwrap(),
            orders: self.ledger.counts(),
            bad_orders: self.ledger.planned() / 10,
            record: &self.record,
            workers: &[],
            reconciliation: &reconciliation,
            judgment: &judgment,
            exit_code: 0,
            observation: &self.observation,
            times: &self.times,
            readings: &[],
            samples: &self.samples,
            failed_samples: &self.failed_samples,
            figures,
            pipeline: None,
            cloudwatch: None,
            provenance: Provenance {
                traps: Vec::new(),
                version: "0.1.0".into(),
                platform: "linux x86_64".into(),
                cpus: 2,
                ..Provenance::default()
            },
            started_at: Timestamp::UNIX_EPOCH,
            finished_at: Timestamp::UNIX_EPOCH,
            clock_skew_bound: Duration::ZERO,
        })
    }
}

/// Nine in ten stored, the tenth dead-lettered, everything looked at.
fn observation(schedule: &Schedule) -> Observation {
    let planned = schedule.count() as u32;
    let sweep = |items| Sweep {
        complete: true,
        items,
        requests: 1,
        error: None,
    };
    Observation {
        quiescence: Quiescence {
            reached: planned > 0,
            empty_samples: 3,
            drain: (planned > 0).then_some(Duration::from_millis(6_200)),
            evidence: "the queue was empty".into(),
            never_started: None,
        },
        scan: sweep(u64::from(planned) * 9 / 10),
        lookups: sweep(0),
        dead_letter_sweep: sweep(u64::from(planned) / 10),
        stored: (0..planned).filter(|k| k % 10 != 9).collect(),
        dead_lettered: (0..planned).filter(|k| k % 10 == 9).collect(),
        altered: Default::default(),
        overwritten: Default::default(),
        phantoms: Vec::new(),
        foreign_rows: 0,
        foreign_dead_letters: 0,
        extra_dead_letter_copies: 0,
        redelivered: 0,
        uncounted_rows: Some(0),
        untimed_rows: 0,
        row_clock: None,
        letter_receives: None,
        door: None,
        retention: Retention {
            shortest: Some(Duration::from_secs(345_600)),
            age: Duration::from_secs(90),
        },
        ..Observation::default()
    }
}

pub const SPIKE: [(&str, f64, u64, bool); 4] = [
    ("warm-up", 200.0, 5, true),
    ("baseline", 200.0, 20, false),
    ("spike", 1_000.0, 30, false),
    ("recovery", 200.0, 25, false),
];
