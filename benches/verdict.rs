//! One lost order among ten million is found: `cargo bench --bench verdict`.
//!
//! A run of 10,000,000 orders at full size through the program's own code: what is planned, a ledger
//! of what was sent, each row and each dead letter as the stores would hand it over, the observation,
//! the classes and the verdict. One order has neither row nor dead letter. Then the same run with
//! nothing missing. Exits with 1 unless exactly that order is found lost, and nothing in the second run,
//! in less than 2 GiB and a minute each.

use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use orderproof::ledger::{Ledger, Outcome};
use orderproof::load::Schedule;
use orderproof::metrics::Histogram;
use orderproof::order::{Id, OrderPlan, RunId};
use orderproof::processor::{IncomingOrder, attribute};
use orderproof::records::{DeadLetter, Item, Value};
use orderproof::scenario::{Expectations, Overrides, parse};
use orderproof::verdict::{Gate, Judgment, Severity, Verdict};
use orderproof::verify::{
    Belongs, Collector, JudgeInput, Observation, PhaseFigures, Quiescence, Retention, Sweep, judge,
    reconcile,
};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Orders in the run.
const ORDERS: u64 = 10_000_000;
/// The one that is missing.
const LOST: u64 = 7_654_321;
/// One send in so many had no reply; its order landed all the same.
const INDETERMINATE_EVERY: u64 = 100_003;
const RSS_MAX_BYTES: u64 = 2 << 30;
const WALL_MAX: Duration = Duration::from_secs(60);
/// The run's start on the wall clock, microseconds since the Unix epoch.
const START_US: u64 = 1_800_000_000_000_000;

/// 10,000 orders a second for 1,000 s.
const SCENARIO: &str = r#"
name = "ten-million"
question = "Is one lost order in ten million found?"
seed = 2026

[[phase]]
name = "spike"
rate = "10000/s"
duration = "1000s"
"#;

fn main() -> ExitCode {
    let scenario = match parse("verdict", SCENARIO, &Overrides::default()) {
        Ok(scenario) => scenario,
        Err(errors) => panic!("{errors}"),
    };
    let schedule = scenario.schedule();
    assert_eq!(schedule.count(), ORDERS);
    let plan = OrderPlan::lab(RunId::new(7).expect("a run id"), 2026, 0.1);
    let mut sound = true;
    for (missing, lost_ids) in [
        (Some(LOST), vec![plan.run.number(LOST)]),
        (None, Vec::new()),
    ] {
        let (began, cpu_began) = (Instant::now(), cpu_time());
        let judgment = judge_run(&plan, &schedule, missing);
        let (wall, cpu) = (began.elapsed(), cpu_time().saturating_sub(cpu_began));
        let rss = peak_rss_bytes();
        println!(
            "{ORDERS} orders, missing {missing:?}: {:?} in {:.1} s wall, {:.1} s CPU, peak RSS {} MiB",
            judgment.verdict,
            wall.as_secs_f64(),
            cpu.as_secs_f64(),
            rss >> 20
        );
        for finding in &judgment.findings {
            println!(
                "  {:?}: {} {:?}",
                finding.severity, finding.message, finding.first_ids
            );
        }
        let as_expected = is_expected(&judgment, &lost_ids);
        if !as_expected {
            println!("  WRONG: the lost orders are {lost_ids:?}, and nothing else is to be found");
        }
        sound &= as_expected && rss < RSS_MAX_BYTES && wall < WALL_MAX;
    }
    println!("{}", if sound { "ok" } else { "FAILED" });
    if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Exactly the lost orders are found, and nothing else beside notes.
fn is_expected(judgment: &Judgment, lost_ids: &[u64]) -> bool {
    let mut grave = judgment
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note);
    if lost_ids.is_empty() {
        return judgment.verdict == Verdict::Pass && grave.next().is_none();
    }
    let first = grave.next().is_some_and(|finding| {
        finding.code == "lost"
            && finding.orders == lost_ids.len() as u64
            && finding
                .first_ids
                .iter()
                .map(Id::to_string)
                .eq(lost_ids.iter().map(u64::to_string))
    });
    judgment.verdict == Verdict::Fail && first && grave.next().is_none()
}

