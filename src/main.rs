//! The `orderproof` program; everything is in the library.

use std::io::{Write, stderr};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::Parser;
use orderproof::escape;

/// About a tenth of the send path is allocation; this allocator takes less of it than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    outlive_full_files();
    match orderproof::cli::Cli::try_parse() {
        Ok(cli) => orderproof::commands::execute(cli).into(),
        Err(error) if error.use_stderr() => refuse(&error),
        Err(help) => help.exit(),
    }
}

/// A file that reaches the limit of its size is an error like a full disk, not the end of the program.
fn outlive_full_files() {
    // Sound: no handler is installed, the signal is only ignored.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

/// What is wrong with the arguments, which may come from anywhere.
fn refuse(error: &clap::Error) -> ExitCode {
    let color = AutoStream::choice(&stderr()) != ColorChoice::Never;
    let told = error.render();
    let told = match color {
        true => told.ansi().to_string(),
        false => told.to_string(),
    };
    let _ = stderr().write_all(escape::terminal(&told, color).as_bytes());
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}
