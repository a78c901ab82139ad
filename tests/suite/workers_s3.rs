//! Workers that meet at S3, as moto plays it, with the queue and the table of `orderproof serve`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Barrier;

use orderproof::folder::read_observation;
use orderproof::journal::read_journal;

use super::peers::Peer;
use super::program::{Finished, Program};
use super::served::Served;
use super::workers::{self, Place, SCENARIO, Started, serve_pipeline, start};

const AT: &str = "s3://runs/sales/sale-1";

fn s3() -> Peer {
    Peer::start("s3_server.py", [])
}

/// As a user would set it: S3 is elsewhere than the queue.
fn with_s3(program: Program, s3: &Peer) -> Program {
    program
        .env("AWS_ENDPOINT_URL_S3", s3.endpoint())
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

fn worker(served: &Served, s3: &Peer, who: &str) -> Program {
    let program = Program::new(["run", "workers.toml", "--quiet", "--lead", "6s"])
        .file("workers.toml", SCENARIO)
        .args(["--run-id", "77", "--run-at", AT, "--worker", who]);
    with_s3(served.at(program), s3)
}

/// Asks moto about an object where the workers meet, and gives the reply's status.
fn ask(s3: &Peer, method: &str, name: &str, body: &str) -> String {
    let address = s3.endpoint().strip_prefix("http://").expect("a host");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let request = format!(
        "{method} /runs/sales/sale-1/{name} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, \
         Signature=0\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    reply.split(' ').nth(1).expect("a status").to_owned()
}

fn send_all(served: &Served, s3: &Peer, of: u32) {
    let start_one = |index| start(worker(served, s3, &format!("{index}/{of}")));
    let started: Vec<Started> = (0..of).map(start_one).collect();
    for (index, worker) in started.into_iter().enumerate() {
        assert_eq!(worker.code(), Some(0), "worker {index} of {of}");
    }
}

fn merge(served: &Served, s3: &Peer) -> Program {
    let program = Program::new(["merge", AT]).args(["--endpoint-url", &served.endpoint()]);
    with_s3(program, s3)
}

/// The folder into which a merge has copied the run.
fn copy(merged: &Finished) -> std::path::PathBuf {
    let reports = std::fs::read_dir(merged.path("reports")).expect("reports");
    let folders: Vec<_> = reports
        .map(|entry| entry.expect("an entry").path())
        .collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders[0].clone()
}

/// What the claims rest on, of this server: of eight who create an object at once one does.
#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn of_eight_who_create_an_object_at_moto_at_once_one_does() {
    let s3 = s3();
    let address = s3.endpoint().strip_prefix("http://").expect("a host");
    for round in 0..60 {
        let barrier = Barrier::new(8);
        let create = |index: u32| {
            let mut stream = TcpStream::connect(address).expect("a connection");
            let request = format!(
                "PUT /runs/claims/{round} HTTP/1.1\r\nhost: {address}\r\nif-none-match: *\r\ncontent-length: 1\r\n\
                 connection: close\r\nauthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, \
                 SignedHeaders=host, Signature=0\r\n\r\n{index}"
            );
            barrier.wait();
            stream.write_all(request.as_bytes()).expect("sent");
            let mut reply = String::new();
            stream.read_to_string(&mut reply).expect("a reply");
            reply.split(' ').nth(1).expect("a status").to_owned()
        };
        let statuses: Vec<String> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8)
                .map(|index| scope.spawn(move || create(index)))
                .collect();
            all.into_iter()
                .map(|one| one.join().expect("no panic"))
                .collect()
        });
        let count = |status: &str| statuses.iter().filter(|it| *it == status).count();
        assert_eq!(
            (count("200"), count("412")),
            (1, 7),
            "round {round}: {statuses:?}"
        );
    }
}

#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn of_eight_processes_that_are_one_worker_at_s3_one_sends() {
    let (served, s3) = (serve_pipeline(), s3());
    let first = start(worker(&served, &s3, "0/2"));
    let others: Vec<_> = (0..8).map(|_| start(worker(&served, &s3, "1/2"))).collect();
    assert_eq!(first.code(), Some(0));
    let mut ended: Vec<_> = others.into_iter().map(Started::code).collect();
    ended.sort_unstable();
    // Who was so slow that the start had passed came too late instead.
    assert_eq!(ended[0], Some(0), "{ended:?}");
    let nothing = |code: &Option<i32>| [Some(42), Some(43)].contains(code);
    assert!(ended[1..].iter().all(nothing), "{ended:?}");
    merge(&served, &s3).finish().code(0);
}

