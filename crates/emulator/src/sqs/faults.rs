//! Where a queue can be made to misbehave: asked at each step, and silent unless told otherwise.

use std::time::Duration;

use orderproof_machines::queue::ReceiveFault;

/// What a fault plan may do to the queues. Every default is the behavior of a sound queue.
pub trait QueueFaults: Send + Sync {
    /// A request has arrived; `target` is its `X-Amz-Target`.
    fn on_request(&self, _target: &str, _body: &[u8]) -> RequestFault {
        RequestFault::None
    }

    /// A message is being sent.
    fn on_send(&self, _queue: &str, _body: &str) -> SendFault {
        SendFault::None
    }

    /// A message is being received.
    fn on_receive(&self, _queue: &str, _body: &str) -> ReceiveFault {
        ReceiveFault::None
    }

    /// A message moves to the dead-letter queue `queue`.
    fn on_bury(&self, _queue: &str, _body: &str) -> BuryFault {
        BuryFault::None
    }

    /// Whether the counts of the queue leave out some messages.
    fn hides_counts(&self, _queue: &str) -> bool {
        false
    }

    /// Whether the counts of the queue leave this message out.
    fn is_uncounted(&self, _body: &str) -> bool {
        false
    }
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFault {
    /// Nothing.
    None,
    /// It is carried out and the connection ends without a reply.
    DropReply,
    /// It is carried out and answered so much later.
    DelayReply(Duration),
    /// The connection ends; nothing is carried out.
    Reset,
    /// It is answered with a 500; nothing is carried out.
    ServerError,
}

/// What happens to a message that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SendFault {
    /// Nothing.
    None,
    /// It is acknowledged and forgotten.
    Vanish,
    /// It is refused.
    Refuse,
    /// It arrives, and then the queue is purged.
    Purge,
    /// It is stored twice, under two ids, whatever its deduplication id.
    Double,
    /// It is sent once more at once: a FIFO queue that deduplicates leaves that out.
    Again,
}

/// What happens to a message on its way into the dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuryFault {
    /// Nothing.
    None,
    /// Another consumer takes it.
    Consumed,
    /// Another consumer has received it and holds it for 12 hours.
    Held,
}
