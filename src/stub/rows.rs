//! The table that the stub plays: rows of the orders it has kept, written again from the scenario when they are asked for.

use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use super::http::Answer;
use super::kept::{Asked, Kept, Row};
use super::reader::Reader;
use crate::order::{MAX_ORDERS, RunId};
use crate::processor::{IncomingOrder, attribute};

/// What the targets of requests to DynamoDB begin with.
pub(super) const DYNAMODB: &str = "DynamoDB_20120810.";
/// Rows in one page at most, and where no limit is given.
const PAGE_MAX: usize = 4_000;
const SEGMENTS_MAX: u64 = 1_000_000;

/// Members that each operation may have; any other would change what it gives.
const SCAN: [&str; 7] = [
    "ConsistentRead",
    "ExclusiveStartKey",
    "Limit",
    "ReturnConsumedCapacity",
    "Segment",
    "TableName",
    "TotalSegments",
];
const GET: [&str; 4] = [
    "ConsistentRead",
    "Key",
    "ReturnConsumedCapacity",
    "TableName",
];
const BATCH_GET: [&str; 2] = ["RequestItems", "ReturnConsumedCapacity"];
const KEYS: [&str; 2] = ["ConsistentRead", "Keys"];

/// Operations that ask for rows in other ways, or write them. The table behind is empty and stays so.
const REFUSED: [&str; 11] = [
    "BatchExecuteStatement",
    "BatchWriteItem",
    "DeleteItem",
    "ExecuteStatement",
    "ExecuteTransaction",
    "ExportTableToPointInTime",
    "PutItem",
    "Query",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
];

/// Why a request is not answered.
type Invalid = String;

/// Answers what one thread is asked about the table.
pub(super) struct Table<'a> {
    pub(super) name: &'a str,
    pub(super) kept: &'a Mutex<Kept>,
}

