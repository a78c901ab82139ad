//! The queues in which orders may end: the dead-letter queue, and any others that an end of the scenario names.

use super::ObservePlan;
use super::letters::{KnownLetters, LetterLook, look_at_letters};
use super::look::sweep_of;
use crate::records::DeadLetter;
use crate::store::Stores;
use crate::verify::{Collector, LetterReceives, Sweep};

/// A queue in which orders may end, and what its sweeps saw.
pub(super) struct LetterPlace {
    /// Its number among them; 0 is the dead-letter queue.
    number: usize,
    /// What the scenario calls it; `None` is the dead-letter queue.
    called: Option<String>,
    /// The stores, with this queue in place of the dead-letter queue.
    stores: Stores,
    known: KnownLetters,
    look: LetterLook,
    swept: Sweep,
}

impl LetterPlace {
    /// The dead-letter queue, and then the others.
    pub(super) fn all(stores: &Stores) -> Vec<Self> {
        let place = |(number, (called, stores))| Self {
            number,
            called,
            stores,
            known: KnownLetters::default(),
            look: LetterLook::default(),
            swept: Sweep::default(),
        };
        let others = stores.letter_queues().iter();
        let others =
            others.map(|queue| (Some(queue.called.clone()), stores.with_letters_of(queue)));
        let all = std::iter::once((None, stores.clone())).chain(others);
        all.enumerate().map(place).collect()
    }

    /// How reading all of them went.
    pub(super) fn swept(places: &[Self]) -> Sweep {
        let mut all = Sweep {
            complete: true,
            ..Sweep::default()
        };
        for Self { swept, .. } in places {
            all.complete &= swept.complete;
            all.items += swept.items;
            all.requests += swept.requests;
            all.error = all.error.or_else(|| swept.error.clone());
        }
        all
    }

    /// How often the letters of the dead-letter queue have been received, if it has a redrive policy of its own.
    pub(super) fn receives(places: &[Self]) -> Option<LetterReceives> {
        places.first().and_then(|place| place.look.receives.clone())
    }

    /// Hands every letter to `collector`.
    pub(super) async fn sweep(&mut self, plan: &ObservePlan, collector: &mut Collector) {
        let mut items = 0;
        let called = self.called.as_deref();
        let known = &mut self.known;
        let take = |letters: &[DeadLetter]| {
            items += letters.len() as u64;
            for letter in letters {
                known.is_new(letter);
            }
            collector.dead_letters(called, letters);
        };
        let mut look = look_at_letters(&self.stores, plan, self.number, take).await;
        let result = std::mem::replace(&mut look.result, Ok(()));
        self.swept = sweep_of(result, items, look.requests, plan);
        self.look = look;
    }

    /// Sweeps a second time: a letter that was not there the first time arrived when all was said to be at rest. With a
    /// redrive policy of its own the queue is not looked at more than once.
    pub(super) async fn sweep_again(
        &mut self,
        plan: &ObservePlan,
        collector: &mut Collector,
    ) -> Result<(), String> {
        if self.look.receives.is_some() {
            return Ok(());
        }
        let mut late = 0_u64;
        let called = self.called.as_deref();
        let known = &mut self.known;
        let take = |letters: &[DeadLetter]| {
            for letter in letters {
                if known.is_new(letter) {
                    late += 1;
                    collector.dead_letter(called, letter);
                }
            }
        };
        let again = look_at_letters(&self.stores, plan, self.number, take).await;
        let swept = sweep_of(again.result, late, again.requests, plan);
        self.look.staying = again.staying;
        self.swept.requests += swept.requests;
        self.swept.items += swept.items;
        if !swept.complete {
            self.swept.complete = false;
            self.swept.error = swept.error;
        }
        match late {
            0 => Ok(()),
            1 => Err("a dead letter arrived only after the counts had shown rest".into()),
            _ => Err(format!(
                "{late} dead letters arrived only after the counts had shown rest"
            )),
        }
    }

    /// Where letters move on by being received, `unseen` acknowledged orders may have done so.
    pub(super) fn may_have_lost(&mut self, unseen: u64) {
        let Some(receives) = &self.look.receives else {
            return;
        };
        if unseen == 0 || !self.swept.complete {
            return;
        }
        self.swept.complete = false;
        self.swept.error = Some(format!(
            "{} has a redrive policy of its own, by which letters move to {} after {} receives: {unseen} \
             orders that were seen nowhere may be there",
            self.name(),
            receives.moves_to,
            receives.max_receive_count
        ));
    }

    /// Whether the queues count, at the end, what was seen and no more.
    pub(super) async fn counts_what_was_seen(&self) -> Result<(), String> {
        let staying = self.look.staying;
        let (orders, dead) =
            self.stores.counts().await.map_err(|error| {
                format!("the counts could not be read again at the end: {error}")
            })?;
        if orders.total() > 0 {
            return Err(format!(
                "after all had been read the queue counted {} messages again",
                orders.total()
            ));
        }
        match dead.total() > staying {
            false => Ok(()),
            true => Err(format!(
                "after all had been read {} held {} messages, and {staying} had been received and left there",
                self.name(),
                dead.total()
            )),
        }
    }

    fn name(&self) -> String {
        match &self.called {
            None => "the dead-letter queue".into(),
            Some(name) => format!("the queue {name}"),
        }
    }
}
