//! `orderproof preflight`, and the same look before every run at a target outside this process.

use super::check::load_scenario;
use super::confirm::{Question, confirm};
use super::{CommandError, Output};
use crate::account::read_facts;
use crate::cli::PreflightArgs;
use crate::exit::Exit;
use crate::preflight::{Check, Preflight, Weight, place, render};
use crate::report::figures::orders;
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

/// Looks before a run: a trap that voids it, the guard, or nobody who agrees stops it here.
///
/// # Errors
/// [`CommandError::Refused`] with every reason at once; nothing was sent.
pub fn admit(
    scenario: &Scenario,
    target: &AwsTarget,
    (yes, quiet): (bool, bool),
    output: &Output,
) -> Result<Preflight, CommandError> {
    let found = look(scenario, target)?;
    let void = found.of_weight(Weight::Void).map(|check| {
        format!(
            "{}: {}\n    -> {}",
            check.trap.as_str(),
            check.message,
            check.cure
        )
    });
    let reasons: Vec<String> = void
        .chain(found.refusals.iter().map(ToString::to_string))
        .collect();
    if !reasons.is_empty() {
        return Err(CommandError::refused(format!(
            "nothing was sent:\n  {}\n`orderproof preflight` shows all that was found",
            reasons.join("\n  ")
        )));
    }
    for check in found.of_weight(Weight::Trap).filter(|_| !quiet) {
        output.note(&format!("trap: {}: {}", check.trap.as_str(), check.message));
    }
    if !found.facts.place.loopback {
        agree(&found, yes, output)?;
    }
    Ok(found)
}

/// Asks before load is sent to somebody's account.
fn agree(found: &Preflight, yes: bool, output: &Output) -> Result<(), CommandError> {
    let estimate = &found.estimate;
    let facts = [
        format!("target   {}", place(&found.facts)),
        format!(
            "load     {}, about {:.0} s, at most about ${:.2}",
            orders(estimate.orders),
            estimate.duration().as_secs_f64(),
            estimate.usd
        ),
    ];
    let account = found.facts.place.account.get();
    let question = Question {
        facts: &facts,
        // The guard lets nothing through whose account is unknown.
        word: account.map_or("the account's number", String::as_str),
        yes,
    };
    confirm(question, output)
}
