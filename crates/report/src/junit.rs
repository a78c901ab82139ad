//! `junit.xml`: verdict, classes of orders and rules as test cases, for CI servers that show test results.
//!
//! What is broken is a failure; a rule without evidence is an error. A report alone is held against its scenario's own
//! rules, a gate's outcome brings its own.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use orderproof_core::escape;
use orderproof_core::gate::{self, Check, GateInput, GateOutcome, RuleStanding};
use orderproof_core::order::Id;
use orderproof_core::results::figures::orders;
use orderproof_core::results::{RunReport, headline, verdict_word};
use orderproof_core::verdict::{Class, Finding, Severity, Standing, Verdict};

/// Characters of one text at most.
const TEXT_MAX: usize = 2_000;

/// The report as JUnit XML: its verdict, its classes, its scenario's gate and rules.
pub fn render_junit(report: &RunReport) -> String {
    let rules = gate::scenario_rules(&report.scenario, false);
    let input = GateInput {
        report,
        rejudged: None,
        baseline: None,
    };
    render_gate_junit(&gate::conclude(&input, &rules), report)
}

/// A gate's outcome as JUnit XML, with the classes of the run's orders.
pub fn render_gate_junit(outcome: &GateOutcome, report: &RunReport) -> String {
    let mut all = Report::new("orderproof");
    all.add_test_suite(verdict_suite(outcome, report));
    all.add_test_suite(class_suite(report));
    all.add_test_suite(rule_suite(outcome, report));
    serialized(&all)
}

/// The JUnit XML of a gate that could not look at its run: one error.
pub fn render_junit_error(problem: &str) -> String {
    let mut suite = TestSuite::new("orderproof gate");
    let error = non_success(NonSuccessKind::Error, "unreadable", problem, None);
    suite.add_test_case(case("verdict", "orderproof.gate", error));
    let mut all = Report::new("orderproof");
    all.add_test_suite(suite);
    serialized(&all)
}

fn serialized(report: &Report) -> String {
    report.to_string().expect("writing XML to memory")
}

fn suite(name: &str, report: &RunReport) -> TestSuite {
    let mut suite = TestSuite::new(text(&format!("{} {name}", report.scenario.name)));
    // Without a zone, as the schema has it; the times of a run are UTC.
    let started = report
        .started_at
        .split(['.', 'Z'])
        .next()
        .unwrap_or_default();
    suite.extra.insert("timestamp".into(), text(started).into());
    for (name, value) in [
        ("run_id", report.run_id.to_string()),
        ("scenario", report.scenario.name.clone()),
        (
            "scenario_digest",
            orderproof_core::scenario::digest(&report.scenario),
        ),
        ("seed", report.scenario.seed.to_string()),
        ("gate", report.gate.as_str().to_owned()),
        ("target", report.provenance.target.clone()),
        ("orderproof", report.provenance.version.clone()),
    ] {
        suite.add_property(Property::new(name, text(&value)));
    }
    suite
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(text(name), status);
    case.set_classname(text(class));
    case
}

fn non_success(
    kind: NonSuccessKind,
    ty: &str,
    message: &str,
    description: Option<&str>,
) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(ty).set_message(text(message));
    if let Some(description) = description {
        status.set_description(text(description));
    }
    status
}

fn class_name(report: &RunReport, suite: &str) -> String {
    format!("orderproof.{}.{suite}", report.scenario.name)
}

/// The run's own verdict, and what speaks against believing it.
fn verdict_suite(outcome: &GateOutcome, report: &RunReport) -> TestSuite {
    let mut suite = suite("verdict", report);
    let class = class_name(report, "verdict");
    let details: Vec<_> = report.findings.iter().map(describe).collect();
    let details = details.join("\n");
    let message = format!("{}: {}", verdict_word(report.verdict), headline(report));
    let status = match report.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => non_success(NonSuccessKind::Failure, "verdict", &message, Some(&details)),
        Verdict::Inconclusive => {
            non_success(NonSuccessKind::Error, "verdict", &message, Some(&details))
        }
    };
    suite.add_test_case(case("verdict", &class, status));
    let doubts = &outcome.doubts;
    let status = match doubts.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let all = doubts.join("\n");
            non_success(NonSuccessKind::Error, "evidence", first, Some(&all))
        }
    };
    let mut trusted = case("report can be trusted", &class, status);
    if !outcome.judged_again {
        trusted.set_system_out("not judged again: taken from run.json alone");
    }
    suite.add_test_case(trusted);
    suite
}

