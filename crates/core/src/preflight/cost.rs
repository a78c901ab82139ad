//! What a run costs and how long it takes, at most about.
//!
//! Where it cannot be known (how full the batches are that Lambda takes, how long an invocation runs) the dearer
//! case is taken, so that a ceiling holds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::facts::{CapacityFacts, Facts, Known, TableFacts};
use super::footprint::InTable;
use super::load::Load;
use super::prices::*;
use super::traps::embedded_facts;
use crate::order::Door;
use crate::scenario::{AwsTarget, ProcessorPlace, Scenario};

/// What an invocation is taken to last when nobody knows.
const INVOCATION: Duration = Duration::from_millis(100);
/// Log lines of one invocation: START, END and REPORT, bytes.
const LOG_BYTES: f64 = 400.0;
/// Pollers of a mapping, each of which asks three times a minute when there is nothing.
const POLLERS: f64 = 5.0;
/// What a strongly consistent read unit reads, bytes.
const READ_UNIT_BYTES: f64 = 4_096.0;
/// What a write unit writes, bytes.
const WRITE_UNIT_BYTES: f64 = 1_024.0;
/// What is charged as one request to SQS, bytes.
const REQUEST_BYTES: f64 = 65_536.0;
/// How long counts lag, and must stay empty at least.
const COUNTS_LAG: Duration = Duration::from_secs(60);
/// Dead letters received in a second, carefully.
const SWEPT_PER_SECOND: f64 = 200.0;
/// Rows that the look before the first send reads of a table before it goes by key: so many at least, and so many for each
/// order.
const BEFORE_ROWS_MIN: f64 = 40_000.0;
const BEFORE_ROWS_EACH: f64 = 4.0;
/// How often a row that is missing is looked for: once, and once more before its order is called lost.
const LOOKS: f64 = 2.0;
/// Metrics asked for after a run.
const METRICS: f64 = 10.0;

/// One line of an estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CostLine {
    /// For what.
    pub what: String,
    /// How many.
    pub count: f64,
    /// US dollars.
    pub usd: f64,
}

/// What a run costs and how long it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Orders sent.
    pub orders: u64,
    /// For what the dollars are.
    pub lines: Vec<CostLine>,
    /// US dollars in all.
    pub usd: f64,
    /// What there is to say of single tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Sending.
    pub sending: Duration,
    /// Until everything has come to rest, after the last send.
    pub settling: Duration,
    /// Reading table and dead letters.
    pub reading: Duration,
}

impl Estimate {
    /// How long it takes in all.
    pub fn duration(&self) -> Duration {
        self.sending + self.settling + self.reading
    }
}

/// What a function does, where that is known: in place of the dearer case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Invocations, failed ones included.
    pub invocations: u64,
    /// What they last in all.
    pub busy: Duration,
}

/// What running `scenario` at `target` costs and takes.
pub fn estimate(scenario: &Scenario, target: &AwsTarget, facts: &Facts) -> Estimate {
    estimate_of(scenario, target, facts, None)
}

/// What running the embedded pipeline's `scenario` would cost on AWS, with what its function does.
pub fn estimate_worked(scenario: &Scenario, work: Work) -> Estimate {
    let target = AwsTarget::default();
    let facts = embedded_facts(scenario, &target);
    estimate_of(scenario, &target, &facts, Some(work))
}

fn estimate_of(
    scenario: &Scenario,
    target: &AwsTarget,
    facts: &Facts,
    work: Option<Work>,
) -> Estimate {
    let load = Load::of(scenario);
    let settling = settling(scenario, facts, &load);
    let tables: Vec<TableReads<'_>> = tables(scenario, facts, &load);
    let read_units: f64 = tables.iter().map(TableReads::units).sum();
    let queues = std::iter::once(&facts.dead_letter_queue).chain(facts.letter_queues.values());
    let there = queues.filter_map(|queue| queue.get().map(|queue| queue.messages as f64));
    let letters =
        load.bad as f64 + load.orders as f64 * load.footprint.letters + there.sum::<f64>();
    let reading = Duration::from_secs_f64(
        (read_units / f64::from(target.read_units)).max(1.0) + letters / SWEPT_PER_SECOND + 5.0,
    );
    let took = load.duration + settling + reading;
    let mut lines = Vec::new();
    let mut line = |what: &str, count: f64, each: f64| {
        lines.push(CostLine {
            what: what.into(),
            count,
            usd: count * each,
        });
    };
    match &scenario.sending.to {
        Door::Sns(_) => line("SNS messages", load.orders as f64, SNS_PUBLISH),
        Door::Eventbridge(_) => line("EventBridge events", load.orders as f64, EVENT),
        Door::Sqs | Door::Http(_) => {}
    }
    let receives = receives(scenario, facts, &load);
    let work = work.unwrap_or(Work {
        invocations: receives.ceil() as u64,
        busy: INVOCATION.mul_f64(receives),
    });
    queue_lines(scenario, &load, took, letters, work, &mut line);
    if target.processor == ProcessorPlace::Lambda {
        function_lines(facts, work, &mut line);
    }
    table_lines(&tables, took, &mut line);
    line(
        "CloudWatch metrics",
        METRICS * (took.as_secs_f64() / 60.0 / 1_440.0).ceil(),
        CLOUDWATCH_METRIC,
    );
    Estimate {
        orders: load.orders,
        usd: lines.iter().map(|line| line.usd).sum(),
        lines,
        notes: tables.iter().filter_map(TableReads::note).collect(),
        sending: load.duration,
        settling,
        reading,
    }
}

