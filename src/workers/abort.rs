//! `abort.json`: a rule that ends the sending was surely broken, as one worker saw. All of them stop for it, and report the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};

use super::RunAt;
use super::agree::{read_json, unreached};
use crate::drive::StopSignal;
use crate::error::Error;
use crate::load::Shard;
use crate::results::{Aborted, to_json};
use crate::scenario::Scenario;

/// The name of the mark.
pub(super) const ABORT: &str = "abort.json";

/// Which rule was broken, and who saw it first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    worker: u32,
    aborted: Aborted,
}

/// Whether a rule of `scenario` may end the sending.
pub(super) fn may_end(scenario: &Scenario) -> bool {
    scenario.expect.rules.iter().any(|rule| rule.abort)
}

/// Tells the others that worker `shard` has stopped for `aborted`; says what all of them stop for, which another may have told
/// first.
///
/// # Errors
/// When the place cannot be read or written.
pub(super) fn tell(place: &dyn RunAt, shard: Shard, aborted: Aborted) -> Result<Aborted, Error> {
    let mark = Mark {
        worker: shard.index(),
        aborted,
    };
    let made = place.create_if_absent(ABORT, &to_json(&mark));
    let first = match made.map_err(|error| unreached(place, ABORT, &error))? {
        true => None,
        false => read_json::<Mark>(place, ABORT)?,
    };
    Ok(first.unwrap_or(mark).aborted)
}

/// Looks for the mark until it is ended.
pub(super) struct AbortPost {
    done: Arc<AtomicBool>,
    thread: JoinHandle<Option<Aborted>>,
}

impl AbortPost {
    /// Raises `stop` once the mark is at `place`.
    ///
    /// # Errors
    /// When the machine gives no thread.
    pub(super) fn start(place: Box<dyn RunAt + Send>, stop: StopSignal) -> Result<Self, Error> {
        let done = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&done);
        let thread = std::thread::Builder::new().name("abort post".into());
        let thread = thread.spawn(move || {
            loop {
                // A place that cannot be reached for a while says nothing.
                let mark = read_json::<Mark>(&*place, ABORT).inspect_err(
                    |error| tracing::debug!(%error, "whether a rule is broken is not known"),
                );
                if let Ok(Some(mark)) = mark {
                    stop.stop();
                    return Some(mark.aborted);
                }
                if ended.load(Ordering::Acquire) {
                    return None;
                }
                std::thread::park_timeout(place.look_every());
            }
        });
        Ok(Self {
            done,
            thread: thread.map_err(Error::internal)?,
        })
    }

    /// Ends it, with the mark if there is one.
    pub(super) fn end(self) -> Option<Aborted> {
        self.done.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::workers::Folder;

    fn aborted(rule: &str, seconds: u64) -> Aborted {
        Aborted {
            rule: rule.into(),
            at: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn all_stop_for_the_rule_that_was_told_first_and_for_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        let worker = |index| Shard::new(index, 3).expect("a worker");
        let post = |stop: &StopSignal| {
            AbortPost::start(Box::new(place.clone()), stop.clone()).expect("a thread")
        };
        let stop = StopSignal::new();
        let waits = post(&stop);
        std::thread::sleep(place.look_every() * 2);
        assert!(!stop.is_stopped(), "nobody has told anything");
        let told = tell(&place, worker(1), aborted("dead_letters < 3", 2));
        let first = told.expect("told");
        let began = Instant::now();
        while !stop.is_stopped() {
            assert!(began.elapsed() < Duration::from_secs(20), "it looks");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(waits.end(), Some(first.clone()));
        let second = tell(&place, worker(2), aborted("rejected < 1", 3));
        assert_eq!(second.expect("told"), first);
        // Who comes to its end sees what was told shortly before.
        assert_eq!(post(&StopSignal::new()).end(), Some(first));
        place.remove(ABORT).expect("removed");
        let stop = StopSignal::new();
        assert_eq!(post(&stop).end(), None);
        assert!(!stop.is_stopped());
    }
}
