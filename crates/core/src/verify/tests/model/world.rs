//! A world: what was planned, what the sender did, what landed, and what of it can be known.

use super::super::rows::Row;
use super::dice::Dice;
use super::text::{self, FAITHFUL, GARBAGE, WORDINGS};
use crate::ledger::Outcome;
use crate::order::{OrderPlan, RunId};
use crate::records::{DeadLetter, Value};
use crate::scenario::Metric;
use crate::verdict::Gate;
use crate::verify::tests::lab::LabOrder;

/// The run all worlds belong to.
pub(super) const RUN: u64 = 7;
/// The first order number of the run.
pub(super) const FIRST: u64 = RUN * 1_000_000_000;
/// The wall-clock start of every run, microseconds since the epoch.
pub(super) const START_US: u64 = 1_800_000_000_000_000;

/// How the process that sent came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It closed its journal.
    Orderly,
    /// It was killed after a line.
    Killed,
    /// It was killed within a line.
    KilledWriting,
    /// A byte in the middle of its journal was changed afterwards.
    Damaged,
}

/// What the sender did.
#[derive(Debug)]
pub(super) struct Sent {
    /// Orders `0..intended` may have been sent.
    pub(super) intended: u64,
    /// What became of them: `None` never had an outcome written.
    pub(super) outcomes: Vec<Option<Outcome>>,
    pub(super) ending: Ending,
}

/// How the stores were looked at.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) at_rest: bool,
    pub(super) drain_us: u64,
    pub(super) scanned: bool,
    pub(super) looked_up: bool,
    pub(super) swept: bool,
    pub(super) retention_s: Option<u64>,
    pub(super) age_s: u64,
    /// Whether what orders were sent to in the queue's place holds none any more; `None`: it was the queue itself.
    pub(super) drained: Option<bool>,
}

/// Durations measured in one phase, microseconds; below 2,000, where histograms are exact.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub(super) response: Vec<u64>,
    pub(super) service: Vec<u64>,
    pub(super) lag: Vec<u64>,
    pub(super) end_to_end: Vec<u64>,
}

/// A performance rule.
#[derive(Debug)]
pub(super) struct RuleOfWorld {
    pub(super) metric: Metric,
    pub(super) inclusive: bool,
    pub(super) limit_us: u64,
    pub(super) phase: Option<&'static str>,
}

/// What is expected of the run.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) gate: Gate,
    pub(super) max_unsent_percent: u64,
    pub(super) max_indeterminate: u64,
    pub(super) max_lag_us: u64,
    pub(super) rules: Vec<RuleOfWorld>,
}

/// Everything there is to know of one run.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) plan: OrderPlan,
    pub(super) planned: u64,
    pub(super) sent: Sent,
    pub(super) rows: Vec<Row>,
    pub(super) letters: Vec<DeadLetter>,
    /// `None`: the run ended before anyone looked.
    pub(super) looked: Option<Looked>,
    /// Warm-up and spike; `None`: lost with the process.
    pub(super) measured: Option<[Measured; 2]>,
    pub(super) interrupted: bool,
    /// Table and queues were made for this run.
    pub(super) own_stores: bool,
    /// Either zero, or more than anything that was measured: in between, clocks have a table of their own.
    pub(super) skew_us: u64,
    pub(super) expected: Expected,
}

/// How much goes wrong in a world, percent: in many one thing at most, in some everything.
#[derive(Clone, Copy)]
struct Temper {
    /// Of orders.
    sending: u64,
    landing: u64,
    /// Of pieces of evidence.
    evidence: u64,
}

