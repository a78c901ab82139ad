//! `orderproof run --run-at`: one of several workers sends its shard, and judges nothing.

use std::any::Any;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::Serialize;

use super::check::{load_scenario, overrides_in};
use super::interrupt::stop_on_interrupt;
use super::progress::{ProgressView, line, object};
use super::run::run_id;
use super::{Error, Output};
use crate::cli::{ProgressFormat, RunArgs};
use crate::drive::StopSignal;
use crate::engines::SCENARIO;
use crate::exit::Exit;
use crate::ledger::OutcomeCounts;
use crate::results::Aborted;
use crate::results::figures::orders;
use crate::run::{Attendant, Question, Run, Watch};
use crate::scenario::{self, Scenario, parse_duration};
use crate::verdict::Verdict;
use crate::workers::{MeetingPlace, Objects, Patience, RunAt, Sent, Worker, identity, send_shard};

const ON_INTERRUPT: &str = "\ninterrupted: this worker sends no more orders, and says so in its manifest (ctrl-c again quits at \
    once; `orderproof merge` looks for what was sent)\n";

/// Sends the shard of this worker of the run at `at`.
pub fn worker(args: &RunArgs, at: &MeetingPlace, output: &Output) -> Result<Exit, Error> {
    let shard = identity(args.workers.worker.as_deref(), |name| {
        std::env::var(name).ok()
    })?;
    let scenario = scenario_of(args, at)?;
    let stop = StopSignal::new();
    stop_on_interrupt(stop.clone(), ON_INTERRUPT);
    let mut run = Run::new(scenario)
        .read_from(
            args.scenario.display().to_string(),
            overrides_in(&args.overrides).as_texts(),
        )
        .yes(args.yes)
        .quiet(args.quiet)
        .stop_signal(stop)
        .with_goose(false, None);
    if let Some(run_id) = run_id(args.run_id)? {
        run = run.run_id(run_id);
    }
    if let Some(threads) = args.threads.and_then(NonZeroU32::new) {
        run = run.threads(threads);
    }
    let worker = Worker {
        run,
        shard,
        at: at.clone(),
        patience: Patience {
            ready: duration("--ready-timeout", &args.workers.ready_timeout)?,
            lead: duration("--lead", &args.workers.lead)?,
        },
    };
    let sent = send_shard(worker, &Beside { args, output })?;
    let exit = match sent.manifest.interrupted {
        true => Exit::Interrupted,
        false => Exit::Success,
    };
    match args.json {
        true => output.json(&Document::of(&sent, exit)),
        false => output.print(&told(&sent)),
    }
    Ok(exit)
}

/// Whoever has started the worker.
struct Beside<'a> {
    args: &'a RunArgs,
    output: &'a Output,
}

impl Attendant for Beside<'_> {
    fn note(&self, line: &str) {
        self.output.note(line);
    }

    fn confirm(&self, question: Question<'_>) -> Result<(), Error> {
        self.output.confirm(question)
    }

    fn watch(&self, watch: Watch) -> Result<Box<dyn Any>, Error> {
        let as_objects = self.args.progress == ProgressFormat::Ndjson;
        let line = move || match as_objects {
            true => object(&watch.view()).to_string(),
            false => line(&watch.view()),
        };
        let view = ProgressView::start(self.output, self.args.quiet, line);
        Ok(Box::new(view))
    }
}

/// The scenario: a file of this machine, or the one that stands where the workers meet.
fn scenario_of(args: &RunArgs, at: &MeetingPlace) -> Result<Scenario, Error> {
    let named = args.scenario.display().to_string();
    let there = match at {
        MeetingPlace::Objects(at) if named == format!("{at}/{SCENARIO}") => at,
        _ => return load_scenario(&args.scenario, &args.overrides),
    };
    let target = &args.overrides.target;
    let place = Objects::open(there, target.region.as_deref(), target.profile.as_deref())?;
    let wrong = |why: String| {
        Error::usage(format!(
            "{named}: cannot read the scenario: {why}; copy it there (aws s3 cp)"
        ))
    };
    let bytes = place.read(SCENARIO).map_err(|why| wrong(why.to_string()))?;
    let bytes = bytes.ok_or_else(|| wrong("it is not there".into()))?;
    let text = String::from_utf8(bytes).map_err(|why| wrong(why.to_string()))?;
    scenario::parse(&named, &text, &overrides_in(&args.overrides)).map_err(Error::usage)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    /// Always null: nobody has looked at what became of the orders.
    verdict: Option<Verdict>,
    exit_code: u8,
    run_id: u32,
    worker: u32,
    workers: u32,
    started_at: &'a str,
    orders: OutcomeCounts,
    started_late_by: Duration,
    clocks_apart: Duration,
    interrupted: bool,
    /// The rule that ended the sending of all workers; null when none did.
    aborted: Option<&'a Aborted>,
    folder: String,
}

impl<'a> Document<'a> {
    fn of(sent: &'a Sent, exit: Exit) -> Self {
        let manifest = &sent.manifest;
        Self {
            schema_version: 1,
            verdict: None,
            exit_code: exit.code(),
            run_id: sent.run_id.get(),
            worker: manifest.shard.index(),
            workers: manifest.shard.of(),
            started_at: &manifest.started_at,
            orders: manifest.orders,
            started_late_by: manifest.started_late_by,
            clocks_apart: manifest.clocks_apart,
            interrupted: manifest.interrupted,
            aborted: sent.aborted.as_ref(),
            folder: sent.at.to_string(),
        }
    }
}

fn told(sent: &Sent) -> String {
    let counts = sent.manifest.orders;
    let ended = sent.aborted.as_ref().map_or_else(String::new, |aborted| {
        format!(
            "; sending was ended, as `{}` could no longer hold",
            aborted.rule
        )
    });
    format!(
        "worker {} of run {}: {} acknowledged of {}, {} refused, {} without an answer, {} unsent{ended}; no verdict: run \
         `orderproof merge {}`\n",
        sent.manifest.shard,
        sent.run_id,
        counts.acknowledged,
        orders(counts.planned),
        counts.rejected,
        counts.indeterminate,
        counts.unsent,
        sent.at
    )
}

fn duration(option: &str, text: &str) -> Result<Duration, Error> {
    parse_duration(text).map_err(|why| Error::usage(format!("{option} {text:?}: {why}")))
}
