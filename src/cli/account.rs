//! `up`, `down` and `clean`: what is created in an account and deleted from it.

use std::path::PathBuf;

use clap::Args;

use super::{ReachArgs, TargetArgs};

/// Whose settings and where.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// The scenario whose `[pipeline]` and `[target]` are meant [default: the original lab's].
    pub scenario: Option<PathBuf>,

    /// Any other value of the scenario: pipeline.visibility_timeout=60s.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Do it without asking, also where it is not on loopback.
    #[arg(long)]
    pub yes: bool,

    // Last: its heading holds for what follows.
    /// Without any of these, the AWS account that the AWS SDK finds.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Print a CloudFormation template of the same queues and tables, with a mapping for each function, and create nothing;
    /// no account is asked.
    #[arg(long, conflicts_with = "yes")]
    pub template: bool,

    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Arguments of `down`.
#[derive(Debug, Args)]
pub struct DownArgs {
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Arguments of `clean`.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// The run's folder, such as reports/20261123T140509Z-spike; the target is the one in its plan.json.
    pub dir: PathBuf,

    /// Delete them; without this they are only counted.
    #[arg(long)]
    pub delete: bool,

    /// Also clean a run that has no verdict yet; afterwards it can get none.
    #[arg(long)]
    pub without_verdict: bool,

    // Last: its heading holds for what follows.
    #[command(flatten)]
    pub reach: ReachArgs,
}
