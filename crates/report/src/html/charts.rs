//! The charts: the drawings of the PNG files, with their values to be read by pointer, by keys and as tables.

use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::drawing::compact;
use super::values::{number, table};
use crate::charts::{Chart, ChartError, PageChart, PagePanel, page_chart};
use orderproof_core::results::{RunReport, file_name};

/// Every chart of the run.
pub(super) fn section(report: &RunReport) -> Result<Markup, ChartError> {
    let mut figures = Vec::new();
    for chart in Chart::of(report) {
        let told = [chart.describe(report)];
        figures.push(figure(
            chart.file_stem(),
            &told,
            &page_chart(chart, report)?,
        ));
    }
    Ok(html! {
        section aria-labelledby="charts" {
            h2 #charts { "Charts" }
            p.lead {
                "Values are read by pointing at a chart, or with the arrow keys once it has the focus. Phases are \
                 shaded; a warm-up is hatched. Every second is in " (file_name::TIMESERIES) "."
            }
            @for figure in figures { (figure) }
        }
    })
}

/// A chart with `told` about it; `id` tells it from the page's others.
pub(crate) fn figure(id: &str, told: &[String], chart: &PageChart) -> Markup {
    html! {
        figure id={ "chart-" (id) } data-chart=(id) {
            figcaption {
                h3 { (chart.title) }
                @for told in told { p { (told) } }
            }
            div.chart.scroll tabindex="0" role="region" aria-label={ "Chart: " (chart.title) } {
                div.plot { (PreEscaped(inline(id, told, chart))) }
            }
            details {
                summary { "Values as a table" span.said { ": " (chart.title) } }
                @for panel in &chart.panels { (table(&chart.title, panel)) }
            }
            script type="application/json" { (PreEscaped(embedded(chart))) }
        }
    }
}

/// The drawing as a part of the page: named, described, and without what the page's style says anyway.
fn inline(id: &str, told: &[String], chart: &PageChart) -> String {
    let start = chart.svg.find('>').map_or(0, |end| end + 1);
    let (width, height) = (chart.size.0, chart.size.1 - chart.top_px);
    let top = chart.top_px;
    let head = html! {
        title id={ "title-" (id) } { (chart.title) }
        desc id={ "desc-" (id) } { (told.join(" ")) " " (chart.caption) }
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
        let mut told = json!({ "name": line.name, "color": line.color, "y": ys });
        if before.as_ref() != Some(&xs) {
            told["x"] = xs.iter().copied().map(number).collect();
        }
        series.push(told);
        before = Some(xs);
    }
    json!({ "title": panel.title, "x": panel.x, "y": panel.y, "series": series })
}
