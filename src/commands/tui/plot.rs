//! The two charts of the live view: rates over the whole plan, and the backlog.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Block, Chart, Dataset, GraphType, Paragraph, Wrap};

use super::draw::{Palette, rate, seconds, together};
use crate::results::figures::thousands;
use crate::run::live::{Moment, Rates, View};

/// Points that draw the plan.
const PLAN_POINTS: u32 = 240;

type Points = Vec<(f64, f64)>;

/// Planned, acknowledged, stored and dead-lettered on one axis; the numbers are those of the last second.
pub fn draw_rates(frame: &mut Frame, area: Rect, view: &View, palette: &Palette) {
    let block = Block::bordered().title("orders/s");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let latest = view.rates().last().map(|(_, rates)| rates);
    let legend = legend(latest, palette);
    let rows = if legend.width() > usize::from(inner.width) {
        2
    } else {
        1
    };
    let [top, below] =
        Layout::vertical([Constraint::Length(rows), Constraint::Min(1)]).areas(inner);
    frame.render_widget(Paragraph::new(legend).wrap(Wrap { trim: true }), top);
    let end = end(view);
    let planned: Points = (0..=PLAN_POINTS)
        .map(|step| end * step / PLAN_POINTS)
        .map(|at| (at.as_secs_f64(), view.profile.rate(at)))
        .collect();
    let over_time = |of: fn(&Rates) -> Option<f64>| -> Points {
        let point = |(at, rates): (Duration, Rates)| Some((at.as_secs_f64(), of(&rates)?));
        view.rates().filter_map(point).collect()
    };
    let dead = over_time(|rates| rates.dead_lettered.filter(|rate| *rate > 0.0));
    let acknowledged = over_time(|rates| Some(rates.acknowledged));
    let stored = over_time(|rates| rates.stored);
    let marker = |plain| {
        if palette.color {
            Marker::Braille
        } else {
            plain
        }
    };
    let lines = [
        (&planned, Marker::Dot, palette.planned),
        (&dead, marker(Marker::Block), palette.dead),
        (&acknowledged, Marker::Braille, palette.acknowledged),
        (&stored, marker(Marker::Bar), palette.stored),
    ];
    draw_chart(frame, below, end, &lines);
}

fn legend<'a>(latest: Option<Rates>, palette: &Palette) -> Line<'a> {
    let value = |of: fn(&Rates) -> Option<f64>| {
        latest
            .and_then(|rates| of(&rates))
            .map_or_else(|| "-".to_owned(), rate)
    };
    let glyph = |plain: &'static str| if palette.color { "" } else { plain };
    let entries = [
        (
            "• ",
            "scheduled",
            value(|r| Some(r.scheduled)),
            palette.planned,
        ),
        (
            "⠒ ",
            "acknowledged",
            value(|r| Some(r.acknowledged)),
            palette.acknowledged,
        ),
        ("▄ ", "~stored", value(|r| r.stored), palette.stored),
        (
            "█ ",
            "dead-lettered",
            value(|r| r.dead_lettered),
            palette.dead,
        ),
    ];
    let entry = |(sign, name, value, style)| (format!("{}{name} {value}", glyph(sign)), style);
    together(entries.map(entry).to_vec())
}

/// Messages in the queue over time.
pub fn draw_backlog(frame: &mut Frame, area: Rect, view: &View, palette: &Palette) {
    let before = view.history.samples().iter().map(|sample| &sample.moment);
    let point = |moment: &Moment| Some((moment.at.as_secs_f64(), moment.queues?.backlog() as f64));
    let backlog: Points = before.chain([&view.now]).filter_map(point).collect();
    let most = backlog
        .iter()
        .fold(0.0_f64, |most, (_, count)| most.max(*count));
    let now = view.now.queues;
    let title = now.map_or_else(
        || "backlog: not seen yet".to_owned(),
        |queues| {
            format!(
                "backlog {}, most {}",
                thousands(queues.backlog()),
                thousands((most as u64).max(queues.backlog()))
            )
        },
    );
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let lines = [(&backlog, Marker::Braille, palette.acknowledged)];
    draw_chart(frame, inner, end(view), &lines);
}

/// The right end of the time axes: the plan's end, or now if that is later.
fn end(view: &View) -> Duration {
    view.profile.duration().max(view.now.at)
}

fn draw_chart(frame: &mut Frame, area: Rect, end: Duration, lines: &[(&Points, Marker, Style)]) {
    let highest = lines
        .iter()
        .flat_map(|(points, ..)| points.iter())
        .fold(1.0_f64, |highest, (_, value)| highest.max(*value));
    let top = round_up(highest);
    let datasets = lines
        .iter()
        .map(|(points, marker, style)| {
            Dataset::default()
                .data(points)
                .marker(*marker)
                .graph_type(GraphType::Line)
                .style(*style)
        })
        .collect();
    let chart = Chart::new(datasets)
        .legend_position(None)
        .x_axis(Axis::default().bounds([0.0, end.as_secs_f64()]).labels([
            seconds(Duration::ZERO),
            seconds(end / 2),
            seconds(end),
        ]))
        .y_axis(
            Axis::default()
                .bounds([0.0, top])
                .labels(["0".to_owned(), rate(top)]),
        );
    frame.render_widget(chart, area);
}

/// The next number above that is short to write.
fn round_up(number: f64) -> f64 {
    let power = 10f64.powf(number.log10().floor());
    let steps = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    let step = steps
        .into_iter()
        .find(|step| step * power >= number * 0.999);
    step.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_short_number_that_is_no_smaller() {
        for (number, end) in [
            (1.0, 1.0),
            (7.0, 8.0),
            (130.0, 150.0),
            (1_000.0, 1_000.0),
            (1_001.0, 1_000.0),
            (1_300.0, 1_500.0),
            (90_000.0, 100_000.0),
        ] {
            assert!((round_up(number) - end).abs() < 1e-6, "{number}");
        }
    }
}
