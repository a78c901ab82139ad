//! Sequences of samples and what they prove.

use std::time::Duration;

use crate::records::Counts;
use crate::verify::settle::Settling;
use crate::verify::{FunctionStart, Quiescence};

/// What a sample saw.
#[derive(Clone, Copy)]
enum Saw {
    Nothing,
    Visible,
    InFlight,
    Delayed,
    Error,
}
use Saw::{Delayed, Error, InFlight, Nothing, Visible};

fn counts(saw: Saw) -> Result<Counts, String> {
    let one = |wanted: bool| u64::from(wanted);
    match saw {
        Error => Err("no route to host".into()),
        _ => Ok(Counts {
            visible: one(matches!(saw, Visible)),
            in_flight: one(matches!(saw, InFlight)),
            delayed: one(matches!(saw, Delayed)),
        }),
    }
}

/// The last send is at 10 s, and there are 300 s of patience. Gives the second it ended in.
fn settle(
    exact: bool,
    visibility_s: u64,
    samples: impl IntoIterator<Item = (u64, Saw)>,
) -> Option<(u64, Quiescence)> {
    let secs = Duration::from_secs;
    let mut settling = Settling::new(secs(10), secs(300), exact, secs(visibility_s));
    samples.into_iter().find_map(|(at, saw)| {
        let ended = settling.sample(secs(at), counts(saw))?;
        Some((at, ended))
    })
}

/// A sample every five seconds that sees nothing, as the watcher takes them on AWS.
fn quiet(from: u64, to: u64) -> impl Iterator<Item = (u64, Saw)> {
    (from..=to).step_by(5).map(|at| (at, Nothing))
}

#[track_caller]
fn at_rest(ended: Option<(u64, Quiescence)>, at: u64, drain_s: u64, why: &str) {
    let (found, quiescence) = ended.expect(why);
    assert!(quiescence.reached, "{why}: {quiescence:?}");
    assert_eq!(found, at, "{why}");
    assert_eq!(
        quiescence.drain,
        Some(Duration::from_secs(drain_s)),
        "{why}"
    );
    assert!(quiescence.empty_samples >= 3, "{why}");
}

#[test]
fn exact_counts_must_be_empty_three_times_in_a_row() {
    let n = Nothing;
    let seen = |samples: &[(u64, Saw)]| settle(true, 30, samples.to_vec());
    at_rest(seen(&[(10, n), (11, n), (12, n)]), 12, 0, "three at once");
    assert_eq!(seen(&[(10, n), (11, n)]), None, "two are not three");
    for (saw, why) in [
        (Visible, "a visible message"),
        (InFlight, "one in flight"),
        (Delayed, "a delayed one"),
        (Error, "an unreadable count"),
    ] {
        let samples = [(10, n), (11, n), (12, saw), (13, n), (14, n)];
        assert_eq!(seen(&samples), None, "{why} begins it anew");
        let more = [&samples[..], &[(15, n)]].concat();
        at_rest(seen(&more), 15, 3, why);
    }
    let early = [(7, n), (8, n), (9, n), (10, n), (11, n)];
    assert_eq!(seen(&early), None, "before the last send nothing is proved");
}

#[test]
fn counts_that_lag_prove_rest_only_after_a_minute_and_for_a_minute() {
    let aws = |visibility_s, samples| settle(false, visibility_s, samples);
    assert_eq!(aws(30, quiet(10, 125).collect()), None, "59 s are too few");
    at_rest(
        aws(30, quiet(10, 300).collect()),
        130,
        0,
        "proved from 70 s to 130 s, and quiet from the start",
    );
    at_rest(
        aws(90, quiet(10, 300).collect()),
        160,
        0,
        "as long as a message may be hidden",
    );
    let two: Vec<_> = [(70, Nothing), (200, Nothing)].into();
    assert_eq!(aws(30, two), None, "a long span of two samples");
    let interrupted = quiet(70, 120)
        .chain([(125, InFlight)])
        .chain(quiet(130, 300));
    at_rest(
        aws(30, interrupted.collect()),
        190,
        120,
        "begun anew at 130 s",
    );
}

#[test]
fn where_counts_lag_it_drained_when_they_last_became_empty() {
    let samples = (10..35)
        .step_by(5)
        .map(|at| (at, Visible))
        .chain(quiet(35, 300));
    at_rest(
        settle(false, 30, samples),
        130,
        25,
        "before the proof began",
    );
    let again = quiet(10, 40).chain([(45, Visible)]).chain(quiet(50, 300));
    at_rest(
        settle(false, 30, again),
        130,
        40,
        "an empty sample too early is none",
    );
}

#[test]
fn the_deadline_ends_the_wait_without_proof() {
    let (at, late) = settle(true, 30, [(309, Visible), (310, Visible)]).unwrap();
    assert_eq!((at, late.reached, late.drain), (310, false, None));
    assert!(late.evidence.contains("1 visible"), "{}", late.evidence);
    let (_, blind) = settle(true, 30, [(400, Error)]).unwrap();
    assert!(!blind.reached);
    assert!(
        blind.evidence.contains("no route to host"),
        "{}",
        blind.evidence
    );
    let in_time = [(308, Nothing), (309, Nothing), (310, Nothing)];
    at_rest(
        settle(true, 30, in_time),
        310,
        298,
        "proved with the last sample",
    );
    let one_short = [(309, Nothing), (310, Nothing)];
    let (_, short) = settle(true, 30, one_short).unwrap();
    assert!(!short.reached, "two empty samples at the deadline");
}

#[test]
fn where_counts_lag_the_proof_comes_on_top_of_the_patience() {
    let busy = |to: u64| (10..=to).step_by(5).map(|at| (at, Visible));
    // 300 s, 60 s in which counts may lag, and 90 s for which they must stay empty.
    let ended = settle(false, 90, busy(1_000)).map(|(at, seen)| (at, seen.reached));
    assert_eq!(ended, Some((460, false)));
    let exact = settle(true, 90, busy(1_000)).map(|(at, seen)| (at, seen.reached));
    assert_eq!(exact, Some((310, false)));
}

#[test]
fn a_function_that_will_not_start_is_not_waited_for_and_one_that_may_is() {
    let secs = Duration::from_secs;
    let ended = |start: FunctionStart, saw: Saw| {
        let mut settling = Settling::new(secs(10), secs(300), true, secs(30));
        (11..400).find_map(|at| {
            settling.function(start.clone());
            let ended = settling.sample(secs(at), counts(saw))?;
            Some((at, ended.reached, ended.never_started, ended.evidence))
        })
    };
    let why = || "it never started".to_owned();
    let (at, reached, told, evidence) = ended(FunctionStart::Hopeless(why()), Visible).unwrap();
    assert_eq!((at, reached, told), (11, false, Some(why())));
    assert!(!evidence.contains("allows more time"), "{evidence}");
    let (at, reached, told, evidence) = ended(FunctionStart::NotYet(why()), Visible).unwrap();
    assert_eq!((at, reached, told), (310, false, Some(why())));
    assert!(!evidence.contains("allows more time"), "{evidence}");
    let (at, reached, told, evidence) = ended(FunctionStart::Unknown, Visible).unwrap();
    assert_eq!((at, reached, told), (310, false, None));
    assert!(evidence.contains("allows more time"), "{evidence}");
    // An empty queue is at rest, whoever emptied it.
    let (at, reached, told, _) = ended(FunctionStart::NotYet(why()), Nothing).unwrap();
    assert_eq!((at, reached, told), (13, true, None));
}
