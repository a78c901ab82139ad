//! Arguments of `submit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::OverrideArgs;
use super::workers::meeting_place;
use crate::load::WORKERS_MAX;
use crate::workers::MeetingPlace;

/// Arguments of `submit`.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// The scenario, as the workers see it. It must name a target outside the process.
    pub scenario: PathBuf,

    /// The engine that places the workers.
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub on: EngineKind,

    /// Workers. Each sends its share of the one schedule.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=i64::from(WORKERS_MAX)))]
    pub workers: u32,

    /// Where the workers meet: s3://BUCKET/PREFIX, or a folder that all of them see; of Kubernetes and Batch below /shared,
    /// where the volume is mounted.
    #[arg(long, value_name = "DIR|s3://", value_parser = meeting_place())]
    pub run_at: MeetingPlace,

    /// The image of orderproof, for Kubernetes and Batch.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,

    /// What all workers mount at /shared: a PersistentVolumeClaim (ReadWriteMany) of Kubernetes, the id of an EFS file
    /// system of Batch. Not with s3://.
    #[arg(long, value_name = "NAME")]
    pub volume: Option<String>,

    /// The service account of the pods of Kubernetes, with the permissions that `orderproof policy` prints.
    #[arg(long, value_name = "NAME")]
    pub service_account: Option<String>,

    /// The program's path on the nodes of Slurm [default: this program].
    #[arg(long, value_name = "PATH")]
    pub program: Option<PathBuf>,

    /// The folder to write the files into, which is made, or is there and empty.
    #[arg(long, value_name = "DIR", default_value = "submit")]
    pub output_dir: PathBuf,

    /// Also run the script that submits them: by sbatch, kubectl or aws, as they are set up here. Takes --yes.
    #[arg(long, requires = "yes")]
    pub go: bool,

    /// Workers send without asking: nobody is there to answer. With --go they begin at once.
    #[arg(long)]
    pub yes: bool,

    /// With --go on Batch: the job queue, the role of the jobs and the role that starts them.
    #[arg(long, value_name = "VALUE", num_args = 3, value_names = ["JOB_QUEUE", "JOB_ROLE", "EXECUTION_ROLE"])]
    pub batch: Vec<String>,

    // Last: its heading holds for what follows.
    /// Settings of every worker's run that replace the scenario's.
    #[command(flatten)]
    pub overrides: OverrideArgs,
}

/// What places the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// An array of sbatch, and a merge after it.
    Slurm,
    /// An Indexed Job, and a Job that merges.
    Kubernetes,
    /// An array job of AWS Batch under Step Functions.
    Batch,
}
