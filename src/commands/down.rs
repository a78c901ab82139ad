//! `orderproof down`: delete what `up` created, and say what is left and why.

use super::place::{block_on, confirm_at, open, place_lines, scenario_in};
use super::{Error, Output};
use crate::account::{
    ActualResources, CREATED_BY_TAG, CREATED_BY_VALUE, Deletion, Ownership, Resource, count_rows,
    delete,
};
use crate::cli::{DownArgs, PlaceArgs};
use crate::exit::Exit;
use crate::results::figures::counted;
use crate::scenario::AwsTarget;
use crate::store::Session;

/// Deletes the queues and tables of a scenario that carry our tag.
pub fn down(args: &DownArgs, output: &Output) -> Result<Exit, Error> {
    let (scenario, target) = scenario_in(&args.place)?;
    let mut resources = Resource::all(&scenario, &target.resources);
    // Nothing is sent to a queue whose table is still there without it.
    resources.reverse();
    block_on(take_down(&args.place, &target, &resources, output))
}

async fn take_down(
    args: &PlaceArgs,
    target: &AwsTarget,
    resources: &[Resource],
    output: &Output,
) -> Result<Exit, Error> {
    let session = open(target).await?;
    let actual = ActualResources::read(&session, resources).await;
    let mut doomed = Vec::new();
    for resource in resources {
        if actual.ownership(resource) == Ownership::Ours {
            let holds = contents(&session, &actual, resource).await;
            doomed.push(format!("delete    {resource}, which holds {holds}"));
        }
    }
    if !doomed.is_empty() {
        if actual.place.loopback {
            output.print(&(doomed.join("\n") + "\n"));
        }
        confirm_at(&actual, &doomed, args.yes, output)?;
    }
    let mut unknown = Vec::new();
    for resource in resources {
        match delete(&session, resource).await {
            Ok(Deletion::Deleted) => output.print(&format!("deleted   {resource}\n")),
            Ok(Deletion::Left(Ownership::Unknown(why))) => {
                output.print(&format!("left      {resource}: it could not be read\n"));
                unknown.push(format!("{resource}: {why}"));
            }
            Ok(Deletion::Left(left)) => {
                output.print(&format!("left      {resource}: {}\n", reason(&left)))
            }
            Err(error) => unknown.push(error.to_string()),
        }
    }
    output.print(&(place_lines(&actual).join("\n") + "\n"));
    match unknown.is_empty() {
        true => Ok(Exit::Success),
        false => Err(Error::internal(format!(
            "some resources may still be there: {}\nRepeat the command to continue.",
            unknown.join("; ")
        ))),
    }
}

fn reason(left: &Ownership) -> String {
    match left {
        Ownership::Absent => "it is not there".into(),
        Ownership::Foreign => {
            format!("`up` did not create it (no tag {CREATED_BY_TAG}={CREATED_BY_VALUE})")
        }
        Ownership::Ours => "it is ours".into(),
        Ownership::Unknown(why) => format!("it could not be read: {why}"),
    }
}

/// What would be lost, in words.
async fn contents(session: &Session, actual: &ActualResources, resource: &Resource) -> String {
    match resource {
        Resource::Queue(name) => match actual.queue(name).get() {
            Some(queue) => counted(queue.messages, "message"),
            None => "an unknown number of messages".into(),
        },
        Resource::Table(name) => match count_rows(session, name).await {
            Ok(rows) if !rows.more => counted(rows.count, "row"),
            Ok(rows) => {
                let items = actual.table(name).get().map_or(0, |table| table.items);
                format!(
                    "more than {} rows ({items} by DynamoDB's own count, up to six hours old)",
                    rows.count
                )
            }
            Err(error) => format!("rows that could not be counted ({error})"),
        },
    }
}
