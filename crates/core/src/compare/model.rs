//! What a comparison says.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Difference;
use crate::exit::Exit;
use crate::order::RunId;
use crate::results::RunReport;
use crate::scenario::Metric;
use crate::verdict::{Class, Verdict};

/// The version of a comparison's JSON.
pub const COMPARISON_SCHEMA_VERSION: u32 = 1;

/// How a comparison is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The share of comparisons of equal runs in which anything at all may be called changed.
    pub level: f64,
    /// A change of up to this share is noise, however certain it is.
    pub noise: f64,
    /// And so is one of up to this duration.
    #[serde(rename = "noise_floor_us", with = "micros")]
    pub noise_floor: Duration,
    /// Resamples of the bootstrap.
    pub resamples: u32,
}

/// A duration as a number of microseconds, as its key says.
mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        micros.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_micros)
    }
}

impl Default for Options {
    /// 5%, a noise band of 10% or 1 ms, 1,000 resamples: docs/compare.md says why.
    fn default() -> Self {
        Self {
            level: 0.05,
            noise: 0.10,
            noise_floor: Duration::from_millis(1),
            resamples: 1_000,
        }
    }
}

/// How changes were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Moving-block bootstrap over the seconds of one run a side.
    Blocks,
    /// Mann-Whitney over whole runs.
    Ranks,
}

/// What is said of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeVerdict {
    /// Better, by more than noise.
    Improved,
    /// Within noise.
    Unchanged,
    /// Worse, by more than noise.
    Regressed,
    /// Too little was measured to say.
    NotEnoughData,
    /// The runs were too late to say: what they show is within their own noise, and more than is asked about.
    TooNoisy,
    /// A count that is neither good nor bad by itself has grown.
    More,
    /// Such a count has shrunk.
    Fewer,
}

impl ChangeVerdict {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Improved => "improved",
            Self::Unchanged => "unchanged",
            Self::Regressed => "regressed",
            Self::NotEnoughData => "not enough data",
            Self::TooNoisy => "too noisy to tell",
            Self::More => "more",
            Self::Fewer => "fewer",
        }
    }
}

/// One of the runs compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunLine {
    /// The number that marks its orders.
    pub run_id: RunId,
    /// When its first order was due, RFC 3339, UTC.
    pub started_at: String,
    /// What it proved.
    pub verdict: Verdict,
    /// It was stopped by the user.
    pub interrupted: bool,
    /// Orders planned.
    pub planned: u64,
}

impl RunLine {
    pub(super) fn of(report: &RunReport) -> Self {
        Self {
            run_id: report.run_id,
            started_at: report.started_at.clone(),
            verdict: report.verdict,
            interrupted: report.interrupted,
            planned: report.orders.planned,
        }
    }
}

/// How one duration of one phase changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricChange {
    /// The duration and its quantile.
    pub metric: Metric,
    /// Its phase; `None` of what has none.
    pub phase: Option<String>,
    /// Of the base, microseconds; of repeats the median run's. Absent when it was not measured.
    pub base_us: Option<f64>,
    /// Of the candidate.
    pub candidate_us: Option<f64>,
    /// Its growth as a share: 0.2 is a fifth slower. Absent unless both sides measured it.
    pub change: Option<f64>,
    /// Where the growth lies, all changes together at the comparison's level.
    pub interval: Option<(f64, f64)>,
    /// Cliff's delta over whole runs, of a single pair over its seconds: 1.0 when every one of the candidate's is slower
    /// than every one of the base's, -1.0 when faster.
    pub effect: Option<f64>,
    /// Growth up to this share, either way, is noise. Absent unless both sides measured it.
    pub band: Option<f64>,
    /// Orders measured on both sides.
    pub samples: (u64, u64),
    /// What is said of it.
    pub call: ChangeVerdict,
    /// Why nothing can be said.
    pub why: Option<String>,
}

impl MetricChange {
    /// With what no order was measured for left out: the logarithms that stand in for it are no figures.
    pub(super) fn into_measured(self) -> Self {
        let (base, candidate) = (self.samples.0 > 0, self.samples.1 > 0);
        let both = |figure: Option<f64>| figure.filter(|_| base && candidate);
        Self {
            base_us: self.base_us.filter(|_| base),
            candidate_us: self.candidate_us.filter(|_| candidate),
            change: both(self.change),
            band: both(self.band),
            ..self
        }
    }
}

/// A figure of which each run has one, side by side and not judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigurePair {
    /// What it is, with its unit.
    pub name: String,
    /// Of each base.
    pub base: Vec<Option<f64>>,
    /// Of each candidate.
    pub candidate: Vec<Option<f64>>,
}

/// How many orders ended in a class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassChange {
    /// The class.
    pub class: Class,
    /// Of each base.
    pub base: Vec<u64>,
    /// Of each candidate.
    pub candidate: Vec<u64>,
    /// What is said of it: a class that the gate refuses and that grew has regressed; one that it accepts has more
    /// orders, or fewer.
    pub call: ChangeVerdict,
}

/// Runs side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The version of this format.
    pub schema_version: u32,
    /// What is compared with.
    pub base: Vec<RunLine>,
    /// What is compared.
    pub candidate: Vec<RunLine>,
    /// Settings that differ and may: they are what is compared.
    pub differs: Vec<Difference>,
    /// How it was made.
    pub options: Options,
    /// How changes were judged.
    pub method: Method,
    /// How many changes share the level.
    pub judged: usize,
    /// Each duration of each phase.
    pub changes: Vec<MetricChange>,
    /// What each run has one of.
    pub figures: Vec<FigurePair>,
    /// What became of the orders.
    pub classes: Vec<ClassChange>,
}

impl Comparison {
    /// The durations that are called worse.
    pub fn regressions(&self) -> impl Iterator<Item = &MetricChange> {
        let changes = self.changes.iter();
        changes.filter(|change| change.call == ChangeVerdict::Regressed)
    }

    /// Whether more orders are where they must not be.
    pub fn orders_regressed(&self) -> bool {
        self.classes
            .iter()
            .any(|class| class.call == ChangeVerdict::Regressed)
    }

    /// Whether fewer orders are where they must not be, and nowhere more.
    pub fn orders_improved(&self) -> bool {
        let mut classes = self.classes.iter();
        !self.orders_regressed() && classes.any(|class| class.call == ChangeVerdict::Improved)
    }

    /// Whether a run proved nothing, so that its figures may be of half a run.
    pub fn inconclusive(&self) -> bool {
        let mut runs = self.base.iter().chain(&self.candidate);
        runs.any(|run| run.interrupted || run.verdict == Verdict::Inconclusive)
    }

    /// How the program ends.
    pub fn exit(&self) -> Exit {
        if self.orders_regressed() {
            Exit::OrderFailure
        } else if self.inconclusive() {
            Exit::Inconclusive
        } else if self.regressions().next().is_some() {
            Exit::PerformanceFailure
        } else {
            Exit::Success
        }
    }

    /// How many durations are called so.
    pub fn count(&self, call: ChangeVerdict) -> usize {
        let changes = self.changes.iter();
        changes.filter(|change| change.call == call).count()
    }
}
