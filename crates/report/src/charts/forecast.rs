//! The charts of a forecast alone. Each says in its title and its caption that it is one.

use super::figure::{Figure, Line, Panel, Series, XAxis, YAxis};
use super::foreseen::{NO_EVIDENCE, NOT_DRAWN, by_phase, by_second, phase_bands, seeds};
use super::frame::Frame;
use super::style::Ink;
use super::{ChartError, drawing, png_of};
use orderproof_plan::{Forecast, Second};

/// A chart of a forecast: the same as those of a run, as far as a forecast has their figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForecastChart {
    /// Orders per second: scheduled, stored, dead-lettered.
    Rates,
    /// Backlog, and the messages that wait and are in flight.
    Backlog,
    /// End-to-end percentiles of each phase.
    Latency,
    /// The function's concurrency, and the writes that are throttled.
    Concurrency,
}

impl ForecastChart {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rates, Self::Backlog, Self::Latency, Self::Concurrency];

    /// The file's name without its extension: never that of a run's chart.
    pub fn file_stem(self) -> &'static str {
        match self {
            Self::Rates => "forecast-rates",
            Self::Backlog => "forecast-backlog",
            Self::Latency => "forecast-latency",
            Self::Concurrency => "forecast-concurrency",
        }
    }

    /// What it shows, in a line.
    pub fn words(self) -> &'static str {
        match self {
            Self::Rates => "Orders per second: scheduled, stored, dead-lettered",
            Self::Backlog => "Backlog, and messages that wait and are in flight",
            Self::Latency => "End-to-end latency by phase",
            Self::Concurrency => "Concurrency of the function, and throttled writes",
        }
    }

    pub(super) fn figure(self, forecast: &Forecast) -> Figure {
        let line = |name, ink, line, pick, at| by_second(forecast, (name, ink, line), pick, at);
        let own = |name, ink, pick: fn(&Second) -> u64| line(name, ink, Line::Solid, pick, 0.5);
        let panels = match self {
            Self::Rates => vec![(
                YAxis::Count,
                "orders per second",
                vec![
                    line(
                        "scheduled",
                        Ink::Gray,
                        Line::Thick,
                        |one| one.scheduled_orders,
                        0.5,
                    ),
                    own("stored", Ink::Green, |one| one.stored_orders),
                    own("dead-lettered", Ink::Vermillion, |one| {
                        one.dead_lettered_orders
                    }),
                ],
            )],
            Self::Backlog => vec![(
                YAxis::Count,
                "orders",
                vec![
                    line(
                        "backlog",
                        Ink::Blue,
                        Line::Solid,
                        |one| one.backlog_orders,
                        1.0,
                    ),
                    line(
                        "waiting in the queue",
                        Ink::Orange,
                        Line::Dashed,
                        |one| one.queue_visible_messages,
                        1.0,
                    ),
                    line(
                        "in flight: in work, or held back for a retry",
                        Ink::Vermillion,
                        Line::Dashed,
                        |one| one.queue_in_flight_messages,
                        1.0,
                    ),
                ],
            )],
            Self::Latency => vec![(YAxis::LogMicros, "end-to-end latency", quantiles(forecast))],
            Self::Concurrency => vec![
                (
                    YAxis::Count,
                    "at one time",
                    vec![own("most invocations at one time", Ink::Blue, |one| {
                        one.max_concurrent_invocations.into()
                    })],
                ),
                (
                    YAxis::Count,
                    "a second",
                    vec![own("throttled writes", Ink::Vermillion, |one| {
                        one.throttled_writes
                    })],
                ),
            ],
        };
        let of = |(y, title, series)| panel(forecast, y, title, series);
        Figure {
            title: format!("{NO_EVIDENCE}: {}", self.words()),
            caption: caption(forecast, self),
            panels: panels.into_iter().map(of).collect(),
        }
        .shown()
    }
}

/// A chart of a forecast as an SVG document.
///
/// # Errors
/// When the drawing library refuses.
pub fn forecast_svg(chart: ForecastChart, forecast: &Forecast) -> Result<String, ChartError> {
    Ok(drawing(&chart.figure(forecast), Frame::Wide, chart.file_stem())?.svg)
}

/// A chart of a forecast as a PNG file.
///
/// # Errors
/// When the drawing library or the encoder refuses.
pub fn forecast_png(chart: ForecastChart, forecast: &Forecast) -> Result<Vec<u8>, ChartError> {
    png_of(&chart.figure(forecast), chart.file_stem())
}

fn quantiles(forecast: &Forecast) -> Vec<Series> {
    let of = |name, ink, pick| by_phase(forecast, (name, ink), Line::Solid, pick);
    let mut all = of("p50", Ink::Orange, |phase| phase.end_to_end_p50_us);
    all.extend(of("p95", Ink::Green, |phase| phase.end_to_end_p95_us));
    all.extend(of("p99", Ink::Vermillion, |phase| phase.end_to_end_p99_us));
    all
}

fn panel(forecast: &Forecast, y: YAxis, title: &'static str, series: Vec<Series>) -> Panel {
    let bands = phase_bands(forecast);
    let end = bands.last().map_or(1.0, |band| band.to);
    let axis = XAxis::Seconds(end.max(forecast.timeline.len() as f64).max(1.0));
    Panel {
        bands,
        ..Panel::plain(axis, y, title, series)
    }
}

