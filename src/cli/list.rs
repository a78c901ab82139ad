//! Arguments of `list`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The folder that holds the runs' folders.
    #[arg(default_value = "reports")]
    pub dir: PathBuf,

    /// Only runs of this scenario.
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,

    /// Only this many, the latest.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,

    /// Print them as JSON.
    #[arg(long)]
    pub json: bool,
}
