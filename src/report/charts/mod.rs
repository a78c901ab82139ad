//! Charts, drawn from the report alone, as SVG and as PNG. The only room that names `plotters`.
//!
//! Each chart is first plain data (a `Figure`: panels, series, axes) and then drawn by one renderer,
//! so that all of them look alike and what they show can be tested without looking.

mod axis;
mod backlog;
mod cloudwatch;
mod draw;
mod figure;
mod latency;
mod page;
mod percentiles;
mod rates;
mod style;

#[cfg(test)]
mod tests;

use plotters::prelude::*;

use crate::report::RunReport;
use figure::Figure;
pub use page::{AxisKind, PageAxis, PageChart, PagePanel, PageSeries, page_chart};

/// Pixels.
const SIZE: (u32, u32) = (1200, 680);

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
    /// The charts that every run has.
    pub const ALWAYS: [Self; 4] = [Self::Rates, Self::Backlog, Self::Latency, Self::Percentiles];

    /// The charts of a run: what CloudWatch counted only where there is something to draw.
    pub fn of(report: &RunReport) -> Vec<Self> {
        let mut charts = Self::ALWAYS.to_vec();
        if !cloudwatch::figure(report).panels.is_empty() {
            charts.push(Self::CloudWatch);
        }
        charts
    }

    /// The file's name without its extension.
    pub fn file_stem(self) -> &'static str {
        match self {
            Self::Rates => "rates",
            Self::Backlog => "backlog",
            Self::Latency => "latency",
            Self::Percentiles => "percentiles",
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
            Self::CloudWatch => "Throttles, concurrency and messages (CloudWatch, not proof)",
        }
    }

    fn figure(self, report: &RunReport) -> Figure {
        match self {
            Self::Rates => rates::figure(report),
            Self::Backlog => backlog::figure(report),
            Self::Latency => latency::figure(report),
            Self::Percentiles => percentiles::figure(report),
            Self::CloudWatch => cloudwatch::figure(report),
        }
    }
}

/// The chart as an SVG document.
///
/// # Errors
/// When the drawing library refuses.
pub fn draw_svg(chart: Chart, report: &RunReport) -> Result<String, ChartError> {
    let mut svg = String::new();
    draw::draw(
        &chart.figure(report),
        &SVGBackend::with_string(&mut svg, SIZE).into_drawing_area(),
    )
    .map_err(|cause| ChartError {
        chart: chart.file_stem(),
        cause,
    })?;
    Ok(svg)
}

/// The chart as a PNG file.
///
/// # Errors
/// When the drawing library or the encoder refuses.
pub fn draw_png(chart: Chart, report: &RunReport) -> Result<Vec<u8>, ChartError> {
    let failed = |cause: String| ChartError {
        chart: chart.file_stem(),
        cause,
    };
    let (width, height) = SIZE;
    let mut pixels = vec![0; (width * height * 3) as usize];
    let area = BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area();
    draw::draw(&chart.figure(report), &area).map_err(failed)?;
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
    .map_err(|error| failed(error.to_string()))?;
    Ok(png.into_inner())
}
