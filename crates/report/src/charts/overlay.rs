//! Two runs in one chart, aligned on the start of the highest load, with their ratio below.

use super::figure::{Band, Figure, Limit, Line, Panel, Series, XAxis, YAxis, bands};
use super::frame::Frame;
use super::percentiles::{GRAY, curve};
use super::style::Ink;
use super::{ChartError, drawing, png_of};
use orderproof_core::metrics::Histogram;
use orderproof_core::results::{Interval, RunReport, TimelineRow};
use orderproof_core::verify::PhaseFigures;

/// Of the base, and of the candidate.
const INKS: [Ink; 2] = [Ink::Blue, Ink::Vermillion];

/// The two runs.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// What is compared with.
    pub base: &'a RunReport,
    /// What is compared.
    pub candidate: &'a RunReport,
}

/// A chart of two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    /// The 99th percentiles of response time and end-to-end latency by the second.
    Latency,
    /// Orders stored, and the backlog.
    Backlog,
    /// The percentile spectrum of end-to-end latency and response time over all phases but warm-up.
    Percentiles,
}

impl Overlay {
    /// Every chart of two runs.
    pub const ALL: [Self; 3] = [Self::Latency, Self::Backlog, Self::Percentiles];

    /// The file's name without its extension.
    pub fn file_stem(self) -> &'static str {
        match self {
            Self::Latency => "compare-latency",
            Self::Backlog => "compare-backlog",
            Self::Percentiles => "compare-percentiles",
        }
    }

    /// What it shows, in a line.
    pub fn words(self) -> &'static str {
        match self {
            Self::Latency => {
                "The 95th and 99th percentiles of each second on both sides, and the candidate's p99 as a multiple of the base's."
            }
            Self::Backlog => {
                "Orders stored in each second and the backlog on both sides, and the ratio of what was stored."
            }
            Self::Percentiles => {
                "The percentile spectrum of both sides without warm-up, and the candidate's as a multiple of the base's."
            }
        }
    }

    pub(super) fn figure(self, pair: &Pair<'_>) -> Figure {
        match self {
            Self::Latency => latency(pair),
            Self::Backlog => backlog(pair),
            Self::Percentiles => percentiles(pair),
        }
        .shown()
    }
}

/// `overlay` as an SVG document.
///
/// # Errors
/// When the drawing library refuses.
pub fn overlay_svg(overlay: Overlay, pair: &Pair<'_>) -> Result<String, ChartError> {
    let figure = overlay.figure(pair);
    Ok(drawing(&figure, Frame::Wide, overlay.file_stem())?.svg)
}

/// `overlay` as a PNG file.
///
/// # Errors
/// When the drawing library or the encoder refuses.
pub fn overlay_png(overlay: Overlay, pair: &Pair<'_>) -> Result<Vec<u8>, ChartError> {
    png_of(&overlay.figure(pair), overlay.file_stem())
}

impl Pair<'_> {
    fn sides(&self) -> [(&'static str, &RunReport, Ink); 2] {
        [
            ("base", self.base, INKS[0]),
            ("candidate", self.candidate, INKS[1]),
        ]
    }

    /// From the earliest to the latest second of either.
    fn axis(&self) -> XAxis {
        let ends = self.sides().map(|(_, run, _)| {
            let zero = highest_load(run);
            (-zero, run.timeline.len() as f64 - zero)
        });
        XAxis::Around(ends[0].0.min(ends[1].0), ends[0].1.max(ends[1].1).max(1.0))
    }

    /// The base's phases: the candidate's are the same.
    fn bands(&self) -> Vec<Band> {
        let zero = highest_load(self.base);
        let shifted = |band: Band| Band {
            from: band.from - zero,
            to: band.to - zero,
            ..band
        };
        bands(self.base).into_iter().map(shifted).collect()
    }

    fn caption(&self) -> String {
        format!(
            "{}  \u{2022}  base: run {}, seed {}  \u{2022}  candidate: run {}, seed {}  \u{2022}  orderproof {}",
            self.base.scenario.name,
            self.base.run_id,
            self.base.scenario.seed,
            self.candidate.run_id,
            self.candidate.scenario.seed,
            self.candidate.provenance.version
        )
    }
}

