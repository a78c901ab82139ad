//! The report's formats on a synthetic spike: what is shown, and what of it is derived.

mod unmeasured;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use orderproof_core::order::spec::{IdScheme, KeyType, OrderSpec};
use orderproof_core::order::{Id, Model, OrderPlan, RunId, lab};
use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::results::*;
use orderproof_core::verify::*;

#[test]
fn a_stepped_clock_is_told_beside_the_evidence_and_the_reading_of_two_clocks_is_not() {
    let mut report = World::new(&SPIKE).report();
    let told = |report: &RunReport| {
        let text = render_text(report, Path::new("here"), &|_| true, TextStyle::default());
        let both = [text, render_markdown(report)];
        both.map(|text| text.contains("clock was stepped by 60.0 min"))
    };
    report.clock_skew_bound_us = 3_600_000_000;
    assert_eq!(told(&report), [true, true]);
    report.clock_skew_bound_us = 999;
    assert_eq!(told(&report), [false, false]);
    let text = render_text(&report, Path::new("here"), &|_| true, TextStyle::default());
    assert!(!text.contains("clock"), "{text}");
}

/// Neither `JudgeInput` nor anything it is made of holds what CloudWatch counted: the input is listed whole, so
/// that a field more does not compile here.
#[test]
fn cloudwatch_is_told_beside_the_evidence_and_not_judged() {
    let _whole = |input: &JudgeInput<'_>| {
        let JudgeInput {
            orders: _,
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
            metric: CloudWatchMetric::ThrottledInvocations,
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
    let plain = TextStyle::default();
    for (told, line) in [
        (
            render_text(&with, Path::new("out"), &|_| true, plain),
            format!("  CloudWatch       {row}\n"),
        ),
        (render_markdown(&with), format!("| CloudWatch | {row} |\n")),
    ] {
        assert!(told.contains(&line), "{told}");
    }
    assert_eq!(timeseries_csv(&with), timeseries_csv(&without));
    with.cloudwatch = Some(CloudWatch::unread("GetMetricData: AccessDenied: no"));
    let told = render_text(&with, Path::new("out"), &|_| true, plain);
    assert!(
        told.contains("not read: GetMetricData: AccessDenied: no"),
        "{told}"
    );
    assert!(!render_text(&without, Path::new("out"), &|_| true, plain).contains("CloudWatch"));
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
    let plan = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.1);
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
    world.observation.phantoms.push(Id::Number(7_999_999_999));
    assert_eq!(
        findings(&world),
        format!(
            "{header}7000005000,5000,lost,acknowledged,spike,25.0\n7999999999,,phantom,not planned,,\n"
        )
    );
}

#[test]
fn ids_that_are_texts_stand_in_a_column_of_ids() {
    let mut world = World::new(&SPIKE);
    world.observation.stored.remove(5_000);
    let mut spec = OrderSpec {
        id: IdScheme::Uuid,
        ..lab()
    };
    let key = spec.tables.get_mut("orders").unwrap();
    key.partition.kind = KeyType::S;
    let plan = OrderPlan {
        model: Arc::new(Model::new(spec).unwrap()),
        ..OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.1)
    };
    let schedule = world.scenario.schedule();
    let csv = findings_csv(
        &world.reconcile(),
        &world.ledger,
        &plan,
        &schedule,
        &world.scenario,
    );
    assert_eq!(
        String::from_utf8(csv).unwrap(),
        format!(
            "order_id,sequence,class,send_outcome,phase,intended_at_s\n{},5000,lost,acknowledged,spike,25.0\n",
            plan.id(5_000)
        )
    );
}

#[test]
fn orders_csv_has_a_row_for_every_order_and_for_those_never_planned() {
    let mut world = World::new(&SPIKE);
    world.observation.stored.remove(5_000);
    world.observation.phantoms.push(Id::Number(7_999_999_999));
    let orders = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.1);
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
    let plain = TextStyle::default();
    let mut world = World::new(&SPIKE);
    let text = render_text(&world.report(), Path::new("out"), &|_| true, plain);
    assert!(
        text.starts_with("PASS  strict: every one of 40,000 orders is accounted for"),
        "{text}"
    );
    assert!(
        !text.contains('\u{1b}') && text.contains("out/report.html, summary.md"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 120),
        "{text}"
    );

    world.observation.stored.remove(5_000);
    let report = world.report();
    let text = render_text(&report, Path::new("out"), &|_| true, plain);
    assert!(
        text.starts_with("FAIL  strict: 1 of 40,000 orders lost\n"),
        "{text}"
    );
    assert!(text.contains("7000005000"), "{text}");
    assert!(
        render_text(
            &report,
            Path::new("out"),
            &|_| true,
            TextStyle {
                color: true,
                ..TextStyle::default()
            }
        )
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
