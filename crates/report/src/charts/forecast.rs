//! The charts of a forecast alone. Each says in its title and its caption that it is one.

use super::figure::{Figure, Line, Panel, Series, XAxis, YAxis};
use super::foreseen::{NO_EVIDENCE, by_phase, by_second, phase_bands, seeds};
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
            caption: caption(forecast),
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

fn caption(forecast: &Forecast) -> String {
    let played = match forecast.time_scale {
        1.0 => String::new(),
        scale => format!(", played {scale} times faster"),
    };
    format!(
        "{NO_EVIDENCE}  \u{2022}  {}{played}  \u{2022}  {}  \u{2022}  by the second: the first seed",
        forecast.scenario,
        seeds(forecast)
    )
}
