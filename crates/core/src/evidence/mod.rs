//! The files of a run's folder as evidence: bounded, told apart by digest, sealed together.
//!
//! A folder may come from anywhere. [`check_json`] bounds what is read of it, in values and depth, before anything is made
//! of it. A [`Seal`] lists the files of evidence with their digests. Reading them is `folder`'s, and what they mean is no
//! business of this room.

mod digest;
mod limits;
pub mod seal;

pub use digest::{FileDigest, digest_of_bytes, hex};
pub use limits::{COUNT_MAX, DURATION_MAX, JsonLimits, check_json};
pub use seal::{SEAL, Seal};
