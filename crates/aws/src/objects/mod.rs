//! Objects of S3, and of servers that answer like it: read, listed, written, and created if they are not there.
//!
//! [`ObjectsAt`] says where, [`Bucket`] does it. Five operations, through the machinery that is under every SDK client
//! (`account::service`). What the objects mean is the caller's.

mod address;
mod bucket;
#[cfg(test)]
mod fake;
mod listing;
#[cfg(test)]
mod tests;

pub use address::{ObjectsAt, is_plain_key};
pub use bucket::{Bucket, Object};
pub use listing::Listed;
