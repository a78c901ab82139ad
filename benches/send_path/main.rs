//! What sending costs and how late waiting is: `cargo bench --bench send_path`.
//!
//! CPU of the sending thread per 1,000 orders against a stub queue on the other core, in turns with a floor client, which has
//! nothing above its sockets and does the same checks (`floor.rs`). Then the whole path of an order, in turns: the lab's, and one
//! of 500 bytes with six fields, a UUID and two rows; drawn, written, sent, checked against the reply, journaled and entered in
//! the ledger, in CPU time of every thread but the stub's. Then the lateness of 1,000 instants a second for
//! `tokio::time::sleep` and for the drive's pacer. Takes about two minutes; `-- floor`, `sdk`, `tls`, `path`, `drive` or `wait`
//! measures that part alone.

mod cores;
mod floor;
mod paced;
mod stub;
mod tls;

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use orderproof::drive::{Pace, process_cpu_time, thread_cpu_time};
use orderproof::journal::{JournalHandle, JournalWriter};
use orderproof::ledger::{JOURNAL_SCHEMA_VERSION, JournalHeader, Outcome};
use orderproof::metrics::Histogram;
use orderproof::order::{OrderPlan, RunId};
use orderproof::scenario::{Overrides, SenderKind, Sending, parse};
use orderproof::send::{Batch, Sender, SenderPool};
use orderproof::store::{DoorAt, TableAt, Target};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Senders taking turns on the one thread that is measured.
const SENDERS: u64 = 4;

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let is_wanted = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    let folder = tempfile::tempdir().expect("a folder");
    let tls = is_wanted("tls").then(|| tls::server(folder.path()));
    let address = stub::start(None);
    let plain = format!("http://{address}");
    cores::pin(cores::SENDER);
    if is_wanted("floor") {
        floors(address);
    }
    if is_wanted("sdk") {
        let orders = 40_000;
        let cpu = measure(&plain, &lab(), SenderKind::Sdk, 10, orders);
        let ms = per_thousand_ms(cpu, orders);
        println!("  sdk, batch of 10   {ms:>7.2} ms");
    }
    match tls {
        None => {}
        Some(None) => {
            println!("  with TLS: not measured, as there is no openssl to make a certificate");
        }
        Some(Some(tls)) => encrypted(&plain, &format!("https://{}", stub::start(Some(tls)))),
    }
    if is_wanted("path") {
        whole_paths(&plain);
    }
    if is_wanted("drive") {
        paced::print(&plain, &[(10, 100_000.0), (10, 300_000.0), (1, 30_000.0)]);
    }
    if is_wanted("wait") {
        println!("lateness at 1,000 instants a second for 4 s, us:");
        print_lateness("tokio::time::sleep", &tokio_sleep());
        print_lateness("absolute nanosleep", &paced());
    }
}

/// Prints what TLS adds, plain and encrypted in turns.
fn encrypted(plain: &str, tls: &str) {
    for batch in [10, 1] {
        let orders = ORDERS_A_ROUND * u64::from(batch) / 10;
        let round = |_| {
            [plain, tls].map(|endpoint| {
                let cpu = measure(endpoint, &lab(), SenderKind::Http, batch, orders);
                per_thousand_ms(cpu, orders)
            })
        };
        let rounds: Vec<[f64; 2]> = (0..ROUNDS).map(round).collect();
        let ms = |which: usize| median(rounds.iter().map(|round| round[which]));
        let ratio = median(rounds.iter().map(|round| round[1] / round[0]));
        println!(
            "  with TLS, batches of {batch:<2} {:>6.2} ms, plain {:.2} ms; {ratio:.2} times plain",
            ms(1),
            ms(0)
        );
    }
}

