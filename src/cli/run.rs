//! Arguments of `run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{OverrideArgs, ProgressFormat, WorkerArgs};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The scenario, such as scenarios/spike.toml.
    pub scenario: PathBuf,

    /// Put the report exactly here; the folder must be new or empty [default:
    /// reports/UTC-SCENARIO].
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,

    /// Mark the orders with this run id instead of a random one.
    #[arg(long, value_name = "N", conflicts_with = "find", value_parser = clap::value_parser!(u32).range(1..=9_007_198))]
    pub run_id: Option<u32>,

    /// Write Goose's own HTML report into the run's folder.
    #[arg(long, conflicts_with = "find")]
    pub goose_report: bool,

    /// Serve a page on this loopback port that shows the run as it goes on, and its verdict; 0 takes any free one.
    #[arg(long, value_name = "PORT", conflicts_with = "find")]
    pub dashboard: Option<u16>,

    /// Serve Goose's own dashboard on this loopback port while sending; 0 takes any free one.
    #[arg(long, value_name = "PORT", conflicts_with = "find")]
    pub goose_dashboard: Option<u16>,

    /// Send from so many threads, each pinned to a core of its own where there are as many; there are never more than
    /// senders [default: one for each 15,000 requests a second at the peak, at most one less than there are cores].
    #[arg(long, value_name = "N", conflicts_with = "find", value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub threads: Option<u32>,

    /// Print the outcome as JSON instead of text; docs/machines.md names its fields.
    #[arg(long)]
    pub json: bool,

    /// How progress is shown on standard error: text, or ndjson, one JSON object a line, once a second.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ProgressFormat::Text, conflicts_with_all = ["quiet", "tui"])]
    pub progress: ProgressFormat,

    /// Show phases, rates, backlog and counts live on the whole terminal; q or ctrl-c stops.
    #[arg(long, conflicts_with_all = ["quiet", "find"])]
    pub tui: bool,

    /// Off loopback: send without asking for confirmation. The guard and its ceilings stay.
    #[arg(long)]
    pub yes: bool,

    /// No progress on standard error.
    #[arg(long, short)]
    pub quiet: bool,

    /// Forecast the run before it begins, as `plan` does, and show both over one another in the report. The forecast is no
    /// evidence: verdict and exit code are those of the run alone.
    #[arg(long, conflicts_with = "find")]
    pub with_plan: bool,

    /// With --with-plan: forecast so many seeds, from the scenario's (or --seed) on.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "with_plan", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub seeds: u16,

    // Last: its heading holds for what follows.
    /// Settings that replace the scenario's.
    #[command(flatten)]
    pub overrides: OverrideArgs,

    // After them: it has a heading of its own.
    /// Where to look for the highest rate.
    #[command(flatten)]
    pub find_rate: FindRateArgs,
    /// One of several workers.
    #[command(flatten)]
    pub workers: WorkerArgs,
}

/// Where `run --find rate` looks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Search for the highest rate")]
pub struct FindRateArgs {
    /// Look for the highest multiple of the baseline's rate at which the scenario passes: a run at its own rate, then doubled
    /// and bisected, each in a folder of its own. Exit code 0: a limit of the pipeline was found, and the scenario passes at
    /// its own rate. A rate that the load generator cannot offer does not count as a limit of the pipeline.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub find: Option<MeasuredWhat>,

    /// With --find: so many runs at most.
    #[arg(long, value_name = "N", default_value_t = 12, requires = "find", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub steps: u32,

    /// With --find: no run begins after so long, such as 30m.
    #[arg(long, value_name = "DURATION", default_value = "1h", requires = "find")]
    pub within: String,

    /// With --find: no multiple of the baseline above this is tried, such as 20x [default: 64 times the scenario's own].
    #[arg(long, value_name = "MULTIPLE", requires = "find")]
    pub up_to: Option<String>,
}

/// What real runs look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MeasuredWhat {
    /// The highest rate that passes.
    Rate,
}
