//! What is made of the command line itself: completions and manual pages.

use std::path::PathBuf;

use clap::{Args, Command, CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::Cli;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: Shell,
}

/// Arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// What the schema is of.
    #[arg(value_enum, default_value_t = SchemaOf::Run)]
    pub of: SchemaOf,
}

/// What there is a schema of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The file run.json of a run.
    Run,
    /// Scenario files, for editors that complete keys and mark mistakes.
    Scenario,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for the program and one for each command into this new or empty folder.
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
}

/// The completion script of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "orderproof", &mut script);
    script
}

/// Every manual page with its file name, the program's first.
///
/// # Errors
/// When a page cannot be written to memory: never in practice.
pub fn man_pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut command = Cli::command();
    command.build();
    let mut pages = vec![page(&command, "orderproof")?];
    for inner in command.get_subcommands() {
        if inner.get_name() != "help" {
            let name = format!("orderproof-{}", inner.get_name());
            pages.push(page(inner, &name)?);
        }
    }
    Ok(pages)
}

fn page(command: &Command, name: &str) -> std::io::Result<(String, Vec<u8>)> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .render(&mut page)?;
    Ok((format!("{name}.1"), page))
}
