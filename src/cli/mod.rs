//! The command line: what can be asked for. The only room beside `main` that names `clap`.

mod account;
mod compare;
mod gate;
mod generated;
mod init;
mod list;
mod plan;
mod report;
mod run;
mod stub;
mod submit;
mod workers;

pub use account::{CleanArgs, DownArgs, PlaceArgs, PolicyArgs, PolicyFor, UpArgs};
pub use compare::{CompareArgs, CompareFormat};
pub use gate::{GateArgs, RuleArgs};
pub use generated::{CompletionsArgs, ManArgs, SchemaArgs, SchemaOf, completions, man_pages};
pub use init::InitArgs;
pub use list::ListArgs;
pub use plan::{AgainstWhat, PlanArgs};
pub use report::{ORDERS_FORMAT, ReportArgs, TEXT_FORMAT};
pub use run::{FindRateArgs, MeasuredWhat, RunArgs};
pub use stub::StubArgs;
pub use submit::{EngineKind, SubmitArgs};
pub use workers::{MergeArgs, WorkerArgs};

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::emulator::{HostName, Origin};

const EXIT_CODES: &str = "\
Exit codes:
  0    pass
  1    internal error
  2    bad arguments or an invalid file
  3    orders lost, altered or misplaced
  4    inconclusive: evidence is missing, or the load could not be offered
  5    every order accounted for, but a performance rule is broken
  6    refused: the guard, a trap or a missing confirmation; nothing was sent, changed or deleted
  7    a forecast was made: it is no evidence
  42   a worker's shard was claimed before: it has sent nothing
  43   the start that workers agreed on has passed: this one has sent nothing
  75   not all workers were ready in time: this one has sent nothing
  130  interrupted before every planned order was decided

A worker (--run-at) gives no verdict: its 0 says that its shard was sent.";

const PREFLIGHT_EXIT_CODES: &str = "\
Exit codes:
  0  a run may start
  1  internal error
  2  bad arguments, an invalid file, or no way to the target
  6  a run would be refused: by the guard or by a trap that voids it (with --deny-traps, by any trap)";

const PLAN_EXIT_CODES: &str = "\
Exit codes:
  7  a forecast was made, whatever it says: it is no evidence
  1  internal error
  2  bad arguments, an invalid file, or a scenario that cannot be forecast";

const COMPARE_EXIT_CODES: &str = "\
Exit codes:
  0  nothing regressed (what lacks data is listed)
  1  internal error
  2  bad arguments, a folder that cannot be read, or runs that are not comparable
  3  more orders are lost, altered or misplaced
  4  inconclusive: one of the runs proved nothing
  5  a duration regressed
  7  a forecast was held against a run, whatever it shows: a forecast is no evidence";

/// Prove that an order pipeline (SQS -> Lambda -> DynamoDB) loses nothing under load.
#[derive(Debug, Parser)]
#[command(name = "orderproof", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// When to use color.
    #[arg(long, value_enum, default_value_t = ColorChoice::Auto, global = true)]
    pub color: ColorChoice,
}

