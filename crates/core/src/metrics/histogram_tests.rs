//! Histograms of either kind, merged and stored.

use super::*;
use proptest::prelude::*;

#[test]
fn an_empty_histogram_has_no_quantile() {
    assert_eq!(Histogram::new().quantile(0.99), None);
    assert_eq!(Histogram::new().summary(), LatencySummary::default());
}

#[test]
fn beyond_an_hour_counts_as_an_hour() {
    let mut histogram = Histogram::new();
    histogram.record(Duration::from_secs(1_000_000));
    let hour = Duration::from_micros(HIGHEST_US);
    assert!(histogram.quantile(1.0).unwrap().abs_diff(hour) < hour / 500);
}

/// As a coarse one was before it held only what occurred.
fn coarse_of_all() -> Histogram {
    Histogram(Counts::All(Hdr::new(COARSE_DIGITS).unwrap()))
}

#[test]
fn a_count_beyond_16_bits_is_counted() {
    let (mut few, mut all) = (Histogram::coarse(), coarse_of_all());
    for histogram in [&mut few, &mut all] {
        (0..70_000).for_each(|_| histogram.record(Duration::from_micros(300)));
    }
    assert_eq!(few.count(), 70_000);
    assert_eq!(String::from(few.clone()), String::from(all.clone()));
    for count in [65_535_u32, 1] {
        let (mut one, mut other) = (Histogram::coarse(), coarse_of_all());
        for histogram in [&mut one, &mut other] {
            (0..count).for_each(|_| histogram.record(Duration::from_micros(300)));
        }
        few.merge(&one);
        all.merge(&other);
        one.merge(&one.clone());
        assert_eq!(one.count(), 2 * u64::from(count));
    }
    assert_eq!(few.count(), 135_536);
    assert_eq!(String::from(few), String::from(all));
}

proptest! {
    /// Each list is recorded, and merged into the one before it.
    #[test]
    fn a_coarse_histogram_is_stored_as_one_with_all_counts(
        lists in proptest::collection::vec(
            proptest::collection::vec((0_u32..33, any::<u64>()), 0..40), 1..5),
    ) {
        let fill = |mut histogram: Histogram, values: &[(u32, u64)]| {
            for (bits, value) in values {
                histogram.record(Duration::from_micros(value & ((1 << bits) - 1)));
            }
            histogram
        };
        let merged = |empty: fn() -> Histogram| {
            let mut of = lists.iter().rev().map(|values| fill(empty(), values));
            let last = of.next().expect("one at least");
            of.fold(last, |later, mut earlier| {
                earlier.merge(&later);
                earlier
            })
        };
        let (few, all) = (merged(Histogram::coarse), merged(coarse_of_all));
        prop_assert!(few == all);
        prop_assert_eq!(few.summary(), all.summary());
        prop_assert_eq!(few.count_at_most(Duration::from_millis(7)), all.count_at_most(Duration::from_millis(7)));
        prop_assert!(few.buckets().eq(all.buckets()));
        prop_assert_eq!(few.sum(), all.sum());
        let mut into_fine = [Histogram::new(), Histogram::new()];
        into_fine[0].merge(&few);
        into_fine[1].merge(&all);
        let [one, other] = into_fine;
        prop_assert_eq!(String::from(one), String::from(other));
        prop_assert_eq!(String::from(few), String::from(all));
    }

    #[test]
    fn merging_is_free_of_order_and_survives_storing(
        left in proptest::collection::vec(0u64..10_000_000, 0..200),
        right in proptest::collection::vec(0u64..10_000_000, 0..200),
    ) {
        let fill = |values: &[u64]| {
            let mut histogram = Histogram::new();
            values.iter().for_each(|&us| histogram.record(Duration::from_micros(us)));
            histogram
        };
        let (a, b) = (fill(&left), fill(&right));
        let (mut ab, mut ba) = (a.clone(), b.clone());
        ab.merge(&b);
        ba.merge(&a);
        prop_assert_eq!(ab.summary(), ba.summary());
        prop_assert_eq!(ab.count(), (left.len() + right.len()) as u64);
        let stored = String::from(ab.clone());
        prop_assert_eq!(Histogram::try_from(stored).unwrap().summary(), ab.summary());
    }
}
