//! Frames drawn on a terminal in memory, and what is drawn from which counts.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::draw::{Palette, draw};
use super::view::{Activity, Moment, PhaseView, Queues, Rates, View};
use crate::load::{LoadProfile, Phase};
use crate::results::{PipelineReading, Stretch};

fn phase(name: &str, start_rate: f64, end_rate: f64, seconds: u64) -> Phase {
    Phase {
        name: name.into(),
        start_rate,
        end_rate,
        duration: Duration::from_secs(seconds),
        warm_up: name == "warm-up",
    }
}

/// A run of a minute, `seconds` after its start: a spike whose backlog is drained.
fn view(seconds: u64) -> View {
    let phases = [
        phase("warm-up", 50.0, 50.0, 10),
        phase("baseline", 200.0, 200.0, 15),
        phase("thanksgiving-spike", 1_000.0, 1_000.0, 20),
        phase("recovery", 1_000.0, 200.0, 15),
    ];
    let profile = LoadProfile::new(&phases);
    let moment = |second: u64| {
        let at = Duration::from_secs(second);
        let scheduled = profile.integral(at).round() as u64;
        let processed = (second * 400).min(scheduled);
        let dead_letters = second.saturating_sub(20) * 2;
        Moment {
            at,
            scheduled,
            offered: scheduled,
            acknowledged: scheduled - 3.min(scheduled),
            queues: Some(Queues {
                at,
                backlog: scheduled - processed,
                dead_letters,
                probably_stored: processed.saturating_sub(dead_letters),
            }),
            lag: Duration::from_micros(180 + second),
            ..Moment::default()
        }
    };
    View {
        scenario: "spike".into(),
        target: "embedded".into(),
        folder: "reports/20261126T090000Z-spike".into(),
        planned: profile.count(),
        phases: phases
            .iter()
            .enumerate()
            .map(|(index, phase)| PhaseView {
                name: phase.name.clone(),
                start: profile.phase_span(index).0,
                end: profile.phase_span(index).1,
                rates: (phase.start_rate, phase.end_rate),
            })
            .collect(),
        profile: profile.clone(),
        activity: Activity::Sending,
        stopping: false,
        now: moment(seconds),
        history: (0..=seconds).map(moment).collect(),
        worst_lag: Duration::from_micros(2_310),
        last_second: Some(Stretch {
            cpus: Some(0.82),
            in_flight_peak: 14,
            pipeline: Some(PipelineReading {
                concurrency_peak: 10,
                throttled_writes: 0,
                throttled_invocations: 0,
            }),
        }),
        dashboard: None,
    }
}

/// Before the first order is due.
fn starting() -> View {
    View {
        activity: Activity::Starting,
        now: Moment::default(),
        history: Vec::new(),
        worst_lag: Duration::ZERO,
        last_second: None,
        ..view(0)
    }
}

fn drawn(view: &View, width: u16, height: u16, color: bool) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let palette = Palette::new(color);
    terminal.draw(|frame| draw(frame, view, &palette)).unwrap();
    terminal
}

fn text(view: &View, width: u16, height: u16) -> String {
    drawn(view, width, height, true).backend().to_string()
}

#[test]
fn a_run_in_its_spike_on_80_by_24() {
    insta::assert_snapshot!(text(&view(38), 80, 24));
}

#[test]
fn the_same_on_120_by_40() {
    insta::assert_snapshot!(text(&view(38), 120, 40));
}

#[test]
fn before_the_first_order_nothing_is_claimed() {
    let screen = text(&starting(), 80, 24);
    insta::assert_snapshot!(screen);
    assert!(
        !screen.contains("backlog 0") && !screen.contains("~stored 0"),
        "{screen}"
    );
}

#[test]
fn a_small_terminal_gets_the_important_words() {
    insta::assert_snapshot!(text(&view(38), 20, 5));
    let mut troubled = view(38);
    troubled.now.indeterminate = 2;
    insta::assert_snapshot!(text(&troubled, 50, 8));
}

