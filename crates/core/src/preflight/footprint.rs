//! What orders leave in each table on the average, as the first of them would: the base of cost, capacity and reading.

use std::collections::BTreeMap;

use super::load::Load;
use crate::order::spec::STORED;
use crate::order::{Model, OrderPlan, RunId, Times, TracePlace};
use crate::scenario::Scenario;

/// Orders that are looked at, and those of them whose rows are measured.
const SAMPLE: u64 = 200;
const MEASURED: u64 = 40;
/// A row of the lab's with its time stamps, bytes. Of other rows only what must be there is known, so none counts for less.
const ROW_BYTES: f64 = 250.0;
/// When the orders that are looked at would be due; what they leave hardly differs with it.
const DUE_UNIX_MS: u64 = 1_795_000_000_000;

/// What one table gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct InTable {
    /// Rows written before an order is sent.
    pub(super) before: f64,
    /// Writes of the function for a good order.
    pub(super) good: f64,
    /// The same for a bad one.
    pub(super) bad: f64,
    /// Writes for an order at most, bad ones being taken for good ones, too.
    pub(super) most: f64,
    /// Bytes of a row, at least.
    pub(super) row_bytes: f64,
    /// No end says what is written there: a write for each order is assumed.
    pub(super) is_assumed: bool,
    /// Some of its rows have keys that the consumer makes up.
    pub(super) is_made_up: bool,
    /// The look before the first send reads all of it, since keys do not tell runs apart.
    pub(super) is_read_whole: bool,
}

impl InTable {
    const ASSUMED: Self = Self {
        before: 0.0,
        good: 1.0,
        bad: 1.0,
        most: 1.0,
        row_bytes: ROW_BYTES,
        is_assumed: true,
        is_made_up: false,
        is_read_whole: false,
    };

    /// Writes in each second of a load.
    pub(super) fn writes_per_second(&self, load: &Load) -> Vec<f64> {
        let good = 1.0 - load.bad_share;
        let each = self.before + good * self.good + load.bad_share * self.bad;
        let arrivals = load.arrivals_per_second.iter();
        arrivals.map(|arrivals| arrivals * each).collect()
    }
}

/// What orders leave.
#[derive(Debug, Clone)]
pub(super) struct Footprint {
    tables: BTreeMap<String, InTable>,
    /// Letters of an order in queues other than the dead-letter queue.
    pub(super) letters: f64,
    /// Bytes of a message.
    pub(super) message_bytes: f64,
}

impl Footprint {
    /// What the first orders of `scenario` would leave.
    pub(super) fn of(scenario: &Scenario) -> Self {
        // Of a scenario that was read from a file there is a model.
        let model = scenario.model().ok();
        let sampled = model.map(|model| Sample::of(scenario, &model).footprint(&model));
        sampled.unwrap_or(Self {
            tables: BTreeMap::new(),
            letters: 0.0,
            message_bytes: 0.0,
        })
    }

    /// What the table that the scenario calls so gets.
    pub(super) fn in_table(&self, called: &str) -> InTable {
        self.tables.get(called).copied().unwrap_or(InTable::ASSUMED)
    }
}

/// Sums over the orders that were looked at.
#[derive(Default)]
struct Sample {
    good: f64,
    bad: f64,
    tables: BTreeMap<String, Sums>,
    letters: f64,
    message_bytes: f64,
}

#[derive(Default)]
struct Sums {
    before: f64,
    good: f64,
    bad: f64,
    most: f64,
    rows: f64,
    bytes: f64,
}

impl Sample {
    fn of(scenario: &Scenario, model: &std::sync::Arc<Model>) -> Self {
        let run = RunId::new(1).expect("the first run id");
        let schedule = scenario.schedule();
        let count = schedule.count().min(SAMPLE);
        let plan = OrderPlan {
            model: std::sync::Arc::clone(model),
            ..OrderPlan::lab(run, scenario.seed, scenario.bad_share)
        };
        let plan = plan.due(Times::new(DUE_UNIX_MS, schedule));
        let mut sample = Self::default();
        for k in 0..count {
            sample.add(&plan, k);
        }
        sample
    }

