//! Replies of the stores that are not the true ones, made from the true ones.

use std::collections::BTreeSet;

use orderproof::order::OrderPlan;
use serde_json::{Map, Value, json};

use super::acts::{Lie, Op};
use super::dice::Dice;
use super::sends::{md5, number_in};

/// Which orders are spoken of untruly, and as what.
#[derive(Debug, Default, Clone)]
pub struct Spoken {
    /// Shown with another content: the server's word, and nobody can know better.
    pub altered: BTreeSet<u64>,
    /// Shown in the dead-letter queue, where they are not.
    pub dead: BTreeSet<u64>,
    /// Rows or letters of nobody's were shown.
    pub foreign: bool,
    /// The counts were too low.
    pub counts: bool,
}

/// What a lie is told with.
pub struct Liar<'a> {
    pub plan: &'a OrderPlan,
    pub planned: u64,
    pub dice: &'a mut Dice,
    pub spoken: &'a mut Spoken,
    /// How many lies of its kind came before.
    pub told: u64,
}

impl Liar<'_> {
    /// Changes the true reply to `op`; whether its checksum stays as if nothing had been changed.
    pub fn change(&mut self, op: Op, lie: Lie, reply: &mut Value) -> bool {
        match lie {
            Lie::WithoutMember | Lie::NullMember | Lie::SwappedTypes | Lie::ArrayAsObject => {
                self.any(lie, reply);
            }
            _ => match op {
                Op::Counts => self.counts(lie, reply),
                Op::Receive => self.letters(lie, reply),
                Op::Delete | Op::Show => self.batch(lie, reply),
                Op::Scan => self.rows(lie, reply),
                Op::Get => self.look_up(lie, reply),
                Op::Send | Op::Other => {}
            },
        }
        lie == Lie::RowAlteredUnderChecksum
    }

    fn any(&mut self, lie: Lie, reply: &mut Value) {
        let Some(object) = reply.as_object_mut() else {
            return;
        };
        let names: Vec<String> = object.keys().cloned().collect();
        let name = names.get(self.dice.below(names.len())).cloned();
        match (lie, name) {
            (Lie::WithoutMember, Some(name)) => {
                object.remove(&name);
            }
            (Lie::NullMember, Some(name)) => {
                object.insert(name, Value::Null);
            }
            (Lie::ArrayAsObject, _) => {
                let array = object.values_mut().find(|value| value.is_array());
                match array {
                    Some(array) => *array = json!({"0": array.clone()}),
                    None => *reply = json!([reply.clone()]),
                }
            }
            _ => {
                let scalars = count_scalars(reply);
                let mut chosen = self.dice.below(scalars);
                swap_scalar(reply, &mut chosen);
            }
        }
    }

    fn counts(&mut self, lie: Lie, reply: &mut Value) {
        let Some(attributes) = reply.get_mut("Attributes").and_then(Value::as_object_mut) else {
            return;
        };
        let names: Vec<String> = attributes
            .keys()
            .filter(|name| name.starts_with("ApproximateNumberOfMessages"))
            .cloned()
            .collect();
        if names.is_empty() {
            return;
        }
        if lie == Lie::Missing {
            let name = &names[self.dice.below(names.len())];
            attributes.remove(name);
            return;
        }
        for (place, name) in names.iter().enumerate() {
            let text = match lie {
                Lie::Zero => "0".to_owned(),
                Lie::More => (5 + self.told).to_string(),
                Lie::Negative => "-1".to_owned(),
                Lie::Exponent => "0e3".to_owned(),
                Lie::Fraction => "0.0".to_owned(),
                // Together they are 2^64.
                _ if place == 0 => u64::MAX.to_string(),
                _ => u64::from(place == 1).to_string(),
            };
            attributes.insert(name.clone(), json!(text));
        }
        self.spoken.counts |= lie == Lie::Zero;
    }

    fn letters(&mut self, lie: Lie, reply: &mut Value) {
        if matches!(lie, Lie::Invented | Lie::InventedAgain | Lie::InventedOwn) {
            let letter = self.invented(lie);
            let messages = reply.as_object_mut().expect("an object");
            let messages = messages.entry("Messages").or_insert(json!([]));
            messages.as_array_mut().expect("messages").push(letter);
            return;
        }
        let Some(messages) = reply.get_mut("Messages").and_then(Value::as_array_mut) else {
            return;
        };
        let place = self.dice.below(messages.len());
        let Some(mut letter) = messages.get(place).cloned() else {
            return;
        };
        match lie {
            Lie::NothingReceived => messages.clear(),
            Lie::OneLess => {
                messages.remove(place);
            }
            Lie::LetterTwice => messages.push(letter),
            Lie::LetterTwiceOther => {
                self.alter_letter(&mut letter, true);
                messages.push(letter);
            }
            Lie::LetterAltered | Lie::LetterAlteredWithMd5 => {
                let with_md5 = lie == Lie::LetterAlteredWithMd5;
                let letter = &mut messages[place];
                self.alter_letter(letter, with_md5);
            }
            Lie::NoBody | Lie::NoMessageId | Lie::NoHandle => {
                let name = match lie {
                    Lie::NoBody => "Body",
                    Lie::NoMessageId => "MessageId",
                    _ => "ReceiptHandle",
                };
                let letter = messages[place].as_object_mut();
                letter.expect("a message").remove(name);
            }
            _ => {}
        }
    }

    fn alter_letter(&mut self, letter: &mut Value, with_md5: bool) {
        let text = letter["Body"].as_str().unwrap_or_default().to_owned();
        let Ok(mut body) = serde_json::from_str::<Value>(&text) else {
            return;
        };
        let items = body["num_items"].as_u64().unwrap_or(0);
        body["num_items"] = json!(items % 5 + 1);
        letter["Body"] = json!(body.to_string());
        if with_md5 {
            letter["MD5OfBody"] = json!(md5(&body.to_string()));
            let order = number_in(&text).and_then(|n| self.plan.run.sequence_of(n));
            self.spoken.altered.extend(order);
        }
    }

    fn invented(&mut self, lie: Lie) -> Value {
        let again = lie == Lie::InventedAgain;
        let number = if again { 0 } else { self.told };
        let body = match lie {
            Lie::InventedOwn => {
                let order = self.told % self.planned;
                self.spoken.dead.insert(order);
                let mut body = Vec::new();
                self.plan.write_body(order, &mut body);
                String::from_utf8(body).expect("a body is text")
            }
            _ => format!(r#"{{"order_number": {number}, "from": "somebody else"}}"#),
        };
        self.spoken.foreign |= lie != Lie::InventedOwn;
        json!({
            "MessageId": format!("00000000-0000-4000-a000-{number:012}"),
            "ReceiptHandle": format!("handle-{number}"),
            "MD5OfBody": md5(&body),
            "Body": body,
        })
    }

    fn batch(&mut self, lie: Lie, reply: &mut Value) {
        let done = reply["Successful"].take();
        let done = done.as_array().cloned().unwrap_or_default();
        *reply = match lie {
            Lie::AllFailed => {
                let failed = |entry: &Value| json!({"Id": entry["Id"], "Code": "InternalError", "SenderFault": false});
                json!({"Successful": [], "Failed": done.iter().map(failed).collect::<Vec<_>>()})
            }
            Lie::NoneNamed => json!({"Successful": [], "Failed": []}),
            _ => {
                json!({"Successful": [{"Id": "77"}], "Failed": [{"Id": "78", "Code": "x", "SenderFault": true}]})
            }
        };
    }

    fn rows(&mut self, lie: Lie, reply: &mut Value) {
        let key = json!({"id": {"N": (5 + self.told).to_string()}});
        match lie {
            Lie::SamePageForEver => reply["LastEvaluatedKey"] = json!({"id": {"N": "5"}}),
            Lie::PagesForEver => reply["LastEvaluatedKey"] = key,
            Lie::CutShort => {
                reply
                    .as_object_mut()
                    .expect("an object")
                    .remove("LastEvaluatedKey");
            }
            Lie::WrongCount => {
                let count = reply["Count"].as_u64().unwrap_or(0);
                reply["Count"] = json!(count + 3);
            }
            _ => {}
        }
        let Some(items) = reply.get_mut("Items").and_then(Value::as_array_mut) else {
            return;
        };
        let some: Vec<usize> = (0..items.len()).filter(|_| self.dice.percent(25)).collect();
        match lie {
            Lie::RowsLeftOut | Lie::RowsLeftOutAndCounted => {
                for place in some.iter().rev() {
                    items.remove(*place);
                }
            }
            Lie::RowTwice | Lie::RowTwiceOther => {
                for place in some {
                    let mut copy = items[place].clone();
                    if lie == Lie::RowTwiceOther {
                        self.alter_row(&mut copy, true);
                    }
                    let at = self.dice.below(items.len() + 1);
                    items.insert(at, copy);
                }
            }
            Lie::RowAltered => some
                .iter()
                .for_each(|&place| self.alter_row(&mut items[place], true)),
            Lie::RowAlteredUnderChecksum => {
                some.iter()
                    .for_each(|&place| self.alter_row(&mut items[place], false));
            }
            _ => some
                .iter()
                .for_each(|&place| self.deform_row(lie, &mut items[place])),
        }
        let shown = items.len();
        if lie != Lie::WrongCount && lie != Lie::RowsLeftOut {
            reply["Count"] = json!(shown);
            reply["ScannedCount"] = json!(shown);
        }
    }

    /// One row that cannot be read as it should be.
    fn deform_row(&mut self, lie: Lie, row: &mut Value) {
        let number = row["id"]["N"].as_str().unwrap_or_default().to_owned();
        let Some(row) = row.as_object_mut() else {
            return;
        };
        match lie {
            Lie::NoKey => {
                row.remove("id");
            }
            Lie::KeyAsText => {
                row.insert("id".into(), json!({"S": number}));
            }
            Lie::KeySpelled(how) => {
                row.insert("id".into(), json!({"N": spelled(&number, how)}));
            }
            Lie::NoDetails | Lie::DetailsBinary | Lie::DetailsCut => {
                let order = number.parse().ok();
                let order = order.and_then(|n| self.plan.run.sequence_of(n));
                self.spoken.altered.extend(order);
                deform_details(lie, row);
            }
            _ => {}
        }
    }

    fn alter_row(&mut self, row: &mut Value, told: bool) {
        let text = row["order_details"]["S"].as_str().unwrap_or_default();
        let Ok(mut details) = serde_json::from_str::<Value>(text) else {
            return;
        };
        let items = details["num_items"].as_u64().unwrap_or(0);
        details["num_items"] = json!(items % 5 + 1);
        row["order_details"] = json!({"S": details.to_string()});
        let number = row["id"]["N"].as_str().and_then(|text| text.parse().ok());
        if told {
            let order = number.and_then(|n| self.plan.run.sequence_of(n));
            self.spoken.altered.extend(order);
        }
    }

    fn look_up(&mut self, lie: Lie, reply: &mut Value) {
        let Some(tables) = reply.get_mut("Responses").and_then(Value::as_object_mut) else {
            return;
        };
        match lie {
            Lie::NoneThere => tables.values_mut().for_each(|rows| *rows = json!([])),
            Lie::NoTable => tables.clear(),
            Lie::OtherTable => {
                let rows = tables.values().next().cloned().unwrap_or(json!([]));
                tables.clear();
                tables.insert("elsewhere".into(), rows);
            }
            Lie::Unasked => {
                self.spoken.foreign = true;
                let row = json!({"id": {"N": "12"}, "order_details": {"S": "{}"}});
                let rows = tables.values_mut().filter_map(Value::as_array_mut);
                rows.for_each(|rows| rows.push(row.clone()));
            }
            _ => {}
        }
    }
}

