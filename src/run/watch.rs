//! What whoever watches a run may look at while it goes on.

use std::net::SocketAddr;
use std::sync::Arc;

use super::LastSecond;
use crate::drive::{Progress, StopSignal};
use crate::load::Schedule;
use crate::scenario::Scenario;
use crate::verify::WatcherView;

/// A run that goes on.
pub struct Watch {
    /// What is run.
    pub scenario: Scenario,
    /// Its load.
    pub schedule: Schedule,
    /// Where it runs.
    pub target: String,
    /// Where its report will be.
    pub folder: String,
    /// What is sent.
    pub progress: Arc<Progress>,
    /// What the queues hold.
    pub watched: WatcherView,
    /// What this process does.
    pub last_second: LastSecond,
    /// Raised by the first ctrl-c.
    pub stop: StopSignal,
    /// Where Goose's dashboard listens, if it was asked for.
    pub dashboard: Option<SocketAddr>,
}
