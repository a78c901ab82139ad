//! The observation's file of orders with several rows and ends: what is written is read, and what contradicts itself is told.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use roaring::RoaringBitmap;
use serde_json::{Value as Json, json};

use super::classes::Run;
use super::spec::{NO_LINES, amount, invoice_row, item, rejected_row, s};
use crate::ledger::{Ledger, Outcome};
use crate::order::Id;
use crate::records::Item;
use crate::verify::{
    OBSERVATION_SCHEMA_VERSION, Observation, ObservationFile, QueueSample, Sweep, contradictions,
};

/// A run with something of everything: orders stored, in part, twice, rejected and nowhere, a counter and a phantom.
fn run() -> Run {
    let run = Run::new();
    let good: Vec<u64> = (0..20).filter(|&k| run.plan.kind(k).is_none()).collect();
    let bad = run.first(Some(NO_LINES));
    let beyond: Item = {
        let mut row = invoice_row(&run.order(good[0]), "P");
        row.insert("order".into(), s(&run.plan.id(20).to_string()));
        row
    };
    let rejected = rejected_row(&run.order(bad));
    let twice = invoice_row(&run.order(good[0]), "B");
    let part = Run::new().store(good[1]).without(0).rows;
    let counter = item([
        ("customer", s("CUSTOMER#c0")),
        ("shipping", amount(1, true)),
    ]);
    let mut run = Run::new()
        .store(good[0])
        .row("invoices", twice)
        .row("invoices", beyond)
        .row("rejected", rejected)
        .row("stats", counter);
    run.rows.extend(part);
    run
}

fn file(run: &Run) -> ObservationFile {
    let collector = run.collector();
    let read = |items| Sweep {
        complete: true,
        items,
        ..Sweep::default()
    };
    let observation = collector.observation(Observation {
        scan: read(run.rows.len() as u64),
        lookups: read(20),
        dead_letter_sweep: read(0),
        ..super::super::world::complete()
    });
    let empty = |at_s| QueueSample {
        at: Duration::from_secs(at_s),
        ..QueueSample::default()
    };
    ObservationFile {
        schema_version: OBSERVATION_SCHEMA_VERSION,
        run_id: run.plan.run,
        observation,
        samples: (1..4).map(empty).collect(),
        failed_samples: Vec::new(),
        times: collector.into_times(),
        rests_on: BTreeMap::new(),
    }
}

fn ledger() -> Ledger {
    let mut ledger = Ledger::new(20);
    ledger.record(Outcome::Acknowledged, 0..20);
    ledger
}

#[test]
fn what_was_written_is_read_and_the_lab_s_files_have_none_of_it() {
    let written = file(&run());
    let seen = &written.observation;
    assert!(
        !seen.in_part.is_empty() && !seen.elsewhere.is_empty() && !seen.stored_twice.is_empty()
    );
    assert!(!seen.counters.is_empty() && matches!(seen.phantoms[..], [Id::Text(_)]));
    let bytes = written.to_json();
    let read = ObservationFile::parse(&bytes, Path::new("observation.json")).unwrap();
    assert_eq!(read, written);
    let value: Json = serde_json::from_slice(&bytes).unwrap();
    let rejected = run().first(Some(NO_LINES)).to_string();
    assert_eq!(
        value["observation"]["elsewhere"],
        json!({ "rejected": rejected })
    );
    let lab: Json = serde_json::to_value(super::super::world::complete()).unwrap();
    for name in ["in_part", "elsewhere", "stored_twice", "counters"] {
        assert!(
            lab.get(name).is_none(),
            "{name} would change the files of before"
        );
    }
    let numbers = Observation {
        phantoms: vec![Id::Number(7_000_000_040)],
        ..Observation::default()
    };
    assert_eq!(
        serde_json::to_value(numbers).unwrap()["phantoms"],
        json!([7_000_000_040_u64])
    );
    for (name, damaged) in [
        ("in_part", json!({ "stored": "3-1" })),
        ("elsewhere", json!([])),
        ("stored_twice", json!("x")),
    ] {
        let mut value = value.clone();
        value["observation"][name] = damaged;
        let bytes = serde_json::to_vec(&value).unwrap();
        assert!(
            ObservationFile::parse(&bytes, Path::new("observation.json")).is_err(),
            "{name}"
        );
    }
}