/// When to use color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Drive a scenario at a pipeline, embedded or on AWS, account for every order and give a verdict.
    #[command(after_help = EXIT_CODES)]
    Run(RunArgs),
    /// Validate scenario files without running them.
    Check(CheckArgs),
    /// Look for traps in a target's real settings, and estimate what a run would cost; nothing is sent.
    #[command(after_help = PREFLIGHT_EXIT_CODES)]
    Preflight(PreflightArgs),
    /// Forecast what a run of a scenario might find, in virtual time; nothing is sent, and nothing is proved.
    #[command(after_help = PLAN_EXIT_CODES)]
    Plan(PlanArgs),
    /// Give the verdict of a run by several workers (`run --run-at`): unite what they left, look at the stores, judge.
    #[command(after_help = EXIT_CODES)]
    Merge(MergeArgs),
    /// Judge a finished or broken run again, from its files or from the live stores.
    #[command(after_help = EXIT_CODES)]
    Verify(VerifyArgs),
    /// Hold rules against a finished run, for a CI job: every rule with what was observed, and an exit code.
    #[command(after_help = EXIT_CODES)]
    Gate(GateArgs),
    /// Show the report of a finished run in any format, or render its files again.
    Report(ReportArgs),
    /// Print the JSON Schema of run.json, or of scenario files.
    Schema(SchemaArgs),
    /// Compare two runs, or repeats of two: orders first, then every duration, beyond noise or not. Or a forecast and a run.
    #[command(after_help = COMPARE_EXIT_CODES)]
    Compare(CompareArgs),
    /// List past runs: when, scenario, verdict, orders, p99, drain.
    List(ListArgs),
    /// Write a commented scenario to start from.
    Init(InitArgs),
    /// Serve the embedded pipeline of a scenario to other processes, on loopback; or, with --stub, a queue that only counts, to
    /// measure a load generator with.
    Serve(ServeArgs),
    /// Provoke every known way to lose an order and check that each gets its verdict.
    SelfTest(SelfTestArgs),
    /// Create queues and table in an AWS account, or behind endpoints; what is there is not changed.
    #[command(after_help = EXIT_CODES)]
    Up(UpArgs),
    /// Delete the queues and the table that `up` created; what it did not create is left.
    #[command(after_help = EXIT_CODES)]
    Down(DownArgs),
    /// Remove the rows and dead letters of one run from its table and queue; without --delete, count them.
    #[command(after_help = EXIT_CODES)]
    Clean(CleanArgs),
    /// Print the least IAM policy with which commands can do what a scenario asks; no account is asked.
    Policy(PolicyArgs),
    /// Write, and with --go submit, what Slurm, Kubernetes or AWS Batch needs to run a scenario by several workers.
    #[command(
        override_usage = "orderproof submit SCENARIO --on ENGINE --workers N --run-at DIR [OPTIONS]"
    )]
    Submit(SubmitArgs),
    /// Print the completion script of a shell.
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them.
    Man(ManArgs),
}

/// Values that replace those of the scenario file.
#[derive(Debug, Args)]
pub struct OverrideArgs {
    /// The baseline's rate, such as 500/s; multiples ("5x") follow it.
    #[arg(long, value_name = "RATE")]
    pub rate: Option<String>,

    /// The length of the whole load profile, such as 30s; its phases are scaled.
    #[arg(long, value_name = "DURATION")]
    pub duration: Option<String>,

    /// The seed of every random choice.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Any other value: pipeline.visibility_timeout=5s, phase.spike.rate=8x, sending.sender=sdk.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    // Last: its heading holds for what follows.
    /// Where the pipeline is.
    #[command(flatten)]
    pub target: TargetArgs,
}

impl OverrideArgs {
    /// The options that say the same, as words of a command line.
    pub fn words(&self) -> Vec<String> {
        let seed = self.seed.map(|seed| seed.to_string());
        let target = self.target.target.map(|target| match target {
            TargetKind::Embedded => "embedded".to_owned(),
            TargetKind::Aws => "aws".to_owned(),
        });
        let own = [
            ("rate", &self.rate),
            ("duration", &self.duration),
            ("seed", &seed),
            ("target", &target),
        ];
        let own = own.into_iter();
        let own = own.filter_map(|(key, value)| Some((key, value.clone()?)));
        let sets = self.set.iter().map(|set| ("set", set.clone()));
        own.chain(sets)
            .chain(self.target.keys())
            .flat_map(|(key, value)| [format!("--{}", key.replace('_', "-")), value])
            .collect()
    }
}

/// Where the pipeline under test is. Any of these but `--target embedded` means AWS or what speaks like it.
#[derive(Debug, Clone, Args, Default)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// The pipeline under test [default: as the scenario says, or else embedded].
    #[arg(long, value_enum, value_name = "TARGET")]
    pub target: Option<TargetKind>,

    /// The endpoint of every AWS service, such as http://127.0.0.1:4566 [default: as the AWS SDK finds it].
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Option<String>,

    /// The AWS region [default: as the AWS SDK finds it].
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// The profile of the AWS configuration files.
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Where the function runs: lambda, behind the target; local, in this process, which then polls the
    /// target's queue and writes to its table.
    #[arg(long, value_name = "PLACE")]
    pub processor: Option<String>,

    /// The queue orders are sent to [default: orders-queue].
    #[arg(long, value_name = "NAME")]
    pub orders_queue: Option<String>,

    /// Its dead-letter queue [default: orders-dl-queue].
    #[arg(long, value_name = "NAME")]
    pub dead_letter_queue: Option<String>,

    /// The table orders end in [default: orders].
    #[arg(long, value_name = "NAME")]
    pub table: Option<String>,

    /// The Lambda function [default: lab-order-processor].
    #[arg(long, value_name = "NAME")]
    pub function: Option<String>,

    /// Whose the dead-letter queue is: shared, nothing is deleted there; own, each letter is deleted once it is
    /// written down [default: shared].
    #[arg(long, value_name = "WHOSE")]
    pub dead_letters: Option<String>,

    /// Off loopback: refuse to send more orders than this [default: 100000].
    #[arg(long, value_name = "N")]
    pub max_orders: Option<String>,

    /// Off loopback: refuse to spend more than this by estimate, US dollars [default: 1.00].
    #[arg(long, value_name = "USD")]
    pub max_usd: Option<String>,
}

