//! What an order costs: `cargo bench -p orderproof-core --bench orders [-- ORDERS]`.
//!
//! CPU time of writing a message's body, in turns: as version 0.3.0 wrote the lab's by hand (copied below), the lab's order of today,
//! and an order of one's own of 500 bytes with six fields, a UUID and two rows. Then the memory of ledger and collector for
//! 10,000,000 orders, or as many as are asked for, each figure in a process of its own: with one row each, with the instant
//! in it at which it was stored, with three rows, and with one in ten known by its message id. Takes some minutes; Linux
//! only, for it reads `/proc`.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use orderproof_core::ledger::{Ledger, MessageId, Outcome};
use orderproof_core::order::{OrderPlan, RunId, Stream, generator, unit_interval};
use orderproof_core::records::{Item, Value};
use orderproof_core::scenario::{Overrides, Scenario, parse};
use orderproof_core::verify::Collector;
use rand_xoshiro::rand_core::Rng;

const ROUNDS: usize = 15;
const ORDERS_A_ROUND: u64 = 400_000;
const ORDERS: u64 = 10_000_000;

/// What every scenario here begins with; `@` is the length of its phase in seconds.
const HEAD: &str = r#"
name = "orders"
question = "What does an order cost?"
seed = 2026
arrivals = "poisson"
bad_orders = "10%"
[[phase]]
name = "spike"
rate = "10000/s"
duration = "@s"
[processor]
command = ["./bootstrap"]
"#;

/// 500 bytes, six fields, a UUID, two rows.
const OWN: &str = include_str!("own.toml");

/// What is held: how many rows each order has, whether they say when they were stored, whether one in ten is known by its
/// message id.
const HELD: [(&str, usize, bool, bool); 4] = [
    ("one row each", 1, false, false),
    ("one row each, and when it was stored", 1, true, false),
    ("three rows each", 3, false, false),
    ("one row each, 10% by message id", 1, false, true),
];

const TABLES: [&str; 3] = ["a", "b", "c"];

/// A UUID and as many rows as there are tables; one in ten is cut short, and known by its message id alone.
fn rows_of(tables: &[&str], timed: bool) -> String {
    let when = if timed { "stored_at = \"ts us\"\n" } else { "" };
    let rows = tables.iter().map(|table| {
        format!(
            "[[ends.stored.rows]]\ntable = \"{table}\"\nkey = {{ id = \"{{{{id}}}}\" }}\n{when}"
        )
    });
    let order = "[order]\nid = \"uuid\"\nbody = '{\"id\": \"{{id}}\"}'\n[[bad]]\nname = \"cut\"\ncut = \"50%\"\n";
    order.to_owned() + &rows.collect::<String>()
}

fn scenario(orders: &str, planned: u64) -> Scenario {
    let head = HEAD.replace('@', &planned.div_ceil(10_000).to_string());
    parse("bench", &format!("{head}{orders}"), &Overrides::default())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn plan(scenario: &Scenario, bad_share: f64) -> OrderPlan {
    OrderPlan {
        model: scenario
            .model()
            .unwrap_or_else(|problems| panic!("{problems:?}")),
        ..OrderPlan::lab(RunId::new(7).expect("a run id"), 2026, bad_share)
    }
}

/// The argument before a number of orders and a place in [`HELD`]: what a process of its own is asked for.
const ONE: &str = "--held";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<u64> = arguments
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    let orders = numbers.first().copied().unwrap_or(ORDERS);
    if arguments.iter().any(|text| text == ONE) {
        let (_, rows, timed, named) = HELD[numbers[1] as usize];
        println!("{}", held(orders, &TABLES[..rows], timed, named));
        return;
    }
    bodies();
    memory(orders);
}

/// Prints what writing a body takes, and how the three compare round by round.
fn bodies() {
    let lab = OrderPlan::lab(RunId::new(7).expect("a run id"), 2026, 0.1);
    let own = plan(&scenario(OWN, 10_000), 0.1);
    let (mut by_hand, mut today) = (Vec::new(), Vec::new());
    for k in 0..10_000 {
        by_hand.clear();
        today.clear();
        write_as_in_0_3_0(&lab, k, &mut by_hand);
        lab.write_body(k, &mut today);
        assert_eq!(by_hand, today, "the lab's bytes are what they were");
    }
    let mut rounds: Vec<[f64; 3]> = Vec::new();
    let mut out = Vec::new();
    for round in 0..ROUNDS as u64 {
        let of = round * ORDERS_A_ROUND..(round + 1) * ORDERS_A_ROUND;
        let mut cost = |write: &dyn Fn(u64, &mut Vec<u8>)| {
            let before = cpu_ns();
            for k in of.clone() {
                out.clear();
                write(k, &mut out);
                black_box(&out);
            }
            (cpu_ns() - before) as f64 / ORDERS_A_ROUND as f64
        };
        rounds.push([
            cost(&|k, out| write_as_in_0_3_0(&lab, k, out)),
            cost(&|k, out| lab.write_body(k, out)),
            cost(&|k, out| own.write_body(k, out)),
        ]);
    }
    let mean_bytes = {
        let mut all = Vec::new();
        (0..1_000).for_each(|k| own.write_body(k, &mut all));
        all.len() / 1_000
    };
    let ns = |index: usize| median(rounds.iter().map(|round| round[index]));
    let ratio =
        |one: usize, other: usize| median(rounds.iter().map(|round| round[one] / round[other]));
    println!("CPU of a message's body, medians of {ROUNDS} rounds of {ORDERS_A_ROUND} in turns:");
    println!("  the lab's, by hand as in 0.3.0   {:>6.0} ns", ns(0));
    println!(
        "  the lab's, today                 {:>6.0} ns, {:.2} times that",
        ns(1),
        ratio(1, 0)
    );
    println!(
        "  own, {mean_bytes} bytes, six fields, uuid {:>6.0} ns, {:.2} times the lab's of today",
        ns(2),
        ratio(2, 1)
    );
}

