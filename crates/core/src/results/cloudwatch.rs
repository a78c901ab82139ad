//! What CloudWatch counted of a target during a run: shown beside the evidence, and no part of it.
//!
//! The verdict never sees it. CloudWatch gives a point a minute, some minutes late, and for counts that are
//! zero often none at all: nothing is said of a metric without points.

use serde::{Deserialize, Serialize};

use super::figures::{duration, thousands};

/// What CloudWatch counted, and what is not known of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloudWatch {
    /// One for each metric that was asked for, also those without points.
    pub series: Vec<MetricSeries>,
    /// The last minutes that the service furthest behind has no points of: CloudWatch lags, and what is idle
    /// gives none.
    pub missing_minutes: u64,
    /// What CloudWatch itself said of its answer.
    pub note: Option<String>,
    /// Why it could not be read, or not to the end.
    pub unread: Option<String>,
}

/// A metric's points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricSeries {
    /// What is counted, and in what unit.
    pub metric: CloudWatchMetric,
    /// When each minute began, seconds since the run's start (the first minute began before it), and what it
    /// counted; in order of time.
    pub points: Vec<(i64, f64)>,
}

/// What is asked of CloudWatch, each by the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloudWatchMetric {
    /// The function's `Throttles`, summed.
    ThrottledInvocations,
    /// The function's `ConcurrentExecutions`, the most.
    ConcurrentInvocations,
    /// The function's `Errors`, summed.
    FailedInvocations,
    /// The function's `Duration`, milliseconds, 99th percentile.
    InvocationDurationMsP99,
    /// The orders queue's `ApproximateAgeOfOldestMessage`, seconds, the most.
    OldestMessageAgeS,
    /// The orders queue's `NumberOfMessagesSent`, summed.
    MessagesSent,
    /// The orders queue's `NumberOfMessagesDeleted`, summed.
    MessagesDeleted,
    /// The table's `WriteThrottleEvents`, summed.
    ThrottledWrites,
    /// The table's `ConsumedWriteCapacityUnits`, summed.
    ConsumedWriteUnits,
}

impl CloudWatch {
    /// Nothing was read, and why.
    pub fn unread(why: impl Into<String>) -> Self {
        Self {
            unread: Some(why.into()),
            ..Self::default()
        }
    }

    /// A metric's points; none if it was not asked for.
    pub fn points(&self, metric: CloudWatchMetric) -> &[(i64, f64)] {
        let found = self.series.iter().find(|series| series.metric == metric);
        found.map_or(&[], |series| &series.points)
    }

    /// Whether there is any point.
    pub fn has_points(&self) -> bool {
        self.series.iter().any(|series| !series.points.is_empty())
    }

    /// All of it in a line.
    pub fn told(&self) -> String {
        if let (Some(why), false) = (&self.unread, self.has_points()) {
            return format!("not read: {why}");
        }
        let mut told = match self.has_points() {
            true => format!("{} (not proof", self.figures().join(", ")),
            false => "no points yet (not proof".into(),
        };
        match self.missing_minutes {
            0 => {}
            1 => told.push_str("; the last minute is without points"),
            minutes => told.push_str(&format!("; the last {minutes} minutes are without points")),
        }
        for (lead, words) in [
            ("", self.note.as_ref()),
            ("the rest is not read: ", self.unread.as_ref()),
        ] {
            if let Some(words) = words {
                told.push_str(&format!("; {lead}{words}"));
            }
        }
        told.push(')');
        told
    }

    /// What a run is slowed by, of the metrics that have points.
    fn figures(&self) -> Vec<String> {
        let values = |metric| self.points(metric).iter().map(|point| point.1);
        let sum = |metric| values(metric).reduce(|one, other| one + other);
        let most = |metric| values(metric).reduce(f64::max);
        let count = |value: f64| thousands(value.round() as u64);
        let seconds = |value: f64| duration(std::time::Duration::from_secs(value.round() as u64));
        [
            sum(CloudWatchMetric::ThrottledInvocations)
                .map(|sum| format!("{} throttled invocations", count(sum))),
            most(CloudWatchMetric::ConcurrentInvocations)
                .map(|most| format!("at most {} at one time", count(most))),
            most(CloudWatchMetric::OldestMessageAgeS)
                .map(|most| format!("oldest message {}", seconds(most))),
            sum(CloudWatchMetric::ThrottledWrites)
                .map(|sum| format!("{} throttled writes", count(sum))),
            sum(CloudWatchMetric::MessagesDeleted)
                .map(|sum| format!("{} messages deleted", count(sum))),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(series: &[(CloudWatchMetric, &[(i64, f64)])]) -> CloudWatch {
        let series = series.iter().map(|&(metric, points)| MetricSeries {
            metric,
            points: points.to_vec(),
        });
        CloudWatch {
            series: series.collect(),
            ..CloudWatch::default()
        }
    }

    #[test]
    fn what_was_read_and_what_was_not_is_told_in_a_line() {
        let both = [
            (
                CloudWatchMetric::ThrottledInvocations,
                &[(-7, 2.0), (53, 10.0)][..],
            ),
            (
                CloudWatchMetric::ConcurrentInvocations,
                &[(-7, 45.0), (53, 31.0)],
            ),
            (
                CloudWatchMetric::OldestMessageAgeS,
                &[(-7, 0.0), (53, 12.0)],
            ),
            (CloudWatchMetric::ThrottledWrites, &[]),
        ];
        let figures =
            "12 throttled invocations, at most 45 at one time, oldest message 12.0 s (not proof";
        let mut seen = read(&both);
        assert_eq!(seen.told(), format!("{figures})"), "nothing of no points");
        seen.missing_minutes = 3;
        assert_eq!(
            seen.told(),
            format!("{figures}; the last 3 minutes are without points)")
        );
        seen.note = Some("PartialData".into());
        seen.unread = Some("Throttling: slow down".into());
        assert_eq!(
            seen.told(),
            format!(
                "{figures}; the last 3 minutes are without points; PartialData; the rest is not read: Throttling: \
                 slow down)"
            )
        );
        let mut early = read(&[(CloudWatchMetric::MessagesSent, &[])]);
        early.missing_minutes = 1;
        assert_eq!(
            early.told(),
            "no points yet (not proof; the last minute is without points)"
        );
        let denied = CloudWatch::unread("AccessDenied: no");
        assert_eq!(denied.told(), "not read: AccessDenied: no");
    }

    #[test]
    fn a_series_reads_back_and_other_keys_are_refused() {
        let seen = read(&[(CloudWatchMetric::InvocationDurationMsP99, &[(-7, 20.5)])]);
        let text = serde_json::to_string(&seen).expect("plain data");
        assert!(
            text.contains(r#"{"metric":"invocation_duration_ms_p99","points":[[-7,20.5]]}"#),
            "{text}"
        );
        assert_eq!(
            serde_json::from_str::<CloudWatch>(&text).expect("the same"),
            seen
        );
        let other = text.replace("note", "proof");
        assert!(serde_json::from_str::<CloudWatch>(&other).is_err());
    }
}
