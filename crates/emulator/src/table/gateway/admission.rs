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
use crate::table::meters::Meters;
use orderproof_machines::table::{Side, Throttled, hash_of_key, write_units};

/// The least a strongly and an eventually consistent read can cost.
const READ_UNITS_MIN: f64 = 0.5;

/// What was taken for an operation that may go ahead.
#[derive(Debug, Default)]
pub(super) struct Admission {
    taken: Vec<Taken>,
    /// The client did not ask for the capacity consumed: it is taken out of the answer.
    hides_consumed: bool,
    /// The part of a batch that was throttled and goes back as unprocessed, in the batch's own form.
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
        for (table, of_table) in tables.iter_mut() {
            let mut throttled = Vec::new();
            let (Some(requests), Some(key)) =
                (requests_in(of_table), meters.key_of(name_in(table)))
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
                    Err(refusal) => {
                        refused.get_or_insert(refusal);
                        throttled.push(request.clone());
                        false
                    }
                }
            });
            if !throttled.is_empty() {
                // How a table is read (consistency, projection) goes back with its keys.
                let mut back = of_table.clone();
                if let Some(requests) = requests_in(&mut back) {
                    *requests = throttled;
                }
                left_out.insert(table.clone(), back);
            }
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
            tables.retain(|_, of_table| {
                requests_in(of_table).is_none_or(|requests| !requests.is_empty())
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
            for (table, back) in left_out {
                let unprocessed = &mut answer[*name][table];
                // The table may have given some back itself: theirs stay.
                let (mut back, theirs) = (back.clone(), requests_in(unprocessed));
                if let (Some(back), Some(theirs)) = (requests_in(&mut back), theirs) {
                    back.append(theirs);
                }
                *unprocessed = back;
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

/// The requests of a batch for one table: writes are a list, reads have a list of keys.
fn requests_in(of_table: &mut Value) -> Option<&mut Vec<Value>> {
    match of_table {
        Value::Object(reads) => reads.get_mut("Keys")?.as_array_mut(),
        writes => writes.as_array_mut(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::TableCapacity;

    /// Meters of a table that has so many read and write units left.
    fn left(units: f64) -> Meters {
        let meters = Meters::new(1.0, Default::default());
        let capacity = TableCapacity::Provisioned {
            write_capacity_units: 1,
            read_capacity_units: Some(1),
        };
        meters.insert("orders", "arn".into(), "id".into(), capacity);
        for side in [Side::Read, Side::Write] {
            meters.take("orders", side, 300.0 - units, None).unwrap();
        }
        meters
    }

    fn key(number: u32) -> Value {
        json!({"id": {"N": number.to_string()}})
    }

    #[test]
    fn keys_go_back_as_they_came_beside_those_the_table_gives_back() {
        let mut asked = json!({"RequestItems": {"orders": {
            "Keys": [key(1), key(2), key(3)], "ConsistentRead": true,
        }}});
        let admission = admit(&left(1.2), "BatchGetItem", &mut asked).unwrap();
        let keys = &asked["RequestItems"]["orders"]["Keys"];
        assert_eq!(*keys, json!([key(1), key(2)]), "half a unit each");
        let theirs = json!({"orders": {"Keys": [key(2)], "ConsistentRead": true}});
        let mut answer = json!({"Responses": {}, "UnprocessedKeys": theirs});
        assert!(admission.settle(&left(1.0), true, &mut answer));
        let back = json!({"orders": {"Keys": [key(3), key(2)], "ConsistentRead": true}});
        assert_eq!(answer["UnprocessedKeys"], back);
    }

    #[test]
    fn writes_go_back_beside_those_the_table_gives_back() {
        let put = |number| json!({"PutRequest": {"Item": key(number)}});
        let mut asked = json!({"RequestItems": {"orders": [put(1), put(2)]}});
        let admission = admit(&left(1.2), "BatchWriteItem", &mut asked).unwrap();
        assert_eq!(asked["RequestItems"]["orders"], json!([put(1)]));
        for theirs in [json!({}), json!({"orders": [put(1)]})] {
            let mut answer = json!({"UnprocessedItems": theirs});
            admission.settle(&left(1.0), true, &mut answer);
            let mut back = vec![put(2)];
            back.extend(theirs["orders"].as_array().cloned().unwrap_or_default());
            assert_eq!(answer["UnprocessedItems"]["orders"], json!(back));
        }
    }

    #[test]
    fn a_batch_of_which_nothing_goes_ahead_is_refused() {
        let mut asked = json!({"RequestItems": {"orders": {"Keys": [key(1)]}}});
        let refused = admit(&left(0.1), "BatchGetItem", &mut asked).unwrap_err();
        assert_eq!(
            refused["ThrottlingReasons"][0]["reason"],
            "TableReadProvisionedThroughputExceeded"
        );
    }

    #[test]
    fn a_transaction_costs_twice_and_takes_nothing_when_canceled() {
        let put = |number| json!({"Put": {"TableName": "orders", "Item": key(number)}});
        let meters = left(3.0);
        let mut asked = json!({"TransactItems": [put(1), put(2)]});
        let canceled = admit(&meters, "TransactWriteItems", &mut asked).unwrap_err();
        let codes = canceled["CancellationReasons"].as_array().unwrap().iter();
        let codes: Vec<_> = codes.map(|reason| reason["Code"].as_str()).collect();
        assert_eq!(codes, [Some("None"), Some("ThrottlingError")]);
        let mut asked = json!({"TransactItems": [put(1)]});
        assert!(
            admit(&meters, "TransactWriteItems", &mut asked).is_ok(),
            "given back"
        );
    }
}
