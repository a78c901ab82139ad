//! What every reader of something from outside must survive: each entry takes any bytes and must not panic.
//! The fuzz targets call these, and so does the ordinary test that replays the committed corpora.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use orderproof::emulator::sqs::{
    QueueAttributes, Redrive, SendEntry, Site, SqsEngine, answer_request,
};
use orderproof::gate::{GateInput, conclude, scenario_rules};
use orderproof::ledger::{Ledger, Outcome, read_lines};
use orderproof::order::{OrderPlan, RunId};
use orderproof::processor::{
    IncomingOrder, OrderRow, OrderStore, PutOutcome, WriteError, attribute, process,
    process_like_the_lab,
};
use orderproof::records::{DeadLetter, Item, Value};
use orderproof::report::{
    TextStyle, gate_text, open_metrics, render_junit, render_markdown, render_text, timeseries_csv,
};
use orderproof::results::{parse_meters, parse_plan, parse_report, parse_sent};
use orderproof::scenario::{Overrides, parse, parse_with_proof};
use orderproof::verify::{
    Belongs, Collector, Observation, ObservationFile, contradictions, reconcile,
};
use roaring::RoaringBitmap;

/// A scenario file: parsed or refused with violations; what is parsed can be scheduled.
pub fn scenario(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match parse_with_proof("fuzz.toml", text, &Overrides::default()) {
        Ok((scenario, _)) => {
            let schedule = scenario.schedule();
            let mut before = Duration::ZERO;
            for (_, due) in schedule.iter_from(0).take(3_000) {
                assert!(due >= before, "arrivals ascend");
                before = due;
            }
            assert_eq!(
                parse("fuzz.toml", text, &Overrides::default()),
                Ok(scenario)
            );
        }
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
}

/// A journal: read or refused; what is read adds up. Once as it is, and once with each line's checksum put
/// right: otherwise nearly every line would be refused before it is understood.
pub fn journal(data: &[u8]) {
    read_journal(data);
    let mut right = Vec::with_capacity(data.len());
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        let json = line.get(9..).unwrap_or_default();
        let text = json.strip_suffix(b"\n").unwrap_or(json);
        right.extend_from_slice(format!("{:08x} ", crc32fast::hash(text)).as_bytes());
        right.extend_from_slice(json);
    }
    read_journal(&right);
}

fn read_journal(data: &[u8]) {
    match read_lines(data, Path::new("fuzz.journal")) {
        Ok(contents) => {
            let counts = contents.ledger.counts();
            let sum = counts.acknowledged + counts.rejected + counts.indeterminate + counts.unsent;
            assert_eq!(sum, contents.header.planned);
            if contents.header.planned > 0 {
                let _: Outcome = contents.ledger.outcome(contents.header.planned - 1);
            }
        }
        Err(error) => assert!(error.to_string().contains("fuzz.journal")),
    }
}

/// `run.json` and `plan.json`: read or refused; what is read can be shown.
pub fn run_json(data: &[u8]) {
    let path = Path::new("fuzz.json");
    match parse_report(data, path) {
        Ok(report) => {
            let text = render_text(&report, path, &|_| true, TextStyle::default());
            assert!(!text.is_empty());
            assert!(!render_markdown(&report).is_empty());
            assert!(!timeseries_csv(&report).is_empty());
            assert!(!open_metrics(&report).is_empty());
            assert!(!render_junit(&report).is_empty());
            let input = GateInput {
                report: &report,
                rejudged: None,
                baseline: None,
            };
            let outcome = conclude(&input, &scenario_rules(&report.scenario, false));
            assert!(!gate_text(&outcome, TextStyle::default()).is_empty());
        }
        Err(error) => assert!(error.to_string().contains("fuzz.json")),
    }
    match parse_plan(data, path) {
        Ok(plan) => {
            let schedule = plan.scenario.schedule();
            let arrivals = schedule.iter_from(0).take(3_000).count() as u64;
            assert_eq!(arrivals, schedule.count().min(3_000));
        }
        Err(error) => assert!(error.to_string().contains("fuzz.json")),
    }
}

/// The other files of evidence, `observation.json`, `sent.json`, `meters.json`: read or refused; what is read is held
/// against a ledger.
pub fn evidence(data: &[u8]) {
    let path = Path::new("fuzz.json");
    match ObservationFile::parse(data, path) {
        Ok(file) => {
            let ledger = Ledger::new(700);
            let orders = OrderPlan::lab(file.run_id, 2026, 0.1);
            let _ = contradictions(&file, &ledger, &orders, Some(Duration::from_secs(6)));
            let counts = reconcile(
                &ledger,
                &Belongs::good_or_bad(700, RoaringBitmap::new()),
                &file.observation,
            )
            .counts();
            assert!(counts.values().sum::<u64>() >= 700);
        }
        Err(error) => assert!(error.to_string().contains("fuzz.json")),
    }
    for error in [parse_sent(data, path).err(), parse_meters(data, path).err()] {
        assert!(error.is_none_or(|error| error.to_string().contains("fuzz.json")));
    }
}

