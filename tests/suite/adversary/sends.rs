//! A send through the proxy: its orders, what of them goes on to the queue, and what its sender is told of each.

use std::collections::BTreeSet;

use md5::{Digest, Md5};
use orderproof::ledger::Outcome;
use orderproof::order::RunId;
use serde_json::{Value, json};

use super::acts::{Instead, Lie};
use super::dice::Dice;
use super::wire::Message;

/// Orders of a run from here on are planned by none of these cases.
const UNPLANNED: u64 = 500_000_000;

/// What a sender was told of an order, and so what it may hold of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Taken, beyond doubt.
    Taken,
    /// Taken, in a way that a careful reader need not accept.
    TakenOddly,
    /// Refused, beyond doubt.
    Refused,
    /// Nothing that proves anything.
    Nothing,
}

impl Said {
    /// What the ledger may say then. A reply may have come too late on a busy machine.
    pub fn outcomes(self) -> &'static [Outcome] {
        match self {
            Self::Taken | Self::TakenOddly => &[Outcome::Acknowledged, Outcome::Indeterminate],
            Self::Refused => &[Outcome::Rejected, Outcome::Indeterminate],
            Self::Nothing => &[Outcome::Indeterminate],
        }
    }
}

/// A message of a send.
#[derive(Debug, Clone)]
pub struct Entry {
    pub id: String,
    pub body: String,
    /// The order's number within the run.
    pub order: Option<u64>,
}

/// The messages of one request.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub single: bool,
    queue_url: Value,
    pub entries: Vec<Entry>,
}

impl Parcel {
    pub fn read(request: &Message, run: RunId) -> Option<Self> {
        let value: Value = serde_json::from_slice(&request.body).ok()?;
        let entry = |id: &str, body: &Value| {
            let body = body.as_str()?.to_owned();
            Some(Entry {
                id: id.to_owned(),
                order: number_in(&body).and_then(|number| run.sequence_of(number)),
                body,
            })
        };
        let batch = value.get("Entries").and_then(Value::as_array);
        let entries = match batch {
            None => vec![entry("0", &value["MessageBody"])?],
            Some(entries) => entries
                .iter()
                .map(|each| entry(each["Id"].as_str()?, &each["MessageBody"]))
                .collect::<Option<_>>()?,
        };
        Some(Self {
            single: batch.is_none(),
            queue_url: value["QueueUrl"].clone(),
            entries,
        })
    }

    /// The request that sends these entries instead; `None` for none at all.
    pub fn request(&self, like: &Message, entries: &[Entry]) -> Option<Message> {
        if entries.is_empty() {
            return None;
        }
        let mut request = like.clone();
        let (target, body) = match (self.single, entries) {
            (true, [entry]) => (
                "AmazonSQS.SendMessage",
                json!({"QueueUrl": self.queue_url, "MessageBody": entry.body}),
            ),
            _ => {
                let entries = entries
                    .iter()
                    .map(|entry| json!({"Id": entry.id, "MessageBody": entry.body}));
                let entries: Vec<Value> = entries.collect();
                (
                    "AmazonSQS.SendMessageBatch",
                    json!({"QueueUrl": self.queue_url, "Entries": entries}),
                )
            }
        };
        request.remove("x-amz-target");
        request.headers.push(("x-amz-target".into(), target.into()));
        request.body = body.to_string().into_bytes();
        Some(request)
    }

    /// The reply that acknowledges everything, as the queue would.
    pub fn acknowledged(&self) -> Value {
        match self.single {
            true => json!({
                "MessageId": message_id(&self.entries[0]),
                "MD5OfMessageBody": md5(&self.entries[0].body),
            }),
            false => {
                let entries = self.entries.iter().map(|entry| {
                    json!({
                        "Id": entry.id,
                        "MessageId": message_id(entry),
                        "MD5OfMessageBody": md5(&entry.body),
                    })
                });
                json!({"Successful": entries.collect::<Vec<_>>()})
            }
        }
    }

    /// What an unchanged reply of the pipeline says of each entry.
    pub fn said(&self, reply: &Message) -> Vec<Said> {
        let value: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let one = |entry: &Entry| match (reply.status(), self.single) {
            (200, true) => Said::Taken,
            (200, false) => {
                let named = |list: &str| {
                    let mut entries = value[list].as_array().into_iter().flatten();
                    entries
                        .find(|each| each["Id"] == entry.id.as_str())
                        .cloned()
                };
                match (named("Successful"), named("Failed")) {
                    (Some(_), None) => Said::Taken,
                    (None, Some(failed)) if failed["SenderFault"] == true => Said::Refused,
                    _ => Said::Nothing,
                }
            }
            (400..=499, _) if value["__type"].is_string() => Said::Refused,
            _ => Said::Nothing,
        };
        self.entries.iter().map(one).collect()
    }

    pub fn all(&self, said: Said) -> Vec<Said> {
        vec![said; self.entries.len()]
    }
}

/// What a reply that no pipeline wrote says of a send.
pub fn said_instead(instead: Instead) -> Said {
    match instead {
        Instead::Code(400 | 403, _) => Said::Refused,
        _ => Said::Nothing,
    }
}

