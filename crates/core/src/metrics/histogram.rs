//! A histogram of durations: microseconds, three significant digits, up to an hour.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

use super::few::Few;
use super::stored;
use crate::evidence::COUNT_MAX;

/// The longest duration told apart: an hour; longer ones count as an hour.
const HIGHEST_US: u64 = 3_600_000_000;

/// Significant digits of one of many.
const COARSE_DIGITS: u8 = 2;

const RESIZES: &str = "a histogram that resizes takes every value";

/// Durations by how often they occurred.
///
/// Stored as the HdrHistogram project's V2 format, deflated, in base64, so that merging after
/// reading is exact and percentiles are never averaged.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Histogram(Counts);

#[derive(Debug, Clone)]
enum Counts {
    /// A count for each duration that could be.
    All(Hdr),
    /// Of one of many: those that are.
    Few(Few),
}

type Hdr = hdrhistogram::Histogram<u64>;

/// The same durations at the same resolution.
impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        *self.all() == *other.all()
    }
}

/// One line of an interval log: what was counted from `start` on, for `length`.
pub struct LogLine<'a> {
    /// Since the log's start.
    pub start: Duration,
    /// How long.
    pub length: Duration,
    /// Which of the log's metrics; a tag has no comma and no white space.
    pub tag: &'static str,
    /// What was counted.
    pub histogram: &'a Histogram,
}

/// A text is not a stored histogram.
#[derive(Debug, thiserror::Error)]
#[error("not a histogram in HDR V2 format: {0}")]
pub struct HistogramError(String);

/// The figures quoted from a histogram, microseconds; none of them where nothing was counted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct LatencySummary {
    /// Samples.
    pub count: u64,
    /// Smallest.
    pub min_us: Option<u64>,
    /// Median.
    pub p50_us: Option<u64>,
    /// 90th percentile.
    pub p90_us: Option<u64>,
    /// 95th percentile; absent in a report of a version that did not quote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_us: Option<u64>,
    /// 99th percentile.
    pub p99_us: Option<u64>,
    /// 99.9th percentile.
    pub p999_us: Option<u64>,
    /// Largest.
    pub max_us: Option<u64>,
}

impl LatencySummary {
    /// The same, if anything was counted: up to version 0.3 figures of nothing were written as zero.
    pub fn measured(&self) -> Option<&Self> {
        (self.count > 0).then_some(self)
    }

    /// The 95th percentile, microseconds; of a report that does not quote it from its `histogram`, which is the same.
    pub fn p95_of(&self, histogram: &Histogram) -> Option<u64> {
        let quoted = self.measured().and_then(|summary| summary.p95_us);
        quoted.or_else(|| histogram.summary().p95_us)
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram with three significant digits.
    pub fn new() -> Self {
        Self(Counts::All(Hdr::new(3).expect("three digits")))
    }

    /// An empty histogram with two significant digits, for one of many (one a second, say).
    pub fn coarse() -> Self {
        Self(Counts::Few(Few::default()))
    }

    /// With a count for each duration that could be.
    fn all(&self) -> Cow<'_, Hdr> {
        match &self.0 {
            Counts::All(all) => Cow::Borrowed(all),
            Counts::Few(few) => {
                let all = Hdr::new_with_bounds(1, few.high(), COARSE_DIGITS);
                let mut all = all.expect("two digits");
                all.auto(true);
                for (us, count) in few.iter() {
                    all.record_n(us, count).expect(RESIZES);
                }
                Cow::Owned(all)
            }
        }
    }

    /// The same from now on.
    fn make_all(&mut self) -> &mut Hdr {
        if let Counts::Few(_) = self.0 {
            self.0 = Counts::All(self.all().into_owned());
        }
        match &mut self.0 {
            Counts::All(all) => all,
            Counts::Few(_) => unreachable!("it has just become one"),
        }
    }

    /// Counts one duration; below a microsecond counts as zero.
    pub fn record(&mut self, duration: Duration) {
        self.record_many(duration, 1);
    }

    /// Counts one duration so many times.
    pub fn record_many(&mut self, duration: Duration, count: u64) {
        if count == 0 {
            return;
        }
        let us = u64::try_from(duration.as_micros()).unwrap_or(HIGHEST_US);
        let us = us.min(HIGHEST_US);
        if let Counts::Few(few) = &mut self.0
            && few.record(us, count)
        {
            return;
        }
        // Not `saturating_record`: that one does not resize and would clamp to the present range.
        self.make_all().record_n(us, count).expect(RESIZES);
    }

    /// Adds every count of `other`.
    pub fn merge(&mut self, other: &Self) {
        if let (Counts::Few(few), Counts::Few(more)) = (&mut self.0, &other.0)
            && few.merge(more)
        {
            return;
        }
        self.make_all().add(&*other.all()).expect(RESIZES);
    }

