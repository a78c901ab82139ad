//! What was read of that which stands before the queue: a topic, an event bus or a server.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::facts::Known;
use crate::scenario::{AwsTarget, Scenario};

/// What orders are sent to in the queue's place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorFacts {
    /// An SNS topic.
    Topic(Known<TopicFacts>),
    /// An EventBridge bus.
    Bus(Known<BusFacts>),
    /// A server.
    Server(ServerFacts),
}

/// A topic, as it stands before the orders queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicFacts {
    /// Its ARN.
    pub arn: String,
    /// First in, first out.
    pub fifo: bool,
    /// `ContentBasedDeduplication`, of a FIFO topic.
    pub content_based_deduplication: bool,
    /// The key of KMS it is encrypted with, if it is.
    pub kms_key: Option<String>,
    /// The subscription of the orders queue.
    pub subscription: Known<SubscriptionFacts>,
    /// Other subscriptions: each gets every order, too.
    pub others: u64,
}

/// The subscription of the orders queue to a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionFacts {
    /// Its ARN.
    pub arn: String,
    /// It is not confirmed: nothing is handed on yet.
    pub pending: bool,
    /// `RawMessageDelivery`.
    pub raw: bool,
    /// `FilterPolicy`, if it has one.
    pub filter: Option<String>,
    /// `FilterPolicyScope` is `MessageBody`, and not the message's attributes.
    pub filters_bodies: bool,
    /// Where that goes which cannot be handed on.
    pub failures: Option<FailureQueue>,
}

/// An event bus, as it stands before the orders queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BusFacts {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The key of KMS it is encrypted with, if it is one of the account's own.
    pub kms_key: Option<String>,
    /// Its rules that have the orders queue as a target, once for each such target.
    pub rules: Known<Vec<RuleFacts>>,
}

/// A rule with one of its targets, which is the orders queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleFacts {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// It looks at events.
    pub enabled: bool,
    /// `EventPattern`, if it has one.
    pub pattern: Option<String>,
    /// What the target gets of an event.
    pub input: TargetInput,
    /// A role that it sends as, in the place of the queue's policy.
    pub role: Option<String>,
    /// For how long it tries (`MaximumEventAgeInSeconds`), where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_age: Option<Duration>,
    /// How often it tries again (`MaximumRetryAttempts`), where that is said.
    pub maximum_retries: Option<u32>,
    /// Where that goes which cannot be handed on.
    pub failures: Option<FailureQueue>,
}

/// What the target of a rule gets of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetInput {
    /// All of it.
    Event,
    /// The part at this path (`InputPath`).
    Path(String),
    /// The same text for each (`Input`).
    Constant,
    /// What a template makes of it (`InputTransformer`).
    Transformed,
}

/// A dead-letter queue of a subscription or of a rule's target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailureQueue {
    /// Its ARN.
    pub arn: String,
    /// Messages in it, approximately.
    pub messages: Known<u64>,
}

impl FailureQueue {
    /// Its name.
    pub fn name(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }
}

/// A server: a request to it could be an order, so that it is not asked for anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// Its host and port.
    pub host: String,
    /// Whether it takes connections. `Absent` when it was not tried.
    pub connects: Known<bool>,
}

/// For how long a door may still hand on what it has taken, and where that ends which it cannot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HandingOn {
    /// The longest time for which it tries, where its settings say it.
    pub retries: Option<Duration>,
    /// The names of its failure queues in which the run does not look; `None` when that could not be read.
    pub unseen: Option<Vec<String>>,
}

/// Whether a run of `scenario` at `target` looks for orders in the queue called `name`.
pub(super) fn looks_into(scenario: &Scenario, target: &AwsTarget, name: &str) -> bool {
    let names = &target.resources;
    let letters = scenario.letter_queues(&scenario.order);
    let mut letters = letters.iter().map(|called| names.queue_name(called));
    names.dead_letter_queue == name || letters.any(|letters| letters == name)
}

impl DoorFacts {
    /// How it hands orders on, in a run of `scenario` at `target`.
    pub fn handing_on(&self, scenario: &Scenario, target: &AwsTarget) -> HandingOn {
        let names = |queues: Vec<&FailureQueue>| {
            let names = queues.iter().map(|one| one.name());
            let unseen = names.filter(|name| !looks_into(scenario, target, name));
            let mut unseen: Vec<String> = unseen.map(str::to_owned).collect();
            unseen.sort();
            unseen.dedup();
            unseen
        };
        match self {
            Self::Topic(topic) => {
                let subscription = topic.get().and_then(|topic| topic.subscription.get());
                let failures = subscription.map(|found| found.failures.iter().collect());
                HandingOn {
                    retries: None,
                    unseen: failures.map(names),
                }
            }
            Self::Bus(bus) => {
                let rules = bus.get().and_then(|bus| bus.rules.get());
                let Some(rules) = rules.filter(|rules| !rules.is_empty()) else {
                    return HandingOn::default();
                };
                // One that says nothing tries as long as EventBridge does.
                let ages: Option<Vec<Duration>> =
                    rules.iter().map(|rule| rule.maximum_age).collect();
                let failures = rules.iter().filter_map(|rule| rule.failures.as_ref());
                HandingOn {
                    retries: ages.and_then(|ages| ages.into_iter().max()),
                    unseen: Some(names(failures.collect())),
                }
            }
            Self::Server(_) => HandingOn::default(),
        }
    }
}
