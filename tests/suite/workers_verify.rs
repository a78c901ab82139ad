//! Verification that workers share: each reads its segments of the tables, and the merge judges.

use std::fs::File;

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

/// The lock of who is at work in the folder, as another process would hold it.
fn at_work(place: &Place) -> File {
    let path = place.path.join("merge.lock");
    let opened = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    opened.expect("a lock")
}

#[test]
fn nobody_reads_a_part_while_a_merge_is_at_work_nor_the_other_way_round() {
    let (served, place) = sent(2);
    let lock = at_work(&place);
    lock.lock().expect("nobody is there");
    let refused = verify(&served, &place, "0/2").finish().code(6);
    assert!(
        refused.stderr.contains("another merge is at work"),
        "{}",
        refused.stderr
    );
    assert!(!place.path.join("part-0-0-of-2.journal").exists());
    lock.unlock().expect("the merge has ended");
    lock.lock_shared().expect("nobody is there");
    let refused = merge(&served, &place).finish().code(6);
    assert!(
        refused.stderr.contains("verify --worker"),
        "{}",
        refused.stderr
    );
    verify(&served, &place, "0/2").finish().code(0);
    drop(lock);
    merge(&served, &place).finish().code(0);
}

/// Of another table nothing is taken, though it has the same name.
#[test]
fn what_workers_have_read_elsewhere_the_merge_reads_itself() {
    let (served, place) = sent(2);
    verify(&served, &place, "0/2").finish().code(0);
    let part = place.path.join("part-0-0-of-2.journal");
    let text = std::fs::read_to_string(&part).expect("a part");
    let (began, pages) = text.split_once('\n').expect("lines");
    let elsewhere = began[9..].replace(&served.endpoint(), "http://127.0.0.1:1");
    assert_ne!(elsewhere, began[9..], "it says where it was read");
    let sum = crc32fast::hash(elsewhere.as_bytes());
    let forged = format!("{sum:08x} {elsewhere}\n{pages}");
    std::fs::write(&part, forged).expect("written");
    merge(&served, &place).finish().code(0);
    let scan = &place.json("observation.json")["observation"]["scan"];
    assert!(scan["requests"].as_u64() >= Some(2), "{scan}");
    assert!(!part.exists());
}
