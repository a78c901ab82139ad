//! A chart as plain data.

use std::borrow::Cow;
use std::time::Duration;

use super::heat::Heat;
use super::style::Ink;
use orderproof_core::escape::line;
use orderproof_core::metrics::Histogram;
use orderproof_core::results::{Interval, RunReport, TimelineRow};

/// How many times the values an axis reaches to show a limit.
const NEAR: f64 = 20.0;

/// Points of one series at most; longer runs are thinned to each bucket's maximum.
const MAX_POINTS: usize = 1_000;
/// And on a phone.
const NARROW_POINTS: usize = 320;

/// A chart: panels one above the other.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figure {
    pub title: String,
    pub caption: String,
    pub panels: Vec<Panel>,
}

impl Figure {
    /// Whether the axis below a panel says what it is of: where the next one has another.
    pub(super) fn has_x_title(&self, panel: usize) -> bool {
        let next = self.panels.get(panel + 1);
        next.is_none_or(|next| next.x != self.panels[panel].x)
    }

    /// The same with no more points than a phone shows.
    pub(super) fn thinned(&self) -> Self {
        let mut figure = self.clone();
        let series = figure.panels.iter_mut().flat_map(|panel| &mut panel.series);
        for series in series {
            series.points = thinned(std::mem::take(&mut series.points), NARROW_POINTS);
        }
        figure
    }

    /// The same with every text as it may be shown: names of phases come from files.
    pub(super) fn shown(mut self) -> Self {
        let panels = self.panels.iter_mut().flat_map(|panel| {
            let names = panel.series.iter_mut().map(|series| &mut series.name);
            let bands = panel.bands.iter_mut().map(|band| &mut band.name);
            let span = panel.span.iter_mut().map(|span| &mut span.label);
            let limits = panel.limits.iter_mut().map(|limit| &mut limit.label);
            names.chain(bands).chain(span).chain(limits)
        });
        for text in panels.chain([&mut self.title, &mut self.caption]) {
            if let Cow::Owned(shown) = line(text) {
                *text = shown;
            }
        }
        self
    }
}

/// One pair of axes with its series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Panel {
    pub x: XAxis,
    pub y: YAxis,
    pub y_title: &'static str,
    pub series: Vec<Series>,
    pub bands: Vec<Band>,
    pub span: Option<Span>,
    /// Counts behind the lines.
    pub heat: Option<Heat>,
    /// Levels that should not be reached.
    pub limits: Vec<Limit>,
    /// Of the height the panels share.
    pub weight: f64,
}

/// What the horizontal axis means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum XAxis {
    /// Seconds since the run's start, up to this many.
    Seconds(f64),
    /// Seconds before and after the spike's start.
    Around(f64, f64),
    /// Quantiles on a logarithmic 1/(1-p) axis, up to this many nines.
    Quantiles(f64),
}

/// What the vertical axis means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum YAxis {
    /// A count or a rate from zero.
    Count,
    /// Seconds from zero.
    Seconds,
    /// A duration in microseconds, on a logarithmic axis.
    LogMicros,
    /// Candidate to base, on a logarithmic axis around 1.
    Ratio,
}

/// A level across the panel, or across a stretch of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limit {
    pub at: f64,
    pub label: String,
    pub across: Option<Stretch>,
}

/// A part of the x axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stretch {
    pub from: f64,
    pub to: f64,
}

/// A line. A point without a value is a gap.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub name: String,
    pub ink: Ink,
    pub line: Line,
    pub points: Vec<(f64, Option<f64>)>,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Under lines that may cover it.
    Thick,
    Solid,
    Thin,
    Dashed,
}

/// A shaded stretch of the time axis.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Band {
    pub name: String,
    pub from: f64,
    pub to: f64,
    pub warm_up: bool,
}

/// A measured stretch, drawn as an arrow.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub from: f64,
    pub to: f64,
    pub label: String,
    /// How far it may reach.
    pub limit: Option<f64>,
}

impl Series {
    /// A series of one value a row, thinned.
    pub(super) fn new(
        name: impl Into<String>,
        ink: Ink,
        line: Line,
        points: Vec<(f64, Option<f64>)>,
    ) -> Self {
        Self {
            name: name.into(),
            ink,
            line,
            points: thinned(points, MAX_POINTS),
        }
    }

    /// A figure of each second of a run, in its middle.
    pub(super) fn by_second(
        report: &RunReport,
        (name, ink, line): (&str, Ink, Line),
        pick: fn(&TimelineRow) -> Option<u64>,
    ) -> Self {
        let point = |row: &TimelineRow| (row.time_s as f64 + 0.5, pick(row).map(|n| n as f64));
        Self::new(name, ink, line, report.timeline.iter().map(point).collect())
    }

