//! Order within message groups: from rows with stamps to findings.

use std::time::{Duration, SystemTime};

use super::collector::schedule;
use super::judge::Case;
use super::world::complete;
use crate::ledger::{Ledger, Outcome};
use crate::order::{OrderPlan, RunId};
use crate::records::{Item, Value};
use crate::scenario::{Overrides, parse};
use crate::verdict::{Finding, Gate, Severity, Verdict};
use crate::verify::{Collector, GroupOrder, Observation};

const SCENARIO: &str = r#"
name = "x"
question = "In order?"
[[phase]]
name = "baseline"
rate = "10/s"
duration = "4s"
[order]
id = "WEB-{{run}}-{{n}}"
body = '{"id": "{{id}}", "customer": {{customer}}}'
group = "customer {{customer}}"
fields = { customer = { integer = [0, 3] } }
[[ends.stored.rows]]
table = "orders"
key = { id = "{{id}}" }
ordered_by = "seq"
[pipeline]
queue = "fifo"
[processor]
command = ["f"]
"#;

fn plan() -> OrderPlan {
    let scenario = parse("x.toml", SCENARIO, &Overrides::default());
    let scenario = scenario.unwrap_or_else(|errors| panic!("{errors}"));
    OrderPlan {
        run: RunId::new(7).unwrap(),
        seed: scenario.seed,
        bad_share: 0.0,
        model: scenario.model().unwrap(),
        times: None,
    }
}

/// Forty orders, all acknowledged and stored in order, each with its number as its stamp.
struct World {
    plan: OrderPlan,
    ledger: Ledger,
    rows: Vec<(u64, Option<Value>)>,
    gate: Gate,
}

impl World {
    fn new() -> Self {
        let mut ledger = Ledger::new(40);
        ledger.record(Outcome::Acknowledged, 0..40);
        Self {
            plan: plan(),
            ledger,
            rows: (0..40).map(|k| (k, number(k))).collect(),
            gate: Gate::Strict,
        }
    }

    /// The orders of the first order's group, and one of another.
    fn group(&self) -> (Vec<u64>, u64) {
        let first = self.plan.group(0);
        let (own, others): (Vec<u64>, Vec<u64>) =
            (0..40).partition(|k| self.plan.group(*k) == first);
        assert!(own.len() > 4);
        (own, others[0])
    }

    fn stamp(&mut self, k: u64, stamp: Option<Value>) {
        self.rows[k as usize].1 = stamp;
    }

    fn observation(&self) -> Observation {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let mut collector = Collector::new(self.plan.clone(), &schedule(), start, 2);
        collector.messages(&self.ledger);
        for (k, stamp) in &self.rows {
            let mut item = Item::from([("id".into(), Value::S(self.plan.id(*k).to_string()))]);
            item.extend(stamp.clone().map(|stamp| ("seq".to_owned(), stamp)));
            collector.row("orders", &item);
        }
        collector.observation(complete())
    }

    fn order(&self) -> GroupOrder {
        self.observation().group_order.expect("rows carry stamps")
    }

    /// The verdict, and what is found of the order.
    fn judged(&self) -> (Verdict, Vec<Finding>) {
        let observation = self.observation();
        let case = Case::with(|case| {
            case.expect.gate = self.gate;
            case.observation = Some(observation);
        });
        let judgment = case.judge_of(&self.plan);
        let codes = [
            "out_of_order",
            "stamp_missing",
            "stamps_equal",
            "order_unknown",
        ];
        let findings = judgment.findings.into_iter();
        let found = findings.filter(|finding| codes.contains(&finding.code.as_str()));
        (judgment.verdict, found.collect())
    }

    #[track_caller]
    fn found(&self, verdict: Verdict, severity: Severity, code: &str, words: &[&str]) {
        let (judged, findings) = self.judged();
        assert_eq!(judged, verdict, "{findings:?}");
        let of_code = |finding: &&Finding| finding.code == code && finding.severity == severity;
        let found = findings.iter().find(of_code);
        let found = found.unwrap_or_else(|| panic!("no {code} in {findings:?}"));
        for word in words {
            assert!(
                found.message.contains(word),
                "{word:?} in {}",
                found.message
            );
        }
    }
}

