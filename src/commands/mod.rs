//! What the program does when asked: one file a command. The only room that prints.

mod against_real;
mod beside;
mod check;
mod check_document;
mod clean;
mod compare;
mod compare_forecast;
mod confirm;
#[cfg(feature = "dashboard")]
mod dashboard;
#[cfg(not(feature = "dashboard"))]
#[path = "no_dashboard.rs"]
mod dashboard;
mod down;
mod fit;
mod gate;
mod generated;
mod goose_dashboard;
mod init;
mod interrupt;
mod list;
mod live;
mod merge;
mod new_file;
mod numbered;
mod output;
mod place;
mod plan;
mod policy;
mod preflight;
mod progress;
mod reach;
mod render;
mod report;
mod run;
mod schema;
mod screen;
mod self_test;
mod self_test_table;
mod serve;
mod serve_stub;
mod show;
mod submit;
#[cfg(feature = "tui")]
mod tui;
#[cfg(not(feature = "tui"))]
#[path = "no_tui.rs"]
mod tui;
mod up;
mod verify;
mod verify_part;
mod worker;

pub use crate::error::Error;

use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::{Cli, Command, LogFormat, ProgressFormat};
use crate::exit::Exit;
use output::Output;

/// Does what the command line asks and says how it ended; errors are printed here.
pub fn execute(cli: Cli) -> Exit {
    let output = Output::new(cli.color);
    if let Command::Run(args) = &cli.command
        && args.progress == ProgressFormat::Ndjson
    {
        screen::say_objects();
    }
    start_logging(&output, &cli.command);
    let outcome = match cli.command {
        Command::Run(args) => run::run(&args, &output),
        Command::Check(args) => check::check(&args, &output),
        Command::Preflight(args) => preflight::preflight(&args, &output),
        Command::Plan(args) => plan::plan(&args, &output),
        Command::Merge(args) => merge::merge(&args, &output),
        Command::Verify(args) => verify::verify(&args, &output),
        Command::Gate(args) => gate::gate(&args, &output),
        Command::Report(args) => report::report(&args, &output),
        Command::Schema(args) => schema::schema(&args, &output),
        Command::Compare(args) => compare::compare(&args, &output),
        Command::List(args) => list::list(&args, &output),
        Command::Init(args) => init::init(&args, &output),
        Command::Completions(args) => generated::completions(&args, &output),
        Command::Man(args) => generated::man(&args, &output),
        Command::Serve(args) => serve::serve(&args, &output),
        Command::SelfTest(args) => self_test::self_test(&args, &output),
        Command::Up(args) => up::up(&args, &output),
        Command::Down(args) => down::down(&args, &output),
        Command::Clean(args) => clean::clean(&args, &output),
        Command::Policy(args) => policy::policy(&args, &output),
        Command::Submit(args) => submit::submit(&args, &output),
    };
    outcome.unwrap_or_else(|error| {
        output.error(&error);
        error.exit()
    })
}

/// What writes the headers of its requests into its finer logs, session token and all, whatever the filter says: the
/// crates of the AWS SDK and of HTTP.
const WITH_CREDENTIALS: [&str; 4] = ["aws_", "hyper", "h2", "rustls"];

/// Says of a kind of line whether it is shown.
type IsShown = fn(&Metadata<'_>) -> bool;

/// A log without them.
fn quiet<S>(log: S) -> Layered<FilterFn<IsShown>, S>
where
    S: tracing::Subscriber,
{
    log.with(FilterFn::new(holds_no_credentials as IsShown))
}

/// Whether lines of this kind hold no credentials.
fn holds_no_credentials(kind: &Metadata<'_>) -> bool {
    let named = |name: &str| kind.target().starts_with(name);
    *kind.level() <= Level::INFO || !WITH_CREDENTIALS.iter().any(|name| named(name))
}

/// Diagnostics go to standard error; `ORDERPROOF_LOG` takes a filter such as `debug`.
fn start_logging(output: &Output, command: &Command) {
    let (requests, format) = match command {
        Command::Serve(args) => (args.log_requests, args.log_format),
        _ => (false, LogFormat::Text),
    };
    let usual = match requests {
        true => "error,orderproof_emulator::requests=info",
        false => "error",
    };
    let filter =
        EnvFilter::try_from_env("ORDERPROOF_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    let color = output.color_on_stderr();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(color)
        .with_writer(move || screen::Log { color });
    // A second call in one process (a test) keeps the first subscriber.
    let _ = match format {
        LogFormat::Text => quiet(log.finish()).try_init(),
        LogFormat::Json => quiet(log.json().flatten_event(true).finish()).try_init(),
    };
}
