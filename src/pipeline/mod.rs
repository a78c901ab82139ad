//! The embedded pipeline.

pub mod sqs;