impl World {
    /// The world of `seed`.
    pub(super) fn new(seed: u64) -> Self {
        let dice = &mut Dice::new(seed);
        let temper = Temper {
            sending: dice.pick(&[0, 0, 8, 8, 60]),
            landing: dice.pick(&[0, 0, 8, 8, 60]),
            evidence: dice.pick(&[0, 0, 0, 10, 40]),
        };
        // More small worlds than large ones.
        let planned = dice.below(13).min(dice.below(13));
        let plan = OrderPlan::lab(
            RunId::new(RUN as u32).unwrap(),
            dice.number(),
            dice.pick(&[0.0, 0.3, 0.3, 0.3, 1.0]),
        );
        let sent = sent(planned, temper, dice);
        let (mut rows, mut letters) = (Vec::new(), Vec::new());
        for k in 0..planned {
            land(
                &plan,
                k,
                sent.outcome(k),
                temper,
                dice,
                &mut rows,
                &mut letters,
            );
        }
        stray(&plan, planned, temper, dice, &mut rows, &mut letters);
        dice.shuffle(&mut rows);
        dice.shuffle(&mut letters);
        Self {
            seed,
            plan,
            planned,
            sent,
            rows,
            letters,
            looked: (!dice.percent(temper.evidence / 4)).then(|| looked(temper, dice)),
            measured: (!dice.percent(temper.evidence / 4)).then(|| {
                [
                    measured(planned, temper, dice),
                    measured(planned, temper, dice),
                ]
            }),
            interrupted: dice.percent(20),
            own_stores: dice.percent(30),
            skew_us: dice.pick(&[0, 0, 0, 3_600_000_000]),
            expected: expected(dice),
        }
    }
}

impl Sent {
    /// What became of order `k`, as a reader of the journal must see it.
    pub(super) fn outcome(&self, k: u64) -> Outcome {
        if k >= self.intended {
            return Outcome::Unsent;
        }
        self.outcomes[k as usize].unwrap_or(Outcome::Indeterminate)
    }
}

fn sent(planned: u64, temper: Temper, dice: &mut Dice) -> Sent {
    use Outcome::{Acknowledged, Indeterminate, Rejected, Unsent};
    let intended = match dice.percent(temper.sending) {
        true => dice.below(planned + 1),
        false => planned,
    };
    let odd = [Some(Rejected), Some(Indeterminate), Some(Unsent), None];
    let outcomes = (0..intended)
        .map(|_| match dice.percent(temper.sending) {
            true => dice.pick(&odd),
            false => Some(Acknowledged),
        })
        .collect();
    let ending = match dice.percent(temper.evidence) {
        true => dice.pick(&[
            Ending::Killed,
            Ending::Killed,
            Ending::KilledWriting,
            Ending::KilledWriting,
            Ending::Damaged,
        ]),
        false => Ending::Orderly,
    };
    Sent {
        intended,
        outcomes,
        ending,
    }
}

/// Where order `k` turns up.
fn land(
    plan: &OrderPlan,
    k: u64,
    outcome: Outcome,
    temper: Temper,
    dice: &mut Dice,
    rows: &mut Vec<Row>,
    letters: &mut Vec<DeadLetter>,
) {
    let order = LabOrder::of(plan, k);
    let number = FIRST + k;
    let arrived = match outcome {
        Outcome::Acknowledged => true,
        Outcome::Indeterminate => dice.percent(50),
        Outcome::Rejected | Outcome::Unsent => false,
    };
    let (mut in_table, mut copies) = match order.is_bad() {
        _ if !arrived => (false, 0),
        true => (false, 1),
        false => (true, 0),
    };
    let mut wordings: &[text::Wording] = &FAITHFUL[..1];
    if dice.percent(temper.landing) {
        match dice.below(5) {
            0 => (in_table, copies) = (dice.percent(50), dice.below(3)),
            1 => (in_table, copies) = (false, 0),
            2 => copies += copies,
            3 => wordings = &FAITHFUL,
            _ => wordings = &WORDINGS,
        }
        if dice.percent(30) {
            (in_table, copies) = (true, dice.below(3));
        }
    }
    if in_table {
        let details = match wordings.len() == WORDINGS.len() && dice.percent(30) {
            true if dice.percent(30) => None,
            true => Some(dice.pick(&GARBAGE).to_owned()),
            false => {
                let wording = dice.pick(wordings);
                Some(text::details(number, &order, wording, dice))
            }
        };
        let row = row(Some(number), details, temper, dice);
        if dice.percent(temper.landing / 2) {
            let mut again = row.clone();
            if dice.percent(30) {
                let wording = dice.pick(wordings);
                again.order_details = Some(text::details(number, &order, wording, dice));
            }
            rows.push(again);
        }
        rows.push(row);
    }
    for _ in 0..copies {
        letters.push(letter(text::body(
            number,
            &order,
            dice.pick(wordings),
            dice,
        )));
    }
}

