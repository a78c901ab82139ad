//! A histogram of which there are many: two significant digits, and no memory for durations that did not occur.
//!
//! It counts in the buckets of an HdrHistogram of two digits from 1 µs on, so that it becomes one without loss.

/// The first 256 buckets are one microsecond wide; then there are 128 for each doubling.
const SUB_BUCKETS: u64 = 256;

/// Takes four bytes for each bucket that was met; an HdrHistogram takes eight for each bucket there is.
#[derive(Debug, Clone, Default)]
pub(super) struct Few {
    /// Place of a bucket and how often it was met, ascending.
    counts: Vec<(u16, u16)>,
    /// The largest value an HdrHistogram with this past would claim to take; `None` for that of a new one.
    high: Option<u64>,
}

impl Few {
    /// The largest value that it claims to take, microseconds.
    pub(super) fn high(&self) -> u64 {
        self.high.unwrap_or(2)
    }

    /// Counts a duration of up to an hour, microseconds, `times` times; false, with nothing counted, when a count has no room
    /// for it.
    pub(super) fn record(&mut self, us: u64, times: u64) -> bool {
        let Ok(times) = u16::try_from(times) else {
            return false;
        };
        let place = place_of(us);
        match self
            .counts
            .binary_search_by_key(&place, |&(place, _)| place)
        {
            Ok(at) => match self.counts[at].1.checked_add(times) {
                Some(count) => self.counts[at].1 = count,
                None => return false,
            },
            Err(at) => self.counts.insert(at, (place, times)),
        }
        if us > top(self.high()) {
            self.high = Some(top(us));
        }
        true
    }

    /// Adds every count of `other`; false, with nothing added, when a count has no room for it.
    pub(super) fn merge(&mut self, other: &Self) -> bool {
        let Some(&(last, _)) = other.counts.last() else {
            return true;
        };
        let mut counts = self.counts.clone();
        for &(place, more) in &other.counts {
            match counts.binary_search_by_key(&place, |&(place, _)| place) {
                Ok(at) => match counts[at].1.checked_add(more) {
                    Some(count) => counts[at].1 = count,
                    None => return false,
                },
                Err(at) => counts.insert(at, (place, more)),
            }
        }
        self.counts = counts;
        let most = value_of(last + 1) - 1;
        if most > top(self.high()) {
            self.high = Some(most);
        }
        true
    }

    /// How many durations were counted.
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().map(|&(_, count)| u64::from(count)).sum()
    }

    /// The least value of each bucket, microseconds, with its count, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        let of = |&(place, count): &(u16, u16)| (value_of(place), u64::from(count));
        self.counts.iter().map(of)
    }
}

/// The largest value of the buckets that take values up to `high`.
fn top(high: u64) -> u64 {
    (high + 1).next_power_of_two().max(SUB_BUCKETS) - 1
}

/// The bucket of a value below 2^32.
fn place_of(us: u64) -> u16 {
    let doublings = (us / SUB_BUCKETS)
        .checked_ilog2()
        .map_or(0, |more| more + 1);
    let place = u64::from(doublings) * SUB_BUCKETS / 2 + (us >> doublings);
    u16::try_from(place).expect("an hour is within 24 doublings")
}

/// The least value of a bucket.
fn value_of(place: u16) -> u64 {
    let half = SUB_BUCKETS / 2;
    let doublings = (u64::from(place) / half).saturating_sub(1);
    (u64::from(place) - doublings * half) << doublings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_each_other_and_hold_what_is_told_apart() {
        for (us, place) in [
            (0, 0),
            (255, 255),
            (256, 256),
            (257, 256),
            (258, 257),
            (511, 383),
            (512, 384),
            (3_600_000_000, 3_286),
        ] {
            assert_eq!(place_of(us), place, "{us}");
        }
        for place in 0..3_287 {
            assert_eq!(place_of(value_of(place)), place);
            assert_eq!(place_of(value_of(place + 1) - 1), place);
        }
    }
}