    fn table(&mut self, called: &str) -> &mut Sums {
        self.tables.entry(called.to_owned()).or_default()
    }

    fn add(&mut self, plan: &OrderPlan, k: u64) {
        let is_bad = plan.is_bad(k);
        *if is_bad {
            &mut self.bad
        } else {
            &mut self.good
        } += 1.0;
        let mut body = Vec::new();
        plan.write_body(k, &mut body);
        self.message_bytes += body.len() as f64;
        for (table, _) in plan.rows_before(k) {
            self.table(&table).before += 1.0;
        }
        let (own, most) = writes(plan, k);
        for (table, writes) in own {
            let sums = self.table(&table);
            *if is_bad {
                &mut sums.bad
            } else {
                &mut sums.good
            } += writes;
        }
        for (table, writes) in most {
            self.table(&table).most += writes;
        }
        for end in plan.own_ends(k) {
            let letters = plan.model.spec().ends.get(end).map(|end| &end.letters);
            let elsewhere = letters.into_iter().flatten();
            self.letters += elsewhere.filter(|letter| letter.queue.is_some()).count() as f64;
        }
        if k < MEASURED {
            self.measure(plan, k);
        }
    }

    fn measure(&mut self, plan: &OrderPlan, k: u64) {
        for trace in plan.traces(k) {
            if let TracePlace::Row(table) = trace.place {
                let attributes = trace.key.iter().chain(&trace.holds);
                let bytes: usize = attributes
                    .map(|(name, value)| name.len() + value.len())
                    .sum();
                let sums = self.table(&table);
                sums.rows += 1.0;
                sums.bytes += bytes as f64;
            }
        }
    }

    fn footprint(self, model: &Model) -> Footprint {
        let all = self.good + self.bad;
        let mean = |sum: f64, count: f64| if count > 0.0 { sum / count } else { 0.0 };
        let made_up = model.made_up_tables();
        let read_whole = model.tables_to_read_whole();
        let in_table = |(called, sums): (String, Sums)| {
            let in_table = InTable {
                before: mean(sums.before, all),
                good: mean(sums.good, self.good),
                bad: mean(sums.bad, self.bad),
                most: mean(sums.most, all),
                row_bytes: mean(sums.bytes, sums.rows).max(ROW_BYTES),
                is_assumed: false,
                is_made_up: made_up.contains(called.as_str()),
                is_read_whole: read_whole.contains(called.as_str()),
            };
            (called, in_table)
        };
        Footprint {
            tables: self.tables.into_iter().map(in_table).collect(),
            letters: mean(self.letters, all),
            message_bytes: mean(self.message_bytes, all),
        }
    }
}

type Writes = BTreeMap<String, f64>;

