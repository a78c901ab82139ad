//! The charts of a run that goes on: those of its report, without what is known only at its end.

use super::figure::{Figure, YAxis, caption};
use super::figures::both;
use super::{Chart, ChartError};
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::orders;

/// Those that grow while a run goes on, in the order in which they are shown.
pub(crate) const LIVE: [Chart; 4] = [
    Chart::Backlog,
    Chart::Rates,
    Chart::Latency,
    Chart::Validity,
];

/// A chart as a part of a page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawn {
    pub id: &'static str,
    pub title: String,
    pub words: String,
    pub svg: String,
}

/// The chart of what was seen so far; `None` while there is nothing to draw. `seconds` is for how many a point stands.
pub(crate) fn drawn(
    chart: Chart,
    report: &RunReport,
    seconds: u32,
) -> Result<Option<Drawn>, ChartError> {
    let mut figure = chart.figure(report);
    so_far(chart, &mut figure);
    let acknowledged = orders(report.orders.acknowledged);
    figure.caption = caption(report, &format!("{acknowledged} acknowledged so far"));
    if figure.panels.is_empty() {
        return Ok(None);
    }
    let (id, title) = (chart.file_stem(), figure.title.clone());
    let words = words(chart, seconds);
    let svg = both(id, &figure, &words)?;
    Ok(Some(Drawn {
        id,
        title,
        words,
        svg,
    }))
}

/// The same chart once the run has been judged: that of its report.
pub(crate) fn at_the_end(chart: Chart, report: &RunReport) -> Result<Drawn, ChartError> {
    let (id, words) = (chart.file_stem(), chart.describe(report));
    let figure = chart.figure(report);
    Ok(Drawn {
        id,
        svg: both(id, &figure, &words)?,
        title: figure.title,
        words,
    })
}

/// Leaves out what has no value, and calls nothing stored of which only the verdict can say so.
fn so_far(chart: Chart, figure: &mut Figure) {
    for panel in &mut figure.panels {
        let has_value =
            |points: &[(f64, Option<f64>)]| points.iter().any(|point| point.1.is_some());
        // Which order is the oldest only the rows tell.
        let is_known = chart != Chart::Backlog || panel.y == YAxis::Count;
        panel
            .series
            .retain(|series| is_known && has_value(&series.points));
        for series in &mut panel.series {
            if chart == Chart::Rates && series.name == "stored" {
                series.name = "~stored".into();
            }
        }
    }
    figure.panels.retain(|panel| panel.has_samples());
    let title = match chart {
        Chart::Backlog => "Backlog: messages in the queue",
        Chart::Rates => "Order rates: scheduled, offered, acknowledged, ~stored, dead-lettered",
        Chart::Latency => "Response time, by the second of the answer",
        _ => return,
    };
    figure.title = match (chart, figure.panels.len()) {
        (Chart::Latency, 2) => {
            "Response time and end-to-end latency, by the second of the answer and of the write"
                .into()
        }
        _ => title.into(),
    };
}

fn words(chart: Chart, seconds: u32) -> String {
    let what = match chart {
        Chart::Backlog => {
            "As the queue counts. In flight is what is in work, or held back until it is received again."
        }
        Chart::Rates => {
            "~stored counts orders that were acknowledged and are in neither queue: only the verdict can tell whether \
             they are in the table."
        }
        Chart::Latency => {
            "Of the orders answered in each second. The report has it by the second in which they were due."
        }
        _ => {
            "Whether the harness keeps up: what it cannot offer in time proves nothing of the pipeline."
        }
    };
    match seconds {
        1 => what.to_owned(),
        seconds => format!("{what} Each point is the largest of {seconds} seconds."),
    }
}
