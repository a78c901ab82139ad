//! An event bus and its rules, as EventBridge answers. Source: Amazon EventBridge API Reference.

use std::time::Duration;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::failures;
use crate::account::facts::permissions::{DENIALS, proof};
use crate::account::facts::{missing_or_unknown, why};
use crate::account::service::{Ask, CallError, Service};
use crate::preflight::{BusFacts, Known, QueueFacts, RuleFacts, TargetInput};
use crate::store::Session;

/// Pages at most: a queue is the target of a few rules.
const PAGES_MAX: usize = 50;

pub(super) async fn read(session: &Session, bus: &str, queue: &QueueFacts) -> Known<BusFacts> {
    let asked = json!({"Name": bus});
    let found: Bus = match ask(session, "AWSEvents.DescribeEventBus", &asked).await {
        Ok(found) => found,
        Err(error) => {
            return missing_or_unknown(&error, |refusal| {
                refusal.code() == Some("ResourceNotFoundException")
            });
        }
    };
    let Some(arn) = found.arn else {
        return Known::Unknown("DescribeEventBus: the reply has no Arn".into());
    };
    let rules = match rules(session, bus, queue).await {
        Ok(rules) => Known::Is(rules),
        Err(why) => Known::Unknown(why),
    };
    Known::Is(BusFacts {
        name: found.name.unwrap_or_else(|| bus.to_owned()),
        arn,
        kms_key: found.kms_key_identifier.filter(|key| !key.is_empty()),
        rules,
    })
}

