//! A spike as a test: `cargo test --example spike`, or `cargo run --example spike`.

use std::error::Error;
use std::time::Duration;

use orderproof::load::Phase;
use orderproof::run::Run;
use orderproof::scenario::Scenario;

/// An ordinary second, then one at five times the rate; one order in ten is bad.
fn spike() -> Scenario {
    let second = Duration::from_secs(1);
    let mut scenario = Scenario::steady("spike-in-a-test", 20.0, second);
    scenario.bad_share = 0.1;
    scenario.pipeline.visibility_timeout = second;
    scenario.pipeline.function.timeout = second;
    // This test is about orders, on a machine that other tests share.
    scenario.expect.max_schedule_lag_p99 = second;
    scenario.phases.push(Phase {
        name: "spike".into(),
        start_rate: 100.0,
        end_rate: 100.0,
        ..scenario.phases[0].clone()
    });
    scenario
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let outcome = Run::new(spike())
        .output_dir(folder.path().join("run"))
        .execute()?;
    println!(
        "{}: {}",
        outcome.report.verdict.as_str(),
        outcome.report.orders.planned
    );
    Ok(())
}

#[cfg(test)]
use orderproof::verdict::{Class, Verdict};

#[tokio::test]
async fn every_order_of_the_spike_is_accounted_for() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // Two runs side by side: nothing of one is seen by the other.
    let runs = ["one", "two"].map(|name| {
        let run = Run::new(spike()).output_dir(folder.path().join(name));
        run.execute_async()
    });
    let [one, two] = runs;
    let (one, two) = tokio::join!(one, two);
    // Code that may block can do without `await`.
    let three = Run::new(spike()).output_dir(folder.path().join("three"));
    for outcome in [one?, two?, three.execute()?] {
        let report = &outcome.report;
        assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.findings);
        assert_eq!(report.orders.planned, 120);
        let ended = report.classes[&Class::Stored] + report.classes[&Class::DeadLetteredByDesign];
        assert_eq!(ended, 120);
        assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    }
    Ok(())
}
