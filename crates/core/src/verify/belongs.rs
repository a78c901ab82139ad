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
        let planned = u32::try_from(planned).expect("a run has at most 10^9 orders");
        let spec = plan.model.spec();
        // Most are good, and all good ones belong to the same ends.
        let mut of_kind = vec![RoaringBitmap::new(); spec.bad.len()];
        for k in 0..planned {
            if let Some(kind) = plan.kind(u64::from(k)) {
                of_kind[kind].insert(k);
            }
        }
        let mut belongs = Self {
            apart: plan.ends_apart(),
            ..Self::default()
        };
        for (kind, orders) in spec.bad.iter().zip(of_kind) {
            belongs.bad |= &orders;
            belongs.put_all(&kind.end, orders);
        }
        let mut good = RoaringBitmap::new();
        good.insert_range(0..planned);
        good -= &belongs.bad;
        for end in plan.good_ends() {
            belongs.put_all(end, good.clone());
        }
        belongs
    }

    fn put_all(&mut self, end: &str, orders: RoaringBitmap) {
        if !orders.is_empty() {
            *self.ends.entry(end.to_owned()).or_default() |= orders;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::RunId;

    #[test]
    fn every_order_is_at_its_own_ends_and_no_other() {
        let run = RunId::new(7).expect("a run id");
        for share in [0.0, 0.3, 1.0] {
            let plan = OrderPlan::lab(run, 2026, share);
            let belongs = Belongs::of(&plan, 3_000);
            let mut one_by_one = Belongs {
                apart: plan.ends_apart(),
                ..Belongs::default()
            };
            for k in 0..3_000 {
                let own = plan.own_ends(u64::from(k));
                one_by_one.put(k, plan.is_bad(u64::from(k)), own.into_iter());
            }
            assert_eq!(belongs, one_by_one, "{share}");
            assert_eq!(belongs.bad.is_empty(), share == 0.0);
        }
    }
}
