//! Shards of workers that were changed before they are merged.

use std::path::Path;

use orderproof::ledger::JournalHeader;
use orderproof::ledger::entry::{Entry, Outcomes, encode};
use serde_json::Value;

use super::served::Served;
use super::workers::{Place, codes, merge};

/// What is done to a folder before it is merged.
type Change = fn(&Place);

/// What contradicts itself is no evidence: inconclusive, and nothing is written.
pub(super) fn contradictions(served: &Served, before: &Place) {
    let cases: [(&str, Change); 8] = [
        ("says another interrupted", |place| {
            change_manifest(place, 1, |it| it["interrupted"] = true.into());
        }),
        ("names other files", |place| {
            change_manifest(place, 1, |it| {
                let files = it["files"].as_array_mut().expect("files");
                files.push(files[0].clone());
            });
        }),
        ("queues.json is not as the manifest", |place| {
            let queues = place.of_shard(0, "queues.json");
            let text = std::fs::read_to_string(&queues).expect("samples");
            std::fs::write(&queues, text + "\n").expect("written");
        }),
        ("is of another shard", |place| {
            std::fs::copy(
                place.of_shard(1, "ledger.journal"),
                place.of_shard(2, "ledger.journal"),
            )
            .expect("a copy");
        }),
        ("which is another worker's", foreign_order),
        ("is of shard 1/4", |place| {
            std::fs::copy(
                place.of_shard(1, "manifest.json"),
                place.of_shard(2, "manifest.json"),
            )
            .expect("a copy");
        }),
        ("is not as the manifest of its shard says", |place| {
            std::fs::copy(
                place.of_shard(1, "sent.json"),
                place.of_shard(2, "sent.json"),
            )
            .expect("a copy");
        }),
        ("is the start of another plan", |place| {
            let plan = place.path.join("plan.json");
            let text = std::fs::read_to_string(&plan).expect("a plan");
            std::fs::write(&plan, text.replace("workers.toml", "other.toml")).expect("written");
        }),
    ];
    for (told, change) in cases {
        let place = before.copy();
        change(&place);
        let merged = merge(served, &place).args(["--now"]).finish().code(4);
        assert!(
            merged.stdout.contains("workers_contradict"),
            "{told}: {}",
            merged.stdout
        );
        assert!(merged.stdout.contains(told), "{told}: {}", merged.stdout);
        assert!(!place.path.join("run.json").exists(), "{told}");
    }
}

/// Writes the manifest of a worker anew.
fn change_manifest(place: &Place, index: u32, change: impl FnOnce(&mut Value)) {
    change_json(&place.of_shard(index, "manifest.json"), change);
}

fn change_json(path: &Path, change: impl FnOnce(&mut Value)) {
    let text = std::fs::read_to_string(path).expect("a file");
    let mut value: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut value);
    std::fs::write(path, value.to_string()).expect("written");
}

/// Worker 1 says that its clock may be 12 s off: the load is not shown to have been offered as planned.
pub(super) fn clocks_apart(served: &Served, before: &Place) {
    let place = before.copy();
    let off = |it: &mut Value| it["clocks_apart"]["secs"] = 12.into();
    change_json(&place.of_shard(1, "sent.json"), off);
    let folder = place.path.join("shards/1");
    let digest = orderproof::folder::digest_of_file(&folder, "sent.json", None).expect("a digest");
    change_manifest(&place, 1, |it| {
        off(it);
        it["files"][1] = serde_json::to_value(&digest).expect("JSON");
    });
    merge(served, &place).finish().code(4);
    let found = codes(&place.json("run.json"));
    assert!(found.contains(&"workers_clocks_apart".into()), "{found:?}");
}

/// What was found of the account before the run is torn: the run is judged, and does not pass.
pub(super) fn torn_preflight(served: &Served, before: &Place) {
    let place = before.copy();
    let path = place.path.join("preflight.json");
    let whole = std::fs::read(&path).expect("what was found");
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    let merged = merge(served, &place).finish().code(4);
    assert!(
        merged.stdout.contains("preflight.json cannot be read"),
        "{}",
        merged.stdout
    );
    let whole = before.copy();
    merge(served, &whole).finish().code(0);
}

/// A journal of worker 2 that tells of order 0, which is another's; without a manifest that would tell it by its digest.
fn foreign_order(place: &Place) {
    let path = place.of_shard(2, "ledger.journal");
    let text = std::fs::read_to_string(&path).expect("a journal");
    let first: Value =
        serde_json::from_str(&text.lines().next().expect("a line")[9..]).expect("JSON");
    let header: JournalHeader =
        serde_json::from_value(first["entry"]["header"].clone()).expect("a header");
    let outcome = Outcomes {
        acknowledged: "0".parse().expect("a range"),
        ..Outcomes::default()
    };
    let entries = [
        Entry::Header(header),
        Entry::Intent("0-299".parse().expect("a range")),
        Entry::Outcome(outcome),
    ];
    let lines = (0..).zip(entries);
    let bytes: Vec<u8> = lines
        .flat_map(|(number, entry)| encode(number, entry))
        .collect();
    std::fs::write(&path, bytes).expect("written");
    std::fs::remove_file(place.of_shard(2, "manifest.json")).expect("a manifest");
}
