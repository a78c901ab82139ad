//! The rules of a run's own scenario, as its verdict stands to them: what its report shows first.

use super::evaluate::{durations, evaluate};
use super::{Check, GateInput, RuleStanding};
use crate::results::RunReport;
use crate::scenario::Rule;
use crate::verdict::{Finding, Severity};
use crate::verify::{Standpoint, is_about_a_rule, rule_broken, rule_without_figures};

/// Each rule of the run's scenario, with its limit, what was observed, and how the run was judged by it.
pub fn own_rules(report: &RunReport) -> Vec<Check> {
    let rules = report.scenario.expect.rules.iter();
    rules
        .map(|rule| {
            let check = evaluate(rule, &alone(report));
            let (standing, why) = judged(report, rule, check.standing);
            Check {
                standing,
                note: why.or(check.note),
                ..check
            }
        })
        .collect()
}

/// What the rules of a run's scenario have to say that the judge leaves to its report: all but those on durations of
/// histograms and on the drain. Nothing of one that holds.
pub fn own_findings(report: &RunReport) -> Vec<Finding> {
    let rules = report.scenario.expect.rules.iter();
    let rules = rules.filter(|rule| rule.duration().is_none());
    let say = |rule: &Rule| {
        let check = evaluate(rule, &alone(report));
        match (check.standing, check.about_orders) {
            (RuleStanding::Ok, _) => None,
            (RuleStanding::Failed, about_orders) => {
                let severity = match about_orders {
                    true => Severity::OrderFailure,
                    false => Severity::PerformanceFailure,
                };
                let seen = format!("observed {}", check.observed);
                Some(rule_broken(rule, severity, &seen))
            }
            (RuleStanding::Missing, _) => {
                let why = check.note.as_deref();
                Some(rule_without_figures(
                    rule,
                    why.unwrap_or("it was not measured"),
                ))
            }
        }
    };
    rules.filter_map(say).collect()
}

/// The same of a run of which a part of the evidence is missing, so that there is no report.
pub fn own_findings_without_report(rules: &[Rule]) -> Vec<Finding> {
    let rules = rules.iter().filter(|rule| rule.duration().is_none());
    let why = "a part of the run's evidence is missing";
    rules.map(|rule| rule_without_figures(rule, why)).collect()
}

/// A run by itself.
pub(super) fn alone(report: &RunReport) -> GateInput<'_> {
    GateInput {
        report,
        rejudged: None,
        baseline: None,
    }
}

/// What the run's judge said of a rule: nothing of one that holds. Where its figures say otherwise, nothing is known.
fn judged(
    report: &RunReport,
    rule: &Rule,
    standing: RuleStanding,
) -> (RuleStanding, Option<String>) {
    let named = format!("rule `{}` ", rule.text);
    let about =
        |finding: &&Finding| is_about_a_rule(&finding.code) && finding.message.starts_with(&named);
    let unknown = |why: &str| (RuleStanding::Missing, Some(why.to_owned()));
    let (figures, why) = match rule.duration() {
        None => (standing, None),
        Some((metric, bound)) => {
            let input = alone(report);
            match durations(&input)
                .check(metric, rule.phase.as_deref(), &bound)
                .1
            {
                Standpoint::Holds => (RuleStanding::Ok, None),
                Standpoint::Broken => (RuleStanding::Failed, None),
                Standpoint::Unknown(why) => (RuleStanding::Missing, Some(why)),
            }
        }
    };
    match (report.findings.iter().find(about), figures) {
        (Some(finding), _) if finding.severity == Severity::MissingEvidence => {
            let why = finding.message.split_once(": ").map(|(_, why)| why);
            unknown(why.unwrap_or(&finding.message))
        }
        (Some(_), RuleStanding::Failed) => (RuleStanding::Failed, None),
        (None, RuleStanding::Ok) => (RuleStanding::Ok, None),
        (None, RuleStanding::Missing) => (RuleStanding::Missing, why),
        (Some(_), _) | (None, RuleStanding::Failed) => {
            unknown("the report's figures and its findings do not agree")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture::{SPIKE, World};
    use crate::scenario::{Overrides, parse_gate_rule};
    use crate::verdict::finding;

    /// A run with these rules, judged by them.
    fn judged_by(rules: &[&str], findings: &[(Severity, &str)]) -> Vec<Check> {
        let mut report = World::new(&SPIKE).report();
        report.scenario.expect.rules = rules.iter().map(|text| parsed(text)).collect();
        report.findings = findings
            .iter()
            .map(|(severity, message)| finding(*severity, "rule_broken", (*message).into()))
            .collect();
        own_rules(&report)
    }

    fn parsed(text: &str) -> Rule {
        let file = format!(
            "name = \"x\"\nquestion = \"Does it?\"\n[[phase]]\nname = \"spike\"\nrate = \"10/s\"\nduration = \"2s\"\n\
             [expect]\nrules = [\"{text}\"]\n"
        );
        let scenario = crate::scenario::parse("x.toml", &file, &Overrides::default());
        scenario.expect("a scenario").expect.rules.remove(0)
    }

    #[test]
    fn a_rule_stands_as_the_run_was_judged_by_it() {
        let (kept, broken) = ("response_time_p99 < 100ms for spike", "drain < 6s");
        let finding = "rule `drain < 6s` is broken: measured 6.2s";
        let checks = judged_by(&[kept, broken], &[(Severity::PerformanceFailure, finding)]);
        let told = |check: &Check| {
            (
                check.standing,
                check.what.clone(),
                check.limit.clone(),
                check.observed.clone(),
                check.phase.clone(),
            )
        };
        assert_eq!(
            told(&checks[0]),
            (
                RuleStanding::Ok,
                "response_time_p99".into(),
                "< 100 ms".into(),
                "1.28 ms (30,000 orders)".into(),
                "spike".into()
            )
        );
        assert_eq!(
            told(&checks[1]),
            (
                RuleStanding::Failed,
                "drain".into(),
                "< 6 s".into(),
                "6.20 s".into(),
                String::new()
            )
        );
    }

    #[test]
    fn what_figures_and_findings_do_not_say_together_is_undecided() {
        let missing = "rule `drain < 9s` cannot be checked: nothing was measured";
        let cases = [
            ("drain < 6s", None, "do not agree"),
            ("drain < 9s", Some(missing), "nothing was measured"),
        ];
        for (rule, finding, why) in cases {
            let findings: Vec<_> = finding
                .map(|finding| (Severity::MissingEvidence, finding))
                .into_iter()
                .collect();
            let check = judged_by(&[rule], &findings).remove(0);
            assert_eq!(check.standing, RuleStanding::Missing, "{rule}");
            assert!(check.note.is_some_and(|note| note.contains(why)), "{rule}");
        }
        // The same finding about another rule says nothing of this one.
        let check = judged_by(&["drain < 7s"], &[(Severity::MissingEvidence, missing)]);
        assert_eq!(check[0].standing, RuleStanding::Ok);
    }

    #[test]
    fn a_limit_in_compressed_time_is_given_by_both_clocks() {
        let mut report = World::new(&SPIKE).report();
        report.scenario.time_scale = 10.0;
        let mut rule = parsed("drain < 70s");
        rule.condition = parse_gate_rule("drain < 7s").unwrap().condition;
        report.scenario.expect.rules = vec![rule];
        let check = own_rules(&report).remove(0);
        assert_eq!(check.limit, "< 7 s (70 s in the scenario)");
        assert_eq!(check.observed, "6.20 s");
    }
}