/// A send that is lied about: what goes on to the queue, what is answered, and what that says.
pub struct Told {
    /// What goes on in the request's place, in order.
    pub forwarded: Vec<Entry>,
    /// And after it, in a request of its own.
    pub after: Vec<Entry>,
    pub reply: Message,
    pub said: Vec<Said>,
}

/// `victims` are the places of the entries it is about.
pub fn lie(
    parcel: &Parcel,
    lie: Lie,
    victims: &BTreeSet<usize>,
    run: RunId,
    dice: &mut Dice,
) -> Told {
    let mut told = Told {
        forwarded: parcel.entries.clone(),
        after: Vec::new(),
        reply: Message::json(200, ""),
        said: parcel.all(Said::Taken),
    };
    let mut value = parcel.acknowledged();
    if harm(parcel, lie, victims, run, &mut told) {
        told.reply.body = value.to_string().into_bytes();
        return told;
    }
    let keep = |told: &mut Told| {
        let entries = parcel.entries.iter().enumerate();
        let kept = entries.filter(|(place, _)| !victims.contains(place));
        told.forwarded = kept.map(|(_, entry)| entry.clone()).collect();
    };
    if matches!(lie, Lie::FailedAndNotTaken | Lie::RefusedAndNotTaken) {
        keep(&mut told);
    }
    match parcel.single {
        true => told.said = vec![about_one(lie, &mut value, &mut told.reply)],
        false => {
            let doubt = about_entries(lie, victims, &mut value, dice);
            for (place, said) in told.said.iter_mut().enumerate() {
                *said = match victims.contains(&place) {
                    true => doubt.victims,
                    false => doubt.others,
                };
            }
        }
    }
    if lie == Lie::WrongType {
        told.reply.headers[0].1 = "text/plain".into();
    }
    told.reply.body = value.to_string().into_bytes();
    told
}

/// What really harms orders, behind an acknowledgment in good form or a refusal; whether `lie` is of that kind.
fn harm(parcel: &Parcel, lie: Lie, victims: &BTreeSet<usize>, run: RunId, told: &mut Told) -> bool {
    let each = parcel.entries.iter().enumerate();
    match lie {
        Lie::Vanishes => {
            let kept = each.filter(|(place, _)| !victims.contains(place));
            told.forwarded = kept.map(|(_, entry)| entry.clone()).collect();
        }
        Lie::Altered | Lie::AlteredCopy => {
            let changed = each.map(|(place, entry)| match victims.contains(&place) {
                true => altered(entry),
                false => entry.clone(),
            });
            let changed: Vec<Entry> = changed.collect();
            match lie {
                Lie::Altered => told.forwarded = changed,
                _ => told.after = changed,
            }
        }
        Lie::Swapped => {
            let count = parcel.entries.len();
            for place in victims.iter().filter(|place| *place + 1 < count) {
                let (one, other) = (&parcel.entries[*place], &parcel.entries[place + 1]);
                if let (Some(a), Some(b)) = (number_in(&one.body), number_in(&other.body)) {
                    told.forwarded[*place].body = one.body.replace(&a.to_string(), &b.to_string());
                    told.forwarded[place + 1].body =
                        other.body.replace(&b.to_string(), &a.to_string());
                }
            }
        }
        Lie::Phantom | Lie::Stranger => {
            let made_up = each.filter(|(place, _)| victims.contains(place));
            let made_up = made_up.filter_map(|(_, entry)| match lie {
                Lie::Phantom => made_up_as(entry, run.number(entry.order? + UNPLANNED)),
                _ => made_up_as(entry, entry.order? + 12),
            });
            told.after = made_up.collect();
        }
        _ => return false,
    }
    true
}

/// What a lie leaves of the entries it is about, and of those beside them.
struct Doubt {
    victims: Said,
    others: Said,
}

impl Doubt {
    fn victims(victims: Said) -> Self {
        Self {
            victims,
            others: Said::Taken,
        }
    }

    /// A reader may give the whole reply up.
    fn all(victims: Said) -> Self {
        Self {
            victims,
            others: Said::TakenOddly,
        }
    }
}

fn about_one(lie: Lie, value: &mut Value, reply: &mut Message) -> Said {
    match lie {
        Lie::WrongMd5 | Lie::OthersMd5 => value["MD5OfMessageBody"] = json!(md5("another body")),
        Lie::NoMd5 | Lie::EntryLeftOut => {
            value
                .as_object_mut()
                .expect("an object")
                .remove("MD5OfMessageBody");
        }
        Lie::NullMember => value["MD5OfMessageBody"] = Value::Null,
        Lie::UpperMd5 | Lie::WrongType | Lie::UnknownEntry | Lie::EntryTwice => {
            let upper = value["MD5OfMessageBody"].as_str().map(str::to_uppercase);
            if lie == Lie::UpperMd5 {
                value["MD5OfMessageBody"] = json!(upper);
            }
            return Said::TakenOddly;
        }
        Lie::RefusedAndNotTaken | Lie::RefusedAndTaken => {
            *value = json!({"__type": "com.amazonaws.sqs#InvalidMessageContents", "message": "no"});
            *reply = refusal("InvalidMessageContents");
            return Said::Refused;
        }
        // One that fails by the server's fault is a 5xx where there is no entry to say it of.
        _ => {
            *value = json!({"__type": "com.amazonaws.sqs#InternalFailure", "message": "again"});
            *reply = Message::json(500, "");
        }
    }
    Said::Nothing
}

