//! `orderproof completions` and `orderproof man`.

use super::{CommandError, Output};
use crate::cli::{self, CompletionsArgs, ManArgs};
use crate::exit::Exit;
use crate::folder::RunFolder;

/// Prints the completion script of a shell.
pub fn completions(args: &CompletionsArgs, output: &Output) -> Result<Exit, CommandError> {
    let script = cli::completions(args.shell);
    output.print(&String::from_utf8_lossy(&script));
    Ok(Exit::Success)
}

/// Prints the program's manual page, or writes every page into a folder.
pub fn man(args: &ManArgs, output: &Output) -> Result<Exit, CommandError> {
    let pages = cli::man_pages().map_err(CommandError::internal)?;
    let Some(dir) = &args.output_dir else {
        let (_, page) = pages.first().expect("the program has a page");
        output.print(&String::from_utf8_lossy(page));
        return Ok(Exit::Success);
    };
    let folder = RunFolder::create_exactly(dir).map_err(CommandError::usage)?;
    for (name, page) in pages {
        folder.write(&name, &page).map_err(CommandError::internal)?;
    }
    Ok(Exit::Success)
}
