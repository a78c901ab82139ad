//! The JSON of a send request, written directly: no value tree, no copy of a body.

use bytes::{BufMut, BytesMut};

use super::Batch;

/// `SendMessage` for one order, `SendMessageBatch` for more.
pub(super) fn operation(batch: &Batch) -> &'static str {
    match batch.len() {
        1 => "AmazonSQS.SendMessage",
        _ => "AmazonSQS.SendMessageBatch",
    }
}

/// Appends the request's JSON to `out`. Entries are named by their place in the batch.
pub(super) fn write_request(queue_url: &str, batch: &Batch, out: &mut BytesMut) {
    out.extend_from_slice(br#"{"QueueUrl":""#);
    write_escaped(queue_url.as_bytes(), out);
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

/// Appends the rest of a message from within its body on.
fn write_message(batch: &Batch, index: usize, out: &mut BytesMut) {
    write_escaped(batch.body(index), out);
    out.extend_from_slice(b"\"");
    if let Some(carried) = batch.carried(index) {
        carried.write_fields(out);
    }
    out.extend_from_slice(b"}");
}

/// Bytes of a text that are escaped at a time.
const AT_ONCE: usize = 128;

/// Appends `text` as the inside of a JSON string.
pub(super) fn write_escaped(text: &[u8], out: &mut BytesMut) {
    for part in text.chunks(AT_ONCE) {
        // Without a branch for each byte, for a body that is JSON has a quote every few of them.
        if part.iter().fold(false, |any, &byte| any | (byte < 0x20)) {
            write_controls(part, out);
            continue;
        }
        let mut escaped = [0; 2 * AT_ONCE];
        let mut length = 0;
        for &byte in part {
            escaped[length % (2 * AT_ONCE)] = b'\\';
            length += usize::from((byte == b'"') | (byte == b'\\'));
            escaped[length % (2 * AT_ONCE)] = byte;
            length += 1;
        }
        out.put_slice(&escaped[..length]);
    }
}

/// The same of a part with control characters.
fn write_controls(part: &[u8], out: &mut BytesMut) {
    for &byte in part {
        match byte {
            b'"' | b'\\' => out.put_slice(&[b'\\', byte]),
            0..0x20 => out.put_slice(format!("\\u{byte:04x}").as_bytes()),
            plain => out.put_u8(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{OrderPlan, RunId};
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn a_request_is_the_json_that_a_parser_reads_back() {
        let plan = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.5);
        for (orders, what) in [(3..4, "single"), (0..2, "pair"), (20..30, "ten")] {
            let mut batch = Batch::new();
            batch.fill(&plan, orders);
            let mut out = BytesMut::new();
            write_request("http://q/1\"x", &batch, &mut out);
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

    proptest! {
        #[test]
        fn any_text_survives_escaping(text in "(?s).{0,300}", quotes in "[\"\\\\]{0,300}") {
            let text = text + &quotes;
            let mut out = BytesMut::from(&b"\""[..]);
            write_escaped(text.as_bytes(), &mut out);
            out.extend_from_slice(b"\"");
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
