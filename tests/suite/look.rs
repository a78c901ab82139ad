//! `verify --live` looks and changes nothing, `verify --resume` goes on, and neither sends anything to an endpoint that
//! the caller has not named.

use std::net::TcpListener;

use aws_sdk_sqs::types::QueueAttributeName;

use super::account::stores::Stores;
use super::local::without_function;
use super::program::{Finished, Program, scenario};
use super::served::Served;

const ORDER: &str =
    r#"{"order_number": 4242, "num_items": 1, "price_per_item": 110.0, "item_description": "zTV"}"#;

const VISIBLE: QueueAttributeName = QueueAttributeName::ApproximateNumberOfMessages;

fn credentials(program: Program) -> Program {
    program
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_SESSION_TOKEN", "token-of-the-caller")
}

/// A finished run of 25 orders whose function ran here, with a dead-letter queue of its own.
fn a_local_run(served: &Served) -> Finished {
    let run = Program::new(["run", &scenario("smoke"), "--output-dir", "out", "--quiet"])
        .args(["--processor", "local", "--dead-letters", "own"])
        .args(["--endpoint-url", &served.endpoint(), "--run-id", "61"])
        .args(["--rate", "10/s", "--duration", "1s"])
        .args(["--set", "target.exact_counts=true"])
        .args(["--set", "settle.deadline=6s", "--set", "expect.rules=[]"]);
    credentials(run).finish().code(0)
}

fn verify(run: &Finished, arguments: &[&str]) -> Finished {
    let out = run.path("out").display().to_string();
    let program = credentials(Program::new(["verify", &out]));
    let program = arguments
        .iter()
        .fold(program, |program, argument| program.args([*argument]));
    program.finish()
}

#[test]
fn a_look_processes_and_deletes_nothing_and_resuming_does() {
    let served = without_function();
    let run = a_local_run(&served);
    let stores = Stores::at(&served.endpoint());
    stores.send("orders-queue", ORDER);
    // A letter of the run's own, as one that came late would be.
    stores.send("orders-dl-queue", r#"{"order_number": 61000000001}"#);
    let endpoint = served.endpoint();

    let look = verify(&run, &["--live", "--endpoint-url", &endpoint]);
    for part in [
        "a look does not start it",
        "nothing was written or deleted there",
    ] {
        assert!(look.stderr.contains(part), "{part} in {}", look.stderr);
    }
    assert!(
        !stores.rows().contains(&4_242),
        "the look processed an order"
    );
    assert_eq!(stores.attribute("orders-queue", &VISIBLE), "1");
    assert_eq!(stores.attribute("orders-dl-queue", &VISIBLE), "1");

    // The near miss: the same under the guard, on purpose.
    verify(&run, &["--resume", "--endpoint-url", &endpoint]);
    assert!(stores.rows().contains(&4_242), "the run's function goes on");
    assert_eq!(stores.attribute("orders-queue", &VISIBLE), "0");
    assert_eq!(stores.attribute("orders-dl-queue", &VISIBLE), "0");
}

#[test]
fn an_endpoint_of_a_folder_hears_nothing_until_the_caller_names_it() {
    let served = without_function();
    let run = a_local_run(&served);
    let endpoint = served.endpoint();
    served.stop();
    let address = endpoint.trim_start_matches("http://");
    let stranger = TcpListener::bind(address).expect("the port is free again");
    stranger.set_nonblocking(true).expect("a listener");
    let hears = || stranger.accept().is_ok();

    for look in ["--live", "--resume"] {
        for (named, why) in [
            ("", "nobody named it"),
            ("http://127.0.0.1:1", "another is named"),
        ] {
            let out = run.path("out").display().to_string();
            let program = credentials(Program::new(["verify", &out, look]));
            let refused = program.env("AWS_ENDPOINT_URL", named).finish().code(6);
            let flag = format!("--endpoint-url {endpoint}");
            for part in ["nothing was sent", "session token", &flag] {
                assert!(
                    refused.stderr.contains(part),
                    "{part} in {}",
                    refused.stderr
                );
            }
            assert!(!hears(), "{look}: {why}");
        }
    }
    let out = run.path("out").display().to_string();
    let clean = Program::new(["clean", &out]);
    let report = Program::new(["report", &out, "--cloudwatch", "--output-dir", "again"]);
    for asks in [clean, report] {
        let refused = credentials(asks).finish().code(6);
        let words = "names the endpoint";
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
        assert!(!hears());
    }

    // The near miss: it does hear of who agrees.
    let listening = std::thread::spawn(move || {
        stranger.set_nonblocking(false).expect("a listener");
        stranger.accept().is_ok()
    });
    verify(&run, &["--live", "--yes"]).code(2);
    assert!(listening.join().expect("it ends"));
}

#[test]
fn how_the_stores_are_reached_means_nothing_without_a_look() {
    let example = format!("{}/reports/example-smoke", env!("CARGO_MANIFEST_DIR"));
    let refused = Program::new(["verify", &example, "--yes"]).finish().code(2);
    assert!(
        refused.stderr.contains("add --live or --resume"),
        "{}",
        refused.stderr
    );
    let both = Program::new(["verify", &example, "--live", "--resume"]).finish();
    assert_eq!(both.code, 2);
}
