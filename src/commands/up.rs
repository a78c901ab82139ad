//! `orderproof up`: create what is not there, and change nothing that is.

use super::place::{block_on, confirm_at, open, place_lines, scenario_in, with_options};
use super::{Error, Output};
use crate::account::{
    AccountError, ActualResources, CREATED_BY_TAG, CREATED_BY_VALUE, Desired, Resource,
    ResourceState, create, template, until_active,
};
use crate::cli::{PlaceArgs, UpArgs};
use crate::exit::Exit;
use crate::preflight::{ALLOWED_TAG, ALLOWED_VALUE};
use crate::scenario::{AwsTarget, ProcessorPlace, Scenario};
use crate::store::Session;

/// Creates the queues and tables of a scenario, with its settings, as far as they are not there.
pub fn up(args: &UpArgs, output: &Output) -> Result<Exit, Error> {
    let (scenario, target) = scenario_in(&args.place)?;
    let desired = Desired::all(&scenario, &target.resources)
        .map_err(|problems| Error::usage(problems.join("\n  ")))?;
    if args.template {
        // Of what `${}` means to CloudFormation only the region is meant.
        let preflight = with_options("preflight", &args.place, &target);
        let mut preflight = preflight.replace("${", "${!");
        if target.region.is_none() {
            preflight.push_str(" --region ${AWS::Region}");
        }
        output.print_as_it_is(&template(&scenario, &target, &desired, &preflight));
        return Ok(Exit::Success);
    }
    block_on(raise(&args.place, &scenario, &target, &desired, output))
}

async fn raise(
    args: &PlaceArgs,
    scenario: &Scenario,
    target: &AwsTarget,
    desired: &[Desired],
    output: &Output,
) -> Result<Exit, Error> {
    let resources: Vec<Resource> = desired.iter().map(Desired::resource).collect();
    let session = open(target).await?;
    let actual = ActualResources::read(&session, &resources).await;
    let missing = missing(args, target, &actual, desired)?;
    if !missing.is_empty() {
        let lines = missing
            .iter()
            .map(|desired| format!("create    {}: {desired}", desired.resource()));
        confirm_at(&actual, &lines.collect::<Vec<_>>(), args.yes, output)?;
    }
    for desired in desired {
        let done = match missing.contains(&desired) {
            true => {
                create(&session, desired, &mut |line| output.note(&line))
                    .await
                    .map_err(unfinished)?;
                "created         "
            }
            false => "is there already",
        };
        output.print(&format!("{done}  {}: {desired}\n", desired.resource()));
    }
    until_usable(&session, &actual, desired, &resources, output).await?;
    output.print(&next_steps(args, scenario, target, &actual));
    Ok(Exit::Success)
}

fn unfinished(error: AccountError) -> Error {
    Error::internal(format!(
        "{error}; what was created stays: repeat the command to continue, or delete it with `orderproof down`"
    ))
}

/// What is to be created; an error if anything that is there is not as desired.
fn missing<'a>(
    args: &PlaceArgs,
    target: &AwsTarget,
    actual: &ActualResources,
    desired: &'a [Desired],
) -> Result<Vec<&'a Desired>, Error> {
    let mut missing = Vec::new();
    let mut problems = Vec::new();
    let (mut foreign, mut differs, mut unread) = (false, false, false);
    for desired in desired {
        let state = actual.state(desired);
        match &state {
            ResourceState::AsDesired => continue,
            ResourceState::Absent => {
                missing.push(desired);
                continue;
            }
            ResourceState::Foreign => foreign = true,
            ResourceState::Differs(_) => differs = true,
            ResourceState::Unknown(_) => unread = true,
        }
        problems.push(format!("{}: {state}", desired.resource()));
    }
    if problems.is_empty() {
        return Ok(missing);
    }
    // `down` deletes only what `up` created.
    let remedies = [
        foreign.then(|| {
            format!(
                "What `up` did not create can be used as it is (`{}` says whether it fits); or name others \
                 (--orders-queue, --dead-letter-queue, --table; target.tables, target.queues).",
                with_options("preflight", args, target)
            )
        }),
        differs.then(|| {
            format!(
                "What `up` created with other settings: delete it (`{}`), or give the settings it has.",
                with_options("down", args, target)
            )
        }),
        unread.then(|| "What could not be read: allow it to be read, and repeat the command.".into()),
    ];
    Err(Error::usage(format!(
        "nothing was created or changed\n  {}\n{}",
        problems.join("\n  "),
        remedies
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("\n")
    )))
}

