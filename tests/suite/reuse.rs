//! A run id that was used before on the same stores, and two runs there at the same time: refused before the first send.

use super::account::stores::Stores;
use super::local::without_function;
use super::program::{Program, scenario, wait_for};
use super::served::Served;

/// 10 orders a second at first, for `duration`, and no longer in any phase after that.
fn run(served: &Served, duration: &str, extra: &[&str]) -> Program {
    let run = Program::new(["run", &scenario("smoke"), "--output-dir", "out", "--quiet"])
        .args(["--endpoint-url", &served.endpoint(), "--processor", "local"])
        .args(["--rate", "10/s", "--duration", duration])
        .args([
            "--set",
            "target.exact_counts=true",
            "--set",
            "settle.deadline=10s",
        ])
        .args([
            "--set",
            "expect.rules=[]",
            "--set",
            "expect.max_schedule_lag_p99=10s",
        ])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    extra
        .iter()
        .fold(run, |run, argument| run.args([*argument]))
}

fn refused(program: Program, parts: &[&str]) {
    let refused = program.finish().code(6);
    for part in parts.iter().chain(&["nothing was sent"]) {
        assert!(
            refused.stderr.contains(part),
            "{part} in {}",
            refused.stderr
        );
    }
    assert!(!refused.path("out").exists(), "no folder is made");
}

#[test]
fn a_run_id_that_was_used_on_these_stores_is_refused_and_any_other_is_not() {
    let served = without_function();
    let stores = Stores::at(&served.endpoint());
    run(&served, "500ms", &["--run-id", "7"]).finish().code(0);
    // Its rows.
    let rows = ["rows with order numbers of run 7", "leave --run-id out"];
    refused(run(&served, "500ms", &["--run-id", "7"]), &rows);
    // A letter alone is enough.
    stores.send("orders-dl-queue", r#"{"order_number": 9000000001}"#);
    let letters = ["1 letters with order numbers of run 9", "9000000001"];
    refused(run(&served, "500ms", &["--run-id", "9"]), &letters);
    // The near miss: rows and letters of others are no obstacle, and stay where they are.
    let rows_before = stores.rows().len();
    let next = run(&served, "500ms", &["--run-id", "8"]).finish().code(0);
    assert_eq!(
        next.json("out/preflight.json")["id_space"]["rows"]["of_the_run"],
        0
    );
    assert!(stores.rows().len() > rows_before);

    // Messages may be anybody's: with a run id that was given they stop it, with a new one they do not.
    let order = r#"{"order_number": 4242, "num_items": 1, "price_per_item": 110.0, "item_description": "zTV"}"#;
    stores.send("orders-queue", order);
    let queued = ["still counts 1 messages", "leave --run-id out"];
    refused(run(&served, "500ms", &["--run-id", "10"]), &queued);
    assert!(
        !stores.rows().contains(&4_242),
        "its function has not started"
    );
    let random = run(&served, "500ms", &[]).finish().code(0);
    assert!(random.json("out/run.json")["foreign_rows"].as_u64() > Some(0));
}

#[test]
fn two_runs_on_the_same_stores_at_the_same_time_are_one_too_many() {
    let served = without_function();
    let other = without_function();
    let first = run(&served, "2s", &[]);
    let mut child = first.command().spawn().expect("it starts");
    let journal = first.folder().join("out/ledger.journal");
    wait_for("a journal", || journal.exists());
    refused(
        run(&served, "500ms", &[]),
        &["is at work at", "a run of smoke"],
    );
    // A look would hide dead letters from the run.
    let out = first.folder().join("out").display().to_string();
    let look = Program::new([
        "verify",
        &out,
        "--live",
        "--endpoint-url",
        &served.endpoint(),
    ])
    .env("AWS_ACCESS_KEY_ID", "test")
    .env("AWS_SECRET_ACCESS_KEY", "test");
    let look = look.finish().code(6);
    assert!(look.stderr.contains("is at work at"), "{}", look.stderr);
    // The near miss: other stores on this machine.
    run(&other, "500ms", &[]).finish().code(0);
    let ended = child.wait().expect("it ends");
    assert_eq!(ended.code(), Some(0));
    // And these, once the first has ended.
    run(&served, "500ms", &[]).finish().code(0);
}
