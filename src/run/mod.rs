//! A run as a library: a scenario goes in, a typed outcome comes out, and nothing is printed.
//!
//! [`Run::execute`] is what `orderproof run` calls. It drives the load, waits until the pipeline is at rest, looks at the
//! stores, judges, and leaves a sealed folder of evidence and reports. [`judge_folder`] judges such a folder again, and
//! [`Gate::hold`] holds rules against it. Several runs may go on in one process: no logger and no signal handler is
//! installed. Goose ([`Pool::Goose`]) is the exception: it installs both and drives one run of a process at a time.
//! Runs at the same queues and table exclude each other, in whatever process.

mod abort_watch;
mod admit;
mod attendant;
mod claim;
mod cloudwatch;
mod conclude;
mod foresight;
mod gather;
mod gating;
mod held;
mod ids;
pub mod live;
mod readings;
mod rejudge;
mod search;
mod site;
mod spine;
mod start_guard;
mod stores_lock;
mod watch;

pub(crate) use abort_watch::{AbortWatch, Looks};
pub use admit::{Purpose, admit, look};
pub use attendant::{Attendant, OFF_LOOPBACK, Question, Unattended};
pub use claim::Claim;
pub use cloudwatch::{metrics_between, metrics_since};
pub use conclude::{
    Evidence, Outcome, Problems, class_lines, conclude, finished_files, seal_again, write_formats,
};
pub use foresight::foresight_in;
pub use gather::{Gathered, gather};
pub use gating::{Gate, doubt_at_a_glance, read_baseline, unbroken, wrong_rules};
pub use held::Held;
pub use ids::{orders, orders_since, random_run_id};
pub(crate) use readings::{Gauged, Readings};
pub use rejudge::{
    JudgedFolder, Rejudged, broken, judge_folder, judged, read_ledger, read_observation, rejudge,
    without,
};
pub use search::FindRate;
pub use site::{Deployment, handing_on, resolve};
pub(crate) use spine::{enter, plan_file};
pub use stores_lock::StoresLock;
pub use watch::Watch;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::drive::{Pool, StopSignal};
use crate::error::Error;
use crate::order::RunId;
use crate::plan::Forecast;
use crate::scenario::Scenario;

/// A run that is about to begin.
///
/// ```
/// use orderproof::run::Run;
/// use orderproof::scenario::Scenario;
/// use orderproof::verdict::Verdict;
///
/// let scenario = Scenario::steady("checkout", 20.0, std::time::Duration::from_secs(1));
/// let folder = tempfile::tempdir().unwrap();
/// let outcome = Run::new(scenario)
///     .output_dir(folder.path().join("run"))
///     .execute()?;
/// assert_eq!(outcome.report.verdict, Verdict::Pass);
/// # Ok::<(), orderproof::error::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Run {
    scenario: Scenario,
    run_id: Option<RunId>,
    output_dir: Option<PathBuf>,
    overrides: Vec<String>,
    scenario_file: String,
    yes: bool,
    quiet: bool,
    stop: StopSignal,
    pool: Pool,
    goose_report: bool,
    goose_dashboard: Option<SocketAddr>,
    threads: Option<NonZeroU32>,
    forecast: Option<Box<Forecast>>,
}

