//! The `orderproof` program; everything is in the library.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    orderproof::commands::execute(orderproof::cli::Cli::parse()).into()
}
