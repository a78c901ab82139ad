//! Draws a view: a pure function onto a frame.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};

use super::plot;
use crate::results::figures::{duration, thousands};
use crate::run::live::{PhaseView, Spread, Stage, View, countdown};

/// Below this there is room for words only.
const ROOM: (u16, u16) = (60, 18);
/// The column of phases and counts.
const LEFT: u16 = 34;
/// How much of a phase's name is shown.
const NAME: usize = 10;

/// Colors that the color-blind can distinguish, legible on dark and on light; or none.
pub struct Palette {
    pub planned: Style,
    pub acknowledged: Style,
    pub stored: Style,
    pub dead: Style,
    pub trouble: Style,
    pub quiet: Style,
    pub strong: Style,
    /// Whether lines are distinguished by color.
    pub color: bool,
}

impl Palette {
    /// With or without color.
    pub fn new(color: bool) -> Self {
        let colored = |index| match color {
            true => Style::new().fg(Color::Indexed(index)),
            false => Style::new(),
        };
        Self {
            planned: colored(244),
            acknowledged: colored(32),
            stored: colored(208),
            dead: colored(170),
            trouble: colored(160).add_modifier(Modifier::BOLD),
            quiet: colored(244),
            strong: Style::new().add_modifier(Modifier::BOLD),
            color,
        }
    }
}

/// Draws `view` into the whole frame; what does not fit is left out, the least important first.
///
/// `page` says where else the run is shown.
pub fn draw(frame: &mut Frame, view: &View, page: Option<&str>, palette: &Palette) {
    let area = frame.area();
    if area.width < ROOM.0 || area.height < ROOM.1 {
        frame.render_widget(Paragraph::new(in_words(view, page, palette)), area);
        return;
    }
    let left = left(view);
    let [header, body, health, keys] = Layout::vertical([
        Constraint::Length(if left.is_some() { 3 } else { 2 }),
        Constraint::Min(10),
        Constraint::Length(3),
        Constraint::Length(1),
    ])
    .areas(area);
    let [columns, charts] =
        Layout::horizontal([Constraint::Length(LEFT), Constraint::Min(20)]).areas(body);
    let counts = counts(view, palette);
    let [phases, orders] = Layout::vertical([
        Constraint::Min(3),
        Constraint::Length(counts.len() as u16 + 2),
    ])
    .areas(columns);
    let [rates, backlog] =
        Layout::vertical([Constraint::Percentage(58), Constraint::Min(5)]).areas(charts);
    let [top, below] = Layout::vertical([Constraint::Length(1), Constraint::Min(1)]).areas(header);
    draw_header(frame, top, view, palette);
    let words = [Some(activity(view, palette)), left.map(Line::from)];
    let words: Vec<Line> = words.into_iter().flatten().collect();
    frame.render_widget(Paragraph::new(words), below);
    draw_phases(frame, phases, view, palette);
    frame.render_widget(
        Paragraph::new(counts).block(Block::bordered().title("orders so far")),
        orders,
    );
    plot::draw_rates(frame, rates, view, palette);
    plot::draw_backlog(frame, backlog, view, palette);
    let lines = vec![latencies(view), gauges(view, palette)];
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: true }), health);
    frame.render_widget(Paragraph::new(hint(view, page)).style(palette.quiet), keys);
}

/// The most important first: a small terminal shows the beginning.
fn in_words<'a>(view: &'a View, page: Option<&str>, palette: &Palette) -> Vec<Line<'a>> {
    let queues = match &view.now.queues {
        None => Line::from("queues: not seen yet"),
        Some(queues) => Line::from(format!(
            "{} in the queue, {} dead letters, ~{} stored",
            thousands(queues.backlog()),
            thousands(queues.dead_letters),
            thousands(queues.probably_stored),
        )),
    };
    let mut lines = vec![
        Line::from(format!("{}  {}", view.scenario, clock(view))),
        activity(view, palette),
        Line::from(format!(
            "{} of {} acknowledged",
            thousands(view.now.acknowledged),
            thousands(view.planned)
        )),
        queues,
        Line::from(hint(view, page)),
    ];
    if let Some(left) = left(view) {
        lines.insert(2, Line::from(left));
    }
    let troubles = troubles(view).map(|(count, what)| format!("{} {what}", thousands(count)));
    let line = Line::styled(troubles.join(", "), trouble_style(view, palette));
    lines.insert(if any_trouble(view) { 2 } else { lines.len() }, line);
    lines.push(latencies(view));
    lines.push(Line::from(lag(view)));
    lines
}

