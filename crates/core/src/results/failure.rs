//! Why invocations failed and why no process came up, as the runtime saw it.
//!
//! A function's own words are a stranger's: the emulator keeps them as one printable line of bounded length, and tells
//! only so many different ones apart.

use serde::{Deserialize, Serialize};

/// What an invocation that brought its whole batch back ended in.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The function raised an error.
    Error,
    /// It took longer than its time-out.
    TimedOut,
    /// It answered with what is no batch response, or with one that names no message of its batch.
    InvalidResponse,
    /// No process came up for it.
    FailedStart,
    /// Its process ended while it worked.
    Crashed,
    /// There was no room for it until its messages were visible again. Not among the invocations counted.
    Throttled,
}

impl FailureKind {
    /// In words, for `count` of them.
    pub fn told(self, count: u64) -> &'static str {
        match (self, count == 1) {
            (Self::Error, true) => "error raised",
            (Self::Error, false) => "errors raised",
            (Self::TimedOut, true) => "time-out",
            (Self::TimedOut, false) => "time-outs",
            (Self::InvalidResponse, true) => "invalid response",
            (Self::InvalidResponse, false) => "invalid responses",
            (Self::FailedStart, true) => "process that did not start",
            (Self::FailedStart, false) => "processes that did not start",
            (Self::Crashed, true) => "process that ended while it worked",
            (Self::Crashed, false) => "processes that ended while they worked",
            (Self::Throttled, true) => "batch throttled until it came back",
            (Self::Throttled, false) => "batches throttled until they came back",
        }
    }
}

/// How often invocations failed for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailureCount {
    /// What they ended in.
    pub kind: FailureKind,
    /// The first of their reasons in full: error type and first line of the message, say. Reasons that differ
    /// only in numbers count as one. Absent for failures beyond the number of reasons that are kept apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many.
    pub count: u64,
    /// How many of these had no bad order of the run in their batch; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_bad_orders: Option<u64>,
    /// The id of the order that the first of them most likely failed for: a bad one of its batch, or else the first of
    /// that; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_order: Option<String>,
    /// The file of the run's folder that holds what the process of the first of them wrote; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
}

impl FailureCount {
    /// In words: how many, of what kind, and why.
    pub fn told(&self) -> String {
        let count = super::figures::thousands(self.count);
        let kind = self.kind.told(self.count);
        match &self.reason {
            Some(reason) => format!("{count} {kind} ({reason})"),
            None => format!("{count} {kind} (for many other reasons)"),
        }
    }
}

/// No process of the function ever asked for an invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeverStarted {
    /// Processes started.
    pub starts: u64,
    /// Those that have failed; the others had not asked yet.
    pub failed: u64,
    /// How the last of these failed; absent when none had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The file of the run's folder that holds its output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The last lines it wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_lines: Vec<String>,
    /// So many starts in a row had failed that the run was ended.
    pub given_up: bool,
}

impl NeverStarted {
    /// That it is so, without the reason.
    pub fn summary(&self) -> String {
        let failed = match self.failed {
            0 => format!("{} started and none was ready in time", self.starts),
            failed => format!("{failed} of {} starts failed", self.starts),
        };
        format!("the function never started: no process of it asked for an event ({failed})")
    }

    /// In a sentence.
    pub fn told(&self) -> String {
        let mut told = self.summary();
        if let Some(reason) = &self.reason {
            told.push_str(", the last: ");
            told.push_str(reason);
        }
        told
    }
}
