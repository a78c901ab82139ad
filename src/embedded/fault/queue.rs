//! Faults on the wire to the queues and inside them.

use std::sync::Arc;

use crate::emulator::sqs::{BuryFault, QueueFaults, ReceiveFault, RequestFault, SendFault};
use crate::fault::{FaultPlan, order_of_body};
use crate::order::OrderPlan;
use crate::scenario::FaultKind;

/// The plan's faults of the orders queue and its dead-letter queue.
pub struct FaultyQueues {
    plan: Arc<FaultPlan>,
    orders_queue: String,
    dead_letter_queue: String,
}

impl FaultyQueues {
    /// Faults of these two queues; others are sound.
    pub fn new(plan: Arc<FaultPlan>, orders_queue: &str, dead_letter_queue: &str) -> Self {
        Self {
            plan,
            orders_queue: orders_queue.to_owned(),
            dead_letter_queue: dead_letter_queue.to_owned(),
        }
    }

    fn strikes(&self, kind: FaultKind, body: &str) -> bool {
        self.plan.strike_body(kind, body).is_some()
    }
}

/// The kinds that strike a whole request, in the order they are asked.
const REQUEST_KINDS: [FaultKind; 4] = [
    FaultKind::ConnectionReset,
    FaultKind::ServerError,
    FaultKind::ReplyDropped,
    FaultKind::ReplyDelayed,
];

impl QueueFaults for FaultyQueues {
    fn on_request(&self, target: &str, body: &[u8]) -> RequestFault {
        let planned = REQUEST_KINDS.iter().any(|kind| self.plan.has(*kind));
        if !planned || !target.starts_with("AmazonSQS.SendMessage") {
            return RequestFault::None;
        }
        let sent = orders_sent(self.plan.orders(), body);
        for kind in REQUEST_KINDS {
            // Every order of a batch shares its request's fate, so each is asked (and counted).
            let strikes = sent.iter().map(|k| self.plan.strike(kind, *k));
            let Some(delay) = strikes.fold(None, |before, strike| before.or(strike)) else {
                continue;
            };
            return match kind {
                FaultKind::ConnectionReset => RequestFault::Reset,
                FaultKind::ServerError => RequestFault::ServerError,
                FaultKind::ReplyDropped => RequestFault::DropReply,
                _ => RequestFault::DelayReply(delay),
            };
        }
        RequestFault::None
    }

    fn on_send(&self, queue: &str, body: &str) -> SendFault {
        if queue != self.orders_queue {
            SendFault::None
        } else if self.strikes(FaultKind::EntryRefused, body) {
            SendFault::Refuse
        } else if self.strikes(FaultKind::MessageVanishes, body) {
            SendFault::Vanish
        } else if self.strikes(FaultKind::QueuePurged, body) {
            SendFault::Purge
        } else if self.strikes(FaultKind::MessageDoubled, body) {
            SendFault::Double
        } else if self.strikes(FaultKind::SentTwice, body) {
            SendFault::Again
        } else {
            SendFault::None
        }
    }

    fn on_receive(&self, queue: &str, body: &str) -> ReceiveFault {
        if queue != self.orders_queue {
            ReceiveFault::None
        } else if self.strikes(FaultKind::ReceiveLost, body) {
            ReceiveFault::Lose
        } else if self.strikes(FaultKind::MessageDuplicated, body) {
            ReceiveFault::Duplicate
        } else if self.strikes(FaultKind::MessageOvertaken, body) {
            ReceiveFault::Overtake
        } else if let Some(time) = self.plan.strike_body(FaultKind::GroupBlocked, body) {
            ReceiveFault::TakenFor(time)
        } else {
            let hidden = self.plan.strike_body(FaultKind::VisibilityChanged, body);
            hidden.map_or(ReceiveFault::None, ReceiveFault::HideFor)
        }
    }

    fn on_bury(&self, queue: &str, body: &str) -> BuryFault {
        if queue != self.dead_letter_queue {
            BuryFault::None
        } else if self.strikes(FaultKind::DeadLetterConsumed, body) {
            BuryFault::Consumed
        } else if self.strikes(FaultKind::DeadLetterHeld, body) {
            BuryFault::Held
        } else {
            BuryFault::None
        }
    }

    fn hides_counts(&self, queue: &str) -> bool {
        queue == self.orders_queue && self.plan.has(FaultKind::CountsHidden)
    }

    fn is_uncounted(&self, body: &str) -> bool {
        self.strikes(FaultKind::CountsHidden, body)
    }
}

/// The orders in a send request, single or batch; a request that cannot be read has none.
fn orders_sent(orders: &OrderPlan, body: &[u8]) -> Vec<u64> {
    let Ok(request) = serde_json::from_slice::<serde_json::Value>(body) else {
        return Vec::new();
    };
    let entries = request["Entries"].as_array();
    let messages = entries.map_or(std::slice::from_ref(&request), Vec::as_slice);
    let bodies = messages
        .iter()
        .filter_map(|message| message["MessageBody"].as_str());
    bodies
        .filter_map(|body| order_of_body(orders, body))
        .collect()
}