    /// How many counts it holds in memory.
    #[cfg(test)]
    pub(super) fn slots(&self) -> u64 {
        self.all().distinct_values() as u64
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        match &self.0 {
            Counts::All(all) => all.len(),
            Counts::Few(few) => few.count(),
        }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// The duration below or at which the share `quantile` (0.0 to 1.0) of the counts lies;
    /// `None` when nothing was counted.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.all().value_at_quantile(quantile)))
    }

    /// The figures quoted from it.
    pub fn summary(&self) -> LatencySummary {
        if self.is_empty() {
            return LatencySummary::default();
        }
        let all = self.all();
        let at = |quantile| Some(all.value_at_quantile(quantile));
        LatencySummary {
            count: all.len(),
            min_us: Some(all.min()),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p95_us: at(0.95),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: Some(all.max()),
        }
    }

    /// The values counted, microseconds, with how often each was: the middle of its bucket, ascending.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> + use<> {
        let all = self.all();
        let buckets = all.iter_recorded().map(|bucket| {
            let value = bucket.value_iterated_to();
            (all.median_equivalent(value), bucket.count_at_value())
        });
        buckets.collect::<Vec<_>>().into_iter()
    }

    /// All durations added up, to the histogram's precision.
    pub fn sum(&self) -> Duration {
        Duration::from_secs_f64(self.all().mean() * self.count() as f64 / 1e6)
    }

    /// How many durations are at most `limit`, to the histogram's precision.
    pub fn count_at_most(&self, limit: Duration) -> u64 {
        let limit = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
        self.all().count_between(0, limit)
    }

    /// The percentile distribution in milliseconds, as `HistogramLogProcessor` and
    /// `outputPercentileDistribution` of HdrHistogram write it (`.hgrm`), five ticks a half.
    pub fn percentile_distribution(&self) -> String {
        let histogram = self.all();
        let digits = usize::from(histogram.sigfig());
        let ms = |us: f64| us / 1e3;
        let mut out = format!(
            "{:>12} {:>14} {:>10} {:>14}\n\n",
            "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
        );
        let mut total = 0;
        for point in histogram.iter_quantiles(5) {
            total += point.count_since_last_iteration();
            let level = point.quantile_iterated_to();
            let value = ms(point.value_iterated_to() as f64);
            let _ = write!(out, "{value:12.digits$} {level:.12} {total:>10}");
            let _ = match level < 1.0 {
                true => writeln!(out, " {:14.2}", 1.0 / (1.0 - level)),
                false => writeln!(out),
            };
        }
        let (mean, deviation, max) = match self.is_empty() {
            true => (0.0, 0.0, 0.0),
            false => (
                ms(histogram.mean()),
                ms(histogram.stdev()),
                ms(histogram.max() as f64),
            ),
        };
        let sub_buckets = (2 * 10_u64.pow(u32::from(histogram.sigfig()))).next_power_of_two();
        let _ = write!(
            out,
            "#[Mean    = {mean:12.digits$}, StdDeviation   = {deviation:12.digits$}]\n\
             #[Max     = {max:12.digits$}, Total count    = {:>12}]\n\
             #[Buckets = {:>12}, SubBuckets     = {sub_buckets:>12}]\n",
            self.count(),
            histogram.buckets(),
        );
        out
    }

    /// An interval log of HdrHistogram (`.hlog`): microseconds inside, the quoted maximum in milliseconds.
    pub fn interval_log<'a>(
        comments: &[&str],
        start: SystemTime,
        lines: impl IntoIterator<Item = LogLine<'a>>,
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut serializer = V2DeflateSerializer::new();
        let mut builder = IntervalLogWriterBuilder::new();
        builder.add_comment("[Histogram log format version 1.3]");
        for comment in comments {
            builder.add_comment(comment);
        }
        let mut log = builder
            .with_start_time(start)
            .with_base_time(start)
            .with_max_value_divisor(1e3)
            .begin_log_with(&mut bytes, &mut serializer)
            .expect("writing to memory");
        for line in lines {
            let tag = Tag::new(line.tag);
            log.write_histogram(&line.histogram.all(), line.start, line.length, tag)
                .expect("writing to memory");
        }
        bytes
    }

    /// Points `(quantile, duration)` from the median towards 1.0, `ticks_per_half` between each
    /// halving of the remaining distance, ending with the largest sample.
    pub fn percentile_spectrum(&self, ticks_per_half: u32) -> Vec<(f64, Duration)> {
        self.all()
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
            .serialize(&histogram.all(), &mut bytes)
            .expect("writing to memory");
        BASE64.encode(bytes)
    }
}

impl TryFrom<String> for Histogram {
    type Error = HistogramError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = stored::inflate(&text).map_err(HistogramError)?;
        let mut histogram: Hdr = Deserializer::new()
            .deserialize(&mut plain.as_slice())
            .map_err(|error| HistogramError(error.to_string()))?;
        if histogram.len() > COUNT_MAX {
            return Err(HistogramError(format!(
                "it counts more than {COUNT_MAX} durations"
            )));
        }
        histogram.auto(true);
        Ok(Self(Counts::All(histogram)))
    }
}

#[cfg(test)]
#[path = "histogram_tests.rs"]
mod tests;
