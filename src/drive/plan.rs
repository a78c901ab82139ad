//! What a drive is asked for and what it hands back.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::fault::FaultError;
use crate::ledger::{JournalError, Ledger};
use crate::load::Shard;
use crate::order::OrderPlan;
use crate::scenario::Scenario;
use crate::send::SendError;

use super::{Pool, Started};
use crate::results::SendRecord;

/// What is to be sent.
#[derive(Debug, Clone)]
pub struct DrivePlan {
    /// The scenario, resolved.
    pub scenario: Scenario,
    /// What each order contains.
    pub orders: OrderPlan,
    /// Tells one resolved scenario from another; goes into the journal.
    pub scenario_digest: String,
    /// The SHA-256 of the plan's file, where there is one; goes into the journal.
    pub plan_digest: Option<String>,
    /// The part of the schedule that is sent, and when; all of it, as soon as everything is ready, when absent.
    pub part: Option<DrivePart>,
}

/// A worker's part of a drive.
#[derive(Debug, Clone, Copy)]
pub struct DrivePart {
    /// What of the schedule it sends.
    pub shard: Shard,
    /// The start of the run's time axis, on the wall clock: all workers have agreed on it.
    pub start_at: SystemTime,
}

/// Who sends, and what Goose offers beside driving.
#[derive(Debug, Clone, Default)]
pub struct DriveOptions {
    /// Who gives the senders their turns.
    pub pool: Pool,
    /// How many threads send, each pinned to a core of its own: the pacers and senders of one part of the schedule each. As
    /// many as the rate needs when absent. Where Goose's own client sends to a server there is one.
    pub threads: Option<NonZeroU32>,
    /// Where Goose's own HTML report goes, a name ending in `.html`.
    pub goose_report: Option<PathBuf>,
    /// Where Goose's live dashboard listens: a loopback address.
    pub goose_dashboard: Option<SocketAddr>,
}

/// What a drive did.
#[derive(Debug)]
pub struct DriveOutcome {
    /// What became of the sending of every planned order.
    pub ledger: Ledger,
    /// What was measured of the sending.
    pub record: SendRecord,
    /// The start of the run's time axis.
    pub started: Started,
    /// How long after the start everything was ready to send; zero when it was before.
    pub late_by: Duration,
    /// Orders that were to be sent: all that are planned, or those of a shard.
    pub own_orders: u64,
    /// Why sending was stopped before its time, if the journal could not be written: the ledger above
    /// is whole, its file is not, and no verdict may rest on the file.
    pub journal_failure: Option<JournalError>,
    /// What went wrong in Goose once sending had begun, its report that could not be written, say.
    pub goose_failure: Option<String>,
}

/// Why nothing could be driven.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// No journal, so nothing was sent.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A fault cannot be planned, so nothing was sent.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// No senders, so nothing was sent.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The dashboard would be open to others.
    #[error(
        "the Goose dashboard at {0} would be open to other machines: name a loopback address such as 127.0.0.1:5118"
    )]
    Dashboard(SocketAddr),
    /// The build has no dashboard.
    #[error(
        "the Goose dashboard is not in this build: build it with the feature `goose-dashboard`"
    )]
    NoDashboard,
    /// Goose did not run, so nothing was sent.
    #[error("Goose failed: {0}: if it names a file or an address, name another one")]
    Goose(String),
    /// The machine gave no thread or runtime.
    #[error("no thread to drive the load: {0}: free memory or raise the limit on processes")]
    Thread(#[from] std::io::Error),
}
