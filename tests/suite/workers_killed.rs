//! The crash matrix of workers: one of them is killed (SIGKILL) at seeded moments, then the merge, too. Nothing is forgotten,
//! nobody accused, and no run passes of which an order is unaccounted for.

use std::process::Command;
use std::time::Duration;

use orderproof::folder::read_observation;
use orderproof::journal::read_journal;
use orderproof::order::{Stream, generator};
use rand_xoshiro::rand_core::Rng;

use super::program::wait_for;
use super::workers::{Place, Started, merge, serve_pipeline, start, worker};

/// Moments in the life of a run, with every test run and in the full matrix.
const KILLS: u64 = 5;
const KILLS_FULL: u64 = 50;

/// How a run ended whose worker was killed.
#[derive(Debug, Default)]
struct Seen {
    killed: u64,
    recovered: u64,
    passed: u64,
    merges_killed: u64,
}

fn kill_one(seed: u64, seen: &mut Seen) {
    let mut rng = generator(seed, Stream::Faults, 0);
    let mut pick = |below: u64| rng.next_u64() % below;
    let (served, place) = (serve_pipeline(), Place::new());
    let victim = pick(3);
    let mut workers: Vec<_> = (0..3)
        .map(|index| start(worker(&served, &place, &format!("{index}/3"))))
        .collect();
    // Four in five while orders are sent, the others about its end.
    let manifest = place.path.join(format!("shards/{victim}/manifest.json"));
    let journal = place.path.join(format!("shards/{victim}/ledger.journal"));
    wait_for("a journal", || journal.exists());
    if seed % 5 == 4 {
        wait_for("a manifest", || manifest.exists());
    } else {
        let text = || std::fs::read_to_string(&journal).unwrap_or_default();
        wait_for("an outcome", || text().contains("\"outcome\""));
        std::thread::sleep(Duration::from_millis(pick(1_500)));
    }
    let child = &mut workers[victim as usize].child;
    child.kill().expect("it can be killed");
    let killed = child.wait().expect("it ended").code().is_none() && !manifest.exists();
    seen.killed += u64::from(killed);
    for (index, worker) in (0..).zip(workers) {
        let code = worker.code();
        assert!(
            index == victim || code == Some(0),
            "seed {seed}: worker {index}: {code:?}"
        );
    }
    let again = worker(&served, &place, &format!("{victim}/3")).finish();
    assert_eq!(again.code, 42, "seed {seed}: {}", again.stderr);

    // A merge that is killed is made again.
    let mut first = start(merge(&served, &place).args(["--now"]));
    std::thread::sleep(Duration::from_millis(pick(2_500)));
    first.child.kill().expect("it can be killed");
    let merge_killed = first.child.wait().expect("it ended").code().is_none();
    seen.merges_killed += u64::from(merge_killed);
    let merged = merge(&served, &place).args(["--now"]).finish();
    let told = format!(
        "seed {seed}, worker {victim}\n{}\n{}",
        merged.stdout, merged.stderr
    );

    let ledger = read_journal(&place.path.join("ledger.journal"))
        .expect("a journal")
        .ledger;
    let file = read_observation(&place.path.join("observation.json"));
    let observation = file.expect("an observation").observation;
    let report = place.json("run.json");
    assert_eq!(report["classes"]["lost"], 0, "{told}");
    let classes = report["classes"].as_object().expect("classes").values();
    let sum = classes
        .map(|count| count.as_u64().expect("a count"))
        .sum::<u64>();
    assert_eq!(sum, 300, "every order is in one class: {told}");
    if !observation.dead_letter_sweep.complete {
        // The sweep of a merge that was killed hides the letters that it had received.
        assert!(merge_killed && merged.code == 4, "{told}");
        return;
    }
    assert!(observation.is_complete(), "{told}");
    let expected = if killed { 4 } else { 0 };
    assert_eq!(merged.code, expected, "{told}");
    seen.passed += u64::from(merged.code == 0);
    let landed = &observation.stored | &observation.dead_lettered;
    let forgotten = ledger.acknowledged() - &landed;
    assert!(
        forgotten.is_empty(),
        "acknowledged and not found: {forgotten:?}\n{told}"
    );
    let ghosts = &landed & (ledger.unsent() | ledger.rejected());
    assert!(
        ghosts.is_empty(),
        "found without a word in a journal: {ghosts:?}\n{told}"
    );
    seen.recovered += (ledger.indeterminate() & &landed).len();
}

/// Runs at one time: they wait more than they work.
const AT_ONE_TIME: usize = 5;

fn kill_all(kills: u64) -> Seen {
    let mut all = Seen::default();
    let seeds: Vec<u64> = (0..kills).collect();
    for some in seeds.chunks(AT_ONE_TIME) {
        let seen = std::thread::scope(|scope| {
            let runs = some.iter().map(|&seed| {
                scope.spawn(move || {
                    let mut seen = Seen::default();
                    kill_one(seed, &mut seen);
                    seen
                })
            });
            let runs: Vec<_> = runs.collect();
            runs.into_iter()
                .map(|run| match run.join() {
                    Ok(seen) => seen,
                    Err(panic) => std::panic::resume_unwind(panic),
                })
                .collect::<Vec<_>>()
        });
        for one in seen {
            all.killed += one.killed;
            all.recovered += one.recovered;
            all.passed += one.passed;
            all.merges_killed += one.merges_killed;
        }
    }
    println!("{all:#?}");
    all
}

#[test]
fn a_worker_killed_at_any_moment_is_accounted_for() {
    let seen = kill_all(KILLS);
    assert!(seen.killed >= 2, "{seen:#?}");
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_50_killed_workers() {
    let seen = kill_all(KILLS_FULL);
    assert!(
        seen.killed >= 25 && seen.passed >= 1 && seen.recovered >= 1,
        "{seen:#?}"
    );
    assert!(seen.merges_killed >= 10, "{seen:#?}");
}

#[test]
fn a_worker_that_is_told_to_stop_says_what_it_has_not_sent() {
    let (served, place) = (serve_pipeline(), Place::new());
    let workers: Vec<_> = (0..2)
        .map(|index| start(worker(&served, &place, &format!("{index}/2"))))
        .collect();
    let journal = place.path.join("shards/1/ledger.journal");
    let text = || std::fs::read_to_string(&journal).unwrap_or_default();
    wait_for("an outcome", || text().contains("\"outcome\""));
    let id = workers[1].child.id().to_string();
    let told = Command::new("kill").args(["-TERM", &id]).status();
    assert!(told.expect("kill").success());
    let codes: Vec<_> = workers.into_iter().map(Started::code).collect();
    assert_eq!(codes[0], Some(0));
    let manifest = place.json("shards/1/manifest.json");
    // On a machine that stalls it may have sent everything before it was told.
    let interrupted = manifest["interrupted"] == true;
    assert_eq!(
        codes[1],
        Some(if interrupted { 130 } else { 0 }),
        "{manifest}"
    );
    let unsent = manifest["orders"]["unsent"].as_u64().expect("a count");
    assert_eq!(unsent > 0, interrupted, "{manifest}");
    let merged = merge(&served, &place).finish();
    assert_eq!(
        merged.code,
        if interrupted { 130 } else { 0 },
        "{}",
        merged.stdout
    );
    let report = place.json("run.json");
    assert_eq!(report["classes"]["unsent"], unsent);
    assert_eq!(report["classes"]["lost"], 0);
    assert_eq!(report["workers"][1]["interrupted"], interrupted);
}
