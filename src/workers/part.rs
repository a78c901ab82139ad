//! One of several workers reads its part of the tables of a run that several workers have sent; the merge judges.

use super::lock;
use super::merge::{Merge, Scene, scene};
use crate::error::Error;
use crate::folder::{SealState, check_seal};
use crate::load::Shard;
use crate::observe::{PartRead, read_part};
use crate::run::{Attendant, Purpose};

/// Waits for rest and reads the part of `part`, which stands in the run's folder afterwards. Nothing is written or deleted at
/// the target, and nothing is judged.
///
/// # Errors
/// As [`merge`](super::merge()); [`Error::Refused`] while a merge is at work; when the run was merged before, when what workers left contradicts itself, when there was no rest in time, or a table cannot be
/// read: what was read by then is kept, and the merge goes on from there.
pub fn verify_part(
    merge: &Merge<'_>,
    part: Shard,
    attendant: &dyn Attendant,
) -> Result<PartRead, Error> {
    let _lock = lock::for_part(&merge.dir)?;
    if check_seal(&merge.dir) != SealState::Missing {
        return Err(Error::usage(format!(
            "{}: the run was merged before: leave --worker out",
            merge.dir.display()
        )));
    }
    let scene = scene(merge, Purpose::Look, attendant)?;
    let Scene { site, observe, .. } = scene.map_err(|judgment| {
        let why = judgment
            .findings
            .first()
            .map(|found| found.message.as_str());
        Error::usage(format!(
            "{}: {}; `orderproof merge` reports the same",
            merge.dir.display(),
            why.unwrap_or("what the workers left contradicts itself")
        ))
    })?;
    read_part(&site.target(), observe, part).map_err(Error::internal)
}