    /// The 95th percentile of each second; nothing of a run that kept no counts by the second.
    pub(super) fn p95_by_second(
        report: &RunReport,
        (name, ink, line): (&str, Ink, Line),
        pick: fn(&Interval) -> &Histogram,
        zero: f64,
    ) -> Option<Self> {
        let mut intervals = report.intervals.iter().peekable();
        let point = |row: &TimelineRow| {
            while intervals.next_if(|one| one.time_s < row.time_s).is_some() {}
            let own = intervals.peek().filter(|one| one.time_s == row.time_s);
            let p95 = own.and_then(|one| pick(one).summary().p95_us);
            (row.time_s as f64 + 0.5 - zero, p95.map(|us| us as f64))
        };
        let points: Vec<_> = report.timeline.iter().map(point).collect();
        (!report.intervals.is_empty()).then(|| Self::new(name, ink, line, points))
    }

    /// The stretches between gaps.
    pub(super) fn stretches(&self) -> Vec<Vec<(f64, f64)>> {
        let mut stretches = vec![Vec::new()];
        for &(x, y) in &self.points {
            match y {
                Some(y) => stretches.last_mut().expect("never empty").push((x, y)),
                None => stretches.push(Vec::new()),
            }
        }
        stretches.retain(|stretch| !stretch.is_empty());
        stretches
    }
}

impl Panel {
    /// Lines against the time of a run, with nothing else.
    pub(super) fn over_time(
        report: &RunReport,
        y: YAxis,
        y_title: &'static str,
        series: Vec<Series>,
    ) -> Self {
        Self {
            bands: bands(report),
            ..Self::plain(time_axis(report), y, y_title, series)
        }
    }

    /// Lines and their axes, with nothing else.
    pub(super) fn plain(x: XAxis, y: YAxis, y_title: &'static str, series: Vec<Series>) -> Self {
        Self {
            x,
            y,
            y_title,
            series,
            bands: Vec::new(),
            span: None,
            heat: None,
            limits: Vec::new(),
            weight: 1.0,
        }
    }

    /// The lines with a name; the others are parts of these (an undersampled tail).
    pub(super) fn named(&self) -> impl Iterator<Item = &Series> {
        self.series.iter().filter(|series| !series.name.is_empty())
    }

    /// Whether any series has a value.
    pub(super) fn has_samples(&self) -> bool {
        self.series
            .iter()
            .any(|series| series.points.iter().any(|point| point.1.is_some()))
    }

    /// The largest value of any series, or a limit that is near.
    pub(super) fn top(&self) -> f64 {
        let top = self.values().fold(0.0, f64::max);
        let limits = self.limits.iter().map(|limit| limit.at);
        limits.filter(|&at| at <= top * NEAR).fold(top, f64::max)
    }

    /// The smallest value above zero, or a limit that is near.
    pub(super) fn bottom(&self) -> f64 {
        let values = self.values().filter(|&value| value > 0.0);
        let bottom = values.fold(f64::INFINITY, f64::min);
        let limits = self.limits.iter().map(|limit| limit.at);
        limits
            .filter(|&at| at >= bottom / NEAR)
            .fold(bottom, f64::min)
    }

    fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.series
            .iter()
            .flat_map(|series| series.points.iter().filter_map(|point| point.1))
    }
}

/// Keeps the maximum of each bucket: a thinned chart hides no peak.
fn thinned(points: Vec<(f64, Option<f64>)>, most: usize) -> Vec<(f64, Option<f64>)> {
    if points.len() <= most {
        return points;
    }
    let bucket = points.len().div_ceil(most);
    points
        .chunks(bucket)
        .map(|chunk| {
            (
                chunk[0].0,
                chunk.iter().filter_map(|point| point.1).reduce(f64::max),
            )
        })
        .collect()
}

/// The phases of a run as bands.
pub(super) fn bands(report: &RunReport) -> Vec<Band> {
    report
        .phases
        .iter()
        .map(|phase| Band {
            name: phase.figures.name.clone(),
            from: phase.start.as_secs_f64(),
            to: phase.end.as_secs_f64(),
            warm_up: phase.figures.warm_up,
        })
        .collect()
}

/// The time axis of a run: to its last second.
pub(super) fn time_axis(report: &RunReport) -> XAxis {
    let phases = report
        .phases
        .last()
        .map_or(Duration::ZERO, |phase| phase.end)
        .as_secs_f64();
    XAxis::Seconds(phases.max(report.timeline.len() as f64).max(1.0))
}

/// What every chart says of its run.
pub(super) fn caption(report: &RunReport, samples: &str) -> String {
    let played = match report.scenario.time_scale {
        1.0 => String::new(),
        scale => format!(", played {scale} times faster"),
    };
    format!(
        "{}{played}  \u{2022}  run {}  \u{2022}  seed {}  \u{2022}  {samples}  \u{2022}  orderproof {}",
        report.scenario.name, report.run_id, report.scenario.seed, report.provenance.version
    )
}
