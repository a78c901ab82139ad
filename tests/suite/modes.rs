//! Two modes. Safety: under faults that never stop, a verdict may be missing and is never wrong. Liveness: once the
//! faults have stopped, there is one. What is true is read out of the pipeline itself, past every fault.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};

use orderproof::embedded::{EmbeddedPipeline, Holdings};
use orderproof::journal::read_journal;
use orderproof::ledger::Outcome;
use orderproof::order::{OrderPlan, RunId, Stream, generator};
use orderproof::records::{Item, Value};
use orderproof::scenario::{Fault, FaultExtent, FaultKind, FaultPlace, Overrides, Scenario, parse};
use rand_xoshiro::rand_core::Rng;

use super::program::{Finished, Program};

/// 240 orders in 1.2 s, and a retry path of under a second.
const SCENARIO: &str = r#"
name = "modes"
question = "Is the verdict right, whatever goes wrong?"
seed = 5
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "200/s"
duration = "1200ms"

[sending]
senders = 8
attempt_timeout = "1s"

[pipeline]
visibility_timeout = "300ms"

[pipeline.function]
timeout = "250ms"

[settle]
deadline = "8s"

[expect]
max_schedule_lag_p99 = "10s"
max_unsent = "100%"
max_indeterminate = 1000
"#;

/// What goes wrong only when somebody looks: it never stops before the verifier has looked.
const OF_THE_LOOKING: [FaultKind; 4] = [
    FaultKind::CountsHidden,
    FaultKind::ScanStale,
    FaultKind::ScanTruncated,
    FaultKind::DeadLetterHeld,
];

fn scenario() -> Scenario {
    parse("modes.toml", SCENARIO, &Overrides::default()).expect("a valid scenario")
}

fn orders(scenario: &Scenario, run: u32) -> OrderPlan {
    OrderPlan::lab(
        RunId::new(run).expect("in range"),
        scenario.seed,
        scenario.bad_share,
    )
}

/// One to three faults drawn by `seed`; those that stop strike each order once.
fn draw_faults(seed: u64, stop: bool) -> Vec<Fault> {
    let mut rng = generator(seed, Stream::Faults, 0);
    let outside = |kind: &FaultKind| {
        kind.place() != FaultPlace::Harness && !(stop && OF_THE_LOOKING.contains(kind))
    };
    let kinds: Vec<FaultKind> = FaultKind::ALL.iter().copied().filter(outside).collect();
    let count = 1 + rng.next_u64() % 3;
    (0..count)
        .map(|_| {
            let kind = kinds[rng.next_u64() as usize % kinds.len()];
            let share = [0.02, 0.1, 0.5][rng.next_u64() as usize % 3];
            let delay_ms = [50, 600][rng.next_u64() as usize % 2];
            let mut fault = Fault::new(kind, FaultExtent::Share(share));
            fault.times = stop.then_some(1);
            if kind.takes_delay() {
                fault.delay = std::time::Duration::from_millis(delay_ms);
            }
            fault
        })
        .collect()
}

/// A run of the program against a pipeline of this process with these faults, and what that then held.
struct Trial {
    what: String,
    finished: Finished,
    plan: OrderPlan,
    holdings: Holdings,
}

fn run(seed: u64, faults: Vec<Fault>) -> Trial {
    static RUNS: AtomicU32 = AtomicU32::new(1_000);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    let mut scenario = scenario();
    let plan = orders(&scenario, run);
    let kinds: Vec<_> = faults.iter().map(|fault| fault.kind.as_str()).collect();
    let what = format!("seed {seed}: {}", kinds.join(", "));
    scenario.faults = faults;
    let pipeline = EmbeddedPipeline::start(&scenario, plan.clone(), 240).expect("it starts");
    let finished = Program::new(["run", "modes.toml", "--output-dir", "out", "--quiet"])
        .file("modes.toml", SCENARIO)
        .args(["--run-id", &run.to_string()])
        .at(&pipeline.target())
        .finish();
    let holdings = pipeline.holdings().expect("it can be read");
    Trial {
        what,
        finished,
        plan,
        holdings,
    }
}

/// Where each order is, by name: the planned content in the table, another one, dead letters, the queue.
#[derive(Default)]
struct Whereabouts {
    right_row: bool,
    wrong_row: bool,
    dead_letter: bool,
    queued: bool,
}

fn whereabouts(trial: &Trial) -> HashMap<u64, Whereabouts> {
    let mut places: HashMap<u64, Whereabouts> = HashMap::new();
    let sequence = |number: u64| trial.plan.run.sequence_of(number);
    for (id, details) in trial.holdings.lab_rows() {
        let k = sequence(id.parse().expect("a number")).expect("of this run");
        let item = Item::from([
            ("id".to_owned(), Value::N(id.clone())),
            ("order_details".to_owned(), Value::S(details.clone())),
        ]);
        let right = trial.plan.is_as_planned(u64::MAX, "orders", &item) == Some(true);
        let place = places.entry(k).or_default();
        (place.right_row, place.wrong_row) = (right, !right);
    }
    let number = |body: &str| {
        let value: serde_json::Value = serde_json::from_str(body).expect("JSON");
        sequence(value["order_number"].as_u64().expect("a number")).expect("of this run")
    };
    for body in &trial.holdings.dead_letters {
        places.entry(number(body)).or_default().dead_letter = true;
    }
    for body in &trial.holdings.queued {
        places.entry(number(body)).or_default().queued = true;
    }
    places
}

