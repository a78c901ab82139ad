//! `run --threads`: several threads pace and send, and the run is the same.

use orderproof::folder::read_observation;
use orderproof::journal::read_journal;
use orderproof::ledger::Ledger;
use serde_json::Value;

use super::program::{Finished, Program, scenario};
use super::run::{half_refused, run_and_signal, smoke};
use super::stub::{against, figures, stub};
use super::workers::{Place, merge, serve_pipeline, start, worker};

fn ledger(finished: &Finished) -> Ledger {
    let journal = read_journal(&finished.path("out/ledger.journal")).expect("a journal");
    assert!(journal.ended);
    journal.ledger
}

/// What of a report does not depend on time.
fn same(report: &Value) -> Vec<Value> {
    let phases = report["phases"].as_array().expect("phases");
    let counts = ["scheduled", "attempted", "acknowledged"];
    let of_phases = phases
        .iter()
        .flat_map(|phase| counts.map(|count| phase[count].clone()));
    let keys = ["run_id", "orders", "classes", "bad_orders", "verdict"];
    let of_run = keys.map(|key| report[key].clone());
    of_run.into_iter().chain(of_phases).collect()
}

/// Half the smoke scenario in batches, so that threads have batches and not orders of their own.
fn batches(threads: &str) -> Finished {
    smoke()
        .args(["--set", "sending.batch=4", "--set", "sending.linger=30ms"])
        .args(["--run-id", "4242", "--threads", threads])
        .finish()
        .code(0)
        .quiet()
}

#[test]
fn two_threads_do_what_one_does() {
    let both = ["1", "2"].map(|threads| std::thread::spawn(move || batches(threads)));
    let [one, two] = both.map(|run| run.join().expect("a run"));
    assert_eq!(ledger(&one), ledger(&two));
    let seen = [&one, &two].map(|finished| {
        let file = read_observation(&finished.path("out/observation.json"));
        file.expect("an observation").observation
    });
    assert_eq!(seen[0].stored, seen[1].stored, "the same ids");
    assert_eq!(seen[0].dead_lettered, seen[1].dead_lettered);
    let reports = [&one, &two].map(|finished| finished.json("out/run.json"));
    assert_eq!(same(&reports[0]), same(&reports[1]));
    assert!(reports[1]["orders"]["planned"].as_u64() > Some(200));
    let phase = &reports[1]["phases"][1];
    assert_eq!(
        phase["schedule_lag_us"]["count"], phase["attempted"],
        "lateness is measured over all threads: {phase}"
    );
    // What is verified again comes out the same.
    let verified = Program::new(["verify", &two.path("out").display().to_string()]);
    let verified = verified.finish().code(0);
    assert!(verified.stdout.contains("unchanged"), "{}", verified.stdout);
}

#[test]
fn threads_at_the_stub_send_each_order_once_and_are_told_about() {
    let served = stub(["--delay", "3ms", "--delay-share", "50%"]);
    let run = |senders: &str, run_id: &str| {
        let program = Program::new(["run", &scenario("smoke"), "--output-dir", "out"]);
        let program = program.args(["--set", "target.processor=external", "--threads", "3"]);
        let program = program.args(["--set", senders, "--run-id", run_id]);
        let lag = ["--set", "expect.max_schedule_lag_p99=10s"];
        served.at(program.args(lag)).finish().code(0)
    };
    let three = run("sending.senders=5", "4242");
    assert!(three.stderr.contains("3 threads send"), "{}", three.stderr);
    let two = run("sending.senders=2", "4243");
    let told = two
        .stderr
        .lines()
        .find(|line| line.contains("threads send"));
    let told = told.expect("how many threads there are");
    assert!(
        told.contains("2 threads send") && told.ends_with("sending.senders is 2"),
        "fewer senders than threads: {told}"
    );
    let seen = figures(&served);
    for (finished, run) in [(&three, 0), (&two, 1)] {
        let orders = &finished.json("out/run.json")["orders"];
        assert_eq!(orders["acknowledged"], orders["planned"]);
        let run = &seen["runs"][run];
        assert_eq!(run["distinct"], orders["planned"], "{run}");
        assert_eq!(run["received_again"], 0, "{run}");
    }
}

