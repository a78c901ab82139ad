//! The crash matrix: the program is killed (SIGKILL) at seeded moments, from before its journal exists to after its
//! report, while the pipeline lives on in another process. Then `verify --resume` looks, and is never wrong.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use orderproof::folder::read_observation;
use orderproof::journal::read_journal;
use orderproof::ledger::Outcome;
use orderproof::order::{Stream, generator};
use rand_xoshiro::rand_core::Rng;

use super::program::{Program, wait_for};
use super::served::Served;

/// Moments in the life of a run, with every test run and in the full matrix.
const KILLS: u64 = 20;
const KILLS_FULL: u64 = 200;
/// How many more are tried at most, by so much, until each place of a run was hit: what a moment hits depends on the machine.
const TRIES: u64 = 5;
/// Pipelines, each with one run at a time.
const PIPELINES: u64 = 8;

/// 150 orders in a second, one in ten bad and a dead letter within a second.
const SCENARIO: &str = r#"
name = "crash"
question = "Is anything forgotten or accused when the sender dies?"
seed = 7
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "150/s"
duration = "1s"

[sending]
senders = 4

[pipeline]
visibility_timeout = "300ms"
max_receive_count = 2

[pipeline.function]
timeout = "250ms"

[settle]
deadline = "10s"

[expect]
# On a machine that stalls the retry path is short enough to dead-letter a good order, which is no matter here.
gate = "conserved"
max_schedule_lag_p99 = "10s"
"#;

fn serve_pipeline() -> Served {
    let program = Program::new(["serve", "crash.toml", "--quiet", "--port", "0"]);
    Served::start(program.file("crash.toml", SCENARIO))
}

/// What was seen, by name, over the whole matrix.
#[derive(Debug, Default)]
struct Seen(Mutex<BTreeMap<String, u64>>);

impl Seen {
    fn count(&self, what: impl Into<String>, more: u64) {
        *self.0.lock().unwrap().entry(what.into()).or_default() += more;
    }

    /// What was seen less often than that.
    fn missing<'a>(&self, places: &[(&'a str, u64)]) -> Option<&'a str> {
        let seen = self.0.lock().unwrap();
        let count = |place: &str| seen.get(place).copied().unwrap_or_default();
        let mut places = places.iter();
        places.find_map(|(place, least)| (count(place) < *least).then_some(*place))
    }
}

