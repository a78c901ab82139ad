//! Where a door can be made to misbehave: asked for each message, and silent unless told otherwise.

use std::time::Duration;

use super::door::Door;

/// What a fault plan may do to the doors. The default is the behavior of a sound door.
pub trait DoorFaults: Send + Sync {
    /// A message is brought to a door, alone or as an entry of a batch. `body` is what the sender handed over: a topic's
    /// `Message`, an event's `Detail`, the body of a `POST`.
    fn on_message(&self, door: &Door, body: &str) -> DoorFault;
}

/// What happens to a message at a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoorFault {
    /// Nothing.
    None,
    /// It is accepted and never enqueued.
    Vanish,
    /// It is accepted and enqueued twice, as two messages.
    Double,
    /// It is accepted and enqueued so much later.
    Late(Duration),
    /// It is refused inside a reply that is a success: an entry of PutEvents or PublishBatch fails with `InternalFailure`
    /// or `InternalError`, an HTTP door answers 200 with an error document. Publish has no such reply, and answers 500.
    Refuse,
    /// It is throttled: an entry of a batch by itself, Publish and an HTTP door as a whole (400 `Throttling`, 429).
    Throttle,
    /// The request that it is in is throttled as a whole: nothing of it is taken.
    ThrottleRequest,
}
