//! The shop of `examples/shop` and the patterns of `examples/patterns`: pipelines that are not the lab's, sound and with
//! the mistakes that real functions make.

mod moto;
mod page;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::program::{Finished, Program};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");

/// Does this with each, two of them side by side.
fn two_at_a_time<T: Copy + Sync>(all: &[T], each: impl Fn(T) + Sync) {
    for pair in all.chunks(2) {
        std::thread::scope(|scope| {
            for one in pair {
                scope.spawn(|| each(*one));
            }
        });
    }
}

/// A run of an example.
fn example(folder: &str, name: &str) -> Program {
    in_python(folder, &format!("{EXAMPLES}/{folder}/{name}.toml"))
}

/// A program whose functions in Python have the one that `ORDERPROOF_PYTHON` names.
fn with_python(program: Program) -> Program {
    let python = std::env::var("ORDERPROOF_PYTHON");
    let python = PathBuf::from(python.expect("ORDERPROOF_PYTHON names a Python with awslambdaric"));
    let bin = python.parent().expect("it lies in a folder").display();
    let path = std::env::var("PATH").expect("there is a PATH");
    program
        .env("PATH", &format!("{bin}:{path}"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
}

/// A run of this scenario with the function in this folder.
fn in_python(folder: &str, file: &str) -> Program {
    let working_dir = format!("processor.working_dir={EXAMPLES}/{folder}");
    with_python(Program::new([
        "run",
        file,
        "--output-dir",
        "out",
        "--quiet",
    ]))
    .args(["--set", &working_dir])
    // A machine full of tests is late.
    .args(["--set", "expect.max_schedule_lag_p99=30s"])
    .args(["--set", "settle.deadline=120s"])
}

/// The same of some two hundred orders, whose messages are hidden for a shorter time: two such runs go side by side.
fn short(program: Program) -> Program {
    program
        .args(["--rate", "6/s"])
        .args(["--set", "phase.baseline.duration=2s"])
        .args(["--set", "phase.spike.duration=6s"])
        .args(["--set", "phase.recovery.duration=2s"])
        .args(["--set", "pipeline.visibility_timeout=3s"])
        .args(["--set", "pipeline.function.timeout=3s"])
}

/// The classes that hold orders.
fn classes(finished: &Finished) -> BTreeMap<String, u64> {
    let report = finished.json("out/run.json");
    let classes = report["classes"].as_object().expect("classes").clone();
    let count =
        |(name, count): (String, serde_json::Value)| (name, count.as_u64().expect("a count"));
    classes
        .into_iter()
        .map(count)
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// The finding of this code, as `run.json` holds it.
fn finding(finished: &Finished, code: &str) -> serde_json::Value {
    let report = finished.json("out/run.json");
    let findings = report["findings"].as_array().expect("findings");
    let found = findings.iter().find(|finding| finding["code"] == code);
    found
        .unwrap_or_else(|| panic!("{code} is not in {findings:#?}"))
        .clone()
}

fn named(classes: &BTreeMap<String, u64>) -> Vec<&str> {
    classes.keys().map(String::as_str).collect()
}

#[test]
#[ignore = "needs Python with awslambdaric and boto3; .ci/run runs it"]
fn the_shop_loses_nothing_and_every_order_ends_where_it_belongs() {
    let finished = example("shop", "shop").finish().code(0).quiet();
    let classes = classes(&finished);
    assert_eq!(
        named(&classes),
        ["dead_lettered_by_design", "ended_by_design", "stored"]
    );
    let planned = finished.json("out/run.json")["orders"]["planned"].as_u64();
    assert_eq!(Some(classes.values().sum()), planned);
}

#[test]
#[ignore = "needs Node with the packages of examples/shop; .ci/run runs it"]
fn the_shop_in_javascript_ends_alike() {
    let shop = short(example("shop", "shop")).args([
        "--set",
        r#"processor.command=["node", "bootstrap.mjs", "handler.mjs"]"#,
    ]);
    let finished = shop.finish().code(0).quiet();
    assert_eq!(
        named(&classes(&finished)),
        ["dead_lettered_by_design", "ended_by_design", "stored"]
    );
}

/// Every mistake of the shop's function: the class it leads to, and what its finding says.
#[test]
#[ignore = "needs Python with awslambdaric and boto3; .ci/run runs it"]
fn every_mistake_of_the_shops_function_is_found_and_named() {
    let mistakes = [
        ("line_dropped", "altered", "lines"),
        ("cent_changed", "altered", "shipping"),
        ("skipped", "lost", "acknowledged"),
        ("written_twice", "stored_twice", ""),
        ("swallowed", "lost", "acknowledged"),
        ("overwritten", "altered", ""),
    ];
    two_at_a_time(&mistakes, |(mistake, class, words)| {
        let fault = format!("processor.environment.SHOP_FAULT={mistake:?}");
        let finished = short(example("shop", "shop").args(["--set", &fault]))
            .finish()
            .code(3);
        let classes = classes(&finished);
        assert!(classes.contains_key(class), "{mistake}: {classes:?}");
        let finding = finding(&finished, class);
        let message = finding["message"].as_str().expect("a text");
        assert!(message.contains(words), "{mistake}: {message}");
        let first = finding["first_ids"].as_array().expect("ids");
        assert!(
            first
                .iter()
                .all(|id| id.as_str().is_some_and(|id| id.len() == 36)),
            "{mistake}: {first:?}"
        );
    });
}

/// Each pattern passes, and fails with the class that its function's mistake leads to.
#[test]
#[ignore = "needs Python with awslambdaric and boto3; .ci/run runs it"]
fn every_pattern_passes_and_fails_when_its_function_is_broken() {
    two_at_a_time(
        &[
            ("whole_body", "altered"),
            ("pending_row", "lost"),
            ("consumer_id", "stored_twice"),
            ("message_id", "lost"),
            ("sharded_key", "altered"),
            ("sns_decimals", "altered"),
            ("fifo_groups", "stored"),
        ],
        |(pattern, class)| {
            let sound = example("patterns", pattern).finish();
            assert_eq!(sound.code, 0, "{pattern}: {}{}", sound.stdout, sound.stderr);
            let broken = ["--set", "processor.environment.BROKEN=\"1\""];
            let broken = example("patterns", pattern).args(broken).finish();
            assert_eq!(
                broken.code, 3,
                "{pattern}: {}{}",
                broken.stdout, broken.stderr
            );
            let classes = classes(&broken);
            assert!(classes.contains_key(class), "{pattern}: {classes:?}");
            if pattern == "fifo_groups" {
                let order = finding(&broken, "out_of_order");
                let message = order["message"].as_str().expect("a text");
                assert!(message.contains("group customer-"), "{message}");
            }
        },
    );
}

/// The shop with something before its queue: that makes the envelope, and only a topic passes attributes on.
fn through(door: &str) -> Program {
    let (name, sending) = door.split_once(": ").expect("a name");
    let file = std::fs::read_to_string(format!("{EXAMPLES}/shop/shop.toml")).expect("the shop");
    let mut text = String::new();
    for line in file.lines() {
        let kept = match line.split_once(" = ").map_or(line, |(key, _)| key) {
            "envelope" => "",
            "attributes" if !name.starts_with("topic") => "",
            // A bus takes no message that is cut short.
            "cut" if name == "bus" => "set = { \"/lines\" = [] }\nend = \"rejected\"",
            "id" if name == "topic.fifo" => "id = \"uuid\"\ngroup = \"{{customer.id}}\"",
            "[pipeline]" if name == "topic.fifo" => "[pipeline]\nqueue = \"fifo\"",
            _ => line,
        };
        text.push_str(kept);
        text.push('\n');
    }
    let customers = format!("{EXAMPLES}/shop/customers.csv");
    let text = text.replace("customers.csv", &customers);
    let text = format!("{text}\n[sending]\n{sending}\n");
    short(in_python("shop", "door.toml")).file("door.toml", &text)
}

/// What may stand before the queue, as `[sending]` says it.
const DOORS: [&str; 4] = [
    "topic: to = \"sns\"",
    "topic.fifo: to = \"sns\"\ntopic = \"orders.fifo\"",
    "bus: to = \"eventbridge\"\nsource = \"shop\"\ndetail_type = \"OrderPlaced\"",
    "server: to = \"http\"\nhttp = { url = \"/orders\", id_at = \"/message_id\" }",
];

/// Through a topic, a FIFO topic, an event bus and a server; and then with three orders that it takes and never hands on.
#[test]
#[ignore = "needs Python with awslambdaric and boto3; .ci/run runs it"]
fn the_shop_through_each_door_ends_alike_and_what_a_door_loses_is_found() {
    two_at_a_time(&DOORS, |door| {
        let finished = through(door).finish();
        assert_eq!(
            finished.code, 0,
            "{door}: {}{}",
            finished.stdout, finished.stderr
        );
        let good = classes(&finished);
        let expected = ["dead_lettered_by_design", "ended_by_design", "stored"];
        let expected = &expected[usize::from(door.starts_with("bus"))..];
        assert_eq!(named(&good), expected, "{door}");
        let swallows = "fault=[{kind=\"door_swallows\", count=3}]";
        let finished = through(door).args(["--set", swallows]).finish();
        assert_eq!(
            finished.code, 3,
            "{door}: {}{}",
            finished.stdout, finished.stderr
        );
        assert_eq!(classes(&finished)["lost"], 3, "{door}");
        let ids = finding(&finished, "lost")["first_ids"].clone();
        assert_eq!(ids.as_array().map(Vec::len), Some(3), "{door}: {ids}");
    });
}
