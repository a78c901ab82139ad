//! The highest rate at which real runs hold: what each run says of its rate, and what all of them together say.
//!
//! A run in which the load generator was late, or did not send what was planned, says nothing of the pipeline: its rate is a
//! limit of the generator, whatever else went wrong there.

use std::time::Duration;

use serde::Serialize;

use orderproof_core::exit::Exit;
use orderproof_core::results::figures::{micros, orders, thousands};
use orderproof_core::results::{PhaseReport, RunReport, headline};
use orderproof_core::scenario::Scenario;
use orderproof_core::verdict::{Finding, Severity, Verdict};
use orderproof_core::verify::is_about_a_rule;

use super::climb::{Range, climb, tenths, times};
use super::rate::{at_multiple, at_words, baseline, peak};
use crate::admit::CannotForecast;
use crate::model::micros_of;

/// The search is as fine as a tenth of the answer: each step is a run.
const FINENESS: u64 = 10;

/// Reasons of one step that are quoted.
const QUOTED: usize = 2;

/// Findings that are not about the harness or about files: the pipeline had not come to rest at `settle.deadline`, so what
/// was still on its way is undecided.
const NOT_AT_REST: [&str; 3] = ["no_quiescence", "undecided", "door_not_drained"];

/// How far a search may go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchLimits {
    /// Runs at most.
    pub steps: u32,
    /// No run begins after so long.
    pub time: Duration,
    /// The highest multiple of the baseline that is tried; absent for 64 times the scenario's own.
    pub up_to: Option<f64>,
}

impl Default for SearchLimits {
    fn default() -> Self {
        Self {
            steps: 12,
            time: Duration::from_secs(3_600),
            up_to: None,
        }
    }
}

/// How much more than its own rate a scenario is tried at, unless it is said.
const UP_TO: u64 = 64;

/// What a run says of its rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepVerdict {
    /// It passed.
    Holds,
    /// The pipeline did not hold.
    PipelineLimit,
    /// The generator could not offer the load: of the pipeline it says nothing.
    GeneratorLimit,
    /// It proves neither.
    Undecided,
}

/// A run at one rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredStep {
    /// The multiple of the baseline.
    pub multiple: f64,
    /// Orders a second of its fastest phase, as the scenario's file counts them.
    pub rate_per_s: f64,
    /// Orders a second that were offered in that phase; null where no whole second lies in it.
    pub offered_per_s: Option<f64>,
    /// What the run says of the rate.
    pub standing: StepVerdict,
    /// Why it does not hold, a sentence each.
    pub reasons: Vec<String>,
    /// The run's own verdict.
    pub verdict: Verdict,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// The verdict in a sentence.
    pub headline: String,
    /// It was interrupted.
    pub interrupted: bool,
    /// Orders planned.
    pub planned_orders: u64,
    /// The p99 of the schedule lag; null when nothing was sent.
    pub schedule_lag_p99_us: Option<u64>,
    /// The largest backlog; null when it was not measured.
    pub backlog_peak_orders: Option<u64>,
    /// From the last send to the empty queue; null when it was not seen empty.
    pub drain_us: Option<u64>,
    /// The run's folder.
    pub folder: String,
}

impl MeasuredStep {
    /// What the run at `multiple` of a baseline of so many orders a second says.
    pub fn of(multiple: f64, base_per_s: f64, run: &RunReport, folder: String) -> Self {
        let (standing, reasons) = standing(run);
        let backlog = run.backlog().map(|backlog| backlog.peak);
        let is_measured = run.timeline.iter().any(|row| row.backlog_orders.is_some());
        Self {
            multiple,
            rate_per_s: multiple * base_per_s,
            offered_per_s: offered(run),
            standing,
            reasons,
            verdict: run.verdict,
            exit_code: run.exit_code,
            headline: headline(run),
            interrupted: run.interrupted,
            planned_orders: run.orders.planned,
            schedule_lag_p99_us: run.schedule_lag_us.measured().and_then(|lag| lag.p99_us),
            backlog_peak_orders: backlog.or(is_measured.then_some(0)),
            drain_us: run.quiescence.drain.map(micros_of),
            folder,
        }
    }
}

