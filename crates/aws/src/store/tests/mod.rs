//! The stores against the embedded services, over loopback.

mod before;
mod error;
mod queues;
mod showing;
pub(crate) mod site;
mod table;
