//! The percentile spectrum of response time, service time and end-to-end latency, one curve a phase.

use super::figure::{Figure, Line, Panel, Series, XAxis, YAxis, caption};
use super::limits;
use super::style::Ink;
use orderproof_core::metrics::Histogram;
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::thousands;
use orderproof_core::scenario::Metric;
use orderproof_core::verify::PhaseFigures;

/// Points between each halving of the distance to 100%.
const TICKS: u32 = 8;
/// Samples beyond a percentile below which it says little.
const FEW: f64 = 10.0;
/// What the tail's color means.
pub(super) const GRAY: &str = "gray: fewer than 10 samples beyond";
const INKS: [Ink; 6] = [
    Ink::Blue,
    Ink::Vermillion,
    Ink::Green,
    Ink::Orange,
    Ink::Sky,
    Ink::Purple,
];

pub(super) fn figure(report: &RunReport) -> Figure {
    let phases: Vec<_> = report
        .phases
        .iter()
        .map(|phase| &phase.figures)
        .filter(|phase| !phase.warm_up)
        .collect();
    let panel = |y_title, pick: fn(&PhaseFigures) -> &Histogram| {
        let most = phases
            .iter()
            .map(|phase| pick(phase).count())
            .max()
            .unwrap_or(0);
        let nines = (most.max(10) as f64).log10();
        let inks = phases.iter().zip(INKS.into_iter().cycle());
        let curves = inks
            .flat_map(|(phase, ink)| curve(&phase.name, pick(phase), (ink, Line::Solid), nines));
        let axis = XAxis::Quantiles(nines);
        Panel::plain(axis, YAxis::LogMicros, y_title, curves.collect())
    };
    let mut responses = panel("response time", |phase| &phase.response_time);
    let XAxis::Quantiles(nines) = responses.x else {
        unreachable!("the axis of a spectrum")
    };
    // Beside the response time: what of it is the service's, and what had to wait to be sent.
    let served = phases.iter().zip(INKS.into_iter().cycle());
    let served = served.flat_map(|(phase, ink)| {
        let name = format!("{}, service time", phase.name);
        curve(&name, &phase.service_time, (ink, Line::Dashed), nines)
    });
    responses.series.extend(served);
    responses.limits =
        limits::over_quantiles(report, |metric| matches!(metric, Metric::ResponseTime(_)));
    let mut ends = panel("end-to-end latency", |phase| &phase.end_to_end);
    ends.limits = limits::over_quantiles(report, |metric| matches!(metric, Metric::EndToEnd(_)));
    Figure {
        title: "Percentile spectrum by phase, without warm-up".into(),
        caption: caption(report, GRAY),
        panels: vec![responses, ends],
    }
}

/// A curve and, in gray, its undersampled tail.
pub(super) fn curve(
    name: &str,
    histogram: &Histogram,
    (ink, line): (Ink, Line),
    nines: f64,
) -> [Series; 2] {
    let count = histogram.count() as f64;
    let place = |quantile: f64| (-(1.0 - quantile).max(1e-12).log10()).min(nines);
    let mut sampled = Vec::new();
    let mut tail = Vec::new();
    for (quantile, duration) in histogram.percentile_spectrum(TICKS) {
        let point = (place(quantile), Some(duration.as_secs_f64() * 1e6));
        let few = (1.0 - quantile) * count < FEW;
        // The tail starts where the sampled part ends.
        if few && tail.is_empty() {
            tail.extend(sampled.last().copied());
        }
        if few {
            tail.push(point)
        } else {
            sampled.push(point)
        }
    }
    // Nothing was served that is not in the response times: the samples are the same.
    let name = match line {
        Line::Dashed => name.to_owned(),
        _ => format!("{name} ({} samples)", thousands(histogram.count())),
    };
    let series = |name, ink, points| Series {
        name,
        ink,
        line,
        points,
    };
    [
        series(String::new(), Ink::Gray, tail),
        series(name, ink, sampled),
    ]
}
