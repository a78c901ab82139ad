//! `orderproof report`: show the report of a finished run, or render its files again.

use super::conclude::{Problems, write_formats};
use super::{CommandError, Output};
use crate::cli::ReportArgs;
use crate::exit::Exit;
use crate::report::{RunFolder, TextStyle, file_name, read_report, render_text};

/// Prints the report found in a run's folder; with `--output-dir` its other formats are rendered again.
pub fn report(args: &ReportArgs, output: &Output) -> Result<Exit, CommandError> {
    let report = read_report(&args.dir.join(file_name::RUN)).map_err(CommandError::usage)?;
    let style = TextStyle {
        color: output.color_on_stdout(),
    };
    let Some(target) = &args.output_dir else {
        output.print(&render_text(&report, &args.dir, style));
        return Ok(Exit::Success);
    };
    let folder = RunFolder::create_exactly(target).map_err(CommandError::usage)?;
    let mut problems = Problems::default();
    write_formats(&folder, &report, &mut problems);
    problems.print(output);
    match problems.is_empty() {
        true => Ok(Exit::Success),
        false => Err(CommandError::internal(
            "the report could not be rendered whole",
        )),
    }
}
