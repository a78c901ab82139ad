//! Rules that end the sending, of several workers: what one of them sees stops all.

use super::program::wait_for;
use super::workers::{Place, SCENARIO, codes, merge, serve, start, worker_of};

/// 2,000 orders in twenty seconds, of which every tenth is a dead letter within a second, and one rule on that.
fn scenario(rule: &str) -> String {
    let text = SCENARIO
        .replace(
            "rate = \"200/s\"\nduration = \"1s\"",
            "rate = \"100/s\"\nduration = \"19s\"",
        )
        .replace(
            "gate = \"conserved\"",
            &format!("gate = \"conserved\"\nrules = [{rule}]"),
        );
    assert!(text.contains("19s") && text.contains(rule), "{text}");
    text
}

#[test]
fn a_rule_on_queues_that_nothing_can_mend_ends_the_sending_of_all_workers() {
    let text = scenario("{ rule = \"dead_letters < 5\", abort = true }");
    let (served, place) = (serve(&text), Place::new());
    let workers: Vec<_> = (0..2)
        .map(|index| start(worker_of(&text, &served, &place, &format!("{index}/2"))))
        .collect();
    for worker in workers {
        assert_eq!(worker.code(), Some(0), "nobody has interrupted anything");
    }
    let mark = place.json("abort.json");
    assert_eq!(mark["worker"], 0, "it samples the queues: {mark}");
    for index in 0..2 {
        let manifest = place.json(&format!("shards/{index}/manifest.json"));
        assert_eq!(manifest["interrupted"], false);
        assert!(
            manifest["orders"]["unsent"].as_u64() > Some(100),
            "{manifest}"
        );
        let sent = place.json(&format!("shards/{index}/sent.json"));
        assert_eq!(sent["record"]["aborted"], mark["aborted"]);
    }
    let merged = merge(&served, &place).finish();
    let report = place.json("run.json");
    assert_eq!(report["interrupted"], false);
    assert_eq!(report["classes"]["lost"], 0);
    let codes = codes(&report);
    for code in ["rule_broken", "load_not_offered", "sending_aborted"] {
        assert!(codes.contains(&code.into()), "{codes:?}\n{}", merged.stdout);
    }
}

#[test]
fn a_rule_on_sends_that_one_worker_sees_broken_ends_the_sending_of_the_other() {
    let text = scenario("{ rule = \"schedule_lag_p99 < 1us\", abort = true }");
    let (served, place) = (serve(&text), Place::new());
    let workers: Vec<_> = (0..2)
        .map(|index| start(worker_of(&text, &served, &place, &format!("{index}/2"))))
        .collect();
    wait_for("a worker that tells it", || {
        place.path.join("abort.json").exists()
    });
    let codes: Vec<_> = workers.into_iter().map(|worker| worker.code()).collect();
    assert_eq!(codes, [Some(0), Some(0)]);
    let unsent = |index: u32| {
        let manifest = place.json(&format!("shards/{index}/manifest.json"));
        manifest["orders"]["unsent"].as_u64().expect("a count")
    };
    assert!(
        unsent(0) > 100 && unsent(1) > 100,
        "{} {}",
        unsent(0),
        unsent(1)
    );
}

#[test]
fn a_rule_that_holds_ends_nothing() {
    let text = SCENARIO.replace(
        "gate = \"conserved\"",
        "gate = \"conserved\"\nrules = [{ rule = \"dead_letters < 500\", abort = true }]",
    );
    let (served, place) = (serve(&text), Place::new());
    let workers: Vec<_> = (0..2)
        .map(|index| start(worker_of(&text, &served, &place, &format!("{index}/2"))))
        .collect();
    for worker in workers {
        assert_eq!(worker.code(), Some(0));
    }
    assert!(!place.path.join("abort.json").exists());
    merge(&served, &place).finish().code(0);
}