fn draw_header(frame: &mut Frame, area: Rect, view: &View, palette: &Palette) {
    let clock = clock(view);
    let [left, right] =
        Layout::horizontal([Constraint::Min(0), Constraint::Length(clock.len() as u16)])
            .areas(area);
    let title = Line::from(vec![
        Span::styled(view.scenario.as_str(), palette.strong),
        Span::raw(format!(" on {}", view.target)),
        Span::styled(format!(", {}", view.folder), palette.quiet),
    ]);
    frame.render_widget(Paragraph::new(title), left);
    frame.render_widget(Paragraph::new(clock), right);
}

fn clock(view: &View) -> String {
    format!(
        " {:.1} s of {:.0} s",
        view.now.at.as_secs_f64(),
        view.profile.duration().as_secs_f64()
    )
}

fn activity<'a>(view: &'a View, palette: &Palette) -> Line<'a> {
    let words = match &view.stage {
        Stage::Starting => "starting".to_owned(),
        Stage::Sending => match view.current_phase() {
            Some(index) => format!(
                "sending: {}, phase {} of {}, {}/s planned",
                view.phases[index].name,
                index + 1,
                view.phases.len(),
                rate(view.profile.rate(view.now.at)),
            ),
            None => "sending: waiting for the last replies".to_owned(),
        },
        stage => stage.status().unwrap_or_default(),
    };
    match view.stopping {
        true => Line::from(vec![
            Span::styled("interrupted", palette.trouble),
            Span::raw(format!("; {words}")),
        ]),
        false => Line::from(words),
    }
}

