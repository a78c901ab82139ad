//! The stores against the embedded services, over loopback.

mod before;
mod error;
mod queues;
pub(crate) mod site;
mod table;
