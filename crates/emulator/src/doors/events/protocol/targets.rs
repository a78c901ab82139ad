//! The operations on the targets of rules.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::rules::bus_of;
use super::{Done, listed, page};
use crate::doors::Doors;
use crate::doors::events::arn;
use crate::doors::events::error::EventsError;
use crate::doors::events::rule::{Input, Target};
use crate::sqs::Site;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Put {
    rule: String,
    #[serde(default)]
    event_bus_name: Option<String>,
    targets: Vec<Entry>,
}

/// Fields of other sorts of targets are refused as unknown.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    id: String,
    arn: String,
    #[serde(default, rename = "RoleArn")]
    _role_arn: Option<String>,
    #[serde(default)]
    sqs_parameters: Option<SqsParameters>,
    #[serde(default)]
    input: Option<String>,
    #[serde(default)]
    input_path: Option<String>,
    #[serde(default)]
    dead_letter_config: Option<DeadLetterConfig>,
    #[serde(default)]
    retry_policy: Option<RetryPolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SqsParameters {
    #[serde(default)]
    message_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeadLetterConfig {
    #[serde(default)]
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RetryPolicy {
    #[serde(default)]
    maximum_retry_attempts: Option<u32>,
    #[serde(default)]
    maximum_event_age_in_seconds: Option<u64>,
}

impl Entry {
    fn target(self) -> Result<Target, EventsError> {
        let mut target = Target::queue(arn::queue("Target", &self.arn)?);
        target.input = match (self.input, self.input_path) {
            (None, None) => Input::Event,
            (Some(json), None) => Input::Constant(json),
            (None, Some(path)) => Input::Path(path),
            (Some(_), Some(_)) => {
                return Err(EventsError::invalid(format!(
                    "Only one of Input, InputPath and InputTransformer must be provided for target {}.",
                    self.id
                )));
            }
        };
        target.id = self.id;
        target.group = self
            .sqs_parameters
            .and_then(|parameters| parameters.message_group_id);
        if let Some(queue) = self.dead_letter_config.and_then(|config| config.arn) {
            target.dead_letter_queue = Some(arn::queue("DeadLetterConfig", &queue)?.into());
        }
        if let Some(policy) = self.retry_policy {
            target.retries = policy.maximum_retry_attempts.unwrap_or(target.retries);
            let age = policy.maximum_event_age_in_seconds;
            target.age = age.map_or(target.age, Duration::from_secs);
        }
        Ok(target)
    }
}

pub(super) fn put(doors: &Doors, request: Put) -> Done {
    let targets = request.targets.into_iter().map(Entry::target);
    let targets = targets.collect::<Result<_, _>>()?;
    doors.put_targets(
        bus_of(request.event_bus_name.as_deref()),
        &request.rule,
        targets,
    )?;
    Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Remove {
    rule: String,
    #[serde(default)]
    event_bus_name: Option<String>,
    ids: Vec<String>,
    #[serde(default, rename = "Force")]
    _force: Option<bool>,
}

pub(super) fn remove(doors: &Doors, request: &Remove) -> Done {
    let mut state = doors.0.buses.lock();
    let rule = state.rule(bus_of(request.event_bus_name.as_deref()), &request.rule)?;
    let there = |id: &String| rule.targets.iter().any(|target| target.id == *id);
    let failed = request.ids.iter().filter(|id| !there(id)).map(|id| {
        let message = format!(
            "Rule {} does not have a target with the ID {id}.",
            request.rule
        );
        json!({"TargetId": id, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": message})
    });
    let failed: Vec<Value> = failed.collect();
    rule.targets
        .retain(|target| !request.ids.contains(&target.id));
    Ok(json!({"FailedEntryCount": failed.len(), "FailedEntries": failed}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    rule: String,
    #[serde(default)]
    event_bus_name: Option<String>,
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

pub(super) fn list(doors: &Doors, request: &List) -> Done {
    let mut state = doors.0.buses.lock();
    let rule = state.rule(bus_of(request.event_bus_name.as_deref()), &request.rule)?;
    let targets = rule
        .targets
        .iter()
        .map(|target| described(doors.site(), target));
    let (targets, next) = page(
        targets.collect(),
        request.next_token.as_deref(),
        request.limit,
    )?;
    Ok(listed("Targets", targets, next))
}

fn described(site: &Site, target: &Target) -> Value {
    let default = Target::queue("");
    let mut described = json!({"Id": target.id, "Arn": site.queue_arn(&target.queue)});
    if let Some(group) = &target.group {
        described["SqsParameters"] = json!({"MessageGroupId": group});
    }
    match &target.input {
        Input::Event => {}
        Input::Path(path) => described["InputPath"] = path.as_str().into(),
        Input::Constant(json) => described["Input"] = json.as_str().into(),
    }
    if let Some(queue) = &target.dead_letter_queue {
        described["DeadLetterConfig"] = json!({"Arn": site.queue_arn(queue)});
    }
    if (target.retries, target.age) != (default.retries, default.age) {
        described["RetryPolicy"] = json!({
            "MaximumRetryAttempts": target.retries,
            "MaximumEventAgeInSeconds": target.age.as_secs(),
        });
    }
    described
}
