//! `orderproof report`: show the report of a finished run.

use super::{CommandError, Output};
use crate::cli::FolderArgs;
use crate::exit::Exit;
use crate::report::{TextStyle, file_name, read_report, render_text};

/// Prints the report found in a run's folder.
pub fn report(args: &FolderArgs, output: &Output) -> Result<Exit, CommandError> {
    let report = read_report(&args.dir.join(file_name::RUN)).map_err(CommandError::usage)?;
    let style = TextStyle { color: output.color_on_stdout() };
    output.print(&render_text(&report, &args.dir, style));
    Ok(Exit::Success)
}
