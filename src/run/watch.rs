//! What whoever watches a run may look at while it goes on.

use std::net::SocketAddr;
use std::sync::Arc;

use super::live::Live;
use crate::drive::{Progress, StopSignal};
use crate::load::{Schedule, Shard};
use crate::observe::WatcherView;
use crate::order::RunId;
use crate::scenario::Scenario;

/// A run that goes on; clones are the same run. [`Watch::view`] says how it stands.
#[derive(Clone)]
pub struct Watch {
    /// What is run.
    pub scenario: Scenario,
    /// The number that marks its orders.
    pub run_id: RunId,
    /// Its load.
    pub schedule: Schedule,
    /// Where it runs.
    pub target: String,
    /// Where its report will be.
    pub folder: String,
    /// What is sent.
    pub progress: Arc<Progress>,
    /// Which of several workers this process is, if it is one: the load is that of all of them, and what is sent is its own.
    pub shard: Option<Shard>,
    /// What the queues hold.
    pub watched: WatcherView,
    /// What was seen second by second.
    pub live: Live,
    /// Raised by the first ctrl-c.
    pub stop: StopSignal,
    /// Where Goose's dashboard listens, if it was asked for.
    pub goose_dashboard: Option<SocketAddr>,
}