/// What a run says of its rate, and why it does not hold. Whether the generator was the limit comes first.
pub(super) fn standing(run: &RunReport) -> (StepVerdict, Vec<String>) {
    let of = |wanted: &dyn Fn(&Finding) -> bool| -> Vec<String> {
        let found = run.findings.iter().filter(|finding| wanted(finding));
        found.map(|finding| finding.message.clone()).collect()
    };
    if run.interrupted {
        return (
            StepVerdict::Undecided,
            vec!["it was interrupted".to_owned()],
        );
    }
    let aborted = run.findings.iter().any(|one| one.code == "sending_aborted");
    let mut late = of(&|finding| finding.code == "generator_too_late");
    let counts = &run.orders;
    let allowed = run.scenario.expect.max_unsent_share * counts.planned as f64 + 1e-6;
    // A rule that ends a run leaves orders unsent, too.
    if counts.unsent as f64 > allowed && !aborted {
        late.push(format!(
            "{} of {} planned were never sent",
            thousands(counts.unsent),
            orders(counts.planned)
        ));
    }
    if !late.is_empty() {
        return (StepVerdict::GeneratorLimit, late);
    }
    match run.verdict {
        Verdict::Pass => return (StepVerdict::Holds, Vec::new()),
        Verdict::Fail => {
            let failures = [Severity::OrderFailure, Severity::PerformanceFailure];
            return (
                StepVerdict::PipelineLimit,
                of(&|finding| failures.contains(&finding.severity)),
            );
        }
        Verdict::Inconclusive => {}
    }
    let missing = |finding: &Finding| finding.severity == Severity::MissingEvidence;
    let refused = counts.rejected as f64 > allowed;
    let of_the_pipeline = |finding: &Finding| {
        let code = finding.code.as_str();
        NOT_AT_REST.contains(&code)
            || is_about_a_rule(code)
            || (refused && code == "load_not_offered")
            || (aborted && code == "load_not_offered")
    };
    let told = of(&missing);
    let mut all = run.findings.iter().filter(|finding| missing(finding));
    let at_rest = run.quiescence.reached && !refused && !aborted;
    match !at_rest && all.all(of_the_pipeline) {
        true => (StepVerdict::PipelineLimit, told),
        false => (StepVerdict::Undecided, told),
    }
}

/// Orders a second that were offered in the fastest phase, as the scenario's file counts them.
fn offered(run: &RunReport) -> Option<f64> {
    let length = |phase: &PhaseReport| phase.end.saturating_sub(phase.start).as_secs_f64();
    let rate = |phase: &&PhaseReport| phase.scheduled as f64 / length(phase).max(1e-9);
    let phases = run.phases.iter().filter(|phase| !phase.figures.warm_up);
    let fastest = phases.max_by(|one, other| rate(one).total_cmp(&rate(other)))?;
    let (from, to) = (fastest.start.as_secs_f64(), fastest.end.as_secs_f64());
    let within = run.timeline.iter().filter(|row| {
        let second = row.time_s as f64;
        second >= from && second + 1.0 <= to
    });
    let (seconds, offered) = within.fold((0_u64, 0_u64), |(seconds, orders), row| {
        (seconds + 1, orders + row.offered_orders)
    });
    (seconds > 0).then(|| offered as f64 / seconds as f64 / run.scenario.time_scale)
}

/// Why a search ended before it was as fine as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchEnd {
    /// Ctrl-c.
    Interrupted,
    /// As many runs were made as may be.
    Steps,
    /// The time was up.
    Time,
    /// A run could not begin, and why.
    NotRun(String),
    /// A run proved neither, which its step says.
    Undecided,
}

impl SearchEnd {
    fn words(&self, steps: usize) -> String {
        match self {
            Self::Interrupted => "it was interrupted".into(),
            Self::Steps => format!("{steps} runs were made, as many as may be"),
            Self::Time => "its time was up".into(),
            Self::NotRun(why) => format!("the next run could not begin: {why}"),
            Self::Undecided => "the last run proves neither".into(),
        }
    }
}

/// A search for the highest rate at which real runs hold.
#[derive(Debug, Clone)]
pub struct RateSearch {
    scenario: Scenario,
    base: f64,
    own: u64,
    highest: u64,
    limits: SearchLimits,
}

