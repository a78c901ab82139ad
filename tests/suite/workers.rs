//! One run by several workers, as processes of their own, at a pipeline in another process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use orderproof::folder::read_observation;
use orderproof::journal::read_journal;
use serde_json::Value;
use tempfile::TempDir;

use super::program::{Finished, Program};
use super::served::Served;
use super::workers_forged::{clocks_apart, contradictions, torn_preflight};

/// 300 orders in two seconds, one in ten bad and a dead letter within a second.
pub(super) const SCENARIO: &str = r#"
name = "workers"
question = "Is one run by several workers one run?"
seed = 7
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "100/s"
duration = "1s"

[[phase]]
name = "spike"
rate = "200/s"
duration = "1s"

[sending]
senders = 4
batch = 5
linger = "20ms"

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

pub(super) fn serve_pipeline() -> Served {
    serve(SCENARIO)
}

pub(super) fn serve(scenario: &str) -> Served {
    let program = Program::new([
        "serve",
        "workers.toml",
        "--quiet",
        "--port",
        "0",
        "--run-id",
        "77",
    ]);
    Served::start(program.file("workers.toml", scenario))
}

/// Where the workers of a run meet.
pub(super) struct Place {
    _folder: TempDir,
    pub(super) path: PathBuf,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run");
        Self {
            _folder: folder,
            path,
        }
    }

    /// A copy of what is there.
    pub(super) fn copy(&self) -> Self {
        let other = Self::new();
        let copied = Command::new("cp")
            .arg("-a")
            .args([&self.path, &other.path])
            .status();
        assert!(copied.expect("cp").success());
        other
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn of_shard(&self, index: u32, name: &str) -> PathBuf {
        self.path.join(format!("shards/{index}/{name}"))
    }

    pub(super) fn json(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.path.join(name)).expect("a file");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// Worker `who` of a run that meets at `place`; all wait for each other as long as a slow machine needs.
pub(super) fn worker(served: &Served, place: &Place, who: &str) -> Program {
    worker_of(SCENARIO, served, place, who)
}

pub(super) fn worker_of(scenario: &str, served: &Served, place: &Place, who: &str) -> Program {
    worker_as("77", scenario, served, place, who)
}

fn worker_as(run_id: &str, scenario: &str, served: &Served, place: &Place, who: &str) -> Program {
    let program = Program::new(["run", "workers.toml", "--quiet", "--lead", "4s"])
        .file("workers.toml", scenario)
        .args(["--run-id", run_id])
        .args(["--run-at", &place.shown()])
        .args(["--worker", who]);
    served.at(program)
}

/// The same on its way.
pub(super) struct Started {
    pub(super) child: Child,
    _program: Program,
}

pub(super) fn start(program: Program) -> Started {
    let child = program
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    Started {
        child,
        _program: program,
    }
}

impl Started {
    pub(super) fn code(mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

/// Starts all of `of` workers, and waits for their ends.
pub(super) fn send_all(served: &Served, place: &Place, of: u32) {
    let workers: Vec<_> = (0..of)
        .map(|index| start(worker(served, place, &format!("{index}/{of}"))))
        .collect();
    for (index, worker) in workers.into_iter().enumerate() {
        assert_eq!(worker.code(), Some(0), "worker {index} of {of}");
    }
}

pub(super) fn merge(served: &Served, place: &Place) -> Program {
    Program::new(["merge", &place.shown()])
        .args(["--endpoint-url", &served.endpoint()])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

fn verify(place: &Place) -> Finished {
    Program::new(["verify", &place.shown()]).finish()
}

/// A run of `of` workers, sent and not merged.
pub(super) fn sent(of: u32) -> (Served, Place) {
    let (served, place) = (serve_pipeline(), Place::new());
    send_all(&served, &place, of);
    (served, place)
}

pub(super) fn codes(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    let code = |finding: &Value| finding["code"].as_str().expect("a code").to_owned();
    findings.iter().map(code).collect()
}

#[test]
fn four_workers_do_what_one_does_and_no_order_is_sent_twice() {
    let one = std::thread::spawn(|| {
        let (one, one_place) = sent(1);
        merge(&one, &one_place).finish().code(0);
        one_place
    });
    let (four, place) = sent(4);
    let one_place = one.join().expect("a run by one worker");
    let before = place.copy();
    let merged = merge(&four, &place).finish().code(0).quiet();
    assert!(merged.stdout.contains("PASS"), "{}", merged.stdout);
    assert!(merged.stdout.contains("worker  shard"), "{}", merged.stdout);

    let ledgers = [&one_place, &place].map(|place| {
        let journal = read_journal(&place.path.join("ledger.journal")).expect("a journal");
        assert!(journal.ended);
        journal.ledger
    });
    assert_eq!(
        ledgers[0], ledgers[1],
        "the same became of the sending of every order"
    );
    let seen = [&one_place, &place].map(|place| {
        let file = read_observation(&place.path.join("observation.json"));
        file.expect("an observation").observation
    });
    assert_eq!(seen[0].stored, seen[1].stored);
    assert_eq!(seen[0].dead_lettered, seen[1].dead_lettered);
    assert!(
        seen.iter()
            .all(|seen| seen.altered.is_empty() && seen.phantoms.is_empty())
    );
    let reports = [&one_place, &place].map(|place| place.json("run.json"));
    for key in ["run_id", "orders", "classes", "bad_orders", "verdict"] {
        assert_eq!(reports[0][key], reports[1][key], "{key}");
    }
    let phases = reports
        .each_ref()
        .map(|report| report["phases"].as_array().expect("phases"));
    assert_eq!(phases[0].len(), 2);
    for (one, four) in phases[0].iter().zip(phases[1]) {
        for key in ["scheduled", "attempted", "acknowledged"] {
            assert_eq!(one[key], four[key], "{key}");
        }
    }
    let workers = reports[1]["workers"].as_array().expect("workers");
    let acknowledged = workers
        .iter()
        .map(|worker| worker["orders"]["acknowledged"].as_u64());
    assert_eq!(acknowledged.sum::<Option<u64>>(), Some(300), "{workers:?}");
    let own = |worker: &Value| worker["own_orders"].as_u64().expect("a count");
    assert_eq!(workers.iter().map(own).sum::<u64>(), 300);
    assert!(workers.iter().all(|worker| own(worker) > 60), "{workers:?}");
    let sampled = reports[1]["timeline"].as_array().expect("seconds");
    assert!(
        sampled[0]["backlog_orders"].is_u64(),
        "worker 0 has seen the queues: {sampled:?}"
    );

    // What comes after a run takes the folder as it is.
    assert_eq!(
        verify(&place).code(0).stdout.matches("unchanged").count(),
        1
    );
    Program::new(["gate", &place.shown(), "--rule", "lost == 0"])
        .finish()
        .code(0);
    Program::new(["report", &place.shown()]).finish().code(0);
    let parent = place.path.parent().expect("a parent").display().to_string();
    let list = Program::new(["list", &parent]).finish().code(0);
    assert!(list.stdout.contains("workers"), "{}", list.stdout);
    Program::new(["compare", &one_place.shown(), &place.shown()]).finish();

    // Merged again, it is judged from its files.
    let again = merge(&four, &place).finish().code(0);
    assert!(
        again.stderr.contains("was merged before"),
        "{}",
        again.stderr
    );
    // A worker that is started again sends nothing.
    let journal = std::fs::read(place.of_shard(2, "ledger.journal")).expect("a journal");
    let again = worker(&four, &place, "2/4").finish().code(42);
    assert!(
        again.stderr.contains("no order is sent twice"),
        "{}",
        again.stderr
    );
    assert_eq!(
        std::fs::read(place.of_shard(2, "ledger.journal")).expect("a journal"),
        journal
    );
    // Nor does one whose claim is gone: the start has passed.
    std::fs::remove_file(before.path.join("shard-2-of-4")).expect("a claim");
    let late = worker(&four, &before, "2/4").finish().code(43);
    assert!(late.stderr.contains("orderproof merge"), "{}", late.stderr);
    // A shard that was changed after it was sealed is told.
    std::fs::write(place.of_shard(1, "manifest.json"), "{}").expect("written");
    assert!(verify(&place).code(4).stdout.contains("evidence_changed"));

    missing(&four, &before);
    clocks_apart(&four, &before);
    torn_preflight(&four, &before);
    contradictions(&four, &before);
}

/// Of a worker that left nothing every order is looked up; the run is no pass, and nobody is accused.
fn missing(served: &Served, before: &Place) {
    let place = before.copy();
    std::fs::remove_dir_all(place.path.join("shards/2")).expect("a shard");
    let waits = merge(served, &place).finish().code(6);
    assert!(waits.stderr.contains("--now"), "{}", waits.stderr);
    assert!(verify(&place).code(4).stdout.contains("workers_not_merged"));
    merge(served, &place).args(["--now"]).finish().code(4);
    let report = place.json("run.json");
    assert!(
        codes(&report).contains(&"worker_missing".into()),
        "{report}"
    );
    let own = &report["workers"][2]["own_orders"];
    let classes = &report["classes"];
    assert_eq!(&classes["recovered"], own, "{classes}");
    assert_eq!(classes["lost"], 0);
    assert_eq!(&report["orders"]["indeterminate"], own);
    assert_eq!(report["workers"][2]["state"], "missing");
    assert_eq!(report["workers"][2]["orders"], Value::Null);
    verify(&place).code(4);
    // Without its manifest a shard is not whole, and its journal still tells.
    let place = before.copy();
    std::fs::remove_file(place.of_shard(3, "manifest.json")).expect("a manifest");
    merge(served, &place).args(["--now"]).finish().code(4);
    let report = place.json("run.json");
    assert!(
        codes(&report).contains(&"worker_unfinished".into()),
        "{report}"
    );
    assert_eq!(report["orders"]["acknowledged"], 300);
}

#[test]
fn a_loss_is_proven_among_the_orders_of_workers_that_left_their_shards() {
    // A function that forgets bad orders; the workers do not know of it.
    let forgets = "[[fault]]\nkind = \"error_swallowed\"\nshare = \"100%\"\n";
    let (served, place) = (serve(&format!("{SCENARIO}\n{forgets}")), Place::new());
    send_all(&served, &place, 2);
    let before = place.copy();
    merge(&served, &place).finish().code(3);
    let lost = |place: &Place| place.json("run.json")["classes"]["lost"].as_u64();
    let all = lost(&place).expect("a count");
    assert_eq!(all, 39);
    std::fs::remove_dir_all(before.path.join("shards/1")).expect("a shard");
    merge(&served, &before).args(["--now"]).finish().code(3);
    let report = before.json("run.json");
    assert!(
        codes(&report).contains(&"worker_missing".into()),
        "{report}"
    );
    // Whether those of the missing worker were sent nobody knows.
    let proven = lost(&before).expect("a count");
    let unknown = report["classes"]["indeterminate_never_seen"].as_u64();
    assert!(proven > 0 && proven < all, "{proven} of {all}");
    assert_eq!(unknown, Some(all - proven), "{}", report["classes"]);
}

#[test]
fn a_merge_long_after_the_last_send_gives_a_verdict_all_the_same() {
    let scenario = SCENARIO.replace("deadline = \"10s\"", "deadline = \"2s\"");
    let (served, place) = (serve(&scenario), Place::new());
    let worker = start(worker_of(&scenario, &served, &place, "0/1"));
    assert_eq!(worker.code(), Some(0));
    std::thread::sleep(std::time::Duration::from_secs(3));
    let merged = merge(&served, &place).args(["--wait"]);
    let merged = merged.env("ORDERPROOF_LOG", "warn").finish().code(0);
    assert!(merged.stdout.contains("PASS"), "{}", merged.stdout);
    assert!(!merged.stderr.contains("ctrl-c"), "{}", merged.stderr);
}

#[test]
fn no_message_group_is_split_between_workers() {
    let scenario = SCENARIO
        .replace(
            "[pipeline]\n",
            &format!("{GROUPS}\n[pipeline]\nqueue = \"fifo\"\nhigh_throughput = true\n"),
        )
        .replace("bad_orders = \"10%\"", "bad_orders = \"0%\"");
    let (served, place) = (serve(&scenario), Place::new());
    let workers: Vec<_> = (0..3)
        .map(|index| start(worker_of(&scenario, &served, &place, &format!("{index}/3"))))
        .collect();
    assert!(workers.into_iter().all(|worker| worker.code() == Some(0)));
    merge(&served, &place).finish().code(0);
    let plan = orderproof::folder::read_plan(&place.path.join("plan.json")).expect("a plan");
    let orders = orderproof::run::orders(&plan.scenario, plan.run_id);
    let mut owner = std::collections::BTreeMap::new();
    let mut sent = 0;
    for index in 0..3 {
        let file = std::fs::read(place.of_shard(index, "ledger.journal")).expect("a journal");
        let all = (0..300).collect();
        let path = Path::new("journal");
        let read = orderproof::ledger::read_shard_lines(&file[..], path, |_| Ok(all));
        // Its end counts its own orders alone, so that to others it is no whole journal.
        let error = read.expect_err("not all orders are its own").to_string();
        assert!(error.contains("it counts"), "{error}");
        let manifest = place.json(&format!("shards/{index}/manifest.json"));
        sent += manifest["orders"]["acknowledged"]
            .as_u64()
            .expect("a count");
        for k in acknowledged(&file) {
            let group = orders.group(k).expect("a group");
            assert_eq!(*owner.entry(group).or_insert(index), index, "order {k}");
        }
    }
    assert_eq!(sent, 300);
    assert_eq!(owner.len(), 20, "every group was sent: {owner:?}");
}

/// The orders that the lines of a journal tell as accepted.
fn acknowledged(journal: &[u8]) -> Vec<u64> {
    let text = std::str::from_utf8(journal).expect("text");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(&line[9..]).expect("JSON"));
    let told = lines.filter_map(|line| {
        let ranges = line["entry"]["outcome"]["acknowledged"].as_str()?;
        let ranges: orderproof::ledger::Ranges = ranges.parse().expect("ranges");
        Some(ranges.iter().flatten().collect::<Vec<_>>())
    });
    told.flatten().collect()
}

/// Orders of twenty customers.
const GROUPS: &str = r#"
[order]
group = "customer-{{customer}}"
deduplication = "{{id}}"
fields = { customer = { integer = [0, 19] } }
"#;

#[test]
fn of_eight_processes_that_are_one_worker_one_sends() {
    let (served, place) = (serve_pipeline(), Place::new());
    let first = start(worker(&served, &place, "0/2"));
    let others: Vec<_> = (0..8)
        .map(|_| start(worker(&served, &place, "1/2")))
        .collect();
    assert_eq!(first.code(), Some(0));
    let mut ended: Vec<_> = others.into_iter().map(Started::code).collect();
    ended.sort_unstable();
    // Who was so slow that the start had passed came too late instead.
    let sent = ended.iter().filter(|code| **code == Some(0)).count();
    assert_eq!(sent, 1, "{ended:?}");
    assert!(
        ended[1..]
            .iter()
            .all(|code| [Some(42), Some(43)].contains(code)),
        "{ended:?}"
    );
    merge(&served, &place).finish().code(0);
}

#[test]
fn workers_that_do_not_agree_or_meet_send_nothing() {
    let (served, place) = (serve_pipeline(), Place::new());
    let alone = worker(&served, &place, "0/2").args(["--ready-timeout", "1s"]);
    let alone = alone.finish().code(75);
    assert!(
        alone.stderr.contains("workers 1 are not ready"),
        "{}",
        alone.stderr
    );
    let early = worker(&served, &Place::new(), "1/2").args(["--ready-timeout", "1s"]);
    let early = early.finish().code(75);
    assert!(
        early.stderr.contains("worker 0 has written no plan"),
        "{}",
        early.stderr
    );
    // The plan of the first is still there.
    let other = worker(&served, &place, "1/2").args(["--set", "sending.batch=3"]);
    let other = other.finish().code(2);
    assert!(
        other.stderr.contains("sending.batch is 5 there, 3 here"),
        "{}",
        other.stderr
    );
    let stranger = worker_as("78", SCENARIO, &served, &place, "1/2");
    let stranger = stranger.finish().code(2);
    for told in ["has the id 77", "was given --run-id 78"] {
        assert!(
            stranger.stderr.contains(told),
            "{told}: {}",
            stranger.stderr
        );
    }
    let third = worker(&served, &place, "2/3").finish().code(2);
    assert!(
        third.stderr.contains("one of 2 workers"),
        "{}",
        third.stderr
    );
    let nothing = merge(&served, &place).finish().code(2);
    assert!(
        nothing.stderr.contains("nothing was sent"),
        "{}",
        nothing.stderr
    );
    assert!(!place.path.join("shards").exists() && !place.path.join("go").exists());
    // Started again together, they meet.
    send_all(&served, &place, 2);
    merge(&served, &place).finish().code(0);
    // The orders of run 77 are there now: worker 0 is refused, and the other hears of it.
    let again = Place::new();
    let other = start(worker(&served, &again, "1/2"));
    let refused = worker(&served, &again, "0/2").finish().code(6);
    assert_eq!(other.code(), Some(6));
    let merged = merge(&served, &again).finish().code(6);
    assert!(
        merged.stderr.contains("worker 0 was refused"),
        "{}",
        merged.stderr
    );
    assert!(
        !refused.stderr.contains("worker 0 was refused"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_worker_that_cannot_be_one_is_told_what_to_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("run").display().to_string();
    let run = |arguments: &[&str]| {
        let program = Program::new(["run", "workers.toml", "--quiet"]);
        let program = program.file("workers.toml", SCENARIO);
        let program = arguments
            .iter()
            .fold(program, |program, it| program.args([it]));
        program
            .env("SLURM_PROCID", "9")
            .env("SLURM_NTASKS", "4")
            .finish()
            .code(2)
            .stderr
    };
    let embedded = run(&["--run-at", &at, "--worker", "0/2"]);
    for word in ["orderproof serve", "--target aws"] {
        assert!(embedded.contains(word), "{embedded}");
    }
    assert!(!Path::new(&at).exists(), "nothing was begun");
    assert!(run(&["--run-at", &at]).contains("SLURM_PROCID"));
    assert!(run(&["--run-at", &at, "--worker", "2/2"]).contains("--worker 0/4"));
    assert!(run(&["--worker", "0/2"]).contains("--run-at"));
    let plain = super::program::sealed_run().display().to_string();
    let merged = Program::new(["merge", &plain]).finish().code(2);
    assert!(
        merged.stderr.contains("orderproof verify"),
        "{}",
        merged.stderr
    );
}
