//! A folder held against its newest seal.

use std::path::Path;

use super::{digest_of_file, read_within};
use crate::evidence::seal::{FORESEEN, GROWING, is_evidence};
use crate::evidence::{FileDigest, JsonLimits, SEAL, Seal};

/// What a folder's newest seal says of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealState {
    /// Every file it lists is as it was.
    Whole(Seal),
    /// There is no seal: the run did not come to its end, or its orderproof wrote none.
    Missing,
    /// Something is not as it was, a sentence each.
    Broken(Vec<String>),
}

/// The name of the newest seal in `folder`; none of a folder without one, or that cannot be read.
pub fn newest_seal(folder: &Path) -> Option<String> {
    let names = std::fs::read_dir(folder).ok()?;
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let seals = names.filter(|name| name.starts_with("seal") && is_evidence(name));
    // `seal-<utc>.json` is later than `seal.json`, and those are in order of time.
    seals.max_by_key(|name| (name != SEAL, name.clone()))
}

/// Holds the files in `folder` against its newest seal.
pub fn check_seal(folder: &Path) -> SealState {
    held_against_seal(folder, &|_| true)
}

/// The same by their lengths; only the file called `read` is read. For who looks at many folders.
pub fn glance(folder: &Path, read: &str) -> SealState {
    held_against_seal(folder, &|name| name == read)
}

fn held_against_seal(folder: &Path, reads: &dyn Fn(&str) -> bool) -> SealState {
    let Some(name) = newest_seal(folder) else {
        return SealState::Missing;
    };
    match read_seal(folder, &name) {
        Err(problem) => SealState::Broken(vec![problem]),
        Ok(seal) => match differences(&seal, folder, reads) {
            differences if differences.is_empty() => SealState::Whole(seal),
            differences => SealState::Broken(differences),
        },
    }
}

fn read_seal(folder: &Path, name: &str) -> Result<Seal, String> {
    let path = folder.join(name);
    let wrong = |why: String| format!("{}: {why}", path.display());
    let bytes =
        read_within(&path, JsonLimits::SEAL.bytes).map_err(|error| wrong(error.to_string()))?;
    Seal::parse(&bytes).map_err(wrong)
}

/// What is not as `seal` says, a sentence each.
pub fn differences_from(seal: &Seal, folder: &Path) -> Vec<String> {
    differences(seal, folder, &|_| true)
}

fn differences(seal: &Seal, folder: &Path, reads: &dyn Fn(&str) -> bool) -> Vec<String> {
    let differ = |file: &FileDigest| {
        let path = folder.join(&file.name).display().to_string();
        // What is longer was not hashed: it is not what was sealed, whatever it is.
        let length = std::fs::metadata(folder.join(&file.name)).map(|found| found.len());
        let grows = file.name == GROWING;
        match length {
            Ok(length) if length != file.bytes && !(grows && length > file.bytes) => {
                return Some(format!(
                    "{path} has {length} bytes, {SEAL} says {}",
                    file.bytes
                ));
            }
            Ok(_) if !reads(&file.name) => return None,
            _ => {}
        }
        match digest_of_file(folder, &file.name, Some(file.bytes)) {
            Ok(found) if found == *file => None,
            Ok(_) => Some(format!("{path} is not as it was when it was sealed")),
            Err(error) => Some(format!("{path}: {error}")),
        }
    };
    // A forecast is no evidence: what became of it says nothing of the run.
    let evidence = seal.files.iter().filter(|file| file.name != FORESEEN);
    evidence.filter_map(differ).collect()
}

/// What a folder's newest seal says of the forecast in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForecastState {
    /// There is no forecast, and there was none.
    None,
    /// It is the one that was made before the run, or there is no seal that would say so.
    Kept,
    /// It is not, and why, in a fragment.
    Changed(String),
}

/// Holds the forecast in `folder` against its newest seal.
pub fn forecast_state(folder: &Path) -> ForecastState {
    let is_there = folder.join(FORESEEN).exists();
    let seal = newest_seal(folder).map(|name| read_seal(folder, &name));
    let sealed = match &seal {
        None | Some(Err(_)) if is_there => return ForecastState::Kept,
        None | Some(Err(_)) => return ForecastState::None,
        Some(Ok(seal)) => seal.digest(FORESEEN),
    };
    let changed = |why: &str| ForecastState::Changed(format!("{FORESEEN} {why}"));
    let Some(sealed) = sealed else {
        return match is_there {
            true => changed("was not made before this run: the seal does not list it"),
            false => ForecastState::None,
        };
    };
    if is_there && !has_length(folder, sealed) {
        return changed("is not as it was when it was sealed");
    }
    match digest_of_file(folder, FORESEEN, Some(sealed.bytes)) {
        Ok(found) if found == *sealed => ForecastState::Kept,
        Ok(_) => changed("is not as it was when it was sealed"),
        Err(error) => changed(&format!("cannot be read: {error}")),
    }
}

fn has_length(folder: &Path, file: &FileDigest) -> bool {
    let found = std::fs::metadata(folder.join(&file.name));
    found.is_ok_and(|found| found.len() == file.bytes)
}

#[cfg(test)]
#[path = "seal_tests.rs"]
mod tests;
