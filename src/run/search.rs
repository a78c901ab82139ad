//! The search for the highest rate at which real runs pass: a run a step, each in a folder of its own.

use std::path::PathBuf;
use std::time::Instant;

use super::Run;
use super::admit::{Purpose, admit, refusal};
use super::attendant::{Attendant, OFF_LOOPBACK, Question, Unattended};
use super::site::target_name;
use super::spine::new_folder;
use crate::error::Error;
use crate::folder::RunFolder;
use crate::plan::{MeasuredRate, MeasuredStep, RateSearch, SearchEnd, SearchLimits};
use crate::preflight::{Estimate, estimate};
use crate::report::TextStyle;
use crate::report::measured_rate_text;
use crate::report::preflight::place;
use crate::results::figures::orders;
use crate::results::{to_json, verdict_word};

/// What a search found, as a document and as text, in its folder.
const DOCUMENT: &str = "find-rate.json";
const TEXT: &str = "find-rate.txt";

/// A search that is about to begin: a run for each step, made as `run` says.
#[derive(Debug, Clone)]
pub struct FindRate {
    run: Run,
    limits: SearchLimits,
}

impl FindRate {
    /// A search with runs like this one, which begins at its scenario's own rate. Its folder is that of the search; its run id
    /// and its forecast are left out.
    pub fn new(run: Run, limits: SearchLimits) -> Self {
        Self { run, limits }
    }

    /// Searches, and writes what was found into the folder. Off loopback the attendant is asked once, for the whole search.
    /// Once the run's stop signal is raised the search ends with what was found.
    ///
    /// # Errors
    /// When the scenario has no baseline, when the first run cannot begin, or when the folder cannot be written.
    pub fn execute_with(
        self,
        attendant: &(dyn Attendant + Sync),
    ) -> Result<(MeasuredRate, PathBuf), Error> {
        let Self { run, limits } = self;
        let search = RateSearch::of(&run.scenario, limits).map_err(Error::usage)?;
        agree(&run, &search, attendant)?;
        let name = format!("{}-find-rate", run.scenario.name);
        let folder = new_folder(run.output_dir.as_deref(), &name)?;
        let begun = Instant::now();
        let mut first_error = None;
        let note = |line: String| {
            if !run.quiet {
                attendant.note(&line);
            }
        };
        let mut measured = search.search(
            || begun.elapsed(),
            |step, multiple| {
                if run.stop.is_stopped() {
                    return Err(SearchEnd::Interrupted);
                }
                note(format!("run {step}: {}", search.words(multiple)));
                let step_run = one(&run, &search, &folder, (step, multiple));
                let outcome = step_run.execute_with(attendant).map_err(|error| {
                    let why = SearchEnd::NotRun(error.to_string());
                    first_error = (step == 1).then_some(error);
                    why
                })?;
                let path = outcome.folder.display().to_string();
                let done = MeasuredStep::of(multiple, search.per_s(), &outcome.report, path);
                note(format!("run {step}: {}", said(&done)));
                Ok(done)
            },
        );
        if let Some(error) = first_error {
            folder.discard_empty();
            return Err(error);
        }
        measured.target = target_name(&run.scenario);
        let text = measured_rate_text(&measured, folder.path(), TextStyle::default());
        for (name, bytes) in [(DOCUMENT, to_json(&measured)), (TEXT, text.into_bytes())] {
            folder.write(name, &bytes).map_err(Error::internal)?;
        }
        Ok((measured, folder.path().to_owned()))
    }
}

/// What a run came to, its verdict first.
fn said(step: &MeasuredStep) -> String {
    format!("{}  {}", verdict_word(step.verdict), step.headline)
}

/// The run of a step, which was agreed to with all others.
fn one(run: &Run, search: &RateSearch, folder: &RunFolder, (step, multiple): (usize, f64)) -> Run {
    let mut overrides = run.overrides.clone();
    overrides.push(format!("--find rate: {multiple}x the baseline"));
    Run {
        scenario: search.at(multiple),
        run_id: None,
        output_dir: Some(folder.file(&format!("{step:02}-{multiple}x"))),
        overrides,
        yes: true,
        // What preflight remarks on is the same at each step.
        quiet: run.quiet || step > 1,
        forecast: None,
        ..run.clone()
    }
}

/// Asks once for all runs, with what they cost together at most.
fn agree(run: &Run, search: &RateSearch, attendant: &dyn Attendant) -> Result<(), Error> {
    let Some(target) = run.scenario.target.aws() else {
        return Ok(());
    };
    let found = admit(
        Purpose::Run,
        &run.scenario,
        target,
        (true, true),
        &Unattended,
    )?;
    if found.facts.place.loopback {
        return Ok(());
    }
    let all = search.at_most();
    let each: Vec<Estimate> = all
        .iter()
        .map(|multiple| estimate(&search.at(*multiple), target, &found.facts))
        .collect();
    let sum = |figure: fn(&Estimate) -> f64| each.iter().map(figure).sum::<f64>();
    let sent: u64 = each.iter().map(|one| one.orders).sum();
    let usd = sum(|one| one.usd);
    if sent > target.max_orders {
        return Err(refusal(&[format!(
            "the search sends up to {} in all and max_orders is {}: lower --steps or --up-to, or raise --max-orders knowingly",
            orders(sent),
            target.max_orders
        )]));
    }
    if usd.is_nan() || usd > target.max_usd {
        return Err(refusal(&[format!(
            "the search is estimated at up to ${usd:.2} in all and max_usd is ${:.2}: lower --steps or --up-to, or raise \
             --max-usd knowingly",
            target.max_usd
        )]));
    }
    let highest = all.iter().copied().fold(0.0, f64::max);
    let facts = [
        format!("target   {}", place(&found.facts)),
        format!(
            "search   at most {} runs up to {}: {}, about {:.0} s, at most about ${:.2} in all",
            each.len(),
            search.words(highest),
            orders(sent),
            sum(|one| one.duration().as_secs_f64()),
            usd
        ),
    ];
    let account = found.facts.place.account.get();
    attendant.confirm(Question {
        facts: &facts,
        word: account.map_or("the account's number", String::as_str),
        yes: run.yes,
        unasked: OFF_LOOPBACK,
    })
}
