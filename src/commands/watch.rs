//! What a live view of a run looks at: the gauges of those who send, watch and measure.

use std::net::SocketAddr;
use std::sync::Arc;

use super::readings::LastSecond;
use crate::drive::{Progress, StopSignal};
use crate::load::Schedule;
use crate::scenario::Scenario;
use crate::verify::WatcherView;

/// Where the live view looks.
#[cfg_attr(
    not(feature = "tui"),
    expect(dead_code, reason = "the lines show less")
)]
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
