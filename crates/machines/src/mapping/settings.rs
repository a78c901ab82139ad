//! What a mapping and its function can be set to, named as on AWS.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::service_time::ServiceTime;

/// The event source mapping between a queue and a function. The default is what AWS gives a standard queue, with
/// `ReportBatchItemFailures` on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Most messages in one invocation, 1 to 10,000; above 10 the window is at least 1 s. Of a FIFO queue 10 at most.
    pub batch_size: u16,
    /// How long to gather a batch; zero invokes as soon as there is a message, and always so with a FIFO queue.
    pub batching_window: Duration,
    /// Concurrent invocations at first (AWS: 5; provisioned mode: 10 a poller). With a FIFO queue the maximum, of which the
    /// message groups are the bound.
    pub starting_concurrency: u32,
    /// Concurrent invocations added a minute while there is a backlog (AWS: 300; provisioned mode:
    /// 1,000).
    pub added_concurrency_per_minute: u32,
    /// The most concurrent invocations (AWS: 2 to 1,250; provisioned mode: 10 a poller).
    pub maximum_concurrency: u32,
    /// Provisioned mode, from which the three figures above then follow.
    pub provisioned_pollers: Option<ProvisionedPollers>,
    /// Concurrency that was added is taken back as invocations fail or are throttled.
    pub back_off: bool,
    /// `ReportBatchItemFailures`; off, a returned partial response is ignored.
    pub report_batch_item_failures: bool,
    /// Filter criteria: a message that does not match is deleted without an invocation.
    pub filter: Option<MessageFilter>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            batch_size: 10,
            batching_window: Duration::ZERO,
            starting_concurrency: 5,
            added_concurrency_per_minute: 300,
            maximum_concurrency: 1_250,
            provisioned_pollers: None,
            back_off: true,
            report_batch_item_failures: true,
            filter: None,
        }
    }
}

/// The pollers of a mapping in provisioned mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProvisionedPollers {
    /// Always there (AWS: 2 to 200).
    pub minimum: u32,
    /// At most (AWS: 2 to 10,000).
    pub maximum: u32,
}

/// Filter criteria of the mapping, `{"body": {"field": [values]}}`: each field named must hold one of its
/// values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MessageFilter {
    /// The values let through, field by field of a JSON body.
    pub body: BTreeMap<String, Vec<Value>>,
}

impl MessageFilter {
    /// Whether a message with this body reaches the function. A body that is no JSON object never
    /// matches a filter on the body (AWS Lambda, "Using event filtering with an Amazon SQS event
    /// source").
    pub fn lets_through(&self, body: &str) -> bool {
        let Ok(fields) = serde_json::from_str::<BTreeMap<String, Value>>(body) else {
            return false;
        };
        let matches = |(name, values): (&String, &Vec<Value>)| {
            fields.get(name).is_some_and(|value| values.contains(value))
        };
        self.body.iter().all(matches)
    }
}

/// What bounds a function, and how long it takes beside its own work. The default is a new function's on AWS: a
/// time-out of 3 s, and no reserved concurrency.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionSettings {
    /// An invocation that takes longer has failed.
    pub timeout: Duration,
    /// Time every invocation takes on top of its own work.
    pub service_time: ServiceTime,
    /// Time the first invocation of an execution environment takes on top of that.
    pub cold_start: ServiceTime,
    /// Invocations that may run at one time, whatever the mapping asks for; more are throttled.
    pub reserved_concurrency: Option<u32>,
}

impl Default for FunctionSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3),
            service_time: ServiceTime::ZERO,
            cold_start: ServiceTime::ZERO,
            reserved_concurrency: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_lets_through_what_has_one_of_the_values_of_each_field() {
        let filter = MessageFilter {
            body: [
                (
                    "item_description".to_owned(),
                    vec!["zTV".into(), "zPen".into()],
                ),
                ("num_items".to_owned(), vec![1.into()]),
            ]
            .into(),
        };
        let cases = [
            (
                r#"{"item_description": "zTV", "num_items": 1, "more": 2}"#,
                true,
                "both",
            ),
            (
                r#"{"item_description": "zTV", "num_items": 2}"#,
                false,
                "another number",
            ),
            (
                r#"{"item_description": "zWatch", "num_items": 1}"#,
                false,
                "another article",
            ),
            (r#"{"item_description": "zTV"}"#, false, "a field missing"),
            ("zTV", false, "no JSON"),
            ("[1]", false, "no object"),
        ];
        for (body, passes, why) in cases {
            assert_eq!(filter.lets_through(body), passes, "{why}");
        }
    }
}