/// A table, and what writing and reading it takes in units.
struct TableReads<'a> {
    /// What the scenario calls it.
    called: &'a str,
    /// There are others.
    is_one_of_several: bool,
    facts: Option<&'a TableFacts>,
    in_table: InTable,
    /// For rows that are there before orders are sent.
    writes_before: f64,
    /// For rows that the function writes.
    writes: f64,
    /// The look before the first send, and the scan.
    verification: f64,
    /// Looking for rows that the scan did not show, if all were missing: by key, and where keys are the consumer's own by further
    /// scans.
    missing: f64,
}

impl TableReads<'_> {
    /// What is read of it, by which the time is estimated: look-ups are few unless orders are lost.
    fn units(&self) -> f64 {
        match self.in_table.is_made_up {
            true => self.verification + self.missing,
            false => self.verification,
        }
    }

    fn note(&self) -> Option<String> {
        let called = self.called;
        if self.in_table.is_made_up {
            return Some(format!(
                "{called}: only the consumer knows the keys of its rows, so missing ones are looked for by two more scans"
            ));
        }
        self.in_table.is_assumed.then(|| {
            format!(
                "{called}: no end says what is written there, so a write for each order is counted"
            )
        })
    }
}

/// What each table takes: its scan, the look before the first send (the table, or the rows by their keys if that costs
/// less and keys tell runs apart), and the looks for rows that are missing.
fn tables<'a>(scenario: &'a Scenario, facts: &'a Facts, load: &Load) -> Vec<TableReads<'a>> {
    let further = facts.further_tables.iter();
    let further = further.map(|(called, table)| (called.as_str(), table));
    let all = std::iter::once((scenario.order.main_table(), &facts.table)).chain(further);
    let orders = load.orders as f64;
    let reads = |(called, table): (&'a str, &'a Known<TableFacts>)| {
        let table = table.get();
        let in_table = load.footprint.in_table(called);
        // A row that was there before is written over.
        let rows = orders * in_table.before.max(in_table.most);
        let unit = (in_table.row_bytes / WRITE_UNIT_BYTES).ceil();
        let there = table.map_or(0, |table| table.bytes) as f64;
        let items = table.map_or(0, |table| table.items) as f64;
        let scan = ((there + rows * in_table.row_bytes) / READ_UNIT_BYTES).ceil();
        let before = (there / READ_UNIT_BYTES).ceil();
        let scanned = BEFORE_ROWS_MIN.max(BEFORE_ROWS_EACH * orders);
        let by_key = scanned * there / items.max(1.0) / READ_UNIT_BYTES + rows;
        let looked_up = (in_table.row_bytes / READ_UNIT_BYTES).ceil() * rows;
        TableReads {
            called,
            is_one_of_several: !facts.further_tables.is_empty(),
            facts: table,
            in_table,
            writes_before: orders * in_table.before * unit,
            writes: orders * in_table.most * unit,
            verification: scan
                + match in_table.is_read_whole {
                    true => before,
                    false => before.min(by_key),
                },
            missing: match (in_table.is_assumed, in_table.is_made_up) {
                (true, _) => 0.0,
                (false, true) => LOOKS * scan,
                (false, false) => LOOKS * looked_up,
            },
        }
    };
    all.map(reads).collect()
}