fn number(number: u64) -> Option<Value> {
    Some(Value::N(number.to_string()))
}

#[test]
fn orders_processed_as_they_were_sent_are_in_order() {
    let world = World::new();
    let order = world.order();
    assert_eq!(
        (order.judged, order.groups, order.unstamped, order.unsure),
        (40, 4, 0, 0)
    );
    assert!(order.overtaken.is_empty());
    assert_eq!(world.judged(), (Verdict::Pass, Vec::new()));
}

#[test]
fn an_order_processed_after_a_later_one_of_its_group_is_out_of_order() {
    let mut world = World::new();
    let (own, _) = world.group();
    // The second comes last, as after a failure behind which the function went on.
    world.stamp(own[1], number(100));
    let order = world.order();
    assert!(order.overtaken.iter().eq([own[1] as u32]));
    assert_eq!(order.overtakes.len(), 1);
    assert_eq!(
        (order.overtakes[0].by, order.overtakes[0].stamp.as_str()),
        (own[2] as u32, "100")
    );
    let id = |k: u64| world.plan.id(k).to_string();
    let (earlier, later) = (id(own[1]), id(own[2]));
    let words = [
        "1 order was processed after",
        "group customer ",
        &earlier,
        &later,
        "(100)",
    ];
    world.found(
        Verdict::Fail,
        Severity::OrderFailure,
        "out_of_order",
        &words,
    );
    world.gate = Gate::Conserved;
    world.found(Verdict::Pass, Severity::Note, "out_of_order", &[]);
}

#[test]
fn one_that_jumps_ahead_overtakes_all_that_it_passes() {
    let mut world = World::new();
    let (own, _) = world.group();
    let last = own[own.len() - 1];
    world.stamp(last, Some(Value::N("-1".into())));
    let overtaken = world.order().overtaken;
    let before = own[..own.len() - 1].iter().map(|k| *k as u32);
    assert!(overtaken.iter().eq(before));
}

#[test]
fn equal_stamps_and_other_groups_are_in_order() {
    let mut world = World::new();
    let (own, other) = world.group();
    world.stamp(own[1], number(own[2]));
    world.stamp(other, Some(Value::N("1e2".into())));
    let of_others = (other + 1..40).filter(|k| world.plan.group(*k) == world.plan.group(other));
    for k in of_others.collect::<Vec<_>>() {
        world.stamp(k, Some(Value::S("100.0".into())));
    }
    assert!(world.order().overtaken.is_empty());
    assert_eq!(world.judged().0, Verdict::Pass);
}

#[test]
fn stamps_that_are_all_equal_prove_no_order_and_a_few_equal_ones_take_nothing_away() {
    let mut world = World::new();
    let (own, _) = world.group();
    world.stamp(own[1], number(own[2]));
    assert_eq!(world.order().ties, 1);
    assert_eq!(world.judged(), (Verdict::Pass, Vec::new()));
    for k in &own {
        world.stamp(*k, number(7));
    }
    let words = [format!("{} of 36 orders", own.len() - 1)];
    let words = [words[0].as_str(), "finer stamp"];
    world.found(Verdict::Pass, Severity::Note, "stamps_equal", &words);
    for k in 0..40 {
        world.stamp(k, number(7));
    }
    let words = ["all 40 stored orders", "finer stamp"];
    world.found(
        Verdict::Inconclusive,
        Severity::MissingEvidence,
        "order_unknown",
        &words,
    );
}

#[test]
fn a_redelivered_order_counts_by_when_it_was_first_processed() {
    let mut world = World::new();
    let (own, _) = world.group();
    // Seen twice, the second time as it stands after one more delivery.
    world.rows.push((own[1], number(100)));
    assert_eq!(world.judged(), (Verdict::Pass, Vec::new()));
}

#[test]
fn what_cannot_be_read_is_missing_evidence_and_accuses_nobody() {
    for (stamp, words) in [
        (None, "missing"),
        (Some(Value::S("soon".into())), "soon"),
        (Some(Value::Bool(true)), "true"),
    ] {
        let mut world = World::new();
        let (own, _) = world.group();
        world.stamp(own[1], stamp);
        let words = ["1 stored order has no stamp", words];
        world.found(
            Verdict::Inconclusive,
            Severity::MissingEvidence,
            "stamp_missing",
            &words,
        );
        assert!(world.order().overtaken.is_empty());
    }
}

