//! Arguments of `plan`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::OverrideArgs;
use crate::plan::SOUGHT;

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The scenario, such as scenarios/spike.toml.
    pub scenario: PathBuf,

    /// Play so many seeds, from the scenario's (or --seed) on, and give the least and the most of each figure.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub seeds: u16,

    /// Look for the highest multiple of the baseline's rate at which gate and rules hold; or for the least value of a
    /// setting, named by its key (of times the function takes: the longest).
    #[arg(long, value_name = "KEY", value_parser = PossibleValuesParser::new(SOUGHT))]
    pub find: Option<String>,

    /// Take times, failures, limits and growth from a finished run, as far as its folder has them.
    #[arg(long, value_name = "DIR")]
    pub from: Option<PathBuf>,

    /// With --find rate: run the embedded pipeline just below the rate that was found and just above, and say whether both
    /// agree.
    #[arg(long, value_enum, value_name = "WHAT", requires = "find")]
    pub against: Option<AgainstWhat>,

    /// Play in cohorts, however few the orders are: the same rules applied to counts of orders, as beyond 10,000,000 orders.
    #[arg(long, conflicts_with_all = ["find", "from"])]
    pub cohorts: bool,

    /// Write the JSON document to this file, too; a file that is there is not replaced.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,

    // Last: its heading holds for what follows.
    /// Settings that replace the scenario's.
    #[command(flatten)]
    pub overrides: OverrideArgs,
}

/// What a rate that was found is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AgainstWhat {
    /// Two runs of the embedded pipeline.
    Real,
}
