//! Ranks over whole runs: the exact Mann-Whitney test and what goes with it.
//!
//! After Mann and Whitney (1947), Hodges and Lehmann (1963) and Cliff (1993).

/// How likely each value of U is among equal runs: index u of `n` and `m` runs without ties.
fn distribution(n: usize, m: usize) -> Vec<f64> {
    // Ways to reach u with i runs of one side and j of the other; the largest is one side's or the other's.
    let mut ways = vec![vec![vec![0.0; n * m + 1]; m + 1]; n + 1];
    for i in 0..=n {
        for j in 0..=m {
            if i == 0 || j == 0 {
                ways[i][j][0] = 1.0;
                continue;
            }
            for u in 0..=i * j {
                let by_one = if u >= j { ways[i - 1][j][u - j] } else { 0.0 };
                ways[i][j][u] = by_one + ways[i][j - 1][u];
            }
        }
    }
    let total: f64 = ways[n][m].iter().sum();
    ways[n][m].iter().map(|ways| ways / total).collect()
}

/// The smallest two-sided p there can be with so many runs.
pub(super) fn smallest_p(n: usize, m: usize) -> f64 {
    2.0 * distribution(n, m)[0]
}

/// How many of the smallest and the largest of all differences lie outside an interval that holds the true one
/// with at least `1 - alpha`; `None` when even all of them do not.
pub(super) fn outside(n: usize, m: usize, alpha: f64) -> Option<usize> {
    let mut tail = 0.0;
    let mut outside = 0;
    for share in distribution(n, m) {
        tail += share;
        if 2.0 * tail > alpha {
            break;
        }
        outside += 1;
    }
    (outside > 0).then_some(outside)
}

/// Every difference of a candidate and a base, ascending.
pub(super) fn differences(base: &[f64], candidate: &[f64]) -> Vec<f64> {
    let pairs = candidate
        .iter()
        .flat_map(|candidate| base.iter().map(move |base| candidate - base));
    let mut differences: Vec<f64> = pairs.collect();
    differences.sort_by(f64::total_cmp);
    differences
}

/// The middle of sorted numbers.
pub(super) fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

/// Cliff's delta: how much more often a candidate is above a base than below; `base` is sorted.
pub(super) fn cliffs_delta(base: &[f64], candidate: &[f64]) -> f64 {
    let pairs = (base.len() * candidate.len()).max(1) as f64;
    let balance = |value: &f64| {
        let below = base.partition_point(|base| base < value);
        let above = base.len() - base.partition_point(|base| base <= value);
        below as f64 - above as f64
    };
    candidate.iter().map(balance).sum::<f64>() / pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_is_that_of_the_tables() {
        for (n, m, p) in [
            (3, 3, 2.0 / 20.0),
            (4, 4, 2.0 / 70.0),
            (5, 5, 2.0 / 252.0),
            (1, 8, 2.0 / 9.0),
        ] {
            assert!((smallest_p(n, m) - p).abs() < 1e-12, "{n} and {m}");
        }
    }

    #[test]
    fn critical_values_are_those_of_the_tables() {
        // Two-sided 5%: reject at U <= 2 for 5 and 5, 5 for 6 and 6, 13 for 8 and 8 (Mann and Whitney's tables).
        for (n, outside_of_all) in [(5, 3), (6, 6), (8, 14)] {
            assert_eq!(outside(n, n, 0.05), Some(outside_of_all), "{n} and {n}");
        }
        assert_eq!(
            outside(3, 3, 0.05),
            None,
            "three and three can never be certain"
        );
    }

    #[test]
    fn the_effect_is_one_when_all_are_slower() {
        let (one, other) = ([1.0, 2.0], [3.0, 4.0, 5.0]);
        let slower = differences(&one, &other);
        assert_eq!((cliffs_delta(&one, &other), median(&slower)), (1.0, 2.5));
        let faster = differences(&other, &one);
        assert_eq!((cliffs_delta(&other, &one), median(&faster)), (-1.0, -2.5));
        assert_eq!(cliffs_delta(&one, &one), 0.0);
        assert_eq!(
            cliffs_delta(&[1.0, 2.0, 3.0, 4.0], &[2.5, 3.0]),
            0.125,
            "of eight pairs four are above, three below and one is a tie"
        );
    }
}
