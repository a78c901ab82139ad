//! One look at the dead-letter queue: each of its letters once, and none beyond what the queue allows.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;

use serde::Deserialize;

use super::ObservePlan;
use super::observation_log::{LETTER_LOG, LetterLog, ObservationLogError};
use crate::evidence::{JsonLimits, check_json};
use crate::folder::read_within;
use crate::order::{MAX_ORDERS, OrderPlan};
use crate::records::DeadLetter;
use crate::store::{Disposal, LetterRedrive, Receives, StoreError, Stores};
use crate::verify::LetterReceives;

/// What a look saw beside the letters.
pub(super) struct LetterLook {
    pub(super) result: Result<(), StoreError>,
    pub(super) requests: u64,
    /// Letters that were seen and left in the queue.
    pub(super) staying: u64,
    /// How often they have been received, where the queue has a redrive policy of its own.
    pub(super) receives: Option<LetterReceives>,
}

/// Letters by their ids, of which only hashes are kept.
#[derive(Default)]
pub(super) struct KnownLetters {
    hashes: HashSet<u64>,
    hasher: RandomState,
}

impl KnownLetters {
    /// Whether it was not known before.
    pub(super) fn is_new(&mut self, letter: &DeadLetter) -> bool {
        self.hashes.insert(self.hasher.hash_one(&letter.message_id))
    }
}

impl Default for LetterLook {
    /// Nothing was seen.
    fn default() -> Self {
        Self {
            result: Ok(()),
            requests: 0,
            staying: 0,
            receives: None,
        }
    }
}

/// Sweeps the dead-letter queue and hands each letter to `take`, unless its letters would be moved on by that. What is
/// `kept` of a queue of the run's own stands in the run's folder.
pub(super) async fn look_at_letters(
    stores: &Stores,
    plan: &ObservePlan,
    kept: bool,
    take: impl FnMut(&[DeadLetter]),
) -> LetterLook {
    let mut look = LetterLook::default();
    let folder = plan.folder.as_deref().filter(|_| kept);
    let redrive = match stores.letter_redrive().await {
        Ok(redrive) => redrive,
        Err(error) => {
            look.result = Err(error);
            return look;
        }
    };
    let before = match &redrive {
        None => 0,
        Some(redrive) => match receives_left(folder, redrive) {
            Ok(before) => before,
            Err(error) => {
                look.result = Err(error);
                return look;
            }
        },
    };
    let mut receives = Receives::default();
    look.result = sweep(
        stores,
        (plan, folder),
        (redrive.as_ref(), &mut receives),
        (&mut look.requests, &mut look.staying),
        take,
    )
    .await;
    look.receives = redrive.map(|redrive| LetterReceives {
        highest: receives.highest.max(before),
        max_receive_count: redrive.max_receive_count,
        moves_to: redrive.moves_to,
    });
    look
}

/// The receives that earlier looks of this run have seen, if they leave another one.
fn receives_left(folder: Option<&Path>, redrive: &LetterRedrive) -> Result<u32, StoreError> {
    let refused = |why: String| StoreError::new("looking at the dead-letter queue", why);
    let before = match folder {
        None => 0,
        Some(folder) => receives_before(folder).map_err(refused)?,
    };
    if before < redrive.max_receive_count {
        return Ok(before);
    }
    Err(refused(format!(
        "its letters have been received {before} times, and its own redrive policy moves a letter to {} at the \
         receive after {}: no further look is made; raise its maxReceiveCount, or take the policy away",
        redrive.name(),
        redrive.max_receive_count
    )))
}

