//! PutEvents and TestEventPattern.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Done, read};
use crate::doors::Doors;
use crate::doors::events::Event;
use crate::doors::events::arn::DEFAULT;
use crate::doors::events::error::EventsError;
use crate::doors::events::rule::Rule;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvents {
    entries: Vec<Entry>,
    #[serde(default)]
    endpoint_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    detail_type: Option<String>,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    resources: Option<Vec<String>>,
    #[serde(default)]
    time: Option<f64>,
    #[serde(default)]
    event_bus_name: Option<String>,
    /// Of X-Ray, which is not here.
    #[serde(default, rename = "TraceHeader")]
    _trace_header: Option<String>,
}

pub(super) fn put(doors: &Doors, body: &[u8]) -> Done {
    let request: PutEvents = read(body).inspect_err(|_| doors.count_refused(DEFAULT))?;
    if request.endpoint_id.is_some() {
        return Err(EventsError::invalid(
            "EndpointId: the embedded EventBridge has no global endpoints.",
        ));
    }
    let events = request.entries.into_iter().map(|entry| Event {
        source: entry.source.unwrap_or_default(),
        detail_type: entry.detail_type.unwrap_or_default(),
        detail: entry.detail.unwrap_or_default(),
        resources: entry.resources.unwrap_or_default(),
        // A negative or huge time saturates.
        time_s: entry.time.map(|time| time as u64),
        bus: entry.event_bus_name,
    });
    let results = doors.put_events(events.collect())?;
    let failed = results.iter().filter(|result| result.is_err()).count();
    let entries = results.iter().map(|result| match result {
        Ok(id) => json!({"EventId": id}),
        Err(error) => json!({"ErrorCode": error.kind.code(), "ErrorMessage": error.message}),
    });
    let entries: Vec<_> = entries.collect();
    Ok(json!({"FailedEntryCount": failed, "Entries": entries}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Test {
    event_pattern: String,
    event: String,
}

pub(super) fn test(request: Test) -> Done {
    let pattern = Rule::new("test")
        .matching(&request.event_pattern)
        .parsed()?;
    let event: Map<String, Value> = serde_json::from_str(&request.event)
        .map_err(|error| EventsError::invalid(format!("Parameter Event is not valid: {error}.")))?;
    Ok(json!({"Result": pattern.matches(&event)}))
}
