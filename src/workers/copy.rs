//! A run whose workers met at S3, as a folder of this machine: what they left is copied to it, and what came of that back.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::agree::read;
use super::{Objects, OneMerge, RunAt};
use crate::error::Error;
use crate::folder::{RunFolder, read_within};
use crate::results::{file_name, parse_plan};

/// Where runs' folders are made.
const REPORTS: &str = "reports";
/// The largest plan.
const PLAN_MAX: u64 = 16 << 20;

/// Copies what is at `place` into `folder`, which is new, empty or an earlier copy of the same run; without one into a new
/// one below `reports`. Says which; `told` hears of what is tried again.
///
/// # Errors
/// A usage error when nobody has written a plan, or another run's files are in `folder`; when something cannot be copied.
pub fn copied(
    place: &Objects,
    folder: Option<&Path>,
    told: &dyn Fn(&str),
) -> Result<PathBuf, Error> {
    let shown = place.shown(file_name::PLAN);
    let bytes = read(place, file_name::PLAN)?.ok_or_else(|| {
        Error::usage(format!(
            "{shown}: it is not there: no worker has begun; check the bucket and the prefix, or give --wait"
        ))
    })?;
    let plan = parse_plan(&bytes, shown.as_ref()).map_err(Error::usage)?;
    let folder = match folder {
        None => RunFolder::create(Path::new(REPORTS), Timestamp::now(), &plan.scenario.name),
        Some(path) => match read_within(&path.join(file_name::PLAN), PLAN_MAX) {
            Ok(there) if there == bytes => Ok(RunFolder::renewed(path)),
            _ => RunFolder::create_exactly(path),
        },
    };
    let folder = folder.map_err(Error::usage)?;
    let copied = place.download(folder.path(), told);
    copied.map_err(|error| {
        Error::internal(format!(
            "{}: it could not be copied to {}: {error}; nothing was judged: make the same merge again",
            place.shown(""),
            folder.path().display()
        ))
    })?;
    Ok(folder.path().to_owned())
}

/// Copies back to `place` what the merge of this claim has added in `folder`, its seal last, so that the place holds the whole
/// run. `told` hears of what is tried again.
///
/// # Errors
/// When something cannot be written, or another merge has taken over; the folder stays whole.
pub fn copied_back(
    place: &Objects,
    folder: &Path,
    merge: Option<&OneMerge>,
    told: &dyn Fn(&str),
) -> Result<(), Error> {
    let copied = place.upload(folder, file_name::SEAL, merge, told);
    copied.map_err(|error| {
        Error::internal(format!(
            "{}: the report could not be copied there: {error}; it is whole in {}, and the same merge with --output-dir {} \
             tries again",
            place.shown(""),
            folder.display(),
            folder.display()
        ))
    })
}