/// The body of the lab's order as version 0.3.0 wrote it.
fn write_as_in_0_3_0(plan: &OrderPlan, k: u64, out: &mut Vec<u8>) {
    const ARTICLES: [&str; 5] = ["zMobile", "zTablet", "zTV", "zWatch", "zPen"];
    let mut rng = generator(plan.seed, Stream::Content, k);
    let bad = unit_interval(rng.next_u64()) < plan.bad_share;
    let dollars = 110.0 + 5.0 * f64::from(rng.next_u32() % 9);
    let items = 1 + (rng.next_u32() % 5) as u8;
    let article = ARTICLES[rng.next_u32() as usize % ARTICLES.len()];
    out.extend_from_slice(br#"{"order_number": "#);
    out.extend_from_slice(itoa::Buffer::new().format(plan.run.number(k)).as_bytes());
    out.extend_from_slice(br#", "num_items": "#);
    out.extend_from_slice(itoa::Buffer::new().format(items).as_bytes());
    out.extend_from_slice(br#", "price_per_item": "#);
    match bad {
        true => out.extend_from_slice(br#""err""#),
        false => out.extend_from_slice(ryu::Buffer::new().format(dollars).as_bytes()),
    }
    out.extend_from_slice(br#", "item_description": ""#);
    out.extend_from_slice(article.as_bytes());
    out.extend_from_slice(br#""}"#);
}

/// Prints what ledger and collector hold when every order was seen.
fn memory(orders: u64) {
    println!(
        "resident memory of ledger and collector, {orders} orders with UUIDs, bytes an order:"
    );
    let bytes: Vec<u64> = (0..HELD.len())
        .map(|which| held_elsewhere(orders, which))
        .collect();
    let per_order = |bytes: u64| bytes as f64 / orders as f64;
    for ((what, ..), bytes) in HELD.iter().zip(&bytes) {
        println!("  {what:<38} {:>6.2}", per_order(*bytes));
    }
    let further = (per_order(bytes[2]) - per_order(bytes[0])) / 2.0;
    println!("  each further row                       {further:>6.2}");
    let ids = bytes[3].saturating_sub(bytes[0]) as f64 / 1e6;
    println!("  the message ids of 10%, in all         {ids:>6.1} MB");
}

/// The same in a process of its own, so that nothing freed before is used again.
fn held_elsewhere(orders: u64, which: usize) -> u64 {
    let program = std::env::current_exe().expect("this program");
    let output = std::process::Command::new(program)
        .args([ONE, &orders.to_string(), &which.to_string()])
        .output()
        .expect("this program runs");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().expect("a number of bytes")
}

/// Bytes by which resident memory has grown once each order's rows were handed over, in no order, as a scan does.
fn held(orders: u64, tables: &[&'static str], timed: bool, named: bool) -> u64 {
    let scenario = scenario(&rows_of(tables, timed), orders);
    let plan = plan(&scenario, if named { 0.1 } else { 0.0 });
    let schedule = scenario.schedule();
    let start = Duration::from_secs(1);
    let before = resident_bytes();
    let mut ledger = Ledger::new(schedule.count());
    ledger.record(Outcome::Acknowledged, 0..orders);
    for k in (0..orders).filter(|&k| plan.keeps_message_id(k)) {
        let id = format!(
            "5fea7756-0ea4-451a-a703-{:012x}",
            generator(1, Stream::Content, k).next_u64() >> 16
        );
        ledger.name(k, MessageId::parse(&id).expect("an id"));
    }
    ledger.index();
    ledger.compact();
    let mut collector = Collector::new(plan.clone(), &schedule, SystemTime::UNIX_EPOCH + start, 1);
    collector.messages(&ledger);
    // A prime, so that each order comes once.
    let shuffled = (0..orders).map(|place| place * 7_368_787 % orders);
    for k in shuffled.filter(|&k| !plan.is_bad(k)) {
        let mut row = Item::from([("id".to_owned(), Value::S(plan.id(k).to_string()))]);
        if timed {
            let due = Duration::from_micros(100 * k);
            row.insert(
                "ts".to_owned(),
                Value::N((start + due + took(k)).as_micros().to_string()),
            );
        }
        tables.iter().for_each(|table| collector.row(table, &row));
    }
    let grown = resident_bytes().saturating_sub(before);
    assert_eq!(
        collector.stored_orders(),
        orders - (0..orders).filter(|&k| plan.is_bad(k)).count() as u64
    );
    drop((collector, ledger));
    grown
}

/// From 20 ms to 1.3 s, each doubling as likely as the next: far apart for one second of a run.
fn took(k: u64) -> Duration {
    let doublings = 6.0 * unit_interval(generator(2, Stream::Content, k).next_u64());
    Duration::from_secs_f64(0.02 * doublings.exp2())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// CPU time of this thread, nanoseconds.
fn cpu_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let first = stat.split_whitespace().next();
    first.and_then(|text| text.parse().ok()).expect("a number")
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: Option<u64> = statm
        .split_whitespace()
        .nth(1)
        .and_then(|text| text.parse().ok());
    pages.expect("a number") * 4_096
}
