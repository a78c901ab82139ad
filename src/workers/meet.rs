//! The barrier: all workers are ready, then the start is fixed, once.

use std::time::{Duration, Instant, SystemTime};

use super::RunAt;
use super::agree::{Ready, read_json, ready_name, unreached, written};
use super::refusal::Lookout;
use crate::clock;
use crate::drive::StopSignal;
use crate::error::Error;
use crate::load::Shard;
use crate::results::{AgreedStart, file_name, to_json};

/// How long workers wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For all of them to be ready, the plan and the start included.
    pub ready: Duration,
    /// From when all are ready to the start: time for every worker to hear of it and to open its connections.
    pub lead: Duration,
}

/// A worker at the barrier.
pub(super) struct Meeting<'a> {
    pub(super) place: &'a dyn RunAt,
    pub(super) shard: Shard,
    pub(super) patience: Patience,
    pub(super) stop: &'a StopSignal,
    /// When it is given up.
    pub(super) until: Instant,
}

impl<'a> Meeting<'a> {
    pub(super) fn new(
        place: &'a dyn RunAt,
        shard: Shard,
        patience: Patience,
        stop: &'a StopSignal,
    ) -> Self {
        Self {
            place,
            shard,
            patience,
            stop,
            until: Instant::now() + patience.ready,
        }
    }

    /// Asks until there is an answer.
    ///
    /// # Errors
    /// [`Error::NotReady`] when it takes too long, saying what `missing` says; [`Error::Refused`] when another worker was;
    /// [`Error::Interrupted`] on ctrl-c.
    pub(super) fn wait<T>(
        &self,
        missing: impl Fn() -> String,
        mut ask: impl FnMut() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let mut lookout = Lookout::default();
        loop {
            if let Some(answer) = ask()? {
                return Ok(answer);
            }
            lookout.look(self.place, Some(self.shard))?;
            if self.stop.is_stopped() {
                return Err(Error::Interrupted(
                    "interrupted before the start: this worker has sent nothing".into(),
                ));
            }
            if Instant::now() >= self.until {
                return Err(Error::NotReady(format!(
                    "nothing was sent by this worker: {} after {:?}; start all workers at about the same time, or wait \
                     longer (--ready-timeout)",
                    missing(),
                    self.patience.ready
                )));
            }
            std::thread::sleep(self.place.look_every());
        }
    }

    /// Says that this worker is ready, and waits for the start.
    ///
    /// # Errors
    /// As [`Meeting::wait`]; then it is not ready any more. [`Error::TooLate`] when the start has passed, and a usage error
    /// when another worker has another plan.
    pub(super) fn start(&self, plan_digest: &str) -> Result<SystemTime, Error> {
        let name = ready_name(self.shard.index());
        let ready = Ready {
            shard: self.shard,
            plan_digest: plan_digest.into(),
        };
        let written = self.place.replace(&name, &to_json(&ready));
        written.map_err(|error| unreached(self.place, &name, &error))?;
        let start = match self.shard.index() {
            0 => self.lead(plan_digest),
            _ => self.follow(),
        };
        let start = start.inspect_err(|_| {
            // Who has left is not waited for.
            if let Err(error) = self.place.remove(&name) {
                tracing::debug!(%error, name, "the file stays");
            }
        })?;
        self.agreed(&start, plan_digest)
    }

    /// Worker 0 fixes the start once all are ready; whoever was there before it has.
    fn lead(&self, plan_digest: &str) -> Result<AgreedStart, Error> {
        if let Some(start) = self.written_start()? {
            return Ok(start);
        }
        self.wait(
            || match self.absent(plan_digest) {
                Ok(absent) if !absent.is_empty() => {
                    format!("workers {} are not ready", listed(&absent))
                }
                _ => "not all workers are ready".into(),
            },
            || Ok(self.absent(plan_digest)?.is_empty().then_some(())),
        )?;
        let start = AgreedStart {
            started_at: written(clock::wall() + self.patience.lead)?,
            workers: self.shard.of(),
            plan_digest: plan_digest.into(),
        };
        let name = file_name::GO;
        let made = self.place.create_if_absent(name, &to_json(&start));
        match made.map_err(|error| unreached(self.place, name, &error))? {
            true => Ok(start),
            false => self.follow(),
        }
    }

    fn follow(&self) -> Result<AgreedStart, Error> {
        self.wait(
            || "worker 0 has fixed no start".into(),
            || self.written_start(),
        )
    }

    fn written_start(&self) -> Result<Option<AgreedStart>, Error> {
        read_json(self.place, file_name::GO)
    }

    /// Workers that are not ready.
    fn absent(&self, plan_digest: &str) -> Result<Vec<u32>, Error> {
        let listed = self.place.list("ready");
        let listed = listed.map_err(|error| unreached(self.place, "ready", &error))?;
        let mut absent = Vec::new();
        for shard in self.shard.all() {
            let index = shard.index();
            let is_there = listed.iter().any(|name| *name == index.to_string());
            let ready: Option<Ready> = match is_there {
                true => read_json(self.place, &ready_name(index))?,
                false => None,
            };
            match ready {
                None => absent.push(index),
                Some(ready) if ready.shard == shard && ready.plan_digest == plan_digest => {}
                Some(_) => {
                    return Err(Error::usage(format!(
                        "{}: worker {index} follows another plan; start the run anew, in another folder (--run-at)",
                        self.place.shown(&ready_name(index))
                    )));
                }
            }
        }
        Ok(absent)
    }

    /// Whether the workers began without this one.
    ///
    /// # Errors
    /// [`Error::TooLate`] when they did.
    pub(super) fn not_passed(&self) -> Result<(), Error> {
        let start = self.written_start()?;
        let at = start.as_ref().and_then(AgreedStart::start);
        match start.zip(at) {
            Some((start, at)) => still_to_come(self.place, &start, at).map(drop),
            None => Ok(()),
        }
    }

    /// The start, if it is that of this plan and still to come.
    fn agreed(&self, start: &AgreedStart, plan_digest: &str) -> Result<SystemTime, Error> {
        let shown = self.place.shown(file_name::GO);
        let at = start
            .start()
            .filter(|_| start.workers == self.shard.of() && start.plan_digest == plan_digest);
        let at = at.ok_or_else(|| {
            Error::usage(format!(
                "{shown}: it is the start of another run; start the run anew, in another folder (--run-at)"
            ))
        })?;
        still_to_come(self.place, start, at)
    }
}

fn still_to_come(
    place: &dyn RunAt,
    start: &AgreedStart,
    at: SystemTime,
) -> Result<SystemTime, Error> {
    match clock::wall().duration_since(at) {
        Err(_) => Ok(at),
        Ok(ago) => Err(Error::TooLate(format!(
            "{}: the run began {ago:.1?} ago, at {}, without this worker, which has sent nothing; `orderproof merge` looks \
             for the orders of its shard; another run needs a folder of its own",
            place.shown(file_name::GO),
            start.started_at
        ))),
    }
}

/// The first few numbers.
fn listed(numbers: &[u32]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = numbers.iter().take(SHOWN).map(u32::to_string).collect();
    let more = match numbers.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
#[path = "meet_tests.rs"]
mod tests;
