//! `orderproof down`: delete what `up` created, and say what is left and why.

use super::place::{block_on, confirm_at, open, place_lines, scenario_in};
use super::{Error, Output};
use crate::account::{
    ActualResources, CREATED_BY_TAG, CREATED_BY_VALUE, Deletion, Kind, Ownership, count_rows,
    delete,
};
use crate::cli::{DownArgs, PlaceArgs};
use crate::exit::Exit;
use crate::preflight::Known;
use crate::results::figures::counted;
use crate::scenario::{AwsTarget, Resources};
use crate::store::Session;

/// In the order in which they go: nothing is sent to a queue whose table is still there without it.
const ORDER: [Kind; 3] = [Kind::Table, Kind::OrdersQueue, Kind::DeadLetterQueue];

/// Deletes the queues and the table that carry our tag.
pub fn down(args: &DownArgs, output: &Output) -> Result<Exit, Error> {
    let (_, target) = scenario_in(&args.place)?;
    block_on(take_down(&args.place, &target, output))
}

async fn take_down(args: &PlaceArgs, target: &AwsTarget, output: &Output) -> Result<Exit, Error> {
    let names = &target.resources;
    let session = open(target).await?;
    let actual = ActualResources::read(&session, names).await;
    let mut doomed = Vec::new();
    for kind in ORDER {
        if actual.ownership(kind) == Ownership::Ours {
            let holds = contents(&session, &actual, kind, names).await;
            let what = format!("{} {}", kind.word(), kind.name(names));
            doomed.push(format!("delete    {what}, which holds {holds}"));
        }
    }
    if !doomed.is_empty() {
        if actual.place.loopback {
            output.print(&(doomed.join("\n") + "\n"));
        }
        confirm_at(&actual, &doomed, args.yes, output)?;
    }
    let mut unknown = Vec::new();
    for kind in ORDER {
        let what = format!("{} {}", kind.word(), kind.name(names));
        match delete(&session, kind, names).await {
            Ok(Deletion::Deleted) => output.print(&format!("deleted   {what}\n")),
            Ok(Deletion::Left(Ownership::Unknown(why))) => {
                output.print(&format!("left      {what}: it could not be read\n"));
                unknown.push(format!("{what}: {why}"));
            }
            Ok(Deletion::Left(left)) => {
                output.print(&format!("left      {what}: {}\n", reason(&left)))
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
async fn contents(
    session: &Session,
    actual: &ActualResources,
    kind: Kind,
    names: &Resources,
) -> String {
    let messages = |queue: &Known<crate::preflight::QueueFacts>| match queue.get() {
        Some(queue) => counted(queue.messages, "message"),
        None => "an unknown number of messages".into(),
    };
    match kind {
        Kind::DeadLetterQueue => messages(&actual.dead_letter_queue),
        Kind::OrdersQueue => messages(&actual.orders_queue),
        Kind::Table => match count_rows(session, &names.table).await {
            Ok(rows) if !rows.more => counted(rows.count, "row"),
            Ok(rows) => {
                let items = actual.table.get().map_or(0, |table| table.items);
                format!(
                    "more than {} rows ({items} by DynamoDB's own count, up to six hours old)",
                    rows.count
                )
            }
            Err(error) => format!("rows that could not be counted ({error})"),
        },
    }
}
