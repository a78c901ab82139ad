//! A forecast as lines, and a run with its forecast in one chart: lines of the run, dashes of the forecast.

use super::figure::{Band, Figure, Line, Panel, Series, XAxis, YAxis, bands, caption, time_axis};
use super::style::Ink;
use orderproof_core::results::{PhaseReport, RunReport, TimelineRow};
use orderproof_plan::{Forecast, KNOWN_FROM_US, PhaseForecast, Range, Second};

/// What the caption of every chart of a forecast says first.
pub(super) const NO_EVIDENCE: &str = "FORECAST, no evidence";

/// What a chart of a forecast says of durations that are not in it.
pub(super) const NOT_DRAWN: &str = "times below 50 ms are not known, and not drawn";

/// The file's name of the chart of both, without its extension.
pub const BOTH: &str = "forecast";

/// What it shows, in a line.
pub const BOTH_WORDS: &str =
    "Forecast and run: backlog, concurrency, stored orders, end-to-end p99";

/// A duration of a phase, over the seeds.
type OfPhase = fn(&PhaseForecast) -> Option<Range<u64>>;

/// The run and the forecast that was made before it, laid over one another.
pub(super) fn both(report: &RunReport, forecast: &Forecast) -> Figure {
    let XAxis::Seconds(measured) = time_axis(report) else {
        unreachable!("the axis of a run")
    };
    let axis = XAxis::Seconds(measured.max(forecast.timeline.len() as f64));
    let panel = |y, title, series| Panel {
        bands: bands(report),
        ..Panel::plain(axis, y, title, series)
    };
    let over_time = |title,
                     what: &str,
                     of_run: fn(&TimelineRow) -> Option<u64>,
                     of_it: fn(&Second) -> u64,
                     at| {
        let point = |row: &TimelineRow| {
            let value = of_run(row).map(|value| value as f64);
            (row.time_s as f64 + at, value)
        };
        let run = report.timeline.iter().map(point).collect();
        let run = Series::new(format!("{what}, run"), Ink::Blue, Line::Solid, run);
        let name = format!("{what}, forecast");
        let forecast = by_second(forecast, (&name, Ink::Orange, Line::Dashed), of_it, at);
        panel(YAxis::Count, title, vec![run, forecast])
    };
    let mut p99 = vec![p99_of_run(report)];
    let named = ("end-to-end p99, forecast", Ink::Orange);
    p99.extend(by_phase(forecast, named, Line::Dashed, |phase| {
        phase.end_to_end_p99_us
    }));
    Figure {
        title: "Forecast and run: backlog, concurrency, stored orders, end-to-end p99".into(),
        caption: caption(
            report,
            &format!(
                "dashed: {NO_EVIDENCE}, {}; its {NOT_DRAWN}",
                seeds(forecast)
            ),
        ),
        panels: vec![
            over_time(
                "orders",
                "backlog",
                |row| row.backlog_orders,
                |second| second.backlog_orders,
                1.0,
            ),
            over_time(
                "at one time",
                "most invocations at one time",
                |row| row.max_concurrent_invocations.map(u64::from),
                |second| second.max_concurrent_invocations.into(),
                0.5,
            ),
            over_time(
                "a second",
                "stored",
                |row| row.stored_orders,
                |second| second.stored_orders,
                0.5,
            ),
            panel(YAxis::LogMicros, "end-to-end p99", p99),
        ],
    }
}

/// What the chart of both shows, with the figures that matter.
pub(super) fn described(report: &RunReport, forecast: &Forecast) -> String {
    let backlog = report.backlog().map_or(0, |backlog| backlog.peak);
    let Range { min, max } = forecast.backlog_peak_orders;
    format!(
        "The run is drawn in lines, the forecast in dashes: of the first of its seeds by the second, of the p99 the least and \
         the most of all seeds by the phase. The backlog was largest with {backlog} orders; forecast were {}. A forecast is no \
         evidence.",
        match min == max {
            true => min.to_string(),
            false => format!("{min} to {max}"),
        }
    )
}

/// The seeds that were played, in a fragment.
pub(super) fn seeds(forecast: &Forecast) -> String {
    match forecast.seeds.as_slice() {
        [only] => format!("seed {only}"),
        [first, .., last] => format!("seeds {first} to {last}"),
        [] => "no seed".into(),
    }
}

/// A figure of each second of the first seed, `at` its middle or its end.
pub(super) fn by_second(
    forecast: &Forecast,
    (name, ink, line): (&str, Ink, Line),
    pick: fn(&Second) -> u64,
    at: f64,
) -> Series {
    let point = |second: &Second| (second.time_s as f64 + at, Some(pick(second) as f64));
    let points = forecast.timeline.iter().map(point).collect();
    Series::new(name, ink, line, points)
}

/// A duration of each phase as a level across it: the least over the seeds, and the most where that is another.
pub(super) fn by_phase(
    forecast: &Forecast,
    (name, ink): (&str, Ink),
    line: Line,
    pick: OfPhase,
) -> Vec<Series> {
    let levels = |end: fn(Range<u64>) -> u64| -> Vec<(f64, Option<f64>)> {
        let phases = forecast.phases.iter().zip(phase_bands(forecast));
        let level = |(phase, band): (&PhaseForecast, Band)| {
            // What is shorter is not known: no level, and not one at the axis.
            let level = pick(phase).map(end).filter(|us| *us >= KNOWN_FROM_US);
            let level = level.map(|us| us as f64);
            [(band.from, level), (band.to, level), (band.to, None)]
        };
        phases.flat_map(level).collect()
    };
    let (least, most) = (levels(|range| range.min), levels(|range| range.max));
    let series = |name: String, points| Series {
        name,
        ink,
        line,
        points,
    };
    match least == most {
        true => vec![series(name.to_owned(), least)],
        false => vec![
            series(format!("{name}, least"), least),
            series(format!("{name}, most"), most),
        ],
    }
}

/// The p99 of each phase of a run as a level across it.
fn p99_of_run(report: &RunReport) -> Series {
    let level = |phase: &PhaseReport| {
        let summary = phase.end_to_end_us.measured();
        let level = summary.and_then(|summary| summary.p99_us);
        let level = level.map(|us| us as f64);
        let (from, to) = (phase.start.as_secs_f64(), phase.end.as_secs_f64());
        [(from, level), (to, level), (to, None)]
    };
    Series {
        name: "end-to-end p99, run".into(),
        ink: Ink::Blue,
        line: Line::Solid,
        points: report.phases.iter().flat_map(level).collect(),
    }
}

/// The phases of a forecast as bands.
pub(super) fn phase_bands(forecast: &Forecast) -> Vec<Band> {
    let mut from = 0.0;
    let phases = forecast.resolved.phases.iter();
    phases
        .map(|phase| {
            let to = from + phase.duration.as_secs_f64();
            let band = Band {
                name: phase.name.clone(),
                from,
                to,
                warm_up: phase.warm_up,
            };
            from = to;
            band
        })
        .collect()
}
