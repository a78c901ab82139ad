//! What was read of a target: plain data.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::door::DoorFacts;
use crate::order::spec::{Key, KeyAttribute};
use crate::records::ClockOffset;
use crate::scenario::Scenario;

/// Something read of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    /// It is so.
    Is(T),
    /// It is not there.
    Absent,
    /// It could not be read, and why.
    Unknown(String),
}

impl<T> Known<T> {
    /// What is known, if it is.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// The same of what is only looked at.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Is(value) => Known::Is(value),
            Self::Absent => Known::Absent,
            Self::Unknown(why) => Known::Unknown(why.clone()),
        }
    }
}

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;

/// Everything read of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Where it is and who asks.
    pub place: AccountFacts,
    /// The queue orders are sent to.
    pub orders_queue: Known<QueueFacts>,
    /// The dead-letter queue.
    pub dead_letter_queue: Known<QueueFacts>,
    /// The table; of several the one that orders are first stored in.
    pub table: Known<TableFacts>,
    /// The other tables, by what the scenario calls them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub further_tables: BTreeMap<String, Known<TableFacts>>,
    /// The further queues in which orders may end, by what the scenario calls them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub letter_queues: BTreeMap<String, Known<QueueFacts>>,
    /// The queues beside these: those that the pipeline names, and those that further functions are fed from, by what the
    /// scenario calls them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub further_queues: BTreeMap<String, Known<QueueFacts>>,
    /// The event source mappings of the queues in which orders end and of those that further functions are fed from, by what
    /// the scenario calls the queues.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub further_mappings: BTreeMap<String, Known<Vec<MappingFacts>>>,
    /// The event source mappings of the orders queue; none is an empty list.
    pub mappings: Known<Vec<MappingFacts>>,
    /// The function. `Absent` when there is none of that name, or it runs here.
    pub function: Known<FunctionFacts>,
    /// What orders are sent to, where that is not the queue itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub door: Option<DoorFacts>,
    /// What the caller may do.
    pub permissions: Vec<Permission>,
}

impl Facts {
    /// A queue other than the orders queue, by what `scenario` calls it.
    pub(super) fn queue_called(
        &self,
        called: &str,
        scenario: &Scenario,
    ) -> Option<&Known<QueueFacts>> {
        if called == scenario.pipeline.dead_letter_queue {
            return Some(&self.dead_letter_queue);
        }
        let letters = self.letter_queues.get(called);
        letters.or_else(|| self.further_queues.get(called))
    }
}

/// Where a target is and who asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountFacts {
    /// The account's number.
    pub account: Known<String>,
    /// The ARN of who asks.
    pub caller: Known<String>,
    /// The region.
    pub region: String,
    /// Where requests to SQS go.
    pub sqs_endpoint: String,
    /// Where requests to DynamoDB go.
    pub dynamodb_endpoint: String,
    /// All of it stays on this machine.
    pub loopback: bool,
    /// This machine's clock against SQS's, by the `Date` header.
    pub clock: Known<ClockOffset>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueFacts {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// How long a received message is hidden.
    pub visibility_timeout: Duration,
    /// How long a message is kept from its first send.
    pub retention: Duration,
    /// How long a message is held back when sent.
    pub delay: Duration,
    /// Where messages go after too many receives.
    pub redrive: Option<RedriveFacts>,
    /// Messages in it, whatever their state, approximately.
    pub messages: u64,
    /// First in, first out.
    pub fifo: bool,
    /// What only a FIFO queue can be set to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fifo_settings: Option<FifoFacts>,
    /// The key of KMS it is encrypted with, if it is one of the account's own.
    pub kms_key: Option<String>,
    /// Its policy: who else may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Its tags.
    pub tags: Known<Tags>,
}

/// What only a FIFO queue can be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FifoFacts {
    /// `ContentBasedDeduplication`.
    pub content_based_deduplication: bool,
    /// `DeduplicationScope` is `messageGroup` and `FifoThroughputLimit` is `perMessageGroupId`.
    pub high_throughput: bool,
}

