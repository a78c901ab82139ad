//! The stores against the embedded services, over loopback.

mod queues;
mod site;
mod table;
