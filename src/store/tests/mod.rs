//! The stores against the embedded services, over loopback.

mod queues;
pub(crate) mod site;
mod table;
