//! Waiting for the workers of a run before they are merged.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use super::RunAt;
use super::agree::unreached;
use super::copying::copy_on;
use super::refusal::Lookout;
use crate::clock;
use crate::error::Error;
use crate::results::{AgreedStart, PlanFile, file_name, parse_plan};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a place that cannot be reached is asked again.
const UNREACHED_MAX: Duration = Duration::from_secs(60);

/// Waits until every worker of the run that meets at `place` has left its manifest, or none can be sending or copying any more.
/// `to_meet` is how long they may take to agree on a start.
///
/// # Errors
/// A usage error when they have not agreed by then; [`Error::Refused`] when one of them was; when the place cannot be reached
/// for a minute. What is damaged is left to the merge.
pub fn wait_for_workers(place: &dyn RunAt, to_meet: Duration) -> Result<(), Error> {
    let begun = Instant::now();
    let mut lookout = Lookout::default();
    let mut met = Met::default();
    let mut reached = Instant::now();
    loop {
        let state = met.look(place);
        match state {
            Ok(State::Done) => return Ok(()),
            Ok(State::Apart) if begun.elapsed() >= to_meet => {
                return Err(Error::usage(format!(
                    "{}: the workers have not met within {to_meet:?}, and nothing was sent: look at their logs",
                    place.shown(file_name::GO)
                )));
            }
            Ok(State::Apart) => match lookout.look(place, None) {
                Ok(()) => {}
                Err(Error::Internal(_)) if reached.elapsed() < UNREACHED_MAX => {
                    std::thread::sleep(LOOK_EVERY);
                    continue;
                }
                Err(error) => return Err(error),
            },
            Ok(State::Sending) => {}
            Err(error) if reached.elapsed() >= UNREACHED_MAX => {
                return Err(unreached(place, file_name::PLAN, &error));
            }
            Err(_) => {
                std::thread::sleep(LOOK_EVERY);
                continue;
            }
        }
        reached = Instant::now();
        std::thread::sleep(LOOK_EVERY);
    }
}

/// How far the workers are.
#[derive(Debug, PartialEq, Eq)]
enum State {
    /// They have not agreed on a start.
    Apart,
    /// One of them may be sending, or copying what it has sent.
    Sending,
    /// There is nothing to wait for.
    Done,
}

/// What was read of plan and start, which do not change once they are there.
#[derive(Default)]
struct Met {
    plan: Option<PlanFile>,
    started_at: Option<SystemTime>,
}

impl Met {
    fn look(&mut self, place: &dyn RunAt) -> io::Result<State> {
        if self.plan.is_none() {
            let Some(bytes) = place.read(file_name::PLAN)? else {
                return Ok(State::Apart);
            };
            let shown = place.shown(file_name::PLAN);
            match parse_plan(&bytes, shown.as_ref()) {
                Ok(plan) => self.plan = Some(plan),
                Err(_) => return Ok(State::Done),
            }
        }
        if self.started_at.is_none() {
            let Some(bytes) = place.read(file_name::GO)? else {
                return Ok(State::Apart);
            };
            let start: Option<AgreedStart> = serde_json::from_slice(&bytes).ok();
            match start.and_then(|start| start.start()) {
                Some(at) => self.started_at = Some(at),
                None => return Ok(State::Done),
            }
        }
        let (Some(plan), Some(started_at)) = (&self.plan, self.started_at) else {
            return Ok(State::Apart);
        };
        let workers = plan.first_shard().map_or(0, |shard| shard.of());
        let since = clock::wall().duration_since(started_at);
        if since.is_ok_and(|since| since >= longest(plan)) {
            // Nobody sends any more, and who has sent may still be copying it here.
            return Ok(match copy_on(place, workers)? {
                Some(_) => State::Sending,
                None => State::Done,
            });
        }
        let left = place.list(file_name::SHARDS)?;
        let whole = |worker: u32| left.contains(&format!("{worker}/{}", file_name::MANIFEST));
        match (0..workers).all(whole) {
            true => Ok(State::Done),
            false => Ok(State::Sending),
        }
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
    use crate::order::RunId;
    use crate::run::{Run, plan_file};
    use crate::scenario::Scenario;
    use crate::workers::Folder;
    use crate::workers::copying::{copying_name, mark};

    #[test]
    fn workers_that_do_not_meet_are_not_waited_for_longer() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::at(folder.path());
        let error = wait_for_workers(&place, Duration::ZERO).unwrap_err();
        assert_eq!(error.exit().code(), 2);
        assert!(error.to_string().contains("have not met"), "{error}");
    }

    fn plan_of_two() -> PlanFile {
        let scenario = Scenario::steady("checkout", 20.0, Duration::from_secs(1));
        let run = Run::new(scenario).run_id(RunId::new(7).expect("in range"));
        PlanFile {
            workers: Some(2),
            ..plan_file(&run)
        }
    }

    #[test]
    fn who_copies_what_it_has_sent_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        let mut met = Met {
            plan: Some(plan_of_two()),
            started_at: Some(SystemTime::UNIX_EPOCH),
        };
        assert_eq!(met.look(&place).expect("told"), State::Done);
        let minute = mark(Duration::from_secs(60));
        place.replace(&copying_name(1), &minute).expect("written");
        assert_eq!(met.look(&place).expect("told"), State::Sending);
        let manifest = file_name::of_shard(1, file_name::MANIFEST);
        place.replace(&manifest, b"{}").expect("written");
        assert_eq!(met.look(&place).expect("told"), State::Done);
    }

    #[test]
    fn what_is_damaged_is_left_to_the_merge() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(file_name::PLAN), "{").expect("written");
        let place = Folder::at(folder.path());
        wait_for_workers(&place, Duration::ZERO).expect("nothing to wait for");
    }
}
