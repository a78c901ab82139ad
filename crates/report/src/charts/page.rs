//! A chart for a page: its drawing, and the values behind it with the place of each plot in it.

use plotters::prelude::*;
use serde::Serialize;

use super::ChartError;
use super::draw::{HEADER, Plotted, draw};
use super::figure::{Figure, Panel, XAxis, YAxis};

/// A chart's drawing and what a page needs to show its values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PageChart {
    pub svg: String,
    pub title: String,
    /// Of which run and how many samples.
    pub caption: String,
    /// Width and height, pixels.
    pub size: (u32, u32),
    /// Pixels at the top that hold the title alone; a page that shows it leaves them out.
    pub top_px: u32,
    /// One above the other.
    pub panels: Vec<PagePanel>,
}

/// One pair of axes with its values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PagePanel {
    pub title: String,
    /// From left to right.
    pub x: PageAxis,
    /// From bottom to top: `from_px` is larger than `to_px`.
    pub y: PageAxis,
    /// The named lines; nameless parts (an undersampled tail) are left out.
    pub series: Vec<PageSeries>,
}

/// Where an axis runs. A value's place between the pixels is linear in what its kind says; of a logarithmic axis the
/// places are exponents.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct PageAxis {
    pub kind: AxisKind,
    pub from_px: i32,
    pub to_px: i32,
    pub from: f64,
    pub to: f64,
}

/// What an axis' values mean; the place of a quantile is -log10(1-p).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AxisKind {
    Seconds,
    Quantiles,
    Count,
    LogMicros,
    Ratio,
}

/// A named line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PageSeries {
    pub name: String,
    /// As drawn, `#rrggbb`.
    pub color: String,
    /// Places on the x axis and values in the unit of the y axis; a gap has no value.
    pub points: Vec<(f64, Option<f64>)>,
}

/// Draws any figure for a page.
pub(super) fn page_of(figure: &Figure, stem: &'static str) -> Result<PageChart, ChartError> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, figure.size()).into_drawing_area();
    let plotted = draw(figure, &area).map_err(|error| ChartError {
        chart: stem,
        cause: error.to_string(),
    })?;
    drop(area);
    let panels = figure.panels.iter().zip(&plotted);
    Ok(PageChart {
        svg,
        title: figure.title.clone(),
        caption: figure.caption.clone(),
        size: figure.size(),
        top_px: HEADER as u32 - 6,
        panels: panels
            .map(|(panel, plotted)| page_panel(panel, plotted))
            .collect(),
    })
}

fn page_panel(panel: &Panel, plotted: &Plotted) -> PagePanel {
    let x_kind = match panel.x {
        XAxis::Seconds(_) | XAxis::Around(..) => AxisKind::Seconds,
        XAxis::Quantiles(_) => AxisKind::Quantiles,
    };
    let y_kind = match panel.y {
        YAxis::Count => AxisKind::Count,
        YAxis::Seconds => AxisKind::Seconds,
        YAxis::LogMicros => AxisKind::LogMicros,
        YAxis::Ratio => AxisKind::Ratio,
    };
    let named = panel.series.iter().filter(|series| !series.name.is_empty());
    PagePanel {
        title: panel.y_title.into(),
        x: PageAxis {
            kind: x_kind,
            from_px: plotted.x.start,
            to_px: plotted.x.end,
            from: plotted.x_axis.from,
            to: plotted.x_axis.to,
        },
        y: PageAxis {
            kind: y_kind,
            from_px: plotted.y.end,
            to_px: plotted.y.start,
            from: plotted.y_axis.from,
            to: plotted.y_axis.to,
        },
        series: named
            .map(|series| PageSeries {
                name: series.name.clone(),
                color: color(series.ink.color()),
                points: series.points.clone(),
            })
            .collect(),
    }
}

fn color(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
