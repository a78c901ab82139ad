//! The ledger in memory.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::{MessageId, MessageIds};

/// What became of the sending of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// SQS accepted it and the returned MD5 is that of the body sent.
    Acknowledged,
    /// SQS refused it.
    Rejected,
    /// No reply that decides: time-out, reset, 5xx, unparseable, or the process died.
    Indeterminate,
    /// Planned and never attempted.
    Unsent,
}

/// How many orders had each outcome; they add up to the planned number.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
pub struct OutcomeCounts {
    /// Orders in the plan.
    pub planned: u64,
    /// Orders handed to the network: all but the unsent.
    pub attempted: u64,
    /// Accepted by SQS.
    pub acknowledged: u64,
    /// Refused by SQS.
    pub rejected: u64,
    /// Without a known outcome.
    pub indeterminate: u64,
    /// Never attempted.
    pub unsent: u64,
}

/// What became of the sending of every planned order.
///
/// An order in no set is still unsent; the sets are disjoint by construction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    planned: u64,
    /// Of a journal without its end: the orders of which it has no word.
    untold: RoaringBitmap,
    acknowledged: RoaringBitmap,
    rejected: RoaringBitmap,
    indeterminate: RoaringBitmap,
    message_ids: Arc<MessageIds>,
}

impl Ledger {
    /// A ledger of `planned` orders, all unsent.
    pub fn new(planned: u64) -> Self {
        Self {
            planned,
            ..Self::default()
        }
    }

    /// Orders in the plan.
    pub fn planned(&self) -> u64 {
        self.planned
    }

    /// The journal has no end, and no word of the orders from `first` on, of those in `own` where it is a shard's: lines
    /// of them may be missing.
    pub(super) fn leave_open(&mut self, first: u64, own: Option<&RoaringBitmap>) {
        self.untold = RoaringBitmap::new();
        self.untold
            .insert_range(narrow(first)..narrow(self.planned));
        if let Some(own) = own {
            self.untold &= own;
        }
    }

    /// Orders of which nothing is known, since lines of a journal without its end may be missing. They count as
    /// unsent; one of them that landed was sent all the same.
    pub fn untold(&self) -> &RoaringBitmap {
        &self.untold
    }

    /// Records the outcome of the orders `first..end`, replacing what was recorded before.
    pub fn record(&mut self, outcome: Outcome, orders: std::ops::Range<u64>) {
        let range = narrow(orders.start)..narrow(orders.end);
        for set in [
            &mut self.acknowledged,
            &mut self.rejected,
            &mut self.indeterminate,
        ] {
            // Nearly always nothing is there, which is found in a few steps; a removal walks through the whole set.
            if set.range_cardinality(range.clone()) > 0 {
                set.remove_range(range.clone());
            }
        }
        match outcome {
            Outcome::Acknowledged => self.acknowledged.insert_range(range),
            Outcome::Rejected => self.rejected.insert_range(range),
            Outcome::Indeterminate => self.indeterminate.insert_range(range),
            Outcome::Unsent => 0,
        };
    }

    /// Records the outcome of every member of `orders`, replacing what was recorded before.
    pub fn record_all(&mut self, outcome: Outcome, orders: &RoaringBitmap) {
        self.acknowledged -= orders;
        self.rejected -= orders;
        self.indeterminate -= orders;
        match outcome {
            Outcome::Acknowledged => self.acknowledged |= orders,
            Outcome::Rejected => self.rejected |= orders,
            Outcome::Indeterminate => self.indeterminate |= orders,
            Outcome::Unsent => {}
        }
    }

    /// Notes the message of order `k`, which was accepted.
    pub fn name(&mut self, k: u64, message: MessageId) {
        Arc::make_mut(&mut self.message_ids).insert(k, message);
    }

    /// Once all messages are noted: finds them in a few steps from now on.
    pub fn index(&mut self) {
        Arc::make_mut(&mut self.message_ids).index();
    }

    /// The messages of accepted orders whose bodies may hold no id. Of an order that was accepted and is not among them
    /// the body tells whose it is.
    pub fn message_ids(&self) -> &Arc<MessageIds> {
        &self.message_ids
    }

    /// Stores the sets in their smallest form.
    ///
    /// A set that was once one long run keeps storing runs, 4 bytes each, however many holes it gets;
    /// called now and then, this keeps every set at a bit an order.
    pub fn compact(&mut self) {
        self.acknowledged.optimize();
        self.rejected.optimize();
        self.indeterminate.optimize();
    }

    /// The outcome of order `k`.
    pub fn outcome(&self, k: u64) -> Outcome {
        let k = narrow(k);
        if self.acknowledged.contains(k) {
            Outcome::Acknowledged
        } else if self.rejected.contains(k) {
            Outcome::Rejected
        } else if self.indeterminate.contains(k) {
            Outcome::Indeterminate
        } else {
            Outcome::Unsent
        }
    }

    /// Orders SQS accepted.
    pub fn acknowledged(&self) -> &RoaringBitmap {
        &self.acknowledged
    }

    /// Orders SQS refused.
    pub fn rejected(&self) -> &RoaringBitmap {
        &self.rejected
    }

    /// Orders whose sending had no known outcome.
    pub fn indeterminate(&self) -> &RoaringBitmap {
        &self.indeterminate
    }

    /// Orders never attempted.
    pub fn unsent(&self) -> RoaringBitmap {
        let mut all = RoaringBitmap::new();
        all.insert_range(0..narrow(self.planned));
        all - &self.acknowledged - &self.rejected - &self.indeterminate
    }

    /// How many orders had each outcome.
    pub fn counts(&self) -> OutcomeCounts {
        self.counts_of(self.planned)
    }

    /// The same of a shard's ledger, which has word of `planned` orders alone.
    pub fn counts_of(&self, planned: u64) -> OutcomeCounts {
        let acknowledged = self.acknowledged.len();
        let rejected = self.rejected.len();
        let indeterminate = self.indeterminate.len();
        let attempted = acknowledged + rejected + indeterminate;
        OutcomeCounts {
            planned,
            attempted,
            acknowledged,
            rejected,
            indeterminate,
            unsent: planned.saturating_sub(attempted),
        }
    }
}

/// Sequence numbers stay below `order::MAX_ORDERS`, which fits.
fn narrow(k: u64) -> u32 {
    u32::try_from(k).expect("a sequence number below 10^9")
}