#[test]
fn a_run_of_one_thread_that_nobody_asked_about_says_nothing_of_threads() {
    let served = stub([]);
    let quiet = against(&served).finish().code(0).quiet();
    assert!(!quiet.stdout.contains("thread"), "{}", quiet.stdout);
}

/// Each group in order, which the scenario's rows prove.
#[test]
fn groups_stay_in_order_whichever_thread_sends_them() {
    let fifo = |threads: &'static str| {
        Program::new(["run", &scenario("fifo-throughput"), "--output-dir", "out"])
            .args(["--quiet", "--rate", "300/s", "--run-id", "4242"])
            .args(["--set", "phase.warm-up.duration=500ms"])
            .args(["--set", "phase.baseline.duration=2s"])
            .args(["--set", "expect.max_schedule_lag_p99=10s"])
            .args(["--set", "order.fields.customer={ integer = [0, 30] }"])
            .args(["--threads", threads])
            .finish()
            .code(0)
    };
    let both = ["1", "3"].map(|threads| std::thread::spawn(move || fifo(threads)));
    let [one, three] = both.map(|run| run.join().expect("a run"));
    assert_eq!(ledger(&one), ledger(&three));
    let reports = [&one, &three].map(|finished| finished.json("out/run.json"));
    assert_eq!(same(&reports[0]), same(&reports[1]));
}

#[test]
fn ctrl_c_ends_all_threads_in_a_verdict() {
    let program = smoke().args(["--threads", "3"]);
    let output = run_and_signal(&program, "-INT");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{told}");
    let text = std::fs::read_to_string(program.folder().join("out/run.json")).expect("a report");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["verdict"], "inconclusive");
    assert_eq!(report["interrupted"], true);
    let orders = &report["orders"];
    assert!(orders["unsent"].as_u64() > Some(0), "{orders}");
    assert!(orders["acknowledged"].as_u64() > Some(0), "{orders}");
    assert_eq!(report["classes"]["lost"], 0);
    let count = |key: &str| orders[key].as_u64().expect("a count");
    let decided = ["acknowledged", "rejected", "indeterminate", "unsent"].map(count);
    assert_eq!(decided.iter().sum::<u64>(), count("planned"), "{orders}");
}

#[test]
fn a_rule_that_nothing_can_mend_ends_all_threads() {
    let rule = "{ rule = \"send_error_rate <= 4%\", abort = true }";
    let report = half_refused(rule, "3").code(5).json("out/run.json");
    assert_eq!(report["verdict"], "fail");
    assert_eq!(report["interrupted"], false, "nobody has");
    let orders = &report["orders"];
    assert!(orders["unsent"].as_u64() > Some(0), "{orders}");
    assert!(orders["rejected"].as_u64() >= Some(13), "{orders}");
}

#[test]
fn a_worker_splits_what_it_sends_among_its_threads() {
    let (served, place) = (serve_pipeline(), Place::new());
    let workers = ["0/2", "1/2"].map(|who| {
        let program = worker(&served, &place, who).args(["--threads", "2"]);
        start(program)
    });
    for worker in workers {
        assert_eq!(worker.code(), Some(0));
    }
    merge(&served, &place).finish().code(0);
    let journal = read_journal(&place.path.join("ledger.journal")).expect("a journal");
    assert_eq!(journal.ledger.counts().acknowledged, 300);
}

#[test]
fn a_number_of_threads_that_cannot_be_is_refused() {
    for threads in ["0", "1025", "two"] {
        let refused = smoke().args(["--threads", threads]).finish().code(2);
        assert!(
            refused.stderr.contains("--threads") && refused.stderr.contains(threads),
            "{}",
            refused.stderr
        );
        assert!(!refused.path("out").exists());
    }
}
