//! What is drawn from which counts, and what a long run keeps.

use std::time::{Duration, Instant};

use super::{History, Measured, Moment, Queues, Rates, SAMPLES_MAX, Sample, Spread, countdown};
use crate::metrics::Histogram;
use crate::observe::QueueLook;
use crate::verify::QueueSample;

#[test]
fn a_rate_is_a_count_over_the_time_between_two_looks() {
    let look = |at_ms, dead_letters, probably_stored| {
        Some(Queues {
            at: Duration::from_millis(at_ms),
            waiting: 0,
            in_flight: 0,
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

#[test]
fn what_is_in_neither_queue_is_what_was_acknowledged_at_the_look_less_both() {
    let look = |acknowledged, visible, dead_letters| {
        Queues::from(QueueLook {
            taken_at: Instant::now(),
            sample: QueueSample {
                visible,
                in_flight: 7,
                delayed: 3,
                dead_letters,
                ..QueueSample::default()
            },
            dead_letters_before: 5,
            acknowledged,
        })
    };
    let seen = look(1_000, 90, 25);
    assert_eq!(
        (seen.waiting, seen.in_flight, seen.dead_letters),
        (93, 7, 20)
    );
    assert_eq!((seen.backlog(), seen.probably_stored), (100, 880));
    // Counts that lag behind the acknowledgments are no reason for a number below zero.
    assert_eq!(look(10, 90, 4).probably_stored, 0);
}

fn sample(second: u64) -> Sample {
    let peak = second == 4_321;
    Sample {
        moment: Moment {
            at: Duration::from_secs(second),
            acknowledged: second * 10,
            queues: (second > 2).then_some(Queues {
                at: Duration::from_secs(second),
                waiting: if peak { 9_999 } else { 1 },
                in_flight: 0,
                dead_letters: 0,
                probably_stored: second,
            }),
            ..Moment::default()
        },
        measured: Measured {
            schedule_lag_max: peak.then_some(Duration::from_secs(3)),
            ..Measured::default()
        },
        seconds: 1,
    }
}

#[test]
fn a_day_takes_no_more_memory_than_an_hour_and_no_peak_is_hidden() {
    let mut history = History::default();
    for second in 0..86_400 {
        history.push(sample(second));
        assert!(history.samples().len() <= SAMPLES_MAX);
    }
    let samples = history.samples();
    assert!(samples.len() > SAMPLES_MAX / 2 - 2, "{}", samples.len());
    assert_eq!(history.seconds_a_sample(), 128);
    let seconds: u64 = samples.iter().map(|sample| u64::from(sample.seconds)).sum();
    assert_eq!(seconds, 86_400);
    assert_eq!(samples.last().unwrap().moment.acknowledged, 863_990);
    let most = samples.iter().filter_map(|sample| sample.moment.queues);
    assert_eq!(most.map(|queues| queues.waiting).max(), Some(9_999));
    let lags: Vec<_> = samples
        .iter()
        .filter_map(|sample| sample.measured.schedule_lag_max)
        .collect();
    assert_eq!(
        lags,
        [Duration::from_secs(3)],
        "what was not measured stays so"
    );
}

#[test]
fn a_short_run_keeps_every_second() {
    let mut history = History::default();
    (0..SAMPLES_MAX as u64).for_each(|second| history.push(sample(second)));
    assert_eq!(history.samples().len(), SAMPLES_MAX);
    assert_eq!(history.seconds_a_sample(), 1);
}

#[test]
fn nothing_recorded_is_no_spread() {
    let mut histogram = Histogram::coarse();
    assert_eq!(Spread::of(&histogram), None);
    histogram.record(Duration::from_micros(50));
    let one = Duration::from_micros(50);
    assert_eq!(
        Spread::of(&histogram),
        Some(Spread {
            p50: one,
            p99: one,
            max: one
        })
    );
}

#[test]
fn what_is_left_is_told_in_whole_seconds() {
    for (ms, told) in [
        (0, "0 s"),
        (1, "1 s"),
        (58_200, "59 s"),
        (119_000, "119 s"),
        (133_200, "2 min 14 s"),
    ] {
        assert_eq!(countdown(Duration::from_millis(ms)), told);
    }
}
