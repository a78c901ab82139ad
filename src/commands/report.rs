//! `orderproof report`: show the report of a finished run, or render its files again.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::reach::{Access, reach};
use super::render::render;
use super::{Error, Output};
use crate::cli::ReportArgs;
use crate::exit::Exit;
use crate::folder::{RunFolder, read_report};
use crate::report::{Foresight, ReportView};
use crate::results::{CloudWatch, RunReport, file_name, to_json};
use crate::run::{Problems, foresight_in, metrics_between, unbroken, write_formats};

/// Shows the report found in a run's folder in one format; with `--output-dir` all of them are rendered again.
pub fn report(args: &ReportArgs, output: &Output) -> Result<Exit, Error> {
    let mut report = read_report(&args.dir.join(file_name::RUN)).map_err(Error::usage)?;
    if args.reach.is_given() && !args.cloudwatch {
        return Err(Error::usage(
            "--endpoint-url, --region, --profile and --yes say where CloudWatch is: add --cloudwatch, or leave them out",
        ));
    }
    // It is shown all the same: it may be all there is.
    if let Err(error) = unbroken(&args.dir, &report) {
        output.error(&error);
    }
    if args.cloudwatch {
        report.cloudwatch = Some(counted_since(args, &report, output)?);
    }
    let foresight = foresight_in(&args.dir, &report);
    if let Some(left_out @ Foresight::LeftOut(_)) = &foresight {
        output.error(&format!("{}: {}", args.dir.display(), left_out.line()));
    }
    let view = ReportView {
        report: &report,
        foresight: foresight.as_ref(),
    };
    let Some(target) = &args.output_dir else {
        render(args, view, output)?;
        return Ok(Exit::Success);
    };
    let folder = RunFolder::create_exactly(target).map_err(Error::usage)?;
    let mut problems = Problems::default();
    write_formats(&folder, view, &mut problems);
    // So that what is rendered from there shows it, too.
    if let Some(foreseen) = view.foreseen() {
        problems.note(folder.write(file_name::FORECAST, &to_json(&foreseen.forecast)));
    }
    problems.iter().for_each(|problem| output.error(problem));
    match problems.is_empty() {
        true => Ok(Exit::Success),
        false => Err(Error::internal(
            "some files of the report could not be rendered",
        )),
    }
}

/// What CloudWatch says by now of the time the run took.
fn counted_since(
    args: &ReportArgs,
    report: &RunReport,
    output: &Output,
) -> Result<CloudWatch, Error> {
    let none = || Error::usage("the run's target has no CloudWatch; leave --cloudwatch out");
    let target = report.scenario.target.aws().ok_or_else(none)?;
    // A folder may come from another person: credentials go to its endpoint only after the caller agrees.
    let file = args.dir.join(file_name::RUN);
    let reached = reach(&file, target, &args.reach, Access::Reads, output)?;
    let at = |text: &str| -> Result<SystemTime, Error> {
        let at: Timestamp = text.parse().map_err(Error::usage)?;
        let since = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Ok(SystemTime::UNIX_EPOCH + Duration::from_millis(since))
    };
    let (from, to) = (at(&report.started_at)?, at(&report.finished_at)?);
    metrics_between(&reached, from, to).ok_or_else(none)
}
