//! `orderproof run`: reads the scenario, runs it, prints what came of it.

use std::any::Any;
use std::num::NonZeroU32;
use std::path::Path;
use std::time::Instant;

use super::check::{load_scenario, overrides_in};
use super::dashboard::Dashboard;
use super::goose_dashboard;
use super::interrupt::stop_on_interrupt;
use super::plan::seeds_from;
use super::progress::{ProgressView, line, object};
use super::tui::{LiveView, check_terminal};
use super::worker::worker;
use super::{Error, Output};
use crate::cli::{ProgressFormat, RunArgs};
use crate::exit::Exit;
use crate::order::RunId;
use crate::plan::{CannotForecast, Forecast, SearchLimits, forecast};
use crate::report::{ReportView, RunDocument, measured_rate_text, render_text};
use crate::run::{Attendant, FindRate, Question, Run, Watch};
use crate::scenario::{Scenario, parse_duration};

const ON_INTERRUPT: &str = "\ninterrupted: no more orders are sent; settling what was sent \
    (ctrl-c again quits at once, `orderproof verify` reads the folder)\n";

/// Drives a scenario at its pipeline, accounts for every order, and reports.
pub fn run(args: &RunArgs, output: &Output) -> Result<Exit, Error> {
    if let Some(at) = &args.workers.run_at {
        return worker(args, at, output);
    }
    let scenario = load_scenario(&args.scenario, &args.overrides)?;
    if args.tui {
        check_terminal(output)?;
    }
    if args.find_rate.find.is_some() {
        return find_rate(args, scenario, output);
    }
    let goose_dashboard = goose_dashboard::address(args.goose_dashboard)?;
    let dashboard = Dashboard::open(args.dashboard)?;
    let forecast = args.with_plan.then(|| forecast_of(&scenario, args, output));
    let mut run = Run::new(scenario)
        .read_from(
            args.scenario.display().to_string(),
            overrides_in(&args.overrides).as_texts(),
        )
        .yes(args.yes)
        .quiet(args.quiet)
        .with_goose(args.goose_report, goose_dashboard);
    if let Some(run_id) = run_id(args.run_id)? {
        run = run.run_id(run_id);
    }
    if let Some(path) = &args.output_dir {
        run = run.output_dir(path);
    }
    if let Some(threads) = args.threads.and_then(NonZeroU32::new) {
        run = run.threads(threads);
    }
    if let Some(forecast) = forecast.flatten() {
        run = run.with_forecast(forecast);
    }
    let terminal = Terminal {
        args,
        output,
        dashboard: dashboard.as_ref(),
    };
    let outcome = run.execute_with(&terminal);
    if let Some(dashboard) = &dashboard {
        dashboard.ended(outcome.as_ref());
    }
    let outcome = outcome?;
    match args.json {
        true => output.json(
            &RunDocument::of(
                &outcome.report,
                outcome.exit,
                &outcome.folder,
                &outcome.problems,
            )
            .with(outcome.foresight.as_ref()),
        ),
        false => output.print(&render_text(
            ReportView {
                report: &outcome.report,
                foresight: outcome.foresight.as_ref(),
            },
            &outcome.folder,
            &Path::exists,
            output.text_style(),
        )),
    }
    for problem in &outcome.problems {
        output.error(problem);
    }
    if args.progress == ProgressFormat::Ndjson {
        output.event(&serde_json::json!({
            "event": "finished",
            "verdict": outcome.report.verdict,
            "exit_code": outcome.exit.code(),
            "folder": outcome.folder,
        }));
    }
    Ok(outcome.exit)
}

