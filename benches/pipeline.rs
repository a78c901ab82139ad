//! What the embedded pipeline costs: `cargo bench --bench pipeline`.
//!
//! First the CPU time an order costs: queue, mapping and function run on this thread, without HTTP; once
//! with a store that keeps nothing, once with the embedded table on its own thread. Then a million
//! messages in a queue: the memory each takes beside its body, and how long sending and draining them
//! takes. Then how many messages a second go through a FIFO queue with a thousand groups, in order and none lost. Then
//! how long a long poll takes to wake. CPU time and memory are read from Linux's `/proc`;
//! elsewhere only the elapsed time is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use orderproof::embedded::{Orders, order_table};
use orderproof::emulator::counters::Counters;
use orderproof::emulator::mapping::{
    EngineQueue, EventSource, EventSourceMapping, FunctionSettings, Mapping, MappingPlan,
};
use orderproof::emulator::sqs::{
    FifoAttributes, QueueAttributes, ReceiveOptions, ReceivedMessage, SendEntry, SqsEngine,
};
use orderproof::emulator::table::{KeyKind, TableCapacity, Tables, key};
use orderproof::order::{OrderPlan, RunId};
use orderproof::processor::{OrderRow, OrderStore, PutOutcome, WriteError, process};

const ORDERS: u64 = 20_000;
const QUEUE: &str = "orders-queue";
const FIFO_QUEUE: &str = "orders.fifo";

/// Keeps nothing.
#[derive(Clone)]
struct Nowhere;

impl OrderStore for Nowhere {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        vec![Ok(PutOutcome::Stored); rows.len()]
    }

    async fn replace(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        self.put_new(rows).await
    }
}

fn main() {
    let counters = Arc::new(Counters::default());
    let tables = Tables::open(1.0, counters).expect("a database in memory can be opened");
    tables
        .create("orders", &key("id", KeyKind::N), TableCapacity::Unlimited)
        .expect("a new database takes a table");
    let table = order_table(&tables, "orders").expect("a thread can be started");
    run("no table (warm-up)", Nowhere);
    run("no table", Nowhere);
    run("embedded table", Orders::of(&table));
    a_million_messages();
    a_fifo_queue();
    long_polls();
}

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
}

fn engine() -> SqsEngine {
    let engine = SqsEngine::new();
    engine
        .create_queue(QUEUE, QueueAttributes::default())
        .expect("a new engine takes a queue");
    engine
}

/// Sends a million messages, takes and deletes them all, and tells what each took.
fn a_million_messages() {
    const MESSAGES: u64 = 1_000_000;
    let engine = engine();
    let before = resident_bytes();
    let sending = Instant::now();
    let body_bytes = send_orders(&engine, MESSAGES);
    let sending = sending.elapsed();
    let taken = resident_bytes()
        .zip(before)
        .map(|(now, before)| now.saturating_sub(before));
    let draining = Instant::now();
    let mut drained = 0;
    runtime().block_on(async {
        let options = ReceiveOptions {
            max_messages: 10,
            ..ReceiveOptions::default()
        };
        loop {
            let batch = engine
                .receive(QUEUE, options)
                .await
                .expect("the queue exists");
            if batch.is_empty() {
                break;
            }
            for message in &batch {
                engine
                    .delete(QUEUE, &message.receipt_handle)
                    .expect("a handle just given");
            }
            drained += batch.len() as u64;
        }
    });
    assert_eq!(drained, MESSAGES, "every message once");
    let overhead = match taken {
        Some(taken) => format!("{}", (taken.saturating_sub(body_bytes)) / MESSAGES),
        None => "unknown".into(),
    };
    println!(
        "{MESSAGES} messages of {} bytes: {overhead} bytes each beside the body, sent in {:.2?}, drained in {:.2?}",
        body_bytes / MESSAGES,
        sending,
        draining.elapsed()
    );
}

/// Sends messages to a thousand groups in turn while four consumers receive and delete them, on two threads.
fn a_fifo_queue() {
    const MESSAGES: u64 = 200_000;
    const GROUPS: u64 = 1_000;
    const CONSUMERS: usize = 4;
    let engine = SqsEngine::new();
    let attributes = QueueAttributes::fifo(FifoAttributes::high_throughput());
    engine
        .create_queue(FIFO_QUEUE, attributes)
        .expect("a new engine takes a queue");
    let began = Instant::now();
    let sender = engine.clone();
    let sending = async move {
        for first in (0..MESSAGES).step_by(10) {
            let entries = (first..first + 10).map(|k| {
                let entry = SendEntry::new(k.to_string()).in_group((k % GROUPS).to_string());
                entry.deduplicated_by(k.to_string())
            });
            let sent = sender.send_all(FIFO_QUEUE, entries.collect());
            for sent in sent.expect("the queue exists") {
                sent.expect("a good message");
            }
            tokio::task::yield_now().await;
        }
    };
    let (last, drained) = (Arc::default(), Arc::new(AtomicU64::new(0)));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(async {
            let mut tasks = vec![tokio::spawn(sending)];
            for _ in 0..CONSUMERS {
                let (last, drained) = (Arc::clone(&last), Arc::clone(&drained));
                let consumer = consume(engine.clone(), MESSAGES, GROUPS, last, drained);
                tasks.push(tokio::spawn(consumer));
            }
            for task in tasks {
                task.await.expect("no panic");
            }
        });
    assert_eq!(
        drained.load(Ordering::Relaxed),
        MESSAGES,
        "every message once"
    );
    let per_second = MESSAGES as f64 / began.elapsed().as_secs_f64();
    println!(
        "FIFO queue, {GROUPS} groups: {per_second:.0} messages a second sent, received in order and deleted"
    );
}

