//! The topics and their subscriptions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::arn;
use super::attributes::TopicAttributes;
use super::error::{SnsError, SnsErrorKind};
use super::subscription::Subscription;
use crate::doors::Doors;
use crate::sqs::{Deduplication, Site, is_fifo, nanos};

/// How long a deduplication id is remembered.
const INTERVAL: Duration = Duration::from_secs(300);
/// The most tags of a topic.
const TAGS_MAX: usize = 50;
/// Topics and subscriptions that one server keeps: a bound on memory that AWS has none of so low.
const TOPICS_MAX: usize = 1_000;
const SUBSCRIPTIONS_MAX: usize = 1_000;
/// Filter policies of a topic, as on AWS.
const POLICIES_MAX: usize = 200;

pub(super) type Tags = BTreeMap<String, String>;

/// All topics, by name.
#[derive(Default)]
pub(in crate::doors) struct Topics(Mutex<BTreeMap<Arc<str>, Topic>>);

impl Topics {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Topic>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Topic {
    pub(super) attributes: TopicAttributes,
    pub(super) tags: Tags,
    pub(super) subscriptions: Vec<Subscribed>,
    /// Subscriptions that were deleted.
    unsubscribed: u64,
    /// Of a FIFO topic.
    pub(super) fifo: Option<FifoTopic>,
}

pub(super) struct FifoTopic {
    pub(super) deduplication: Deduplication,
    /// Messages so far.
    pub(super) sequence: u64,
}

pub(super) struct Subscribed {
    pub(super) id: String,
    pub(super) subscription: Subscription,
}

/// A subscription as lists have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) arn: String,
    pub(super) topic_arn: String,
    pub(super) endpoint: String,
}

impl Doors {
    /// Creates a topic, a FIFO topic if its name ends in `.fifo`. The same name with the same attributes again changes
    /// nothing.
    ///
    /// # Errors
    /// When the name is none, or there is a topic of this name with other attributes.
    pub fn create_topic(&self, name: &str, attributes: TopicAttributes) -> Result<(), SnsError> {
        self.create_topic_with(name, attributes, Tags::new())
    }

    pub(super) fn create_topic_with(
        &self,
        name: &str,
        attributes: TopicAttributes,
        tags: Tags,
    ) -> Result<(), SnsError> {
        let is_fifo = is_fifo(name);
        arn::check_name(name, is_fifo)?;
        check_tags(&tags)?;
        let mut topics = self.0.topics.lock();
        if let Some(existing) = topics.get(name) {
            let reason = match (existing.attributes == attributes, existing.tags == tags) {
                (false, _) => "Attributes Reason: Topic already exists with different attributes",
                (true, false) => "Tags Reason: Topic already exists with different tags",
                (true, true) => return Ok(()),
            };
            return Err(SnsError::parameter(reason));
        }
        if topics.len() == TOPICS_MAX {
            return Err(SnsError::parameter(format!(
                "this server has {TOPICS_MAX} topics at most"
            )));
        }
        let interval = nanos(INTERVAL.div_f64(self.0.hall.speed));
        let fifo = is_fifo.then(|| FifoTopic {
            deduplication: Deduplication::new(interval),
            sequence: 0,
        });
        let topic = Topic {
            attributes,
            tags,
            subscriptions: Vec::new(),
            unsubscribed: 0,
            fifo,
        };
        topics.insert(name.into(), topic);
        Ok(())
    }

    /// The ARN of the topic of this name.
    pub fn topic_arn(&self, name: &str) -> String {
        arn::of_topic(self.site(), name)
    }

    pub(in crate::doors) fn site(&self) -> &Site {
        &self.0.hall.site
    }

    /// Subscribes a queue to a topic; the subscription's ARN. The same queue with the same settings again changes nothing.
    ///
    /// # Errors
    /// When there is no such topic or queue, the queue is a FIFO queue and the topic is not FIFO, the filter policy is none,
    /// or the queue is subscribed with other settings.
    pub fn subscribe(&self, topic: &str, subscription: Subscription) -> Result<String, SnsError> {
        let mut subscription = subscription;
        subscription.settle()?;
        if !self.0.hall.engine.has_queue(&subscription.queue) {
            return Err(SnsError::parameter(format!(
                "Endpoint Reason: there is no queue {} at this endpoint",
                subscription.queue
            )));
        }
        if is_fifo(&subscription.queue) && !is_fifo(topic) {
            return Err(SnsError::parameter(
                "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
            ));
        }
        let mut topics = self.0.topics.lock();
        let found = topics.get_mut(topic).ok_or_else(SnsError::no_topic)?;
        let arn = |id: &str| format!("{}:{id}", arn::of_topic(self.site(), topic));
        let same_queue = |one: &&Subscribed| one.subscription.queue == subscription.queue;
        match found.subscriptions.iter().find(same_queue) {
            Some(existing) if existing.subscription == subscription => {
                return Ok(arn(&existing.id));
            }
            Some(_) => {
                return Err(SnsError::parameter(
                    "Attributes Reason: Subscription already exists with different attributes",
                ));
            }
            None => {}
        }
        if found.subscriptions.len() == SUBSCRIPTIONS_MAX {
            return Err(SnsError::parameter(format!(
                "this server has {SUBSCRIPTIONS_MAX} subscriptions of a topic at most"
            )));
        }
        let has_policy = |one: &&Subscribed| one.subscription.policy.is_some();
        let policies = found.subscriptions.iter().filter(has_policy).count();
        if subscription.policy.is_some() && policies == POLICIES_MAX {
            return Err(SnsError::new(
                SnsErrorKind::FilterPolicyLimitExceeded,
                format!("A topic has {POLICIES_MAX} filter policies at most."),
            ));
        }
        let id = uuid::Uuid::new_v4().to_string();
        let subscribed = arn(&id);
        found.subscriptions.push(Subscribed { id, subscription });
        Ok(subscribed)
    }

