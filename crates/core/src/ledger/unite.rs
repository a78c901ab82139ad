//! The ledgers of a run's workers, united into that of the run.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::entry::{Entry, Outcomes, encode};
use super::{JournalContents, JournalHeader, Ledger, Outcome, Ranges};

/// Orders told of in one line at most: no line comes near the longest that is read.
const ORDERS_PER_LINE: u64 = 1 << 17;

/// What is known of the sends of one worker.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The orders that are its own.
    pub own: &'a RoaringBitmap,
    /// What its journal says; `None` where there is none.
    pub journal: Option<&'a JournalContents>,
}

/// The ledger of a run of `planned` orders whose workers left these parts.
///
/// An order of which its worker left no word, because there is no journal or because lines may be missing at its end, may
/// have been sent or not: it is indeterminate.
///
/// # Errors
/// When the parts do not hold each order once: a sentence.
pub fn unite(planned: u64, parts: &[Part<'_>]) -> Result<Ledger, String> {
    let mut ledger = Ledger::new(planned);
    let mut shared_out = RoaringBitmap::new();
    for part in parts {
        if !shared_out.is_disjoint(part.own) {
            return Err("some orders belong to two workers".into());
        }
        shared_out |= part.own;
        let Some(journal) = part.journal else {
            ledger.record_all(Outcome::Indeterminate, part.own);
            continue;
        };
        let sent = &journal.ledger;
        let told = [
            (Outcome::Acknowledged, sent.acknowledged()),
            (Outcome::Rejected, sent.rejected()),
            (Outcome::Indeterminate, sent.indeterminate()),
            (Outcome::Indeterminate, sent.untold()),
        ];
        for (outcome, orders) in told {
            if !orders.is_subset(part.own) {
                return Err("a worker's journal tells of orders of another one".into());
            }
            ledger.record_all(outcome, orders);
        }
        for (k, id) in sent.message_ids().entries() {
            ledger.name(k.into(), id);
        }
    }
    if shared_out.len() != planned {
        return Err(format!(
            "{} of {planned} orders belong to a worker",
            shared_out.len()
        ));
    }
    ledger.compact();
    ledger.index();
    Ok(ledger)
}

/// The lines of a whole run's journal that say what `ledger` says, each with its newline; without the last of them unless
/// it has `ended`.
pub fn united_lines(
    header: JournalHeader,
    ledger: &Ledger,
    ended: bool,
) -> impl Iterator<Item = Vec<u8>> {
    let planned = ledger.planned();
    let unsent = ledger.unsent();
    let names = Arc::clone(ledger.message_ids());
    let places = names.by_order();
    let blocks = (0..planned.div_ceil(ORDERS_PER_LINE)).map(move |block| {
        let first = block * ORDERS_PER_LINE;
        let orders = first..planned.min(first + ORDERS_PER_LINE);
        let within = |set: &RoaringBitmap| ranges_within(set, &orders);
        let named = orders.clone().filter_map(|k| {
            let narrow = u32::try_from(k).expect("a sequence number below 10^9");
            Some((k, names.id_of(&places, narrow)?))
        });
        let message_ids = match places.is_empty() {
            true => Vec::new(),
            false => named.collect(),
        };
        Entry::Outcome(Outcomes {
            acknowledged: within(ledger.acknowledged()),
            rejected: within(ledger.rejected()),
            indeterminate: within(ledger.indeterminate()),
            unsent: within(&unsent),
            message_ids,
        })
    });
    let intent = (planned > 0).then(|| {
        let all = std::iter::once(0..planned).collect();
        Entry::Intent(Ranges::of(all))
    });
    let end = ended.then(|| Entry::End(ledger.counts()));
    let entries = std::iter::once(Entry::Header(header))
        .chain(intent)
        .chain(blocks)
        .chain(end);
    (0..)
        .zip(entries)
        .map(|(number, entry)| encode(number, entry))
}

/// The members of `set` among `orders`.
fn ranges_within(set: &RoaringBitmap, orders: &std::ops::Range<u64>) -> Ranges {
    let narrow = |k: u64| u32::try_from(k).expect("a sequence number below 10^9");
    let mut ranges: Vec<std::ops::Range<u64>> = Vec::new();
    for k in set.range(narrow(orders.start)..narrow(orders.end)) {
        let k = u64::from(k);
        match ranges.last_mut() {
            Some(last) if last.end == k => last.end = k + 1,
            _ => ranges.push(k..k + 1),
        }
    }
    Ranges::of(ranges)
}

#[cfg(test)]
#[path = "unite_tests.rs"]
mod tests;