/// The highest count of receives that the observations in a run's folder tell of.
fn receives_before(folder: &Path) -> Result<u32, String> {
    #[derive(Deserialize)]
    struct File {
        observation: Observed,
    }
    #[derive(Deserialize)]
    struct Observed {
        #[serde(default)]
        letter_receives: Option<LetterReceives>,
    }
    let unknown = |path: &Path, why: String| {
        format!(
            "{}: how often its letters have been received cannot be read: {why}",
            path.display()
        )
    };
    let mut highest = 0;
    let entries = std::fs::read_dir(folder).map_err(|error| unknown(folder, error.to_string()))?;
    for entry in entries {
        let path = entry
            .map_err(|error| unknown(folder, error.to_string()))?
            .path();
        let name = path.file_name().and_then(|name| name.to_str());
        let is_observation =
            name.is_some_and(|name| name.starts_with("observation") && name.ends_with(".json"));
        if !is_observation {
            continue;
        }
        let limits = &JsonLimits::OBSERVATION;
        let bytes =
            read_within(&path, limits.bytes).map_err(|error| unknown(&path, error.to_string()))?;
        check_json(&bytes, limits).map_err(|error| unknown(&path, error))?;
        let file: File =
            serde_json::from_slice(&bytes).map_err(|error| unknown(&path, error.to_string()))?;
        let receives = file.observation.letter_receives;
        highest = highest.max(receives.map_or(0, |receives| receives.highest));
    }
    Ok(highest)
}

/// Sweeps the dead-letter queue and hands each letter to `take`; `staying` counts those left in the queue. From a queue of
/// the run's own its letters are deleted once they are written down in its folder, and those written down by an
/// earlier look are handed over first.
async fn sweep(
    stores: &Stores,
    (plan, folder): (&ObservePlan, Option<&Path>),
    (redrive, receives): (Option<&LetterRedrive>, &mut Receives),
    (requests, staying): (&mut u64, &mut u64),
    mut take: impl FnMut(&[DeadLetter]),
) -> Result<(), StoreError> {
    let failed =
        |error: ObservationLogError| StoreError::new("keeping what was seen", error.to_string());
    let mut log = None;
    if let Some(folder) = folder {
        let path = folder.join(LETTER_LOG);
        if stores.deletes_dead_letters() || path.exists() {
            let (opened, letters) = LetterLog::open(&path, plan.orders.run).map_err(failed)?;
            take(&letters);
            log = Some(opened);
        }
    }
    let orders = &plan.orders;
    let each = |letters: &[DeadLetter]| {
        let Some(log) = log.as_mut() else {
            take(letters);
            // What is in memory ends with its verifier: nobody would miss them.
            if stores.deletes_dead_letters() {
                return Ok(vec![Disposal::Delete; letters.len()]);
            }
            *staying += letters.len() as u64;
            return Ok(vec![Disposal::ShowAgain; letters.len()]);
        };
        let own = |letter: &&DeadLetter| is_of(orders, letter);
        // One that is written down and still there was not deleted in time: it is no second copy.
        let new = letters
            .iter()
            .filter(|letter| !log.holds(&letter.message_id));
        let new: Vec<DeadLetter> = new.cloned().collect();
        let ours: Vec<DeadLetter> = new.iter().filter(own).cloned().collect();
        if stores.deletes_dead_letters() {
            log.keep(&ours).map_err(failed)?;
        }
        take(&new);
        let disposal = |letter: &DeadLetter| match log.holds(&letter.message_id) {
            true => Disposal::Delete,
            false => Disposal::ShowAgain,
        };
        let disposals: Vec<_> = letters.iter().map(disposal).collect();
        let kept = match stores.deletes_dead_letters() {
            true => disposals
                .iter()
                .filter(|disposal| **disposal == Disposal::ShowAgain)
                .count(),
            false => disposals.len(),
        };
        *staying += kept as u64;
        Ok(disposals)
    };
    stores
        .sweep_counted(redrive, receives, requests, each)
        .await
}

/// Whether a dead letter carries an id of this run.
fn is_of(orders: &OrderPlan, letter: &DeadLetter) -> bool {
    let owners = orders.owners_of_letter(MAX_ORDERS, None, &letter.body);
    !owners.orders.is_empty()
}
