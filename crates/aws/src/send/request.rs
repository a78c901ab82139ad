//! The JSON of a send request, written directly: no value tree, no copy of a body.

use super::Batch;
use crate::order::put_escaped;

/// What all requests to a queue have in common, as JSON: from the opening brace up to the end of the queue's URL.
pub(super) struct QueueAt {
    before: Vec<u8>,
}

/// `SendMessage` for one order, `SendMessageBatch` for more.
pub(super) fn operation(batch: &Batch) -> &'static str {
    match batch.len() {
        1 => "AmazonSQS.SendMessage",
        _ => "AmazonSQS.SendMessageBatch",
    }
}

impl QueueAt {
    pub(super) fn new(queue_url: &str) -> Self {
        let mut before = br#"{"QueueUrl":""#.to_vec();
        write_escaped(queue_url, &mut before);
        Self { before }
    }

    /// Appends the request's JSON to `out`. Entries are named by their place in the batch.
    pub(super) fn write_request(&self, batch: &Batch, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.before);
        if batch.len() == 1 {
            out.extend_from_slice(br#"","MessageBody":""#);
            write_message(batch, 0, out);
            return;
        }
        out.extend_from_slice(br#"","Entries":["#);
        for index in 0..batch.len() {
            if index > 0 {
                out.extend_from_slice(b",");
            }
            out.extend_from_slice(br#"{"Id":""#);
            out.extend_from_slice(&[b'0' + index as u8]);
            out.extend_from_slice(br#"","MessageBody":""#);
            write_message(batch, index, out);
        }
        out.extend_from_slice(b"]}");
    }
}

/// Appends the rest of a message from within its body on.
fn write_message(batch: &Batch, index: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(batch.escaped_body(index));
    out.extend_from_slice(b"\"");
    if let Some(carried) = batch.carried(index) {
        carried.write_fields(out);
    }
    out.extend_from_slice(b"}");
}

/// Appends `text` as the inside of a JSON string.
pub(super) fn write_escaped(text: &str, out: &mut Vec<u8>) {
    put_escaped(text, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{OrderPlan, RunId};
    use serde_json::Value;

    #[test]
    fn a_request_is_the_json_that_a_parser_reads_back() {
        let plan = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.5);
        for (orders, what) in [(3..4, "single"), (0..2, "pair"), (20..30, "ten")] {
            let mut batch = Batch::new();
            batch.fill(&plan, orders);
            let mut out = Vec::new();
            QueueAt::new("http://q/1\"x").write_request(&batch, &mut out);
            let value: Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(value["QueueUrl"], "http://q/1\"x", "{what}");
            let body = |index: usize| Value::from(std::str::from_utf8(batch.body(index)).unwrap());
            if batch.len() == 1 {
                assert_eq!(value["MessageBody"], body(0), "{what}");
            } else {
                let entries = value["Entries"].as_array().unwrap();
                assert_eq!(entries.len(), batch.len());
                for (index, entry) in entries.iter().enumerate() {
                    assert_eq!(entry["Id"], index.to_string(), "{what}");
                    assert_eq!(entry["MessageBody"], body(index), "{what}");
                }
            }
        }
    }
}
