//! Arguments of `report`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::ReachArgs;
use crate::report::FORMATS;

/// The format that is for people at a terminal.
pub const TEXT_FORMAT: &str = "text";
/// The format that takes more than run.json: the ledger and the observation beside it.
pub const ORDERS_FORMAT: &str = "orders-csv";

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The run's folder, such as reports/20261123T140509Z-spike.
    pub dir: PathBuf,

    /// Show this format on standard output.
    #[arg(long, value_name = "FORMAT", default_value = TEXT_FORMAT, value_parser = formats(), conflicts_with = "output_dir")]
    pub format: String,

    /// Which of the format's files, where it has several: end_to_end-spike of hgrm, latency of png [default:
    /// the first].
    #[arg(long, value_name = "NAME", conflicts_with = "output_dir")]
    pub part: Option<String>,

    /// Write it to this file, which must not be there yet, instead of standard output.
    #[arg(long, short, value_name = "FILE", conflicts_with = "output_dir")]
    pub output: Option<PathBuf>,

    /// Render run.json's other formats (charts, CSV, Markdown and so on) again into this new or empty folder.
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,

    /// Ask CloudWatch again what it counted of the run: just after it, its last minutes were not there yet.
    #[arg(long, requires = "output_dir")]
    pub cloudwatch: bool,

    // Last: its heading holds for what follows.
    /// Where the target is.
    #[command(flatten)]
    pub reach: ReachArgs,
}

fn formats() -> PossibleValuesParser {
    let of_the_report = FORMATS.iter().map(|format| format.name);
    PossibleValuesParser::new(
        std::iter::once(TEXT_FORMAT)
            .chain(of_the_report)
            .chain(std::iter::once(ORDERS_FORMAT)),
    )
}
