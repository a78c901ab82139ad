//! The values of a setting that are tried: round ones, so that an answer can be written into a file.

/// Values from `least` to `most`: each up to 100, beyond it those of three digits in steps of 1% to 5%. Both ends and `own`
/// are among them.
pub(super) fn values(least: u64, most: u64, own: Option<u64>) -> Vec<u64> {
    let mut all: Vec<u64> = (least..=most.min(100)).collect();
    let mut decade = 1_u64;
    while decade.saturating_mul(100) < most {
        let fine = (100..500).step_by(5);
        let coarse = (500..=1_000).step_by(10);
        all.extend(fine.chain(coarse).map(|digits| digits * decade));
        decade = decade.saturating_mul(10);
    }
    all.extend([least, most].into_iter().chain(own));
    all.retain(|value| (least..=most).contains(value));
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_round_and_no_further_apart_than_a_twentieth() {
        assert_eq!(values(2, 5, None), [2, 3, 4, 5]);
        assert_eq!(values(0, 2, Some(1)), [0, 1, 2]);
        let all = values(1, 40_000, Some(620));
        assert_eq!((all[0], all[all.len() - 1]), (1, 40_000));
        assert!(all.contains(&620) && all.contains(&610) && all.len() < 500);
        for pair in all.windows(2) {
            let (low, high) = (pair[0], pair[1]);
            let is_close = high - low <= 1 || (high - low) * 20 <= low;
            assert!(low < high && is_close, "{low} {high}");
        }
        let own = values(60, 1_209_600, Some(345_600));
        assert!(own.contains(&345_600), "what is set is tried, round or not");
        assert!(!values(60, 100, Some(200)).contains(&200));
    }
}