/// The kind of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TargetKind {
    /// In this process, made from the scenario.
    Embedded,
    /// An AWS account, or endpoints that speak its protocol.
    Aws,
}

impl TargetArgs {
    /// The keys of `[target]` that are given, each with its value.
    pub fn keys(&self) -> Vec<(&'static str, String)> {
        [
            ("endpoint_url", &self.endpoint_url),
            ("region", &self.region),
            ("profile", &self.profile),
            ("processor", &self.processor),
            ("orders_queue", &self.orders_queue),
            ("dead_letter_queue", &self.dead_letter_queue),
            ("table", &self.table),
            ("function", &self.function),
            ("dead_letters", &self.dead_letters),
            ("max_orders", &self.max_orders),
            ("max_usd", &self.max_usd),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.clone()?)))
        .collect()
    }
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenario files; - is standard input.
    #[arg(required = true)]
    pub scenarios: Vec<PathBuf>,

    /// Print what was found as JSON, one document for all files.
    #[arg(long, conflicts_with = "show")]
    pub json: bool,

    /// Print the first N orders as they would be sent, each kind of bad orders once, and what would prove them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=1_000))]
    pub show: Option<u64>,

    // Checked against each of the scenarios, before a run that they are to be held against.
    /// Rules beside the scenario's.
    #[command(flatten)]
    pub rules: RuleArgs,

    // Last: its heading holds for what follows.
    /// Settings that replace the scenario's.
    #[command(flatten)]
    pub overrides: OverrideArgs,
}

/// Arguments of `preflight`.
#[derive(Debug, Args)]
pub struct PreflightArgs {
    /// The scenario that would be run, such as scenarios/spike.toml.
    pub scenario: PathBuf,

    /// Exit with 6 also for traps that would not stop a run, and for what could not be read.
    #[arg(long)]
    pub deny_traps: bool,

    /// Print everything that was read and found as JSON.
    #[arg(long)]
    pub json: bool,

    // Last: its heading holds for what follows.
    /// Settings that replace the scenario's.
    #[command(flatten)]
    pub overrides: OverrideArgs,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The run's folder, such as reports/20261123T140509Z-spike.
    pub dir: PathBuf,

    /// Look at the queues and the table of the run's `[target]` again instead of at observation.json. Nothing is
    /// written or deleted there, and no function starts; what is seen is kept in the folder.
    #[arg(long, conflicts_with = "resume")]
    pub live: bool,

    /// Print the outcome as JSON instead of text.
    #[arg(long)]
    pub json: bool,

    /// Finish a run that was killed, or that could not look: its local function goes on, and the dead letters of
    /// a queue of the run's own are deleted once they are written down. The guard asks what it asks of a run.
    #[arg(long)]
    pub resume: bool,

    /// Of a run by several workers, before its merge: as worker I of N that share the reading, wait for rest and read every
    /// N-th segment of the tables into the folder. The merge goes on from there, and gives the verdict.
    #[arg(long, value_name = "I/N", conflicts_with_all = ["live", "resume"])]
    pub worker: Option<String>,

    // Last: its heading holds for what follows.
    /// Where the target is.
    #[command(flatten)]
    pub reach: ReachArgs,
}

/// Where the target that a run's folder names is, as the caller says.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Target")]
pub struct ReachArgs {
    /// The endpoint that the run's folder names, so that credentials are sent nowhere else; once for each if there are
    /// several. A different URL replaces it [default: AWS_ENDPOINT_URL, or the folder's once it is confirmed].
    #[arg(long, value_name = "URL")]
    pub endpoint_url: Vec<String>,