fn refusal(code: &str) -> Message {
    let mut reply = Message::json(400, "");
    let older = format!("{code};Sender");
    reply.headers.push(("x-amzn-query-error".into(), older));
    reply
}

fn about_entries(lie: Lie, victims: &BTreeSet<usize>, value: &mut Value, dice: &mut Dice) -> Doubt {
    let entries = value["Successful"].as_array_mut().expect("entries");
    let struck: Vec<usize> = victims.iter().copied().collect();
    let mut failed = Vec::new();
    let mut fail = |entries: &mut Vec<Value>, fault: Value, keep: bool| {
        for place in struck.iter().rev() {
            let id = entries[*place]["Id"].clone();
            failed.push(match fault {
                Value::Null => json!({"Id": id, "Code": "InternalError", "Message": "again"}),
                _ => json!({"Id": id, "Code": "InternalError", "SenderFault": fault, "Message": "again"}),
            });
            if !keep {
                entries.remove(*place);
            }
        }
    };
    let doubt = match lie {
        Lie::WrongMd5 | Lie::OthersMd5 => {
            let other = entries[(struck[0] + 1) % entries.len()]["MD5OfMessageBody"].clone();
            let wrong = match lie == Lie::OthersMd5 && entries.len() > 1 {
                true => other,
                false => json!(md5("another body")),
            };
            for place in &struck {
                entries[*place]["MD5OfMessageBody"] = wrong.clone();
            }
            // One of them may be the other's own.
            return Doubt::victims(match lie {
                Lie::OthersMd5 if struck.len() > 1 => Said::TakenOddly,
                _ => Said::Nothing,
            });
        }
        Lie::NoMd5 | Lie::NullMember => {
            for place in &struck {
                entries[*place]["MD5OfMessageBody"] = Value::Null;
            }
            return Doubt::all(Said::Nothing);
        }
        Lie::UpperMd5 => {
            for place in &struck {
                let upper = entries[*place]["MD5OfMessageBody"]
                    .as_str()
                    .map(str::to_uppercase);
                entries[*place]["MD5OfMessageBody"] = json!(upper);
            }
            Doubt::victims(Said::TakenOddly)
        }
        Lie::EntryLeftOut => {
            for place in struck.iter().rev() {
                entries.remove(*place);
            }
            Doubt::victims(Said::Nothing)
        }
        Lie::EntryTwice => {
            for place in &struck {
                entries.push(entries[*place].clone());
            }
            Doubt::victims(Said::TakenOddly)
        }
        Lie::EntryInBoth => {
            fail(entries, json!(false), true);
            Doubt::victims(Said::Nothing)
        }
        Lie::FailedByServer | Lie::FailedAndNotTaken => {
            fail(entries, json!(false), false);
            Doubt::victims(Said::Nothing)
        }
        Lie::FailedByNobody => {
            fail(entries, Value::Null, false);
            Doubt::all(Said::Nothing)
        }
        Lie::RefusedAndNotTaken | Lie::RefusedAndTaken => {
            fail(entries, json!(true), false);
            Doubt::victims(Said::Refused)
        }
        Lie::UnknownEntry => {
            entries.push(json!({"Id": "77", "MessageId": "x", "MD5OfMessageBody": md5("")}));
            Doubt::all(Said::TakenOddly)
        }
        _ => Doubt::all(Said::TakenOddly),
    };
    dice.shuffle(entries);
    if !failed.is_empty() {
        value["Failed"] = Value::Array(failed);
    }
    doubt
}

/// The order number in a body.
pub fn number_in(body: &str) -> Option<u64> {
    let value: Value = serde_json::from_str(body).ok()?;
    value.get("order_number")?.as_u64()
}

/// The same order with another content.
fn altered(entry: &Entry) -> Entry {
    let mut value: Value = serde_json::from_str(&entry.body).unwrap_or_default();
    let items = value["num_items"].as_u64().unwrap_or(0);
    value["num_items"] = json!(items % 5 + 1);
    Entry {
        body: value.to_string(),
        ..entry.clone()
    }
}

/// The same content under another number.
fn made_up_as(entry: &Entry, number: u64) -> Option<Entry> {
    let mut value: Value = serde_json::from_str(&entry.body).ok()?;
    value["order_number"] = json!(number);
    Some(Entry {
        body: value.to_string(),
        order: None,
        ..entry.clone()
    })
}

pub fn md5(text: &str) -> String {
    let digest: [u8; 16] = Md5::digest(text.as_bytes()).into();
    digest.map(|byte| format!("{byte:02x}")).concat()
}

fn message_id(entry: &Entry) -> String {
    let hex = md5(&entry.id);
    format!(
        "{}-{}-4{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}
