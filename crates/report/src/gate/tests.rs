//! What the gate shows: text, Markdown and JUnit XML, also of texts made to break them.

use super::*;
use crate::{TextStyle, render_gate_junit, render_junit};
use orderproof_core::gate::{GateInput, GateOutcome, RuleSources, RuleStanding, conclude};
use orderproof_core::order::Id;
use orderproof_core::results::RunReport;
use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::verdict::{Finding, Severity, Verdict};

/// 40,000 orders, one in ten bad, 1,000/s in the spike; everything passed.
fn passed() -> RunReport {
    World::new(&SPIKE).report()
}

fn finding(severity: Severity) -> Finding {
    Finding {
        severity,
        code: "planted".into(),
        message: "it is planted".into(),
        orders: 1,
        first_ids: vec![Id::Number(7_000_000_001)],
    }
}

fn held(report: &RunReport, rules: &[&str]) -> GateOutcome {
    let given: Vec<_> = rules.iter().map(ToString::to_string).collect();
    let rules = RuleSources::parse(&given, None, false).expect("legal rules");
    let rules = rules.fit(&report.scenario).expect("fitting rules");
    let input = GateInput {
        report,
        rejudged: None,
        baseline: None,
    };
    conclude(&input, &rules)
}

#[test]
fn a_run_that_did_not_pass_is_said_to_have_failed_by_itself() {
    let mut report = passed();
    report.verdict = Verdict::Fail;
    report.findings = vec![finding(Severity::OrderFailure)];
    report.exit_code = 3;
    let outcome = held(&report, &["strict", "lost == 0"]);
    let text = gate_text(&outcome, TextStyle::default());
    assert!(text.contains("the run itself did not pass"), "{text}");
}

#[test]
fn the_text_opens_with_how_it_ended_and_tells_each_rule() {
    let report = passed();
    let outcome = held(
        &report,
        &["lost == 0", "drain < 6s", "throttled_writes == 0"],
    );
    let text = gate_text(&outcome, TextStyle::default());
    assert!(
        text.starts_with(
            "FAIL  gate: 1 of 3 rules hold, 1 broken, 1 without evidence; exit code 5\n"
        ),
        "{text}"
    );
    for line in [
        "  \u{2713}  lost              == 0   0",
        "  \u{2717}  drain             < 6 s  6.20 s",
    ] {
        assert!(
            text.lines().any(|told| told == line),
            "{line:?} in:\n{text}"
        );
    }
    let missing =
        "  ?  throttled_writes  == 0                    this run counted no throttled_writes: only";
    assert!(text.contains(missing), "{text}");
    assert!(text.contains("not judged again"));
    assert!(!text.contains('\u{1b}'));
    assert!(
        gate_text(
            &outcome,
            TextStyle {
                color: true,
                ..TextStyle::default()
            }
        )
        .contains('\u{1b}')
    );
}

/// A report of which every text is made to break a page.
fn hostile(text: &str, times: usize) -> (RunReport, GateOutcome) {
    let mut report = passed();
    report.scenario.name = text.into();
    report.provenance.target = text.into();
    report.started_at = text.into();
    report.verdict = Verdict::Fail;
    report.findings = vec![
        Finding {
            code: text.into(),
            message: text.into(),
            ..finding(Severity::OrderFailure)
        };
        times
    ];
    let mut outcome = held(&report, &["lost == 0"]);
    let mut check = outcome.rules[0].clone();
    check.what = text.into();
    check.limit = text.into();
    check.observed = text.into();
    check.note = Some(text.into());
    check.standing = RuleStanding::Failed;
    outcome.rules = vec![check; times];
    outcome.doubts = vec![text.into(); times];
    (report, outcome)
}

#[test]
fn a_page_stays_within_what_a_ci_job_takes_and_no_text_becomes_markup() {
    let (report, outcome) = hostile(&"<&|`\\*\u{10ffff}".repeat(1_000), 2_000);
    let page = gate_markdown(&outcome, &report);
    assert!(page.len() < 1 << 20, "{} bytes", page.len());
    assert!(page.contains("1,900 more (of 2,000) are left out here"));
    for (text, never) in [
        ("<img src=x onerror=alert(1)>", "<img"),
        ("x\n# heading", "\n# heading"),
        ("[click](javascript:alert(1))", "](javascript"),
    ] {
        let (report, outcome) = hostile(text, 1);
        let page = gate_markdown(&outcome, &report);
        let page = page.replace(&format!("`{text}`"), "");
        assert!(!page.contains(never), "{never:?} in:\n{page}");
    }
    let page = gate_markdown(&held(&passed(), &["drain < 7s"]), &passed());
    let line = "| \u{2713} | `drain` | &lt; 7 s | 6.20 s | |";
    assert!(page.contains(line), "{page}");
}

#[test]
fn junit_tells_failures_from_errors_and_holds_no_character_that_xml_has_not() {
    let xml = render_junit(&passed());
    let head = r#"<testsuites name="orderproof" tests="19" skipped="0" failures="0" errors="0">"#;
    assert!(xml.contains(head), "{xml}");
    let report = passed();
    let outcome = held(&report, &["drain < 6s", "throttled_writes == 0"]);
    let xml = render_gate_junit(&outcome, &report);
    assert!(xml.contains(r#"failures="1" errors="1">"#), "{xml}");
    assert!(xml.contains(r#"<failure message="broken: observed 6.20 s" type="rule"/>"#));
    assert!(xml.contains(r#"<error message="no evidence: this run counted no throttled_writes"#));

    let (report, outcome) = hostile("a\u{0}b\u{1b}[31mc]]>d<e>&amp;\u{fffe}\u{ffff}\"'", 2);
    let xml = render_gate_junit(&outcome, &report);
    let illegal = |c: char| (c < ' ' && !"\t\n\r".contains(c)) || "\u{fffe}\u{ffff}".contains(c);
    assert!(!xml.contains(illegal), "{xml}");
    assert!(!xml.contains("]]>") && !xml.contains("<e>"), "{xml}");
}