#[test]
fn an_order_whose_send_has_no_known_outcome_is_left_out() {
    let mut world = World::new();
    let (own, _) = world.group();
    world.stamp(own[1], number(100));
    world.ledger = Ledger::new(40);
    world.ledger.record(Outcome::Acknowledged, 0..own[1]);
    world
        .ledger
        .record(Outcome::Indeterminate, own[1]..own[1] + 1);
    world.ledger.record(Outcome::Acknowledged, own[1] + 1..40);
    let order = world.order();
    assert_eq!((order.judged, order.unsure), (39, 1));
    assert!(order.overtaken.is_empty());
}

#[test]
fn where_no_two_orders_can_be_compared_nothing_is_known() {
    let mut world = World::new();
    world.rows.truncate(1);
    world.found(
        Verdict::Inconclusive,
        Severity::MissingEvidence,
        "order_unknown",
        &["no two"],
    );
    let world = World::new();
    let case = Case::with(|case| case.observation = Some(complete()));
    let judgment = case.judge_of(&world.plan);
    assert_eq!(judgment.verdict, Verdict::Inconclusive);
    assert_eq!(judgment.findings[0].code, "order_unknown");
}

#[test]
fn an_observation_that_tells_of_an_order_that_cannot_be_contradicts_itself() {
    let mut world = World::new();
    let (own, other) = world.group();
    world.stamp(own[1], number(100));
    let sound = world.observation();
    let told = |change: &dyn Fn(&mut GroupOrder)| {
        let mut seen = sound.clone();
        change(seen.group_order.as_mut().unwrap());
        crate::verify::contradict::tells_of_an_order_that_cannot_be(&seen, &world.plan)
    };
    assert!(!told(&|_| {}));
    let changes: [&dyn Fn(&mut GroupOrder); 7] = [
        &|order| order.overtakes[0].by = other as u32,
        &|order| order.overtakes[0].sequence = own[2] as u32 + 1,
        &|order| order.overtakes.clear(),
        &|order| {
            order.overtaken.insert(40);
        },
        &|order| order.judged = 41,
        &|order| order.ties = 36,
        &|order| order.unstamped = 41,
    ];
    for (at, change) in changes.into_iter().enumerate() {
        assert!(told(change), "change {at}");
    }
}

#[test]
fn good_orders_behind_a_bad_one_of_their_group_are_told_and_others_are_not() {
    let mut world = World::new();
    world.plan.bad_share = 0.1;
    let text = SCENARIO.replace("[[ends", "[[bad]]\nset = { \"/id\" = 1 }\n[[ends");
    let scenario = parse("x.toml", &text, &Overrides::default()).unwrap();
    world.plan.model = scenario.model().unwrap();
    let plan = &world.plan;
    let bad = (0..20).find(|k| plan.is_bad(*k)).expect("a bad order");
    let is_good = |k: &u64| !plan.is_bad(*k);
    let is_behind = |k: &u64| plan.group(*k) == plan.group(bad);
    let behind = (bad + 1..40)
        .filter(is_good)
        .find(is_behind)
        .expect("one behind");
    let other = (bad + 1..40)
        .filter(is_good)
        .find(|k| !is_behind(k))
        .expect("another");
    let told = |dead: &[u64]| {
        let seen = Observation {
            dead_lettered: dead.iter().map(|k| *k as u32).collect(),
            ..complete()
        };
        crate::verify::group_followers(plan, &seen)
    };
    let found = told(&[bad, behind, other]).expect("a follower");
    assert_eq!((found.orders, found.severity), (1, Severity::Note));
    assert!(
        found.message.starts_with("1 of 2 good orders"),
        "{}",
        found.message
    );
    assert_eq!(found.first_ids, [plan.id(behind)]);
    assert_eq!(told(&[bad, other]), None, "another group");
    assert_eq!(told(&[behind]), None, "behind nobody");
    assert_eq!(told(&[bad]), None);
}
