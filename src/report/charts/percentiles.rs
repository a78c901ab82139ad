//! The percentile spectrum of response time and end-to-end latency, one curve a phase.

use super::figure::{Figure, Line, Panel, Series, XAxis, YAxis, caption};
use super::style::Ink;
use crate::metrics::Histogram;
use crate::report::RunReport;
use crate::verify::PhaseFigures;

/// Points between each halving of the distance to 100%.
const TICKS: u32 = 8;
/// Samples beyond a percentile below which it says little.
const FEW: f64 = 10.0;
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
        Panel {
            x: XAxis::Quantiles(nines),
            y: YAxis::LogMicros,
            y_title,
            series: phases
                .iter()
                .zip(INKS.into_iter().cycle())
                .flat_map(|(phase, ink)| curve(&phase.name, pick(phase), ink, nines))
                .collect(),
            bands: Vec::new(),
            span: None,
            weight: 1.0,
        }
    };
    Figure {
        title: "Percentile spectrum by phase, without warm-up".into(),
        caption: caption(report, "gray: fewer than 10 samples beyond"),
        panels: vec![
            panel("response time", |phase| &phase.response_time),
            panel("end-to-end latency", |phase| &phase.end_to_end),
        ],
    }
}

/// A curve and, in gray, its undersampled tail.
fn curve(name: &str, histogram: &Histogram, ink: Ink, nines: f64) -> [Series; 2] {
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
    let name = format!(
        "{name} ({} samples)",
        crate::report::figures::thousands(histogram.count())
    );
    [
        Series {
            name: String::new(),
            ink: Ink::Gray,
            line: Line::Solid,
            points: tail,
        },
        Series {
            name,
            ink,
            line: Line::Solid,
            points: sampled,
        },
    ]
}
