//! The search for the highest rate: doubling, then bisection. Who tries a rate is handed in: forecasts, or real runs.

/// Rates are multiples of the baseline in tenths.
pub(super) const TENTHS: f64 = 10.0;

/// Where to search, in tenths of the baseline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    /// What is tried first.
    pub own: u64,
    /// The highest that is tried.
    pub highest: u64,
    /// The answer is as fine as this part of it, or as a tenth of the baseline.
    pub fineness: u64,
}

/// What a search has found; `T` is why a rate did not hold, `E` why one was not tried.
#[derive(Debug)]
pub(super) struct Climbed<T, E> {
    /// The highest that held.
    pub passes: Option<u64>,
    /// The lowest that did not.
    pub fails: Option<(u64, T)>,
    /// What ended the search before it was as fine as it should be.
    pub ended: Option<E>,
}

/// Searches for the highest rate that holds; `attempt` gives nothing of one that does, and why of one that does not. It takes for
/// granted that what fails at one rate fails at every higher one. The first error ends the search.
pub(super) fn climb<T, E>(
    range: Range,
    mut attempt: impl FnMut(u64) -> Result<Option<T>, E>,
) -> Climbed<T, E> {
    let mut found = Climbed {
        passes: None,
        fails: None,
        ended: None,
    };
    while let Some(next) = found.next(range) {
        match attempt(next) {
            Ok(None) => found.passes = Some(next),
            Ok(Some(why)) => found.fails = Some((next, why)),
            Err(error) => {
                found.ended = Some(error);
                break;
            }
        }
    }
    found
}

impl<T, E> Climbed<T, E> {
    /// What is tried next; nothing once the answer is fine enough.
    fn next(&self, range: Range) -> Option<u64> {
        let least = TENTHS as u64;
        let fails = self.fails.as_ref().map(|(fails, _)| *fails);
        match (self.passes, fails) {
            (None, None) => Some(range.own),
            (None, Some(fails)) => (fails > least).then_some(least),
            (Some(passes), None) => {
                let next = passes.saturating_mul(2).min(range.highest);
                (next > passes).then_some(next)
            }
            (Some(passes), Some(fails)) => {
                let apart = fails - passes;
                let fine = (passes / range.fineness).max(1);
                (apart > fine).then_some(passes + apart / 2)
            }
        }
    }
}

/// A multiple in tenths as a number.
pub(super) fn times(tenths: u64) -> f64 {
    tenths as f64 / TENTHS
}

/// The same of a number, at least a tenth.
pub(super) fn tenths(multiple: f64) -> u64 {
    ((multiple * TENTHS).round() as u64).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(range: Range, limit: u64) -> (Climbed<u64, ()>, Vec<u64>) {
        let mut tried = Vec::new();
        let found = climb(range, |tenths| {
            tried.push(tenths);
            Ok((tenths > limit).then_some(tenths))
        });
        (found, tried)
    }

    const RANGE: Range = Range {
        own: 10,
        highest: 640,
        fineness: 10,
    };

    #[test]
    fn a_limit_is_found_by_doubling_and_bisection() {
        let (found, tried) = search(RANGE, 77);
        assert_eq!((found.passes, found.fails), (Some(75), Some((80, 80))));
        assert_eq!(tried, [10, 20, 40, 80, 60, 70, 75]);
        let (found, _) = search(
            Range {
                fineness: 50,
                ..RANGE
            },
            77,
        );
        assert_eq!((found.passes, found.fails), (Some(77), Some((78, 78))));
    }

    #[test]
    fn what_fails_at_first_is_tried_at_the_baseline_and_what_always_holds_has_an_end() {
        let spike = Range { own: 50, ..RANGE };
        let (found, tried) = search(spike, 23);
        assert_eq!((found.passes, tried[1]), (Some(23), 10));
        let (found, tried) = search(spike, 5);
        assert_eq!((found.passes, found.fails), (None, Some((10, 10))));
        assert_eq!(tried, [50, 10]);
        let (found, tried) = search(RANGE, 1_000);
        assert_eq!((found.passes, found.fails), (Some(640), None));
        assert_eq!(tried, [10, 20, 40, 80, 160, 320, 640]);
    }

    #[test]
    fn an_error_ends_the_search_with_what_was_found() {
        let mut left = 3;
        let found: Climbed<(), &str> = climb(RANGE, |_| {
            left -= 1;
            if left == 0 { Err("enough") } else { Ok(None) }
        });
        assert_eq!((found.passes, found.ended), (Some(20), Some("enough")));
        let found: Climbed<(), &str> = climb(RANGE, |_| Err("at once"));
        assert_eq!((found.passes, found.ended), (None, Some("at once")));
    }
}
