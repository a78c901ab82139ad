//! Whole drives from one thread at a fixed rate: paced, sent, checked, journaled, recorded.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orderproof::drive::{
    DriveOptions, DrivePlan, Pool, Progress, StopSignal, process_cpu_time, run,
};
use orderproof::load::Phase;
use orderproof::metrics::Histogram;
use orderproof::scenario::Scenario;
use orderproof::store::Target;

use crate::{lab, median, stub};

const RUNS: usize = 5;
const SECONDS: u64 = 4;
const SENDERS: u32 = 128;
/// Before the seconds that count: connections and their buffers on both sides are new.
const WARM_UP: Duration = Duration::from_secs(2);
/// Between two instants at which a thread looks how late it is.
const INSTANT: Duration = Duration::from_micros(100);

/// One drive.
struct Driven {
    per_thousand_ms: f64,
    lag_p99_ms: f64,
    unsent: u64,
    /// The share of the machine's time that was given to others while it ran.
    steal: f64,
}

/// Prints what drives at these rates cost, and how late they were.
pub fn print(endpoint: &str, rates: &[(u8, f64)]) {
    println!(
        "Whole drives of {SECONDS} s behind {} s to warm up, from one thread, {SENDERS} connections, medians of {RUNS}; CPU of all threads but the stub's:",
        WARM_UP.as_secs()
    );
    let watched: Vec<f64> = (0..RUNS).map(|_| watch()).collect();
    println!(
        "  a thread that only looks at the clock: late at every {} us by p99 {:.2} ms (of {})",
        INSTANT.as_micros(),
        median(watched.iter().copied()),
        list(&watched),
    );
    for &(batch, rate) in rates {
        let runs: Vec<Driven> = (0..RUNS).map(|_| drive(endpoint, batch, rate)).collect();
        let of = |figure: fn(&Driven) -> f64| median(runs.iter().map(figure));
        let lags: Vec<f64> = runs.iter().map(|run| run.lag_p99_ms).collect();
        println!(
            "  batches of {batch:>2} at {rate:>7}/s  {:>6.2} ms per 1,000 orders, schedule lag p99 {:.2} ms (of {}), \
             {} unsent, steal {:.1}%",
            of(|run| run.per_thousand_ms),
            of(|run| run.lag_p99_ms),
            list(&lags),
            runs.iter().map(|run| run.unsent).sum::<u64>(),
            of(|run| run.steal * 100.0),
        );
    }
}

fn list(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|ms| format!("{ms:.2}")).collect();
    values.join(", ")
}

/// The lateness, in milliseconds at the 99th percentile, of a thread on the same core that only looks at the clock and never
/// sleeps. It shows the time that the machine takes away, reported as steal or not. A drive cannot be less late.
fn watch() -> f64 {
    let mut lateness = Histogram::new();
    let start = Instant::now();
    let mut next = INSTANT;
    while next < Duration::from_secs(SECONDS) {
        let now = start.elapsed();
        while next <= now {
            lateness.record(now - next);
            next += INSTANT;
        }
    }
    lateness.summary().p99_us.unwrap_or_default() as f64 / 1e3
}

fn drive(endpoint: &str, batch: u8, rate: f64) -> Driven {
    let mut scenario = Scenario::steady("bench", rate, Duration::from_secs(SECONDS));
    let warm_up = Phase {
        name: "warm-up".into(),
        duration: WARM_UP,
        warm_up: true,
        ..scenario.phases[0].clone()
    };
    scenario.phases.insert(0, warm_up);
    scenario.sending.batch = batch;
    scenario.sending.linger = match batch {
        1 => Duration::ZERO,
        _ => Duration::from_millis(1),
    };
    scenario.sending.senders = SENDERS;
    scenario.sending.max_in_flight = 100_000;
    let target: Target = crate::target(endpoint);
    let plan = DrivePlan {
        scenario,
        orders: lab(),
        scenario_digest: "0".repeat(64),
        plan_digest: None,
        part: None,
    };
    let options = DriveOptions {
        pool: Pool::Tasks,
        threads: NonZeroU32::new(1),
        ..DriveOptions::default()
    };
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("journal");
    let all = || process_cpu_time().expect("Linux") - stub::cpu_time();
    let (before, ticks) = (all(), ticks());
    let (progress, stop) = (Arc::new(Progress::new()), StopSignal::new());
    let outcome = run(&plan, &target, &journal, &options, progress, stop).expect("it is sent");
    let spent = all() - before;
    let counts = outcome.ledger.counts();
    assert_eq!(counts.acknowledged + counts.unsent, counts.planned);
    let lag = outcome.record.phases[1].schedule_lag.summary();
    let [steal, total] = self::ticks().map_or([0, 1], |after| {
        let before = ticks.unwrap_or(after);
        [after[0] - before[0], (after[1] - before[1]).max(1)]
    });
    Driven {
        per_thousand_ms: spent.as_secs_f64() * 1e3 / (counts.planned as f64 / 1e3),
        lag_p99_ms: lag.p99_us.unwrap_or_default() as f64 / 1e3,
        unsent: counts.unsent,
        steal: steal as f64 / total as f64,
    }
}

/// Stolen ticks of the machine, and all of them; Linux tells.
fn ticks() -> Option<[u64; 2]> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks = stat.lines().next()?.split_ascii_whitespace().skip(1);
    let ticks: Vec<u64> = ticks.take(8).map_while(|tick| tick.parse().ok()).collect();
    Some([*ticks.get(7)?, ticks.iter().sum()])
}
