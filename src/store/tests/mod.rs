//! The stores against the embedded services, over loopback.

mod queues;
mod rows;
pub(crate) mod site;
mod table;
