//! `orderproof compare FORECAST RUN`: what was forecast beside what a run measured.

use std::path::Path;

use super::new_file::write_new;
use super::{Error, Output};
use crate::cli::{CompareArgs, CompareFormat};
use crate::exit::Exit;
use crate::folder::{RunFolder, read_forecast, read_report};
use crate::plan::{Against, Forecast, Tolerance, against};
use crate::report::{TextStyle, against_html, against_markdown, against_text};
use crate::results::{file_name, to_json};
use crate::run::unbroken;

/// Holds a forecast against a run. Never a success: a forecast proves nothing.
///
/// # Errors
/// When either cannot be read, or they are of different scenarios.
pub fn compare_forecast(
    args: &CompareArgs,
    tolerance: Tolerance,
    output: &Output,
) -> Result<Exit, Error> {
    let [run] = args.candidates.as_slice() else {
        return Err(Error::usage(
            "a forecast is held against one run: give the folder of one",
        ));
    };
    if !args.bases.is_empty() {
        return Err(Error::usage(
            "--base: a forecast has no repeats; make it of more seeds with `orderproof plan --seeds`",
        ));
    }
    let forecast = forecast_in(&args.base)?;
    let report = read_report(&run.join(file_name::RUN)).map_err(Error::usage)?;
    unbroken(run, &report)?;
    let against = against(&forecast, &report, tolerance).map_err(Error::usage)?;
    if let Some(dir) = &args.output_dir {
        write_all(dir, &against)?;
    }
    let style = match args.output {
        None => output.text_style(),
        Some(_) => TextStyle::default(),
    };
    let shown = render(args.format(), &against, style);
    match &args.output {
        None if args.format() == CompareFormat::Json => output.print_json(&shown),
        None => output.print(&shown),
        Some(path) => write_new(path, |out| out.write_all(shown.as_bytes()))?,
    }
    Ok(Exit::Forecast)
}

/// Reads the document that `orderproof plan --output` wrote.
fn forecast_in(path: &Path) -> Result<Forecast, Error> {
    read_forecast(path).map_err(|reason| {
        Error::usage(format!(
            "{}: no forecast: {reason}; write one with `orderproof plan SCENARIO --output FILE`",
            path.display()
        ))
    })
}

fn render(format: CompareFormat, against: &Against, style: TextStyle) -> String {
    match format {
        CompareFormat::Text => against_text(against, style),
        CompareFormat::Markdown => against_markdown(against),
        CompareFormat::Html => against_html(against),
        CompareFormat::Json => String::from_utf8_lossy(&to_json(against)).into_owned(),
    }
}

fn write_all(dir: &Path, against: &Against) -> Result<(), Error> {
    let folder = RunFolder::create_exactly(dir).map_err(Error::usage)?;
    let formats = [
        ("forecast-and-run.txt", CompareFormat::Text),
        ("forecast-and-run.md", CompareFormat::Markdown),
        ("forecast-and-run.html", CompareFormat::Html),
        ("forecast-and-run.json", CompareFormat::Json),
    ];
    for (name, format) in formats {
        let text = render(format, against, TextStyle::default());
        let written = folder.write(name, text.as_bytes());
        written.map_err(Error::internal)?;
    }
    Ok(())
}