/// Starts a run, kills it at the seed's moment, verifies, and holds the verdict against the ledger. Whether the
/// pipeline can be looked at again: a sweep that was killed holds the dead letters it had received.
fn kill_one(seed: u64, served: &Served, seen: &Seen) -> bool {
    let mut rng = generator(seed, Stream::Faults, 0);
    // One in ten before the target is known, which takes a second or two; one from the plan on; six within the load; two from
    // its end on. Each waits for what the run writes by then, so that a slow machine is hit in the same places.
    let (from, life_ms) = match seed % 10 {
        0 => (None, 1_000),
        1 => (Some("plan.json"), 1_300),
        2..=7 => (Some("ledger.journal"), 1_000),
        _ => (Some("sent.json"), 2_000),
    };
    let moment = Duration::from_millis(rng.next_u64() % life_ms);
    let batch = ["sending.batch=1", "sending.batch=10"][rng.next_u64() as usize % 2];
    let threads = ["1", "2", "3"][rng.next_u64() as usize % 3];
    let run = Program::new(["run", "crash.toml", "--output-dir", "out", "--quiet"])
        .file("crash.toml", SCENARIO)
        .args(["--set", batch, "--threads", threads]);
    let run = served.at(run);
    let mut child = run
        .command()
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let folder = run.folder().join("out");
    if let Some(file) = from {
        wait_for(file, || folder.join(file).exists());
    }
    std::thread::sleep(moment);
    child.kill().expect("it can be killed");
    let killed = child.wait().expect("it ended").code().is_none();
    seen.count(if killed { "killed" } else { "ended by itself" }, 1);

    let what = format!("seed {seed}, killed {moment:?} after {from:?}, {batch}, {threads} threads");
    let verify = Program::new(["verify", &folder.display().to_string(), "--resume"])
        .args(["--endpoint-url", &served.endpoint()])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let verified = verify.finish();
    let told = format!("{what}\n{}\n{}", verified.stdout, verified.stderr);
    seen.count(format!("exit {}", verified.code), 1);
    let Ok(journal) = read_journal(&folder.join("ledger.journal")) else {
        seen.count("before the journal", 1);
        let nothing_known = [2, 4].contains(&verified.code);
        assert!(nothing_known, "nothing is known, and yet: {told}");
        return true;
    };
    assert!(
        [0, 4].contains(&verified.code),
        "a healthy pipeline is accused: {told}"
    );
    let file = newest_observation(&folder);
    let observation = read_observation(&file).expect("it was written").observation;
    if !observation.dead_letter_sweep.complete {
        assert_eq!(verified.code, 4, "{told}");
        let mut lines = verified.stdout.lines();
        let counts_lost = |line: &str| line.split_whitespace().nth(1) == Some("lost");
        assert!(!lines.any(counts_lost), "{told}");
        seen.count("while sweeping", 1);
        return false;
    }
    assert!(observation.is_complete(), "{told}");
    let landed = &observation.stored | &observation.dead_lettered;
    let ledger = &journal.ledger;
    let forgotten = ledger.acknowledged() - &landed;
    assert!(
        forgotten.is_empty(),
        "acknowledged and not found: {forgotten:?}\n{told}"
    );
    let ghosts = &landed & (ledger.unsent() | ledger.rejected());
    assert!(
        ghosts.is_empty(),
        "found without a word in the journal: {ghosts:?}\n{told}"
    );
    let recovered = (ledger.indeterminate() & &landed).len();
    let unanswered = ledger.counts().indeterminate;
    seen.count("recovered orders", recovered);
    seen.count("unanswered orders", unanswered);
    seen.count("runs with recovered orders", u64::from(recovered > 0));
    seen.count("torn last lines", u64::from(journal.torn_tail));
    let place = match (journal.ended, folder.join("run.json").exists()) {
        (false, _) => "while sending",
        (true, false) => "between sending and report",
        (true, true) => "after the report",
    };
    seen.count(place, 1);
    if verified.code == 0 {
        assert!(journal.ended, "{told}");
        assert_eq!(landed.len(), ledger.planned(), "{told}");
        assert!((0..ledger.planned()).all(|k| ledger.outcome(k) == Outcome::Acknowledged));
    }
    true
}

fn newest_observation(folder: &std::path::Path) -> std::path::PathBuf {
    let names = std::fs::read_dir(folder).expect("a folder");
    let names = names.map(|entry| entry.expect("an entry").path());
    let observations = names.filter(|path| path.to_string_lossy().contains("/observation"));
    // `observation-<utc>.json` sorts before `observation.json`.
    observations.min().expect("an observation")
}

/// Kills `kills` runs, and more until each of the places was hit so often.
fn kill_all(kills: u64, places: &[(&str, u64)]) {
    let seen = Seen::default();
    let next = AtomicU64::new(0);
    let is_done = |seed| seed >= kills && seen.missing(places).is_none();
    std::thread::scope(|scope| {
        for _ in 0..PIPELINES {
            scope.spawn(|| {
                let mut served = serve_pipeline();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= kills * TRIES || is_done(seed) {
                        return;
                    }
                    if !kill_one(seed, &served, &seen) {
                        served = serve_pipeline();
                    }
                }
            });
        }
    });
    println!("{seen:#?}");
    assert_eq!(seen.missing(places), None, "{seen:#?}");
}

#[test]
fn killed_at_any_moment_nothing_is_forgotten_and_nobody_accused() {
    let places = [
        ("before the journal", 1),
        ("while sending", 4),
        ("between sending and report", 1),
        ("runs with recovered orders", 1),
    ];
    kill_all(KILLS, &places);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_200_kills() {
    let places = [
        ("killed", 120),
        ("before the journal", 5),
        ("while sending", 40),
        ("between sending and report", 5),
        ("runs with recovered orders", 10),
    ];
    kill_all(KILLS_FULL, &places);
}
