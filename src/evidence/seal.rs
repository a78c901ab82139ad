//! `seal.json`: the digests of all files of evidence, written last.
//!
//! The digests are chained in the order in which the files were finished, from the plan on, so that one value stands
//! for all of them. A seal tells damage and edits from the files that were written. It is no signature: whoever
//! rewrites every file can write another seal, unless `seal.json` itself was signed or kept elsewhere.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{FileDigest, JsonLimits, check_json, digest_of_bytes, digest_of_file, read_within};
use crate::order::RunId;

/// The seal's name in a run's folder. Later looks add `seal-<utc>.json`, which lists the seals before it.
pub const SEAL: &str = "seal.json";

/// The version of the seal.
const SCHEMA_VERSION: u32 = 1;

/// More than this many looks of one run are nobody's.
const FILES_MAX: usize = 2_000;

/// What is written at its end only, so that a later look may have added to it since it was sealed.
const GROWING: &str = "dead-letters.journal";

/// The names of what is sealed; a later look's observation and seal have a time in their name.
const NAMES: [&str; 9] = [
    "plan.json",
    "preflight.json",
    "ledger.journal",
    "sent.json",
    GROWING,
    "observation.json",
    "meters.json",
    "run.json",
    SEAL,
];

/// The files of evidence and their digests, in the order in which they were finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// The version of this format.
    pub schema_version: u32,
    /// The run whose files they are.
    pub run_id: RunId,
    /// The files.
    pub files: Vec<FileDigest>,
    /// One digest that stands for all of them.
    pub chain: String,
}

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

impl Seal {
    /// A seal over `files`, which are in the order in which they were finished.
    pub fn over(run_id: RunId, files: Vec<FileDigest>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            run_id,
            chain: chain_of(run_id, &files),
            files,
        }
    }

    /// The file's content.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("plain data");
        bytes.push(b'\n');
        bytes
    }

    /// Whether it vouches for this file.
    pub fn covers(&self, name: &str) -> bool {
        self.digest(name).is_some()
    }

    /// What it says of this file.
    pub fn digest(&self, name: &str) -> Option<&FileDigest> {
        self.files.iter().find(|file| file.name == name)
    }

    /// The chain up to this file, the file itself left out: what `run.json` carries.
    pub fn chain_before(&self, name: &str) -> String {
        let before = self.files.iter().take_while(|file| file.name != name);
        chain_of(self.run_id, &before.cloned().collect::<Vec<_>>())
    }

    /// What is not as this seal says, a sentence each.
    pub fn differences(&self, folder: &Path) -> Vec<String> {
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
                _ => {}
            }
            match digest_of_file(folder, &file.name, Some(file.bytes)) {
                Ok(found) if found == *file => None,
                Ok(_) => Some(format!("{path} is not as it was when it was sealed")),
                Err(error) => Some(format!("{path}: {error}")),
            }
        };
        self.files.iter().filter_map(differ).collect()
    }

    fn read(folder: &Path, name: &str) -> Result<Self, String> {
        let path = folder.join(name);
        let wrong = |why: String| format!("{}: {why}", path.display());
        let limits = &JsonLimits::SEAL;
        let bytes = read_within(&path, limits.bytes).map_err(|error| wrong(error.to_string()))?;
        check_json(&bytes, limits).map_err(wrong)?;
        let seal: Self =
            serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        let right = seal.schema_version == SCHEMA_VERSION
            && seal.chain == chain_of(seal.run_id, &seal.files)
            && seal.to_json() == bytes;
        let mut names: Vec<_> = seal.files.iter().map(|file| file.name.as_str()).collect();
        names.sort_unstable();
        let known = names.iter().all(|name| is_evidence(name));
        let once = names.windows(2).all(|pair| pair[0] != pair[1]);
        let listed = ["plan.json", "ledger.journal"].map(|name| names.contains(&name));
        match right && known && once && listed == [true, true] && names.len() <= FILES_MAX {
            true => Ok(seal),
            false => Err(wrong("it is no seal of orderproof".into())),
        }
    }
}

/// Whether a file of this name is sealed; none of them has a folder in its name.
fn is_evidence(name: &str) -> bool {
    let dated = |start: &str| {
        let rest = name.strip_prefix(start);
        let stamp = rest.and_then(|rest| rest.strip_suffix(".json"));
        stamp.is_some_and(|stamp| {
            (1..=40).contains(&stamp.len())
                && stamp
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        })
    };
    NAMES.contains(&name) || dated("observation-") || dated("seal-")
}

fn chain_of(run_id: RunId, files: &[FileDigest]) -> String {
    files.iter().fold(format!("run {run_id}"), |chain, file| {
        let link = format!("{chain}\n{}\n{}\n{}\n", file.name, file.bytes, file.sha256);
        digest_of_bytes(link.as_bytes())
    })
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
    let Some(name) = newest_seal(folder) else {
        return SealState::Missing;
    };
    match Seal::read(folder, &name) {
        Err(problem) => SealState::Broken(vec![problem]),
        Ok(seal) => match seal.differences(folder) {
            differences if differences.is_empty() => SealState::Whole(seal),
            differences => SealState::Broken(differences),
        },
    }
}
