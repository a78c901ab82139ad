//! `orderproof plan`: a forecast of a scenario, before an order is sent.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::against_real::confirm;
use super::check::ScenarioSource;
use super::new_file::write_new;
use super::progress::ProgressView;
use super::{Error, Output};
use crate::cli::PlanArgs;
use crate::exit::Exit;
use crate::folder::{RunFolder, read_report};
use crate::plan::{
    Forecast, Learned, Mode, Progress, Start, find_rate, find_setting, forecast, forecast_in,
    forecast_learned, learn,
};
use crate::report::{forecast_files, forecast_text, found_rate_text, found_setting_text};
use crate::results::{file_name, to_json};
use crate::run::unbroken;
use crate::scenario::Scenario;

/// Plays a scenario in virtual time and shows what a run of it might find. Never a success: it proves nothing.
pub fn plan(args: &PlanArgs, output: &Output) -> Result<Exit, Error> {
    let sought = args.find.as_deref();
    if args.against.is_some() && sought != Some("rate") {
        return Err(Error::usage("--against real: goes with --find rate"));
    }
    let mut source = ScenarioSource::read(&args.scenario, &args.overrides)?;
    let as_written = source.with(&[]).map_err(Error::usage)?;
    let learned = match &args.from {
        Some(dir) => Some(learn_from(dir, &as_written, &args.overrides.set)?),
        None => None,
    };
    if let Some(learned) = &learned {
        source.set_before(learned.assignments());
    }
    let scenario = source.with(&[]).map_err(Error::usage)?;
    let seeds = seeds_from(scenario.seed, args.seeds);
    let failures = learned
        .as_ref()
        .map(|learned| learned.failures)
        .unwrap_or_default();
    let style = output.text_style();
    let refused = |error| Error::usage(format!("{}: {error}", args.scenario.display()));
    let reread = |set: &[String]| source.with(set);
    if let (Some(learned), Some(_)) = (&learned, sought) {
        for lesson in &learned.taken {
            output.note(&format!(
                "from the run: {} = {} ({})",
                lesson.key, lesson.value, lesson.from
            ));
        }
    }
    let progress = Arc::new(Progress::default());
    let start = Start::watched(Instant::now(), Arc::clone(&progress));
    let view = ProgressView::start_late(output, move || progress.words());
    match sought {
        Some("rate") => {
            let found = find_rate(&reread, &seeds, start, failures);
            drop(view);
            let mut found = found.map_err(refused)?;
            if args.against.is_some() {
                found.confirmation = Some(confirm(&scenario, &found, output)?);
            }
            show(args, output, &found, || found_rate_text(&found, style))?;
        }
        Some(key) => {
            let found = find_setting(&reread, key, &seeds, start, failures);
            drop(view);
            let found = found.map_err(refused)?;
            show(args, output, &found, || found_setting_text(&found, style))?;
        }
        None => {
            let forecast = match learned {
                Some(learned) => forecast_learned((&scenario, &as_written), learned, &seeds, start),
                None if args.cohorts => forecast_in(Mode::Cohorts, &scenario, &seeds, start),
                None => forecast(&scenario, &seeds, start),
            };
            drop(view);
            let forecast = forecast.map_err(refused)?;
            if let Some(dir) = &args.output_dir {
                write_files(dir, &forecast)?;
            }
            show(args, output, &forecast, || forecast_text(&forecast, style))?;
        }
    }
    Ok(Exit::Forecast)
}

/// So many seeds, from this one on.
pub(super) fn seeds_from(first: u64, count: u16) -> Vec<u64> {
    let more = 0..u64::from(count);
    more.map(|more| first.wrapping_add(more)).collect()
}

/// What the run in a folder tells, but for what is set by hand.
fn learn_from(dir: &Path, scenario: &Scenario, by_hand: &[String]) -> Result<Learned, Error> {
    let report = read_report(&dir.join(file_name::RUN)).map_err(Error::usage)?;
    unbroken(dir, &report)?;
    let mut learned = learn(&report, scenario);
    learned.without(by_hand);
    Ok(learned)
}

/// Everything that is shown of a forecast, in a folder of its own.
fn write_files(dir: &Path, forecast: &Forecast) -> Result<(), Error> {
    let folder = RunFolder::create_exactly(dir).map_err(Error::usage)?;
    for (name, bytes) in forecast_files(forecast).map_err(Error::internal)? {
        let written = folder.write(&name, &bytes);
        written.map_err(Error::internal)?;
    }
    Ok(())
}

fn show(
    args: &PlanArgs,
    output: &Output,
    document: &impl Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), Error> {
    if let Some(path) = &args.output {
        let bytes = to_json(document);
        write_new(path, |out| out.write_all(&bytes))?;
    }
    match args.json {
        true => output.json(document),
        false => output.print(&text()),
    }
    Ok(())
}
