//! Arguments of `plan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::OverrideArgs;

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The scenario, such as scenarios/spike.toml.
    pub scenario: PathBuf,

    /// Play so many seeds, from the scenario's (or --seed) on, and give the least and the most of each figure.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub seeds: u16,

    /// Look for the highest multiple of the baseline's rate at which gate and rules hold.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub find: Option<Sought>,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,

    // Last: its heading holds for what follows.
    /// Settings that replace the scenario's.
    #[command(flatten)]
    pub overrides: OverrideArgs,
}

/// What can be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sought {
    /// The highest rate.
    Rate,
}
