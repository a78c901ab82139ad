//! `orderproof up`: create what is not there, and change nothing that is.

use super::place::{block_on, confirm_at, open, place_lines, scenario_in};
use super::{Error, Output};
use crate::account::{
    AccountError, ActualResources, CREATED_BY_TAG, CREATED_BY_VALUE, DesiredResources, Kind,
    ResourceState, create, until_active,
};
use crate::cli::{PlaceArgs, UpArgs};
use crate::escape::shell;
use crate::exit::Exit;
use crate::preflight::{ALLOWED_TAG, ALLOWED_VALUE};
use crate::scenario::{AwsTarget, ProcessorPlace, Resources};
use crate::store::Session;

/// Creates queues and table with the scenario's settings, as far as they are not there.
pub fn up(args: &UpArgs, output: &Output) -> Result<Exit, Error> {
    let (scenario, target) = scenario_in(&args.place)?;
    let desired = DesiredResources::of(&scenario.pipeline, &target.resources)
        .map_err(|problems| Error::usage(problems.join("\n  ")))?;
    block_on(raise(&args.place, &target, &desired, output))
}

async fn raise(
    args: &PlaceArgs,
    target: &AwsTarget,
    desired: &DesiredResources,
    output: &Output,
) -> Result<Exit, Error> {
    let names = &target.resources;
    let session = open(target).await?;
    let actual = ActualResources::read(&session, names).await;
    let missing = missing(&actual, desired, names)?;
    if !missing.is_empty() {
        let lines = missing.iter().map(|kind| {
            format!(
                "create    {} {}: {}",
                kind.word(),
                kind.name(names),
                settings(*kind, desired)
            )
        });
        confirm_at(&actual, &lines.collect::<Vec<_>>(), args.yes, output)?;
    }
    for kind in Kind::ALL {
        let done = match missing.contains(&kind) {
            true => {
                create(&session, kind, desired, &mut |line| output.note(&line))
                    .await
                    .map_err(unfinished)?;
                "created         "
            }
            false => "is there already",
        };
        let (word, name) = (kind.word(), kind.name(names));
        output.print(&format!(
            "{done}  {word} {name}: {}\n",
            settings(kind, desired)
        ));
    }
    until_usable(&session, &actual, desired, names, output).await?;
    output.print(&next_steps(args, target, &actual));
    Ok(Exit::Success)
}

fn unfinished(error: AccountError) -> Error {
    Error::internal(format!(
        "{error}; what was created stays: repeat the command to continue, or delete it with `orderproof down`"
    ))
}

/// What is to be created; an error if anything that is there is not as desired.
fn missing(
    actual: &ActualResources,
    desired: &DesiredResources,
    names: &Resources,
) -> Result<Vec<Kind>, Error> {
    let mut missing = Vec::new();
    let mut problems = Vec::new();
    for kind in Kind::ALL {
        match actual.state(kind, desired) {
            ResourceState::AsDesired => {}
            ResourceState::Absent => missing.push(kind),
            state => problems.push(format!("{} {}: {state}", kind.word(), kind.name(names))),
        }
    }
    match problems.is_empty() {
        true => Ok(missing),
        false => Err(Error::usage(format!(
            "nothing was created or changed\n  {}\nDelete it (`orderproof down`), name others (--orders-queue, \
             --dead-letter-queue, --table), or give the settings it has.",
            problems.join("\n  ")
        ))),
    }
}

fn settings(kind: Kind, desired: &DesiredResources) -> String {
    match kind {
        Kind::DeadLetterQueue => desired.dead_letter_queue.to_string(),
        Kind::OrdersQueue => desired.orders_queue.to_string(),
        Kind::Table => desired.table.to_string(),
    }
}

/// Reads all of it again until it is as desired: it takes time until what was created is seen everywhere.
async fn until_usable(
    session: &Session,
    before: &ActualResources,
    desired: &DesiredResources,
    names: &Resources,
    output: &Output,
) -> Result<(), Error> {
    const TRIES: u32 = 30;
    let note = &mut |line: String| output.note(&line);
    until_active(session, &names.table, note)
        .await
        .map_err(unfinished)?;
    let mut seen = Vec::new();
    for tried in 0..TRIES {
        if tried > 0 {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
        let actual = before.again(session, names).await;
        let states = Kind::ALL.map(|kind| (kind, actual.state(kind, desired)));
        seen = states
            .into_iter()
            .filter(|(_, state)| *state != ResourceState::AsDesired)
            .collect();
        if seen.is_empty() {
            return Ok(());
        }
        // What cannot be read three times, such as tags without permission, will not be read the fourth time.
        let unread =
            |(_, state): &(Kind, ResourceState)| matches!(state, ResourceState::Unknown(_));
        if tried >= 2 && seen.iter().all(unread) {
            break;
        }
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|(kind, state)| format!("{} {}: {state}", kind.word(), kind.name(names)))
        .collect();
    Err(Error::internal(format!(
        "the resources are not yet as the scenario asks: {}; repeat the command, or look at them in the console",
        seen.join("; ")
    )))
}

/// Where it is and what comes next.
fn next_steps(args: &PlaceArgs, target: &AwsTarget, actual: &ActualResources) -> String {
    let mut lines = place_lines(actual);
    lines.push(format!(
        "tags      {ALLOWED_TAG}={ALLOWED_VALUE} (a run may send here), {CREATED_BY_TAG}={CREATED_BY_VALUE} (`down` \
         deletes it)"
    ));
    if target.processor == ProcessorPlace::Lambda {
        lines.push(
            "function  none is created: deploy one behind the queue, or process here with --processor local \
             (`orderproof serve` runs its own)"
                .into(),
        );
    }
    let scenario = match &args.scenario {
        Some(path) => path.display().to_string(),
        None => "scenarios/lab.toml".into(),
    };
    let mut next = format!("orderproof preflight {scenario}");
    let keys = args.target.keys();
    if keys.is_empty() {
        next.push_str(" --target aws");
    }
    for (key, value) in keys {
        next.push_str(&format!(" --{} {}", key.replace('_', "-"), shell(&value)));
    }
    for set in &args.set {
        next.push_str(&format!(" --set {}", shell(set)));
    }
    lines.push(format!("next      {next}"));
    lines.join("\n") + "\n"
}
