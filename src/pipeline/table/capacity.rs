//! Provisioned write capacity as a token bucket.

use std::time::Instant;

use crate::scenario::TableCapacity;

/// Seconds of unused capacity a table keeps for bursts (AWS: 300, best effort).
pub const BURST_SECONDS: f64 = 300.0;

/// Bytes one write capacity unit writes.
const UNIT_BYTES: usize = 1024;

/// Write capacity units in hand; a table that has just been made starts with a full burst.
#[derive(Debug, Clone)]
pub struct CapacityBucket {
    units_per_second: f64,
    units: f64,
    filled_at: Instant,
}

impl CapacityBucket {
    /// The bucket of a table of this capacity, full at `now`; `None` where nothing is limited.
    pub fn new(capacity: TableCapacity, now: Instant) -> Option<Self> {
        match capacity {
            TableCapacity::OnDemand => None,
            TableCapacity::Provisioned {
                write_capacity_units,
            } => {
                let units_per_second = f64::from(write_capacity_units);
                Some(Self {
                    units_per_second,
                    units: units_per_second * BURST_SECONDS,
                    filled_at: now,
                })
            }
        }
    }

    /// Takes the units of a write of `bytes` at `now`; false means the write is throttled and has
    /// taken nothing.
    pub fn take(&mut self, bytes: usize, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.filled_at = self.filled_at.max(now);
        self.units = (self.units + passed * self.units_per_second)
            .min(self.units_per_second * BURST_SECONDS);
        let wanted = bytes.div_ceil(UNIT_BYTES).max(1) as f64;
        let granted = self.units >= wanted;
        if granted {
            self.units -= wanted;
        }
        granted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn bucket(write_capacity_units: u32, now: Instant) -> CapacityBucket {
        let capacity = TableCapacity::Provisioned {
            write_capacity_units,
        };
        CapacityBucket::new(capacity, now).expect("provisioned capacity is limited")
    }

    #[test]
    fn five_units_burst_1500_writes_and_then_take_five_a_second() {
        let start = Instant::now();
        let mut bucket = bucket(5, start);
        let burst = (0..2_000).filter(|_| bucket.take(300, start)).count();
        assert_eq!(burst, 1_500);
        for second in 1..=10 {
            let now = start + Duration::from_secs(second);
            let granted = (0..20).filter(|_| bucket.take(300, now)).count();
            assert_eq!(granted, 5, "second {second}");
        }
    }

    #[test]
    fn a_long_rest_refills_the_burst_and_no_more() {
        let start = Instant::now();
        let mut bucket = bucket(5, start);
        while bucket.take(300, start) {}
        let rested = start + Duration::from_secs(86_400);
        assert_eq!(
            (0..5_000).filter(|_| bucket.take(300, rested)).count(),
            1_500
        );
    }

    #[test]
    fn larger_items_take_more_units() {
        let start = Instant::now();
        let mut bucket = bucket(1, start);
        let cases = [(0, 1), (1, 1), (1024, 1), (1025, 2), (10_000, 10)];
        for (bytes, units) in cases {
            let before = bucket.units;
            assert!(bucket.take(bytes, start), "{bytes} bytes");
            assert_eq!(before - bucket.units, f64::from(units), "{bytes} bytes");
        }
    }

    #[test]
    fn on_demand_has_no_bucket_and_a_clock_that_goes_back_gives_nothing() {
        let start = Instant::now();
        assert!(CapacityBucket::new(TableCapacity::OnDemand, start).is_none());
        let later = start + Duration::from_secs(10);
        let mut bucket = bucket(1, later);
        while bucket.take(1, later) {}
        assert!(!bucket.take(1, start));
        assert!(
            !bucket.take(1, later),
            "time already passed refills nothing"
        );
    }
}
