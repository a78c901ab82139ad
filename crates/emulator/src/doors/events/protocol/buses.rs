//! The operations on event buses.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::tags::{Tag, check_tags};
use super::{Done, listed, page};
use crate::doors::Doors;
use crate::doors::events::arn::{self, DEFAULT};
use crate::doors::events::error::EventsError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Create {
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

pub(super) fn create(doors: &Doors, request: Create) -> Done {
    let tags: BTreeMap<_, _> = request.tags.into_iter().map(Tag::pair).collect();
    check_tags(&tags)?;
    doors.create_event_bus(&request.name, request.description.clone())?;
    let arn = doors.event_bus_arn(&request.name);
    doors.0.buses.lock().tags.insert(arn.clone(), tags);
    Ok(json!({"EventBusArn": arn, "Description": request.description}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    #[serde(default)]
    name: Option<String>,
}

/// One that is not there is deleted as well.
pub(super) fn delete(doors: &Doors, request: &Named) -> Done {
    let name = arn::bus(request.name.as_deref().unwrap_or_default());
    if name == DEFAULT {
        return Err(EventsError::invalid("Cannot delete event bus default."));
    }
    let mut state = doors.0.buses.lock();
    if state.bus(name).is_ok_and(|bus| !bus.rules.is_empty()) {
        return Err(EventsError::invalid(format!(
            "Event bus {name} has rules: delete them before it."
        )));
    }
    state.buses.remove(name);
    state.tags.remove(&doors.event_bus_arn(name));
    Ok(Value::Null)
}

pub(super) fn describe(doors: &Doors, request: &Named) -> Done {
    let name = arn::bus(request.name.as_deref().unwrap_or(DEFAULT));
    let mut state = doors.0.buses.lock();
    let bus = state.bus(name)?;
    Ok(described(doors, name, bus.description.as_deref()))
}

fn described(doors: &Doors, name: &str, description: Option<&str>) -> Value {
    let mut bus = json!({"Name": name, "Arn": doors.event_bus_arn(name)});
    if let Some(description) = description {
        bus["Description"] = description.into();
    }
    bus
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct List {
    #[serde(default)]
    name_prefix: Option<String>,
    #[serde(default)]
    next_token: Option<String>,
    #[serde(default)]
    limit: Option<usize>,
}

pub(super) fn list(doors: &Doors, request: &List) -> Done {
    let prefix = request.name_prefix.as_deref().unwrap_or_default();
    let state = doors.0.buses.lock();
    let wanted = state
        .buses
        .iter()
        .filter(|(name, _)| name.starts_with(prefix));
    let buses = wanted.map(|(name, bus)| described(doors, name, bus.description.as_deref()));
    let (buses, next) = page(
        buses.collect(),
        request.next_token.as_deref(),
        request.limit,
    )?;
    Ok(listed("EventBuses", buses, next))
}
