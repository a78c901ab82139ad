//! Arguments of `gate`.

use std::path::PathBuf;

use clap::Args;

/// The rules of a gate.
#[derive(Debug, Args, Default)]
pub struct RuleArgs {
    /// A rule that must hold, such as "lost == 0", strict, "end_to_end_p99 < 2s for spike", "drain < 60s",
    /// "redelivered < 100" or "acknowledged_rate >= 900/s"; may be given several times.
    #[arg(long = "rule", value_name = "RULE")]
    pub rules: Vec<String>,

    /// A TOML file of further rules: rules = ["lost == 0", "drain < 60s"].
    #[arg(long = "rules", value_name = "FILE")]
    pub rules_file: Option<PathBuf>,

    /// A run that passed, with which rules on regressions compare. Without --rule, no regression of 5% or more is
    /// one of the rules.
    #[arg(long, value_name = "DIR")]
    pub baseline: Option<PathBuf>,
}

/// Arguments of `gate`.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// The run's folder, such as reports/20261123T140509Z-spike.
    pub dir: PathBuf,

    // Given none, the scenario's own are meant.
    /// Rules beside the scenario's.
    #[command(flatten)]
    pub rules: RuleArgs,

    /// Refuse a folder without the ledger and the observation, from which the run is judged again.
    #[arg(long)]
    pub require_evidence: bool,

    /// Write the verdict, the rules and the classes of orders to this file as JUnit XML, replacing it.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Append the outcome to this file as Markdown, such as "$GITHUB_STEP_SUMMARY"; - is standard output,
    /// instead of the text.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,

    /// Print the outcome as JSON instead of text.
    #[arg(long)]
    pub json: bool,
}
