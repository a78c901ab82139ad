//! `orderproof preflight`, and the same look before every run at a target outside this process.

use super::check::load_scenario;
use super::confirm::{OFF_LOOPBACK, Question, confirm};
use super::{CommandError, Output};
use crate::account::read_facts;
use crate::cli::PreflightArgs;
use crate::exit::Exit;
use crate::preflight::{Check, Preflight, Weight};
use crate::report::preflight::{place, render};
use crate::results::figures::orders;
use crate::scenario::{AwsTarget, Scenario, TargetSpec};
use crate::store::Session;

/// Looks at the target of a scenario and tells what was found.
pub fn preflight(args: &PreflightArgs, output: &Output) -> Result<Exit, CommandError> {
    let mut scenario = load_scenario(&args.scenario, &args.overrides)?;
    // The embedded pipeline is made from the scenario: there is nothing to look at.
    if scenario.target == TargetSpec::Embedded {
        if args.overrides.target.target.is_some() {
            return Err(CommandError::usage(
                "the embedded pipeline is made from the scenario, so there is nothing to look at; leave \
                 --target embedded out",
            ));
        }
        scenario.target = TargetSpec::Aws(Box::default());
    }
    let target = scenario.target.aws().expect("it was just made one");
    let found = look(&scenario, target)?;
    match args.json {
        true => output.json(&found),
        false => output.print(&render(&found, output.color_on_stdout())),
    }
    let stops = |check: &&Check| match check.weight {
        Weight::Void => true,
        Weight::Trap | Weight::Unknown => args.deny_traps,
        Weight::Caution | Weight::Well => false,
    };
    let refused = !found.refusals.is_empty() || found.checks.iter().any(|check| stops(&check));
    Ok(if refused {
        Exit::Refused
    } else {
        Exit::Success
    })
}

/// Reads the target and says what that means for the scenario.
pub fn look(scenario: &Scenario, target: &AwsTarget) -> Result<Preflight, CommandError> {
    let facts = super::site::block_on(async {
        let session = Session::open(target).await?;
        Ok(read_facts(&session, target).await)
    })?;
    Ok(Preflight::of(scenario, target, facts))
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
/// [`CommandError::Refused`] with every reason at once; nothing was sent.
pub fn admit(
    purpose: Purpose,
    scenario: &Scenario,
    target: &AwsTarget,
    asked: (bool, bool),
    output: &Output,
) -> Result<Preflight, CommandError> {
    let (yes, quiet) = asked;
    let found = look(scenario, target)?;
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
        output.note(&format!("trap: {}: {}", check.trap.as_str(), check.message));
    }
    if !found.facts.place.loopback {
        agree(purpose, &found, yes, output)?;
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
pub fn refusal(reasons: &[String]) -> CommandError {
    CommandError::refused(format!(
        "nothing was sent:\n  {}\n`orderproof preflight` shows all that was found",
        reasons.join("\n  ")
    ))
}

/// Asks for confirmation before anything is done in an AWS account.
fn agree(
    purpose: Purpose,
    found: &Preflight,
    yes: bool,
    output: &Output,
) -> Result<(), CommandError> {
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
    confirm(question, output)
}