impl Table<'_> {
    /// Answers a request for rows of the table; `None` for everything else.
    pub(super) fn answer(
        &self,
        operation: &str,
        body: &[u8],
        reader: &mut Reader,
    ) -> Option<Answer> {
        let is_refused = REFUSED.contains(&operation);
        if !is_refused && !["Scan", "GetItem", "BatchGetItem"].contains(&operation) {
            return None;
        }
        let Ok(Value::Object(input)) = serde_json::from_slice(body) else {
            return Some(Answer::invalid("The request is not a JSON object."));
        };
        if input
            .get("TableName")
            .is_some_and(|name| *name != self.name)
        {
            return None;
        }
        let answered = match operation {
            "Scan" => self.scan(&input, reader),
            "GetItem" => self.get(&input, reader),
            "BatchGetItem" => self.batch_get(&input, reader),
            _ => Err(format!(
                "The stub's table takes no {operation}: it shows the orders that the stub has kept, by Scan, GetItem and \
                 BatchGetItem."
            )),
        };
        Some(answered.unwrap_or_else(|invalid| Answer::invalid(&invalid)))
    }

    fn scan(&self, input: &Map<String, Value>, reader: &mut Reader) -> Result<Answer, Invalid> {
        only(input, &SCAN)?;
        let number = |name: &str| input.get(name).and_then(Value::as_u64);
        let segments = number("TotalSegments").unwrap_or(1);
        let segment = number("Segment").unwrap_or(0);
        if segment >= segments || segments > SEGMENTS_MAX {
            return Err("Segment must be below TotalSegments.".into());
        }
        let after = input.get("ExclusiveStartKey").map(|key| {
            let (run, k) = order_of_key(key)
                .ok_or("ExclusiveStartKey is the key of no row of this table.".to_owned())?;
            Ok::<_, Invalid>((run, k))
        });
        let limit = number("Limit").map_or(PAGE_MAX, |limit| limit as usize);
        let asked = Asked {
            after: after.transpose()?,
            segment: segment as u32,
            segments: segments as u32,
            limit: limit.clamp(1, PAGE_MAX),
        };
        let (rows, more) = self.locked(|kept| kept.rows(&asked));
        let mut out = String::with_capacity(64 + 320 * rows.len());
        out.push_str("{\"Items\":[");
        write_rows(&rows, reader, &mut out);
        let count = rows.len();
        let _ = write!(out, "],\"Count\":{count},\"ScannedCount\":{count}");
        if let Some(last) = rows.last().filter(|_| more) {
            let id = last.run.number(last.k.into());
            let _ = write!(
                out,
                ",\"LastEvaluatedKey\":{{\"{}\":{{\"N\":\"{id}\"}}}}",
                attribute::ID
            );
        }
        out.push('}');
        Ok(Answer::json(200, out.into_bytes()))
    }

    fn get(&self, input: &Map<String, Value>, reader: &mut Reader) -> Result<Answer, Invalid> {
        only(input, &GET)?;
        let row = self.row(input.get("Key"))?;
        let mut out = String::from("{");
        if let Some(row) = row {
            out.push_str("\"Item\":");
            write_rows(&[row], reader, &mut out);
        }
        out.push('}');
        Ok(Answer::json(200, out.into_bytes()))
    }

    fn batch_get(
        &self,
        input: &Map<String, Value>,
        reader: &mut Reader,
    ) -> Result<Answer, Invalid> {
        only(input, &BATCH_GET)?;
        let tables = input.get("RequestItems").and_then(Value::as_object);
        let asked = tables.filter(|tables| tables.len() == 1);
        let asked = asked.and_then(|tables| tables.get(self.name)?.as_object());
        let Some(asked) = asked else {
            return Err(format!(
                "The stub's BatchGetItem asks for rows of {} alone.",
                self.name
            ));
        };
        only(asked, &KEYS)?;
        let keys = asked.get("Keys").and_then(Value::as_array);
        let mut rows = Vec::new();
        for key in keys.into_iter().flatten() {
            rows.extend(self.row(Some(key))?);
        }
        let mut out = String::from("{\"Responses\":{");
        let _ = write!(out, "{}:[", json!(self.name));
        write_rows(&rows, reader, &mut out);
        out.push_str("]},\"UnprocessedKeys\":{}}");
        Ok(Answer::json(200, out.into_bytes()))
    }

    fn row(&self, key: Option<&Value>) -> Result<Option<Row>, Invalid> {
        let number = key
            .and_then(id_of_key)
            .ok_or(format!("The key is not {} (N) alone.", attribute::ID))?;
        Ok(order_of(number).and_then(|(run, k)| self.locked(|kept| kept.row_of(run, k))))
    }

    fn locked<T>(&self, look: impl FnOnce(&Kept) -> T) -> T {
        look(&self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Refuses members that would change what is given.
fn only(input: &Map<String, Value>, allowed: &[&str]) -> Result<(), Invalid> {
    match input.keys().find(|name| !allowed.contains(&name.as_str())) {
        Some(name) => Err(format!("The stub's table does not take {name}.")),
        None => Ok(()),
    }
}

fn id_of_key(key: &Value) -> Option<&str> {
    let key = key.as_object().filter(|key| key.len() == 1)?;
    key.get(attribute::ID)?.get("N")?.as_str()
}

fn order_of_key(key: &Value) -> Option<(RunId, u32)> {
    order_of(id_of_key(key)?)
}

fn order_of(number: &str) -> Option<(RunId, u32)> {
    let number: u64 = number.parse().ok()?;
    let run = RunId::of_number(number)?;
    Some((run, u32::try_from(number % MAX_ORDERS).ok()?))
}

/// The rows in DynamoDB's JSON, with commas between them.
fn write_rows(rows: &[Row], reader: &mut Reader, out: &mut String) {
    let mut body = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        body.clear();
        reader.plan_of(row.run).write_body(row.k.into(), &mut body);
        let details = std::str::from_utf8(&body)
            .ok()
            .and_then(|body| IncomingOrder::parse(body).ok())
            .map(|order| order.details())
            .expect("a good order of the lab's");
        let _ = write!(
            out,
            "{{\"{}\":{{\"N\":\"{}\"}},\"{}\":{{\"S\":{}}}",
            attribute::ID,
            row.run.number(row.k.into()),
            attribute::ORDER_DETAILS,
            Value::String(details),
        );
        if let Some(stored_at_us) = row.stored_at_us {
            let _ = write!(
                out,
                ",\"{}\":{{\"N\":\"{stored_at_us}\"}}",
                attribute::STORED_AT
            );
        }
        let _ = write!(
            out,
            ",\"{}\":{{\"N\":\"{}\"}}}}",
            attribute::RECEIVE_COUNT,
            row.receives
        );
    }
}
