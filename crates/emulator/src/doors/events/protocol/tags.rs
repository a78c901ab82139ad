//! The operations on tags of buses and rules.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Done;
use crate::doors::Doors;
use crate::doors::events::arn;
use crate::doors::events::error::{EventsError, EventsErrorKind};

/// The most tags of a bus or a rule.
const TAGS_MAX: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Tag {
    key: String,
    value: String,
}

impl Tag {
    pub(super) fn pair(self) -> (String, String) {
        (self.key, self.value)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tagging {
    #[serde(rename = "ResourceARN")]
    arn: String,
    #[serde(rename = "Tags")]
    tags: Vec<Tag>,
}

pub(super) fn tag(doors: &Doors, request: Tagging) -> Done {
    check(doors, &request.arn)?;
    let mut state = doors.0.buses.lock();
    let mut tags = state.tags.get(&request.arn).cloned().unwrap_or_default();
    tags.extend(request.tags.into_iter().map(Tag::pair));
    check_tags(&tags)?;
    state.tags.insert(request.arn, tags);
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Untagging {
    #[serde(rename = "ResourceARN")]
    arn: String,
    #[serde(rename = "TagKeys")]
    keys: Vec<String>,
}

pub(super) fn untag(doors: &Doors, request: &Untagging) -> Done {
    check(doors, &request.arn)?;
    let mut state = doors.0.buses.lock();
    if let Some(tags) = state.tags.get_mut(&request.arn) {
        tags.retain(|key, _| !request.keys.contains(key));
    }
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    #[serde(rename = "ResourceARN")]
    arn: String,
}

pub(super) fn list(doors: &Doors, request: &Listing) -> Done {
    check(doors, &request.arn)?;
    let state = doors.0.buses.lock();
    let tags = state.tags.get(&request.arn).into_iter().flatten();
    let tags: Vec<Value> = tags
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    Ok(json!({"Tags": tags}))
}

/// As many tags as AWS takes, and of its lengths.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), EventsError> {
    let fits = |(key, value): (&String, &String)| {
        (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256
    };
    match tags.len() <= TAGS_MAX && tags.iter().all(fits) {
        true => Ok(()),
        false => Err(EventsError::invalid(format!(
            "{TAGS_MAX} tags are the most, with keys of 1 to 128 characters and values of at most 256."
        ))),
    }
}

/// Refuses the ARN of what is not there.
fn check(doors: &Doors, arn: &str) -> Result<(), EventsError> {
    let state = doors.0.buses.lock();
    let is_there = state.buses.iter().any(|(bus, held)| {
        let mut rules = held.rules.keys();
        doors.event_bus_arn(bus) == arn
            || rules.any(|rule| arn::of_rule(doors.site(), bus, rule) == arn)
    });
    match is_there {
        true => Ok(()),
        false => Err(EventsError::new(
            EventsErrorKind::ResourceNotFound,
            format!("{} does not exist.", arn.escape_debug()),
        )),
    }
}
