//! Which rules a gate has: given ones, or those of the run's own scenario.

use serde::Deserialize;

use crate::scenario::{
    Bound, Condition, Counted, Operator, Rule, Scenario, contradictions, parse_gate_rule,
};
use crate::verdict::Class;

/// Rules a file may hold.
const MAX_RULES: usize = 1_000;

/// Where a rule was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSource {
    /// `--rule`, or the file and the rule's place in it.
    pub place: String,
    /// The rule.
    pub text: String,
}

/// The rules that were given, parsed; none of them says that the scenario's own are meant.
#[derive(Debug, Clone, Default)]
pub struct RuleSources {
    rules: Vec<(RuleSource, Rule)>,
}

/// What a file of rules holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesFile {
    rules: Vec<String>,
}

impl RuleSources {
    /// Parses the rules of the command line and of a file (its name and its text), to be held with or without a
    /// `baseline`.
    ///
    /// # Errors
    /// With everything that is wrong with them at once, a line each.
    pub fn parse(
        given: &[String],
        file: Option<(&str, &str)>,
        baseline: bool,
    ) -> Result<Self, Vec<String>> {
        match Self::parse_what_can_be(given, file, baseline) {
            (sources, problems) if problems.is_empty() => Ok(sources),
            (_, problems) => Err(problems),
        }
    }

    /// The rules that can be parsed, and every problem of the others. A caller that also checks whether the parsed rules fit
    /// a scenario can then report all problems together.
    pub fn parse_what_can_be(
        given: &[String],
        file: Option<(&str, &str)>,
        baseline: bool,
    ) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut sources: Vec<_> = given
            .iter()
            .map(|text| RuleSource {
                place: "--rule".into(),
                text: text.clone(),
            })
            .collect();
        if let Some((name, text)) = file {
            match rules_in(name, text) {
                Ok(rules) => sources.extend(rules),
                Err(problem) => problems.push(problem),
            }
        }
        let mut rules = Vec::new();
        for source in sources {
            match parse_gate_rule(&source.text) {
                Ok(rule) if rule.needs_baseline() && !baseline => problems.push(format!(
                    "{}: `{}` takes a baseline to compare with, and there is none; give `--baseline DIR`, the folder of \
                     a run that passed, or leave the rule out",
                    source.place, rule.text
                )),
                Ok(rule) => rules.push((source, rule)),
                Err(problem) => problems.push(format!("{}: {problem}", source.place)),
            }
        }
        let parsed: Vec<_> = rules.iter().map(|(_, rule)| rule.clone()).collect();
        problems.extend(contradictions(&parsed).iter().map(ToString::to_string));
        (Self { rules }, problems)
    }

    /// Whether no rule was given.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules in the time of `scenario`.
    ///
    /// # Errors
    /// With every rule that no run of it could break or keep, a line each.
    pub fn fit(&self, scenario: &Scenario) -> Result<Vec<Rule>, Vec<String>> {
        let mut problems = Vec::new();
        let mut fitting = Vec::new();
        for (source, rule) in &self.rules {
            match rule.fit(scenario) {
                Ok(rule) => fitting.push(rule),
                Err(problem) => problems.push(format!("{}: {problem}", source.place)),
            }
        }
        match problems.is_empty() {
            true => Ok(fitting),
            false => Err(problems),
        }
    }
}

fn rules_in(name: &str, text: &str) -> Result<Vec<RuleSource>, String> {
    let wrong = |problem: &str| {
        format!("{name}: {problem}; write `rules = [\"lost == 0\", \"drain < 60s\"]`")
    };
    let file: RulesFile = toml::from_str(text).map_err(|error| wrong(error.message()))?;
    match file.rules.len() {
        // A gate without a rule would pass what nobody looked at.
        0 => Err(wrong("there is no rule in it")),
        count if count > MAX_RULES => Err(wrong("there are more than 1,000 rules in it")),
        _ => {
            let rules = file.rules.into_iter().enumerate();
            Ok(rules
                .map(|(index, text)| RuleSource {
                    place: format!("{name}: rules[{index}]"),
                    text,
                })
                .collect())
        }
    }
}

/// The rules of a run that was given none: its scenario's gate, no order lost, its scenario's own rules, and with a
/// baseline no regression of 5% or more.
pub fn scenario_rules(scenario: &Scenario, baseline: bool) -> Vec<Rule> {
    let rule = |text: &str, condition| Rule {
        text: text.to_owned(),
        condition,
        phase: None,
        abort: false,
    };
    let gate = scenario.expect.gate;
    let none = Bound {
        operator: Operator::Equal,
        limit: 0,
    };
    let mut rules = vec![
        rule(gate.as_str(), Condition::Keeps(gate)),
        rule(
            "lost == 0",
            Condition::Count(Counted::Class(Class::Lost), none),
        ),
    ];
    rules.extend(scenario.expect.rules.iter().cloned());
    if baseline {
        let limit = Bound {
            operator: Operator::Below,
            limit: 0.05,
        };
        rules.push(rule("regression < 5%", Condition::Regression(None, limit)));
    }
    rules
}