    /// Deletes a topic and its subscriptions; one that is not there as well.
    pub fn delete_topic(&self, name: &str) {
        self.0.topics.lock().remove(name);
    }

    pub(super) fn topic_names(&self) -> Vec<Arc<str>> {
        self.0.topics.lock().keys().cloned().collect()
    }

    pub(super) fn with_topic<T>(
        &self,
        name: &str,
        look: impl FnOnce(&mut Topic) -> Result<T, SnsError>,
    ) -> Result<T, SnsError> {
        let mut topics = self.0.topics.lock();
        look(topics.get_mut(name).ok_or_else(SnsError::no_topic)?)
    }

    pub(super) fn describe_topic(&self, name: &str) -> Result<BTreeMap<String, String>, SnsError> {
        self.with_topic(name, |topic| {
            let mut all = topic.attributes.described(topic.fifo.is_some());
            let confirmed = topic.subscriptions.len().to_string();
            let arn = arn::of_topic(self.site(), name);
            let policy = topic.attributes.inert.get("Policy").cloned();
            let policy = policy.unwrap_or_else(|| default_policy(&arn, &self.site().account_id));
            for (name, value) in [
                ("TopicArn", arn),
                ("Owner", self.site().account_id.clone()),
                ("Policy", policy),
                ("SubscriptionsConfirmed", confirmed),
                ("SubscriptionsPending", "0".to_owned()),
                ("SubscriptionsDeleted", topic.unsubscribed.to_string()),
                ("EffectiveDeliveryPolicy", EFFECTIVE_DELIVERY.to_owned()),
            ] {
                all.insert(name.to_owned(), value);
            }
            Ok(all)
        })
    }

    pub(super) fn update_tags(
        &self,
        name: &str,
        update: impl FnOnce(&mut Tags),
    ) -> Result<Tags, SnsError> {
        let no_resource =
            |_| SnsError::new(SnsErrorKind::ResourceNotFound, "Resource does not exist");
        self.with_topic(name, |_| Ok(())).map_err(no_resource)?;
        self.with_topic(name, |topic| {
            let mut tags = topic.tags.clone();
            update(&mut tags);
            check_tags(&tags)?;
            topic.tags.clone_from(&tags);
            Ok(tags)
        })
    }

    /// Looks at a subscription, or changes it.
    pub(super) fn with_subscription<T>(
        &self,
        arn: &str,
        look: impl FnOnce(&mut Subscription) -> Result<T, SnsError>,
    ) -> Result<T, SnsError> {
        let (topic, id) = arn::subscription(arn)?;
        let no_subscription = |_| SnsError::no_subscription();
        self.with_topic(topic, |_| Ok(()))
            .map_err(no_subscription)?;
        self.with_topic(topic, |topic| {
            let mut subscriptions = topic.subscriptions.iter_mut();
            let found = subscriptions.find(|one| one.id == id);
            look(&mut found.ok_or_else(SnsError::no_subscription)?.subscription)
        })
    }

    /// Deletes a subscription; one that is not there as well.
    pub(super) fn unsubscribe(&self, arn: &str) -> Result<(), SnsError> {
        let (topic, id) = arn::subscription(arn)?;
        if let Some(topic) = self.0.topics.lock().get_mut(topic) {
            let before = topic.subscriptions.len();
            topic.subscriptions.retain(|one| one.id != id);
            topic.unsubscribed += (before - topic.subscriptions.len()) as u64;
        }
        Ok(())
    }

    /// The subscriptions of one topic, or of all.
    pub(super) fn subscriptions(&self, of: Option<&str>) -> Result<Vec<Listed>, SnsError> {
        let topics = self.0.topics.lock();
        if of.is_some_and(|name| !topics.contains_key(name)) {
            return Err(SnsError::no_topic());
        }
        let site = self.site();
        let wanted = topics
            .iter()
            .filter(|(name, _)| of.is_none_or(|of| of == &***name));
        let listed = wanted.flat_map(|(name, topic)| {
            let topic_arn = arn::of_topic(site, name);
            let subscriptions = topic.subscriptions.iter();
            subscriptions.map(move |one| Listed {
                arn: format!("{topic_arn}:{}", one.id),
                endpoint: site.queue_arn(&one.subscription.queue),
                topic_arn: topic_arn.clone(),
            })
        });
        Ok(listed.collect())
    }
}

fn check_tags(tags: &Tags) -> Result<(), SnsError> {
    let fits = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256
    };
    match tags.len() <= TAGS_MAX && tags.iter().all(fits) {
        true => Ok(()),
        false => Err(SnsError::parameter(format!(
            "Tags Reason: {TAGS_MAX} tags are the most, with keys of 1 to 128 characters and values of at most 256"
        ))),
    }
}

/// What SNS does where no delivery policy is set; of HTTP endpoints, which are not served here.
const EFFECTIVE_DELIVERY: &str = r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}"#;

/// The owner may do everything.
fn default_policy(arn: &str, account: &str) -> String {
    serde_json::json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
                "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"
            ],
            "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": account}}
        }]
    })
    .to_string()
}