/// Looks for the highest rate that passes, with a run for each step.
fn find_rate(args: &RunArgs, scenario: Scenario, output: &Output) -> Result<Exit, Error> {
    let asked = &args.find_rate;
    let limits = SearchLimits {
        steps: asked.steps,
        time: parse_duration(&asked.within)
            .map_err(|problem| Error::usage(format!("--within {}: {problem}", asked.within)))?,
        up_to: asked.up_to.as_deref().map(multiple).transpose()?,
    };
    let mut run = Run::new(scenario)
        .read_from(
            args.scenario.display().to_string(),
            overrides_in(&args.overrides).as_texts(),
        )
        .yes(args.yes)
        .quiet(args.quiet);
    if let Some(path) = &args.output_dir {
        run = run.output_dir(path);
    }
    let terminal = Terminal {
        args,
        output,
        dashboard: None,
    };
    let (measured, folder) = FindRate::new(run, limits).execute_with(&terminal)?;
    match args.json {
        true => output.json(&measured),
        false => output.print(&measured_rate_text(&measured, &folder, output.text_style())),
    }
    if args.progress == ProgressFormat::Ndjson {
        output.event(&serde_json::json!({
            "event": "finished",
            "holds_at": measured.holds_at,
            "exit_code": measured.exit_code,
            "folder": folder,
        }));
    }
    Ok(measured.exit())
}

/// A multiple of the baseline, such as 20x.
fn multiple(text: &str) -> Result<f64, Error> {
    let number = text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok();
    number
        .filter(|number| number.is_finite() && (0.1..=1e6).contains(number))
        .ok_or_else(|| {
            Error::usage(format!(
                "--up-to {text}: not a multiple of the baseline's rate; write 20x, for example"
            ))
        })
}

/// The forecast of a run, or, of one that cannot be forecast, why: the run goes on without it.
fn forecast_of(scenario: &Scenario, args: &RunArgs, output: &Output) -> Option<Forecast> {
    let seeds = seeds_from(scenario.seed, args.seeds);
    match forecast(scenario, &seeds, Instant::now()) {
        Ok(forecast) => Some(forecast),
        Err(cannot) => {
            let CannotForecast { key, why, .. } = cannot;
            output.note(&format!("no forecast: {key}: {why}"));
            None
        }
    }
}

/// The run id asked for.
pub fn run_id(asked: Option<u32>) -> Result<Option<RunId>, Error> {
    let out_of_range = || Error::usage("--run-id is out of range");
    asked
        .map(|asked| RunId::new(asked).ok_or_else(out_of_range))
        .transpose()
}

/// Whoever called the program.
struct Terminal<'a> {
    args: &'a RunArgs,
    output: &'a Output,
    dashboard: Option<&'a Dashboard>,
}

impl Attendant for Terminal<'_> {
    fn note(&self, line: &str) {
        self.output.note(line);
    }

    fn confirm(&self, question: Question<'_>) -> Result<(), Error> {
        self.output.confirm(question)
    }

    fn watch(&self, watch: Watch) -> Result<Box<dyn Any>, Error> {
        stop_on_interrupt(watch.stop.clone(), ON_INTERRUPT);
        if let Some(dashboard) = self.dashboard {
            dashboard.serve(watch.clone()).map_err(Error::internal)?;
        }
        let showing = Showing::start(self, watch)?;
        Ok(Box::new(showing))
    }
}

/// How a run is shown while it goes on, until this is dropped.
enum Showing {
    /// In lines, or not at all.
    Lines { _view: ProgressView },
    /// On the whole terminal.
    Screen { _view: LiveView },
}

impl Showing {
    fn start(terminal: &Terminal<'_>, watch: Watch) -> Result<Self, Error> {
        let Terminal { args, output, .. } = *terminal;
        let page = terminal.dashboard.map(Dashboard::url);
        let goose = watch.goose_dashboard;
        let goose = goose.map(|address| format!("http://{address}/"));
        if args.tui {
            let page = page.map(|url| format!("page: {url}"));
            let page = page.or(goose.map(|url| format!("Goose: {url}")));
            let view = LiveView::start(watch, page, output.color_on_stderr());
            return view
                .map(|view| Self::Screen { _view: view })
                .map_err(|error| Error::internal(format!("the terminal: {error}")));
        }
        if let Some(url) = page {
            output.note(&format!("the run, as it goes on, is at {url}"));
        }
        if let Some(url) = goose {
            output.note(&format!(
                "while orders are sent, Goose's dashboard is at {url}"
            ));
        }
        let as_objects = args.progress == ProgressFormat::Ndjson;
        let line = move || match as_objects {
            true => object(&watch.view()).to_string(),
            false => line(&watch.view()),
        };
        Ok(Self::Lines {
            _view: ProgressView::start(output, args.quiet, line),
        })
    }
}