/// A request to the embedded SQS, its target in the first line: answered in JSON or refused.
pub fn sqs_request(data: &[u8]) {
    let (target, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[][..]),
    };
    let target = String::from_utf8_lossy(target);
    let engine = queues();
    let site = Site::local(([127, 0, 0, 1], 9324).into());
    let answer = paused().block_on(answer_request(&engine, &site, &target, body));
    if let Ok(reply) = answer {
        serde_json::from_slice::<serde_json::Value>(&reply).expect("a reply is JSON");
    }
}

/// The lab's queues, with one message in each.
fn queues() -> SqsEngine {
    let engine = SqsEngine::new();
    let redrive = Redrive {
        dead_letter_queue: "orders-dl-queue".into(),
        max_receive_count: 3,
    };
    for (name, redrive) in [("orders-dl-queue", None), ("orders-queue", Some(redrive))] {
        let attributes = QueueAttributes {
            redrive,
            ..QueueAttributes::default()
        };
        engine.create_queue(name, attributes).expect("a new queue");
        engine
            .send(name, SendEntry::new("hello"))
            .expect("a message");
    }
    engine
}

/// A runtime whose clock moves by itself when nothing else does: no long poll takes time.
fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// A message body: processed or refused, alone; seen by the verifier as a row and as a dead letter.
pub fn order_body(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    if let Ok(order) = IncomingOrder::parse(&text) {
        let details: serde_json::Value =
            serde_json::from_str(&order.details()).expect("details are JSON");
        assert_eq!(details.as_object().map(serde_json::Map::len), Some(3));
    }
    let neighbor = body_of(1);
    let store = Rows::default();
    let answer = paused().block_on(process(event(&[&text, &neighbor]), &store));
    let failed: Vec<_> = answer
        .batch_item_failures
        .iter()
        .map(|failure| failure.item_identifier.as_str())
        .collect();
    let own_number = IncomingOrder::parse(&text).map(|order| order.order_number);
    if own_number != Ok(plan().run.number(1)) {
        assert!(!failed.contains(&"m1"), "the neighbor is not harmed");
        assert!(store.has(plan().run.number(1)), "the neighbor is stored");
    }
    let _ = paused().block_on(process_like_the_lab(event(&[&text]), &Rows::default()));
    observe(&text);
}

/// The verifier's collector sees the text in both places, beside an order that is as planned.
fn observe(text: &str) {
    let scenario = parse("fuzz.toml", SCENARIO, &Overrides::default()).expect("a valid scenario");
    let schedule = scenario.schedule();
    let mut collector = Collector::new(plan(), &schedule, SystemTime::UNIX_EPOCH, 1);
    for body in [text, &body_of(1)] {
        collector.dead_letter(
            None,
            &DeadLetter {
                body: body.to_owned(),
                message_id: "m".into(),
            },
        );
    }
    for (k, details) in [(2, text.to_owned()), (3, details_of(3))] {
        let row = [
            (attribute::ID, Value::N(plan().id(k).to_string())),
            (attribute::ORDER_DETAILS, Value::S(details)),
            (attribute::STORED_AT, Value::N("1".into())),
            (attribute::RECEIVE_COUNT, Value::N("1".into())),
        ];
        let row = row.map(|(name, value)| (name.to_owned(), value));
        collector.row("orders", &Item::from(row));
    }
    let seen = collector.observation(Observation::default());
    assert!(!seen.altered.contains(3), "a planned row is as planned");
}

const SCENARIO: &str = "name = \"fuzz\"\nquestion = \"?\"\n[[phase]]\nname = \"baseline\"\nrate = \"10/s\"\nduration = \"1s\"\n";

fn plan() -> OrderPlan {
    OrderPlan::lab(RunId::new(7).expect("in range"), 1, 0.0)
}

fn body_of(k: u64) -> String {
    let mut body = Vec::new();
    plan().write_body(k, &mut body);
    String::from_utf8(body).expect("JSON text")
}

fn details_of(k: u64) -> String {
    let body = body_of(k);
    let (_number, fields) = body.split_once(", ").expect("several fields");
    format!("{{{fields}")
}

fn event(bodies: &[&str]) -> SqsEvent {
    let mut event = SqsEvent::default();
    for (position, body) in bodies.iter().enumerate() {
        let mut record = SqsMessage::default();
        record.message_id = Some(format!("m{position}"));
        record.body = Some((*body).to_owned());
        event.records.push(record);
    }
    event
}

/// Rows in memory.
#[derive(Default)]
struct Rows(Mutex<Vec<OrderRow>>);

impl Rows {
    fn has(&self, id: u64) -> bool {
        self.0
            .lock()
            .expect("no panic")
            .iter()
            .any(|row| row.id == id)
    }

    fn put(&self, row: &OrderRow) -> Result<PutOutcome, WriteError> {
        let mut rows = self.0.lock().expect("no panic");
        if let Some(there) = rows.iter().find(|there| there.id == row.id) {
            return Ok(PutOutcome::Exists {
                order_details: Some(there.order_details.clone()),
            });
        }
        rows.push(row.clone());
        Ok(PutOutcome::Stored)
    }
}

impl OrderStore for Rows {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        rows.iter().map(|row| self.put(row)).collect()
    }

    async fn replace(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
        self.put_new(rows).await
    }
}
