//! What an operation costs: what is taken before it is carried out, and what is settled afterwards.
//!
//! A write of an item is charged before by the item's size, everything else by the least it can cost; the
//! answer then tells what it did cost (`ConsumedCapacity`), and the difference is charged or given back.
//! Statements (`ExecuteStatement` and the like) are not metered.

use std::collections::{BTreeMap, HashMap};

use dynoxide::AttributeValue;
use dynoxide::types::item_size;
use serde_json::{Value, json};

use super::{ByTable, NAMESPACE};
use crate::pipeline::table::cost::write_units;
use crate::pipeline::table::meter::{Side, Throttled};
use crate::pipeline::table::meters::{Meters, hash_of_key};

/// The least a strongly and an eventually consistent read can cost.
const READ_UNITS_MIN: f64 = 0.5;

/// What was taken for an operation that may go ahead.
#[derive(Debug, Default)]
pub(super) struct Admission {
    taken: Vec<Taken>,
    /// The client did not ask for the capacity consumed: it is taken out of the answer.
    hides_consumed: bool,
    /// Requests of a batch that were throttled and go back as unprocessed.
    unprocessed: Option<(&'static str, ByTable)>,
}

#[derive(Debug)]
struct Taken {
    table: String,
    side: Side,
    units: f64,
    key: Option<u64>,
}

/// Takes what `operation` costs at least and makes it tell what it did cost.
///
/// # Errors
/// With the body of the refusal when it is throttled.
pub(super) fn admit(
    meters: &Meters,
    operation: &str,
    asked: &mut Value,
) -> Result<Admission, Value> {
    let mut admission = Admission::default();
    let taken = match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => {
            admission.take_single(meters, asked, Side::Write)
        }
        "GetItem" | "Query" | "Scan" => admission.take_single(meters, asked, Side::Read),
        "BatchWriteItem" => admission.take_batch_write(meters, asked),
        "BatchGetItem" => admission.take_batch_get(meters, asked),
        "TransactWriteItems" | "TransactGetItems" => {
            return admission.take_transaction(meters, asked);
        }
        _ => Ok(()),
    };
    taken.map_err(|throttled| throttled.to_json())?;
    admission.ask_for_consumed(asked);
    Ok(admission)
}

impl Admission {
    /// Whether the operation touches nothing that is metered.
    pub(super) fn is_nothing(&self) -> bool {
        self.taken.is_empty() && self.unprocessed.is_none()
    }

    fn take(
        &mut self,
        meters: &Meters,
        table: &str,
        side: Side,
        units: f64,
        key: Option<u64>,
    ) -> Result<(), Throttled> {
        meters.take(table, side, units, key)?;
        self.taken.push(Taken {
            table: table.to_owned(),
            side,
            units,
            key,
        });
        Ok(())
    }

    fn take_single(&mut self, meters: &Meters, asked: &Value, side: Side) -> Result<(), Throttled> {
        let Some(table) = asked["TableName"].as_str().map(name_in) else {
            return Ok(());
        };
        let Some(key) = meters.key_of(table) else {
            return Ok(());
        };
        let units = match side {
            Side::Write => item_units(&asked["Item"]),
            Side::Read => READ_UNITS_MIN,
        };
        let place = key_hash(&asked["Item"][&key]).or_else(|| key_hash(&asked["Key"][&key]));
        self.take(meters, table, side, units, place)
    }

    fn take_batch_write(&mut self, meters: &Meters, asked: &mut Value) -> Result<(), Throttled> {
        self.take_batch(meters, asked, "UnprocessedItems", |request, key| {
            let put = &request["PutRequest"]["Item"];
            let place =
                key_hash(&put[key]).or_else(|| key_hash(&request["DeleteRequest"]["Key"][key]));
            (Side::Write, item_units(put), place)
        })
    }

    fn take_batch_get(&mut self, meters: &Meters, asked: &mut Value) -> Result<(), Throttled> {
        self.take_batch(meters, asked, "UnprocessedKeys", |request, key| {
            (Side::Read, READ_UNITS_MIN, key_hash(&request[key]))
        })
    }

    /// Each request of a batch is throttled alone; the batch is refused when none goes ahead.
    fn take_batch(
        &mut self,
        meters: &Meters,
        asked: &mut Value,
        unprocessed: &'static str,
        cost: impl Fn(&Value, &str) -> (Side, f64, Option<u64>),
    ) -> Result<(), Throttled> {
        let mut left_out = ByTable::new();
        let (mut refused, mut granted) = (None, 0);
        let Some(tables) = asked["RequestItems"].as_object_mut() else {
            return Ok(());
        };
        for (table, requests) in tables.iter_mut() {
            // Writes are a list, reads a list of keys.
            let requests = match requests.get_mut("Keys") {
                Some(keys) => keys,
                None => requests,
            };
            let (Some(requests), Some(key)) =
                (requests.as_array_mut(), meters.key_of(name_in(table)))
            else {
                granted += 1;
                continue;
            };
            requests.retain(|request| {
                let (side, units, place) = cost(request, &key);
                match self.take(meters, name_in(table), side, units, place) {
                    Ok(()) => {
                        granted += 1;
                        true
                    }
                    Err(throttled) => {
                        refused.get_or_insert(throttled);
                        left_out
                            .entry(table.clone())
                            .or_default()
                            .push(request.clone());
                        false
                    }
                }
            });
        }
        match refused {
            Some(throttled) if granted == 0 => return Err(throttled),
            Some(_) => self.leave_out(asked, unprocessed, left_out),
            None => {}
        }
        Ok(())
    }

