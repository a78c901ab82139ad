//! A histogram of durations: microseconds, three significant digits, up to an hour.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

/// The longest duration told apart: an hour; longer ones count as an hour.
const HIGHEST_US: u64 = 3_600_000_000;

/// Durations by how often they occurred.
///
/// Stored as the HdrHistogram project's V2 format, deflated, in base64, so that merging after
/// reading is exact and percentiles are never averaged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Histogram(hdrhistogram::Histogram<u64>);

/// A text is not a stored histogram.
#[derive(Debug, thiserror::Error)]
#[error("not a histogram in HDR V2 format: {0}")]
pub struct HistogramError(String);

/// The figures quoted from a histogram, microseconds; zero when it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LatencySummary {
    /// Samples.
    pub count: u64,
    /// Smallest.
    pub min_us: u64,
    /// Median.
    pub p50_us: u64,
    /// 90th percentile.
    pub p90_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
    /// 99.9th percentile.
    pub p999_us: u64,
    /// Largest.
    pub max_us: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram with three significant digits.
    pub fn new() -> Self {
        Self::with_digits(3)
    }

    /// An empty histogram with two significant digits, for one of many (one a second, say).
    pub fn coarse() -> Self {
        Self::with_digits(2)
    }

    fn with_digits(digits: u8) -> Self {
        let mut histogram = hdrhistogram::Histogram::new(digits).expect("one to five digits");
        histogram.auto(true);
        Self(histogram)
    }

    /// Counts one duration; below a microsecond counts as zero.
    pub fn record(&mut self, duration: Duration) {
        let us = u64::try_from(duration.as_micros())
            .unwrap_or(HIGHEST_US)
            .min(HIGHEST_US);
        // Not `saturating_record`: that one does not resize and would clamp to the present range.
        self.0
            .record(us)
            .expect("a histogram that resizes takes every value");
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.0
            .add(&other.0)
            .expect("a histogram that resizes takes every value");
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The duration below or at which the share `quantile` (0.0 to 1.0) of the counts lies;
    /// `None` when nothing was counted.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.0.value_at_quantile(quantile)))
    }

    /// The figures quoted from it.
    pub fn summary(&self) -> LatencySummary {
        if self.is_empty() {
            return LatencySummary::default();
        }
        let at = |quantile| self.0.value_at_quantile(quantile);
        LatencySummary {
            count: self.0.len(),
            min_us: self.0.min(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: self.0.max(),
        }
    }

    /// Points `(quantile, duration)` from the median towards 1.0, `ticks_per_half` between each
    /// halving of the remaining distance, ending with the largest sample.
    pub fn percentile_spectrum(&self, ticks_per_half: u32) -> Vec<(f64, Duration)> {
        self.0
            .iter_quantiles(ticks_per_half)
            .map(|point| {
                (
                    point.quantile(),
                    Duration::from_micros(point.value_iterated_to()),
                )
            })
            .collect()
    }
}

impl schemars::JsonSchema for Histogram {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Histogram".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "contentEncoding": "base64",
            "pattern": "^HISTFA[A-Za-z0-9+/]*={0,2}$",
            "description": "Durations in microseconds: an HdrHistogram in its V2 format, deflated, in base64, as \
                the HdrHistogram libraries of every language decode it."
        })
    }
}

impl From<Histogram> for String {
    fn from(histogram: Histogram) -> Self {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&histogram.0, &mut bytes)
            .expect("writing to memory");
        BASE64.encode(bytes)
    }
}

impl TryFrom<String> for Histogram {
    type Error = HistogramError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = BASE64
            .decode(text)
            .map_err(|error| HistogramError(error.to_string()))?;
        Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map(|mut histogram: hdrhistogram::Histogram<u64>| {
                histogram.auto(true);
                Self(histogram)
            })
            .map_err(|error| HistogramError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
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

    proptest! {
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
}
