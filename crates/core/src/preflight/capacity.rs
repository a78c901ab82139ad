//! A table's write capacity against the writes a scenario brings, second by second.

/// Seconds of unused capacity that DynamoDB keeps for bursts, best effort (Amazon DynamoDB Developer
/// Guide, "Burst capacity").
pub(super) const BURST_SECONDS: f64 = 300.0;

/// What a table makes of a load.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Throttling {
    /// Writes that find no capacity in the second they come.
    pub(super) delayed: f64,
    /// The longest that one of them waits for capacity, seconds, if each is tried until it succeeds.
    pub(super) longest_wait_s: f64,
}

/// Plays `writes` a second, each of one unit, against a table of `units` a second that has saved
/// `burst_seconds` of them: the best case.
pub(super) fn throttling(writes: &[f64], units: f64, burst_seconds: f64) -> Throttling {
    let most = units * burst_seconds;
    let (mut saved, mut waiting) = (most, 0.0_f64);
    let mut found = Throttling::default();
    for &due in writes {
        let wanted = due + waiting;
        let taken = wanted.min(units + saved);
        saved = (saved + units - taken).min(most);
        waiting = wanted - taken;
        found.delayed += due.min(waiting);
        found.longest_wait_s = found.longest_wait_s.max(waiting / units);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_are_used_up_and_then_writes_wait() {
        let five_for_ten_minutes = vec![5.0; 600];
        let hundred_for_a_minute = vec![100.0; 60];
        let cases = [
            (&five_for_ten_minutes, 5.0, 0.0, 0.0, "exactly the capacity"),
            // 6,000 writes; 1,500 saved and 5 a second (300) take 1,800, so 4,200 are left: 840 s. From
            // the 16th second on every write waits behind others.
            (
                &hundred_for_a_minute,
                5.0,
                4_420.0,
                840.0,
                "the lab's table under a spike",
            ),
            (
                &hundred_for_a_minute,
                20.0,
                0.0,
                0.0,
                "the burst just bears it",
            ),
            (
                &hundred_for_a_minute,
                16.0,
                272.0,
                15.0,
                "and here just not",
            ),
        ];
        for (writes, units, delayed, wait, why) in cases {
            let found = throttling(writes, units, BURST_SECONDS);
            assert!((found.delayed - delayed).abs() < 1.0, "{why}: {found:?}");
            assert!(
                (found.longest_wait_s - wait).abs() < 0.1,
                "{why}: {found:?}"
            );
        }
        let on_demand = throttling(&[4_000.0, 5_000.0], 4_000.0, 0.0);
        assert_eq!(on_demand.delayed, 1_000.0);
        assert_eq!(on_demand.longest_wait_s, 0.25);
    }
}
