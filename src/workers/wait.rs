//! Waiting for the workers of a run before they are merged.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Folder;
use super::refusal::Lookout;
use crate::clock;
use crate::error::Error;
use crate::folder::{read_plan, read_within};
use crate::results::{AgreedStart, PlanFile, file_name};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The largest file of a start.
const SMALL: u64 = 1 << 20;

/// Waits until every worker of the run in `dir` has left its manifest, or none can be sending any more. `to_meet` is how
/// long they may take to agree on a start.
///
/// # Errors
/// A usage error when they have not agreed by then; [`Error::Refused`] when worker 0 was. What is damaged is left to the merge.
pub fn wait_for_workers(dir: &Path, to_meet: Duration) -> Result<(), Error> {
    let begun = Instant::now();
    let mut lookout = Lookout::default();
    loop {
        if dir.is_dir() && !dir.join(file_name::PLAN).exists() {
            lookout.look(&Folder::open(dir).map_err(Error::usage)?)?;
        }
        match state(dir) {
            State::Done => return Ok(()),
            State::Apart if begun.elapsed() >= to_meet => {
                return Err(Error::usage(format!(
                    "{}: the workers have not met within {to_meet:?}, and nothing was sent: look at their logs",
                    dir.display()
                )));
            }
            State::Apart | State::Sending => std::thread::sleep(LOOK_EVERY),
        }
    }
}

/// How far the workers are.
enum State {
    /// They have not agreed on a start.
    Apart,
    /// One of them may be sending.
    Sending,
    /// There is nothing to wait for.
    Done,
}

fn state(dir: &Path) -> State {
    let path = dir.join(file_name::PLAN);
    if !path.exists() {
        return State::Apart;
    }
    let Ok(plan) = read_plan(&path) else {
        return State::Done;
    };
    let start: AgreedStart = match read_within(&dir.join(file_name::GO), SMALL) {
        Err(error) if error.kind() == ErrorKind::NotFound => return State::Apart,
        Err(_) => return State::Done,
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(start) => start,
            Err(_) => return State::Done,
        },
    };
    let Some(started_at) = start.start() else {
        return State::Done;
    };
    let workers = plan.first_shard().map_or(0, |shard| shard.of());
    let left = |worker: &u32| {
        let name = file_name::of_shard(*worker, file_name::MANIFEST);
        dir.join(name).exists()
    };
    let since = clock::wall().duration_since(started_at);
    let over = since.is_ok_and(|since| since >= longest(&plan));
    match over || (0..workers).all(|worker| left(&worker)) {
        true => State::Done,
        false => State::Sending,
    }
}

/// From the start to when no worker can be sending any more.
pub(super) fn longest(plan: &PlanFile) -> Duration {
    let scenario = &plan.scenario;
    let duration = scenario.schedule().profile().duration();
    duration + scenario.sending.linger + scenario.settle_deadline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_that_do_not_meet_are_not_waited_for_longer() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = wait_for_workers(folder.path(), Duration::ZERO).unwrap_err();
        assert_eq!(error.exit().code(), 2);
        assert!(error.to_string().contains("have not met"), "{error}");
    }

    #[test]
    fn what_is_damaged_is_left_to_the_merge() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(file_name::PLAN), "{").expect("written");
        wait_for_workers(folder.path(), Duration::ZERO).expect("nothing to wait for");
    }
}
