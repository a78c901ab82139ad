//! Rows that are there before their orders are sent, and messages of orders that are not the lab's.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::embedded::{EmbeddedPipeline, ServeOptions};
use crate::journal::read_journal;
use crate::ledger::{JOURNAL_SCHEMA_VERSION_NAMED, Outcome};
use crate::order::spec::{
    AttributeSpec, Before, Expected, Field, Key, KeyAttribute, KeyType, OrderSpec,
};
use crate::order::{Model, OrderPlan, RunId, lab};
use crate::records::{Item, Value};
use crate::scenario::{Scenario, fixture};

/// Queues and tables without a function, and a plan of orders that are the lab's but for this.
struct Trial {
    pipeline: EmbeddedPipeline,
    plan: DrivePlan,
    folder: tempfile::TempDir,
}

impl Trial {
    fn new(batch: u8, change: impl FnOnce(&mut OrderSpec)) -> Self {
        let mut spec = lab();
        change(&mut spec);
        let mut scenario = Scenario {
            order: Box::new(spec.clone()),
            ..fixture()
        };
        scenario.sending.batch = batch;
        scenario.sending.linger = Duration::from_millis(200);
        let model = Model::new(spec).unwrap_or_else(|problems| panic!("{problems:?}"));
        let orders = OrderPlan {
            model: Arc::new(model),
            ..OrderPlan::lab(RunId::new(7).unwrap(), scenario.seed, 0.3)
        };
        let options = ServeOptions {
            runs_function: false,
            ..ServeOptions::default()
        };
        let planned = scenario.schedule().count();
        let pipeline =
            EmbeddedPipeline::start_with(&scenario, orders.clone(), planned, &options).unwrap();
        Self {
            pipeline,
            plan: DrivePlan {
                scenario,
                orders,
                scenario_digest: "abc".into(),
                plan_digest: None,
                part: None,
            },
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn run(&self, stop: StopSignal) -> DriveOutcome {
        let journal = self.folder.path().join("journal");
        let options = DriveOptions {
            pool: Pool::Tasks,
            ..DriveOptions::default()
        };
        let target = self.pipeline.target();
        let progress = Arc::new(Progress::new());
        let outcome = run(&self.plan, &target, &journal, &options, progress, stop).unwrap();
        let read = read_journal(&journal).unwrap();
        assert_eq!(read.ledger, outcome.ledger, "the file says the same");
        outcome
    }

    fn planned(&self) -> u64 {
        self.plan.scenario.schedule().count()
    }

    fn sent(&self) -> usize {
        self.pipeline.holdings().unwrap().queued.len()
    }
}

pub(super) fn with_table(spec: &mut OrderSpec, kind: KeyType, id: Expected) {
    let partition = KeyAttribute {
        name: "pk".into(),
        kind,
    };
    let key = Key {
        partition,
        sort: None,
    };
    spec.tables.insert("pending".into(), key);
    let status = Expected::Text("PENDING".into());
    spec.before = vec![Before {
        table: "pending".into(),
        row: [("pk".to_owned(), id), ("status".to_owned(), status)].into(),
    }];
}

#[test]
fn every_orders_row_is_there_but_those_of_kinds_that_have_none() {
    let trial = Trial::new(10, |spec| {
        with_table(spec, KeyType::N, Expected::Number("{{id}}".into()));
        spec.bad[0].without_before = true;
    });
    let outcome = trial.run(StopSignal::new());
    assert_eq!(outcome.ledger.counts().acknowledged, trial.planned());
    let pending = trial.pipeline.holdings().unwrap().tables["pending"].clone();
    let orders = &trial.plan.orders;
    let good = (0..trial.planned()).filter(|k| !orders.is_bad(*k));
    let row = |k| {
        let id = ("pk".to_owned(), Value::N(orders.run.number(k).to_string()));
        let status = ("status".to_owned(), Value::S("PENDING".into()));
        Item::from([id, status])
    };
    let mut expected: Vec<Item> = good.map(row).collect();
    let mut found = pending;
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn an_order_whose_row_cannot_be_written_is_not_sent_and_the_others_of_its_batch_are() {
    let trial = Trial::new(10, |spec| {
        // A key must not be empty, which one in four is.
        let values = ["\"\"", "\"a\"", "\"b\"", "\"c\""].map(str::to_owned);
        let pick = Field::Pick {
            values: values.into(),
            weights: Vec::new(),
        };
        spec.fields.insert("name".into(), pick);
        with_table(spec, KeyType::S, Expected::Text("{{name}}".into()));
        spec.bad[0].without_before = true;
    });
    let outcome = trial.run(StopSignal::new());
    let counts = outcome.ledger.counts();
    let orders = &trial.plan.orders;
    let empty = |k: u64| {
        let rows = orders.rows_before(k);
        rows.iter()
            .any(|(_, row)| row["pk"] == Value::S(String::new()))
    };
    for k in 0..trial.planned() {
        let expected = match empty(k) {
            true => Outcome::Unsent,
            false => Outcome::Acknowledged,
        };
        assert_eq!(outcome.ledger.outcome(k), expected, "order {k}");
    }
    assert!(counts.unsent > 0 && counts.acknowledged > counts.unsent);
    assert_eq!(trial.sent() as u64, counts.acknowledged);
    let told: Vec<_> = outcome.record.errors.into_iter().collect();
    let reason =
        "unsent: a row that must be there before could not be written: ValidationException";
    assert_eq!(told, [(reason.to_owned(), counts.unsent)]);
    let scheduled: u64 = outcome
        .record
        .phases
        .iter()
        .map(|phase| phase.scheduled)
        .sum();
    assert_eq!(scheduled, trial.planned());
}

#[test]
fn a_stop_ends_the_writing_of_rows_too() {
    let trial = Trial::new(10, |spec| {
        with_table(spec, KeyType::N, Expected::Number("{{id}}".into()));
    });
    let stop = StopSignal::new();
    stop.stop();
    let outcome = trial.run(stop);
    assert_eq!(outcome.ledger.counts().attempted, 0);
    assert!(outcome.record.interrupted && trial.sent() == 0);
}

#[test]
fn bodies_too_large_for_one_request_go_in_several_and_every_order_once() {
    // Of 250,000 bytes each four fit into a request.
    let trial = Trial::new(10, |spec| {
        let (p50, p99) = (250_000, 250_000);
        spec.fields
            .insert("padding".into(), Field::Text { p50, p99 });
        let padding = AttributeSpec::Text("{{padding}}".into());
        spec.attributes.insert("padding".into(), padding);
    });
    let outcome = trial.run(StopSignal::new());
    let counts = outcome.ledger.counts();
    assert_eq!(
        counts.acknowledged,
        trial.planned(),
        "{:?}",
        outcome.record.errors
    );
    assert_eq!(trial.sent() as u64, trial.planned());
    let attempted: u64 = outcome
        .record
        .phases
        .iter()
        .map(|phase| phase.attempted)
        .sum();
    assert_eq!(attempted, trial.planned());
}

#[test]
fn the_journal_names_the_messages_of_bodies_that_were_cut_short_and_of_no_others() {
    let trial = Trial::new(10, |spec| {
        spec.bad[0].fields.clear();
        spec.bad[0].cut = Some(0.1);
    });
    let outcome = trial.run(StopSignal::new());
    let orders = &trial.plan.orders;
    let bad = (0..trial.planned()).filter(|k| orders.is_bad(*k)).count();
    assert_eq!(outcome.ledger.message_ids().len(), bad);
    assert!(bad > 0);
    let read = read_journal(&trial.folder.path().join("journal")).unwrap();
    assert_eq!(read.header.schema_version, JOURNAL_SCHEMA_VERSION_NAMED);
}
