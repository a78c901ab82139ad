//! The world as the program meets it: the journal, rows, letters, and its own verdict on them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::journal::{journal_text, read};
use super::reference::{Answer, Tallies, rank};
use super::world::{Looked, Measured, START_US, World};
use crate::exit::Exit;
use crate::ledger::JournalError;
use crate::load::{Phase, Schedule};
use crate::metrics::Histogram;
use crate::order::Id;
use crate::scenario::{Bound, Expectations, Operator, Rule, Scenario};
use crate::verify::collector::Collector;
use crate::verify::{
    Belongs, DoorSeen, JudgeInput, Observation, PhaseFigures, Quiescence, Retention, Sweep, judge,
    reconcile,
};

/// What is made once for all worlds.
pub(super) struct Made {
    /// Of runs of 0 to 12 orders.
    schedules: Vec<Schedule>,
    /// An empty one, cheaper to copy than to make.
    histogram: Histogram,
}

impl Made {
    pub(super) fn new() -> Self {
        let schedule = |orders: u32| {
            let phase = Phase {
                name: "spike".into(),
                start_rate: f64::from(orders),
                end_rate: f64::from(orders),
                duration: Duration::from_secs(1),
                warm_up: false,
            };
            Scenario {
                phases: vec![phase],
                ..crate::scenario::fixture()
            }
            .schedule()
        };
        Self {
            schedules: (0..=12).map(schedule).collect(),
            histogram: Histogram::new(),
        }
    }
}

/// What the program says of `world`; an error when it cannot trust the journal.
pub(super) fn answer(world: &World, made: &Made) -> Result<Answer, JournalError> {
    let journal = read(&journal_text(world))?;
    let schedule = &made.schedules[world.planned as usize];
    assert_eq!(schedule.count(), world.planned);
    let belongs = Belongs::of(&world.plan, world.planned);
    let seen = world
        .looked
        .as_ref()
        .map(|looked| observe(world, looked, schedule));
    let nothing = Observation::default();
    let reconciliation = reconcile(&journal.ledger, &belongs, seen.as_ref().unwrap_or(&nothing));
    let expect = expectations(world);
    let phases = world.measured.as_ref().map(|[warm_up, spike]| {
        [
            figures(made, "warm-up", true, warm_up),
            figures(made, "spike", false, spike),
        ]
    });
    let judgment = judge(&JudgeInput {
        orders: &world.plan,
        expect: &expect,
        reconciliation: &reconciliation,
        observation: seen.as_ref(),
        ledger_ended: journal.ended,
        phases: phases.as_ref().map(|phases| &phases[..]),
        interrupted: world.interrupted,
        clock_skew_bound: Duration::from_micros(world.skew_us),
    });
    let seen = seen.unwrap_or_default();
    let mut classes = BTreeMap::new();
    for (&class, members) in &reconciliation.members {
        for k in members {
            let before = classes.insert(u64::from(k), class);
            assert_eq!(before, None, "order {k} is in two classes: {world:#?}");
        }
    }
    Ok(Answer {
        counts: reconciliation.counts(),
        classes,
        phantoms: reconciliation.phantoms.iter().map(number).collect(),
        tallies: Tallies {
            foreign_rows: seen.foreign_rows,
            foreign_letters: seen.foreign_dead_letters,
            unreadable: seen.unreadable_keys,
            extra_copies: seen.extra_dead_letter_copies,
            redelivered: seen.redelivered,
            untimed: seen.untimed_rows,
        },
        verdict: judgment.verdict,
        exit: Exit::of(&judgment, world.interrupted).code(),
        reasons: judgment
            .findings
            .iter()
            .map(|finding| {
                let reason = (rank(finding.severity), finding.code.clone());
                let ids = finding.first_ids.iter().map(number).collect();
                (reason, (finding.orders, ids))
            })
            .collect(),
    })
}

/// The number an id of the lab is.
fn number(id: &Id) -> u64 {
    match id {
        Id::Number(number) => *number,
        Id::Text(text) => panic!("{text} is not a number"),
    }
}

fn observe(world: &World, looked: &Looked, schedule: &Schedule) -> Observation {
    let start = SystemTime::UNIX_EPOCH + Duration::from_micros(START_US);
    let mut collector = Collector::new(world.plan.clone(), schedule, start, 1);
    world
        .rows
        .iter()
        .for_each(|row| collector.row("orders", &row.item()));
    let letters = world.letters.iter();
    letters.for_each(|letter| collector.dead_letter(None, letter));
    let sweep = |complete: bool| Sweep {
        complete,
        ..Sweep::default()
    };
    collector.observation(Observation {
        quiescence: Quiescence {
            reached: looked.at_rest,
            drain: Some(Duration::from_micros(looked.drain_us)),
            ..Quiescence::default()
        },
        scan: sweep(looked.scanned),
        lookups: sweep(looked.looked_up),
        dead_letter_sweep: sweep(looked.swept),
        retention: Retention {
            shortest: looked.retention_s.map(Duration::from_secs),
            age: Duration::from_secs(looked.age_s),
        },
        own_stores: world.own_stores,
        door: looked
            .drained
            .map(|drained| DoorSeen::counted("the topic", 9, u64::from(!drained))),
        ..Observation::default()
    })
}

fn expectations(world: &World) -> Expectations {
    let rule = |rule: &super::world::RuleOfWorld| {
        let bound = Bound {
            operator: match rule.inclusive {
                true => Operator::AtMost,
                false => Operator::Below,
            },
            limit: Duration::from_micros(rule.limit_us),
        };
        Rule::on_duration("a rule", rule.metric, bound, rule.phase)
    };
    Expectations {
        gate: world.expected.gate,
        max_unsent_share: world.expected.max_unsent_percent as f64 / 100.0,
        max_indeterminate: world.expected.max_indeterminate,
        max_schedule_lag_p99: Duration::from_micros(world.expected.max_lag_us),
        rules: world.expected.rules.iter().map(rule).collect(),
    }
}

fn figures(made: &Made, name: &str, warm_up: bool, measured: &Measured) -> PhaseFigures {
    let histogram = |durations: &[u64]| {
        let mut histogram = made.histogram.clone();
        let durations = durations.iter().copied();
        durations.for_each(|us| histogram.record(Duration::from_micros(us)));
        histogram
    };
    PhaseFigures {
        name: name.into(),
        warm_up,
        response_time: histogram(&measured.response),
        service_time: histogram(&measured.service),
        schedule_lag: histogram(&measured.lag),
        end_to_end: histogram(&measured.end_to_end),
    }
}
