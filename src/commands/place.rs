//! Where `up`, `down` and `clean` are to do something, in words, and the confirmation they ask for.

use super::check::scenario_or_lab;
use super::confirm::confirm;
use super::{Error, Output};
use crate::account::ActualResources;
use crate::cli::{PlaceArgs, TargetKind};
use crate::escape::shell;
use crate::preflight::Known;
use crate::run::{OFF_LOOPBACK, Question};
use crate::scenario::{AwsTarget, Overrides, ProcessorPlace, Scenario, TargetOverride};
use crate::store::Session;

/// The scenario that is meant, and its target, which is never the embedded pipeline.
///
/// # Errors
/// When the scenario is not valid, or the embedded pipeline is asked for.
pub fn scenario_in(args: &PlaceArgs) -> Result<(Scenario, AwsTarget), Error> {
    if args.target.target == Some(TargetKind::Embedded) {
        return Err(Error::usage(
            "the embedded pipeline is made for each run and ends with it, so there is nothing to create or \
             delete; leave --target embedded out",
        ));
    }
    let with = |keys| {
        let overrides = Overrides {
            target: Some(TargetOverride::Aws(keys)),
            set: args.set.clone(),
            ..Overrides::default()
        };
        scenario_or_lab(args.scenario.as_deref(), &overrides)
    };
    let scenario = match with(args.target.keys()) {
        // Queues and tables are the same wherever functions run, and a scenario for the embedded pipeline has its own.
        Err(error) if args.target.processor.is_none() => {
            with(keys_here(args)).map_err(|_| error)?
        }
        read => read?,
    };
    let target = scenario.target.aws().cloned().ok_or_else(|| {
        Error::usage("the target is the embedded pipeline; leave target=embedded out")
    })?;
    Ok((scenario, target))
}

/// The keys of `[target]` that are given, with functions that run here.
fn keys_here(args: &PlaceArgs) -> Vec<(&'static str, String)> {
    let mut keys = args.target.keys();
    keys.push(("processor", "local".into()));
    keys
}

/// Does something over the network until it is done.
///
/// # Errors
/// When the system gives no thread for it, or as the task itself.
pub fn block_on<T>(task: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?
        .block_on(task)
}

/// A session for the target.
///
/// # Errors
/// When there is no region or no way to credentials.
pub async fn open(target: &AwsTarget) -> Result<Session, Error> {
    Session::open(target).await.map_err(Error::usage)
}

/// A command with the scenario and the options that were given.
pub fn with_options(command: &str, args: &PlaceArgs, target: &AwsTarget) -> String {
    let scenario = match &args.scenario {
        Some(path) => path.display().to_string(),
        None => "scenarios/lab.toml".into(),
    };
    let mut line = format!("orderproof {command} {}", shell(&scenario));
    let keys = match target.processor == ProcessorPlace::Local && args.target.processor.is_none() {
        true => keys_here(args),
        false => args.target.keys(),
    };
    if keys.is_empty() && command == "preflight" {
        line.push_str(" --target aws");
    }
    for (key, value) in keys {
        line.push_str(&format!(" --{} {}", key.replace('_', "-"), shell(&value)));
    }
    for set in &args.set {
        line.push_str(&format!(" --set {}", shell(set)));
    }
    line
}

/// Where it is and whose, a line each.
pub fn place_lines(actual: &ActualResources) -> Vec<String> {
    let place = &actual.place;
    let mut lines = Vec::new();
    match &place.account {
        Known::Is(account) => lines.push(format!("account   {account}")),
        Known::Unknown(why) if !place.loopback => lines.push(format!("account   unknown ({why})")),
        Known::Absent | Known::Unknown(_) => {}
    }
    if let Known::Is(caller) = &place.caller {
        lines.push(format!("as        {caller}"));
    }
    lines.push(format!("region    {}", place.region));
    lines.push(match place.sqs_endpoint == place.dynamodb_endpoint {
        true => format!("endpoint  {}", place.sqs_endpoint),
        false => format!(
            "endpoints {} and {}",
            place.sqs_endpoint, place.dynamodb_endpoint
        ),
    });
    lines
}

/// Asks, unless all of it stays on this machine.
///
/// # Errors
/// When it is not confirmed.
pub fn confirm_at(
    actual: &ActualResources,
    what: &[String],
    yes: bool,
    output: &Output,
) -> Result<(), Error> {
    if actual.place.loopback {
        return Ok(());
    }
    let mut facts = what.to_vec();
    facts.extend(place_lines(actual));
    // Whose account it is nobody can say: then the region, which is shown as well.
    let word = actual.place.account.get().unwrap_or(&actual.place.region);
    confirm(
        Question {
            facts: &facts,
            word,
            yes,
            unasked: OFF_LOOPBACK,
        },
        output,
    )
}
