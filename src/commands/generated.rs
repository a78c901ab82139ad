//! `orderproof completions` and `orderproof man`.

use super::{Error, Output};
use crate::cli::{self, CompletionsArgs, ManArgs};
use crate::exit::Exit;
use crate::folder::RunFolder;

/// Prints the completion script of a shell.
pub fn completions(args: &CompletionsArgs, output: &Output) -> Result<Exit, Error> {
    let script = cli::completions(args.shell);
    output.print_as_it_is(&String::from_utf8_lossy(&script));
    Ok(Exit::Success)
}

/// Prints the program's manual page, or writes every page into a folder.
pub fn man(args: &ManArgs, output: &Output) -> Result<Exit, Error> {
    let pages = cli::man_pages().map_err(Error::internal)?;
    let Some(dir) = &args.output_dir else {
        let (_, page) = pages.first().expect("the program has a page");
        output.print_as_it_is(&String::from_utf8_lossy(page));
        return Ok(Exit::Success);
    };
    let folder = RunFolder::create_exactly(dir).map_err(Error::usage)?;
    for (name, page) in pages {
        folder.write(&name, &page).map_err(Error::internal)?;
    }
    Ok(Exit::Success)
}