#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn four_workers_at_s3_come_to_what_they_come_to_in_a_folder() {
    let (served, place) = (serve_pipeline(), Place::new());
    workers::send_all(&served, &place, 4);
    workers::merge(&served, &place).finish().code(0);

    let (served, s3) = (serve_pipeline(), s3());
    let nothing = merge(&served, &s3).finish().code(2);
    assert!(
        nothing.stderr.contains("no worker has begun"),
        "{}",
        nothing.stderr
    );
    send_all(&served, &s3, 4);
    // What a merge has left that was killed while it copied its report back.
    assert_eq!(ask(&s3, "PUT", "run.json", "{}"), "200");
    let merged = merge(&served, &s3).args(["--wait"]).finish().code(0);
    assert!(merged.stdout.contains("PASS"), "{}", merged.stdout);
    let folder = copy(&merged);

    let ledgers = [&place.path, &folder].map(|folder| {
        let journal = read_journal(&folder.join("ledger.journal")).expect("a journal");
        assert!(journal.ended);
        journal.ledger
    });
    assert_eq!(ledgers[0], ledgers[1]);
    let seen = [&place.path, &folder].map(|folder| {
        let file = read_observation(&folder.join("observation.json"));
        file.expect("an observation").observation
    });
    assert_eq!(seen[0].stored, seen[1].stored);
    assert_eq!(seen[0].dead_lettered, seen[1].dead_lettered);

    // The copy is a run's folder.
    let dir = folder.display().to_string();
    Program::new(["verify", &dir]).finish().code(0);
    Program::new(["gate", &dir, "--rule", "lost == 0"])
        .finish()
        .code(0);
    // The place holds the whole run by now: another machine takes it from there.
    let again = merge(&served, &s3).finish().code(0);
    assert!(
        again.stderr.contains("was merged before"),
        "{}",
        again.stderr
    );
    let other = copy(&again);
    assert_eq!(
        std::fs::read(folder.join("run.json")).expect("a report"),
        std::fs::read(other.join("run.json")).expect("its copy")
    );
    // Into a folder of another run nothing is copied.
    let refused = merge(&served, &s3).args(["--output-dir", &place.path.display().to_string()]);
    let refused = refused.finish().code(2);
    assert!(refused.stderr.contains("not empty"), "{}", refused.stderr);
    let same = merge(&served, &s3).args(["--output-dir", &dir]);
    same.finish().code(0);
    // A worker that is started again sends nothing.
    let taken = worker(&served, &s3, "2/4").finish().code(42);
    assert!(
        taken.stderr.contains("s3://runs/sales/sale-1/shard-2-of-4"),
        "{}",
        taken.stderr
    );
}

#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn of_a_worker_at_s3_that_is_killed_every_order_is_looked_up() {
    let (served, s3) = (serve_pipeline(), s3());
    let mut all: Vec<Started> = (0..3)
        .map(|index| start(worker(&served, &s3, &format!("{index}/3"))))
        .collect();
    let mut killed = all.remove(1);
    // It is killed between its claim and its manifest.
    let there = |name: &str| ask(&s3, "GET", name, "") == "200";
    super::program::wait_for("its claim", || there("shard-1-of-3"));
    killed.child.kill().expect("killed");
    drop(killed);
    for worker in all {
        assert_eq!(worker.code(), Some(0));
    }
    merge(&served, &s3).finish().code(6);
    let merged = merge(&served, &s3).args(["--now"]).finish().code(4);
    let text = std::fs::read_to_string(copy(&merged).join("run.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let codes = workers::codes(&report);
    assert!(codes.contains(&"worker_missing".into()), "{codes:?}");
    assert_eq!(report["classes"]["lost"], 0);
}

/// What AWS Batch does where no file system is shared.
#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn a_scenario_that_stands_where_workers_meet_is_read_there() {
    let (served, s3) = (serve_pipeline(), s3());
    let scenario = format!("{AT}/scenario.toml");
    let worker = || {
        let program = Program::new(["run", &scenario, "--quiet", "--lead", "2s"])
            .args(["--run-id", "77", "--run-at", AT, "--worker", "0/1"]);
        with_s3(served.at(program), &s3)
    };
    let missing = worker().finish().code(2);
    assert!(
        missing.stderr.contains("it is not there"),
        "{}",
        missing.stderr
    );
    assert_eq!(ask(&s3, "PUT", "scenario.toml", SCENARIO), "200");
    worker().finish().code(0);
    merge(&served, &s3).finish().code(0);
}