/// The class an order must be in once the pipeline is at rest.
fn true_class(place: Option<&Whereabouts>, outcome: Outcome, bad: bool) -> &'static str {
    let nowhere = Whereabouts::default();
    let place = place.unwrap_or(&nowhere);
    let landed = place.right_row || place.wrong_row || place.dead_letter;
    match outcome {
        _ if place.wrong_row && place.dead_letter => "overwritten",
        _ if place.wrong_row => "altered",
        Outcome::Rejected | Outcome::Unsent if landed => "ghost",
        Outcome::Rejected => "rejected",
        Outcome::Unsent => "unsent",
        _ if place.right_row && place.dead_letter => "stored_and_dead_lettered",
        _ if place.right_row && bad => "bad_order_stored",
        _ if place.dead_letter && !bad => "good_order_dead_lettered",
        Outcome::Indeterminate if landed => "recovered",
        Outcome::Indeterminate => "indeterminate_never_seen",
        Outcome::Acknowledged if place.right_row => "stored",
        Outcome::Acknowledged if place.dead_letter => "dead_lettered_by_design",
        Outcome::Acknowledged => "lost",
    }
}

const FINE: [&str; 7] = [
    "stored",
    "dead_lettered_by_design",
    "recovered",
    "rejected",
    "unsent",
    "indeterminate_never_seen",
    "undecided",
];

/// Compares a verdict with what is true; whether there was one.
fn check(trial: &Trial) -> bool {
    let Trial { what, finished, .. } = trial;
    let told = format!("{what}\n{}\n{}", finished.stdout, finished.stderr);
    let report = finished.json("out/run.json");
    let evidence_missing = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .any(|finding| finding["severity"] == "missing_evidence");
    let ledger = read_journal(&finished.path("out/ledger.journal"))
        .expect("a whole journal")
        .ledger;
    let places = whereabouts(trial);
    let mut truth: BTreeMap<&str, u64> = BTreeMap::new();
    for k in 0..ledger.planned() {
        let class = true_class(places.get(&k), ledger.outcome(k), trial.plan.is_bad(k));
        *truth.entry(class).or_default() += 1;
    }
    let wrong = truth.keys().any(|class| !FINE.contains(class));
    match finished.code {
        0 => assert!(!wrong, "passed, and the truth is {truth:?}\n{told}"),
        3 => assert!(wrong, "failed, and the truth is {truth:?}\n{told}"),
        4 => {}
        other => panic!("exit code {other}\n{told}"),
    }
    if evidence_missing {
        // What is called lost is nowhere even so; other classes may still change.
        let lost = report["classes"]["lost"].as_u64().expect("a count");
        assert!(
            lost <= truth.get("lost").copied().unwrap_or(0),
            "{truth:?}\n{told}"
        );
        return false;
    }
    assert!(
        places.values().all(|place| !place.queued),
        "a verdict while orders were queued\n{told}"
    );
    let seen = report["classes"].as_object().expect("classes").iter();
    let seen: BTreeMap<&str, u64> = seen
        .map(|(class, count)| (class.as_str(), count.as_u64().expect("a count")))
        .filter(|(_, count)| *count > 0)
        .collect();
    assert_eq!(seen, truth, "{told}");
    true
}

/// Runs `count` trials, some at a time; how many came to a verdict.
fn run_all(seeds: std::ops::Range<u64>, stop: bool) -> u64 {
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    let decided = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    let trial = run(seed, draw_faults(seed, stop));
                    let has_verdict = check(&trial);
                    assert!(
                        has_verdict || !stop,
                        "{}\n{}",
                        trial.what,
                        trial.finished.stdout
                    );
                    decided.fetch_add(u64::from(has_verdict), Ordering::Relaxed);
                }
            });
        }
    });
    decided.into_inner()
}

/// Faults that never stop, over these seeds: a verdict may be missing, but not always; `least` come to one.
fn safety(seeds: std::ops::Range<u64>, least: u64) {
    let count = seeds.end - seeds.start;
    let decided = run_all(seeds, false);
    assert!(
        decided >= least,
        "only {decided} of {count} came to a verdict"
    );
}

/// Faults that stop, over these seeds: each has a verdict.
fn liveness(seeds: std::ops::Range<u64>) {
    let count = seeds.end - seeds.start;
    assert_eq!(run_all(seeds, true), count);
}

#[test]
fn under_faults_that_never_stop_no_verdict_is_wrong() {
    safety(0..4, 1);
}

#[test]
fn once_the_faults_have_stopped_there_is_a_verdict_and_it_is_right() {
    liveness(100..104);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_24_faults_that_never_stop() {
    safety(0..24, 6);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_24_faults_that_stop() {
    liveness(100..124);
}

#[test]
fn without_faults_the_verdict_is_pass() {
    let trial = run(0, Vec::new());
    assert!(check(&trial), "{}", trial.finished.stdout);
    assert_eq!(trial.finished.code, 0, "{}", trial.finished.stdout);
}
