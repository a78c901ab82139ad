//! The `orderproof` program; everything is in the library.

use std::process::ExitCode;

use clap::Parser;

/// About a tenth of the send path is allocation; this allocator takes less of it than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    orderproof::commands::execute(orderproof::cli::Cli::parse()).into()
}
