//! The charts on a page: the drawings of the PNG files, with their values to be read by pointer, by keys and as tables.

use maud::{PreEscaped, html};
use serde_json::{Value, json};

use super::compact::compact;
use super::values::{number, table};
use super::{Chart, ChartError, Overlay, PageChart, PagePanel, Pair};
use crate::document::{Block, page_table};
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
        let drawn = chart.page(report)?;
        blocks.push(figure(chart.file_stem(), &chart.describe(report), &drawn));
    }
    Ok(blocks)
}

/// Every chart of two runs.
pub(crate) fn charts_of_pair(pair: &Pair<'_>) -> Result<Vec<Block>, ChartError> {
    let drawn = |overlay: Overlay| {
        let chart = overlay.page(pair)?;
        Ok(figure(overlay.file_stem(), overlay.words(), &chart))
    };
    Overlay::ALL.into_iter().map(drawn).collect()
}

/// A chart with `words` about it; `id` is its own on the page.
fn figure(id: &str, words: &str, chart: &PageChart) -> Block {
    Block::Markup(html! {
        figure id={ "chart-" (id) } data-chart=(id) {
            figcaption {
                h3 { (chart.title) }
                p { (words) }
            }
            div.chart.scroll tabindex="0" role="region" aria-label={ "Chart: " (chart.title) } {
                div.plot { (PreEscaped(inline(id, words, chart))) }
            }
            details {
                summary { "Values as a table" span.said { ": " (chart.title) } }
                @for panel in &chart.panels { (page_table(&table(panel))) }
            }
            script type="application/json" { (PreEscaped(embedded(chart))) }
        }
    })
}

/// The drawing as a part of the page: named, described, and without what the page's style says anyway.
fn inline(id: &str, words: &str, chart: &PageChart) -> String {
    let start = chart.svg.find('>').map_or(0, |end| end + 1);
    let (width, height) = (chart.size.0, chart.size.1 - chart.top_px);
    let top = chart.top_px;
    let head = html! {
        title id={ "title-" (id) } { (chart.title) }
        desc id={ "desc-" (id) } { (words) " " (chart.caption) }
    };
    let drawing = compact(chart.svg[start..].trim_start());
    format!(
        "<svg viewBox=\"0 {top} {width} {height}\" role=\"img\" aria-labelledby=\"title-{id}\" \
         aria-describedby=\"desc-{id}\">{}{drawing}",
        head.into_string(),
    )
}

/// The values for the page's script; no text in it can end the element it is in.
fn embedded(chart: &PageChart) -> String {
    let panels: Vec<Value> = chart.panels.iter().map(panel).collect();
    json!({ "title": chart.title, "size": chart.size, "top": chart.top_px, "panels": panels })
        .to_string()
        .replace('<', "\\u003c")
}

/// A panel whose series share their places on the x axis where they are the same as those before.
fn panel(panel: &PagePanel) -> Value {
    let mut before: Option<Vec<f64>> = None;
    let mut series = Vec::new();
    for line in &panel.series {
        let xs: Vec<f64> = line.points.iter().map(|point| point.0).collect();
        let ys: Vec<Value> = line
            .points
            .iter()
            .map(|point| point.1.map_or(Value::Null, number))
            .collect();
        let mut values = json!({ "name": line.name, "color": line.color, "y": ys });
        if before.as_ref() != Some(&xs) {
            values["x"] = xs.iter().copied().map(number).collect();
        }
        series.push(values);
        before = Some(xs);
    }
    json!({ "title": panel.title, "x": panel.x, "y": panel.y, "series": series })
}
