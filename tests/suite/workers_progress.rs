//! How a worker gets on, as it says itself.

use serde_json::Value;

use super::program::Program;
use super::workers::{Place, SCENARIO, serve_pipeline};

#[test]
fn a_worker_says_how_it_gets_on_and_one_that_is_to_be_quiet_does_not() {
    for quiet in [false, true] {
        let (served, place) = (serve_pipeline(), Place::new());
        let at = place.path.display().to_string();
        let program = Program::new(["run", "workers.toml", "--json"])
            .file("workers.toml", SCENARIO)
            .args(["--lead", "2s", "--run-id", "77", "--run-at", &at])
            .args(["--worker", "0/1"]);
        let program = match quiet {
            true => program.args(["--quiet"]),
            false => program.args(["--progress", "ndjson"]),
        };
        let sent = served.at(program).finish().code(0);
        let told = sent.stderr.lines().filter_map(|line| {
            let told: Option<Value> = serde_json::from_str(line).ok();
            told.filter(|it| it["event"] == "progress")
        });
        let told: Vec<Value> = told.collect();
        assert_eq!(told.is_empty(), quiet, "{}", sent.stderr);
        assert!(
            told.iter()
                .all(|it| it["worker"] == 0 && it["workers"] == 1),
            "{told:?}"
        );
        assert!(
            !(quiet && sent.stderr.contains("orders acknowledged")),
            "{}",
            sent.stderr
        );
        let json: Value = serde_json::from_str(&sent.stdout).expect("JSON");
        assert_eq!(json["aborted"], Value::Null);
    }
}
