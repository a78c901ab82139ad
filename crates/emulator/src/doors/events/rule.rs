//! A rule: which events it wants, and which queues get them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::arn;
use super::error::{EventsError, EventsErrorKind};
use crate::doors::outbox::Patience;
use crate::doors::pattern::Pattern;
use crate::sqs::is_fifo;

/// The longest event pattern.
const PATTERN_BYTES_MAX: usize = 4_096;
/// The longest constant that a target gets.
const INPUT_BYTES_MAX: usize = 8_192;
/// Retries at most, and the oldest event that is tried again.
const RETRIES_MAX: u32 = 185;
const AGE_S: std::ops::RangeInclusive<u64> = 60..=86_400;

/// A rule of an event bus.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub(super) name: String,
    pub(super) bus: String,
    pub(super) pattern: String,
    pub(super) description: Option<String>,
    pub(super) is_disabled: bool,
    pub(super) targets: Vec<Target>,
}

/// A queue that a rule sends events to.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub(super) id: String,
    pub(super) queue: Arc<str>,
    /// Of a FIFO queue: the one group that all events are in.
    pub(super) group: Option<String>,
    pub(super) input: Input,
    pub(super) dead_letter_queue: Option<Arc<str>>,
    pub(super) retries: u32,
    pub(super) age: Duration,
}

/// What of an event a target gets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Input {
    /// All of it.
    Event,
    /// The part at this path: `$.detail`.
    Path(String),
    /// This JSON, whatever the event.
    Constant(String),
}

impl Rule {
    /// A rule on the bus `default` that wants every event, and sends none anywhere yet.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            bus: arn::DEFAULT.to_owned(),
            pattern: r#"{"source":[{"exists":true}]}"#.to_owned(),
            description: None,
            is_disabled: false,
            targets: Vec::new(),
        }
    }

    /// On this bus.
    #[must_use]
    pub fn on_bus(mut self, bus: &str) -> Self {
        bus.clone_into(&mut self.bus);
        self
    }

    /// Wants events that match this pattern, in JSON.
    #[must_use]
    pub fn matching(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.pattern);
        self
    }

    /// Sends events to this target.
    #[must_use]
    pub fn to(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// Sends whole events to this standard queue.
    #[must_use]
    pub fn to_queue(self, queue: &str) -> Self {
        self.to(Target::queue(queue))
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The queues it sends events to.
    pub fn queues(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(|target| &*target.queue)
    }

    /// Reads the pattern.
    pub(super) fn parsed(&self) -> Result<Pattern, EventsError> {
        let wrong = |reason: String| {
            let message = format!("Event pattern is not valid. Reason: {reason}");
            EventsError::new(EventsErrorKind::InvalidEventPattern, message)
        };
        if self.pattern.len() > PATTERN_BYTES_MAX {
            return Err(wrong(format!(
                "it has more than {PATTERN_BYTES_MAX} characters"
            )));
        }
        Pattern::parse(&self.pattern).map_err(|error| wrong(error.to_string()))
    }
}

impl Target {
    /// This queue, by name, which gets whole events.
    pub fn queue(queue: &str) -> Self {
        Self {
            id: queue.to_owned(),
            queue: queue.into(),
            group: None,
            input: Input::Event,
            dead_letter_queue: None,
            retries: RETRIES_MAX,
            age: Duration::from_secs(*AGE_S.end()),
        }
    }

    /// All events in this group: a rule has one constant group for a FIFO queue, which must deduplicate by content.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        self.group = Some(group.to_owned());
        self
    }

    /// The part of the event at this path alone, such as `$.detail` (`InputPath`).
    #[must_use]
    pub fn part(mut self, path: &str) -> Self {
        self.input = Input::Path(path.to_owned());
        self
    }

    /// What cannot be delivered goes to this queue, by name.
    #[must_use]
    pub fn dead_letters_to(mut self, queue: &str) -> Self {
        self.dead_letter_queue = Some(queue.into());
        self
    }

    pub(super) fn patience(&self) -> Patience {
        Patience::Target {
            retries: self.retries,
            age: self.age,
        }
    }

    pub(super) fn check(&self) -> Result<(), EventsError> {
        arn::check_name("Id", &self.id, 64)?;
        if is_fifo(&self.queue) && self.group.is_none() {
            return Err(EventsError::invalid(format!(
                "Parameter(s) SqsParameters must be specified for target: {}.",
                self.id
            )));
        }
        if self.retries > RETRIES_MAX || !AGE_S.contains(&self.age.as_secs()) {
            return Err(EventsError::invalid(format!(
                "RetryPolicy of target {}: at most {RETRIES_MAX} attempts, and an age of {} to {} seconds",
                self.id,
                AGE_S.start(),
                AGE_S.end()
            )));
        }
        if let Input::Path(text) | Input::Constant(text) = &self.input
            && text.len() > INPUT_BYTES_MAX
        {
            return Err(EventsError::invalid(format!(
                "Input of target {}: at most {INPUT_BYTES_MAX} characters",
                self.id
            )));
        }
        match &self.input {
            Input::Path(path) if steps(path).is_none() => Err(EventsError::invalid(format!(
                "InputPath {path} of target {}: only $ and names after dots are served here, such as $.detail",
                self.id
            ))),
            Input::Constant(json) if serde_json::from_str::<Value>(json).is_err() => {
                Err(EventsError::invalid(format!(
                    "JSON syntax error in input for target {}.",
                    self.id
                )))
            }
            _ => Ok(()),
        }
    }

    /// What it gets of an event; nothing where there is nothing at its path.
    pub(super) fn body(&self, event: &str) -> Option<String> {
        let path = match &self.input {
            Input::Event => return Some(event.to_owned()),
            Input::Constant(json) => return Some(json.clone()),
            Input::Path(path) => path,
        };
        let event: Value = serde_json::from_str(event).ok()?;
        let mut part = &event;
        for step in steps(path)? {
            part = part.get(step)?;
        }
        Some(part.to_string())
    }
}

/// The names of a path; none where it is more than names.
fn steps(path: &str) -> Option<Vec<&str>> {
    let rest = path.strip_prefix('$')?;
    let is_name = |name: &&str| {
        let is_allowed = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        !name.is_empty() && name.chars().all(is_allowed)
    };
    match rest.strip_prefix('.') {
        None => rest.is_empty().then(Vec::new),
        Some(names) => {
            let names: Vec<_> = names.split('.').collect();
            names.iter().all(is_name).then_some(names)
        }
    }
}