/// Another way of writing the same number.
fn spelled(number: &str, how: &str) -> String {
    match how {
        "exponent" => {
            let (first, rest) = number.split_at(1.min(number.len()));
            format!("{first}.{rest}E{}", rest.len())
        }
        "point" => format!("{number}.0"),
        "plus" => format!("+{number}"),
        _ => format!("00{number}"),
    }
}

fn deform_details(lie: Lie, row: &mut Map<String, Value>) {
    match lie {
        Lie::NoDetails => {
            row.remove("order_details");
        }
        Lie::DetailsBinary => {
            row.insert("order_details".into(), json!({"B": "AAAA"}));
        }
        _ => {
            let text = row["order_details"]["S"].as_str().unwrap_or_default();
            let cut = text[..text.len() / 2].to_owned();
            row.insert("order_details".into(), json!({"S": cut}));
        }
    }
}

fn count_scalars(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.values().map(count_scalars).sum(),
        Value::Array(items) => items.iter().map(count_scalars).sum(),
        _ => 1,
    }
}

/// The scalar of this place gets another type.
fn swap_scalar(value: &mut Value, place: &mut usize) {
    match value {
        Value::Object(members) => members
            .values_mut()
            .for_each(|each| swap_scalar(each, place)),
        Value::Array(items) => items.iter_mut().for_each(|each| swap_scalar(each, place)),
        _ => {
            if *place == 0 {
                *value = match &*value {
                    Value::String(text) => match text.parse::<u64>() {
                        Ok(number) => json!(number),
                        Err(_) => json!([text]),
                    },
                    Value::Number(number) => json!(number.to_string()),
                    other => json!({"was": other}),
                };
            }
            *place = place.wrapping_sub(1);
        }
    }
}
