//! Charts, drawn from the report alone, as SVG and as PNG. The only room that names `plotters`.
//!
//! Each chart is first plain data (a `Figure`: panels, series, axes) and then drawn by one renderer,
//! so that all of them look alike and what they show can be tested without looking.

mod axis;
mod backlog;
mod bitmap;
mod cloudwatch;
mod compact;
mod concurrency;
mod describe;
mod draw;
mod figure;
mod figures;
mod forecast;
mod foreseen;
mod frame;
mod heat;
mod latency;
mod legend;
mod limits;
pub(crate) mod live;
mod overlay;
mod percentiles;
mod rates;
mod style;
mod validity;
mod values;

#[cfg(test)]
mod tests;

use plotters::prelude::*;

use bitmap::Bitmap;
use draw::Plotted;
use figure::Figure;
pub(crate) use figures::{HOW, both_of, charts_of, charts_of_pair};
pub use forecast::{ForecastChart, forecast_png, forecast_svg};
pub use foreseen::{BOTH, BOTH_WORDS};
use frame::Frame;
use orderproof_core::results::RunReport;
use orderproof_plan::Forecast;
pub use overlay::{Overlay, Pair, overlay_png, overlay_svg};

/// One of the report's charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chart {
    /// Orders per second: scheduled, offered, acknowledged, stored, dead-lettered.
    Rates,
    /// Backlog, oldest age and drain.
    Backlog,
    /// Response time and end-to-end latency over time.
    Latency,
    /// The percentile spectrum of both.
    Percentiles,
    /// The function's concurrency and what was throttled, where it ran in this process.
    Concurrency,
    /// Whether the harness kept up.
    Validity,
    /// Throttles, concurrency and messages as CloudWatch counted them, if it did.
    CloudWatch,
}

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("chart {chart}: cannot draw: {cause}")]
pub struct ChartError {
    chart: &'static str,
    cause: String,
}

impl Chart {
    /// The charts of a run: of concurrency and of what CloudWatch counted only where there is something to draw.
    pub fn of(report: &RunReport) -> Vec<Self> {
        let all = [
            Self::Rates,
            Self::Backlog,
            Self::Latency,
            Self::Percentiles,
            Self::Concurrency,
            Self::CloudWatch,
            Self::Validity,
        ];
        // Of these two there is not always something to draw.
        let drawn = |chart: &Self| match chart {
            Self::Concurrency | Self::CloudWatch => !chart.figure(report).panels.is_empty(),
            _ => true,
        };
        all.into_iter().filter(drawn).collect()
    }

    /// The file's name without its extension.
    pub fn file_stem(self) -> &'static str {
        match self {
            Self::Rates => "rates",
            Self::Backlog => "backlog",
            Self::Latency => "latency",
            Self::Percentiles => "percentiles",
            Self::Concurrency => "concurrency",
            Self::Validity => "validity",
            Self::CloudWatch => "cloudwatch",
        }
    }

    /// What it shows, in a line.
    pub fn words(self) -> &'static str {
        match self {
            Self::Rates => {
                "Orders per second: scheduled, offered, acknowledged, stored, dead-lettered"
            }
            Self::Backlog => "Backlog and age of the oldest order",
            Self::Latency => "Response time and end-to-end latency over time",
            Self::Percentiles => "Percentile spectrum",
            Self::Concurrency => "Concurrency of the function, and throttles",
            Self::Validity => "Validity: schedule lag, CPU, in flight, failed sends",
            Self::CloudWatch => "Throttles, concurrency and messages (CloudWatch, not proof)",
        }
    }

    fn drawing(self, report: &RunReport) -> Result<Drawing, ChartError> {
        drawing(&self.figure(report), Frame::Wide, self.file_stem())
    }

    fn figure(self, report: &RunReport) -> Figure {
        match self {
            Self::Rates => rates::figure(report),
            Self::Backlog => backlog::figure(report),
            Self::Latency => latency::figure(report),
            Self::Percentiles => percentiles::figure(report),
            Self::Concurrency => concurrency::figure(report),
            Self::Validity => validity::figure(report),
            Self::CloudWatch => cloudwatch::figure(report),
        }
        .shown()
    }
}

/// The chart as an SVG document.
///
/// # Errors
/// When the drawing library refuses.
pub fn draw_svg(chart: Chart, report: &RunReport) -> Result<String, ChartError> {
    Ok(chart.drawing(report)?.svg)
}

/// The chart as a PNG file.
///
/// # Errors
/// When the drawing library or the encoder refuses.
pub fn draw_png(chart: Chart, report: &RunReport) -> Result<Vec<u8>, ChartError> {
    png_of(&chart.figure(report), chart.file_stem())
}

/// A run and the forecast that was made before it, as an SVG document.
///
/// # Errors
/// When the drawing library refuses.
pub fn both_svg(report: &RunReport, forecast: &Forecast) -> Result<String, ChartError> {
    Ok(drawing(&overlaid(report, forecast), Frame::Wide, BOTH)?.svg)
}

/// A run and the forecast that was made before it, as a PNG file.
///
/// # Errors
/// When the drawing library or the encoder refuses.
pub fn both_png(report: &RunReport, forecast: &Forecast) -> Result<Vec<u8>, ChartError> {
    png_of(&overlaid(report, forecast), BOTH)
}

fn overlaid(report: &RunReport, forecast: &Forecast) -> Figure {
    foreseen::both(report, forecast).shown()
}

/// A chart as an SVG document, with where its plots are in it.
struct Drawing {
    svg: String,
    size: (u32, u32),
    plotted: Vec<Plotted>,
}

fn drawing(figure: &Figure, frame: Frame, chart: &'static str) -> Result<Drawing, ChartError> {
    let mut svg = String::new();
    let size = frame.size(figure);
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    let plotted = draw::draw(figure, frame, &area).map_err(|error| ChartError {
        chart,
        cause: error.to_string(),
    })?;
    drop(area);
    Ok(Drawing { svg, size, plotted })
}

fn png_of(figure: &Figure, chart: &'static str) -> Result<Vec<u8>, ChartError> {
    let failed = |cause: &dyn std::fmt::Display| ChartError {
        chart,
        cause: cause.to_string(),
    };
    let (width, height) = Frame::Wide.size(figure);
    let mut pixels = vec![0; (width * height * 3) as usize];
    let area = Bitmap(BitMapBackend::with_buffer(&mut pixels, (width, height))).into_drawing_area();
    draw::draw(figure, Frame::Wide, &area).map_err(|error| failed(&error))?;
    drop(area);
    let mut png = std::io::Cursor::new(Vec::new());
    image::write_buffer_with_format(
        &mut png,
        &pixels,
        width,
        height,
        image::ColorType::Rgb8,
        image::ImageOutputFormat::Png,
    )
    .map_err(|error| failed(&error))?;
    Ok(png.into_inner())
}