fn judge_run(plan: &OrderPlan, schedule: &Schedule, missing: Option<u64>) -> Judgment {
    let mut ledger = Ledger::new(ORDERS);
    ledger.record(Outcome::Acknowledged, 0..ORDERS);
    for k in (0..ORDERS).step_by(INDETERMINATE_EVERY as usize) {
        ledger.record(Outcome::Indeterminate, k..k + 1);
    }
    ledger.compact();
    let observation = observe(plan, schedule, &ledger, missing);
    let belongs = Belongs::of(plan, ORDERS);
    let reconciliation = reconcile(&ledger, &belongs, &observation);
    let mut measured = Histogram::new();
    measured.record(Duration::from_millis(2));
    let phases = [PhaseFigures {
        name: "spike".into(),
        warm_up: false,
        response_time: measured.clone(),
        service_time: measured.clone(),
        schedule_lag: measured.clone(),
        end_to_end: measured,
    }];
    let expect = Expectations {
        gate: Gate::Strict,
        max_unsent_share: 0.0,
        max_indeterminate: 0,
        max_schedule_lag_p99: Duration::from_millis(20),
        rules: Vec::new(),
    };
    judge(&JudgeInput {
        orders: plan,
        expect: &expect,
        reconciliation: &reconciliation,
        observation: Some(&observation),
        ledger_ended: true,
        phases: Some(&phases),
        interrupted: false,
        clock_skew_bound: Duration::ZERO,
    })
}

/// Hands every row and every dead letter to the collector, scattered as a table scatters its keys.
fn observe(
    plan: &OrderPlan,
    schedule: &Schedule,
    ledger: &Ledger,
    missing: Option<u64>,
) -> Observation {
    let start = SystemTime::UNIX_EPOCH + Duration::from_micros(START_US);
    let mut collector = Collector::new(plan.clone(), schedule, start, 1);
    // Coprime to the number of orders: each comes once.
    const STRIDE: u64 = 6_180_339;
    let (mut rows, mut letters) = (0, 0);
    for step in 0..ORDERS {
        let k = step * STRIDE % ORDERS;
        if missing == Some(k) {
            continue;
        }
        let mut text = Vec::with_capacity(112);
        plan.write_body(k, &mut text);
        let body = String::from_utf8(text).expect("JSON is UTF-8");
        if plan.is_bad(k) {
            letters += 1;
            collector.dead_letter(
                None,
                &DeadLetter {
                    body,
                    message_id: String::new(),
                },
            );
        } else {
            rows += 1;
            let number = |number: u64| Value::N(number.to_string());
            let order = IncomingOrder::parse(&body).expect("an order of the lab's");
            let row = [
                (attribute::ID, number(order.order_number)),
                (attribute::ORDER_DETAILS, Value::S(order.details())),
                (attribute::STORED_AT, number(START_US + k * 100 + 3_000)),
                (attribute::RECEIVE_COUNT, number(1)),
            ];
            let row = row.map(|(name, value)| (name.to_owned(), value));
            collector.row("orders", &Item::from(row));
        }
    }
    // Looked up once more, and not there.
    let unseen = collector.unseen(&(ledger.acknowledged() | ledger.indeterminate()));
    let sweep = |items: u64| Sweep {
        complete: true,
        items,
        requests: 1 + items / 2_000,
        error: None,
    };
    collector.observation(Observation {
        quiescence: Quiescence {
            reached: true,
            empty_samples: 3,
            drain: Some(Duration::from_secs(1)),
            evidence: "empty".into(),
            never_started: None,
        },
        scan: sweep(rows),
        lookups: sweep(unseen.len()),
        dead_letter_sweep: sweep(letters),
        retention: Retention {
            shortest: Some(Duration::from_secs(345_600)),
            age: Duration::from_secs(1_100),
        },
        ..Observation::default()
    })
}

/// CPU time of the whole process.
fn cpu_time() -> Duration {
    let usage = usage();
    [usage.ru_utime, usage.ru_stime]
        .into_iter()
        .map(|time| Duration::new(time.tv_sec as u64, time.tv_usec as u32 * 1_000))
        .sum()
}

fn peak_rss_bytes() -> u64 {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1_024 };
    usage().ru_maxrss as u64 * unit
}

fn usage() -> libc::rusage {
    // SAFETY: plain integers, for which zeros are a value; the call fills them in.
    unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    }
}
