//! Verification that workers share: each reads its segments of the tables, and the merge judges.

use serde_json::Value;

use super::program::{Program, sealed_run};
use super::served::Served;
use super::workers::{Place, merge, sent};

fn verify(served: &Served, place: &Place, who: &str) -> Program {
    Program::new(["verify", &place.path.display().to_string()])
        .args(["--worker", who, "--endpoint-url", &served.endpoint()])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

#[test]
fn what_workers_have_read_the_merge_does_not_read_again() {
    let (served, place) = sent(2);
    let first = verify(&served, &place, "0/2").finish().code(0).quiet();
    assert!(first.stdout.contains("no verdict"), "{}", first.stdout);
    let json = verify(&served, &place, "1/2").args(["--json"]).finish();
    let told: Value = serde_json::from_str(&json.code(0).stdout).expect("JSON");
    assert_eq!(told["segments"], 1);
    assert!(told["rows"].as_u64() > Some(0), "{told}");
    assert_eq!(told["verdict"], Value::Null);
    assert!(place.path.join("part-0-0-of-2.journal").exists());
    merge(&served, &place).finish().code(0);
    let scan = &place.json("observation.json")["observation"]["scan"];
    assert_eq!(scan["requests"], 0, "{scan}");
    assert!(scan["items"].as_u64() > Some(200), "{scan}");
    assert!(!place.path.join("part-0-0-of-2.journal").exists());
    let late = verify(&served, &place, "0/2").finish().code(2);
    assert!(late.stderr.contains("was merged before"), "{}", late.stderr);
}

#[test]
fn who_cannot_share_is_told_what_to_write() {
    let run = sealed_run().display().to_string();
    let alone = Program::new(["verify", &run, "--worker", "0/2"]);
    let alone = alone.finish().code(2);
    assert!(
        alone.stderr.contains("leave --worker out"),
        "{}",
        alone.stderr
    );
    let none = Program::new(["verify", &run, "--worker", "2/2"]);
    let none = none.finish().code(2);
    assert!(none.stderr.contains("--worker 0/4"), "{}", none.stderr);
}