fn draw_phases(frame: &mut Frame, area: Rect, view: &View, palette: &Palette) {
    let block = Block::bordered().title("phases");
    let rows = usize::from(block.inner(area).height);
    let current = view.current_phase();
    // The window that holds the current phase.
    let first = current
        .unwrap_or(match view.stage {
            Stage::Starting => 0,
            _ => view.phases.len(),
        })
        .saturating_sub(rows.saturating_sub(1));
    let lines: Vec<Line> = view
        .phases
        .iter()
        .enumerate()
        .skip(first.min(view.phases.len().saturating_sub(rows)))
        .take(rows)
        .map(|(index, phase)| {
            let over = view.now.at >= phase.end;
            let (mark, style) = match current == Some(index) {
                true => ('>', palette.strong),
                false if over => ('\u{2713}', palette.quiet),
                false => (' ', Style::new()),
            };
            Line::styled(phase_words(mark, phase), style)
        })
        .collect();
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

fn phase_words(mark: char, phase: &PhaseView) -> String {
    let (from, to) = phase.rates;
    let rate = match from == to {
        true => format!("{}/s", rate(to)),
        false => format!("{}-{}/s", rate(from), rate(to)),
    };
    let mut name: String = phase.name.chars().take(NAME).collect();
    if phase.name.chars().count() > NAME {
        name.pop();
        name.push('.');
    }
    format!(
        "{mark} {name:<NAME$} {rate:>11} {:>7}",
        duration(phase.end - phase.start)
    )
}

/// Orders per second: whole above ten.
pub fn rate(rate: f64) -> String {
    match rate {
        rate if rate < 9.95 && rate.fract() > 0.05 => format!("{rate:.1}"),
        rate => thousands(rate.round() as u64),
    }
}

fn counts<'a>(view: &View, palette: &Palette) -> Vec<Line<'a>> {
    let now = &view.now;
    let row = |label: &str, count: Option<u64>, style: Style| {
        let number = count.map_or_else(|| "-".to_owned(), thousands);
        let width = usize::from(LEFT) - 2 - 15;
        Line::from(vec![
            Span::raw(format!("{label:<15}")),
            Span::styled(format!("{number:>width$}"), style),
        ])
    };
    let plain = Style::new();
    let queues = now.queues;
    let mut rows = vec![
        row("planned", Some(view.planned), plain),
        row("scheduled", Some(now.scheduled), plain),
        row("offered", Some(now.offered), plain),
        row("acknowledged", Some(now.acknowledged), palette.acknowledged),
        row(
            "  ~stored",
            queues.map(|q| q.probably_stored),
            palette.stored,
        ),
        row("  in the queue", queues.map(|q| q.backlog()), plain),
        row(
            "  dead letters",
            queues.map(|q| q.dead_letters),
            palette.dead,
        ),
        row("unanswered", Some(now.unanswered()), plain),
    ];
    rows.extend(troubles(view).map(|(count, what)| {
        let style = if count > 0 { palette.trouble } else { plain };
        row(what, Some(count), style)
    }));
    rows
}

/// What should be zero.
fn troubles(view: &View) -> [(u64, &'static str); 3] {
    [
        (view.now.rejected, "rejected"),
        (view.now.indeterminate, "indeterminate"),
        (view.now.unsent, "unsent"),
    ]
}

fn any_trouble(view: &View) -> bool {
    troubles(view).iter().any(|(count, _)| *count > 0)
}

fn trouble_style(view: &View, palette: &Palette) -> Style {
    match any_trouble(view) {
        true => palette.trouble,
        false => Style::new(),
    }
}

/// For how long it is waited at most.
fn left(view: &View) -> Option<String> {
    let left = view.stage.left_max()?;
    Some(format!("waits for at most {} more", countdown(left)))
}

/// Of the last second; a dash where nothing was measured.
fn latencies<'a>(view: &View) -> Line<'a> {
    let words = |name: &str, spread: Option<Spread>| match spread {
        None => format!("{name} -"),
        Some(spread) => format!(
            "{name} p50 {}, p99 {}",
            duration(spread.p50),
            duration(spread.p99)
        ),
    };
    let latest = view.latest.unwrap_or_default();
    let entries = [
        words("response time", latest.response_time),
        words("end-to-end", latest.end_to_end),
    ];
    together(entries.map(|entry| (entry, Style::new())).to_vec())
}

fn lag(view: &View) -> String {
    let shown = |lag: Option<Duration>| lag.map_or_else(|| "-".to_owned(), duration);
    let (now, worst) = (view.now.lag, view.worst_lag.max(view.now.lag));
    format!("schedule lag {}, worst {}", shown(now), shown(worst))
}

/// Of this process, and of the pipeline if it runs here.
fn gauges<'a>(view: &View, palette: &Palette) -> Line<'a> {
    let plain = Style::new();
    let mut entries = vec![(lag(view), plain)];
    let latest = view.latest.unwrap_or_default();
    if let Some(second) = &latest.process {
        if let Some(cpus) = second.cpus {
            entries.push((format!("CPU {cpus:.2}"), plain));
        }
        entries.push((format!("in flight {}", second.in_flight_peak), plain));
        if let Some(pipeline) = &second.pipeline {
            let concurrency = pipeline.concurrency_peak;
            entries.push((format!("function concurrency {concurrency}"), plain));
            let throttled = [
                (pipeline.throttled_writes, "writes"),
                (pipeline.throttled_invocations, "invocations"),
            ];
            entries.extend(throttled.map(|(count, what)| {
                let style = if count > 0 { palette.trouble } else { plain };
                (format!("throttled {what} {}/s", thousands(count)), style)
            }));
        }
    }
    together(entries)
}

/// A line of entries none of which is broken at the end of a line.
pub fn together<'a>(entries: Vec<(String, Style)>) -> Line<'a> {
    let entry = |(text, style): (String, Style)| {
        [
            Span::styled(text.replace(' ', "\u{a0}"), style),
            Span::raw("  "),
        ]
    };
    Line::from(entries.into_iter().flat_map(entry).collect::<Vec<_>>())
}

fn hint(view: &View, page: Option<&str>) -> String {
    let keys = match view.stopping {
        false => "q or ctrl-c: stop sending, then settle and judge",
        true => "q or ctrl-c: quit at once; `orderproof verify` reads the folder",
    };
    match page {
        Some(page) => format!("{keys}  {page}"),
        None => keys.to_owned(),
    }
}

/// Seconds on an axis.
pub fn seconds(at: Duration) -> String {
    format!("{:.0} s", at.as_secs_f64())
}