impl RateSearch {
    /// A search that begins at the scenario's own rate.
    ///
    /// # Errors
    /// When it has no baseline, or when its own rate is above the highest that is to be tried.
    pub fn of(scenario: &Scenario, limits: SearchLimits) -> Result<Self, CannotForecast> {
        let base = baseline(scenario)?;
        let own = tenths(peak(scenario) / base);
        let highest = limits.up_to.map_or(own.saturating_mul(UP_TO), tenths);
        if highest < own {
            return Err(CannotForecast::of(
                "--up-to",
                format!(
                    "{}x the baseline is below the scenario's own {}x, which is tried first",
                    times(highest),
                    times(own)
                ),
                "raise it, or lower the scenario's rate",
            ));
        }
        Ok(Self {
            scenario: scenario.clone(),
            base,
            own,
            highest,
            limits,
        })
    }

    /// The scenario at a multiple of its baseline.
    pub fn at(&self, multiple: f64) -> Scenario {
        at_multiple(&self.scenario, self.base, multiple)
    }

    /// The same multiple in words.
    pub fn words(&self, multiple: f64) -> String {
        at_words(multiple, self.per_s())
    }

    /// The multiples of the dearest search: all of it upwards, and then as many at the highest as there are runs left.
    pub fn at_most(&self) -> Vec<f64> {
        let mut all = Vec::new();
        let mut next = self.own;
        for _ in 0..self.limits.steps {
            all.push(times(next));
            next = next.saturating_mul(2).min(self.highest);
        }
        all
    }

    /// Searches; `run` makes the run of a multiple. `elapsed` is how long the search has taken so far.
    pub fn search(
        &self,
        elapsed: impl Fn() -> Duration,
        mut run: impl FnMut(usize, f64) -> Result<MeasuredStep, SearchEnd>,
    ) -> MeasuredRate {
        let mut steps: Vec<MeasuredStep> = Vec::new();
        let range = Range {
            own: self.own,
            highest: self.highest,
            fineness: FINENESS,
        };
        let found = climb(range, |tenths| {
            if steps.len() >= self.limits.steps as usize {
                return Err(SearchEnd::Steps);
            }
            if !steps.is_empty() && elapsed() >= self.limits.time {
                return Err(SearchEnd::Time);
            }
            let step = run(steps.len() + 1, times(tenths))?;
            let standing = step.standing.clone();
            steps.push(step);
            match standing {
                StepVerdict::Holds => Ok(None),
                StepVerdict::PipelineLimit | StepVerdict::GeneratorLimit => Ok(Some(standing)),
                StepVerdict::Undecided => Err(SearchEnd::Undecided),
            }
        });
        let interrupted = steps.last().is_some_and(|step| step.interrupted);
        let ended = match interrupted {
            true => Some(SearchEnd::Interrupted),
            false => found.ended,
        };
        let fails = found
            .fails
            .map(|(fails, standing)| (times(fails), standing));
        self.measured(found.passes.map(times), fails, ended, steps)
    }

    /// Orders a second of the baseline, as the scenario's file has it.
    pub fn per_s(&self) -> f64 {
        self.base / self.scenario.time_scale
    }

    fn measured(
        &self,
        holds_at: Option<f64>,
        fails: Option<(f64, StepVerdict)>,
        ended: Option<SearchEnd>,
        steps: Vec<MeasuredStep>,
    ) -> MeasuredRate {
        let limit = fails.as_ref().map(|(_, standing)| standing.clone());
        let mut measured = MeasuredRate {
            schema_version: 1,
            kind: "measured_rate",
            answer: String::new(),
            scenario: self.scenario.name.clone(),
            target: String::new(),
            baseline_per_s: self.per_s(),
            own: times(self.own),
            holds_at,
            fails_at: fails.map(|(fails, _)| fails),
            limit,
            ended: ended.as_ref().map(|ended| ended.words(steps.len())),
            interrupted: ended == Some(SearchEnd::Interrupted),
            exit_code: 0,
            steps,
        };
        measured.exit_code = measured.exit().code();
        measured.answer = measured.sentence();
        measured
    }
}

