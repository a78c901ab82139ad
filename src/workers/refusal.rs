//! `refused`: worker 0 was refused by preflight or the guard, and says why, so that the others do not wait for its plan.
//!
//! It counts only while there is no plan, and once it has stood for a while: a second process of worker 0 may be refused
//! because the first is at work, and one that is started again takes the mark of the one before it away.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::agree::{read, read_json, unreached};
use super::{Folder, RunAt};
use crate::error::Error;
use crate::results::{file_name, to_json};

/// The file.
const REFUSED: &str = "refused";
/// How long the mark must stand before it is believed.
const STANDS: Duration = Duration::from_secs(5);
/// The same of a mark that was there before: worker 0 may be about to be started again, too.
const STANDS_OLD: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    why: String,
}

/// Says for the others why worker 0 ends, if it was refused before it wrote a plan.
pub(super) fn leave(place: &dyn RunAt, error: &Error) {
    let Error::Refused(why) = error else {
        return;
    };
    if !matches!(read(place, file_name::PLAN), Ok(None)) {
        return;
    }
    let mark = Refused { why: why.clone() };
    if let Err(error) = place.replace(REFUSED, &to_json(&mark)) {
        tracing::debug!(%error, "the others are not told");
    }
}

/// Takes the mark of a worker 0 before this one away.
///
/// # Errors
/// When the place cannot be written.
pub(super) fn withdraw(place: &dyn RunAt) -> Result<(), Error> {
    let removed = place.remove(REFUSED);
    removed.map_err(|error| unreached(place, REFUSED, &error))
}

/// Looks for the mark while there is no plan.
#[derive(Default)]
pub(super) struct Lookout {
    looked: bool,
    /// Since when a mark stands, and how long it must.
    seen: Option<(Instant, Duration)>,
}

impl Lookout {
    /// # Errors
    /// [`Error::Refused`] once a mark has stood for long enough.
    pub(super) fn look(&mut self, place: &dyn RunAt) -> Result<(), Error> {
        let must_stand = match self.looked {
            true => STANDS,
            false => STANDS_OLD,
        };
        self.looked = true;
        let Some(mark) = read_json::<Refused>(place, REFUSED)? else {
            self.seen = None;
            return Ok(());
        };
        let (since, must_stand) = *self.seen.get_or_insert((Instant::now(), must_stand));
        match since.elapsed() >= must_stand {
            true => Err(refused(&mark)),
            false => Ok(()),
        }
    }
}

fn refused(mark: &Refused) -> Error {
    Error::refused(format!(
        "worker 0 was refused, and nothing was sent by any worker: {}",
        mark.why
    ))
}

/// Whether worker 0 of the run in `dir` began, as far as its mark says.
///
/// # Errors
/// [`Error::Refused`] with its reason when it was refused before there was a plan.
pub fn not_refused(dir: &Path) -> Result<(), Error> {
    if !dir.is_dir() || dir.join(file_name::PLAN).exists() {
        return Ok(());
    }
    let place = Folder::open(dir).map_err(Error::usage)?;
    match read_json(&place, REFUSED)? {
        Some(mark) => Err(refused(&mark)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_while_there_is_no_plan_and_once_it_stands() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        let mut lookout = Lookout::default();
        lookout.look(&place).expect("no mark");
        leave(&place, &Error::usage("the scenario is wrong"));
        not_refused(folder.path()).expect("no refusal");
        leave(&place, &Error::refused("the table holds its orders"));
        let error = not_refused(folder.path()).expect_err("refused");
        assert_eq!(error.exit().code(), 6);
        assert!(error.to_string().contains("holds its orders"), "{error}");
        lookout.look(&place).expect("it may be withdrawn");
        lookout.seen = lookout.seen.map(|(since, _)| (since, Duration::ZERO));
        assert!(lookout.look(&place).is_err(), "it stands");
        withdraw(&place).expect("removed");
        lookout.look(&place).expect("worker 0 was started again");
        // A second process of worker 0 is refused while the first is at work.
        place.replace(file_name::PLAN, b"{}").expect("written");
        leave(&place, &Error::refused("another run is at work"));
        assert_eq!(place.read(REFUSED).expect("read"), None);
    }
}