/// Prints what sending costs beside the floor.
fn floors(address: SocketAddr) {
    println!(
        "CPU of the sending thread per 1,000 orders, {SENDERS} connections, medians of {ROUNDS} rounds in turns:"
    );
    for (name, plan, batch) in [
        ("http, batch of 10", lab(), 10),
        ("  of 507 bytes", own(), 10),
        ("http, single", lab(), 1),
        ("  of 507 bytes", own(), 1),
    ] {
        let orders = ORDERS_A_ROUND * u64::from(batch) / 10;
        let round = |_| {
            let ours = measure(
                &format!("http://{address}"),
                &plan,
                SenderKind::Http,
                batch,
                orders,
            );
            let floor = floor::measure(address, SENDERS as usize, &plan, batch, orders);
            [ours, floor, drawing(&plan, batch, orders)].map(|cpu| per_thousand_ms(cpu, orders))
        };
        let rounds: Vec<[f64; 3]> = (0..ROUNDS).map(round).collect();
        let ms = |which: usize| median(rounds.iter().map(|round| round[which]));
        let ratio = median(rounds.iter().map(|round| round[0] / round[1]));
        println!(
            "  {name:<18} ours {:>6.2} ms, {:.2} of it drawing; floor {:>6.2} ms; {ratio:.2} times the floor",
            ms(0),
            ms(2),
            ms(1)
        );
    }
}

fn per_thousand_ms(cpu: Duration, orders: u64) -> f64 {
    cpu.as_secs_f64() * 1e3 / (orders as f64 / 1e3)
}

/// CPU time that drawing and writing the orders takes, which the floor has done beforehand.
fn drawing(plan: &OrderPlan, batch: u8, orders: u64) -> Duration {
    let mut batches = Batch::new();
    let before = thread_cpu_time();
    for first in (0..orders).step_by(batch.into()) {
        batches.fill(plan, first..first + u64::from(batch));
        std::hint::black_box(&batches);
    }
    thread_cpu_time() - before
}

fn print_lateness(name: &str, lateness: &Histogram) {
    let figures = lateness.summary();
    let us = |figure: Option<u64>| figure.unwrap_or_default();
    println!(
        "  {name:<18} p50 {:>5}  p99 {:>5}  p99.9 {:>5}  max {:>5}",
        us(figures.p50_us),
        us(figures.p99_us),
        us(figures.p999_us),
        us(figures.max_us)
    );
}

/// CPU time the sending thread spends on `orders` orders, connections and warm-up apart.
fn measure(
    endpoint: &str,
    plan: &OrderPlan,
    sender: SenderKind,
    batch: u8,
    orders: u64,
) -> Duration {
    let pool = pool(endpoint, sender, batch);
    runtime().block_on(async {
        send_all(&pool, plan, batch, orders / 20, None).await;
        let before = thread_cpu_time();
        send_all(&pool, plan, batch, orders, None).await;
        thread_cpu_time() - before
    })
}

fn target(endpoint: &str) -> Target {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "bench");
    Target {
        sqs_endpoint: endpoint.to_owned(),
        dynamodb_endpoint: endpoint.to_owned(),
        region: "eu-west-1".into(),
        credentials: SharedCredentialsProvider::new(credentials),
        orders_queue_url: format!("{endpoint}/000000000000/orders-queue"),
        dead_letter_queue_url: format!("{endpoint}/000000000000/orders-dl-queue"),
        tables: TableAt::all(&orderproof::order::lab().tables),
        letter_queues: Vec::new(),
        door: DoorAt::Queue,
        exact_counts: true,
        read: Default::default(),
    }
}