impl Run {
    /// A run of `scenario` with a random run id, in a new folder below `reports`, sent by tasks of its own.
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            run_id: None,
            output_dir: None,
            overrides: Vec::new(),
            scenario_file: String::new(),
            yes: false,
            quiet: false,
            stop: StopSignal::new(),
            pool: Pool::Tasks,
            goose_report: false,
            goose_dashboard: None,
            threads: None,
            forecast: None,
        }
    }

    /// What is run.
    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The run id that was asked for; `None` where any is right.
    pub(crate) fn asked_run_id(&self) -> Option<RunId> {
        self.run_id
    }

    /// What ends its sending.
    pub(crate) fn stop(&self) -> StopSignal {
        self.stop.clone()
    }

    /// Whether it was agreed to beforehand.
    pub(crate) fn agreed(&self) -> bool {
        self.yes
    }

    /// Whether remarks are left out.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Who sends.
    pub(crate) fn pool(&self) -> Pool {
        self.pool
    }

    /// How many threads send, where that is asked for.
    pub(crate) fn asked_threads(&self) -> Option<NonZeroU32> {
        self.threads
    }

    /// With this run id. Outside the embedded pipeline nothing in the stores may carry it yet.
    #[must_use]
    pub fn run_id(mut self, run_id: RunId) -> Self {
        self.run_id = Some(run_id);
        self
    }

    /// In this folder, which is made, or is there and empty.
    #[must_use]
    pub fn output_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.output_dir = Some(path.into());
        self
    }

    /// Where the scenario comes from, for the report: its file and what was set over it.
    #[must_use]
    pub fn read_from(mut self, file: impl Into<String>, overrides: Vec<String>) -> Self {
        self.scenario_file = file.into();
        self.overrides = overrides;
        self
    }

    /// Agreed to beforehand: a run off loopback, which costs money, asks nobody.
    #[must_use]
    pub fn yes(mut self, yes: bool) -> Self {
        self.yes = yes;
        self
    }

    /// Without remarks on what preflight found.
    #[must_use]
    pub fn quiet(mut self, quiet: bool) -> Self {
        self.quiet = quiet;
        self
    }

    /// Sent by so many threads, each pinned to a core of its own; without it by as many as the rate needs. The plan is the
    /// same, and so is what becomes of each order.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroU32) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Once `stop` is raised no further order is sent; what was sent is settled and judged.
    #[must_use]
    pub fn stop_signal(mut self, stop: StopSignal) -> Self {
        self.stop = stop;
        self
    }

    /// Sent by Goose, which installs a logger and a ctrl-c handler where the process has none; with its own report in the
    /// run's folder, and its dashboard at a loopback address, if they are wanted.
    #[must_use]
    pub fn with_goose(mut self, report: bool, dashboard: Option<SocketAddr>) -> Self {
        self.pool = Pool::Goose;
        self.goose_report = report;
        self.goose_dashboard = dashboard;
        self
    }

    /// With a forecast of it, which is kept in the run's folder and shown beside what is found. It is no evidence: no
    /// verdict and no figure of the run changes with it.
    #[must_use]
    pub fn with_forecast(mut self, forecast: Forecast) -> Self {
        self.forecast = Some(Box::new(forecast));
        self
    }

    /// Drives, observes, judges and reports. Blocks the caller until the end. The work is done on a thread of its own, so
    /// that asynchronous code may call it, too; [`Run::execute_async`] does not block there.
    ///
    /// # Errors
    /// When nothing was sent: something is invalid or was refused, or the machine failed. Whatever goes wrong later is in
    /// the outcome.
    pub fn execute(self) -> Result<Outcome, Error> {
        self.execute_with(&Unattended)
    }

    /// The same with an attendant, who confirms what costs money and hears remarks.
    ///
    /// # Errors
    /// As [`Run::execute`]; also when `attendant` does not agree.
    pub fn execute_with(self, attendant: &(dyn Attendant + Sync)) -> Result<Outcome, Error> {
        std::thread::scope(|scope| {
            let spine = std::thread::Builder::new().name("run".into());
            let spine = spine
                .spawn_scoped(scope, || spine::drive_and_judge(self, attendant))
                .map_err(Error::internal)?;
            spine
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// The same for asynchronous code, of any runtime.
    ///
    /// # Errors
    /// As [`Run::execute`].
    pub async fn execute_async(self) -> Result<Outcome, Error> {
        let (done, outcome) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .name("run".into())
            .spawn(move || {
                // Who has dropped the future does not hear how it ended.
                drop(done.send(spine::drive_and_judge(self, &Unattended)));
            })
            .map_err(Error::internal)?;
        let ended = outcome.await;
        ended.unwrap_or_else(|_| Err(Error::internal("the run's thread panicked")))
    }
}