fn describe(finding: &Finding) -> String {
    let ids: Vec<_> = finding.first_ids.iter().map(Id::shown).collect();
    match ids.is_empty() {
        true => format!("{}: {}", finding.code, finding.message),
        false => format!(
            "{}: {} (first: {})",
            finding.code,
            finding.message,
            ids.join(", ")
        ),
    }
}

/// A case for each class of orders.
fn class_suite(report: &RunReport) -> TestSuite {
    let mut suite = suite("classes", report);
    let name = class_name(report, "classes");
    let listed = |class: &Class| class.is_always_listed() || report.classes.contains_key(class);
    for class in Class::ALL.into_iter().filter(listed) {
        suite.add_test_case(class_case(class, &name, report));
    }
    suite
}

fn class_case(class: Class, name: &str, report: &RunReport) -> TestCase {
    let Some(&count) = report.classes.get(&class) else {
        let status = non_success(NonSuccessKind::Error, "class", "not counted", None);
        return case(class.as_str(), name, status);
    };
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.code == class.as_str());
    let message = format!("{} {}", orders(count), class.as_str());
    let details = finding.map_or_else(
        || class.explanation_of(&report.scenario.sending.to, &report.scenario.order),
        describe,
    );
    // What is budgeted is an error only where its budget was exceeded, which a finding says.
    let over_budget = report.findings.iter().any(|finding| {
        let concerns = finding.code == class.as_str()
            || (finding.code == "load_not_offered"
                && matches!(class, Class::Rejected | Class::Unsent));
        concerns && finding.severity == Severity::MissingEvidence
    });
    // None was found lost, as long as nobody has looked everywhere.
    if class == Class::Lost
        && count == 0
        && let Some(why) = report.unlooked()
    {
        let status = non_success(NonSuccessKind::Error, "class", "not known", Some(why));
        return case(class.as_str(), name, status);
    }
    let kind = match class.standing(report.gate) {
        _ if count == 0 => None,
        Standing::Accepted => None,
        Standing::Refused => Some(NonSuccessKind::Failure),
        Standing::Unproven => Some(NonSuccessKind::Error),
        Standing::Budgeted => over_budget.then_some(NonSuccessKind::Error),
    };
    let status = match kind {
        None => TestCaseStatus::success(),
        Some(kind) => non_success(kind, "class", &message, Some(&details)),
    };
    let mut case = case(class.as_str(), name, status);
    case.set_system_out(text(&message));
    case
}

/// A case for each rule.
fn rule_suite(outcome: &GateOutcome, report: &RunReport) -> TestSuite {
    let mut suite = suite("rules", report);
    let name = class_name(report, "rules");
    for check in &outcome.rules {
        let mut case = case(&check.rule, &name, rule_status(check));
        if !check.observed.is_empty() {
            case.set_system_out(text(&format!("observed {}", check.observed)));
        }
        suite.add_test_case(case);
    }
    suite
}

fn rule_status(check: &Check) -> TestCaseStatus {
    let note = check.note.as_deref();
    match check.standing {
        RuleStanding::Ok => TestCaseStatus::success(),
        RuleStanding::Failed => {
            let message = format!("broken: observed {}", check.observed);
            non_success(NonSuccessKind::Failure, "rule", &message, note)
        }
        RuleStanding::Missing => {
            let why = note.unwrap_or("no reason is known");
            let message = format!("no evidence: {why}");
            non_success(NonSuccessKind::Error, "rule", &message, None)
        }
    }
}

/// A text that XML can hold, cut where it gets long.
fn text(text: &str) -> String {
    let short: String = text.chars().take(TEXT_MAX).collect();
    escape::xml(&short)
}
