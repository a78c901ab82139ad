//! How many orders a second one thread of the stub answers: `cargo bench --bench stub`.
//!
//! A client on raw sockets, whose requests are written before, sends a million orders in batches of 10 and 200,000 one by
//! one, some requests at a time on each connection. CPU time is that of the stub: of the process without the client's
//! thread. Exits with 1 when an order is not acknowledged, or is not kept.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use orderproof::drive::{process_cpu_time, thread_cpu_time};
use orderproof::embedded::{EmbeddedPipeline, ServeOptions};
use orderproof::order::{OrderPlan, RunId};
use orderproof::scenario::{Overrides, parse};
use orderproof::stub::{Chances, Names, Stub, StubOptions};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a request carries beside its body.
const HEAD: &str = "host: localhost\r\ncontent-type: application/x-amz-json-1.0\r\n\
    x-amz-date: 20261130T120000Z\r\nauthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261130/us-east-1/sqs/aws4_request, \
    SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
    Signature=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n";

/// How a load is sent.
#[derive(Clone, Copy)]
struct Load {
    orders: u64,
    batch: u64,
    connections: usize,
    /// Requests at a time on each connection.
    depth: usize,
}

fn main() -> ExitCode {
    let text = "name = \"stub\"\nquestion = \"How fast is the stub?\"\nseed = 2026\nbad_orders = \"1%\"\n\
                [[phase]]\nname = \"baseline\"\nrate = \"1/s\"\nduration = \"1s\"\n";
    let scenario = parse("stub", text, &Overrides::default());
    let scenario = scenario.unwrap_or_else(|errors| panic!("{errors}"));
    let plan = OrderPlan::lab(RunId::new(1).expect("a run id"), 2026, scenario.bad_share);
    let behind = ServeOptions {
        runs_function: false,
        ..ServeOptions::default()
    };
    let behind = EmbeddedPipeline::start_with(&scenario, plan.clone(), 1, &behind);
    let behind = behind.unwrap_or_else(|error| panic!("{error}"));
    let endpoint = behind.target().sqs_endpoint;
    let options = StubOptions {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        behind: endpoint["http://".len()..].parse().expect("an address"),
        names: Names {
            orders_queue: scenario.pipeline.orders_queue.clone(),
            dead_letter_queue: scenario.pipeline.dead_letter_queue.clone(),
            dead_letter_visibility: Duration::from_secs(30),
            table: scenario.order.main_table().to_owned(),
        },
        chances: Chances::default(),
        threads: 1,
        connections_max: 64,
        kept_bytes_max: 1 << 30,
    };
    let stub = Stub::start(plan.clone(), options).expect("a loopback port");
    println!(
        "one thread of the stub: wall, CPU of the stub per 1,000 orders, orders a second of that CPU time"
    );
    let mut sound = true;
    for (run, load) in [
        (2, load(1_000_000, 10, 4, 1)),
        (3, load(1_000_000, 10, 4, 4)),
        (4, load(1_000_000, 10, 8, 8)),
        (5, load(200_000, 1, 4, 1)),
        (6, load(200_000, 1, 4, 4)),
    ] {
        let plan = OrderPlan {
            run: RunId::new(run).expect("a run id"),
            ..plan.clone()
        };
        let requests = requests(&plan, load);
        let (wall, cpu, client) = (Instant::now(), process(), thread_cpu_time());
        let acknowledged = send(stub.address(), &requests, load);
        let (wall, client) = (wall.elapsed(), thread_cpu_time() - client);
        let cpu = (process() - cpu).saturating_sub(client).as_secs_f64();
        let figures = stub.figures();
        let kept = figures.runs.iter().find(|seen| seen.run_id == plan.run);
        let kept = kept.map_or(0, |seen| seen.distinct);
        println!(
            "  batch of {:>2}, {} connections, {} requests at a time: {:>7.0} orders/s, {:>5.2} ms, {:>7.0}",
            load.batch,
            load.connections,
            load.depth,
            load.orders as f64 / wall.as_secs_f64(),
            cpu * 1e6 / load.orders as f64,
            load.orders as f64 / cpu,
        );
        sound &= acknowledged == load.orders && kept == load.orders;
    }
    println!("{}", if sound { "ok" } else { "FAILED" });
    match sound {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn load(orders: u64, batch: u64, connections: usize, depth: usize) -> Load {
    Load {
        orders,
        batch,
        connections,
        depth,
    }
}

fn process() -> Duration {
    process_cpu_time().unwrap_or_default()
}

/// Every request of the load, as it goes over the wire.
fn requests(plan: &OrderPlan, load: Load) -> Vec<Vec<u8>> {
    let text = |k: u64| {
        let mut body = Vec::new();
        plan.write_body(k, &mut body);
        let body = String::from_utf8(body).expect("JSON is UTF-8");
        serde_json::to_string(&body).expect("a text")
    };
    let url = "\"QueueUrl\":\"http://localhost/000000000000/orders-queue\"";
    let request = |first: u64| {
        let (operation, body) = match load.batch {
            1 => ("SendMessage", format!("\"MessageBody\":{}", text(first))),
            batch => {
                let entry = |index| {
                    format!(
                        "{{\"Id\":\"{index}\",\"MessageBody\":{}}}",
                        text(first + index)
                    )
                };
                let entries: Vec<_> = (0..batch).map(entry).collect();
                (
                    "SendMessageBatch",
                    format!("\"Entries\":[{}]", entries.join(",")),
                )
            }
        };
        let body = format!("{{{url},{body}}}");
        let length = body.len();
        format!(
            "POST / HTTP/1.1\r\n{HEAD}x-amz-target: AmazonSQS.{operation}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    };
    (0..load.orders)
        .step_by(load.batch as usize)
        .map(request)
        .collect()
}

/// Sends them all, so many at a time on each connection, and counts the messages that were acknowledged.
fn send(address: SocketAddr, requests: &[Vec<u8>], load: Load) -> u64 {
    let connect = |_| {
        let line = TcpStream::connect(address).expect("it listens");
        line.set_nodelay(true).expect("a socket");
        line
    };
    let mut lines: Vec<TcpStream> = (0..load.connections).map(connect).collect();
    let (mut acknowledged, mut out, mut replies) = (0, Vec::new(), Vec::new());
    for round in requests.chunks(load.connections * load.depth) {
        let parts: Vec<_> = round.chunks(load.depth).collect();
        for (line, part) in lines.iter_mut().zip(&parts) {
            out.clear();
            part.iter()
                .for_each(|request| out.extend_from_slice(request));
            line.write_all(&out).expect("it reads");
        }
        for (line, part) in lines.iter_mut().zip(&parts) {
            replies.clear();
            read(line, part.len(), &mut replies);
            acknowledged += count(&replies, b"\"MD5OfMessageBody\"");
        }
    }
    acknowledged
}

/// Reads so many replies.
fn read(line: &mut TcpStream, wanted: usize, replies: &mut Vec<u8>) {
    let mut piece = [0; 64 << 10];
    while count(replies, b"HTTP/1.1 200") < wanted as u64 || !replies.ends_with(b"}") {
        let read = line.read(&mut piece).expect("it answers");
        assert!(read > 0, "the connection ended");
        replies.extend_from_slice(&piece[..read]);
    }
}

fn count(bytes: &[u8], part: &[u8]) -> u64 {
    let found = bytes.windows(part.len()).filter(|window| *window == part);
    found.count() as u64
}