fn caption(forecast: &Forecast, chart: ForecastChart) -> String {
    let about = match chart {
        ForecastChart::Latency => NOT_DRAWN,
        _ => "by the second: the first seed",
    };
    let played = match forecast.time_scale {
        1.0 => String::new(),
        scale => format!(", played {scale} times faster"),
    };
    format!(
        "{NO_EVIDENCE}  \u{2022}  {}{played}  \u{2022}  {}  \u{2022}  {about}",
        forecast.scenario,
        seeds(forecast)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use orderproof_core::results::fixture::{SPIKE, World};
    use orderproof_core::scenario::{Overrides, parse};
    use orderproof_plan::Range;

    use super::*;
    use crate::charts::{both_png, both_svg, overlaid};

    fn forecast(seeds: &[u64]) -> Forecast {
        let file = include_str!("../../../../scenarios/default-table.toml");
        let scenario = parse("default-table.toml", file, &Overrides::default()).expect("valid");
        orderproof_plan::forecast(&scenario, seeds, Instant::now()).expect("it can be forecast")
    }

    fn names(figure: &Figure) -> Vec<&str> {
        let panels = figure.panels.iter();
        let series = panels.flat_map(|panel| &panel.series);
        series.map(|series| series.name.as_str()).collect()
    }

    #[test]
    fn every_chart_of_a_forecast_says_that_it_is_one_and_shows_its_figures() {
        let forecast = forecast(&[1, 2]);
        for chart in ForecastChart::ALL {
            let figure = chart.figure(&forecast);
            assert!(figure.panels.iter().all(Panel::has_samples), "{chart:?}");
            let svg = forecast_svg(chart, &forecast).expect("drawn");
            assert_eq!(
                svg.matches(NO_EVIDENCE).count(),
                2,
                "{chart:?}: title and caption"
            );
            assert!(!forecast_png(chart, &forecast).expect("drawn").is_empty());
        }
        let backlog = ForecastChart::Backlog.figure(&forecast);
        let most = forecast
            .timeline
            .iter()
            .map(|second| second.backlog_orders)
            .max();
        let top = backlog.panels[0].series[0].points.iter();
        let top = top.filter_map(|point| point.1).fold(0.0, f64::max);
        assert_eq!(Some(top as u64), most);
        // A phase is a level from its start to its end.
        let latency = ForecastChart::Latency.figure(&forecast);
        let p99 = latency.panels[0].series.last().expect("a line");
        let spike = forecast.phases[1].end_to_end_p99_us.expect("stored");
        assert_eq!(
            p99.points[3],
            (6.0, Some(spike.max as f64)),
            "{:?}",
            p99.points
        );
        assert!(p99.points[5].1.is_none(), "a gap between phases");
    }

    #[test]
    fn a_time_that_is_not_known_is_no_level_at_the_axis() {
        let mut forecast = forecast(&[1]);
        let at = |us| Some(Range { min: us, max: us });
        forecast.phases[0].end_to_end_p99_us = at(0);
        forecast.phases[1].end_to_end_p99_us = at(49_999);
        forecast.phases[2].end_to_end_p99_us = at(50_000);
        let figure = ForecastChart::Latency.figure(&forecast);
        let p99 = figure.panels[0].series.last().expect("a line");
        let levels: Vec<_> = p99.points.iter().filter_map(|point| point.1).collect();
        assert_eq!(levels, [50_000.0, 50_000.0]);
        assert!(figure.caption.contains(NOT_DRAWN), "{}", figure.caption);
        // Without any level there is an empty chart, and still one.
        for phase in &mut forecast.phases {
            phase.end_to_end_p50_us = at(0);
            phase.end_to_end_p95_us = at(0);
            phase.end_to_end_p99_us = at(0);
        }
        let svg = forecast_svg(ForecastChart::Latency, &forecast).expect("drawn");
        assert!(svg.contains(NOT_DRAWN), "{svg}");
    }

    #[test]
    fn one_seed_is_a_line_and_several_are_the_least_and_the_most() {
        let of = |seeds: &[u64]| {
            let figure = ForecastChart::Latency.figure(&forecast(seeds));
            names(&figure).join(", ")
        };
        assert_eq!(of(&[1]), "p50, p95, p99");
        assert!(
            of(&[1, 2, 3]).contains("p99, least, p99, most"),
            "{}",
            of(&[1, 2, 3])
        );
    }

    #[test]
    fn a_run_and_its_forecast_are_told_apart() {
        let (report, forecast) = (World::new(&SPIKE).report(), forecast(&[1]));
        let figure = overlaid(&report, &forecast);
        for panel in &figure.panels {
            for series in &panel.series {
                let is_forecast = series.name.contains(", forecast");
                assert_eq!(series.line == Line::Dashed, is_forecast, "{}", series.name);
                assert!(
                    is_forecast || series.name.ends_with(", run"),
                    "{}",
                    series.name
                );
            }
        }
        assert_eq!(figure.panels.len(), 4);
        assert!(
            both_svg(&report, &forecast)
                .expect("drawn")
                .contains(NO_EVIDENCE)
        );
        assert!(!both_png(&report, &forecast).expect("drawn").is_empty());
    }
}
