//! What all workers of a run must agree on: the plan, its number of workers, and the start.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RunAt;
use crate::error::Error;
use crate::load::Shard;
use crate::order::RunId;
use crate::results::{PlanFile, file_name, to_json};
use crate::scenario::{self, Scenario};

/// `ready/i`: worker `i` has the plan and would send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ready {
    pub(super) shard: Shard,
    pub(super) plan_digest: String,
}

/// `shard-i-of-N`: a worker has claimed this shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Claimed {
    pub(super) shard: Shard,
    pub(super) claimed_at: String,
}

/// The file of a claim.
pub(super) fn claim_name(shard: Shard) -> String {
    format!("shard-{}-of-{}", shard.index(), shard.of())
}

/// The file that says that a worker is ready.
pub(super) fn ready_name(index: u32) -> String {
    format!("ready/{index}")
}

/// Reads a file of JSON of the place; `None` when it is not there.
pub(super) fn read_json<T: serde::de::DeserializeOwned>(
    place: &dyn RunAt,
    name: &str,
) -> Result<Option<T>, Error> {
    let wrong = |why: String| {
        Error::usage(format!(
            "{}: {why}; start the run anew, in another folder (--run-at)",
            place.shown(name)
        ))
    };
    let Some(bytes) = read(place, name)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| wrong(error.to_string()))
}

/// Reads a file of the place; `None` when it is not there.
pub(super) fn read(place: &dyn RunAt, name: &str) -> Result<Option<Vec<u8>>, Error> {
    place
        .read(name)
        .map_err(|error| unreached(place, name, &error))
}

/// The place cannot be read or written.
pub(super) fn unreached(place: &dyn RunAt, name: &str, error: &std::io::Error) -> Error {
    Error::internal(format!(
        "{}: {error}; workers meet where all of them, and the merge, can read and write (--run-at)",
        place.shown(name)
    ))
}

/// Whether the plan that is there is that of this worker's scenario, number of workers, and run id if it was `asked` for.
///
/// # Errors
/// A usage error that says what differs.
pub(super) fn same_plan(
    place: &dyn RunAt,
    plan: &PlanFile,
    own: &Scenario,
    shard: Shard,
    asked: Option<RunId>,
) -> Result<(), Error> {
    let shown = place.shown(file_name::PLAN);
    if let Some(asked) = asked.filter(|asked| *asked != plan.run_id) {
        return Err(Error::usage(format!(
            "{shown}: the run there has the id {}, and worker {shard} was given --run-id {asked}: give all workers the \
             same, or another folder (--run-at)",
            plan.run_id
        )));
    }
    if plan.workers != Some(shard.of()) {
        let others = match plan.workers {
            Some(workers) => format!("{workers} workers"),
            None => "one process".into(),
        };
        return Err(Error::usage(format!(
            "{shown}: the run there is one of {others}, and this is worker {shard}: give all workers the same number, or \
             another folder (--run-at)"
        )));
    }
    if scenario::digest(&plan.scenario) == scenario::digest(own) {
        return Ok(());
    }
    let mut differences = Vec::new();
    differ("", &value(&plan.scenario), &value(own), &mut differences);
    const QUOTED: usize = 5;
    let more = match differences.len().saturating_sub(QUOTED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    differences.truncate(QUOTED);
    Err(Error::usage(format!(
        "{shown}: worker 0 sends another scenario than worker {shard}: {}{more}; give all workers the same file and options",
        differences.join("; ")
    )))
}

fn value(scenario: &Scenario) -> serde_json::Value {
    serde_json::from_slice(&to_json(scenario)).unwrap_or_default()
}

/// Each value that differs, with its key.
fn differ(key: &str, theirs: &serde_json::Value, own: &serde_json::Value, found: &mut Vec<String>) {
    use serde_json::Value;
    match (theirs, own) {
        (Value::Object(theirs), Value::Object(own)) => {
            let mut names: Vec<&String> = theirs.keys().chain(own.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let within = match key {
                    "" => name.clone(),
                    key => format!("{key}.{name}"),
                };
                let at = |object: &serde_json::Map<String, Value>| {
                    object.get(name).cloned().unwrap_or_default()
                };
                differ(&within, &at(theirs), &at(own), found);
            }
        }
        (Value::Array(theirs), Value::Array(own)) if theirs.len() == own.len() => {
            for (index, (theirs, own)) in theirs.iter().zip(own).enumerate() {
                differ(&format!("{key}[{index}]"), theirs, own, found);
            }
        }
        (theirs, own) if theirs == own => {}
        (theirs, own) => found.push(format!(
            "{key} is {} there, {} here",
            short(theirs),
            short(own)
        )),
    }
}

fn short(value: &serde_json::Value) -> String {
    const LETTERS: usize = 60;
    let text = value.to_string();
    match text.chars().count() > LETTERS {
        true => text.chars().take(LETTERS).chain("...".chars()).collect(),
        false => text,
    }
}

/// A time as it is agreed on, to the nanosecond.
pub(super) fn written(time: SystemTime) -> Result<String, Error> {
    let time = Timestamp::try_from(time).map_err(Error::internal)?;
    Ok(time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_two_scenarios_is_named_by_its_key() {
        let one = Scenario::steady("checkout", 20.0, std::time::Duration::from_secs(1));
        let mut other = one.clone();
        other.seed += 1;
        other.sending.batch = 3;
        let mut found = Vec::new();
        differ("", &value(&one), &value(&other), &mut found);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found.iter().any(|told| told.starts_with("seed is ")),
            "{found:?}"
        );
        assert!(
            found
                .iter()
                .any(|told| told.starts_with("sending.batch is ")),
            "{found:?}"
        );
        found.clear();
        differ("", &value(&one), &value(&one), &mut found);
        assert!(found.is_empty());
    }
}