/// A machine without room for a shard burns no claim.
#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn a_worker_without_room_claims_nothing_and_is_started_again_elsewhere() {
    let (served, s3) = (serve_pipeline(), s3());
    let full = worker(&served, &s3, "0/1").env("TMPDIR", "/proc");
    let full = full.finish().code(1);
    assert!(full.stderr.contains("set TMPDIR"), "{}", full.stderr);
    assert_eq!(ask(&s3, "GET", "shard-0-of-1", ""), "404");
    worker(&served, &s3, "0/1").finish().code(0);
    assert_eq!(ask(&s3, "GET", "shard-0-of-1", ""), "200");
    assert_eq!(ask(&s3, "GET", "copying/0", ""), "200");
    merge(&served, &s3).finish().code(0);
}

#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn two_merges_at_s3_do_not_write_over_one_another_and_a_killed_one_blocks_nobody_for_long() {
    let (served, s3) = (serve_pipeline(), s3());
    send_all(&served, &s3, 2);
    let mut killed = start(merge(&served, &s3));
    let there = |name: &str| ask(&s3, "GET", name, "") == "200";
    super::program::wait_for("its claim", || there("merge-lock/1"));
    // While it is at work: its claim is renewed every ten seconds.
    let second = std::thread::scope(|scope| {
        let second = scope.spawn(|| merge(&served, &s3).finish());
        std::thread::sleep(std::time::Duration::from_millis(300));
        second.join().expect("no panic")
    });
    let first = killed.child.wait().expect("it ends").code();
    assert_eq!(first, Some(0));
    // It was refused, or waited until the first had ended, and found its report.
    assert!([0, 6].contains(&second.code), "{}", second.stderr);
    assert!(there("seal.json"));
    let again = merge(&served, &s3).finish().code(0);
    assert!(
        again.stderr.contains("was merged before"),
        "{}",
        again.stderr
    );
}

#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn the_claim_of_a_merge_that_was_killed_is_taken_over() {
    let (served, s3) = (serve_pipeline(), s3());
    send_all(&served, &s3, 1);
    let claim = "{\"holder\":\"killed\",\"renewals\":2,\"ended\":false}";
    assert_eq!(ask(&s3, "PUT", "merge-lock/1", claim), "200");
    let merged = merge(&served, &s3).finish().code(0);
    assert!(merged.stderr.contains("was killed"), "{}", merged.stderr);
    assert_eq!(ask(&s3, "GET", "merge-lock/2", ""), "200");
    assert_eq!(ask(&s3, "GET", "seal.json", ""), "200");
}

/// Something else than the journal cannot be written: what was sent is told all the same.
#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn a_worker_that_cannot_write_its_samples_hands_its_journal_over() {
    let (served, s3) = (serve_pipeline(), s3());
    let room = tempfile::tempdir().expect("a folder");
    let shown = room.path().display().to_string();
    let started = start(worker(&served, &s3, "0/1").env("TMPDIR", &shown));
    let folder = || {
        let entries = std::fs::read_dir(room.path()).expect("a folder");
        let mut paths = entries.map(|entry| entry.expect("an entry").path());
        paths.find(|path| path.join("ledger.journal").exists())
    };
    super::program::wait_for("a journal", || folder().is_some());
    let folder = folder().expect("there");
    std::fs::create_dir(folder.join("queues.json")).expect("in its way");
    assert_eq!(started.code(), Some(1));
    let there = |name: &str| ask(&s3, "GET", name, "") == "200";
    assert!(there("shards/0/ledger.journal") && there("shards/0/sent.json"));
    assert!(!there("shards/0/manifest.json") && !there("copying/0"));
    assert!(folder.join("ledger.journal").exists(), "it stays here, too");
    let merged = merge(&served, &s3).args(["--now"]).finish().code(4);
    let text = std::fs::read_to_string(copy(&merged).join("run.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let codes = workers::codes(&report);
    assert!(codes.contains(&"worker_unfinished".into()), "{codes:?}");
    assert!(report["orders"]["acknowledged"].as_u64() > Some(200));
    assert_eq!(report["classes"]["lost"], 0);
}