    /// Remembers what goes back unprocessed; a table of which nothing is left is not asked at all.
    fn leave_out(&mut self, asked: &mut Value, unprocessed: &'static str, left_out: ByTable) {
        if let Some(tables) = asked["RequestItems"].as_object_mut() {
            tables.retain(|_, requests| {
                let requests = requests.get("Keys").unwrap_or(requests);
                requests
                    .as_array()
                    .is_none_or(|requests| !requests.is_empty())
            });
        }
        self.unprocessed = Some((unprocessed, left_out));
    }

    /// All or nothing, at twice the cost.
    fn take_transaction(mut self, meters: &Meters, asked: &mut Value) -> Result<Self, Value> {
        let Some(items) = asked["TransactItems"].as_array() else {
            return Ok(self);
        };
        let mut reasons = Vec::new();
        let mut throttled = None;
        for item in items {
            let reason = match self.take_part(meters, item) {
                Ok(()) => json!({"Code": "None"}),
                Err(refused) => {
                    let reason = json!({"Code": "ThrottlingError", "Message": refused.to_string()});
                    throttled.get_or_insert(refused);
                    reason
                }
            };
            reasons.push(reason);
        }
        if throttled.is_none() {
            self.ask_for_consumed(asked);
            return Ok(self);
        }
        self.give_back(meters);
        let codes: Vec<_> = reasons
            .iter()
            .map(|reason| reason["Code"].as_str().unwrap_or_default())
            .collect();
        Err(json!({
            "__type": format!("{NAMESPACE}#TransactionCanceledException"),
            "Message": format!(
                "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
                codes.join(", ")
            ),
            "CancellationReasons": reasons,
        }))
    }

    fn take_part(&mut self, meters: &Meters, item: &Value) -> Result<(), Throttled> {
        let Some((action, part)) = item.as_object().and_then(|item| item.iter().next()) else {
            return Ok(());
        };
        let Some(table) = part["TableName"].as_str().map(name_in) else {
            return Ok(());
        };
        let Some(key) = meters.key_of(table) else {
            return Ok(());
        };
        let place = key_hash(&part["Item"][&key]).or_else(|| key_hash(&part["Key"][&key]));
        let (side, units) = match action.as_str() {
            "Get" => (Side::Read, 1.0),
            _ => (Side::Write, item_units(&part["Item"])),
        };
        self.take(meters, table, side, 2.0 * units, place)
    }

    fn give_back(&self, meters: &Meters) {
        for taken in &self.taken {
            meters.charge(&taken.table, taken.side, -taken.units, taken.key);
        }
    }

    fn ask_for_consumed(&mut self, asked: &mut Value) {
        if self.is_nothing() {
            return;
        }
        let wanted = asked["ReturnConsumedCapacity"].as_str();
        if matches!(wanted, None | Some("NONE")) {
            self.hides_consumed = true;
            asked["ReturnConsumedCapacity"] = "TOTAL".into();
        }
    }

    /// Charges what the operation did cost, and makes the answer one to the question the client asked.
    /// Whether it changed the answer.
    pub(super) fn settle(&self, meters: &Meters, succeeded: bool, answer: &mut Value) -> bool {
        if !succeeded {
            let kind = answer["__type"].as_str().unwrap_or_default();
            // A failed condition has cost its write; what was refused for its form has cost nothing.
            if !kind.ends_with("ConditionalCheckFailedException")
                && !kind.ends_with("TransactionCanceledException")
            {
                self.give_back(meters);
            }
            return false;
        }
        self.charge_rest(meters, &consumed_by_table(answer));
        if self.hides_consumed
            && let Some(answer) = answer.as_object_mut()
        {
            answer.remove("ConsumedCapacity");
        }
        if let Some((name, left_out)) = &self.unprocessed {
            for (table, requests) in left_out {
                let unprocessed = &mut answer[*name][table];
                match *name {
                    "UnprocessedKeys" => unprocessed["Keys"] = json!(requests),
                    _ => *unprocessed = json!(requests),
                }
            }
        }
        self.hides_consumed || self.unprocessed.is_some()
    }

    fn charge_rest(&self, meters: &Meters, consumed: &BTreeMap<String, f64>) {
        for (table, units) in consumed {
            let of_table = || self.taken.iter().filter(|taken| taken.table == *table);
            let Some(last) = of_table().next_back() else {
                continue;
            };
            let taken: f64 = of_table().map(|taken| taken.units).sum();
            meters.charge(table, last.side, units - taken, last.key);
        }
    }
}

/// What an answer says it has cost: one entry, or one a table.
fn consumed_by_table(answer: &Value) -> BTreeMap<String, f64> {
    let consumed = &answer["ConsumedCapacity"];
    let entries = match consumed {
        Value::Array(entries) => entries.iter().collect(),
        Value::Object(_) => vec![consumed],
        _ => Vec::new(),
    };
    let mut by_table = BTreeMap::new();
    for entry in entries {
        if let (Some(table), Some(units)) =
            (entry["TableName"].as_str(), entry["CapacityUnits"].as_f64())
        {
            *by_table.entry(name_in(table).to_owned()).or_default() += units;
        }
    }
    by_table
}

/// Write units of an item as a request writes it; one when there is none.
fn item_units(item: &Value) -> f64 {
    let item: Option<HashMap<String, AttributeValue>> = serde_json::from_value(item.clone()).ok();
    item.map_or(1.0, |item| write_units(item_size(&item)))
}

/// The hash of a key's value, `{"N": "7"}` or `{"S": "seven"}`.
fn key_hash(value: &Value) -> Option<u64> {
    let (_, text) = value.as_object()?.iter().next()?;
    text.as_str().map(hash_of_key)
}

/// The table's name, also where its ARN is given.
fn name_in(table: &str) -> &str {
    table.rsplit('/').next().unwrap_or(table)
}
