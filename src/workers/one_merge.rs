//! `merge-lock/N`: which merge is at work where workers met at S3, where nothing can be locked. A lock of a folder ends with its
//! process; this one ends when it has not been renewed for a while, so that a merge that was killed blocks nobody for longer.
//!
//! Each claim has a number of its own, one more than the newest, and is created if it is not there: of two who take over one
//! does. The one before it sees the newer claim, or that it could not renew its own in time, before it writes anything.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::RunAt;
use super::agree::unreached;
use crate::clock;
use crate::error::Error;
use crate::results::to_json;

/// The folder of the claims.
pub(super) const CLAIMS: &str = "merge-lock";
/// How often somebody else may be quicker before it is given up.
const ROUNDS: u32 = 5;

/// How a claim ages.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// Between two renewals.
    pub renewed: Duration,
    /// A claim that nobody renews for as long is nobody's.
    pub lease: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            renewed: Duration::from_secs(10),
            lease: Duration::from_secs(60),
        }
    }
}

impl Times {
    /// Who could not renew its claim for as long must not rely on it: others may be about to take over.
    fn relied_on(self) -> Duration {
        self.lease * 3 / 4
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    holder: String,
    renewals: u64,
    ended: bool,
}

fn name_of(number: u64) -> String {
    format!("{CLAIMS}/{number}")
}

/// The number of the newest claim; 0 when there is none.
fn newest(place: &dyn RunAt) -> io::Result<u64> {
    let names = place.list(CLAIMS)?;
    let numbers = names.iter().filter_map(|name| name.parse().ok());
    Ok(numbers.max().unwrap_or(0))
}

/// The claim of this process on a merge. It is renewed until it is dropped.
pub struct OneMerge {
    number: u64,
    times: Times,
    renewed: Arc<Mutex<Renewed>>,
    /// Dropped at the end.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// When the claim was renewed the last time, on two clocks: one of them stands still while a machine sleeps.
#[derive(Debug, Clone, Copy)]
struct Renewed {
    at: Instant,
    wall: SystemTime,
    is_lost: bool,
}

impl Renewed {
    fn now() -> Self {
        Self {
            at: Instant::now(),
            wall: clock::wall(),
            is_lost: false,
        }
    }

    fn age(self) -> Duration {
        let by_wall = clock::wall().duration_since(self.wall);
        self.at.elapsed().max(by_wall.unwrap_or_default())
    }
}

impl OneMerge {
    /// Claims the merge at `place`, which `beside` reaches, too. What another has claimed is looked at until its lease is over:
    /// `told` hears of that.
    ///
    /// # Errors
    /// [`Error::Refused`] when another merge is at work there; when the place cannot be read or written.
    pub fn claim(
        place: &dyn RunAt,
        beside: Box<dyn RunAt + Send>,
        times: Times,
        told: &dyn Fn(&str),
    ) -> Result<Self, Error> {
        let claim = Claim {
            holder: Uuid::new_v4().to_string(),
            renewals: 0,
            ended: false,
        };
        let failed = |error: io::Error| unreached(place, CLAIMS, &error);
        for _ in 0..ROUNDS {
            let before = newest(place).map_err(failed)?;
            if before > 0 {
                ended(place, before, times, told)?;
            }
            let number = before + 1;
            let renewed = Renewed::now();
            let made = place.create_if_absent(&name_of(number), &to_json(&claim));
            if made.map_err(failed)? {
                return Self::renewed(beside, (number, claim), times, renewed);
            }
        }
        Err(at_work(place))
    }

    fn renewed(
        place: Box<dyn RunAt + Send>,
        (number, claim): (u64, Claim),
        times: Times,
        renewed: Renewed,
    ) -> Result<Self, Error> {
        let renewed = Arc::new(Mutex::new(renewed));
        let (stop, stopped) = channel::<()>();
        let state = Arc::clone(&renewed);
        let thread = std::thread::Builder::new().name("claim".into());
        let thread = thread.spawn(move || {
            let mut claim = claim;
            loop {
                let at_end = match stopped.recv_timeout(times.renewed) {
                    Err(RecvTimeoutError::Timeout) => false,
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => true,
                };
                claim.renewals += 1;
                claim.ended = at_end;
                let now = Renewed::now();
                let is_newest = newest(&*place).map(|newest| newest == number);
                // Another has taken over, or will have before this is written.
                let mut last = state.lock().unwrap_or_else(PoisonError::into_inner);
                last.is_lost |= is_newest.as_ref().is_ok_and(|is_newest| !is_newest)
                    || last.age() >= times.relied_on();
                let is_lost = last.is_lost;
                drop(last);
                if is_lost {
                    return;
                }
                match is_newest.and_then(|_| place.replace(&name_of(number), &to_json(&claim))) {
                    Ok(()) => *state.lock().unwrap_or_else(PoisonError::into_inner) = now,
                    Err(error) => tracing::warn!(%error, "the merge's claim is not renewed"),
                }
                if at_end {
                    return;
                }
            }
        });
        Ok(Self {
            number,
            times,
            renewed,
            stop: Some(stop),
            thread: Some(thread.map_err(Error::internal)?),
        })
    }

