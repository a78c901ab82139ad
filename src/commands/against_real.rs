//! `plan --find rate --against real`: two runs of the embedded pipeline, just below the rate that was found and just above.

use std::time::Duration;

use super::{Error, Output};
use crate::plan::{Confirmation, Confirmed, FoundRate, at_rate};
use crate::run::Run;
use crate::scenario::Scenario;

/// A run may take so long at most, its drain included.
const RUN_MAX: Duration = Duration::from_secs(600);

/// Runs the scenario at the rates that were found, one after the other.
///
/// # Errors
/// When a run could take too long, or cannot begin.
pub fn confirm(
    scenario: &Scenario,
    found: &FoundRate,
    output: &Output,
) -> Result<Confirmation, Error> {
    let takes = scenario.schedule().profile().duration() + scenario.settle_deadline;
    if takes > RUN_MAX {
        return Err(Error::usage(format!(
            "--against real: a run may take {} s with its drain, more than {} s; shorten it with --duration or settle.deadline",
            takes.as_secs(),
            RUN_MAX.as_secs()
        )));
    }
    let mut runs = Vec::new();
    for wanted in found.to_confirm() {
        let run = wanted.map(|(multiple, holds)| run(scenario, found, (multiple, holds), output));
        runs.push(run.transpose()?);
    }
    let above = runs.pop().flatten();
    let below = runs.pop().flatten();
    Ok(Confirmation::of(below, above))
}

fn run(
    scenario: &Scenario,
    found: &FoundRate,
    (multiple, holds): (f64, bool),
    output: &Output,
) -> Result<Confirmed, Error> {
    let at = at_rate(scenario, multiple).map_err(Error::usage)?;
    output.note(&format!("running {} at {multiple}x", at.name));
    let outcome = Run::new(at).quiet(true).execute()?;
    Ok(Confirmed::of(
        multiple,
        holds,
        &outcome.report,
        &found.not_forecast,
        outcome.folder.display().to_string(),
    ))
}
