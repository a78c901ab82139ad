//! Putting events: what is accepted goes to every target of every rule that wants it.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::arn::{self, DEFAULT};
use super::envelope::envelope;
use super::error::{EventsError, EventsErrorKind};
use super::registry::State;
use crate::doors::outbox::Letter;
use crate::doors::{Door, DoorFault, Doors};
use crate::sqs::SendEntry;

/// Events of a request at most, and bytes of all of them (API reference, `PutEvents`: less than 1 MB).
const ENTRIES_MAX: usize = 10;
const BYTES_MAX: usize = 1 << 20;

/// An event to put.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Event {
    /// Who says it; AWS keeps sources that begin with `aws.` to itself.
    pub source: String,
    /// What sort of event it is, at most 128 characters.
    pub detail_type: String,
    /// A JSON object.
    pub detail: String,
    /// What it is about, by ARN.
    pub resources: Vec<String>,
    /// When it happened, in seconds since the Unix epoch; when it is put if nothing is said.
    pub time_s: Option<u64>,
    /// The bus, by name or by ARN; `default` if nothing is said.
    pub bus: Option<String>,
}

impl Event {
    /// Bytes that count against the size limit.
    pub fn size(&self) -> usize {
        let time = self.time_s.map_or(0, |_| 14);
        let resources = self.resources.iter().map(String::len).sum::<usize>();
        time + self.source.len() + self.detail_type.len() + self.detail.len() + resources
    }

    fn bus(&self) -> &str {
        arn::bus(self.bus.as_deref().unwrap_or(DEFAULT))
    }

    fn is_complete(&self) -> bool {
        !self.source.is_empty() && !self.detail_type.is_empty() && !self.detail.is_empty()
    }

    /// Refuses what EventBridge does not take; the detail otherwise.
    fn check(&self) -> Result<Box<RawValue>, EventsError> {
        let fields = [
            ("Source", &self.source),
            ("DetailType", &self.detail_type),
            ("Detail", &self.detail),
        ];
        if let Some((name, _)) = fields.iter().find(|(_, text)| text.is_empty()) {
            return Err(EventsError::new(
                EventsErrorKind::InvalidArgument,
                format!("Parameter {name} is not valid. Reason: {name} is a required argument."),
            ));
        }
        if self.source.starts_with("aws.") {
            return Err(EventsError::new(
                EventsErrorKind::NotAuthorizedForSource,
                "Not authorized for the source.",
            ));
        }
        if self.detail_type.chars().count() > 128 {
            return Err(EventsError::new(
                EventsErrorKind::InvalidArgument,
                "Parameter DetailType is not valid. Reason: DetailType has more than 128 characters.",
            ));
        }
        let malformed =
            |_| EventsError::new(EventsErrorKind::MalformedDetail, "Detail is malformed.");
        serde_json::from_str::<Map<String, Value>>(&self.detail).map_err(malformed)?;
        RawValue::from_string(self.detail.trim().to_owned()).map_err(malformed)
    }
}

impl Doors {
    /// Puts events, each by itself; the id of each that is accepted. An event for a bus that is not there is accepted and
    /// goes nowhere, as on AWS: it is counted as undelivered.
    ///
    /// # Errors
    /// When there are none or too many of them, they are too large, or none has source, detail type and detail.
    pub fn put_events(
        &self,
        events: Vec<Event>,
    ) -> Result<Vec<Result<String, EventsError>>, EventsError> {
        if let Err(error) = check_all(&events) {
            let bus = events.first().map_or(DEFAULT, Event::bus);
            self.count_refused(bus);
            return Err(error);
        }
        let faults = events.iter().map(|event| {
            let door = Door::bus(event.bus());
            self.0.hall.fault(&door, &event.detail)
        });
        let faults: Vec<_> = faults.collect();
        if faults.contains(&DoorFault::ThrottleRequest) {
            self.count_refused(events.first().map_or(DEFAULT, Event::bus));
            return Err(throttled());
        }
        let mut state = self.0.buses.lock();
        let results = events.into_iter().zip(faults).map(|(event, fault)| {
            let door = Door::bus(event.bus());
            let result = self.accept_event(&mut state, &door, &event, fault);
            self.0.hall.tallies.count(&door, |counts| match result {
                Ok(_) => counts.accepted += 1,
                Err(_) => counts.refused += 1,
            });
            result
        });
        Ok(results.collect())
    }

    /// Counts a request that was refused as a whole.
    pub(super) fn count_refused(&self, bus: &str) {
        let door = Door::bus(bus);
        self.0
            .hall
            .tallies
            .count(&door, |counts| counts.refused += 1);
    }

    fn accept_event(
        &self,
        state: &mut State,
        door: &Door,
        event: &Event,
        fault: DoorFault,
    ) -> Result<String, EventsError> {
        let detail = event.check()?;
        match fault {
            DoorFault::Refuse => {
                return Err(EventsError::new(
                    EventsErrorKind::InternalFailure,
                    "A fault has failed this entry.",
                ));
            }
            DoorFault::Throttle | DoorFault::ThrottleRequest => return Err(throttled()),
            DoorFault::None | DoorFault::Vanish | DoorFault::Double | DoorFault::Late(_) => {}
        }
        let hall = &self.0.hall;
        let id = hall.message_id(hall.next_serial()).to_string();
        let text = envelope(&hall.site, event, &id, &detail, hall.now_ms() / 1_000);
        let Ok(bus) = state.bus(event.bus()) else {
            hall.tallies.count(door, |counts| counts.undelivered += 1);
            return Ok(id);
        };
        let content: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
        for ruled in bus.rules.values() {
            if ruled.rule.is_disabled || !ruled.pattern.matches(&content) {
                hall.tallies.count(door, |counts| counts.filtered += 1);
                continue;
            }
            for target in &ruled.rule.targets {
                let Some(body) = target.body(&text) else {
                    hall.tallies.count(door, |counts| counts.undelivered += 1);
                    continue;
                };
                let letter = Letter {
                    door: door.clone(),
                    queue: target.queue.clone(),
                    entry: SendEntry {
                        group_id: target.group.clone(),
                        ..SendEntry::new(body)
                    },
                    dead_letter_queue: target.dead_letter_queue.clone(),
                    patience: target.patience(),
                };
                hall.post(letter, fault);
            }
        }
        Ok(id)
    }
}

fn throttled() -> EventsError {
    EventsError::new(EventsErrorKind::Throttling, "Rate exceeded")
}

fn check_all(events: &[Event]) -> Result<(), EventsError> {
    if !(1..=ENTRIES_MAX).contains(&events.len()) {
        return Err(EventsError::invalid(format!(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length \
             less than or equal to {ENTRIES_MAX} and greater than or equal to 1"
        )));
    }
    if events.iter().map(Event::size).sum::<usize>() >= BYTES_MAX {
        return Err(EventsError::invalid(
            "Total size of the entries in the request is over the limit.",
        ));
    }
    match events.iter().any(Event::is_complete) {
        true => Ok(()),
        false => Err(EventsError::invalid(
            "No entry has all of Source, DetailType and Detail.",
        )),
    }
}