    /// Whether its claim was renewed in time, as far as is known here: before nobody has taken over.
    pub fn is_renewed(&self) -> bool {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        !renewed.is_lost && renewed.age() < self.times.relied_on()
    }

    /// Whether this merge may write to `place`.
    ///
    /// # Errors
    /// When another merge has taken over, or may be about to, since nothing was heard of this one for too long.
    pub fn is_held(&self, place: &dyn RunAt) -> io::Result<()> {
        match self.is_renewed() && newest(place)? == self.number {
            true => Ok(()),
            false => Err(io::Error::other(
                "another merge may have taken over, as this one could not renew its claim in time: its report is the one that \
                 counts there",
            )),
        }
    }
}

impl Drop for OneMerge {
    /// Nobody waits for the lease of a merge that has come to its end.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::warn!("the merge's claim ends with its lease");
        }
    }
}

/// Waits until the claim of this number has ended, or its lease has.
///
/// # Errors
/// [`Error::Refused`] when it is renewed, or there is a newer one; when the place cannot be read.
fn ended(place: &dyn RunAt, number: u64, times: Times, told: &dyn Fn(&str)) -> Result<(), Error> {
    let failed = |error: io::Error| unreached(place, CLAIMS, &error);
    let read = || place.read(&name_of(number)).map_err(failed);
    let has_ended = |bytes: &Option<Vec<u8>>| match bytes {
        None => true,
        Some(bytes) => serde_json::from_slice(bytes).is_ok_and(|claim: Claim| claim.ended),
    };
    let first = read()?;
    if has_ended(&first) {
        return Ok(());
    }
    told(&format!(
        "{}: another merge is at work there, or was killed: looking for {:?} whether it is renewed",
        place.shown(&name_of(number)),
        times.lease
    ));
    let began = Instant::now();
    while began.elapsed() < times.lease {
        std::thread::sleep(times.renewed / 2);
        let now = read()?;
        if has_ended(&now) {
            return Ok(());
        }
        if now != first || newest(place).map_err(failed)? != number {
            return Err(at_work(place));
        }
    }
    Ok(())
}

fn at_work(place: &dyn RunAt) -> Error {
    Error::refused(format!(
        "{}: another merge is at work there: wait until it has ended",
        place.shown("")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::Folder;

    fn times() -> Times {
        Times {
            renewed: Duration::from_millis(200),
            lease: Duration::from_millis(2_000),
        }
    }

    fn claim(place: &Folder) -> Result<OneMerge, Error> {
        OneMerge::claim(place, Box::new(place.clone()), times(), &|_| {})
    }

    /// A claim that nobody renews.
    fn dead(place: &Folder, number: u64) {
        let claim = Claim {
            holder: "killed".into(),
            renewals: 3,
            ended: false,
        };
        let written = place.replace(&name_of(number), &to_json(&claim));
        written.expect("written");
    }

    #[test]
    fn one_merge_is_at_work_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        let first = claim(&place).expect("nobody is there");
        let second = claim(&place).err().expect("it is renewed");
        assert_eq!(second.exit().code(), 6);
        assert!(second.to_string().contains("another merge"), "{second}");
        first.is_held(&place).expect("it is the newest");
        drop(first);
        let began = Instant::now();
        let second = claim(&place).expect("the first has ended");
        assert!(
            began.elapsed() < times().lease,
            "nobody waits for its lease"
        );
        assert_eq!(second.number, 2);
    }

    #[test]
    fn a_merge_that_was_killed_blocks_nobody_for_longer_than_its_lease() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        dead(&place, 4);
        let heard = Mutex::new(Vec::new());
        let told = |line: &str| heard.lock().expect("no panic").push(line.to_owned());
        let took = OneMerge::claim(&place, Box::new(place.clone()), times(), &told);
        let took = took.expect("nobody renews it");
        assert_eq!(took.number, 5);
        let heard = heard.lock().expect("no panic");
        assert!(heard[0].contains("was killed"), "{heard:?}");
        took.is_held(&place).expect("it is the newest");
    }

    #[test]
    fn of_two_who_take_over_one_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        dead(&place, 1);
        let taken = std::thread::scope(|scope| {
            let both = [0; 2].map(|_| scope.spawn(|| claim(&place)));
            both.map(|one| one.join().expect("no panic"))
        });
        let held = taken.iter().filter(|taken| taken.is_ok()).count();
        assert_eq!(held, 1);
    }

    #[test]
    fn who_was_taken_over_from_writes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        let slow = claim(&place).expect("nobody is there");
        dead(&place, 2);
        let error = slow.is_held(&place).expect_err("there is a newer one");
        assert!(error.to_string().contains("taken over"), "{error}");
        drop(slow);
        let unended = place.read(&name_of(2)).expect("read").expect("there");
        assert!(!String::from_utf8_lossy(&unended).contains("true"));
    }

    #[test]
    fn who_could_not_renew_its_claim_in_time_writes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        let claim = claim(&place).expect("nobody is there");
        let mut renewed = claim.renewed.lock().expect("no panic");
        renewed.is_lost = true;
        drop(renewed);
        claim.is_held(&place).expect_err("nobody heard of it");
    }
}
