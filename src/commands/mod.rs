//! What the program does when asked: one file a command. The only room that prints.

mod check;
mod conclude;
mod error;
mod interrupt;
mod live;
mod output;
mod progress;
mod report;
mod run;
mod self_test;
mod self_test_table;
mod serve;
mod site;
mod verify;

pub use error::CommandError;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use output::Output;

/// Does what the command line asks and says how it ended; errors are printed here.
pub fn execute(cli: Cli) -> Exit {
    let output = Output::new(cli.color);
    start_logging(&output);
    let outcome = match cli.command {
        Command::Run(args) => run::run(&args, &output),
        Command::Check(args) => check::check(&args, &output),
        Command::Verify(args) => verify::verify(&args, &output),
        Command::Report(args) => report::report(&args, &output),
        Command::Serve(args) => serve::serve(&args, &output),
        Command::SelfTest(args) => self_test::self_test(&args, &output),
    };
    outcome.unwrap_or_else(|error| {
        output.error(&error);
        error.exit()
    })
}

/// Diagnostics go to standard error; `ORDERPROOF_LOG` takes a filter such as `debug`.
fn start_logging(output: &Output) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("ORDERPROOF_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    // A second call in one process (a test) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(output.color_on_stderr())
        .with_writer(std::io::stderr)
        .try_init();
}
