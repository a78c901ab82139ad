//! Rows whose keys the consumer made up: what a first scan left out, a second one finds.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

use crate::emulator::Emulator;
use crate::emulator::sqs::QueueAttributes;
use crate::emulator::table::{KeyKind, TableFaults, key};
use crate::ledger::{Ledger, Outcome};
use crate::observe::look::observe;
use crate::observe::{KeptPages, ObservePlan};
use crate::order::{OrderPlan, RunId};
use crate::records::{Item, Value};
use crate::scenario::{Overrides, Scenario, parse};
use crate::store::{RowWriter, Stores, TableAt, Target};
use crate::verdict::Class;
use crate::verify::{Belongs, Observation, Quiescence, reconcile};

const ORDERS: u64 = 10;
/// Its invoice is the one in question.
const K: u64 = 3;

const SHOP: &str = r#"
name = "shop"
question = "Is every invoice there?"
[[phase]]
name = "only"
rate = "10/s"
duration = "1s"
[order]
id = "WEB-{{run}}-{{n:09}}"
body = '{"order": "{{id}}"}'
[[ends.stored.rows]]
table = "orders"
key = { order = "{{id}}" }
[[ends.stored.rows]]
table = "invoices"
key = { number = "*" }
id_at = "order"
[processor]
command = ["true"]
"#;

/// Leaves these invoices out of so many scans each.
struct Stale {
    hidden: Mutex<BTreeSet<String>>,
    forever: bool,
}

impl TableFaults for Stale {
    fn strikes_scans(&self) -> bool {
        true
    }

    fn hides(&self, table: &str, item: &serde_json::Value) -> bool {
        let number = item["number"]["S"].as_str().unwrap_or_default();
        let mut hidden = self.hidden.lock().unwrap();
        table == "invoices"
            && match self.forever {
                true => hidden.contains(number),
                false => hidden.remove(number),
            }
    }
}

struct Shop {
    emulator: Emulator,
    scenario: Scenario,
    orders: OrderPlan,
}

impl Shop {
    fn start(stale: Stale) -> Self {
        let scenario = parse("shop.toml", SHOP, &Overrides::default()).unwrap();
        let model = scenario.model().unwrap();
        let emulator = Emulator::builder()
            .queue_with("orders", QueueAttributes::default())
            .queue_with("dead", QueueAttributes::default())
            .table("orders", key("order", KeyKind::S))
            .table("invoices", key("number", KeyKind::S))
            .table_faults(stale);
        Self {
            emulator: emulator.start().unwrap(),
            orders: OrderPlan {
                model,
                ..OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.0)
            },
            scenario,
        }
    }

    fn target(&self) -> Target {
        let site = self.emulator.site();
        let own = Credentials::new("test", "test", None, None, "test");
        let table = |(name, key): (&String, &crate::order::spec::Key)| TableAt {
            called: name.clone(),
            name: name.clone(),
            key: key.clone(),
        };
        Target {
            sqs_endpoint: site.base_url.clone(),
            dynamodb_endpoint: site.base_url.clone(),
            region: site.region.clone(),
            credentials: SharedCredentialsProvider::new(own),
            orders_queue_url: site.queue_url("orders"),
            dead_letter_queue_url: site.queue_url("dead"),
            tables: self.scenario.order.tables.iter().map(table).collect(),
            letter_queues: Vec::new(),
            door: crate::store::DoorAt::Queue,
            exact_counts: true,
            read: Default::default(),
        }
    }

    /// The rows of every order, a stranger's beside them, and no invoice of `without`.
    async fn fill(&self, without: Option<u64>) {
        let text = |text: String| Value::S(text);
        let mut rows: Vec<(String, Item)> = Vec::new();
        for k in 0..ORDERS {
            let id = format!("WEB-7-{k:09}");
            rows.push((
                "orders".into(),
                [("order".to_owned(), text(id.clone()))].into(),
            ));
            let number = ("number".to_owned(), text(format!("I-{k}")));
            let invoice = [number, ("order".to_owned(), text(id))];
            if without != Some(k) {
                rows.push(("invoices".into(), invoice.into()));
            }
        }
        let number = ("number".to_owned(), text("I-other".into()));
        let other = [number, ("order".to_owned(), text("another".into()))];
        rows.push(("invoices".into(), other.into()));
        for rows in rows.chunks(20) {
            let written = RowWriter::new(&self.target()).write(rows).await;
            assert!(written.iter().all(Result::is_ok), "{written:?}");
        }
    }

    async fn seen(&self) -> Observation {
        let schedule = self.scenario.schedule();
        let plan = ObservePlan {
            function: None,
            door: None,
            folder: None,
            kept: KeptPages::of_verifiers(SystemTime::now()),
            orders: self.orders.clone(),
            phases: 1,
            ledger: ledger(schedule.count()),
            schedule,
            start: Instant::now(),
            start_wall: SystemTime::now(),
            last_send: Duration::ZERO,
            patience: Duration::from_millis(300),
            visibility_timeout: Duration::from_millis(100),
            max_receive_count: 1,
            own_stores: false,
        };
        let rest = Quiescence {
            reached: true,
            empty_samples: 3,
            drain: None,
            evidence: "empty".into(),
            never_started: None,
        };
        let stores = Stores::new(&self.target());
        observe(&stores, &plan, rest, &Mutex::default()).await.0
    }
}

fn ledger(orders: u64) -> Ledger {
    let mut ledger = Ledger::new(orders);
    ledger.record(Outcome::Acknowledged, 0..orders);
    ledger
}

fn count(observation: &Observation, class: Class) -> u64 {
    let belongs = Belongs::good_or_bad(ORDERS, Default::default());
    reconcile(&ledger(ORDERS), &belongs, observation).count(class)
}

fn stale(invoices: &[u64], forever: bool) -> Stale {
    let hidden = invoices.iter().map(|k| format!("I-{k}")).collect();
    Stale {
        hidden: Mutex::new(hidden),
        forever,
    }
}

#[tokio::test]
async fn a_row_that_a_first_scan_left_out_is_found_by_the_second() {
    let shop = Shop::start(stale(&[K], false));
    shop.fill(None).await;
    let seen = shop.seen().await;
    assert!(seen.lookups.complete, "{seen:?}");
    assert_eq!(seen.stored.len(), ORDERS, "{seen:?}");
    assert!(seen.in_part.is_empty(), "{seen:?}");
    // At rest a scan shows every row: one that does not is no evidence.
    assert!(!seen.scan.complete, "{seen:?}");
    let why = seen.scan.error.clone().unwrap();
    assert!(
        why.contains("1 row it did not show were found by key or by a second scan"),
        "{why}"
    );
    assert_eq!(seen.foreign_rows, 1, "the stranger's, counted once");
}

#[tokio::test]
async fn a_row_that_is_not_there_is_missing_only_after_a_second_scan() {
    let shop = Shop::start(stale(&[], false));
    shop.fill(Some(K)).await;
    let seen = shop.seen().await;
    assert!(seen.is_complete(), "{seen:?}");
    assert_eq!(count(&seen, Class::Incomplete), 1);
    assert_eq!(count(&seen, Class::Stored), ORDERS - 1);
    assert_eq!(
        seen.lookups.requests, 2,
        "a scan at once, and one after the wait"
    );
    assert_eq!(seen.foreign_rows, 1, "the stranger's, counted once");
    let whole = Shop::start(stale(&[], true));
    whole.fill(None).await;
    let seen = whole.seen().await;
    assert_eq!(seen.lookups.requests, 0, "nothing is missing");
    assert_eq!(count(&seen, Class::Stored), ORDERS);
}