/// When the phase began in which most orders a second were due, seconds since the run's start.
fn highest_load(run: &RunReport) -> f64 {
    let phases = run.phases.iter().filter(|phase| !phase.figures.warm_up);
    let rate = |phase: &&orderproof_core::results::PhaseReport| {
        let length = phase.end.saturating_sub(phase.start).as_secs_f64();
        phase.scheduled as f64 / length.max(1e-9)
    };
    phases
        .max_by(|one, other| rate(one).total_cmp(&rate(other)))
        .map_or(0.0, |phase| phase.start.as_secs_f64())
}

/// A figure of each second, with the second's middle on the common axis.
fn points(run: &RunReport, pick: fn(&TimelineRow) -> Option<f64>) -> Vec<(f64, Option<f64>)> {
    let zero = highest_load(run);
    let point = |row: &TimelineRow| (row.time_s as f64 + 0.5 - zero, pick(row));
    run.timeline.iter().map(point).collect()
}

/// Candidate to base, with a line where both are the same.
fn ratios(x: XAxis, series: Vec<Series>) -> Panel {
    let same = Limit {
        at: 1.0,
        label: "the same".into(),
        across: None,
    };
    Panel {
        limits: vec![same],
        ..Panel::plain(x, YAxis::Ratio, "ratio", series)
    }
}

/// Whose it is and what: the panels of a chart are read together.
fn named(side: &str, what: &str) -> String {
    format!("{side}, {what}")
}

fn over_time(
    pair: &Pair<'_>,
    y: YAxis,
    what: &'static str,
    pick: fn(&TimelineRow) -> Option<f64>,
) -> Panel {
    let series = pair.sides().map(|(side, run, ink)| {
        Series::new(named(side, what), ink, Line::Solid, points(run, pick))
    });
    Panel {
        bands: pair.bands(),
        ..Panel::plain(pair.axis(), y, what, series.into())
    }
}

