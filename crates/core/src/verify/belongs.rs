//! At which end each planned order belongs.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use crate::order::OrderPlan;
use crate::order::spec::{DEAD_LETTER, STORED};

/// Which of the planned orders are bad, and where each belongs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Belongs {
    /// The bad ones.
    pub bad: RoaringBitmap,
    /// The orders that belong to each end; one may belong to several.
    ends: BTreeMap<String, RoaringBitmap>,
    /// Pairs of good ends of which an order may leave all at one alone.
    apart: Vec<(String, String)>,
    nowhere: RoaringBitmap,
}

impl Belongs {
    /// Of `planned` orders, good ones belong to `stored` and these bad ones to the dead-letter queue.
    pub fn good_or_bad(planned: u64, bad: RoaringBitmap) -> Self {
        let mut good = RoaringBitmap::new();
        good.insert_range(0..u32::try_from(planned).expect("a run has at most 10^9 orders"));
        good -= &bad;
        let ends = [
            (STORED.to_owned(), good),
            (DEAD_LETTER.to_owned(), bad.clone()),
        ];
        Self {
            bad,
            ends: ends.into(),
            apart: Vec::new(),
            nowhere: RoaringBitmap::new(),
        }
    }

    /// Where each of the first `planned` orders of a plan belongs.
    pub fn of(plan: &OrderPlan, planned: u64) -> Self {
        let mut belongs = Self {
            apart: plan.ends_apart(),
            ..Self::default()
        };
        for k in 0..u32::try_from(planned).expect("a run has at most 10^9 orders") {
            let own = plan.own_ends(u64::from(k));
            belongs.put(k, plan.is_bad(u64::from(k)), own.into_iter());
        }
        belongs
    }

    /// Takes in that order `k`, bad or not, belongs to these ends.
    pub fn put<'e>(&mut self, k: u32, is_bad: bool, ends: impl Iterator<Item = &'e str>) {
        if is_bad {
            self.bad.insert(k);
        }
        for end in ends {
            match self.ends.get_mut(end) {
                Some(orders) => orders.insert(k),
                None => self.ends.entry(end.to_owned()).or_default().insert(k),
            };
        }
    }

    /// Pairs of ends that good orders may belong to, and that are apart: whole at both is whole at one too many.
    pub fn apart(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.apart.iter();
        pairs.map(|(one, other)| (one.as_str(), other.as_str()))
    }

    /// The orders that belong to this end.
    pub fn at(&self, end: &str) -> &RoaringBitmap {
        self.ends.get(end).unwrap_or(&self.nowhere)
    }
}
