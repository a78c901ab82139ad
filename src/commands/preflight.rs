//! `orderproof preflight`: what a run would meet at its target.

use super::check::load_scenario;
use super::{Error, Output};
use crate::cli::PreflightArgs;
use crate::exit::Exit;
use crate::preflight::{Check, Weight};
use crate::report::preflight::render;
use crate::run::look;
use crate::scenario::TargetSpec;

/// Looks at the target of a scenario and shows what was found.
pub fn preflight(args: &PreflightArgs, output: &Output) -> Result<Exit, Error> {
    let mut scenario = load_scenario(&args.scenario, &args.overrides)?;
    // The embedded pipeline is made from the scenario: there is nothing to look at.
    if scenario.target == TargetSpec::Embedded {
        if args.overrides.target.target.is_some() {
            return Err(Error::usage(
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
        false => output.print(&render(&found, output.text_style())),
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
