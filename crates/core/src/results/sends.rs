//! What the drive measured of its own sending.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metrics::Histogram;

/// What the drive measured of its own sending; the outcomes themselves are in the ledger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendRecord {
    /// One entry a phase, by the phase an order is due in.
    pub phases: Vec<PhaseSends>,
    /// One entry a second since the run's start.
    pub seconds: Vec<SecondSends>,
    /// Why sends were rejected or stayed indeterminate, with how many orders each.
    pub errors: BTreeMap<String, u64>,
    /// From the run's start to the last reply (or given-up send).
    pub last_reply_at: Duration,
    /// Sending was stopped before the last planned order was due.
    pub interrupted: bool,
    /// CPU time of this process's sending threads, where it can be told.
    pub cpu_time: Duration,
    /// The rule that ended the sending, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborted: Option<Aborted>,
}

/// A rule that was surely broken while orders were sent, and ended that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aborted {
    /// The rule, as written.
    pub rule: String,
    /// When that was known, since the run's start.
    pub at: Duration,
}

/// The sends of one phase.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseSends {
    /// Orders due in it.
    pub scheduled: u64,
    /// Orders handed to the network.
    pub attempted: u64,
    /// Orders SQS accepted.
    pub acknowledged: u64,
    /// `acked_at - intended_at` of acknowledged orders.
    pub response_time: Histogram,
    /// `acked_at - sent_at` of acknowledged orders.
    pub service_time: Histogram,
    /// `sent_at - due` of attempted orders, `due` being the instant their batch was to be sent.
    pub schedule_lag: Histogram,
}

/// The sends of one second.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondSends {
    /// Orders due in it.
    pub scheduled: u64,
    /// Orders handed to the network in it.
    pub offered: u64,
    /// Orders acknowledged in it.
    pub acknowledged: u64,
    /// Orders rejected in it.
    pub rejected: u64,
    /// Orders whose sending stayed without a known outcome, by the second in which it was given up.
    pub indeterminate: u64,
    /// Orders counted unsent in it.
    pub unsent: u64,
    /// Response time of the orders due in it (coarse).
    pub response_time: Histogram,
    /// Their service time (coarse).
    #[serde(default = "Histogram::coarse")]
    pub service_time: Histogram,
    /// Largest schedule lag of the orders sent in it.
    pub schedule_lag_max: Duration,
}
