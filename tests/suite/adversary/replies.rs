//! Replies made here: in a reply's place, around it, or by asking the pipeline something else.

use serde_json::{Value, json};

use super::acts::{Act, Harmless, Instead, Lie, Op};
use super::dice::Dice;
use super::wire::{Delivery, Message};

/// Items in a small page.
const SMALL_PAGE: u64 = 7;
/// Keys of made-up pages are below this.
const MADE_UP: u64 = 1_000_000;

/// A reply that no pipeline wrote, and how it is handed over.
pub fn instead(op: Op, instead: Instead) -> (Message, Delivery) {
    let reply = match instead {
        Instead::Empty => Message::json(200, ""),
        Instead::Braces => Message::json(200, "{}"),
        Instead::Null => Message::json(200, "null"),
        Instead::Array => Message::json(200, "[]"),
        Instead::Garbage => Message::json(200, vec![0xff, 0x00, b'{', 0x1b, b'"']),
        Instead::Page(status) => {
            let mut page = Message::json(status, "<html><script>alert(1)</script>log in</html>");
            page.headers[0].1 = "text/html".into();
            page
        }
        Instead::Redirect(status) => {
            let mut reply = Message::json(status, "");
            // The discard port: nobody listens there.
            reply
                .headers
                .push(("location".into(), "http://127.0.0.1:9/".into()));
            reply
        }
        Instead::ErrorUnder200 => error(op, 200, "InternalServerError"),
        Instead::Code(status, code) => error(op, status, code),
        Instead::Untyped(status) => Message::json(status, r#"{"message": "no"}"#),
        Instead::NotHttp => {
            let mut reply = Message::json(200, "");
            reply.first = "SSH-2.0-OpenSSH_9.9".into();
            reply
        }
    };
    (reply, Delivery::Whole)
}

fn error(op: Op, status: u16, code: &str) -> Message {
    let space = match op.is_table() {
        true => "com.amazonaws.dynamodb.v20120810",
        false => "com.amazonaws.sqs",
    };
    let body = json!({"__type": format!("{space}#{code}"), "message": "said by a test"});
    let mut reply = Message::json(status, body.to_string());
    if !op.is_table() && status != 200 {
        let fault = if status < 500 { "Sender" } else { "Receiver" };
        reply
            .headers
            .push(("x-amzn-query-error".into(), format!("{code};{fault}")));
    }
    reply
}

/// What the pipeline is asked in the request's place.
pub fn prepare(act: Act, request: &Message) -> Message {
    let small = matches!(
        act,
        Act::Harmless(Harmless::SmallPages) | Act::Lie(Lie::CutShort)
    );
    let half = act == Act::Harmless(Harmless::Unprocessed);
    let mut asked = request.clone();
    let Ok(mut value) = serde_json::from_slice::<Value>(&request.body) else {
        return asked;
    };
    if small {
        value["Limit"] = json!(SMALL_PAGE);
    }
    if half {
        each_keys(&mut value["RequestItems"], |keys| {
            keys.truncate(keys.len().div_ceil(2));
        });
    }
    if small || half {
        asked.body = value.to_string().into_bytes();
    }
    asked
}

fn each_keys(items: &mut Value, mut change: impl FnMut(&mut Vec<Value>)) {
    let tables = items
        .as_object_mut()
        .into_iter()
        .flat_map(|tables| tables.values_mut());
    tables
        .filter_map(|table| table.get_mut("Keys")?.as_array_mut())
        .for_each(&mut change);
}

/// A reply made of the request alone.
pub fn of_request(lie: Lie, told: u64, request: &Message) -> Option<Message> {
    let asked: Value = serde_json::from_slice(&request.body).ok()?;
    let reply = match lie {
        Lie::NeverProcessed => {
            json!({"Responses": {}, "UnprocessedKeys": asked.get("RequestItems")?})
        }
        Lie::PagesForEver => {
            let after = asked["ExclusiveStartKey"]["id"]["N"].as_str()?;
            after
                .parse::<u64>()
                .ok()
                .filter(|number| *number < MADE_UP)?;
            let next = json!({"id": {"N": (6 + told).to_string()}});
            json!({"Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": next})
        }
        _ => return None,
    };
    Some(Message::json(200, reply.to_string()))
}

/// The true reply, handed over in a way that changes nothing of what it says.
pub fn harmless(
    op: Op,
    kind: Harmless,
    request: &Message,
    mut reply: Message,
    dice: &mut Dice,
) -> (Message, Delivery) {
    let delivery = match kind {
        Harmless::Handed(delivery) => return (reply, delivery),
        Harmless::BigHead => {
            for number in 0..10 {
                let value = "a".repeat(1_000);
                reply.headers.push((format!("x-big-{number}"), value));
            }
            return (reply, Delivery::Whole);
        }
        _ => Delivery::Whole,
    };
    let Ok(mut value) = serde_json::from_slice::<Value>(&reply.body) else {
        return (reply, delivery);
    };
    if !value.is_object() || reply.status() != 200 {
        return (reply, delivery);
    }
    match kind {
        Harmless::Further => value["XFurther"] = json!({"of": ["nobody", 1, null]}),
        Harmless::Reordered => reorder(&mut value, dice),
        Harmless::OneMorePage => one_more_page(&mut value),
        Harmless::Unprocessed => leave_half(request, &mut value),
        _ => {}
    }
    reply.remove("x-amz-crc32");
    reply.body = match (kind, op) {
        (Harmless::Further, _) => serde_json::to_vec_pretty(&value).expect("JSON"),
        _ => value.to_string().into_bytes(),
    };
    (reply, delivery)
}

fn reorder(value: &mut Value, dice: &mut Dice) {
    for name in ["Items", "Messages", "Successful", "Failed"] {
        if let Some(list) = value.get_mut(name).and_then(Value::as_array_mut) {
            // The last row is the one the next page begins after.
            let keep = usize::from(name == "Items" && !list.is_empty());
            let end = list.len() - keep;
            dice.shuffle(&mut list[..end]);
        }
    }
    let tables = value.get_mut("Responses").and_then(Value::as_object_mut);
    for rows in tables.into_iter().flat_map(|tables| tables.values_mut()) {
        if let Some(rows) = rows.as_array_mut() {
            dice.shuffle(rows);
        }
    }
}

/// As where a limit is met exactly: the key of the last row, after which there is nothing.
fn one_more_page(value: &mut Value) {
    let last = value["Items"].as_array().and_then(|items| items.last());
    let key = last.map(|row| json!({"id": row["id"]}));
    if let (Some(key), None) = (key, value.get("LastEvaluatedKey")) {
        value["LastEvaluatedKey"] = key;
    }
}

fn leave_half(request: &Message, value: &mut Value) {
    let mut asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let mut left = 0;
    each_keys(&mut asked["RequestItems"], |keys| {
        keys.drain(..keys.len().div_ceil(2));
        left += keys.len();
    });
    if left > 0 {
        value["UnprocessedKeys"] = asked["RequestItems"].clone();
    }
}
