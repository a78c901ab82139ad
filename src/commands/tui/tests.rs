//! Frames drawn on a terminal in memory, and what is drawn from which counts.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::draw::{Palette, draw};
use crate::load::{LoadProfile, Phase};
use crate::results::{PipelineReading, Stretch};
use crate::run::live::{History, Measured, Moment, PhaseView, Queues, Sample, Spread, Stage, View};

fn phase(name: &str, start_rate: f64, end_rate: f64, seconds: u64) -> Phase {
    Phase {
        name: name.into(),
        start_rate,
        end_rate,
        duration: Duration::from_secs(seconds),
        warm_up: name == "warm-up",
    }
}

/// What a second measured.
fn measured() -> Measured {
    let spread = |p50, p99| {
        Some(Spread {
            p50: Duration::from_micros(p50),
            p99: Duration::from_micros(p99),
            max: Duration::from_micros(2 * p99),
        })
    };
    Measured {
        response_time: spread(1_240, 12_400),
        service_time: spread(1_100, 9_400),
        end_to_end: spread(140_000, 12_400_000),
        schedule_lag_max: Some(Duration::from_micros(2_310)),
        process: Some(Stretch {
            cpus: Some(0.82),
            in_flight_peak: 14,
            pipeline: Some(PipelineReading {
                concurrency_peak: 10,
                throttled_writes: 0,
                throttled_invocations: 0,
            }),
        }),
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
                waiting: scheduled - processed,
                in_flight: 0,
                dead_letters,
                probably_stored: processed.saturating_sub(dead_letters),
            }),
            lag: Some(Duration::from_micros(180 + second)),
            ..Moment::default()
        }
    };
    let mut history = History::default();
    for second in 0..=seconds {
        history.push(Sample {
            moment: moment(second),
            measured: measured(),
            seconds: 1,
        });
    }
    View {
        scenario: "spike".into(),
        target: "embedded".into(),
        folder: "reports/20261126T090000Z-spike".into(),
        planned: profile.count(),
        shard: None,
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
        stage: Stage::Sending,
        stopping: false,
        now: moment(seconds),
        history,
        worst_lag: Some(Duration::from_micros(2_310)),
        latest: Some(measured()),
    }
}

/// Before the first order is due.
fn starting() -> View {
    View {
        stage: Stage::Starting,
        now: Moment::default(),
        history: History::default(),
        worst_lag: None,
        latest: None,
        ..view(0)
    }
}

fn drawn(view: &View, width: u16, height: u16, color: bool) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let palette = Palette::new(color);
    terminal
        .draw(|frame| draw(frame, view, None, &palette))
        .unwrap();
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

/// A run that waits.
fn settling() -> View {
    View {
        stage: Stage::Settling {
            words: "1,312 messages waiting, 12 in work or held back for a retry".into(),
            left_max: Duration::from_millis(133_200),
        },
        ..view(70)
    }
}

#[test]
fn a_run_that_settles_says_for_what_it_waits_and_for_how_long_at_most() {
    insta::assert_snapshot!(text(&settling(), 80, 24));
    insta::assert_snapshot!(text(&settling(), 120, 40));
    insta::assert_snapshot!(text(&settling(), 40, 10));
    let mut reading = settling();
    reading.stage = Stage::Reading {
        words: "reading the table".into(),
        left_max: None,
    };
    let screen = text(&reading, 80, 24);
    assert!(screen.contains("reading the table"), "{screen}");
    assert!(!screen.contains("at most"), "no limit is known\n{screen}");
}

#[test]
fn what_was_not_measured_is_a_dash_and_no_zero() {
    let mut unknown = view(38);
    let measured = unknown.latest.as_mut().unwrap();
    (measured.response_time, measured.end_to_end) = (None, None);
    let screen = text(&unknown, 80, 24).replace('\u{a0}', " ");
    assert!(screen.contains("response time -  end-to-end -"), "{screen}");
    let screen = text(&view(38), 80, 24).replace('\u{a0}', " ");
    for shown in [
        "response time p50 1.24 ms, p99 12.4 ms",
        "end-to-end p50 140 ms, p99 12.4 s",
    ] {
        assert!(screen.contains(shown), "{screen}");
    }
}

#[test]
fn an_interrupt_is_told() {
    let mut settling = settling();
    let screen = text(&settling, 80, 24);
    assert!(!screen.contains("interrupted"), "{screen}");
    assert!(screen.contains("stop sending"), "{screen}");
    settling.stopping = true;
    let screen = text(&settling, 80, 24);
    assert!(screen.contains("interrupted; settling: 1,312"), "{screen}");
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