    /// The AWS region [default: as the run was given it, or as the AWS SDK finds it].
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,

    /// The profile of the AWS configuration files [default: as the run was given it].
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Go on without asking: at the endpoint that the folder names, and off loopback. The guard stays.
    #[arg(long)]
    pub yes: bool,
}

impl ReachArgs {
    /// Whether any of them was given.
    pub fn is_given(&self) -> bool {
        !self.endpoint_url.is_empty() || self.region.is_some() || self.profile.is_some() || self.yes
    }
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The scenario whose pipeline to serve, such as scenarios/smoke.toml; its load is not driven
    /// [default: the original lab's pipeline].
    pub scenario: Option<PathBuf>,

    /// The port to listen on; 0 takes any that is free and prints it.
    #[arg(long, value_name = "PORT", default_value_t = 9324)]
    pub port: u16,

    /// The address to listen on. Nothing is authenticated: leave it on loopback unless you trust everybody
    /// who reaches the address.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub bind: IpAddr,

    /// Answer also clients and pages that call the server by this name or address, with any port; may be given
    /// several times. Loopback names and addresses and the address listened on are always allowed.
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<HostName>,

    /// Let pages of this origin, such as http://localhost:3000, ask and read the answers (CORS); may be given several
    /// times; * is every page. Without it no page of another origin is answered.
    #[arg(long, value_name = "ORIGIN")]
    pub cors: Vec<Origin>,

    /// Connections at one time; for one more, the connection that has been idle longest is closed, or else the
    /// new one is refused with status 503.
    #[arg(long, value_name = "N", default_value_t = 1_024, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_connections: u16,

    /// Bytes that the bodies of all requests and replies on their way may take; what is above is refused with status
    /// 503. The first 64 KiB of each body are not counted.
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = parse_size)]
    pub max_request_bytes: u64,

    /// Create neither queues nor table; the function runs as soon as another program has created them.
    #[arg(long)]
    pub empty: bool,

    /// Run no function: another program consumes the orders, such as `orderproof run --processor local`.
    #[arg(long)]
    pub no_function: bool,

    /// Bytes the queues, and the tables, may take each, with everything they are described by, before writes are
    /// refused: 512MiB, 2GiB.
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = parse_size)]
    pub max_stored_bytes: u64,

    /// Keep what the scenario's own function (`[processor]`) writes to its output in this folder.
    #[arg(long, value_name = "DIR")]
    pub function_logs: Option<PathBuf>,

    /// Write a line to standard error for every request.
    #[arg(long)]
    pub log_requests: bool,

    /// How log lines look.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    /// The run whose orders the scenario's faults strike [default: a random one, printed at the start].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=9_007_198))]
    pub run_id: Option<u32>,

    /// Print nothing at the end.
    #[arg(long, short)]
    pub quiet: bool,

    // Last: their headings hold for what follows.
    /// Settings that replace the scenario's.
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// A queue that only counts, in the pipeline's place.
    #[command(flatten)]
    pub stub: StubArgs,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressFormat {
    /// For people.
    Text,
    /// One JSON object a line, and nothing else on standard error.
    Ndjson,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Reads `1048576`, `512KiB`, `512MiB` or `2GiB`.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "kib" => 10,
        "mib" => 20,
        "gib" => 30,
        _ => return Err("write a size such as 512MiB or 2GiB".into()),
    };
    let number: u64 = digits
        .trim()
        .parse()
        .map_err(|_| "write a size such as 512MiB or 2GiB".to_owned())?;
    number
        .checked_mul(1 << shift)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| "must be above 0 and fit in 64 bits".into())
}

/// Arguments of `self-test`.
#[derive(Debug, Args)]
pub struct SelfTestArgs {
    /// Scenarios that state what they prove (`[proves]`), or folders of such; try scenarios/faults.
    #[arg(required = true)]
    pub scenarios: Vec<PathBuf>,

    /// Scenarios run at a time, each in a process of its own.
    #[arg(long, short, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub jobs: u8,

    /// Print the outcome as JSON instead of text.
    #[arg(long)]
    pub json: bool,

    /// Write the table of faults, expected and observed to this Markdown file, replacing it.
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,

    /// Keep the runs' folders in this folder, which must hold none of these scenarios yet.
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}