#[test]
fn every_size_can_be_drawn() {
    let views = [starting(), view(0), view(1), view(38), view(75)];
    for view in &views {
        for (width, height) in [(1, 1), (3, 2), (59, 17), (60, 18), (61, 18), (300, 100)] {
            text(view, width, height);
        }
    }
}

#[test]
fn settling_and_an_interrupt_are_told() {
    let mut settling = view(70);
    settling.activity =
        Activity::Verifying("settling: 312 messages in the queue, 8 dead letters".into());
    let screen = text(&settling, 80, 24);
    assert!(
        screen.contains("settling: 312 messages in the queue"),
        "{screen}"
    );
    assert!(!screen.contains("interrupted"), "{screen}");
    assert!(screen.contains("stop sending"), "{screen}");
    settling.stopping = true;
    let screen = text(&settling, 80, 24);
    assert!(screen.contains("interrupted; settling: 312"), "{screen}");
    assert!(screen.contains("quit at once"), "{screen}");
}

/// The color of the first cell of `word`.
fn color_of(terminal: &Terminal<TestBackend>, word: &str) -> Color {
    let buffer = terminal.backend().buffer();
    let width = usize::from(buffer.area.width);
    for row in buffer.content.chunks(width) {
        let line: String = row.iter().map(|cell| cell.symbol()).collect();
        if let Some(at) = line.find(word) {
            return row[line[..at].chars().count()].fg;
        }
    }
    panic!("`{word}` is not drawn");
}

#[test]
fn trouble_is_marked_and_no_trouble_is_not() {
    let calm = view(38);
    let mut troubled = view(38);
    troubled.now.rejected = 41;
    let marked = Color::Indexed(160);
    assert_eq!(color_of(&drawn(&troubled, 80, 24, true), "41│"), marked);
    assert_eq!(
        color_of(&drawn(&troubled, 80, 24, false), "41│"),
        Color::Reset
    );
    assert_eq!(color_of(&drawn(&calm, 80, 24, true), "0│"), Color::Reset);
}

#[test]
fn without_color_nothing_is_colored_and_the_lines_differ_by_their_dots() {
    let terminal = drawn(&view(38), 80, 24, false);
    let cells = &terminal.backend().buffer().content;
    assert!(
        cells
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
    let screen = terminal.backend().to_string();
    for glyph in [
        "•\u{a0}scheduled",
        "⠒\u{a0}acknowledged",
        "▄\u{a0}~stored",
        "█\u{a0}dead-lettered",
    ] {
        assert!(screen.contains(glyph), "{glyph}\n{screen}");
    }
}

#[test]
fn a_rate_is_a_count_over_the_time_between_two_looks() {
    let look = |at_ms, dead_letters, probably_stored| {
        Some(Queues {
            at: Duration::from_millis(at_ms),
            backlog: 0,
            dead_letters,
            probably_stored,
        })
    };
    let before = Moment {
        at: Duration::from_secs(10),
        acknowledged: 1_000,
        queues: look(9_800, 5, 900),
        ..Moment::default()
    };
    let after = Moment {
        at: Duration::from_millis(11_200),
        acknowledged: 1_600,
        queues: look(10_800, 4, 1_100),
        ..before
    };
    let rates = Rates::between(&before, &after);
    assert_eq!(rates.acknowledged.round(), 500.0, "over 1.2 s");
    assert_eq!(
        rates.stored,
        Some(200.0),
        "over the 1.0 s between the looks"
    );
    assert_eq!(rates.dead_lettered, Some(0.0), "a count that went back");
    let same_look = Moment {
        queues: before.queues,
        ..after
    };
    assert_eq!(Rates::between(&before, &same_look).stored, None);
    assert_eq!(Rates::between(&Moment::default(), &after).stored, None);
}

#[test]
fn what_is_due_and_not_decided_is_unanswered() {
    let moment = Moment {
        scheduled: 100,
        acknowledged: 90,
        rejected: 3,
        indeterminate: 2,
        unsent: 1,
        ..Moment::default()
    };
    assert_eq!(moment.unanswered(), 4);
}