fn pool(endpoint: &str, sender: SenderKind, batch: u8) -> SenderPool {
    let target = target(endpoint);
    let sending = Sending {
        batch,
        linger: Duration::ZERO,
        senders: SENDERS as u32,
        max_in_flight: 1_000,
        attempt_timeout: Duration::from_secs(5),
        sender,
        to: Default::default(),
    };
    SenderPool::new(&target, &sending).expect("a loopback endpoint")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn lab() -> OrderPlan {
    OrderPlan::lab(RunId::new(1).expect("in range"), 1, 0.1)
}

/// 500 bytes, six fields, a UUID, two rows.
fn own() -> OrderPlan {
    let head = "name = \"own\"\nquestion = \"What does it cost?\"\nbad_orders = \"10%\"\n\
        processor = { command = [\"./bootstrap\"] }\n\
        [[phase]]\nname = \"spike\"\nrate = \"100/s\"\nduration = \"10s\"\n";
    let text = format!(
        "{head}{}",
        include_str!("../../crates/core/benches/own.toml")
    );
    let scenario = parse("bench", &text, &Overrides::default());
    let scenario = scenario.unwrap_or_else(|errors| panic!("{errors}"));
    OrderPlan {
        model: scenario.model().expect("it was checked"),
        ..lab()
    }
}

const ROUNDS: u64 = 15;
const ORDERS_A_ROUND: u64 = 40_000;

/// Prints what an order costs from its draw to the ledger.
fn whole_paths(endpoint: &str) {
    let plans = [lab(), own()];
    for batch in [10, 1] {
        let orders = ORDERS_A_ROUND * u64::from(batch) / 10;
        let round = |_| {
            plans
                .each_ref()
                .map(|plan| whole_path(endpoint, plan, batch, orders))
        };
        let rounds: Vec<[f64; 2]> = (0..ROUNDS).map(round).collect();
        let us = |which: usize| median(rounds.iter().map(|round| round[which]));
        let ratio = median(rounds.iter().map(|round| round[1] / round[0]));
        println!(
            "CPU of an order's whole path, batches of {batch}, medians of {ROUNDS} rounds in turns:"
        );
        println!("  the lab's                        {:>6.2} us", us(0));
        println!(
            "  500 bytes, six fields, uuid      {:>6.2} us, {ratio:.2} times that",
            us(1)
        );
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU time of an order, microseconds: of all threads but the stub's.
fn whole_path(endpoint: &str, plan: &OrderPlan, batch: u8, orders: u64) -> f64 {
    let pool = pool(endpoint, SenderKind::Http, batch);
    let folder = tempfile::tempdir().expect("a folder");
    let header = JournalHeader {
        schema_version: JOURNAL_SCHEMA_VERSION,
        run_id: plan.run,
        seed: plan.seed,
        planned: orders,
        scenario_digest: "0".repeat(64),
        started_at: SystemTime::now(),
        plan_digest: None,
        shard: None,
    };
    runtime().block_on(send_all(&pool, plan, batch, orders / 20, None));
    let all = || process_cpu_time().expect("Linux");
    let cpu = || all() - stub::cpu_time();
    let before = cpu();
    let journal = JournalWriter::create(&folder.path().join("journal"), &header);
    let journal = journal.expect("a journal");
    journal.wait_intended(orders).expect("it is written");
    runtime().block_on(send_all(&pool, plan, batch, orders, Some(journal.handle())));
    let (ledger, written) = journal.finish();
    let spent = cpu() - before;
    written.expect("it is written");
    assert_eq!(ledger.counts().acknowledged, orders);
    spent.as_secs_f64() * 1e6 / orders as f64
}

async fn send_all(
    pool: &SenderPool,
    plan: &OrderPlan,
    batch: u8,
    orders: u64,
    journal: Option<JournalHandle>,
) {
    let share = orders / SENDERS;
    let senders = (0..SENDERS).map(|index| {
        let (mut sender, plan, journal) = (pool.sender(), plan.clone(), journal.clone());
        tokio::spawn(async move {
            let mut orders = Batch::new();
            for first in (index * share..(index + 1) * share).step_by(batch.into()) {
                orders.fill(&plan, first..first + u64::from(batch));
                let reply = sender.send(&orders).await;
                let good =
                    |entry: &orderproof::send::EntryOutcome| entry.outcome == Outcome::Acknowledged;
                assert!(reply.entries.iter().all(good), "{reply:?}");
                if let Some(journal) = &journal {
                    journal.record(Outcome::Acknowledged, orders.orders());
                }
            }
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.expect("the stub takes everything");
    }
}

const INSTANTS: u32 = 4_000;
const GAP: Duration = Duration::from_millis(1);

fn tokio_sleep() -> Histogram {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut lateness = Histogram::new();
        let start = Instant::now();
        for k in 1..=INSTANTS {
            let due = start + GAP * k;
            // A wait of no time still takes tokio up to a millisecond.
            let wait = due.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            lateness.record(Instant::now().saturating_duration_since(due));
        }
        lateness
    })
}

fn paced() -> Histogram {
    let mut lateness = Histogram::new();
    let pace = Pace::new(Instant::now());
    for k in 1..=INSTANTS {
        pace.sleep_until(GAP * k);
        lateness.record(pace.elapsed().saturating_sub(GAP * k));
    }
    lateness
}
