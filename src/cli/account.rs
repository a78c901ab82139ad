//! `up`, `down` and `clean`: what is created in an account and deleted from it; `policy`: what they may need there.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::workers::meeting_place;
use super::{ReachArgs, TargetArgs};
use crate::workers::MeetingPlace;

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

    /// Whose settings and where.
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Arguments of `down`.
#[derive(Debug, Args)]
pub struct DownArgs {
    /// Whose settings and where.
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
    /// Where the target is.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// Arguments of `policy`.
#[derive(Debug, Args)]
pub struct PolicyArgs {
    /// The scenario whose queues and tables are meant [default: the original lab's].
    pub scenario: Option<PathBuf>,

    /// What the policy is to allow; may be given several times [default: run, verify, clean and up].
    #[arg(long = "for", value_enum, value_name = "COMMAND")]
    pub commands: Vec<PolicyFor>,

    /// The account's number, which stands in the resources' names [default: any account].
    #[arg(long, value_name = "NUMBER", value_parser = account_number)]
    pub account: Option<String>,

    /// The ARN of a customer managed key of KMS that queues, topic or tables are encrypted with; may be given several
    /// times. Without one the policy holds no permission of KMS: keys of AWS's own need none.
    #[arg(long, value_name = "ARN", value_parser = key_arn)]
    pub kms_key: Vec<String>,

    /// Also what several workers and their merge need that meet at s3://BUCKET/PREFIX.
    #[arg(long, value_name = "s3://", value_parser = meeting_place())]
    pub run_at: Option<MeetingPlace>,

    /// Any other value of the scenario: target.dead_letters=own.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    // Last: its heading holds for what follows.
    /// Where the pipeline is.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// What a policy is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PolicyFor {
    /// `run`, with its preflight; also `verify --resume`.
    Run,
    /// `verify --live`.
    Verify,
    /// `clean`, with --delete.
    Clean,
    /// `up`.
    Up,
    /// `down`.
    Down,
}

fn account_number(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("write the 12 digits of an account, such as 123456789012".into()),
    }
}

fn key_arn(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts.as_slice() {
        // KMS checks keys, not their aliases.
        ["arn", _, "kms", _, _, key] if key.starts_with("key/") => Ok(text.to_owned()),
        _ => Err("write a key's ARN, such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab".into()),
    }
}
