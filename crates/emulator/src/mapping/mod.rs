//! The event source mapping: from messages on the queue to invocations of the function, and back.
//!
//! What Lambda's pollers do: take a batch, invoke, delete what succeeded, and leave the rest to its
//! visibility time-out. One loop takes batches, as many invocations run at one time as the concurrency
//! allows. The queue is the embedded one or any other ([`MessageQueue`]). Leaves receive counts and dead letters to the queue.
//!
//! Filter criteria are imitated as far as exact values of a body's fields go. Not modeled: how AWS takes
//! back concurrency and environments that are no longer needed, which is not documented.

mod queue;

mod embedded;

mod batches;
mod event;
mod invoker;
mod outcome;
mod poller;

#[cfg(test)]
mod fifo_tests;
#[cfg(test)]
mod growth_tests;
#[cfg(test)]
mod reason_tests;

pub use embedded::EngineQueue;
pub use event::{EventSource, event_of};
pub(super) use invoker::{Expected, Throttle};
pub use orderproof_machines::mapping::{
    BatchFate, Begin, Concurrency, Environments, FunctionSettings, Mapping, MessageFilter,
    ServiceTime,
};
pub use outcome::{InvocationError, fate, invalid_response};
pub use poller::{EventSourceMapping, MappingPlan};
pub use queue::{Delivery, MessageQueue};
