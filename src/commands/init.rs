//! `orderproof init`: a commented scenario to start from.

use std::path::Path;

use super::new_file::write_new;
use super::{Error, Output};
use crate::cli::InitArgs;
use crate::exit::Exit;
use crate::folder::read_within;
use crate::scenario::{self, Overrides};

/// The longest sample, bytes.
const SAMPLE_MAX: u64 = 64 << 20;

/// Writes the scenario; what it would write is checked before.
pub fn init(args: &InitArgs, output: &Output) -> Result<Exit, Error> {
    for (flag, value) in [("--rate", &args.rate), ("--peak", &args.peak)] {
        if value.contains(['"', '\\', '\n', '\r']) {
            return Err(Error::usage(format!(
                "{flag} {value:?}: not a rate; write 50/s or, for --peak, 5x"
            )));
        }
    }
    let mut text = scenario::template(&args.rate, &args.peak);
    if let Some(sample) = &args.from {
        text = guessed(sample, &text)?;
    }
    scenario::parse(
        &args.file.display().to_string(),
        &text,
        &Overrides::default(),
    )
    .map_err(|error| {
        Error::usage(format!(
            "with --rate {} and --peak {} what would be written is not valid:\n{error}",
            args.rate, args.peak
        ))
    })?;
    if args.file == Path::new("-") {
        output.print(&text);
        return Ok(Exit::Success);
    }
    write_new(&args.file, |out| out.write_all(text.as_bytes()))?;
    output.print(&format!(
        "{0}: written; look through it, then: orderproof run {0}\n",
        args.file.display()
    ));
    Ok(Exit::Success)
}

/// A scenario with orders like those in `sample`, and with the phases of `load`.
fn guessed(sample: &Path, load: &str) -> Result<String, Error> {
    let told = |error: String| Error::usage(format!("{}: {error}", sample.display()));
    let bytes = read_within(sample, SAMPLE_MAX).map_err(|error| told(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| told("it is not UTF-8".into()))?;
    scenario::scenario_from(&text, load).map_err(told)
}
