//! Files for the tools of the HdrHistogram project: percentile distributions and the interval log.

use std::collections::HashSet;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::RenderError;
use orderproof_core::metrics::{Histogram, LogLine};
use orderproof_core::results::{Interval, RunReport};
use orderproof_core::verify::PhaseFigures;

/// A duration that is measured of every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// `acked_at - intended_at`.
    ResponseTime,
    /// `acked_at - sent_at`.
    ServiceTime,
    /// `stored_at - intended_at`.
    EndToEnd,
}

impl Measured {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ResponseTime, Self::ServiceTime, Self::EndToEnd];

    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResponseTime => "response_time",
            Self::ServiceTime => "service_time",
            Self::EndToEnd => "end_to_end",
        }
    }

    fn of_phase(self, figures: &PhaseFigures) -> &Histogram {
        match self {
            Self::ResponseTime => &figures.response_time,
            Self::ServiceTime => &figures.service_time,
            Self::EndToEnd => &figures.end_to_end,
        }
    }

    fn of_interval(self, interval: &Interval) -> &Histogram {
        match self {
            Self::ResponseTime => &interval.response_time,
            Self::ServiceTime => &interval.service_time,
            Self::EndToEnd => &interval.end_to_end,
        }
    }
}

/// One percentile distribution: its part's name and what it is of.
pub(super) struct Distribution {
    /// `response_time`, or `response_time-spike` of one phase.
    pub name: String,
    of: String,
    histogram: Histogram,
}

/// The distributions of a run that have samples: of each duration over every phase but warm-up, then by phase.
pub(super) fn distributions(report: &RunReport) -> Vec<Distribution> {
    let mut found = Vec::new();
    let mut names = HashSet::new();
    for measured in Measured::ALL {
        let word = measured.as_str();
        let mut merged = Histogram::new();
        for phase in report.phases.iter().filter(|phase| !phase.figures.warm_up) {
            merged.merge(measured.of_phase(&phase.figures));
        }
        found.push(Distribution {
            name: word.into(),
            of: format!("{word}, every phase but warm-up"),
            histogram: merged,
        });
        for (index, phase) in report.phases.iter().enumerate() {
            let figures = &phase.figures;
            let mut name = format!("{word}-{}", file_safe(&figures.name));
            if !names.insert(name.clone()) {
                name = format!("{name}-{}", index + 1);
            }
            found.push(Distribution {
                name,
                of: format!("{word}, phase {}", file_safe(&figures.name)),
                histogram: measured.of_phase(figures).clone(),
            });
        }
    }
    found.retain(|distribution| !distribution.histogram.is_empty());
    found
}

impl Distribution {
    /// The `.hgrm` file; the unit stands in a last comment, since the format has no place for it.
    pub(super) fn render(&self) -> Vec<u8> {
        let mut text = self.histogram.percentile_distribution();
        text.push_str(&format!("#[Unit = milliseconds; {}]\n", self.of));
        text.into_bytes()
    }
}

/// The `.hlog` file: a line for each second and duration that has samples.
pub(super) fn interval_log(report: &RunReport) -> Result<Vec<u8>, RenderError> {
    if report.intervals.is_empty() {
        return Err(RenderError::NoIntervals);
    }
    let start: Option<Timestamp> = report.started_at.parse().ok();
    let start = start
        .and_then(|start| SystemTime::try_from(start).ok())
        .ok_or_else(|| RenderError::Start(report.started_at.clone()))?;
    let lines = report.intervals.iter().flat_map(|interval| {
        Measured::ALL.into_iter().map(move |measured| LogLine {
            start: Duration::from_secs(interval.time_s),
            length: Duration::from_secs(1),
            tag: measured.as_str(),
            histogram: measured.of_interval(interval),
        })
    });
    let run = format!("orderproof run {}", report.run_id);
    Ok(Histogram::interval_log(
        &[
            &run,
            "Values are microseconds; Interval_Max is milliseconds.",
            "An order counts in the second in which it was due, whenever it was acknowledged or stored.",
        ],
        start,
        lines.filter(|line| !line.histogram.is_empty()),
    ))
}

/// A phase's name as part of a file's: `run.json` may come from anywhere.
fn file_safe(name: &str) -> String {
    let kept = name.chars().take(60);
    kept.map(|c| match c {
        c if c.is_ascii_alphanumeric() || c == '_' || c == '-' => c,
        _ => '_',
    })
    .collect()
}
