//! What others wrote before the queue: moto's topics and event buses, and a server of a few lines of Python.

use std::collections::BTreeMap;

use serde_json::Value;

use super::peers::Peer;
use super::program::{Finished, Program, scenario};

/// A short spike, which moto bears on two shared cores, sent as `sending` says it.
fn spike(sending: &[&str]) -> Program {
    let program = Program::new(["run", &scenario("smoke"), "--output-dir", "out", "--quiet"])
        .args(["--rate", "8/s", "--duration", "6s"])
        .args(["--set", "phase.warm-up.rate=1x"])
        .args(["--set", "pipeline.visibility_timeout=2s"])
        .args(["--set", "pipeline.function.timeout=2s"])
        // What Python's answers take, and how late a machine full of tests is, is not the question here.
        .args(["--set", "expect.rules=[]"])
        .args(["--set", "expect.max_schedule_lag_p99=10s"])
        .args(["--set", "sending.attempt_timeout=30s"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    sending
        .iter()
        .fold(program, |program, set| program.args(["--set", set]))
}

fn classes(finished: &Finished) -> BTreeMap<String, u64> {
    let report = finished.json("out/run.json");
    let classes = report["classes"].as_object().expect("classes");
    let count = |count: &Value| count.as_u64().expect("a count");
    classes
        .iter()
        .map(|(name, each)| (name.clone(), count(each)))
        .collect()
}

/// The same load through a door of moto, or before it, and through such a door of the embedded pipeline: both end alike.
fn through(moto: &Peer, sending: &[&str], embedded: &[&str]) -> Finished {
    let (finished, ours) = std::thread::scope(|scope| {
        let ours = scope.spawn(|| classes(&spike(embedded).finish().code(0)));
        let finished = spike(sending)
            .args(["--endpoint-url", moto.endpoint(), "--processor", "local"])
            .args(["--set", "target.exact_counts=true"])
            .finish()
            .code(0);
        (finished, ours.join().expect("the embedded run"))
    });
    assert_eq!(classes(&finished), ours);
    assert!(
        ours["stored"] > 50 && ours["dead_lettered_by_design"] > 0,
        "{ours:?}"
    );
    finished
}

/// What preflight said of these things, and how grave it was.
fn checks<'p>(preflight: &'p Value, trap: &str) -> Vec<(&'p str, &'p str)> {
    let checks = preflight["checks"].as_array().expect("checks");
    let of_trap = checks.iter().filter(|check| check["trap"] == trap);
    let text = |value: &'p Value| value.as_str().expect("a text");
    of_trap
        .map(|check| (text(&check["weight"]), text(&check["message"])))
        .collect()
}

#[test]
#[ignore = "needs peers: moto; .ci/run runs it"]
fn the_spike_through_moto_and_its_topic() {
    let moto = Peer::start("moto_pipeline.py", ["--topic=sale", "--visibility=2"]);
    let sending = [
        "sending.to=sns",
        "sending.topic=sale",
        "sending.raw=true",
        "sending.batch=5",
        "sending.linger=50ms",
    ];
    let finished = through(&moto, &sending, &sending);
    let preflight = finished.json("out/preflight.json");
    let topic = &preflight["facts"]["door"]["topic"]["is"];
    assert_eq!(topic["subscription"]["is"]["raw"], true, "{topic}");
    for trap in ["door", "subscription", "envelope"] {
        let checks = checks(&preflight, trap);
        assert!(matches!(checks[..], [("well", _)]), "{trap}: {checks:?}");
    }
    assert!(
        matches!(checks(&preflight, "queue_policy")[..], [("caution", _)]),
        "moto asks for no policy, AWS does"
    );
    let (_, granted) = *checks(&preflight, "permission")
        .last()
        .expect("permissions");
    assert!(granted.contains("sns:Publish"), "{granted}");
}

#[test]
#[ignore = "needs peers: moto; .ci/run runs it"]
fn the_spike_through_moto_and_its_event_bus() {
    let moto = Peer::start("moto_pipeline.py", ["--bus=sale", "--visibility=2"]);
    let sending = [
        "sending.to=eventbridge",
        "sending.bus=sale",
        "sending.raw=true",
        "sending.batch=5",
        "sending.linger=50ms",
    ];
    let finished = through(&moto, &sending, &sending);
    let preflight = finished.json("out/preflight.json");
    let rule = &preflight["facts"]["door"]["bus"]["is"]["rules"]["is"][0];
    assert_eq!(rule["input"], "transformed", "{rule}");
    assert_eq!(rule["maximum_age"]["secs"], 60, "{rule}");
    for trap in ["door", "rule", "door_filter"] {
        let checks = checks(&preflight, trap);
        assert!(matches!(checks[..], [("well", _)]), "{trap}: {checks:?}");
    }
    let (weight, _) = checks(&preflight, "envelope")[0];
    assert_eq!(weight, "unknown", "what a transformer makes is not known");
    let (_, granted) = *checks(&preflight, "permission")
        .last()
        .expect("permissions");
    assert!(granted.contains("events:PutEvents"), "{granted}");
}

#[test]
#[ignore = "needs peers: moto; .ci/run runs it"]
fn the_spike_through_moto_and_a_server_before_it() {
    let moto = Peer::start("moto_pipeline.py", ["--visibility=2"]);
    let front = Peer::start("http_front.py", [moto.endpoint()]);
    let http = |url: &str, id_at: &str| {
        format!("sending.http={{url={url:?}, accepted=[201], id_at={id_at:?}}}")
    };
    let server = http(&format!("{}/orders", front.endpoint()), "/order/message");
    let embedded = http("/orders", "/message_id");
    let finished = through(
        &moto,
        &["sending.to=http", &server],
        &["sending.to=http", &embedded],
    );
    let preflight = finished.json("out/preflight.json");
    let checks = checks(&preflight, "door");
    assert!(
        matches!(checks[..], [("well", told)] if told.contains("was not checked")),
        "{checks:?}"
    );
}

#[test]
fn a_server_that_names_messages_changes_no_order() {
    for id_at in ["/messageId", "/order/message"] {
        let http = format!("sending.http={{url=\"/orders\", id_at={id_at:?}}}");
        let sending = ["sending.to=http", http.as_str(), "bad_orders=20%"];
        let classes = classes(&spike(&sending).finish().code(0));
        assert!(classes["dead_lettered_by_design"] > 0, "{classes:?}");
    }
}
