//! One thing looked at: what it is, how grave, what it means, what to do.

use serde::{Deserialize, Serialize};

/// How grave a finding is, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// A run could prove nothing: it is not started.
    Void,
    /// Orders will or may be lost or misplaced.
    Trap,
    /// Figures are off, or something is not as it should be.
    Caution,
    /// It could not be read.
    Unknown,
    /// It is well.
    Well,
}

impl Weight {
    /// The word in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Void => "VOID",
            Self::Trap => "TRAP",
            Self::Caution => "caution",
            Self::Unknown => "unknown",
            Self::Well => "ok",
        }
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trap {
    /// The queues are there and of the scenario's kind.
    Queues,
    /// What a FIFO queue is set to, and its quotas against the rate.
    Fifo,
    /// Good orders behind a bad one in its message group.
    GroupFollowers,
    /// The orders queue has a redrive policy, to the queue that is swept.
    Redrive,
    /// Its receive count.
    ReceiveCount,
    /// The dead-letter queue keeps messages longer than the orders queue.
    RetentionOrder,
    /// Both keep them longer than the run takes.
    Retention,
    /// Visibility against the function's time-out.
    Visibility,
    /// `ReportBatchItemFailures`.
    PartialResponses,
    /// The mapping is there, alone and enabled.
    Mapping,
    /// Filter criteria.
    Filter,
    /// `MaximumConcurrency` or pollers against the rate.
    MappingConcurrency,
    /// Reserved concurrency, and the account's, against the mapping's.
    FunctionConcurrency,
    /// The function is there and writes to this table.
    Function,
    /// The table is there, active, and its key is `id`.
    Table,
    /// Its capacity against the rate.
    TableCapacity,
    /// Rows that expire.
    Expiry,
    /// Messages that are there already.
    QueueEmpty,
    /// Rows that are there already.
    TableEmpty,
    /// More dead letters than can be swept.
    DeadLetters,
    /// The dead-letter queue has a redrive policy of its own.
    DeadLetterRedrive,
    /// Messages are held back when sent.
    Delay,
    /// The queue's key.
    Encryption,
    /// This machine's clock.
    Clock,
    /// What orders are sent to is there.
    Door,
    /// The subscription of the queue to a topic, and others.
    Subscription,
    /// The rule of a bus whose target is the queue.
    Rule,
    /// The filter policy of a subscription, or the pattern of a rule, against the scenario's orders.
    DoorFilter,
    /// Orders arrive in the envelope in which they are expected, or in none.
    Envelope,
    /// For how long a rule tries to hand an order on.
    Retries,
    /// Where that ends which a topic or a bus cannot hand on.
    FailureQueue,
    /// The queue lets the topic or the bus send to it.
    QueuePolicy,
    /// What the caller may do.
    Permission,
    /// The run's order numbers are its own.
    RunId,
}

impl Trap {
    /// The words in output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queues => "queues",
            Self::Fifo => "FIFO queue",
            Self::GroupFollowers => "followers in a group",
            Self::Redrive => "redrive policy",
            Self::ReceiveCount => "receive count",
            Self::RetentionOrder => "retention order",
            Self::Retention => "retention",
            Self::Visibility => "visibility timeout",
            Self::PartialResponses => "partial responses",
            Self::Mapping => "event source mapping",
            Self::Filter => "filter criteria",
            Self::MappingConcurrency => "mapping concurrency",
            Self::FunctionConcurrency => "function concurrency",
            Self::Function => "function",
            Self::Table => "table",
            Self::TableCapacity => "table capacity",
            Self::Expiry => "expiry of rows",
            Self::QueueEmpty => "queues empty",
            Self::TableEmpty => "table empty",
            Self::DeadLetters => "dead letters",
            Self::DeadLetterRedrive => "dead-letter redrive",
            Self::Delay => "delivery delay",
            Self::Encryption => "encryption",
            Self::Clock => "clock",
            Self::Door => "sent to",
            Self::Subscription => "subscription",
            Self::Rule => "rule",
            Self::DoorFilter => "filter of orders",
            Self::Envelope => "envelope",
            Self::Retries => "retries before queue",
            Self::FailureQueue => "failure queue",
            Self::QueuePolicy => "queue policy",
            Self::Permission => "permission",
            Self::RunId => "run id",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What.
    pub trap: Trap,
    /// How grave.
    pub weight: Weight,
    /// What was found and what it means at this scenario's rate.
    pub message: String,
    /// What to do about it; empty when there is nothing to do.
    pub cure: String,
}

impl Check {
    /// A finding with its cure.
    pub(super) fn found(
        trap: Trap,
        weight: Weight,
        message: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            trap,
            weight,
            message: message.into(),
            cure: cure.into(),
        }
    }

    /// All is well.
    pub(super) fn well(trap: Trap, message: impl Into<String>) -> Self {
        Self::found(trap, Weight::Well, message, "")
    }

    /// It could not be read.
    pub(super) fn unknown(trap: Trap, why: &str) -> Self {
        Self::found(
            trap,
            Weight::Unknown,
            format!("could not be read: {why}"),
            "",
        )
    }
}

/// The gravest weight among `checks`.
pub fn verdict(checks: &[Check]) -> Weight {
    let weights = checks.iter().map(|check| check.weight);
    weights.min().unwrap_or(Weight::Unknown)
}