/// What the run did not plan: numbers beyond the plan, other runs, and rubbish.
fn stray(
    plan: &OrderPlan,
    planned: u64,
    temper: Temper,
    dice: &mut Dice,
    rows: &mut Vec<Row>,
    letters: &mut Vec<DeadLetter>,
) {
    if dice.percent(temper.landing / 2) {
        let number = FIRST + dice.pick(&[planned, planned + 1, 999_999_999]);
        let order = LabOrder::of(plan, number - FIRST);
        if dice.percent(70) {
            let details = text::details(number, &order, text::Wording::Planned, dice);
            rows.push(row(Some(number), Some(details), temper, dice));
        }
        if dice.percent(50) {
            let wording = dice.pick(&WORDINGS);
            letters.push(letter(text::body(number, &order, wording, dice)));
        }
    }
    if dice.percent(temper.landing / 4) {
        let number = FIRST + dice.below(planned + 1);
        letters.push(letter(text::misspelt_body(number, dice)));
    }
    while dice.percent(8) {
        let numbers = [
            None,
            Some(3),
            Some(FIRST - 1),
            Some(FIRST + 1_000_000_000),
            Some(u64::MAX),
        ];
        let number = dice.pick(&numbers);
        let mut row = row(number, Some("{}".into()), temper, dice);
        let odd_key = Value::N("-7000000003".into());
        row.odd_key = number.is_none().then_some(odd_key);
        rows.push(row);
    }
    while dice.percent(temper.evidence / 4) {
        let mut row = row(None, Some("{}".into()), temper, dice);
        let what = Value::Bool(true);
        row.odd_key = dice.percent(80).then_some(what);
        rows.push(row);
    }
    while dice.percent(8) {
        letters.push(letter(text::foreign_body(dice)));
    }
}

fn row(number: Option<u64>, details: Option<String>, temper: Temper, dice: &mut Dice) -> Row {
    Row {
        order_number: number,
        order_details: details,
        odd_key: None,
        odd_details: None,
        stored_at_us: (!dice.percent(temper.landing / 8)).then(|| START_US + dice.below(2_000)),
        receive_count: dice.pick(&[None, Some(1), Some(1), Some(2)]),
    }
}

fn letter(body: String) -> DeadLetter {
    DeadLetter {
        body,
        message_id: "m".into(),
    }
}

fn looked(temper: Temper, dice: &mut Dice) -> Looked {
    let mut there = || !dice.percent(temper.evidence / 2);
    let drained = there();
    Looked {
        at_rest: there(),
        scanned: there(),
        looked_up: there(),
        swept: there(),
        retention_s: there().then_some(60),
        age_s: match there() {
            true => 59,
            false => dice.pick(&[59, 60, 61]),
        },
        drain_us: dice.below(1_000),
        drained: dice.percent(50).then_some(drained),
    }
}

fn measured(planned: u64, temper: Temper, dice: &mut Dice) -> Measured {
    let largest = dice.pick(&[50, 50, 50, 1_000]);
    let mut durations = || -> Vec<u64> {
        if dice.percent(temper.evidence / 3) {
            return Vec::new();
        }
        (0..planned).map(|_| dice.below(largest)).collect()
    };
    Measured {
        response: durations(),
        service: durations(),
        lag: durations(),
        end_to_end: durations(),
    }
}

fn expected(dice: &mut Dice) -> Expected {
    let rules = match dice.below(4) {
        0 => vec![rule(dice)],
        1 => vec![rule(dice), rule(dice)],
        _ => Vec::new(),
    };
    Expected {
        gate: dice.pick(&[Gate::Strict, Gate::Conserved]),
        max_unsent_percent: dice.pick(&[0, 0, 10, 25, 50, 100]),
        max_indeterminate: dice.pick(&[0, 0, 1, 12]),
        max_lag_us: dice.pick(&[40, 500, 500]),
        rules,
    }
}

fn rule(dice: &mut Dice) -> RuleOfWorld {
    let quantile = dice.pick(&[0.5, 0.9, 0.99, 1.0]);
    RuleOfWorld {
        metric: dice.pick(&[
            Metric::ResponseTime(quantile),
            Metric::ServiceTime(quantile),
            Metric::ScheduleLag(quantile),
            Metric::EndToEnd(quantile),
            Metric::Drain,
        ]),
        inclusive: dice.percent(50),
        limit_us: dice.pick(&[10, 25, 49, 60, 1_000]),
        phase: dice.pick(&[None, None, Some("spike"), Some("warm-up"), Some("sale")]),
    }
}
