//! Many operations of one unit each at one instant, with keys that nobody names: they spread evenly over the partitions.

use std::time::Instant;

use super::{Limit, Limiter, Meter, Side, Throttled};

impl Meter {
    /// Takes a unit for each of `wanted` keys at `now`, as far as there are any: how many are granted, and why the others
    /// are not.
    pub fn take_many(
        &mut self,
        side: Side,
        wanted: u64,
        now: Instant,
    ) -> (u64, Vec<(Throttled, u64)>) {
        let Some(limiter) = self.limiter(side) else {
            return (wanted, Vec::new());
        };
        let (granted, refused) = limiter.take_many(wanted, now);
        let refused = refused.into_iter().filter(|(_, count)| *count > 0);
        let throttled = |(limit, count)| {
            let throttled = Throttled {
                side,
                limit,
                resource: self.resource.clone(),
                on_demand: self.on_demand,
            };
            (throttled, count)
        };
        (granted, refused.map(throttled).collect())
    }
}

impl Limiter {
    fn take_many(&mut self, wanted: u64, now: Instant) -> (u64, [(Limit, u64); 2]) {
        let limit = self.grow(now);
        let by_table = wanted.min(self.table.whole(now));
        let count = self.partitions.len() as u64;
        let (each, one_more) = (by_table / count, by_table % count);
        let touched = if each == 0 { one_more } else { count };
        let mut granted = 0;
        for place in 0..touched {
            let index = (self.next + place as usize) % self.partitions.len();
            let share = each + u64::from(place < one_more);
            let share = share.min(self.partitions[index].whole(now));
            self.partitions[index].charge(share as f64);
            granted += share;
        }
        self.next = (self.next + one_more as usize) % self.partitions.len();
        self.table.charge(granted as f64);
        if let Some(previous) = &mut self.previous
            && granted > 0
        {
            previous.used(granted as f64, now);
        }
        let refused = [
            (limit, wanted - by_table),
            (Limit::KeyRange, by_table - granted),
        ];
        (granted, refused)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::TableCapacity;
    use super::*;

    #[test]
    fn many_are_granted_as_many_one_after_the_other_would_be() {
        let start = Instant::now();
        let capacities = [
            TableCapacity::Provisioned {
                write_capacity_units: 5,
                read_capacity_units: None,
            },
            TableCapacity::Provisioned {
                write_capacity_units: 3_500,
                read_capacity_units: None,
            },
            TableCapacity::OnDemand {
                warm_write_units: 300,
            },
            TableCapacity::OnDemand {
                warm_write_units: 40_000,
            },
        ];
        for capacity in capacities {
            let mut one = Meter::new("orders".into(), capacity, 1.0, start);
            let mut all = Meter::new("orders".into(), capacity, 1.0, start);
            let mut key = 0_u64;
            for (round, wanted) in [100, 900, 0, 6_000, 50_000, 3, 700].into_iter().enumerate() {
                let now = start + Duration::from_millis(700 * round as u64);
                // Even keys, one after the other.
                let mut granted = 0;
                for _ in 0..wanted {
                    granted += u64::from(one.take(Side::Write, 1.0, Some(key), now).is_ok());
                    key += 1;
                }
                let (many, refused) = all.take_many(Side::Write, wanted, now);
                let refused: u64 = refused.iter().map(|(_, count)| count).sum();
                assert_eq!(many + refused, wanted);
                let apart = many.abs_diff(granted);
                assert!(
                    apart <= granted / 50 + 1,
                    "{capacity:?} {round}: {granted}, {many}"
                );
            }
        }
    }

    #[test]
    fn what_refuses_is_named() {
        let start = Instant::now();
        let capacity = TableCapacity::Provisioned {
            write_capacity_units: 5,
            read_capacity_units: None,
        };
        let mut meter = Meter::new("orders".into(), capacity, 1.0, start);
        // 1,500 are kept, and the one partition takes 1,000 a second.
        let (granted, refused) = meter.take_many(Side::Write, 2_000, start);
        let refused: Vec<_> = refused
            .iter()
            .map(|(throttled, count)| (throttled.reason(), *count))
            .collect();
        let expected = [
            ("TableWriteProvisionedThroughputExceeded".to_owned(), 500),
            ("TableWriteKeyRangeThroughputExceeded".to_owned(), 500),
        ];
        assert_eq!((granted, refused), (1_000, expected.into()));
        let mut unlimited = Meter::new("orders".into(), TableCapacity::Unlimited, 1.0, start);
        assert_eq!(unlimited.take_many(Side::Write, 7, start), (7, Vec::new()));
    }
}
