//! `refused/I`: worker I was refused by preflight or the guard, and says why, so that nobody waits for it.
//!
//! A mark counts only while there is no start, and once it has stood for a while: a second process of the worker may be
//! refused because the first is at work, which takes the mark away, as does one that is started again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::RunAt;
use super::agree::{read, read_json, unreached};
use crate::error::Error;
use crate::load::Shard;
use crate::results::{file_name, to_json};

/// The folder of the marks.
const REFUSED: &str = "refused";
/// How long a mark must stand before it is believed.
const STANDS: Duration = Duration::from_secs(5);
/// The same of a mark that was there before: its worker may be about to be started again, too.
const STANDS_OLD: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    why: String,
}

fn mark_name(index: u32) -> String {
    format!("{REFUSED}/{index}")
}

/// Says for the others why worker `shard` ends, if it was refused before there was a start.
pub(super) fn leave(place: &dyn RunAt, shard: Shard, error: &Error) {
    let Error::Refused(why) = error else {
        return;
    };
    // Others have said it, and this worker ends for it.
    if why.starts_with(OF_WORKER) || !matches!(read(place, file_name::GO), Ok(None)) {
        return;
    }
    let mark = Refused { why: why.clone() };
    if let Err(error) = place.replace(&mark_name(shard.index()), &to_json(&mark)) {
        tracing::debug!(%error, "the others are not told");
    }
}

/// Takes the mark of an earlier process of this worker away.
///
/// # Errors
/// When the place cannot be written.
pub(super) fn withdraw(place: &dyn RunAt, shard: Shard) -> Result<(), Error> {
    let name = mark_name(shard.index());
    let removed = place.remove(&name);
    removed.map_err(|error| unreached(place, &name, &error))
}

/// Looks for marks while there is no start.
#[derive(Default)]
pub(super) struct Lookout {
    looked: bool,
    /// Since when each worker's mark stands, and how long it must.
    seen: BTreeMap<String, (Instant, Duration)>,
}

impl Lookout {
    /// Looks once. The mark of the worker that looks, `own`, is another process's, and is taken away: this one is there.
    ///
    /// # Errors
    /// [`Error::Refused`] once a mark has stood for long enough.
    pub(super) fn look(&mut self, place: &dyn RunAt, own: Option<Shard>) -> Result<(), Error> {
        let must_stand = match self.looked {
            true => STANDS,
            false => STANDS_OLD,
        };
        self.looked = true;
        let mut marks = listed(place)?;
        if let Some(own) = own
            && marks.contains(&own.index().to_string())
        {
            withdraw(place, own)?;
            marks.retain(|index| *index != own.index().to_string());
        }
        self.seen.retain(|index, _| marks.contains(index));
        for index in marks {
            let seen = self.seen.entry(index.clone());
            let (since, must_stand) = *seen.or_insert((Instant::now(), must_stand));
            if since.elapsed() < must_stand {
                continue;
            }
            if let Some(mark) = read_json(place, &format!("{REFUSED}/{index}"))? {
                return Err(refused(&index, &mark));
            }
        }
        Ok(())
    }
}

/// What an error begins with that tells of the refusal of a worker.
const OF_WORKER: &str = "worker ";

fn refused(index: &str, mark: &Refused) -> Error {
    Error::refused(format!(
        "{OF_WORKER}{index} was refused, and nothing was sent by any worker: {}",
        mark.why
    ))
}

/// The workers of which there are marks.
fn listed(place: &dyn RunAt) -> Result<Vec<String>, Error> {
    let mut marks = place
        .list(REFUSED)
        .map_err(|error| unreached(place, REFUSED, &error))?;
    marks.retain(|name| name.parse::<u32>().is_ok());
    marks.sort_unstable();
    Ok(marks)
}

/// Whether the run that meets at `place` began, as far as marks say.
///
/// # Errors
/// [`Error::Refused`] with the reason when a worker was refused before there was a start.
pub fn not_refused(place: &dyn RunAt) -> Result<(), Error> {
    if read(place, file_name::GO)?.is_some() {
        return Ok(());
    }
    for index in listed(place)? {
        if let Some(mark) = read_json(place, &format!("{REFUSED}/{index}"))? {
            return Err(refused(&index, &mark));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::Folder;

    fn worker(index: u32) -> Shard {
        Shard::new(index, 4).expect("a worker")
    }

    fn stands(lookout: &mut Lookout) {
        for (_, must_stand) in lookout.seen.values_mut() {
            *must_stand = Duration::ZERO;
        }
    }

    #[test]
    fn a_refusal_counts_while_there_is_no_start_and_once_it_stands() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        let mut lookout = Lookout::default();
        lookout.look(&place, Some(worker(1))).expect("no mark");
        leave(&place, worker(0), &Error::usage("the scenario is wrong"));
        not_refused(&place).expect("no refusal");
        // The plan of an earlier attempt may be there.
        place.replace(file_name::PLAN, b"{}").expect("written");
        leave(
            &place,
            worker(0),
            &Error::refused("the table holds its orders"),
        );
        let error = not_refused(&place).expect_err("refused");
        assert_eq!(error.exit().code(), 6);
        assert!(error.to_string().contains("holds its orders"), "{error}");
        let look = lookout.look(&place, Some(worker(1)));
        look.expect("it may be withdrawn");
        stands(&mut lookout);
        let error = lookout
            .look(&place, Some(worker(1)))
            .expect_err("it stands");
        // Who ends for another's refusal leaves no mark of its own.
        leave(&place, worker(1), &error);
        assert_eq!(listed(&place).expect("told"), ["0"]);
        withdraw(&place, worker(0)).expect("removed");
        let look = lookout.look(&place, Some(worker(1)));
        look.expect("worker 0 was started again");
        // Once there is a start nobody is stopped by a late process.
        place.replace(file_name::GO, b"{}").expect("written");
        leave(&place, worker(0), &Error::refused("another run is at work"));
        assert_eq!(listed(&place).expect("told"), [""; 0]);
    }

    #[test]
    fn the_mark_of_a_second_process_is_taken_away_by_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        let second = Error::refused("another run is at work");
        leave(&place, worker(2), &second);
        let mut others = Lookout::default();
        others.look(&place, Some(worker(3))).expect("seen");
        let first = Lookout::default().look(&place, Some(worker(2)));
        first.expect("its own is not a refusal");
        stands(&mut others);
        others.look(&place, Some(worker(3))).expect("it is gone");
        leave(&place, worker(2), &second);
        assert!(not_refused(&place).is_err(), "nobody has taken it away");
    }
}