/// Reads all of it again until it is as desired: it takes time until what was created is seen everywhere.
async fn until_usable(
    session: &Session,
    before: &ActualResources,
    desired: &[Desired],
    resources: &[Resource],
    output: &Output,
) -> Result<(), Error> {
    const TRIES: u32 = 30;
    for resource in resources {
        if let Resource::Table(name) = resource {
            let note = &mut |line: String| output.note(&line);
            until_active(session, name, note)
                .await
                .map_err(unfinished)?;
        }
    }
    let mut seen = Vec::new();
    for tried in 0..TRIES {
        if tried > 0 {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
        let actual = before.again(session, resources).await;
        let states = desired
            .iter()
            .map(|desired| (desired.resource(), actual.state(desired)));
        seen = states
            .filter(|(_, state)| *state != ResourceState::AsDesired)
            .collect();
        if seen.is_empty() {
            return Ok(());
        }
        // What cannot be read three times, such as tags without permission, will not be read the fourth time.
        let unread =
            |(_, state): &(Resource, ResourceState)| matches!(state, ResourceState::Unknown(_));
        if tried >= 2 && seen.iter().all(unread) {
            break;
        }
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|(resource, state)| format!("{resource}: {state}"))
        .collect();
    Err(Error::internal(format!(
        "the resources are not yet as the scenario asks: {}; repeat the command, or look at them in the console",
        seen.join("; ")
    )))
}

/// Where it is and what comes next.
fn next_steps(
    args: &PlaceArgs,
    scenario: &Scenario,
    target: &AwsTarget,
    actual: &ActualResources,
) -> String {
    let mut lines = place_lines(actual);
    lines.push(format!(
        "tags      {ALLOWED_TAG}={ALLOWED_VALUE} (a run may send here), {CREATED_BY_TAG}={CREATED_BY_VALUE} (`down` \
         deletes it)"
    ));
    lines.extend(function_line(scenario, target));
    lines.push(format!(
        "next      {}",
        with_options("preflight", args, target)
    ));
    lines.join("\n") + "\n"
}

/// What is to process the orders: none of it is created.
fn function_line(scenario: &Scenario, target: &AwsTarget) -> Option<String> {
    let queue = &target.resources.orders_queue;
    match target.processor {
        ProcessorPlace::Local if scenario.is_labs_order() => None,
        ProcessorPlace::Local => Some(format!(
            "function  [processor] command, which a run starts on this machine and feeds from {queue}"
        )),
        ProcessorPlace::External => Some(format!(
            "function  none: what consumes {queue} is your own"
        )),
        ProcessorPlace::Lambda if scenario.is_labs_order() => Some(
            "function  none is created: deploy one behind the queue, or process here with --processor local \
             (`orderproof serve` runs its own)"
                .into(),
        ),
        ProcessorPlace::Lambda => {
            let mapping = &scenario.pipeline.mapping;
            let partial = match mapping.report_batch_item_failures {
                true => ", ReportBatchItemFailures if it returns partial responses",
                false => "",
            };
            Some(format!(
                "function  none is created: deploy yours as {}, with an event source mapping on {queue} (batches of up to \
                 {}{partial}), or process here with [processor] command and --processor local",
                target.function, mapping.batch_size
            ))
        }
    }
}