/// The function's writes for order `k` in each table: at the ends it belongs to, and at most, when it is taken for a good one.
fn writes(plan: &OrderPlan, k: u64) -> (Writes, Writes) {
    let names: Vec<&str> = plan.end_names().collect();
    let own = plan.own_ends(k);
    let slots = plan.slots_of(k);
    let mut at_ends: BTreeMap<usize, Writes> = BTreeMap::new();
    for (leaf, count) in plan.leaves().zip(slots) {
        if let Some(table) = leaf.table {
            let writes = at_ends.entry(leaf.end).or_default();
            *writes.entry(table.to_owned()).or_default() += f64::from(count);
        }
    }
    let (mut expected, mut most) = (Writes::new(), Writes::new());
    let raise = |into: &mut Writes, writes: &Writes| {
        for (table, &count) in writes {
            let raised = into.entry(table.clone()).or_default();
            *raised = raised.max(count);
        }
    };
    let good_ends = &plan.model.spec().good_ends;
    let is_good = |end: &str| match good_ends.as_slice() {
        [] => end == STORED,
        ends => ends.iter().any(|good| good == end),
    };
    for (end, writes) in &at_ends {
        let is_own = own.contains(&names[*end]);
        if is_own {
            raise(&mut expected, writes);
        }
        if is_own || is_good(names[*end]) {
            raise(&mut most, writes);
        }
    }
    for sum in &plan.model.spec().sums {
        *most.entry(sum.table.clone()).or_default() += 1.0;
        if !plan.is_bad(k) {
            *expected.entry(sum.table.clone()).or_default() += 1.0;
        }
    }
    (expected, most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::parse;

    const SHOP: &str = r#"
name = "shop"
question = "Does it hold?"
bad_orders = "50%"
target = "aws"
[[phase]]
name = "baseline"
rate = "10/s"
duration = "100s"
[order]
id = "uuid"
body = '{"id": "{{id}}", "day": "{{day}}", "lines": {{lines}}, "note": "{{note}}"}'
[order.fields]
day = { pick = ["friday"] }
lines = { list = [3, 3], of = '{"sku": "a"}' }
note = { text = { p50 = 2000, p99 = 2001 } }
[[bad]]
remove = ["/note"]
without_before = true
end = "rejected"
[[before]]
table = "orders"
row = { id = "{{id}}", status = "PENDING" }
[[ends.stored.rows]]
table = "orders"
key = { id = "{{id}}" }
holds = { note = "/note" }
[[ends.stored.rows]]
table = "lines"
key = { id = "{{id}}", at = "{{at}}" }
each = "/lines"
[[ends.stored.rows]]
table = "invoices"
key = { number = "*" }
id_at = "order"
[[ends.rejected.rows]]
table = "rejected"
key = { id = "{{id}}" }
[[sums]]
table = "totals"
key = { day = "{{day}}" }
attribute = "count"
[pipeline]
tables = { idempotency = "id S" }
"#;

    #[test]
    fn every_table_gets_what_its_own_orders_leave_there() {
        let scenario = parse("shop", SHOP, &Default::default()).expect("a valid scenario");
        let footprint = Footprint::of(&scenario);
        for (called, good, bad, most, made_up) in [
            ("orders", 1.0, 0.0, Some(1.0), false),
            ("lines", 3.0, 0.0, Some(3.0), false),
            ("invoices", 1.0, 0.0, Some(1.0), true),
            ("rejected", 0.0, 1.0, None, false),
            ("totals", 1.0, 0.0, Some(1.0), false),
        ] {
            let found = footprint.in_table(called);
            let figures = (found.good, found.bad, found.is_made_up);
            assert_eq!(figures, (good, bad, made_up), "{called}");
            // Half of the orders are bad.
            let is_half = |share: f64| (0.3..0.7).contains(&share);
            assert!(most.map_or(is_half(found.most), |most| most == found.most));
            assert_eq!(is_half(found.before), called == "orders", "{called}");
            assert_eq!(found.before > 0.0, called == "orders", "{called}");
            assert!(!found.is_assumed);
        }
        let orders = footprint.in_table("orders");
        assert!((1_900.0..2_300.0).contains(&orders.row_bytes), "{orders:?}");
        assert_eq!(footprint.in_table("lines").row_bytes, ROW_BYTES);
        assert_eq!(footprint.in_table("idempotency"), InTable::ASSUMED);
        assert!(footprint.message_bytes > 1_000.0);
        let load = Load::of(&scenario);
        let per_second = orders.writes_per_second(&load);
        let expected = 10.0 * (orders.before + 0.5);
        assert!((per_second[50] - expected).abs() < 1e-6, "{per_second:?}");
    }

    #[test]
    fn the_labs_order_is_one_write_if_it_is_good() {
        let footprint = Footprint::of(&super::super::fixture::scenario(&[]));
        let orders = footprint.in_table("orders");
        let expected = InTable {
            bad: 0.0,
            is_assumed: false,
            ..InTable::ASSUMED
        };
        assert_eq!(orders, expected);
        assert_eq!(footprint.letters, 0.0);
    }
}
