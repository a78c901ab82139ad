//! The members that a service always sends. Pure: bytes in, a sentence out.
//!
//! By the API references of SQS and DynamoDB, and as AWS, DynamoDB Local and moto answer. What AWS leaves out when
//! there is none of it (`Messages`, `LastEvaluatedKey`, a queue's `Tags`) may be missing here.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether replies to `operation` are looked at: those of which something is believed.
pub(super) fn is_looked_at(operation: &str) -> bool {
    matches!(
        operation,
        "Scan"
            | "BatchGetItem"
            | "BatchWriteItem"
            | "DescribeTable"
            | "DescribeTimeToLive"
            | "ListTagsOfResource"
            | "GetQueueUrl"
            | "GetQueueAttributes"
            | "ListQueueTags"
            | "ReceiveMessage"
            | "DeleteMessageBatch"
            | "ChangeMessageVisibilityBatch"
    )
}

/// Why `body` is no reply to `asked`, if it is none.
pub(super) fn check(operation: &str, asked: &[u8], body: &[u8]) -> Result<(), String> {
    // Which of two members of one name is meant nobody can say, and readers differ in it.
    parsed::<NamesOnce>(body)?;
    match operation {
        "Scan" => scan(parsed(asked)?, parsed(body)?),
        "BatchGetItem" => batch_get(&parsed(asked)?, &parsed(body)?),
        "BatchWriteItem" => {
            let reply: BatchWriteReply = parsed(body)?;
            has(reply.unprocessed, "UnprocessedItems").map(drop)
        }
        "DescribeTable" => {
            let reply: DescribeReply = parsed(body)?;
            has(reply.table, "Table").map(drop)
        }
        "GetQueueUrl" => {
            let reply: UrlReply = parsed(body)?;
            match has(reply.url, "QueueUrl")?.is_empty() {
                true => Err("its QueueUrl is empty".into()),
                false => Ok(()),
            }
        }
        // None is as good as an empty list; anything else has to be one.
        "ReceiveMessage" => parsed::<ReceiveReply>(body).map(drop),
        "DeleteMessageBatch" | "ChangeMessageVisibilityBatch" => {
            parsed::<EntriesReply>(body).map(drop)
        }
        _ => parsed::<Object>(body).map(drop),
    }
}

fn parsed<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    if body.is_empty() {
        return Err("it is empty".into());
    }
    serde_json::from_slice(body).map_err(|error| format!("it cannot be read: {error}"))
}

fn has<T>(member: Option<T>, name: &str) -> Result<T, String> {
    member.ok_or_else(|| format!("it has no {name}"))
}

