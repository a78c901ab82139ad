//! Counts what becomes of environments.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::{CommandError, EnvironmentFigures};
use crate::words::reason;

/// No process of the function ever asked for an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeverStarted {
    /// Processes started.
    pub starts: u64,
    /// Those that have failed; the others had not asked yet.
    pub failed: u64,
    /// How the last of these failed; absent when none had.
    pub reason: Option<String>,
    /// The file in the folder of the logs that holds its output.
    pub log: Option<String>,
    /// The last lines it wrote.
    pub last_lines: Vec<String>,
    /// So many starts in a row have failed, and none has ever succeeded, that none will.
    pub given_up: bool,
}

/// The figures of one function, shared by all who add to them.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures(Arc<Mutex<Counted>>);

/// What is kept of a start that has failed.
#[derive(Debug)]
struct FailedStart {
    reason: String,
    log: Option<String>,
    last_lines: Vec<String>,
}

#[derive(Debug, Default)]
struct Counted {
    figures: EnvironmentFigures,
    alive: u64,
    /// The last start that has failed, as long as none has succeeded.
    failed: Option<FailedStart>,
    given_up: bool,
}

impl Figures {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read(&self) -> EnvironmentFigures {
        self.lock().figures
    }

    pub(super) fn add(&self, count: impl FnOnce(&mut EnvironmentFigures)) {
        count(&mut self.lock().figures);
    }

    /// A start has failed for this reason; its process wrote these last lines to this file.
    pub(super) fn start_failed(
        &self,
        error: &CommandError,
        last_lines: Vec<String>,
        log: Option<String>,
    ) {
        let mut counted = self.lock();
        counted.figures.failed_inits += 1;
        if counted.figures.cold_starts == 0 {
            counted.failed = Some(FailedStart {
                reason: reason(&error.to_string()),
                log,
                last_lines,
            });
        }
    }

    /// So many starts have failed, and none has succeeded, that none will.
    pub(super) fn give_up(&self) {
        self.lock().given_up = true;
    }

    /// That no process has ever asked for an invocation, once one has been started.
    pub(super) fn never_started(&self) -> Option<NeverStarted> {
        let counted = self.lock();
        let figures = &counted.figures;
        if figures.cold_starts > 0 || figures.started + figures.failed_inits == 0 {
            return None;
        }
        let failed = counted.failed.as_ref();
        Some(NeverStarted {
            starts: figures.started.max(figures.failed_inits),
            failed: figures.failed_inits,
            reason: failed.map(|failed| failed.reason.clone()),
            log: failed.and_then(|failed| failed.log.clone()),
            last_lines: failed.map_or_else(Vec::new, |failed| failed.last_lines.clone()),
            given_up: counted.given_up,
        })
    }

    /// A process has been started; it is alive as long as what is returned.
    pub(super) fn started(&self) -> Alive {
        let mut counted = self.lock();
        counted.alive += 1;
        let alive = counted.alive;
        counted.figures.started += 1;
        counted.figures.most_at_one_time = counted.figures.most_at_one_time.max(alive);
        Alive(self.clone())
    }
}

/// A process that is alive.
#[derive(Debug)]
pub(super) struct Alive(Figures);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.lock().alive -= 1;
    }
}
