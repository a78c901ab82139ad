//! What is said of a change whose interval is known.

use std::time::Duration;

use super::{ChangeVerdict, Options};

/// The clock's own noise in units of the worse p99 of schedule lag: an order's way takes several wake-ups of this
/// machine's threads, each as late as those that the lag is measured by. Of 190 pairs of equal runs, 23 were called
/// changed without this (docs/compare.md).
pub(super) const LAGS: f64 = 3.0;

/// The growth that is noise, as the logarithm of a ratio; the same with the sides swapped. `lag_us` is the worse
/// p99 of schedule lag.
pub(super) fn band(base_us: f64, candidate_us: f64, lag_us: f64, options: Options) -> f64 {
    let less = base_us.min(candidate_us).max(1.0);
    let floor = micros(options.noise_floor).max(LAGS * lag_us) / less;
    options.noise.max(floor).ln_1p()
}

pub(super) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// As many digits as mean something, and as JSON gives back.
pub(super) fn rounded(number: f64) -> f64 {
    (number * 1e6).round() / 1e6
}

/// A share from the logarithm of a ratio.
pub(super) fn share(log_ratio: f64) -> f64 {
    rounded(log_ratio.exp_m1())
}

/// From the logarithm of the ratio, its interval and the band. Changed is what is both certain and more than noise;
/// unchanged is what cannot be more than noise; between them nothing is known.
pub(super) fn change_verdict(log_ratio: f64, (low, high): (f64, f64), band: f64) -> ChangeVerdict {
    if low > 0.0 && log_ratio > band {
        ChangeVerdict::Regressed
    } else if high < 0.0 && log_ratio < -band {
        ChangeVerdict::Improved
    } else if low >= -band && high <= band {
        ChangeVerdict::Unchanged
    } else {
        ChangeVerdict::NotEnoughData
    }
}

/// The same unless the runs were blind: what is within their own noise, and might be more than the `asked` band, is not
/// known to be unchanged.
pub(super) fn unless_blind(
    verdict: ChangeVerdict,
    (low, high): (f64, f64),
    asked: f64,
) -> ChangeVerdict {
    match verdict {
        ChangeVerdict::Unchanged if low < -asked || high > asked => ChangeVerdict::TooNoisy,
        verdict => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_called_only_when_it_is_certain_and_more_than_noise() {
        let band = 0.1;
        for (ratio, interval, expected) in [
            (0.2, (0.05, 0.35), ChangeVerdict::Regressed),
            (-0.2, (-0.35, -0.05), ChangeVerdict::Improved),
            (0.2, (-0.01, 0.41), ChangeVerdict::NotEnoughData),
            (0.05, (0.01, 0.09), ChangeVerdict::Unchanged),
            (0.05, (0.01, 0.12), ChangeVerdict::NotEnoughData),
            (0.0, (-0.09, 0.09), ChangeVerdict::Unchanged),
            (0.0, (-0.11, 0.11), ChangeVerdict::NotEnoughData),
        ] {
            assert_eq!(
                change_verdict(ratio, interval, band),
                expected,
                "{ratio} {interval:?}"
            );
        }
    }

    #[test]
    fn unchanged_is_only_what_the_asked_band_holds() {
        use ChangeVerdict::{NotEnoughData, Regressed, TooNoisy, Unchanged};
        for (verdict, interval, expected, why) in [
            (Unchanged, (-0.05, 0.1), Unchanged, "within both"),
            (
                Unchanged,
                (-0.05, 0.11),
                TooNoisy,
                "slower by more than asked about",
            ),
            (
                Unchanged,
                (-0.11, 0.05),
                TooNoisy,
                "faster by more than asked about",
            ),
            (
                Regressed,
                (2.0, 3.0),
                Regressed,
                "beyond the noise all the same",
            ),
            (
                NotEnoughData,
                (-9.0, 9.0),
                NotEnoughData,
                "nothing is known anyway",
            ),
        ] {
            assert_eq!(unless_blind(verdict, interval, 0.1), expected, "{why}");
        }
    }

    #[test]
    fn of_small_durations_the_floor_is_the_band() {
        let options = Options::default();
        let band = |base, candidate, lag| band(base, candidate, lag, options);
        assert!(
            (band(100.0, 100.0, 0.0) - 11f64.ln()).abs() < 1e-9,
            "1 ms of 100 us"
        );
        assert!((band(1e6, 1e6, 0.0) - 1.1f64.ln()).abs() < 1e-9);
        assert_eq!(band(2e3, 5e3, 0.0), band(5e3, 2e3, 0.0));
        let grown = |base: f64, by: f64| ((base + by) / base).ln();
        assert!(
            grown(500.0, 999.0) < band(500.0, 1_499.0, 0.0),
            "a floor of 1 ms"
        );
        assert!(grown(500.0, 1_001.0) > band(500.0, 1_501.0, 0.0));
    }

    #[test]
    fn a_change_of_three_lags_is_noise_and_a_larger_one_is_not() {
        let options = Options::default();
        let band = |lag| band(500.0, 2_600.0, lag, options);
        let grown = (2_600f64 / 500.0).ln();
        assert!(grown > band(690.0) && grown < band(710.0));
        assert_eq!(
            band(100.0),
            band(0.0),
            "the floor is more than three of these"
        );
    }
}