#[test]
fn sound_evidence_contradicts_nothing_and_each_figure_that_cannot_be_true_is_told() {
    let run = run();
    let found = |file: &ObservationFile| contradictions(file, &ledger(), &run.plan, None);
    assert_eq!(found(&file(&run)), Vec::<String>::new());
    type Change = fn(&mut Observation);
    let cases: [(Change, &str); 14] = [
        (
            |seen| {
                seen.stored.insert(20);
            },
            "beyond the 20 planned",
        ),
        (
            |seen| {
                seen.elsewhere
                    .insert("rejected".into(), RoaringBitmap::from([25]));
            },
            "beyond the 20 planned",
        ),
        (
            |seen| {
                seen.elsewhere
                    .insert("nowhere".into(), RoaringBitmap::new());
            },
            "at an end that the scenario does not have",
        ),
        (
            |seen| {
                seen.elsewhere.insert("stored".into(), RoaringBitmap::new());
            },
            "at an end that the scenario does not have",
        ),
        (
            |seen| {
                seen.in_part.insert("nowhere".into(), RoaringBitmap::new());
            },
            "at an end that the scenario does not have",
        ),
        (
            |seen| {
                seen.in_part.insert("rejected".into(), RoaringBitmap::new());
            },
            "one row or letter alone",
        ),
        (
            |seen| {
                seen.in_part.insert("stored".into(), (0..20).collect());
            },
            "are not among those that were seen",
        ),
        (
            |seen| {
                seen.stored_twice.insert_range(0..20);
            },
            "are not among those that were seen",
        ),
        (
            |seen| {
                seen.altered.insert_range(0..20);
            },
            "are not among those that were seen",
        ),
        (
            |seen| seen.counters[0].sum = 1,
            "of a sum that the scenario does not have",
        ),
        (
            |seen| {
                let again = seen.counters[0].clone();
                seen.counters.push(again);
            },
            "counters are out of order",
        ),
        (
            |seen| seen.phantoms.push(Id::Text("nobody".into())),
            "were planned",
        ),
        (|seen| seen.lookups.items = 1, "were looked up by key"),
        (|seen| seen.scan.items = 0, "the scan read 0 rows"),
    ];
    for (change, told) in cases {
        let mut file = file(&run);
        change(&mut file.observation);
        let found = found(&file);
        assert!(
            found.iter().any(|one| one.contains(told)),
            "{told}: {found:?}"
        );
    }
    let mut planned = file(&run);
    planned.observation.phantoms[0] = run.plan.id(3);
    assert!(found(&planned)[0].contains("were planned"));
}

#[test]
fn a_row_that_two_ends_leave_alike_is_of_the_order_s_own() {
    use crate::order::spec::{Expected, IdScheme, RowSpec};
    let mut spec = super::spec::spec(IdScheme::Uuid);
    let marker = RowSpec {
        table: "markers".into(),
        key: BTreeMap::from([("id".to_owned(), "MARK#{{id}}".to_owned())]),
        holds: BTreeMap::from([("done".to_owned(), Expected::Is("true".into()))]),
        only: false,
        each: None,
        id_at: None,
        stored_at: None,
        receives_at: None,
        ordered_by: None,
    };
    let key = spec.tables["rejected"].clone();
    spec.tables.insert("markers".into(), key);
    for end in ["stored", "rejected"] {
        spec.ends.get_mut(end).unwrap().rows.push(marker.clone());
    }
    let run = || Run {
        plan: super::spec::plan_of(spec.clone(), 2026, 0.4),
        ..Run::new()
    };
    let (good, bad) = (run().first(None), run().first(Some(NO_LINES)));
    let mark = |k: u64| {
        let id = format!("MARK#{}", run().order(k).id);
        item([("id", s(&id)), ("done", crate::records::Value::Bool(true))])
    };
    let rejected = |k: u64| rejected_row(&run().order(k));
    use crate::verdict::Class;
    run()
        .store(good)
        .row("markers", mark(good))
        .is(good, Class::Stored, "its own rows");
    run()
        .store(good)
        .is(good, Class::Incomplete, "without the marker");
    run()
        .row("markers", mark(good))
        .is(good, Class::Incomplete, "the marker alone");
    let own = run()
        .row("rejected", rejected(bad))
        .row("markers", mark(bad));
    own.is(bad, Class::EndedByDesign, "a rejected one's");
    assert!(
        own.seen().stored.is_empty(),
        "the marker makes it no stored one"
    );
    let astray = run()
        .row("markers", mark(good))
        .row("rejected", rejected(good));
    astray.is(good, Class::WrongEnd, "whole where it does not belong");
    assert_eq!(astray.seen().in_part.keys().collect::<Vec<_>>(), ["stored"]);
}
