//! `verify --live` looks and changes nothing, `verify --resume` goes on; an endpoint that the caller has not named is not
//! written to, and hears nothing of their credentials.

use std::io::Read;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use aws_sdk_sqs::types::QueueAttributeName;

use super::account::stores::Stores;
use super::local::without_function;
use super::program::{Finished, Program, scenario};
use super::served::Served;

const ORDER: &str =
    r#"{"order_number": 4242, "num_items": 1, "price_per_item": 110.0, "item_description": "zTV"}"#;

const KEY_ID: &str = "KEYOFTHECALLER";
const TOKEN: &str = "token-of-the-caller";

const VISIBLE: QueueAttributeName = QueueAttributeName::ApproximateNumberOfMessages;

fn credentials(program: Program) -> Program {
    program
        .env("AWS_ACCESS_KEY_ID", KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .env("AWS_SESSION_TOKEN", TOKEN)
}

/// A finished run of 25 orders whose function ran here, with a dead-letter queue of its own.
fn a_local_run(served: &Served) -> Finished {
    let run = Program::new(["run", &scenario("smoke"), "--output-dir", "out", "--quiet"])
        .args(["--processor", "local", "--dead-letters", "own"])
        .args(["--endpoint-url", &served.endpoint(), "--run-id", "61"])
        .args(["--rate", "10/s", "--duration", "1s"])
        .args(["--set", "target.exact_counts=true"])
        .args(["--set", "settle.deadline=6s", "--set", "expect.rules=[]"])
        .args(["--set", "expect.max_schedule_lag_p99=10s"]);
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
        "`verify --live` does not start it",
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

/// Somebody else at the place of the run's pipeline: what they hear, request after request.
struct Stranger {
    heard: Arc<Mutex<String>>,
}

impl Stranger {
    fn in_place_of(served: Served) -> Self {
        let endpoint = served.endpoint();
        served.stop();
        let address = endpoint.trim_start_matches("http://");
        let listener = TcpListener::bind(address).expect("the port is free again");
        let heard = Arc::<Mutex<String>>::default();
        let hears = Arc::clone(&heard);
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut request = [0; 4096];
                let length = client.read(&mut request).unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]);
                hears.lock().unwrap().push_str(&request);
            }
        });
        Self { heard }
    }

    /// What was heard since the last time.
    fn heard(&self) -> String {
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

#[test]
fn an_endpoint_of_a_folder_is_written_to_only_once_the_caller_names_it() {
    let served = without_function();
    let run = a_local_run(&served);
    let endpoint = served.endpoint();
    let stranger = Stranger::in_place_of(served);
    let out = run.path("out").display().to_string();
    for (named, why) in [
        ("", "nobody named it"),
        ("http://127.0.0.1:1", "another is named"),
    ] {
        for asks in [["verify", &out, "--resume"], ["clean", &out, "--delete"]] {
            let program = credentials(Program::new(asks));
            let refused = program.env("AWS_ENDPOINT_URL", named).finish().code(6);
            let flag = format!("--endpoint-url {endpoint}");
            for part in ["nothing was sent", "session token", &flag] {
                assert!(
                    refused.stderr.contains(part),
                    "{part} in {}",
                    refused.stderr
                );
            }
            assert_eq!(stranger.heard(), "", "{asks:?}: {why}");
        }
    }
    // The near miss: it does hear of who agrees.
    verify(&run, &["--resume", "--yes"]);
    assert!(stranger.heard().contains(KEY_ID));
}

#[test]
fn an_endpoint_on_loopback_that_the_caller_did_not_name_hears_no_credentials_of_theirs() {
    let served = without_function();
    let run = a_local_run(&served);
    let endpoint = served.endpoint();
    // A look needs no more.
    verify(&run, &["--live"]).code(0);
    let stranger = Stranger::in_place_of(served);
    let out = run.path("out").display().to_string();
    let look = Program::new(["verify", &out, "--live"]);
    let report = Program::new(["report", &out, "--cloudwatch", "--output-dir", "again"]);
    for (asks, what) in [(look, "verify --live"), (report, "report --cloudwatch")] {
        let looked = credentials(asks).finish();
        let note = format!("--endpoint-url {endpoint} sends yours");
        assert!(looked.stderr.contains(&note), "{}", looked.stderr);
        let heard = stranger.heard();
        assert!(heard.contains("Credential=test/"), "{what}: {heard}");
        assert!(!heard.contains(KEY_ID) && !heard.contains(TOKEN), "{heard}");
    }
    // The near misses: an endpoint that is named, and one that is agreed to.
    for agrees in [&["--endpoint-url", &endpoint][..], &["--yes"]] {
        verify(&run, &[&["--live"], agrees].concat());
        let heard = stranger.heard();
        assert!(heard.contains(KEY_ID) && heard.contains(TOKEN), "{heard}");
    }
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
