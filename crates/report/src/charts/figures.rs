//! The charts on a page: the drawings of the PNG files, with their values to be read by pointer, by keys and as tables.

use maud::{PreEscaped, html};
use plotters::style::RGBColor;
use serde_json::{Value, json};

use super::compact::compact;
use super::draw::Plotted;
use super::figure::{Figure, Panel, XAxis, YAxis};
use super::foreseen::described;
use super::frame::Frame;
use super::values::{number, table};
use super::{BOTH, Chart, ChartError, Drawing, Overlay, Pair, drawing, overlaid};
use crate::document::{Block, Table, page_table};
use orderproof_core::results::RunReport;
use orderproof_plan::Forecast;

/// How a chart is read.
pub(crate) const HOW: &str =
    "Values are read by pointing at a chart, or with the arrow keys once it has the focus.";

/// Every chart of the run.
pub(crate) fn charts_of(report: &RunReport) -> Result<Vec<Block>, ChartError> {
    let charts = Chart::of(report).into_iter();
    charts
        .map(|chart| {
            let words = chart.describe(report);
            figure(chart.file_stem(), &words, &chart.figure(report))
        })
        .collect()
}

/// Every chart of two runs.
pub(crate) fn charts_of_pair(pair: &Pair<'_>) -> Result<Vec<Block>, ChartError> {
    let charts = Overlay::ALL.into_iter();
    charts
        .map(|overlay| figure(overlay.file_stem(), overlay.words(), &overlay.figure(pair)))
        .collect()
}

/// The run and the forecast that was made before it.
pub(crate) fn both_of(report: &RunReport, forecast: &Forecast) -> Result<Block, ChartError> {
    let words = described(report, forecast);
    figure(BOTH, &words, &overlaid(report, forecast))
}

/// A chart with `words` about it, drawn for a desk and for a phone; `id` is its own on the page.
fn figure(id: &'static str, words: &str, figure: &Figure) -> Result<Block, ChartError> {
    let title = &figure.title;
    let drawings = drawn(id, figure)?;
    Ok(Block::Markup(html! {
        figure id={ "chart-" (id) } data-chart=(id) {
            figcaption { h3 { (title) } }
            div.plot {
                (PreEscaped(plots(id, figure, words, &drawings)))
            }
            p.words { (words) }
            details {
                summary { "Values as a table" span.said { ": " (title) } }
                @for panel in &figure.panels { (page_table(&values_of(title, panel))) }
            }
            script type="application/json" { (PreEscaped(embedded(figure, &drawings))) }
        }
    }))
}

/// Wide and narrow.
fn drawn(id: &'static str, figure: &Figure) -> Result<[Drawing; 2], ChartError> {
    Ok([
        drawing(figure, Frame::Wide, id)?,
        drawing(&figure.thinned(), Frame::Narrow, id)?,
    ])
}

fn plots(id: &str, figure: &Figure, words: &str, [wide, narrow]: &[Drawing; 2]) -> String {
    inline("wide", id, figure, words, wide) + &inline("narrow", id, figure, words, narrow)
}

/// Both drawings of a chart as a part of a page, of which its style shows one.
pub(super) fn both(id: &'static str, figure: &Figure, words: &str) -> Result<String, ChartError> {
    Ok(plots(id, figure, words, &drawn(id, figure)?))
}

/// A panel's values; the chart's title tells the table from those of other charts.
fn values_of(title: &str, panel: &Panel) -> Table {
    let mut values = table(panel);
    values.caption = format!("{title}: {}", values.caption);
    values
}

/// Pixels at the top that hold the title alone; the page shows it above the drawing.
fn above(chart: &Drawing) -> u32 {
    match chart.size.0 == Frame::Wide.width() as u32 {
        true => Frame::Wide.header() as u32 - 6,
        false => 0,
    }
}

/// The drawing as a part of the page: named, described, and without what the page's style says anyway.
fn inline(kind: &str, id: &str, figure: &Figure, words: &str, chart: &Drawing) -> String {
    let start = chart.svg.find('>').map_or(0, |end| end + 1);
    let ((width, height), top) = (chart.size, above(chart));
    let height = height - top;
    let id = format!("{kind}-{id}");
    let head = html! {
        title id={ "title-" (id) } { (figure.title) }
        desc id={ "desc-" (id) } { (words) " " (figure.caption) }
    };
    let drawing = compact(chart.svg[start..].trim_start());
    format!(
        "<svg class=\"{kind}\" viewBox=\"0 {top} {width} {height}\" role=\"img\" aria-labelledby=\"title-{id}\" \
         aria-describedby=\"desc-{id}\">{}{drawing}",
        head.into_string(),
    )
}

/// The values for the page's script, and where the plots are in each drawing; no text in it can end the element it is
/// in.
fn embedded(figure: &Figure, drawings: &[Drawing; 2]) -> String {
    let panels = figure.panels.iter().zip(&drawings[0].plotted);
    let panels: Vec<Value> = panels.map(|(one, plotted)| panel(one, plotted)).collect();
    let frames = drawings.each_ref().map(|chart| {
        let plots = chart.plotted.iter().map(|plotted| {
            let (across, down) = (&plotted.x, &plotted.y);
            json!({ "x": [across.start, across.end], "y": [down.end, down.start] })
        });
        json!({ "size": chart.size, "top": above(chart), "plots": plots.collect::<Vec<_>>() })
    });
    json!({ "title": figure.title, "frames": frames, "panels": panels })
        .to_string()
        .replace('<', "\\u003c")
}

/// A panel whose series share their places on the x axis where they are the same as those before. A value's place between
/// the pixels of a drawing is linear in what its axis' kind says; of a logarithmic one the ends are exponents.
fn panel(panel: &Panel, plotted: &Plotted) -> Value {
    let mut before: Option<Vec<f64>> = None;
    let mut series = Vec::new();
    for line in panel.named() {
        let xs: Vec<f64> = line.points.iter().map(|point| point.0).collect();
        let ys = line.points.iter().map(|point| point.1);
        let ys: Vec<Value> = ys.map(|y| y.map_or(Value::Null, number)).collect();
        let RGBColor(red, green, blue) = line.ink.color();
        let color = format!("#{red:02x}{green:02x}{blue:02x}");
        let mut values = json!({ "name": line.name, "color": color, "y": ys });
        if before.as_ref() != Some(&xs) {
            values["x"] = xs.iter().copied().map(number).collect();
        }
        series.push(values);
        before = Some(xs);
    }
    let x_kind = match panel.x {
        XAxis::Seconds(_) | XAxis::Around(..) => "seconds",
        XAxis::Quantiles(_) => "quantiles",
    };
    let y_kind = match panel.y {
        YAxis::Count => "count",
        YAxis::Seconds => "seconds",
        YAxis::LogMicros => "log_micros",
        YAxis::Ratio => "ratio",
    };
    let (x, y) = (&plotted.x_axis, &plotted.y_axis);
    json!({
        "title": panel.y_title,
        "x": { "kind": x_kind, "from": x.from, "to": x.to },
        "y": { "kind": y_kind, "from": y.from, "to": y.to },
        "series": series,
    })
}
