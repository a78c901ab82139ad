//! CPU time an order costs in the embedded pipeline: `cargo bench --bench pipeline`.
//!
//! The queue, the mapping and the function run on this thread, without HTTP; once with a store that
//! keeps nothing, once with the embedded table on its own thread. CPU time is read from Linux's
//! `/proc`; elsewhere only the elapsed time is told.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orderproof::order::{OrderPlan, RunId};
use orderproof::pipeline::counters::Counters;
use orderproof::pipeline::mapping::{EventSourceMapping, MappingPlan};
use orderproof::pipeline::sqs::{QueueAttributes, SendEntry, Site, SqsEngine};
use orderproof::pipeline::table::Tables;
use orderproof::processor::{OrderRow, OrderStore, PutOutcome, StoreError, process};
use orderproof::scenario::{Function, Mapping, ProcessorKind, ServiceTime, TableCapacity};

const ORDERS: u64 = 20_000;
const QUEUE: &str = "orders-queue";

/// Keeps nothing.
#[derive(Clone)]
struct Nowhere;

impl OrderStore for Nowhere {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, StoreError>> {
        vec![Ok(PutOutcome::Stored); rows.len()]
    }

    async fn replace(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, StoreError>> {
        self.put_new(rows).await
    }
}

fn main() {
    let counters = Arc::new(Counters::default());
    let tables = Tables::open(1.0, counters).expect("a database in memory can be opened");
    tables
        .create("orders", TableCapacity::Unlimited)
        .expect("a new database takes a table");
    let table = tables.writer("orders").expect("a thread can be started");
    run("no table (warm-up)", Nowhere);
    run("no table", Nowhere);
    run("embedded table", table.store());
}

fn run<S: OrderStore + Clone + 'static>(name: &str, store: S) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    runtime.block_on(async {
        let engine = SqsEngine::new();
        engine
            .create_queue(QUEUE, QueueAttributes::default())
            .expect("a new engine takes a queue");
        let sending = Stopwatch::start();
        send_all(&engine);
        sending.print(name, "send to the queue");
        let processing = Stopwatch::start();
        let mapping = EventSourceMapping::new(
            engine.clone(),
            MappingPlan {
                queue: QUEUE,
                site: &Site::local(SocketAddr::from(([127, 0, 0, 1], 9324))),
                mapping: &aws_mapping(),
                function: &function(),
                seed: 2026,
                speed: 1.0,
            },
            Arc::new(Counters::default()),
            move |event| {
                let store = store.clone();
                async move { Ok(process(event, &store).await) }
            },
        );
        let mapping = tokio::spawn(mapping.run());
        while engine.counts(QUEUE).is_ok_and(|counts| counts.total() > 0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        processing.print(name, "mapping and function");
        mapping.abort();
    });
}

fn aws_mapping() -> Mapping {
    Mapping {
        batch_size: 10,
        batching_window: Duration::ZERO,
        starting_concurrency: 5,
        added_concurrency_per_minute: 300,
        maximum_concurrency: 1_250,
        provisioned_pollers: None,
        back_off: true,
        report_batch_item_failures: true,
        filter: None,
    }
}

fn function() -> Function {
    Function {
        processor: ProcessorKind::Orderproof,
        timeout: Duration::from_secs(10),
        service_time: ServiceTime::ZERO,
        cold_start: ServiceTime::ZERO,
        reserved_concurrency: None,
    }
}

fn send_all(engine: &SqsEngine) {
    let plan = OrderPlan {
        run: RunId::new(7).expect("within range"),
        seed: 2026,
        bad_share: 0.0,
    };
    for first in (0..ORDERS).step_by(10) {
        let entries = (first..first + 10).map(|k| {
            let mut body = Vec::new();
            plan.order(k).write_body(plan.id(k), &mut body);
            SendEntry::new(String::from_utf8(body).expect("orders are text"))
        });
        engine
            .send_all(QUEUE, entries.collect())
            .expect("the queue exists");
    }
}

/// CPU time of this thread and of the whole process, and the time elapsed.
struct Stopwatch {
    began: Instant,
    thread: Option<Duration>,
    process: Option<Duration>,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            thread: cpu_time("/proc/thread-self/schedstat"),
            process: process_cpu_time(),
        }
    }

    fn print(&self, store: &str, stage: &str) {
        let an_order = |spent: Duration| spent.as_secs_f64() * 1e6 / ORDERS as f64;
        let cpu = |before: Option<Duration>, now: Option<Duration>| match (before, now) {
            (Some(before), Some(now)) => format!("{:.1}", an_order(now.saturating_sub(before))),
            _ => "unknown".to_owned(),
        };
        println!(
            "{store:20} {stage:22} us an order: {:>7} CPU of this thread, {:>7} CPU of the process, {:.1} elapsed",
            cpu(self.thread, cpu_time("/proc/thread-self/schedstat")),
            cpu(self.process, process_cpu_time()),
            an_order(self.began.elapsed()),
        );
    }
}

/// The first field of a `schedstat` file: nanoseconds on a CPU.
fn cpu_time(schedstat: &str) -> Option<Duration> {
    let text = std::fs::read_to_string(schedstat).ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// The sum over the threads alive.
fn process_cpu_time() -> Option<Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    tasks
        .filter_map(Result::ok)
        .map(|task| cpu_time(task.path().join("schedstat").to_str()?))
        .sum()
}
