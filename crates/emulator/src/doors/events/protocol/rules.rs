//! The operations on rules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::tags::{Tag, check_tags};
use super::{Done, listed, page};
use crate::doors::Doors;
use crate::doors::events::arn::{self, DEFAULT};
use crate::doors::events::error::EventsError;
use crate::doors::events::rule::Rule;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Put {
    name: String,
    #[serde(default)]
    event_bus_name: Option<String>,
    #[serde(default)]
    event_pattern: Option<String>,
    #[serde(default)]
    schedule_expression: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    description: Option<String>,
    /// Of targets that need one; queues need none.
    #[serde(default, rename = "RoleArn")]
    _role_arn: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn put(doors: &Doors, request: Put) -> Done {
    if request.schedule_expression.is_some() {
        return Err(EventsError::invalid(
            "ScheduleExpression: the embedded EventBridge serves no rules that run on a schedule.",
        ));
    }
    let Some(pattern) = request.event_pattern else {
        return Err(EventsError::invalid(
            "Parameter(s) EventPattern or ScheduleExpression must be specified.",
        ));
    };
    let is_disabled = match request.state.as_deref() {
        None | Some("ENABLED" | "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => false,
        Some("DISABLED") => true,
        Some(other) => {
            return Err(EventsError::invalid(format!(
                "State {} is not one of a rule's.",
                other.escape_debug()
            )));
        }
    };
    let bus = bus_of(request.event_bus_name.as_deref());
    let rule = Rule {
        description: request.description,
        is_disabled,
        ..Rule::new(&request.name).on_bus(bus).matching(&pattern)
    };
    let tags: BTreeMap<_, _> = request.tags.into_iter().map(Tag::pair).collect();
    check_tags(&tags)?;
    doors.put_rule(rule)?;
    let arn = arn::of_rule(doors.site(), bus, &request.name);
    // What is put again keeps its tags.
    doors.0.buses.lock().tags.entry(arn.clone()).or_insert(tags);
    Ok(json!({"RuleArn": arn}))
}

/// The bus that a request names; `default` where it names none.
pub(super) fn bus_of(name: Option<&str>) -> &str {
    arn::bus(name.unwrap_or(DEFAULT))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    name: String,
    #[serde(default)]
    event_bus_name: Option<String>,
    /// Of rules that AWS's services made, which are not here.
    #[serde(default, rename = "Force")]
    _force: Option<bool>,
}

/// One that is not there is deleted as well.
pub(super) fn delete(doors: &Doors, request: &Named) -> Done {
    let bus = bus_of(request.event_bus_name.as_deref());
    let mut state = doors.0.buses.lock();
    let rules = &mut state.bus(bus)?.rules;
    if rules
        .get(&request.name)
        .is_some_and(|ruled| !ruled.rule.targets.is_empty())
    {
        return Err(EventsError::invalid(
            "Rule can't be deleted since it has targets.",
        ));
    }
    rules.remove(&request.name);
    let arn = arn::of_rule(doors.site(), bus, &request.name);
    state.tags.remove(&arn);
    Ok(Value::Null)
}

pub(super) fn describe(doors: &Doors, request: &Named) -> Done {
    let bus = bus_of(request.event_bus_name.as_deref());
    let mut state = doors.0.buses.lock();
    let mut rule = described(doors, state.rule(bus, &request.name)?);
    rule["CreatedBy"] = doors.site().account_id.as_str().into();
    Ok(rule)
}

fn described(doors: &Doors, rule: &Rule) -> Value {
    let state = match rule.is_disabled {
        true => "DISABLED",
        false => "ENABLED",
    };
    let mut described = json!({
        "Name": rule.name,
        "Arn": arn::of_rule(doors.site(), &rule.bus, &rule.name),
        "EventPattern": rule.pattern,
        "State": state,
        "EventBusName": rule.bus,
    });
    if let Some(description) = &rule.description {
        described["Description"] = description.as_str().into();
    }
    described
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    #[serde(default)]
    name_prefix: Option<String>,
    #[serde(default)]
    event_bus_name: Option<String>,
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

pub(super) fn list(doors: &Doors, request: &List) -> Done {
    let prefix = request.name_prefix.as_deref().unwrap_or_default();
    let mut state = doors.0.buses.lock();
    let bus = state.bus(bus_of(request.event_bus_name.as_deref()))?;
    let wanted = bus
        .rules
        .iter()
        .filter(|(name, _)| name.starts_with(prefix));
    let rules = wanted
        .map(|(_, ruled)| described(doors, &ruled.rule))
        .collect();
    let (rules, next) = page(rules, request.next_token.as_deref(), request.limit)?;
    Ok(listed("Rules", rules, next))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ByTarget {
    target_arn: String,
    #[serde(default)]
    event_bus_name: Option<String>,
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

/// The names of the rules of a bus that have a target with this ARN.
pub(super) fn list_by_target(doors: &Doors, request: &ByTarget) -> Done {
    let mut state = doors.0.buses.lock();
    let bus = state.bus(bus_of(request.event_bus_name.as_deref()))?;
    let has_target = |rule: &Rule| {
        let mut queues = rule.queues();
        queues.any(|queue| doors.site().queue_arn(queue) == request.target_arn)
    };
    let wanted = bus
        .rules
        .iter()
        .filter(|(_, ruled)| has_target(&ruled.rule));
    let names = wanted.map(|(name, _)| name.as_str().into()).collect();
    let (names, next) = page(names, request.next_token.as_deref(), request.limit)?;
    Ok(listed("RuleNames", names, next))
}

pub(super) fn enable(doors: &Doors, request: &Named, enabled: bool) -> Done {
    let mut state = doors.0.buses.lock();
    let rule = state.rule(bus_of(request.event_bus_name.as_deref()), &request.name)?;
    rule.is_disabled = !enabled;
    Ok(Value::Null)
}
