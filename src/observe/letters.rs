//! One look at the dead-letter queue: each of its letters once, and none beyond what the queue allows.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::ObservePlan;
use super::observation_log::{HiddenLog, LETTER_LOG, LeftHidden, LetterLog, hidden_log};
use super::tables::not_kept;
use crate::clock;
use crate::evidence::{JsonLimits, check_json};
use crate::folder::read_within;
use crate::order::{MAX_ORDERS, OrderPlan};
use crate::records::DeadLetter;
use crate::store::{Disposal, LEASE, LetterRedrive, Receives, StoreError, Stores, Swept};
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

/// Sweeps the letter queue number `place` and hands each letter to `take`, unless its letters would be moved on by that. What
/// is kept of the dead-letter queue, number 0, if it is the run's own, stands in the run's folder.
pub(super) async fn look_at_letters(
    stores: &Stores,
    plan: &ObservePlan,
    place: usize,
    take: impl FnMut(&[DeadLetter]),
) -> LetterLook {
    let mut look = LetterLook::default();
    let folder = plan.folder.as_deref().filter(|_| place == 0);
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
    let hiding = plan.folder.as_deref().map(|of_run| {
        let path = of_run.join(hidden_log(place));
        HiddenLog::begin(&path, plan.orders.run, &stores.letters_place())
    });
    let mut not_shown = Vec::new();
    let mut hiding = match hiding.transpose() {
        Ok(None) => None,
        Ok(Some((log, left))) => {
            if let Some(left) = left {
                not_shown = show_what_was_left(stores, left).await;
            }
            Some(log)
        }
        Err(error) => {
            look.result = Err(not_kept(error));
            return look;
        }
    };
    let swept = sweep(
        stores,
        (plan, folder),
        (redrive.as_ref(), &mut receives),
        (&mut look.requests, &mut look.staying),
        hiding.as_mut(),
        take,
    )
    .await;
    look.result = swept.result;
    if let Some(log) = hiding {
        let ended = look.result.is_ok();
        let mut left = swept.left_hidden;
        // One that came to its end has received what an earlier one had left.
        if !ended {
            left.append(&mut not_shown);
        }
        let kept = match ended && left.is_empty() {
            true => log.end(),
            false => log.leave(left, ended),
        };
        if let Err(error) = kept {
            tracing::warn!(%error, "the next sweep shows again what may have been shown");
        }
    }
    look.receives = redrive.map(|redrive| LetterReceives {
        highest: receives.highest.max(before),
        max_receive_count: redrive.max_receive_count,
        moves_to: redrive.moves_to,
    });
    look
}

/// A sweep that was killed may have received letters for so long after it had written some down.
const UNWRITTEN_MAX: Duration = Duration::from_secs(120);
/// Between two looks at the count of hidden letters.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Shows again what an earlier sweep has hidden, and gives back the handles of what may still be hidden. One that was killed
/// may have received a few letters more than it wrote down, its first ones, too: those show themselves when its lease ends,
/// which is waited for as long as the queue counts any.
async fn show_what_was_left(stores: &Stores, left: LeftHidden) -> Vec<String> {
    let mut not_shown = stores.show_letters(left.handles).await;
    let began = Instant::now();
    loop {
        let since = clock::wall().duration_since(left.last_at);
        if since.as_ref().is_ok_and(|since| *since >= LEASE) {
            not_shown.clear();
        }
        if left.ended {
            return not_shown;
        }
        // A clock that was set back says nothing: then the whole lease at most.
        let over = since.unwrap_or_default().max(began.elapsed()) >= LEASE + UNWRITTEN_MAX;
        let hidden = stores.counts().await.map(|(_, dead)| dead.in_flight);
        let none = hidden.as_ref().is_ok_and(|hidden| *hidden == 0);
        if over || none {
            return Vec::new();
        }
        if hidden.is_err() {
            return not_shown;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
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
    mut hiding: Option<&mut HiddenLog>,
    mut take: impl FnMut(&[DeadLetter]),
) -> Swept {
    let failed = not_kept;
    let mut log = None;
    if let Some(folder) = folder {
        let path = folder.join(LETTER_LOG);
        if stores.deletes_dead_letters() || path.exists() {
            match LetterLog::open(&path, plan.orders.run) {
                Ok((opened, letters)) => {
                    take(&letters);
                    log = Some(opened);
                }
                Err(error) => {
                    return Swept {
                        result: Err(failed(error)),
                        left_hidden: Vec::new(),
                    };
                }
            }
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
    let held = &mut |handles: &[String]| match hiding.as_deref_mut() {
        Some(hiding) => hiding.hidden(handles).map_err(not_kept),
        None => Ok(()),
    };
    stores
        .sweep_counted(redrive, receives, requests, held, each)
        .await
}

/// Whether a dead letter carries an id of this run.
fn is_of(orders: &OrderPlan, letter: &DeadLetter) -> bool {
    let owners = orders.owners_of_letter(MAX_ORDERS, None, &letter.body);
    !owners.orders.is_empty()
}
