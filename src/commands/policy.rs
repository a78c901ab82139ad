//! `orderproof policy`: the least IAM policy for a scenario.

use super::place::scenario_in;
use super::{Error, Output};
use crate::account::{POLICY_MAX, PolicyCommand, PolicyScope, policy as document};
use crate::cli::{PlaceArgs, PolicyArgs, PolicyFor};
use crate::exit::Exit;
use crate::scenario::{AwsTarget, ProcessorPlace, Scenario};

const USUAL: [PolicyFor; 4] = [
    PolicyFor::Run,
    PolicyFor::Verify,
    PolicyFor::Clean,
    PolicyFor::Up,
];

/// Prints the policy on standard output, and on standard error what it leaves open.
pub fn policy(args: &PolicyArgs, output: &Output) -> Result<Exit, Error> {
    let asked = PlaceArgs {
        scenario: args.scenario.clone(),
        set: args.set.clone(),
        yes: false,
        target: args.target.clone(),
    };
    let (scenario, target) = scenario_in(&asked)?;
    let commands: Vec<PolicyCommand> = match args.commands.as_slice() {
        [] => USUAL.map(command).to_vec(),
        asked => asked.iter().copied().map(command).collect(),
    };
    let anywhere = || "*".to_owned();
    let place = PolicyScope {
        region: target.region.clone().unwrap_or_else(anywhere),
        account: args.account.clone().unwrap_or_else(anywhere),
    };
    let policy = document(&scenario, &target, &commands, &place, &args.kms_key);
    output.json(&policy);
    for note in notes(args, &scenario, &target, &commands) {
        output.note(&format!("note: {note}"));
    }
    let length = serde_json::to_string(&policy).map_or(0, |text| text.len());
    if length > POLICY_MAX {
        output.note(&format!(
            "note: {length} characters are more than the {POLICY_MAX} of a managed policy; make one for each command with --for"
        ));
    }
    Ok(Exit::Success)
}

fn command(asked: PolicyFor) -> PolicyCommand {
    match asked {
        PolicyFor::Run => PolicyCommand::Run,
        PolicyFor::Verify => PolicyCommand::Verify,
        PolicyFor::Clean => PolicyCommand::Clean,
        PolicyFor::Up => PolicyCommand::Up,
        PolicyFor::Down => PolicyCommand::Down,
    }
}

/// What the policy leaves open, a line each.
fn notes(
    args: &PolicyArgs,
    scenario: &Scenario,
    target: &AwsTarget,
    commands: &[PolicyCommand],
) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if args.account.is_none() {
        notes.push("the resources are of any account; name yours with --account NUMBER");
    }
    if target.region.is_none() {
        notes.push("the resources are of any region; name yours with --region REGION");
    }
    if args.kms_key.is_empty() {
        notes.push(
            "no permission of KMS is in it, which queues, topics and tables need that are encrypted with a customer managed key: \
             name the key with --kms-key ARN (`orderproof preflight` says which key a queue has)",
        );
    }
    let is_local = target.processor == ProcessorPlace::Local;
    let own = scenario.processor.is_some() || !scenario.processors.is_empty();
    if is_local && own && commands.contains(&PolicyCommand::Run) {
        notes.push(
            "the scenario's own functions run in this process with the same credentials: add what they themselves call",
        );
    }
    notes
}
