//! Arguments of a run by several workers.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::ReachArgs;
use crate::workers::MeetingPlace;

/// Reads a folder or `s3://BUCKET/PREFIX`.
pub(super) fn meeting_place() -> impl TypedValueParser<Value = MeetingPlace> {
    OsStringValueParser::new().try_map(MeetingPlace::parse)
}

/// What makes a run one of several workers'.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Several workers")]
pub struct WorkerArgs {
    /// Send as one of several workers, which meet in this folder that all of them see (NFS, a shared volume), or at
    /// s3://BUCKET/PREFIX: its files become those of the run. `orderproof merge` gives the verdict.
    #[arg(long, value_name = "DIR|s3://", value_parser = meeting_place(), conflicts_with_all = ["output_dir", "goose_report", "dashboard", "goose_dashboard", "tui", "with_plan", "find"])]
    pub run_at: Option<MeetingPlace>,

    /// Which worker this is: 0/4 is the first of four [default: as JOB_COMPLETION_INDEX and WORKER_COUNT,
    /// AWS_BATCH_JOB_ARRAY_INDEX, SLURM_ARRAY_TASK_ID or SLURM_PROCID say].
    #[arg(long, value_name = "I/N", requires = "run_at")]
    pub worker: Option<String>,

    /// How long workers wait for each other to be ready.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "10m",
        requires = "run_at"
    )]
    pub ready_timeout: String,

    /// From when all workers are ready to the start; more on file systems that show new files late, such as NFS.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "10s",
        requires = "run_at"
    )]
    pub lead: String,
}

/// Arguments of `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Where the workers met (--run-at): a folder, or s3://BUCKET/PREFIX.
    #[arg(value_name = "DIR|s3://", value_parser = meeting_place())]
    pub at: MeetingPlace,

    /// Of a run whose workers met at S3: copy what they left into this folder, which is new, empty or an earlier copy, and
    /// judge there [default: reports/UTC-SCENARIO].
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,

    /// Although a worker without a manifest may still be sending.
    #[arg(long, conflicts_with = "wait")]
    pub now: bool,

    /// Wait until every worker has left its manifest, or none can be sending any more; so long at most until they have
    /// met [default with --wait: 1h].
    #[arg(long, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "1h")]
    pub wait: Option<String>,

    /// Print the outcome as JSON instead of text, as `run --json` does.
    #[arg(long)]
    pub json: bool,

    // Last: its heading holds for what follows.
    /// Where the target is.
    #[command(flatten)]
    pub reach: ReachArgs,
}
