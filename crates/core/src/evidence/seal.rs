//! `seal.json`: the digests of all files of evidence, written last.
//!
//! The digests are chained in the order in which the files were finished, from the plan on, so that one value stands
//! for all of them. A seal tells damage and edits from the files that were written. It is no signature: whoever
//! rewrites every file can write another seal, unless `seal.json` itself was signed or kept elsewhere.

use serde::{Deserialize, Serialize};

use super::{FileDigest, JsonLimits, check_json, digest_of_bytes};
use crate::load::WORKERS_MAX;
use crate::order::RunId;

/// The seal's name in a run's folder. Later looks add `seal-<utc>.json`, which lists the seals before it.
pub const SEAL: &str = "seal.json";

/// The version of the seal.
const SCHEMA_VERSION: u32 = 1;

/// More than this many looks of one run are nobody's.
const FILES_MAX: usize = 2_000;

/// What is written at its end only, so that a later look may have added to it since it was sealed.
pub const GROWING: &str = "dead-letters.journal";

/// The forecast that was made before the run. It is sealed, so that a reader knows it for the one that was made then, and it
/// is no evidence: it stands behind `run.json`, outside the chain of the evidence, and when it is not as it was sealed, the
/// verdict is the same.
pub const FORESEEN: &str = "forecast.json";

/// The names of what is sealed; a later look's observation and seal have a time in their name.
const NAMES: [&str; 10] = [
    "plan.json",
    "preflight.json",
    "ledger.journal",
    "sent.json",
    GROWING,
    "observation.json",
    "meters.json",
    "run.json",
    FORESEEN,
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

    /// Reads a seal's file.
    ///
    /// # Errors
    /// When it is no seal, in words.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        check_json(bytes, &JsonLimits::SEAL)?;
        let seal: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
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
            false => Err("it is not a seal of orderproof".into()),
        }
    }
}

/// Whether a file of this name is sealed; only those of workers' shards have a folder in their name.
pub fn is_evidence(name: &str) -> bool {
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
    NAMES.contains(&name) || dated("observation-") || dated("seal-") || is_of_shard(name)
}

/// `shards/N/FILE`, the evidence of one worker, or the start that all agreed on.
fn is_of_shard(name: &str) -> bool {
    let Some((index, file)) = name
        .strip_prefix("shards/")
        .and_then(|rest| rest.split_once('/'))
    else {
        return name == "go";
    };
    let number: Option<u32> = index.parse().ok();
    number.is_some_and(|number| number < WORKERS_MAX && number.to_string() == index)
        && [
            "ledger.journal",
            "sent.json",
            "queues.json",
            "manifest.json",
        ]
        .contains(&file)
}

fn chain_of(run_id: RunId, files: &[FileDigest]) -> String {
    files.iter().fold(format!("run {run_id}"), |chain, file| {
        let link = format!("{chain}\n{}\n{}\n{}\n", file.name, file.bytes, file.sha256);
        digest_of_bytes(link.as_bytes())
    })
}
