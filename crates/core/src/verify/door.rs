//! What stands between the senders and the queue: whether everything that it took has left it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::order::Door;
use crate::preflight::HandingOn;

/// How long SNS tries to hand a message to a queue. Source: Amazon SNS Developer Guide, "Message delivery retries": 100,015
/// attempts over 23 days.
const SNS_RETRIES: Duration = Duration::from_secs(23 * 86_400);

/// How long EventBridge does, unless a rule's target says less. Source: Amazon EventBridge User Guide, "Retry policy".
const EVENTBRIDGE_RETRIES: Duration = Duration::from_secs(86_400);

/// What was seen of what orders were sent to in the queue's place. An order that it may still hold is not lost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorSeen {
    /// It is proven to hold none of the run's orders any more.
    pub drained: bool,
    /// In words: what was seen, or why there is no proof.
    pub evidence: String,
    /// Orders that it had taken, as it counts itself; absent where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<u64>,
    /// Of them those that it still held; absent where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<u64>,
}

impl DoorSeen {
    /// By the door's own counters, which are exact.
    pub fn counted(door: &str, accepted: u64, inside: u64) -> Self {
        let holds = match inside {
            0 => "holds none any more".to_owned(),
            inside => format!("still holds {inside}"),
        };
        Self {
            drained: inside == 0,
            evidence: format!("{door} took {accepted} orders and {holds}"),
            accepted: Some(accepted),
            inside: Some(inside),
        }
    }

    /// By the time for which it may try again, `since_last_send` ago being the last order that it was sent, and by where
    /// that ends which it gives up: of what nobody can look into. `rest` is for how long the queue was seen empty last: all
    /// of that must be after the door's last try. `None` for the queue itself.
    pub fn waited(
        door: &Door,
        handing_on: &HandingOn,
        since_last_send: Duration,
        rest: Duration,
    ) -> Option<Self> {
        let usual = match door {
            Door::Sqs => return None,
            Door::Sns(_) => Some(SNS_RETRIES),
            Door::Eventbridge(_) => Some(EVENTBRIDGE_RETRIES),
            Door::Http(_) => None,
        };
        let name = door.in_words();
        let open = |evidence: String| {
            Some(Self {
                evidence,
                ..Self::default()
            })
        };
        let Some(window) = handing_on.retries.or(usual) else {
            return open(format!(
                "nothing tells whether {name} still holds an order that it has accepted"
            ));
        };
        let so_far = since_last_send.as_secs();
        let tries = format!(
            "{name} tries for up to {} s to hand on what it has taken, and the last order was sent {so_far} s ago",
            window.as_secs()
        );
        if since_last_send <= window.saturating_add(rest) {
            return open(format!(
                "{tries}: an order that was not seen may still come"
            ));
        }
        match &handing_on.unseen {
            None => open(format!(
                "{tries}; whether it has put some into a dead-letter queue of its own could not be read"
            )),
            Some(unseen) if !unseen.is_empty() => open(format!(
                "{tries}; what it could not hand on is in {}, where this run does not look",
                unseen.join(", ")
            )),
            Some(_) => Some(Self {
                drained: true,
                evidence: tries,
                ..Self::default()
            }),
        }
    }

    /// In words, where its parts contradict one another, or it took fewer orders than were acknowledged.
    pub(super) fn contradiction(&self, acknowledged: u64) -> Option<String> {
        if self.drained && self.inside.is_some_and(|inside| inside > 0) {
            return Some("what orders were sent to is said to be empty and to hold some".into());
        }
        let accepted = self.accepted.filter(|accepted| *accepted < acknowledged)?;
        Some(format!(
            "what orders were sent to says that it took {accepted}, and it acknowledged {acknowledged}"
        ))
    }
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
