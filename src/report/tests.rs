//! The report's formats on a synthetic spike: what is shown, and what of it is derived.

mod unmeasured;

use crate::verdict::Class;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::drive::{PhaseSends, SecondSends, SendRecord};
use crate::ledger::{Ledger, Outcome};
use crate::load::{Phase, Schedule};
use crate::metrics::Histogram;
use crate::order::{OrderPlan, RunId};
use crate::scenario::Scenario;
use crate::verify::*;

fn histogram(count: u64, base_us: u64) -> Histogram {
    let mut histogram = Histogram::new();
    (0..count).for_each(|n| histogram.record(Duration::from_micros(base_us + n % 100 * 10)));
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
pub(crate) struct World {
    scenario: Scenario,
    record: SendRecord,
    times: StoredTimes,
    samples: Vec<QueueSample>,
    failed_samples: Vec<Duration>,
    ledger: Ledger,
    observation: Observation,
}

impl World {
    pub(crate) fn new(phases: &[(&str, f64, u64, bool)]) -> Self {
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

    fn reconcile(&self) -> Reconciliation {
        let bad = (0..self.ledger.planned() as u32)
            .filter(|k| k % 10 == 9)
            .collect();
        reconcile(&self.ledger, &bad, &self.observation)
    }

    pub(crate) fn report(&self) -> RunReport {
        let reconciliation = self.reconcile();
        let figures = phase_figures(&self.scenario, &self.record, &self.times);
        let judgment = judge(&JudgeInput {
            run: RunId::new(7).unwrap(),
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
        retention: Retention {
            shortest: Some(Duration::from_secs(345_600)),
            age: Duration::from_secs(90),
        },
        ..Observation::default()
    }
}

pub(crate) const SPIKE: [(&str, f64, u64, bool); 4] = [
    ("warm-up", 200.0, 5, true),
    ("baseline", 200.0, 20, false),
    ("spike", 1_000.0, 30, false),
    ("recovery", 200.0, 25, false),
];

#[test]
fn the_timeline_adds_up() {
    let report = World::new(&SPIKE).report();
    let row = |second: usize| &report.timeline[second];
    assert_eq!(
        report.timeline.len(),
        87,
        "80 s of load and the samples of the drain"
    );
    assert_eq!(
        (
            row(0).phase.as_str(),
            row(24).phase.as_str(),
            row(25).phase.as_str()
        ),
        ("warm-up", "baseline", "spike")
    );
    assert_eq!(row(80).phase, "drain");
    assert_eq!(
        (row(30).scheduled_orders, row(30).stored_orders),
        (1_000, Some(900))
    );
    assert_eq!(row(5).dead_lettered_orders, Some(0));
    assert_eq!(row(6).dead_lettered_orders, Some(20), "six seconds late");
    assert_eq!(
        row(5).backlog_orders,
        Some(120),
        "the bad orders of six seconds"
    );
    assert_eq!(row(86).backlog_orders, Some(0));
    assert_eq!(
        row(0).oldest_age_ms,
        None,
        "nothing stored later was due before the second's end"
    );
    assert_eq!(
        report
            .timeline
            .iter()
            .filter_map(|row| row.dead_lettered_orders)
            .sum::<u64>(),
        4_000
    );
    assert_eq!(row(30).response_time_p50_us.unwrap() / 100, 7);
    assert_eq!(row(85).response_time_p50_us, None);
}

#[test]
fn a_stepped_clock_is_told_beside_the_evidence_and_the_reading_of_two_clocks_is_not() {
    let mut report = World::new(&SPIKE).report();
    let told = |report: &RunReport| {
        let text = render_text(report, Path::new("here"), TextStyle { color: false });
        let both = [text, render_markdown(report)];
        both.map(|text| text.contains("clock was stepped by 60.0 min"))
    };
    report.clock_skew_bound_us = 3_600_000_000;
    assert_eq!(told(&report), [true, true]);
    report.clock_skew_bound_us = 999;
    assert_eq!(told(&report), [false, false]);
    let text = render_text(&report, Path::new("here"), TextStyle { color: false });
    assert!(!text.contains("clock"), "{text}");
}

/// Neither `JudgeInput` nor anything it is made of holds what CloudWatch counted: the input is listed whole, so
/// that a field more does not compile here.
#[test]
fn cloudwatch_is_told_beside_the_evidence_and_not_judged() {
    let _whole = |input: &JudgeInput<'_>| {
        let JudgeInput {
            run: _,
            expect: _,
            reconciliation: _,
            observation: _,
            ledger_ended: _,
            phases: _,
            interrupted: _,
            clock_skew_bound: _,
        } = input;
    };
    let without = World::new(&SPIKE).report();
    let json = |report: &RunReport| String::from_utf8(to_json(report)).unwrap();
    assert!(
        !json(&without).contains("cloudwatch"),
        "reports of before stay as they are"
    );
    let mut with = without.clone();
    with.cloudwatch = Some(CloudWatch {
        series: vec![MetricSeries {
            metric: Metric::ThrottledInvocations,
            points: vec![(-27, 5.0), (33, 4_000.0)],
        }],
        missing_minutes: 2,
        ..CloudWatch::default()
    });
    assert_eq!(
        parse_report(json(&with).as_bytes(), Path::new("run.json")).unwrap(),
        with
    );
    assert_eq!(
        (with.verdict, &with.findings),
        (without.verdict, &without.findings)
    );
    let row = "4,005 throttled invocations (not proof; the last 2 minutes are without points)";
    let plain = TextStyle { color: false };
    for (told, line) in [
        (
            render_text(&with, Path::new("out"), plain),
            format!("  CloudWatch         {row}\n"),
        ),
        (render_markdown(&with), format!("| CloudWatch | {row} |\n")),
    ] {
        assert!(told.contains(&line), "{told}");
    }
    assert_eq!(timeseries_csv(&with), timeseries_csv(&without));
    with.cloudwatch = Some(CloudWatch::unread("GetMetricData: AccessDenied: no"));
    let told = render_text(&with, Path::new("out"), plain);
    assert!(
        told.contains("not read: GetMetricData: AccessDenied: no"),
        "{told}"
    );
    assert!(!render_text(&without, Path::new("out"), plain).contains("CloudWatch"));
}

#[test]
fn an_order_stored_and_dead_lettered_leaves_the_backlog_once() {
    let backlog = |world: &World| world.report().timeline[6].backlog_orders;
    let mut world = World::new(&SPIKE);
    let apart = backlog(&world);
    // As many dead letters again, all of stored orders.
    let stored = world.observation.stored.clone();
    let more = world.observation.dead_lettered.len() as usize;
    world
        .observation
        .dead_lettered
        .extend(stored.iter().take(more));
    for sample in &mut world.samples {
        sample.dead_letters *= 2;
    }
    assert_eq!(backlog(&world), apart);
}

#[test]
fn dead_letters_beyond_a_number_leave_no_backlog_and_no_panic() {
    let mut world = World::new(&SPIKE);
    for sample in &mut world.samples {
        sample.dead_letters = u64::MAX;
    }
    assert_eq!(world.report().timeline[6].backlog_orders, Some(0));
}

#[test]
fn the_oldest_age_counts_from_the_earliest_order_still_to_be_stored() {
    let mut world = World::new(&[("baseline", 10.0, 3, false)]);
    // In the third second a row is stored whose order was due 400 ms into the first.
    world.times.seconds[2].oldest_intended_at = Some(Duration::from_millis(400));
    let ages: Vec<_> = world
        .report()
        .timeline
        .iter()
        .map(|row| row.oldest_age_ms)
        .collect();
    assert_eq!(ages[..3], [Some(600), Some(1_600), None]);
}

#[test]
fn run_json_reads_back_as_it_was_and_refuses_what_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let report = World::new(&SPIKE).report();
    let path = folder.path().join(file_name::RUN);
    std::fs::write(&path, to_json(&report)).unwrap();
    assert_eq!(read_report(&path).unwrap(), report);

    let text = std::fs::read_to_string(&path).unwrap();
    let refused = |from: &str, to: &str| {
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        read_report(&path).unwrap_err().to_string()
    };
    assert!(refused("\"schema_version\": 4", "\"schema_version\": 5").contains("schema version 5"));
    let older = refused("\"schema_version\": 4", "\"schema_version\": 2");
    assert!(older.contains("orderproof 0.2 reads it"), "{older}");
    assert!(refused("\"verdict\"", "\"virdict\"").contains("virdict"));
    assert!(refused("{", "").contains("not a file of orderproof"));
    let missing = read_report(&folder.path().join("none.json"))
        .unwrap_err()
        .to_string();
    assert!(
        missing.contains("none.json") && missing.contains("orderproof run"),
        "{missing}"
    );
}

#[test]
fn csv_headers_carry_units_and_findings_name_every_order_out_of_place() {
    let mut world = World::new(&SPIKE);
    let header = String::from_utf8(timeseries_csv(&world.report())).unwrap();
    let header = header.lines().next().unwrap();
    assert!(
        header.starts_with("time_s,phase,scheduled_orders,offered_orders,acknowledged_orders"),
        "{header}"
    );
    for column in header.split(',').filter(|column| *column != "phase") {
        let unit = column.rsplit('_').next().unwrap();
        assert!(
            [
                "s",
                "ms",
                "us",
                "orders",
                "messages",
                "cpus",
                "writes",
                "invocations"
            ]
            .contains(&unit),
            "{column}"
        );
    }
    let plan = OrderPlan {
        run: RunId::new(7).unwrap(),
        seed: 1,
        bad_share: 0.1,
    };
    let schedule = world.scenario.schedule();
    let findings = |world: &World| {
        let csv = findings_csv(
            &world.reconcile(),
            &world.ledger,
            &plan,
            &schedule,
            &world.scenario,
        );
        String::from_utf8(csv).unwrap()
    };
    let header = "order_number,sequence,class,send_outcome,phase,intended_at_s\n";
    assert_eq!(findings(&world), header);
    world.observation.stored.remove(5_000);
    world.observation.phantoms.push(7_999_999_999);
    assert_eq!(
        findings(&world),
        format!(
            "{header}7000005000,5000,lost,acknowledged,spike,25.0\n7999999999,,phantom,not planned,,\n"
        )
    );
}

#[test]
fn orders_csv_has_a_row_for_every_order_and_for_those_never_planned() {
    let mut world = World::new(&SPIKE);
    world.observation.stored.remove(5_000);
    world.observation.phantoms.push(7_999_999_999);
    let orders = OrderPlan {
        run: RunId::new(7).unwrap(),
        seed: 1,
        bad_share: 0.1,
    };
    let facts = OrderFacts {
        scenario: &world.scenario,
        orders: &orders,
        schedule: &world.scenario.schedule(),
        ledger: &world.ledger,
        observation: &world.observation,
        reconciliation: &world.reconcile(),
    };
    let mut bytes = Vec::new();
    write_orders_csv(&facts, &mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 40_000 + 2, "a header, and one never planned");
    assert_eq!(
        lines[5_001],
        "7000005000,5000,spike,25.0,false,acknowledged,lost,false,false"
    );
    assert_eq!(lines.last(), Some(&"7999999999,,,,,not planned,phantom,,"));
    for (&class, &count) in &world.report().classes {
        let rows = lines
            .iter()
            .filter(|line| line.split(',').nth(6) == Some(class.as_str()));
        assert_eq!(rows.count() as u64, count, "{class:?}");
    }
}

#[test]
fn the_text_puts_the_verdict_first_and_names_what_is_lost() {
    let plain = TextStyle { color: false };
    let mut world = World::new(&SPIKE);
    let text = render_text(&world.report(), Path::new("out"), plain);
    assert!(
        text.starts_with("PASS  strict: every one of 40,000 orders is accounted for"),
        "{text}"
    );
    assert!(
        !text.contains('\u{1b}') && text.contains("out/report.html, summary.md"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 112),
        "{text}"
    );

    world.observation.stored.remove(5_000);
    let report = world.report();
    let text = render_text(&report, Path::new("out"), plain);
    assert!(
        text.starts_with("FAIL  strict: 1 of 40,000 orders lost, altered or misplaced; 1 lost"),
        "{text}"
    );
    assert!(text.contains("7000005000"), "{text}");
    assert!(
        render_text(&report, Path::new("out"), TextStyle { color: true })
            .contains("\u{1b}[1m\u{1b}[31mFAIL")
    );
    let page = render_markdown(&report);
    assert!(
        page.starts_with("# FAIL: strict: 1 of 40,000 orders") && page.contains("| lost | 1 |"),
        "{page}"
    );
    for text in [text, page] {
        for line in text.lines() {
            let words = line.to_lowercase().replace("end-to-end latency", "");
            assert!(
                !words.contains("latency") || words.contains("latency.png"),
                "latency of what? {line}"
            );
        }
    }
}

#[test]
fn a_folder_is_made_once_and_its_files_are_whole() {
    let parent = tempfile::tempdir().unwrap();
    let utc: Timestamp = "2026-11-23T14:05:09Z".parse().unwrap();
    let first = RunFolder::create(parent.path(), utc, "spike").unwrap();
    assert!(first.path().ends_with("20261123T140509Z-spike"));
    let second = RunFolder::create(parent.path(), utc, "spike").unwrap();
    assert!(second.path().ends_with("20261123T140509Z-spike-2"));
    assert!(
        RunFolder::create_exactly(second.path()).is_ok(),
        "an empty folder will do"
    );
    first.write("a", b"one").unwrap();
    assert!(
        first.write("a", b"two").is_err(),
        "a file is never overwritten"
    );
    assert_eq!(std::fs::read(first.file("a")).unwrap(), b"one");
    let taken = RunFolder::create_exactly(first.path())
        .unwrap_err()
        .to_string();
    assert!(
        taken.contains("not empty") && taken.contains("--output-dir"),
        "{taken}"
    );
    assert_eq!(
        std::fs::read_dir(first.path()).unwrap().count(),
        1,
        "no temporary file is left"
    );
}

#[test]
fn every_class_is_listed_in_the_report() {
    let report = World::new(&SPIKE).report();
    let expected: BTreeMap<_, _> = Class::ALL.into_iter().map(|class| (class, ())).collect();
    assert!(report.classes.keys().eq(expected.keys()));
    assert_eq!(report.classes.values().sum::<u64>(), 40_000);
}
