//! The look at a target before anything is done there, and the guard that lets a run in.

use std::time::Instant;

use super::attendant::{Attendant, OFF_LOOPBACK, Question};
use super::site::block_on;
use crate::account::read_facts;
use crate::error::Error;
use crate::plan::load_forecast;
use crate::preflight::{Check, Facts, Preflight, Weight};
use crate::report::preflight::place;
use crate::results::figures::orders;
use crate::scenario::{AwsTarget, Scenario};
use crate::store::Session;

/// Reads the target and says what that means for the scenario, with a forecast of the load where one can be made.
pub fn look(scenario: &Scenario, target: &AwsTarget) -> Result<Preflight, Error> {
    let facts = facts_of(scenario, target)?;
    let forecast = load_forecast(scenario, target, &facts, Instant::now());
    let forecast = forecast
        .inspect_err(|cannot| tracing::debug!(%cannot, "the traps quote no forecast"))
        .ok();
    Ok(Preflight::foreseen(scenario, target, facts, forecast))
}

fn facts_of(scenario: &Scenario, target: &AwsTarget) -> Result<Facts, Error> {
    block_on(async {
        let session = Session::open(target).await?;
        Ok(read_facts(&session, target, scenario).await)
    })
}

/// What is asked of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To send the scenario's load.
    Run,
    /// To finish a run: to process what it sent and to look.
    Resume,
    /// To look, and to write nothing.
    Look,
}

/// Looks before anything is done at a target: a trap that voids a run, the guard, or nobody who agrees stops it
/// here. `asked` is whether `--yes` and `--quiet` were given.
///
/// # Errors
/// [`Error::Refused`] with every reason at once; nothing was sent.
pub fn admit(
    purpose: Purpose,
    scenario: &Scenario,
    target: &AwsTarget,
    asked: (bool, bool),
    attendant: &dyn Attendant,
) -> Result<Preflight, Error> {
    let (yes, quiet) = asked;
    let found = match purpose {
        Purpose::Run => look(scenario, target)?,
        // No load is to come.
        Purpose::Resume | Purpose::Look => {
            Preflight::of(scenario, target, facts_of(scenario, target)?)
        }
    };
    let void = found
        .of_weight(Weight::Void)
        // What would void a load says nothing against a look.
        .filter(|_| purpose != Purpose::Look)
        .map(in_words);
    let reasons: Vec<String> = void
        .chain(found.refusals.iter().map(ToString::to_string))
        .collect();
    if !reasons.is_empty() {
        return Err(refusal(&reasons));
    }
    let traps = found.of_weight(Weight::Trap);
    for check in traps.filter(|_| purpose == Purpose::Run && !quiet) {
        attendant.note(&format!("trap: {}: {}", check.trap.as_str(), check.message));
    }
    if !found.facts.place.loopback {
        agree(purpose, &found, yes, attendant)?;
    }
    Ok(found)
}

/// A check with its cure.
pub fn in_words(check: &Check) -> String {
    let Check {
        trap,
        message,
        cure,
        ..
    } = check;
    format!("{}: {message}\n    -> {cure}", trap.as_str())
}

/// All reasons at once.
pub fn refusal(reasons: &[String]) -> Error {
    Error::refused(format!(
        "nothing was sent:\n  {}\n`orderproof preflight` shows all that was found",
        reasons.join("\n  ")
    ))
}

/// Asks for confirmation before anything is done in an AWS account.
fn agree(
    purpose: Purpose,
    found: &Preflight,
    yes: bool,
    attendant: &dyn Attendant,
) -> Result<(), Error> {
    let estimate = &found.estimate;
    let what = match purpose {
        Purpose::Run => format!(
            "load     {}, about {:.0} s, at most about ${:.2}",
            orders(estimate.orders),
            estimate.duration().as_secs_f64(),
            estimate.usd
        ),
        Purpose::Resume => format!(
            "resume   the run's messages, table and dead letters, at most about ${:.2}",
            estimate.usd
        ),
        Purpose::Look => format!(
            "look     reads the table and receives each dead letter once more, at most about ${:.2}",
            estimate.usd
        ),
    };
    let facts = [format!("target   {}", place(&found.facts)), what];
    let account = found.facts.place.account.get();
    let question = Question {
        facts: &facts,
        // The guard lets nothing through whose account is unknown.
        word: account.map_or("the account's number", String::as_str),
        yes,
        unasked: OFF_LOOPBACK,
    };
    attendant.confirm(question)
}