async fn ask<T>(session: &Session, target: &'static str, asked: &Value) -> Result<T, CallError>
where
    T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
{
    let operation = target.rsplit('.').next().unwrap_or(target);
    let ask = Ask::json_1_1(target, asked);
    Service::EVENTBRIDGE.call(session, operation, ask).await
}

/// The rules that have the queue as a target, once for each such target.
async fn rules(session: &Session, bus: &str, queue: &QueueFacts) -> Result<Vec<RuleFacts>, String> {
    let mut rules = Vec::new();
    for name in rule_names(session, bus, queue).await? {
        let asked = json!({"Name": name, "EventBusName": bus});
        let rule: Rule = ask(session, "AWSEvents.DescribeRule", &asked)
            .await
            .map_err(|error| format!("DescribeRule {name}: {}", why(&error)))?;
        let enabled = is_enabled(&rule).map_err(|why| format!("DescribeRule {name}: {why}"))?;
        let before = rules.len();
        for target in targets(session, bus, &name).await? {
            if target.arn.as_ref() == Some(&queue.arn) {
                let rule = (name.as_str(), &rule, enabled);
                rules.push(facts(session, rule, target, queue).await);
            }
        }
        if rules.len() == before {
            return Err(format!(
                "ListTargetsByRule {name}: the reply does not name the queue, and ListRuleNamesByTarget does"
            ));
        }
    }
    Ok(rules)
}

/// Whether the rule sends events on, as far as the reply says.
fn is_enabled(rule: &Rule) -> Result<bool, String> {
    match rule.state.as_deref() {
        Some("DISABLED") => Ok(false),
        Some(state) if state.starts_with("ENABLED") => Ok(true),
        Some(state) => Err(format!("its State is {state:?}")),
        None => Err("the reply has no State".into()),
    }
}

async fn facts(
    session: &Session,
    (name, rule, enabled): (&str, &Rule, bool),
    target: Target,
    queue: &QueueFacts,
) -> RuleFacts {
    let input = match (&target.input, &target.input_path, &target.input_transformer) {
        (_, _, Some(_)) => TargetInput::Transformed,
        (Some(_), _, _) => TargetInput::Constant,
        (_, Some(path), _) if path != "$" => TargetInput::Path(path.clone()),
        _ => TargetInput::Event,
    };
    let policy = target.retry_policy.unwrap_or_default();
    let dead_letters = target.dead_letter_config.and_then(|config| config.arn);
    RuleFacts {
        name: name.to_owned(),
        arn: rule.arn.clone().unwrap_or_default(),
        enabled,
        pattern: rule
            .event_pattern
            .clone()
            .filter(|pattern| !pattern.is_empty()),
        input,
        role: target.role_arn,
        maximum_age: policy.maximum_event_age_in_seconds.map(Duration::from_secs),
        maximum_retries: policy.maximum_retry_attempts,
        failures: match dead_letters.filter(|arn| !arn.is_empty()) {
            Some(arn) => Some(failures(session, &arn, queue).await),
            None => None,
        },
    }
}

async fn rule_names(
    session: &Session,
    bus: &str,
    queue: &QueueFacts,
) -> Result<Vec<String>, String> {
    let asked = json!({"TargetArn": queue.arn, "EventBusName": bus});
    pages(
        session,
        ("AWSEvents.ListRuleNamesByTarget", "RuleNames"),
        asked,
        |page: Names| (page.rule_names, page.next_token),
    )
    .await
}

async fn targets(session: &Session, bus: &str, rule: &str) -> Result<Vec<Target>, String> {
    let asked = json!({"Rule": rule, "EventBusName": bus});
    pages(
        session,
        ("AWSEvents.ListTargetsByRule", "Targets"),
        asked,
        |page: Targets| (page.targets, page.next_token),
    )
    .await
}

/// All items of all pages, each of which has a `list`, if only an empty one.
async fn pages<P, T>(
    session: &Session,
    (target, list): (&'static str, &str),
    mut asked: Value,
    read: impl Fn(P) -> (Option<Vec<T>>, Option<String>),
) -> Result<Vec<T>, String>
where
    P: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
{
    let operation = target.rsplit('.').next().unwrap_or(target);
    let mut all = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = ask(session, target, &asked).await;
        let page = page.map_err(|error| format!("{operation}: {}", why(&error)))?;
        let (items, next) = read(page);
        let Some(items) = items else {
            return Err(format!("{operation}: the reply has no {list}"));
        };
        all.extend(items);
        match next.filter(|next| !next.is_empty()) {
            Some(next) => asked["NextToken"] = next.into(),
            None => return Ok(all),
        }
    }
    Err(format!(
        "{operation}: it names further pages after {PAGES_MAX}"
    ))
}

/// An event whose detail is no JSON: it goes to no target.
pub(in crate::account::facts) async fn may_put(session: &Session, bus: &str) -> Known<bool> {
    let asked = json!({"Entries": [{"EventBusName": bus, "Source": "orderproof.preflight",
        "DetailType": "preflight", "Detail": "{"}]});
    let answer = ask::<Put>(session, "AWSEvents.PutEvents", &asked).await;
    let codes: Vec<String> = match &answer {
        Ok(put) => put
            .entries
            .iter()
            .flatten()
            .filter_map(|entry| entry.error_code.clone())
            .collect(),
        Err(_) => return proof(answer),
    };
    match codes.as_slice() {
        [code] if code == "MalformedDetail" => Known::Is(true),
        [code] if DENIALS.contains(&code.as_str()) => Known::Is(false),
        _ => Known::Unknown(format!(
            "an event whose detail is not JSON was answered with {codes:?} and not with MalformedDetail"
        )),
    }
}

// The replies, as far as they are read. Any member may be missing or null.

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Bus {
    name: Option<String>,
    arn: Option<String>,
    kms_key_identifier: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Names {
    rule_names: Option<Vec<String>>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    arn: Option<String>,
    state: Option<String>,
    event_pattern: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Targets {
    targets: Option<Vec<Target>>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    arn: Option<String>,
    role_arn: Option<String>,
    input: Option<String>,
    input_path: Option<String>,
    input_transformer: Option<Value>,
    dead_letter_config: Option<DeadLetterConfig>,
    retry_policy: Option<RetryPolicy>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    arn: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RetryPolicy {
    maximum_retry_attempts: Option<u32>,
    maximum_event_age_in_seconds: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Put {
    entries: Option<Vec<PutEntry>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEntry {
    error_code: Option<String>,
}
