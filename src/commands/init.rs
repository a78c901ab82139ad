//! `orderproof init`: a commented scenario to start from.

use std::path::Path;

use super::new_file::write_new;
use super::{Error, Output};
use crate::cli::InitArgs;
use crate::exit::Exit;
use crate::scenario::{self, Overrides};

/// Writes the scenario; what it would write is checked before.
pub fn init(args: &InitArgs, output: &Output) -> Result<Exit, Error> {
    for (flag, value) in [("--rate", &args.rate), ("--peak", &args.peak)] {
        if value.contains(['"', '\\', '\n', '\r']) {
            return Err(Error::usage(format!(
                "{flag} {value:?}: not a rate; write 50/s or, for --peak, 5x"
            )));
        }
    }
    let text = scenario::template(&args.rate, &args.peak);
    scenario::parse(
        &args.file.display().to_string(),
        &text,
        &Overrides::default(),
    )
    .map_err(|error| {
        Error::usage(format!(
            "with --rate {} and --peak {} the scenario would not be valid:\n{error}",
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
