//! The charts on a page: the drawings of the PNG files, with their values to be read by pointer, by keys and as tables.

use maud::{PreEscaped, html};
use plotters::style::RGBColor;
use serde_json::{Value, json};

use super::compact::compact;
use super::draw::{HEADER, Plotted};
use super::figure::{Panel, XAxis, YAxis};
use super::values::{number, table};
use super::{Chart, ChartError, Drawing, Overlay, Pair};
use crate::document::{Block, Table, page_table};
use orderproof_core::results::{RunReport, file_name};

/// Every chart of the run.
pub(crate) fn charts_of(report: &RunReport) -> Result<Vec<Block>, ChartError> {
    let lead = format!(
        "Values are read by pointing at a chart, or with the arrow keys once it has the focus. Phases are shaded; a \
         warm-up is hatched. Every second is in {}.",
        file_name::TIMESERIES
    );
    let mut blocks = vec![Block::plain(lead)];
    for chart in Chart::of(report) {
        let drawn = chart.drawing(report)?;
        blocks.push(figure(chart.file_stem(), &chart.describe(report), &drawn));
    }
    Ok(blocks)
}

/// Every chart of two runs.
pub(crate) fn charts_of_pair(pair: &Pair<'_>) -> Result<Vec<Block>, ChartError> {
    let drawn = |overlay: Overlay| {
        let chart = overlay.drawing(pair)?;
        Ok(figure(overlay.file_stem(), overlay.words(), &chart))
    };
    Overlay::ALL.into_iter().map(drawn).collect()
}

/// A chart with `words` about it; `id` is its own on the page.
fn figure(id: &str, words: &str, chart: &Drawing) -> Block {
    let title = &chart.figure.title;
    Block::Markup(html! {
        figure id={ "chart-" (id) } data-chart=(id) {
            figcaption {
                h3 { (title) }
                p { (words) }
            }
            div.chart.scroll tabindex="0" role="region" aria-label={ "Chart: " (title) } {
                div.plot { (PreEscaped(inline(id, words, chart))) }
            }
            details {
                summary { "Values as a table" span.said { ": " (title) } }
                @for panel in &chart.figure.panels { (page_table(&values_of(title, panel))) }
            }
            script type="application/json" { (PreEscaped(embedded(chart))) }
        }
    })
}

/// A panel's values; the chart's title tells the table from those of other charts.
fn values_of(title: &str, panel: &Panel) -> Table {
    let mut values = table(panel);
    values.caption = format!("{title}: {}", values.caption);
    values
}

/// Pixels at the top that hold the title alone; the page shows it beside the drawing.
const TOP: u32 = HEADER as u32 - 6;

/// The drawing as a part of the page: named, described, and without what the page's style says anyway.
pub(super) fn inline(id: &str, words: &str, chart: &Drawing) -> String {
    let start = chart.svg.find('>').map_or(0, |end| end + 1);
    let (width, height) = chart.figure.size();
    let height = height - TOP;
    let head = html! {
        title id={ "title-" (id) } { (chart.figure.title) }
        desc id={ "desc-" (id) } { (words) " " (chart.figure.caption) }
    };
    let drawing = compact(chart.svg[start..].trim_start());
    format!(
        "<svg viewBox=\"0 {TOP} {width} {height}\" role=\"img\" aria-labelledby=\"title-{id}\" \
         aria-describedby=\"desc-{id}\">{}{drawing}",
        head.into_string(),
    )
}

/// The values for the page's script; no text in it can end the element it is in.
fn embedded(chart: &Drawing) -> String {
    let panels = chart.figure.panels.iter().zip(&chart.plotted);
    let panels: Vec<Value> = panels.map(|(one, plotted)| panel(one, plotted)).collect();
    let (title, size) = (&chart.figure.title, chart.figure.size());
    json!({ "title": title, "size": size, "top": TOP, "panels": panels })
        .to_string()
        .replace('<', "\\u003c")
}

/// A panel whose series share their places on the x axis where they are the same as those before. A value's place between
/// the pixels is linear in what its axis' kind says; of a logarithmic one the ends are exponents.
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
    let (across, down) = (&plotted.x, &plotted.y);
    let (x, y) = (&plotted.x_axis, &plotted.y_axis);
    json!({
        "title": panel.y_title,
        "x": { "kind": x_kind, "from_px": across.start, "to_px": across.end, "from": x.from, "to": x.to },
        "y": { "kind": y_kind, "from_px": down.end, "to_px": down.start, "from": y.from, "to": y.to },
        "series": series,
    })
}
