//! What the gate comes to: the verdict, the doubts and the rules together, and the exit code.

use serde::Serialize;

use super::trust::doubts;
use super::{Baseline, Check, Rejudgment, RuleStanding, evaluate};
use crate::exit::Exit;
use crate::results::{RunReport, headline};
use crate::scenario::Rule;
use crate::verdict::{Judgment, Verdict};

/// The version of the JSON that a gate prints.
const SCHEMA_VERSION: u32 = 1;

/// A run and what is beside it.
pub struct GateInput<'a> {
    /// The run's report.
    pub report: &'a RunReport,
    /// The run judged again; `None` of a folder that holds the report alone.
    pub rejudged: Option<&'a Rejudgment>,
    /// The run beside its baseline, where there is one.
    pub baseline: Option<&'a Baseline>,
}

impl GateInput<'_> {
    /// Rows that do not tell when they were stored, as far as the evidence says.
    pub(super) fn untimed_rows(&self) -> u64 {
        self.rejudged.map_or(0, |rejudged| rejudged.untimed_rows)
    }
}

/// What a gate came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateOutcome {
    /// The version of this format.
    pub schema_version: u32,
    /// Every rule holds, the run passed and nothing speaks against its report.
    pub passed: bool,
    /// The exit code.
    pub exit_code: u8,
    /// The run's own verdict, as its report tells.
    pub verdict: Verdict,
    /// That verdict in a sentence.
    pub headline: String,
    /// The scenario's name.
    pub scenario: String,
    /// The number that marks the run's orders.
    pub run_id: u32,
    /// The run's seed.
    pub seed: u64,
    /// Whether the run was judged again, from its ledger and its observation.
    pub judged_again: bool,
    /// What lies beside the report is no evidence.
    #[serde(skip)]
    distrusted: bool,
    /// What speaks against believing the report.
    pub doubts: Vec<String>,
    /// The rules, as given.
    pub rules: Vec<Check>,
    #[serde(skip)]
    exit: Exit,
}

impl GateOutcome {
    /// How the program ends.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Whether what lies beside the report is no evidence.
    pub fn distrusted(&self) -> bool {
        self.distrusted
    }

    /// How many rules stand so.
    pub fn count(&self, standing: RuleStanding) -> usize {
        let checks = self.rules.iter();
        checks.filter(|check| check.standing == standing).count()
    }
}

/// Holds every rule against the run and says how it ends: the gravest of what the verdict, the evidence, the doubts
/// and the rules say.
pub fn conclude(input: &GateInput<'_>, rules: &[Rule]) -> GateOutcome {
    let report = input.report;
    let checks: Vec<Check> = rules.iter().map(|rule| evaluate(rule, input)).collect();
    let doubts = doubts(report, input.rejudged);
    let mut exits = vec![verdict_exit(report)];
    exits.extend(input.rejudged.map(|rejudged| rejudged.exit));
    exits.extend((!doubts.is_empty()).then_some(Exit::Inconclusive));
    // No rule held against nothing: that is no gate.
    exits.extend(checks.is_empty().then_some(Exit::Inconclusive));
    exits.extend(checks.iter().map(check_exit));
    let gravest = exits
        .into_iter()
        .max_by_key(|exit| gravity(*exit))
        .expect("the verdict's is among them");
    // What is no evidence neither passes nor accuses.
    let distrusted = input
        .rejudged
        .is_some_and(|rejudged| rejudged.distrust.is_some());
    let exit = match distrusted {
        true => Exit::Inconclusive,
        false => gravest,
    };
    GateOutcome {
        schema_version: SCHEMA_VERSION,
        passed: exit == Exit::Success,
        exit_code: exit.code(),
        verdict: report.verdict,
        headline: headline(report),
        scenario: report.scenario.name.clone(),
        run_id: report.run_id.get(),
        seed: report.scenario.seed,
        judged_again: input.rejudged.is_some() && !distrusted,
        distrusted,
        doubts,
        rules: checks,
        exit,
    }
}

/// How a run of this verdict ends, by what the report says.
fn verdict_exit(report: &RunReport) -> Exit {
    let judgment = Judgment {
        verdict: report.verdict,
        findings: report.findings.clone(),
    };
    Exit::of(&judgment, report.interrupted)
}

fn check_exit(check: &Check) -> Exit {
    match (check.standing, check.about_orders) {
        (RuleStanding::Ok, _) => Exit::Success,
        (RuleStanding::Missing, _) => Exit::Inconclusive,
        (RuleStanding::Failed, true) => Exit::OrderFailure,
        (RuleStanding::Failed, false) => Exit::PerformanceFailure,
    }
}

/// Fail beats inconclusive beats pass, and orders come first.
fn gravity(exit: Exit) -> u8 {
    match exit {
        Exit::Success => 0,
        Exit::Inconclusive => 1,
        Exit::Interrupted => 2,
        Exit::PerformanceFailure => 3,
        Exit::OrderFailure => 4,
        // None of these comes of a judgment; whatever they were, they would be no pass.
        Exit::Usage
        | Exit::Refused
        | Exit::Forecast
        | Exit::ShardTaken
        | Exit::StartPassed
        | Exit::NotReady
        | Exit::Internal => 5,
    }
}