/// What a search with real runs has found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeasuredRate {
    /// The version of this document.
    pub schema_version: u32,
    /// Always `measured_rate`.
    pub kind: &'static str,
    /// The answer.
    pub answer: String,
    /// The exit code.
    pub exit_code: u8,
    /// The scenario's name.
    pub scenario: String,
    /// What it was driven at.
    pub target: String,
    /// The rate of its baseline, orders a second as its file has it.
    pub baseline_per_s: f64,
    /// The multiple of it that the scenario itself has.
    pub own: f64,
    /// The highest multiple at which a run passed; null when none did.
    pub holds_at: Option<f64>,
    /// The lowest at which one did not; null when each passed.
    pub fails_at: Option<f64>,
    /// Whose limit that is: `pipeline_limit` or `generator_limit`.
    pub limit: Option<StepVerdict>,
    /// What ended the search before it was as fine as it should be.
    pub ended: Option<String>,
    /// It was ended by ctrl-c.
    pub interrupted: bool,
    /// The runs in their order.
    pub steps: Vec<MeasuredStep>,
}

impl MeasuredRate {
    /// How the program ends: with success when the pipeline's limit was found, and a run passed at the scenario's own rate or
    /// above. Otherwise as the run at its own rate; and where that passed without a limit of the pipeline, inconclusive, or
    /// interrupted.
    pub fn exit(&self) -> Exit {
        let own = self.steps.first().map(|step| step.exit_code);
        let codes = [Exit::OrderFailure, Exit::PerformanceFailure];
        let failed = codes.into_iter().find(|exit| Some(exit.code()) == own);
        let holds = self.holds_at.is_some_and(|holds| holds >= self.own);
        match (failed, holds, &self.limit) {
            (Some(failed), _, _) => failed,
            (None, true, Some(StepVerdict::PipelineLimit)) => Exit::Success,
            _ if self.interrupted => Exit::Interrupted,
            _ => Exit::Inconclusive,
        }
    }

    fn sentence(&self) -> String {
        let at = |multiple: f64| at_words(multiple, self.baseline_per_s);
        let why = |multiple: f64| {
            let mut steps = self.steps.iter();
            let step = steps.find(|step| step.multiple == multiple);
            step.map_or_else(String::new, quoted)
        };
        let held = match self.holds_at {
            Some(holds) => format!("holds up to {}", at(holds)),
            None => "no rate was found that holds".to_owned(),
        };
        let told = match (&self.limit, self.fails_at, self.holds_at) {
            (Some(StepVerdict::GeneratorLimit), Some(fails), Some(holds)) => format!(
                "the load generator could not offer more than {}; the pipeline held until there. At {fails}x: {}",
                at(holds),
                why(fails)
            ),
            (Some(StepVerdict::GeneratorLimit), Some(fails), None) => format!(
                "the load generator could not offer {}, so nothing is known of the pipeline: {}",
                at(fails),
                why(fails)
            ),
            (Some(_), Some(fails), Some(_)) => {
                format!("{held}; at {fails}x the pipeline does not: {}", why(fails))
            }
            (Some(_), Some(fails), None) => {
                format!(
                    "the pipeline does not hold at {}: {}",
                    at(fails),
                    why(fails)
                )
            }
            _ if self.ended.is_none() => format!("{held}, the highest rate that was to be tried"),
            _ => held,
        };
        let Some(ended) = &self.ended else {
            return told;
        };
        let last = self.steps.last();
        let undecided =
            last.filter(|step| step.standing == StepVerdict::Undecided && !step.interrupted);
        match undecided {
            Some(step) => format!(
                "{told}; the search ended at {}, where nothing was decided: {}",
                at(step.multiple),
                quoted(step)
            ),
            None => format!("{told}; the search ended before it was finer: {ended}"),
        }
    }
}

/// Why a step does not hold.
fn quoted(step: &MeasuredStep) -> String {
    let mut reasons: Vec<_> = step.reasons.iter().take(QUOTED).cloned().collect();
    let more = step.reasons.len().saturating_sub(QUOTED);
    reasons.extend((more > 0).then(|| format!("and {more} more")));
    if let (StepVerdict::GeneratorLimit, Some(offered)) = (&step.standing, step.offered_per_s) {
        reasons.insert(
            0,
            format!(
                "{offered:.1} of {:.1} orders/s were offered",
                step.rate_per_s
            ),
        );
    }
    if let (StepVerdict::PipelineLimit, Some(drain)) = (&step.standing, step.drain_us) {
        reasons.push(format!("drain {}", micros(drain)));
    }
    reasons.join("; ")
}

#[cfg(test)]
#[path = "measured_tests.rs"]
mod tests;