/// Candidate to base where both have a value above zero, at the base's places.
fn ratio(base: &[(f64, Option<f64>)], candidate: &[(f64, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    let its = |place: f64| {
        let at = candidate.partition_point(|point| point.0 < place - 1e-6);
        let (found, value) = candidate.get(at)?;
        ((found - place).abs() < 0.5).then_some((*value)?)
    };
    base.iter()
        .map(|&(place, value)| {
            let both = value.zip(its(place));
            let both = both.filter(|&(base, candidate)| base > 0.0 && candidate > 0.0);
            (place, both.map(|(base, candidate)| candidate / base))
        })
        .collect()
}

fn ratio_over_time(
    pair: &Pair<'_>,
    name: &str,
    ink: Ink,
    pick: fn(&TimelineRow) -> Option<f64>,
) -> Series {
    let ratio = ratio(&points(pair.base, pick), &points(pair.candidate, pick));
    Series::new(name, ink, Line::Solid, ratio)
}

fn latency(pair: &Pair<'_>) -> Figure {
    let response = |row: &TimelineRow| row.response_time_p99_us.map(|us| us as f64);
    let end_to_end = |row: &TimelineRow| row.end_to_end_p99_us.map(|us| us as f64);
    let name = "response time p99, candidate to base";
    let p95 = |what, pick| {
        let sides = pair.sides().into_iter();
        sides.filter_map(move |(side, run, ink)| {
            let name = named(side, what);
            Series::p95_by_second(run, (&name, ink, Line::Dashed), pick, highest_load(run))
        })
    };
    let mut responses = over_time(pair, YAxis::LogMicros, "response time p99", response);
    let of_response = p95("response time p95", |one: &Interval| &one.response_time);
    responses.series.extend(of_response);
    let mut ends = over_time(pair, YAxis::LogMicros, "end-to-end p99", end_to_end);
    ends.series
        .extend(p95("end-to-end p95", |one| &one.end_to_end));
    (responses.y_title, ends.y_title) = ("response time", "end-to-end latency");
    let both = vec![
        ratio_over_time(pair, name, Ink::Sky, response),
        ratio_over_time(pair, "end-to-end latency p99", Ink::Black, end_to_end),
    ];
    Figure {
        title: "p95 and p99 of response time and end-to-end latency: candidate and base".into(),
        caption: pair.caption(),
        panels: vec![responses, ends, ratios(pair.axis(), both)],
    }
}

fn backlog(pair: &Pair<'_>) -> Figure {
    let stored = |row: &TimelineRow| row.stored_orders.map(|orders| orders as f64);
    let backlog = |row: &TimelineRow| row.backlog_orders.map(|orders| orders as f64);
    let ratio = ratio_over_time(pair, "stored, candidate to base", Ink::Black, stored);
    Figure {
        title: "Orders stored in a second, and the backlog: candidate and base".into(),
        caption: pair.caption(),
        panels: vec![
            over_time(pair, YAxis::Count, "stored a second", stored),
            over_time(pair, YAxis::Count, "backlog", backlog),
            ratios(pair.axis(), vec![ratio]),
        ],
    }
}

fn percentiles(pair: &Pair<'_>) -> Figure {
    type Pick = fn(&PhaseFigures) -> &Histogram;
    let picks: [(&'static str, Pick, Ink); 2] = [
        ("response time", |phase| &phase.response_time, Ink::Sky),
        ("end-to-end latency", |phase| &phase.end_to_end, Ink::Black),
    ];
    let merged = |run: &RunReport, pick: Pick| {
        let mut merged = Histogram::new();
        let phases = run.phases.iter().map(|phase| &phase.figures);
        for phase in phases.filter(|phase| !phase.warm_up) {
            merged.merge(pick(phase));
        }
        merged
    };
    let most = picks.map(|(_, pick, _)| {
        pair.sides()
            .map(|(_, run, _)| merged(run, pick).count())
            .into_iter()
            .max()
    });
    let most = most.into_iter().flatten().max().unwrap_or(0);
    let nines = (most.max(10) as f64).log10();
    let axis = XAxis::Quantiles(nines);
    let mut panels = Vec::new();
    let mut both = Vec::new();
    for (what, pick, ink) in picks {
        let sides = pair.sides().into_iter();
        let curves = sides.flat_map(|(side, run, ink)| {
            let (name, durations) = (named(side, what), merged(run, pick));
            curve(&name, &durations, (ink, Line::Solid), nines)
        });
        let name = format!("{what}, candidate to base");
        let ratio = quantile_ratio(&merged(pair.base, pick), &merged(pair.candidate, pick));
        both.push(Series::new(name, ink, Line::Solid, ratio));
        let curves = curves.collect();
        panels.push(Panel::plain(axis, YAxis::LogMicros, what, curves));
    }
    panels.push(ratios(axis, both));
    Figure {
        title: "Percentile spectrum without warm-up: candidate and base".into(),
        caption: format!("{}  \u{2022}  {GRAY}", pair.caption()),
        panels,
    }
}

fn quantile_ratio(base: &Histogram, candidate: &Histogram) -> Vec<(f64, Option<f64>)> {
    // Beyond ten samples a ratio is chance.
    let most = (base.count().min(candidate.count()) as f64 / 10.0)
        .max(1.0)
        .log10();
    let at = |histogram: &Histogram, quantile| {
        histogram
            .quantile(quantile)
            .map(|duration| duration.as_secs_f64())
    };
    (0..=100)
        .map(|step| most * f64::from(step) / 100.0)
        .filter_map(|nines| {
            let quantile = 1.0 - 10f64.powf(-nines);
            let (base, candidate) = (at(base, quantile)?, at(candidate, quantile)?);
            (base > 0.0 && candidate > 0.0).then_some((nines, Some(candidate / base)))
        })
        .collect()
}