/// Receives and deletes until all are through, and holds each against the last of its group.
async fn consume(
    engine: SqsEngine,
    messages: u64,
    groups: u64,
    last: Arc<Mutex<HashMap<u64, u64>>>,
    drained: Arc<AtomicU64>,
) {
    let options = ReceiveOptions {
        max_messages: 10,
        wait: Some(Duration::from_millis(100)),
        ..ReceiveOptions::default()
    };
    let number = |message: &ReceivedMessage| message.body.parse::<u64>().expect("a number");
    while drained.load(Ordering::Relaxed) < messages {
        let batch = engine.receive(FIFO_QUEUE, options).await;
        let batch = batch.expect("the queue exists");
        for message in &batch {
            let number = number(message);
            let before = last
                .lock()
                .expect("no panic")
                .insert(number % groups, number);
            assert!(
                before.is_none_or(|before| before + groups == number),
                "in order"
            );
        }
        for message in &batch {
            engine
                .delete(FIFO_QUEUE, &message.receipt_handle)
                .expect("a handle just given");
        }
        drained.fetch_add(batch.len() as u64, Ordering::Relaxed);
    }
}

/// How long after a send another task's long poll has the message.
fn long_polls() {
    const POLLS: usize = 2_000;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let mut wakes: Vec<Duration> = runtime.block_on(async {
        let engine = engine();
        let mut wakes = Vec::with_capacity(POLLS);
        for _ in 0..POLLS {
            let poller = engine.clone();
            let poll = tokio::spawn(async move {
                let options = ReceiveOptions {
                    wait: Some(Duration::from_secs(20)),
                    ..ReceiveOptions::default()
                };
                let batch = poller
                    .receive(QUEUE, options)
                    .await
                    .expect("the queue exists");
                let woken = Instant::now();
                for message in &batch {
                    poller
                        .delete(QUEUE, &message.receipt_handle)
                        .expect("a handle just given");
                }
                woken
            });
            // Until it waits.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let sent = Instant::now();
            engine
                .send(QUEUE, SendEntry::new("wake up"))
                .expect("the queue exists");
            wakes.push(poll.await.expect("no panic") - sent);
        }
        wakes
    });
    wakes.sort_unstable();
    println!(
        "long poll wakes after {:.1?} (median), {:.1?} (p99)",
        wakes[POLLS / 2],
        wakes[POLLS * 99 / 100]
    );
}

/// Memory of this process.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1_024)
}

fn run<S: OrderStore + Clone + 'static>(name: &str, store: S) {
    runtime().block_on(async {
        let engine = engine();
        let sending = Stopwatch::start();
        send_orders(&engine, ORDERS);
        sending.print(name, "send to the queue");
        let processing = Stopwatch::start();
        let mapping = EventSourceMapping::new(
            EngineQueue::new(engine.clone(), QUEUE),
            MappingPlan {
                source: EventSource {
                    arn: format!("arn:aws:sqs:us-east-1:000000000000:{QUEUE}"),
                    region: "us-east-1".into(),
                },
                mapping: &Mapping::default(),
                function: &FunctionSettings {
                    timeout: Duration::from_secs(10),
                    ..FunctionSettings::default()
                },
                seed: 2026,
                speed: 1.0,
            },
            Arc::new(Counters::default()),
            move |event| {
                let store = store.clone();
                async move { Ok::<_, String>(process(event, &store).await) }
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

/// Sends so many orders in batches of ten; the bytes of their bodies.
fn send_orders(engine: &SqsEngine, orders: u64) -> u64 {
    let mut bytes = 0;
    let plan = OrderPlan::lab(RunId::new(7).expect("within range"), 2026, 0.0);
    for first in (0..orders).step_by(10) {
        let entries = (first..first + 10).map(|k| {
            let mut body = Vec::new();
            plan.write_body(k, &mut body);
            bytes += body.len() as u64;
            SendEntry::new(String::from_utf8(body).expect("orders are text"))
        });
        engine
            .send_all(QUEUE, entries.collect())
            .expect("the queue exists");
    }
    bytes
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