/// How often a message is handed out: good ones once, bad ones until they move.
fn receives(scenario: &Scenario, facts: &Facts, load: &Load) -> f64 {
    let count = facts
        .orders_queue
        .get()
        .and_then(|queue| queue.redrive.as_ref())
        .map_or(scenario.pipeline.max_receive_count, |redrive| {
            redrive.max_receive_count
        });
    load.orders as f64 + load.bad as f64 * f64::from(count.saturating_sub(1))
}

fn queue_lines(
    scenario: &Scenario,
    load: &Load,
    took: Duration,
    letters: f64,
    work: Work,
    line: &mut impl FnMut(&str, f64, f64),
) {
    let orders = load.orders as f64;
    let batch = f64::from(scenario.sending.batch);
    let requests = (batch * load.footprint.message_bytes / REQUEST_BYTES).ceil();
    let sends = (orders / batch).ceil() * requests.max(1.0);
    line("SQS sends", sends, SQS_REQUEST);
    // A batch is received by at least one request.
    let receives = work.invocations as f64;
    let idle = took.as_secs_f64() / 20.0 * POLLERS;
    line("SQS receives", receives + idle, SQS_REQUEST);
    line("SQS deletes", orders, SQS_REQUEST);
    // Orders queue and dead-letter queue are counted once a second while sending, every five seconds afterwards; letters are
    // received and shown again, or deleted, ten at a time in the best case, one in the worst.
    let counts = took.as_secs_f64() * 2.0;
    line(
        "SQS counts and dead-letter sweep",
        counts + letters * 2.0 + 20.0,
        SQS_REQUEST,
    );
}

fn function_lines(facts: &Facts, work: Work, line: &mut impl FnMut(&str, f64, f64)) {
    let invocations = work.invocations as f64;
    line("Lambda invocations", invocations, LAMBDA_INVOCATION);
    let function = facts.function.get();
    let memory_gb = function.map_or(128.0, |function| f64::from(function.memory_mb)) / 1_024.0;
    let gb_second = match function.is_some_and(|function| function.arm) {
        true => LAMBDA_GB_SECOND_ARM,
        false => LAMBDA_GB_SECOND_X86,
    };
    let gb_seconds = work.busy.as_secs_f64() * memory_gb;
    line("Lambda GB-seconds", gb_seconds, gb_second);
    line("GB of logs", invocations * LOG_BYTES / 1e9, LOGS_GB);
}

fn table_lines(tables: &[TableReads<'_>], took: Duration, line: &mut impl FnMut(&str, f64, f64)) {
    let hours = took.as_secs_f64() / 3_600.0;
    for table in tables {
        let of = |what: &str| match table.is_one_of_several {
            true => format!("{what}, {}", table.called),
            false => what.to_owned(),
        };
        if let Some(CapacityFacts::Provisioned {
            write_units,
            read_units,
        }) = table.facts.map(|table| table.capacity)
        {
            let (writes, reads) = (write_units as f64 * hours, read_units as f64 * hours);
            line(&of("DynamoDB WCU-hours"), writes, TABLE_WRITE_HOUR);
            line(&of("DynamoDB RCU-hours"), reads, TABLE_READ_HOUR);
            continue;
        }
        if table.writes_before > 0.0 {
            let before = of("DynamoDB writes (rows before)");
            line(&before, table.writes_before, TABLE_WRITE);
        }
        // A write that is refused because the row is there costs as much as one that is not.
        line(&of("DynamoDB writes"), table.writes, TABLE_WRITE);
        let verification = of("DynamoDB reads (verification)");
        line(&verification, table.verification, TABLE_READ);
        if table.missing > 0.0 {
            let missing = of("DynamoDB reads (missing rows)");
            line(&missing, table.missing, TABLE_READ);
        }
    }
}

/// From the last send to the proof of rest: bad orders go through all of their receives, and counts that
/// lag must stay empty.
fn settling(scenario: &Scenario, facts: &Facts, load: &Load) -> Duration {
    let queue = facts.orders_queue.get();
    let visibility = queue.map_or(scenario.pipeline.visibility_timeout, |queue| {
        queue.visibility_timeout
    });
    let count = queue
        .and_then(|queue| queue.redrive.as_ref())
        .map_or(scenario.pipeline.max_receive_count, |redrive| {
            redrive.max_receive_count
        });
    let retried = match load.bad {
        0 => Duration::ZERO,
        _ => visibility * count,
    };
    retried.max(COUNTS_LAG) + COUNTS_LAG.max(visibility)
}
