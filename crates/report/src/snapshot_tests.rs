//! What a reader sees, whole: each document in each medium, as a snapshot.

use std::path::Path;

use super::*;
use crate::charts::Pair;
use orderproof_core::compare::{Options, compare};
use orderproof_core::gate::{GateInput, GateOutcome, RuleSources, conclude};
use orderproof_core::preflight::fixture::{facts, known, scenario, target};
use orderproof_core::preflight::{Known, Preflight};
use orderproof_core::results::RunReport;
use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::scenario::{Metric, Rule, parse_gate_rule};

const PLAIN: TextStyle = TextStyle {
    color: false,
    width: 120,
};

fn passed() -> RunReport {
    let mut world = World::new(&SPIKE);
    world.scenario.expect.rules = vec![
        rule(Metric::ResponseTime(0.99), 100, Some("spike")),
        rule(Metric::Drain, 30_000, None),
    ];
    world.report()
}

fn rule(metric: Metric, limit_ms: u64, phase: Option<&str>) -> Rule {
    let name = metric.name();
    let of = phase.map_or(String::new(), |phase| format!(" for {phase}"));
    let text = format!("{name} < {limit_ms}ms{of}");
    parse_gate_rule(&text).expect("a rule")
}

/// Lost orders, a warm-up, rules of every standing, send errors and a clock that was stepped.
fn failed() -> RunReport {
    let mut world = World::new(&[
        ("warm-up", 50.0, 10, true),
        ("baseline", 200.0, 25, false),
        ("spike", 1_000.0, 30, false),
    ]);
    for k in 5_000..5_012 {
        world.observation.stored.remove(k);
    }
    world.scenario.expect.rules = vec![
        rule(Metric::ResponseTime(0.99), 100, Some("spike")),
        rule(Metric::Drain, 6_000, None),
        rule(Metric::ScheduleLag(0.99), 2, Some("sale")),
    ];
    let mut report = world.report();
    report
        .send_errors
        .insert("429 too many requests".into(), 1_204);
    report.clock_skew_bound_us = 2_000_000;
    report
}

fn gated(report: &RunReport) -> GateOutcome {
    let given = ["lost == 0", "drain < 6s", "throttled_writes == 0"].map(ToString::to_string);
    let rules = RuleSources::parse(&given, None, false).expect("legal rules");
    let rules = rules.fit(&report.scenario).expect("fitting rules");
    let input = GateInput {
        report,
        rejudged: None,
        baseline: None,
    };
    conclude(&input, &rules)
}

/// A page without its style, its script and its charts.
fn body(page: &str) -> String {
    let mut body = page.to_owned();
    for (open, close) in [
        ("<style>", "</style>"),
        ("<script", "</script>"),
        ("<figure", "</figure>"),
    ] {
        while let Some(start) = body.find(open) {
            let length = body[start..].find(close).expect("it is closed") + close.len();
            body.replace_range(start..start + length, "");
        }
    }
    let start = body.find("<main").expect("a page has a body");
    let mut lines = String::new();
    for part in body[start..].replace("><", ">\n<").lines() {
        lines.push_str(part);
        lines.push('\n');
    }
    lines
}

/// No line is longer than the terminal is wide.
fn assert_fits(text: impl Fn(TextStyle) -> String) {
    for width in [80, 120] {
        let text = text(TextStyle { width, ..PLAIN });
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(
            longest <= Some(width),
            "{longest:?} columns of {width}:\n{text}"
        );
    }
}

#[test]
fn a_report() {
    let dir = Path::new("reports/here");
    let (passed, failed) = (passed(), failed());
    insta::assert_snapshot!(
        "report_passed_text",
        render_text(&passed, dir, &|_| true, PLAIN)
    );
    insta::assert_snapshot!(
        "report_failed_text",
        render_text(&failed, dir, &|_| true, PLAIN)
    );
    assert_fits(|style| render_text(&failed, dir, &|_| true, style));
    let narrow = TextStyle { width: 80, ..PLAIN };
    insta::assert_snapshot!(
        "report_failed_text_on_80",
        render_text(&failed, dir, &|_| true, narrow)
    );
    let colored = render_text(
        &failed,
        dir,
        &|_| true,
        TextStyle {
            color: true,
            ..TextStyle::default()
        },
    );
    insta::assert_snapshot!("report_failed_colored", colored.replace('\u{1b}', "ESC"));
    insta::assert_snapshot!("report_failed_markdown", render_markdown(&failed));
    let page = render_html(&failed).expect("a page");
    insta::assert_snapshot!("report_failed_page", body(&page));
}

#[test]
fn a_gate() {
    let report = failed();
    let outcome = gated(&report);
    assert_fits(|style| gate_text(&outcome, style));
    insta::assert_snapshot!("gate_text", gate_text(&outcome, PLAIN));
    insta::assert_snapshot!("gate_markdown", gate_markdown(&outcome, &report));
}

#[test]
fn a_comparison() {
    let base = passed();
    let mut candidate = failed();
    candidate.scenario = base.scenario.clone();
    candidate.phases.remove(0);
    candidate.scenario.pipeline.max_receive_count = 5;
    let comparison = compare(
        std::slice::from_ref(&base),
        std::slice::from_ref(&candidate),
        Options::default(),
    )
    .expect("comparable");
    let pair = Pair {
        base: &base,
        candidate: &candidate,
    };
    assert_fits(|style| comparison_text(&comparison, style));
    let mut long = comparison.clone();
    long.differs[0].candidate = format!("[{}]", ["{\"kind\":\"message_vanishes\"}"; 9].join(","));
    assert_fits(|style| comparison_text(&long, style));
    insta::assert_snapshot!("comparison_text", comparison_text(&comparison, PLAIN));
    insta::assert_snapshot!("comparison_markdown", comparison_markdown(&comparison));
    let page = comparison_html(&comparison, Some(&pair)).expect("a page");
    insta::assert_snapshot!("comparison_page", body(&page));
}

#[test]
fn a_preflight() {
    let scenario = scenario(&[]);
    let mut facts = facts();
    known(&mut facts.orders_queue).redrive = None;
    facts.place.account = Known::Unknown("no network".into());
    let preflight = Preflight::of(&scenario, target(&scenario), facts);
    insta::assert_snapshot!("preflight_text", preflight::render(&preflight, PLAIN));
}