/// A redrive policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedriveFacts {
    /// The ARN of the dead-letter queue.
    pub target_arn: String,
    /// Receives before a message moves there.
    pub max_receive_count: u32,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableFacts {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// `ACTIVE`, when it can be used.
    pub status: String,
    /// The key's attributes: name, type and role, such as `id`, `N`, `HASH`.
    pub key: Vec<[String; 3]>,
    /// Its capacity.
    pub capacity: CapacityFacts,
    /// Rows, hours old.
    pub items: u64,
    /// Bytes in it, hours old.
    pub bytes: u64,
    /// Whether there is a row now.
    pub has_rows: Known<bool>,
    /// The attribute by which rows expire, if they do.
    pub expires_by: Known<Option<String>>,
    /// Its tags.
    pub tags: Known<Tags>,
}

impl TableFacts {
    /// Its key with the partition key first.
    pub fn key_in_order(&self) -> Vec<[String; 3]> {
        let mut key = self.key.clone();
        key.sort_by(|a, b| a[2].cmp(&b[2]));
        key
    }
}

/// A key as a table tells it.
pub fn told_key(key: &Key) -> Vec<[String; 3]> {
    let part = |attribute: &KeyAttribute, role: &str| {
        let kind = format!("{:?}", attribute.kind);
        [attribute.name.clone(), kind, role.to_owned()]
    };
    let sort = key.sort.iter().map(|sort| part(sort, "RANGE"));
    std::iter::once(part(&key.partition, "HASH"))
        .chain(sort)
        .collect()
}

/// A key that a table tells, in words: `pk S HASH, sk S RANGE`.
pub fn key_in_words(key: &[[String; 3]]) -> String {
    let parts: Vec<String> = key.iter().map(|part| part.join(" ")).collect();
    parts.join(", ")
}

/// The capacity of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapacityFacts {
    /// On demand.
    OnDemand {
        /// Write units a second it takes at once, if that is told.
        warm_write_units: Option<u64>,
        /// The most write units a second it is allowed.
        max_write_units: Option<u64>,
    },
    /// Provisioned.
    Provisioned {
        /// Write capacity units.
        write_units: u64,
        /// Read capacity units.
        read_units: u64,
    },
}

/// An event source mapping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MappingFacts {
    /// Its id.
    pub id: String,
    /// The function's ARN, with version or alias if it names one.
    pub function_arn: String,
    /// `Enabled`, when it polls.
    pub state: String,
    /// Most messages in one invocation.
    pub batch_size: u32,
    /// How long it gathers them.
    pub batching_window: Duration,
    /// `ReportBatchItemFailures`.
    pub partial_responses: bool,
    /// `MaximumConcurrency`.
    pub maximum_concurrency: Option<u32>,
    /// Pollers in provisioned mode, at least and at most.
    pub pollers: Option<(u32, u32)>,
    /// The patterns of its filter criteria.
    pub filters: Vec<String>,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionFacts {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// An invocation that takes longer has failed.
    pub timeout: Duration,
    /// Memory, MB.
    pub memory_mb: u32,
    /// It runs on arm64.
    pub arm: bool,
    /// `Active`, when it can be invoked.
    pub state: String,
    /// Invocations at one time that are kept for it.
    pub reserved_concurrency: Known<Option<u32>>,
    /// Invocations at one time of all functions of the account.
    pub account_concurrency: Known<u32>,
    /// The table its environment names (`DYNAMODB_ORDERS_TABLE`), if it does.
    pub table_variable: Option<String>,
}

/// Whether the caller may do something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Permission {
    /// Such as `sqs:SendMessage`.
    pub action: String,
    /// On what.
    pub resource: String,
    /// As a call that changes nothing was answered.
    pub granted: Known<bool>,
}
