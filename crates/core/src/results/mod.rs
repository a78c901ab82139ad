//! What a run found: the model of its report, and the files of its folder as values.
//!
//! `build` puts a [`RunReport`] together from what each room found; every format is a function of it. The files are parsed
//! from bytes here, within limits; reading and writing them is `folder`'s.

mod backlog;
mod brief;
mod build;
mod cloudwatch;
mod failure;
pub mod figures;
pub mod file_name;
mod headline;
mod json;
mod limits;
mod meters;
mod model;
mod over_time;
mod reading;
mod schema;
mod sends;
mod sent;
mod tally;
mod timeline;
mod unfinished;
mod workers;

#[doc(hidden)]
pub mod fixture;
#[cfg(test)]
mod tests;

pub use backlog::{Backlog, caught_up};
pub use brief::{RunBrief, parse_brief};
pub use build::{BuildInput, build, phase_figures};
pub use cloudwatch::{CloudWatch, CloudWatchMetric, MetricSeries};
pub use failure::{FailureCount, FailureKind, NeverStarted};
pub use headline::{headline, verdict_word};
pub use json::{PlanFile, ReportError, parse_plan, parse_report, to_json};
pub use meters::{MetersFile, parse_meters};
pub use model::*;
pub use over_time::{PerSecond, Recovery};
pub use reading::{PipelineReading, Reading, Stretch};
pub use schema::run_schema;
pub use sends::{Aborted, PhaseSends, SecondSends, SendRecord};
pub use sent::{SentFile, parse_sent};
pub use tally::Tally;
pub use unfinished::unfinished;
pub use workers::{
    AgreedStart, ShardManifest, WorkerRecord, WorkerState, all_whole, parse_manifest,
    part_of_sends, shard_files, worker_findings, workers_too_far_apart,
};
