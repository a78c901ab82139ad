//! Arguments of `compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The run to compare with: a folder, such as reports/20261123T140509Z-spike; or a forecast: the file that
    /// `orderproof plan --output` wrote.
    pub base: PathBuf,

    /// The run to compare; several are repeats of one.
    #[arg(required = true)]
    pub candidates: Vec<PathBuf>,

    /// A repeat of the base; may be given several times. Six runs a side and more can be judged by ranks.
    #[arg(long = "base", value_name = "DIR")]
    pub bases: Vec<PathBuf>,

    /// The share of comparisons of equal runs in which a change may be reported.
    #[arg(long, value_name = "SHARE", default_value = "5%")]
    pub level: String,

    /// A change of up to this share is noise; a figure that is no farther beside its forecast is near.
    #[arg(long, value_name = "SHARE", default_value = "10%")]
    pub noise: String,

    /// A change of up to this duration is noise, too; of a single pair also one of up to three times the worse p99
    /// of schedule lag.
    #[arg(long, value_name = "DURATION", default_value = "1ms")]
    pub noise_floor: String,

    /// How to show it.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = CompareFormat::Text)]
    pub format: CompareFormat,

    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,

    /// Write it to this file instead of standard output; a file that is there is not replaced.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Write every format, and charts of a single pair, into this new or empty folder.
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    pub output_dir: Option<PathBuf>,
}

impl CompareArgs {
    /// How it is to be shown.
    pub fn format(&self) -> CompareFormat {
        match self.json {
            true => CompareFormat::Json,
            false => self.format,
        }
    }
}

/// How to show a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// For a terminal.
    Text,
    /// For a pull request.
    Markdown,
    /// A page.
    Html,
    /// For programs.
    Json,
}
