//! The files of a run's folder as evidence: read within limits, told apart by digest, sealed together.
//!
//! A folder may come from anywhere. [`read_within`] and [`check_json`] bound what is read of it, in bytes, values and
//! depth, before anything is made of it. [`Seal`] lists the files of evidence with their digests; [`check_seal`] says
//! whether a folder is as its seal says. What the files mean is no business of this room.

mod digest;
mod limits;
mod seal;

#[cfg(test)]
mod tests;

pub use digest::{FileDigest, digest_of_bytes, digest_of_file};
pub use limits::{COUNT_MAX, DURATION_MAX, JsonLimits, check_json, read_within};
pub use seal::{SEAL, Seal, SealState, check_seal, newest_seal};
