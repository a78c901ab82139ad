//! Compressed time: the same scenario and seed give every order the same class, however fast it is played.

use std::collections::BTreeMap;

use serde_json::Value;

use super::program::{Program, scenario};

/// 400 orders in 4 s: some vanish, some cannot be written, some only at the second try, one is deleted.
const SCENARIO: &str = r#"
name = "time"
question = "Is it the same when it is played faster?"
seed = 41
bad_orders = "10%"
arrivals = "poisson"

[[phase]]
name = "baseline"
rate = "50/s"
duration = "2s"

[[phase]]
name = "spike"
rate = "3x"
duration = "2s"

[pipeline]
visibility_timeout = "2s"
max_receive_count = 4

[pipeline.function]
timeout = "2s"
service_time = { p50 = "20ms", p99 = "100ms" }
cold_start = "200ms"

[[fault]]
kind = "message_vanishes"
count = 2

[[fault]]
kind = "write_throttled"
share = "5%"

[[fault]]
kind = "write_lost"
count = 3

[[fault]]
kind = "write_panics"
share = "10%"
times = 1

[[fault]]
kind = "row_deleted"
count = 1
delay = "3s"

[settle]
deadline = "40s"

[expect]
max_schedule_lag_p99 = "10s"
"#;

/// The class of each order that is not plainly where it belongs, and how many each class has.
fn classes_at(time_scale: &str) -> (BTreeMap<String, String>, Value) {
    let scale = format!("time_scale={time_scale}");
    let finished = Program::new(["run", "time.toml", "--output-dir", "out", "--quiet"])
        .file("time.toml", SCENARIO)
        .args(["--run-id", "41", "--set", &scale])
        .finish()
        .code(3);
    let compressed = finished.stdout.contains("compressed 10 times");
    assert_eq!(compressed, time_scale == "10", "{}", finished.stdout);
    let findings = std::fs::read_to_string(finished.path("out/findings.csv")).expect("a file");
    let mut lines = findings
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().expect("a head");
    let column = |name: &str| head.iter().position(|cell| *cell == name).expect(name);
    let (order, class) = (column("order_number"), column("class"));
    let by_order = lines.map(|cells| (cells[order].to_owned(), cells[class].to_owned()));
    (
        by_order.collect(),
        finished.json("out/run.json")["classes"].clone(),
    )
}

#[test]
fn every_order_has_the_same_class_in_real_and_in_compressed_time() {
    let real = std::thread::spawn(|| classes_at("1"));
    let fast = classes_at("10");
    let real = real.join().expect("a run");
    assert_eq!(real, fast);
    let (by_order, counts) = real;
    // 2 vanished, 3 were taken for written and were not, 1 was deleted.
    assert_eq!(counts["lost"], 6, "{counts}");
    assert!(by_order.len() > 20, "{by_order:?}");
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_the_labs_default_table_at_five_times_the_traffic() {
    let run = |capacity: &str, code: i32| {
        Program::new([
            "run",
            &scenario("default-table"),
            "--output-dir",
            "out",
            "--quiet",
        ])
        .args(["--set", &format!("pipeline.table_capacity={capacity}")])
        .finish()
        .code(code)
    };
    let on_demand = std::thread::spawn(move || run("on-demand", 0));
    let five_units = run("5 wcu, 5 rcu", 3);
    // Sentences are wrapped.
    let in_a_line: Vec<&str> = five_units.stdout.split_whitespace().collect();
    let in_a_line = in_a_line.join(" ");
    for words in [
        "good_order_dead_lettered",
        "TableWriteProvisionedThroughputExceeded",
        "Cure: an on-demand",
    ] {
        assert!(
            in_a_line.contains(words),
            "{words} in:\n{}",
            five_units.stdout
        );
    }
    let on_demand = on_demand.join().expect("a run");
    assert!(
        !on_demand.stdout.contains("throttled"),
        "{}",
        on_demand.stdout
    );
}