#[derive(Deserialize)]
struct ScanRequest {
    #[serde(rename = "Select")]
    select: Option<String>,
    #[serde(rename = "Limit")]
    limit: Option<u64>,
    #[serde(rename = "FilterExpression")]
    filter: Option<IgnoredAny>,
    #[serde(rename = "ProjectionExpression")]
    projection: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ScanReply {
    #[serde(rename = "Items")]
    items: Option<Objects>,
    #[serde(rename = "Count")]
    count: Option<u64>,
    #[serde(rename = "ScannedCount")]
    scanned: Option<u64>,
    /// Read for its form alone.
    #[serde(rename = "LastEvaluatedKey")]
    _last: Option<Object>,
}

fn scan(asked: ScanRequest, reply: ScanReply) -> Result<(), String> {
    let counts_only = asked.select.as_deref() == Some("COUNT");
    let count = has(reply.count, "Count")?;
    let scanned = has(reply.scanned, "ScannedCount")?;
    if !counts_only {
        let Objects(items) = has(reply.items, "Items")?;
        // Whoever shows more than they count hides nothing: each of them is looked at.
        if items < count {
            return Err(format!("it has {items} Items and its Count is {count}"));
        }
    }
    // Servers of which the rest can be relied on count some more when they project.
    let whole = !counts_only && asked.filter.is_none() && asked.projection.is_none();
    if scanned < count || (whole && scanned > count) {
        return Err(format!(
            "its Count is {count} and its ScannedCount {scanned}"
        ));
    }
    if let Some(limit) = asked.limit
        && count > limit
    {
        return Err(format!("it has {count} items, and {limit} were asked for"));
    }
    Ok(())
}

#[derive(Deserialize)]
struct BatchGetRequest {
    #[serde(rename = "RequestItems")]
    tables: Named<Keys>,
}

#[derive(Deserialize)]
struct Keys {
    #[serde(rename = "Keys")]
    keys: Objects,
}

#[derive(Deserialize)]
struct BatchGetReply {
    #[serde(rename = "Responses")]
    responses: Option<Named<Objects>>,
    #[serde(rename = "UnprocessedKeys")]
    unprocessed: Option<Named<Keys>>,
}

/// Every key asked for is answered by a list, which may leave it out, or is named as unprocessed.
fn batch_get(asked: &BatchGetRequest, reply: &BatchGetReply) -> Result<(), String> {
    let responses = has(reply.responses.as_ref(), "Responses")?;
    let unprocessed = has(reply.unprocessed.as_ref(), "UnprocessedKeys")?;
    let named = responses.names().chain(unprocessed.names());
    for table in named {
        if asked.tables.get(table).is_none() {
            return Err(format!("it tells of {table:?}, which was not asked for"));
        }
    }
    for (
        table,
        Keys {
            keys: Objects(keys),
        },
    ) in &asked.tables.0
    {
        let found = responses.get(table).map(|Objects(rows)| *rows);
        let open = unprocessed.get(table).map_or(0, |left| left.keys.0);
        if found.is_none() && open < *keys {
            return Err(format!("its Responses do not name {table:?}"));
        }
        if found.unwrap_or(0) + open > *keys {
            return Err(format!(
                "it answers more keys of {table:?} than were asked for"
            ));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct BatchWriteReply {
    #[serde(rename = "UnprocessedItems")]
    unprocessed: Option<Object>,
}

#[derive(Deserialize)]
struct DescribeReply {
    #[serde(rename = "Table")]
    table: Option<Object>,
}

#[derive(Deserialize)]
struct UrlReply {
    #[serde(rename = "QueueUrl")]
    url: Option<String>,
}

#[derive(Deserialize)]
struct ReceiveReply {
    #[serde(rename = "Messages")]
    _messages: Option<Objects>,
}

#[derive(Deserialize)]
struct EntriesReply {
    #[serde(rename = "Successful")]
    _successful: Option<Objects>,
    #[serde(rename = "Failed")]
    _failed: Option<Objects>,
}

/// Any JSON, in all of whose objects each name stands once.
struct NamesOnce;

/// A JSON object, whatever it holds.
struct Object;

/// How many objects a list holds, and that it holds nothing else.
struct Objects(u64);

/// The members of an object by name, each once.
struct Named<T>(Vec<(String, T)>);

impl<T> Named<T> {
    fn get(&self, name: &str) -> Option<&T> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

impl<'de> Deserialize<'de> for NamesOnce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for NamesOnce {
    type Value = Self;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = Names::default();
        while let Some(Name(name)) = map.next_key()? {
            map.next_value::<Self>()?;
            names.add(name).map_err(A::Error::custom)?;
        }
        Ok(self)
    }
}

/// The names of one object. Most objects of a page have a single member, and take no memory here.
#[derive(Default)]
struct Names<'a> {
    first: Option<Cow<'a, str>>,
    others: HashSet<Cow<'a, str>>,
}

impl<'a> Names<'a> {
    fn add(&mut self, name: Cow<'a, str>) -> Result<(), String> {
        match &self.first {
            None => self.first = Some(name),
            Some(first) if *first == name || self.others.contains(&name) => {
                return Err(format!("it names {name:?} twice"));
            }
            Some(_) => {
                self.others.insert(name);
            }
        }
        Ok(())
    }
}

/// The name of a member, copied only where it is written with escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Object;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Object)
            }
        }
        deserializer.deserialize_map(Any)
    }
}

impl<'de> Deserialize<'de> for Objects {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Objects;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of objects")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Objects, A::Error> {
                let mut count = 0;
                while list.next_element::<Object>()?.is_some() {
                    count += 1;
                }
                Ok(Objects(count))
            }
        }
        deserializer.deserialize_seq(All)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Named<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut members = Named(Vec::new());
                while let Some(name) = map.next_key::<String>()? {
                    if members.get(&name).is_some() {
                        return Err(A::Error::custom(format!("{name:?} stands in it twice")));
                    }
                    members.0.push((name, map.next_value()?));
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}
