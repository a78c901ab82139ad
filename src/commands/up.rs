//! `orderproof up`: create what is not there, and change nothing that is.

use super::place::{block_on, confirm_at, open, place_lines, scenario_in};
use super::{Error, Output};
use crate::account::{
    AccountError, CREATED_BY_TAG, CREATED_BY_VALUE, Kind, Standing, Survey, Wanted, create,
    until_active,
};
use crate::cli::{PlaceArgs, UpArgs};
use crate::exit::Exit;
use crate::preflight::{ALLOWED_TAG, ALLOWED_VALUE};
use crate::scenario::{AwsTarget, ProcessorPlace, Resources};
use crate::store::Session;

/// Creates queues and table with the scenario's settings, as far as they are not there.
pub fn up(args: &UpArgs, output: &Output) -> Result<Exit, Error> {
    let (scenario, target) = scenario_in(&args.place)?;
    let wanted = Wanted::of(&scenario.pipeline, &target.resources)
        .map_err(|problems| Error::usage(problems.join("\n  ")))?;
    block_on(raise(&args.place, &target, &wanted, output))
}

async fn raise(
    args: &PlaceArgs,
    target: &AwsTarget,
    wanted: &Wanted,
    output: &Output,
) -> Result<Exit, Error> {
    let names = &target.resources;
    let session = open(target).await?;
    let survey = Survey::read(&session, names).await;
    let missing = missing(&survey, wanted, names)?;
    if !missing.is_empty() {
        let lines = missing.iter().map(|kind| {
            format!(
                "create    {} {}: {}",
                kind.word(),
                kind.name(names),
                settings(*kind, wanted)
            )
        });
        confirm_at(&survey, &lines.collect::<Vec<_>>(), args.yes, output)?;
    }
    for kind in Kind::ALL {
        let done = match missing.contains(&kind) {
            true => {
                create(&session, kind, wanted, &mut |line| output.note(&line))
                    .await
                    .map_err(unfinished)?;
                "created         "
            }
            false => "is there already",
        };
        let (word, name) = (kind.word(), kind.name(names));
        output.print(&format!(
            "{done}  {word} {name}: {}\n",
            settings(kind, wanted)
        ));
    }
    until_usable(&session, &survey, wanted, names, output).await?;
    output.print(&told(args, target, &survey));
    Ok(Exit::Success)
}

fn unfinished(error: AccountError) -> Error {
    Error::internal(format!(
        "{error}; what was created stays: the same command goes on from there, `orderproof down` takes it back"
    ))
}

/// What is to be created; an error if anything that is there is not what is wanted.
fn missing(survey: &Survey, wanted: &Wanted, names: &Resources) -> Result<Vec<Kind>, Error> {
    let mut missing = Vec::new();
    let mut problems = Vec::new();
    for kind in Kind::ALL {
        let what = format!("{} {}", kind.word(), kind.name(names));
        match survey.standing(kind, wanted) {
            Standing::AsWanted => {}
            Standing::Absent => missing.push(kind),
            Standing::Differs(differences) => {
                problems.push(format!("{what} is there with other settings: {}", differences.join("; ")));
            }
            Standing::Foreign => problems.push(format!(
                "{what} is there and was not created by `up` (no tag {CREATED_BY_TAG}={CREATED_BY_VALUE}): it is left \
                 alone"
            )),
            Standing::Unknown(why) => problems.push(format!("{what} could not be read: {why}")),
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

fn settings(kind: Kind, wanted: &Wanted) -> String {
    match kind {
        Kind::DeadLetterQueue => wanted.dead_letter_queue.to_string(),
        Kind::OrdersQueue => wanted.orders_queue.to_string(),
        Kind::Table => wanted.table.to_string(),
    }
}

/// Reads all of it again until it is as wanted: what was created is not seen everywhere at once.
async fn until_usable(
    session: &Session,
    before: &Survey,
    wanted: &Wanted,
    names: &Resources,
    output: &Output,
) -> Result<(), Error> {
    const TRIES: u32 = 30;
    let tell = &mut |line: String| output.note(&line);
    until_active(session, &names.table, tell)
        .await
        .map_err(unfinished)?;
    let mut seen = Vec::new();
    for tried in 0..TRIES {
        if tried > 0 {
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
        let survey = before.again(session, names).await;
        let standings = Kind::ALL.map(|kind| (kind, survey.standing(kind, wanted)));
        seen = standings
            .into_iter()
            .filter(|(_, standing)| *standing != Standing::AsWanted)
            .collect();
        if seen.is_empty() {
            return Ok(());
        }
        // What cannot be read three times, such as tags without permission, will not be read the fourth time.
        let unread = |(_, standing): &(Kind, Standing)| matches!(standing, Standing::Unknown(_));
        if tried >= 2 && seen.iter().all(unread) {
            break;
        }
    }
    let seen: Vec<_> = seen
        .iter()
        .map(|(kind, standing)| format!("{} {}: {standing:?}", kind.word(), kind.name(names)))
        .collect();
    Err(Error::internal(format!(
        "it is not seen as it was asked for: {}; repeat, or look at it in the console",
        seen.join("; ")
    )))
}

/// Where it is and what comes next.
fn told(args: &PlaceArgs, target: &AwsTarget, survey: &Survey) -> String {
    let mut lines = place_lines(survey);
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
        next.push_str(&format!(" --{} {}", key.replace('_', "-"), quoted(&value)));
    }
    for set in &args.set {
        next.push_str(&format!(" --set {}", quoted(set)));
    }
    lines.push(format!("next      {next}"));
    lines.join("\n") + "\n"
}

/// As a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
