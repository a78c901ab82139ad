//! The page: what is in it, in which order, and that no text of a report becomes markup.

use super::*;
use orderproof_core::order::Id;
use orderproof_core::results::RunReport;
use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::verdict::{Class, Finding, Severity, Verdict};

const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&";

fn failed() -> RunReport {
    let mut report = World::new(&SPIKE).report();
    report.verdict = Verdict::Fail;
    report.classes.insert(Class::Lost, 2);
    report.findings.push(Finding {
        severity: Severity::OrderFailure,
        code: "lost".into(),
        message: "2 orders are lost".into(),
        orders: 2,
        first_ids: vec![Id::Number(4_711), Id::Number(4_712)],
    });
    report
}

#[test]
fn no_text_of_a_report_becomes_markup() {
    let mut report = failed();
    report.scenario.question = HOSTILE.into();
    report.scenario.name = HOSTILE.into();
    report.findings[0].message = HOSTILE.into();
    report.findings[0].code = HOSTILE.into();
    report.send_errors.insert(HOSTILE.into(), 3);
    report.started_at = HOSTILE.into();
    report.quiescence.evidence = HOSTILE.into();
    report.scan.complete = false;
    report.scan.error = Some(HOSTILE.into());
    report.provenance.target = HOSTILE.into();
    report.provenance.traps = vec![HOSTILE.into()];
    report.provenance.overrides = vec![HOSTILE.into()];
    report.provenance.scenario_file = HOSTILE.into();
    report.provenance.platform = HOSTILE.into();
    report.provenance.version = HOSTILE.into();
    for phase in &mut report.phases {
        phase.figures.name = HOSTILE.into();
    }
    for phase in &mut report.scenario.phases {
        phase.name = HOSTILE.into();
    }
    let page = render_html(&report).unwrap();
    assert!(!page.contains("<img"));
    assert!(!page.contains("<script>alert"));
    let scripts = page.matches("<script").count();
    assert_eq!(scripts, page.matches("</script>").count());
    assert_eq!(
        scripts,
        render_html(&failed()).unwrap().matches("<script").count()
    );
}

#[test]
fn the_sections_come_in_the_order_a_reader_asks_for_them() {
    let page = render_html(&failed()).unwrap();
    let places: Vec<_> = [
        "id=\"verdict\"",
        "id=\"findings\"",
        "id=\"evidence\"",
        "id=\"orders\"",
        "id=\"phases\"",
        "id=\"charts\"",
        "id=\"settings\"",
    ]
    .iter()
    .map(|id| page.find(id).unwrap_or_else(|| panic!("{id} is there")))
    .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(page.matches("<h1").count(), 1);
    assert!(page.contains("FAIL") && page.contains("4711, 4712"));
}

#[test]
fn every_class_is_listed_with_its_meaning() {
    let page = render_html(&failed()).unwrap();
    let names = |class: Class| page.contains(&format!("scope=\"row\">{}</th>", class.as_str()));
    for class in Class::ALL {
        assert_eq!(names(class), class.is_always_listed(), "{class:?}");
    }
    assert_eq!(
        page.matches(">FAIL</span>").count(),
        1,
        "only lost has orders"
    );
}

#[test]
fn the_page_refers_to_nothing_outside_itself() {
    let page = render_html(&failed()).unwrap();
    for outside in ["src=", "href=\"http", "url(", "@import", "<link", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src &#39;none&#39;") || page.contains("default-src 'none'"));
    for handler in [" onclick=", " style=\""] {
        assert!(!page.contains(handler), "the policy would refuse {handler}");
    }
}

#[test]
fn an_hour_long_run_stays_small_and_the_same_report_gives_the_same_page() {
    let report = World::new(&[
        ("baseline", 7.0, 1_800, false),
        ("spike", 35.0, 300, false),
        ("recovery", 7.0, 1_500, false),
    ])
    .report();
    let page = render_html(&report).unwrap();
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    assert_eq!(page, render_html(&report).unwrap());
}

#[test]
fn of_many_rules_those_that_hold_may_be_folded_and_a_broken_one_never_is() {
    let mut report = World::new(&SPIKE).report();
    let rule = |n: usize, operator: &str| {
        let text = format!("stored {operator} {n}");
        orderproof_core::scenario::parse_gate_rule(&text).expect("a rule")
    };
    report.scenario.expect.rules = (1..=6).map(|n| rule(n, ">=")).collect();
    let page = render_html(&report).unwrap();
    assert!(!page.contains("more rules hold"), "six are few");
    report.scenario.expect.rules = (1..=20).map(|n| rule(n, ">=")).collect();
    report.scenario.expect.rules.push(rule(7, "<"));
    let page = render_html(&report).unwrap();
    let (at_once, folded) = page
        .split_once("15 more rules hold")
        .expect("fifteen are folded");
    assert!(at_once.contains("&lt; 7") && !folded.contains("&lt; 7</td>"));
}

#[test]
fn of_many_findings_the_gravest_are_shown_at_once() {
    let mut report = failed();
    let page = render_html(&report).unwrap();
    assert!(!page.contains("more finding"));
    for n in 0..5 {
        report.findings.push(Finding {
            severity: Severity::Note,
            code: "planted".into(),
            message: format!("note {n}"),
            orders: 1,
            first_ids: Vec::new(),
        });
    }
    let page = render_html(&report).unwrap();
    let (at_once, folded) = page
        .split_once("more findings</summary>")
        .expect("they are folded");
    assert!(at_once.contains("2 orders are lost") && folded.contains("note 4"));
}

#[test]
fn the_first_chart_follows_rules_and_findings_and_each_is_drawn_twice() {
    let page = render_html(&failed()).unwrap();
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is there"));
    assert!(at("id=\"findings\"") < at("data-chart=\"rates\""));
    assert!(at("data-chart=\"rates\"") < at("id=\"evidence\""));
    assert!(at("id=\"phases\"") < at("data-chart=\"backlog\""));
    assert_eq!(
        page.matches("<svg class=\"wide\"").count(),
        page.matches("<svg class=\"narrow\"").count()
    );
}
