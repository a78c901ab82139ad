//! What orders are and where they end, as a scenario says it, checked: plain data that is kept in the run's folder.
//!
//! `order::Model` makes of it what sends and compares. Texts called templates hold placeholders, `{{name}}`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Orders, bad orders, and the ends they belong to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderSpec {
    /// How orders are identified.
    pub id: IdScheme,
    /// What is sent.
    pub body: Body,
    /// What differs from order to order, drawn in the order of the names.
    pub fields: BTreeMap<String, Field>,
    /// How the body is wrapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Envelope>,
    /// How the body is encoded before it is wrapped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// The message's attributes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, AttributeSpec>,
    /// The name of a further message attribute, which holds the run's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The message group, a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The deduplication id, a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<String>,
    /// The message's own delay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Duration>,
    /// The kinds of bad orders; which share of all orders they are is the scenario's `bad_orders`.
    pub bad: Vec<BadKind>,
    /// The ends by name: `stored`, where good orders belong, `dead_letter`, the dead-letter queue, and any others.
    pub ends: BTreeMap<String, End>,
    /// The ends a good order may belong to, `stored` alone when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub good_ends: Vec<String>,
    /// Rows that are there before an order is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Before>,
    /// Counters that must add up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sums: Vec<Sum>,
    /// The key of every table, by the table's name: those that ends and `before` name, and those of `[pipeline] tables`.
    pub tables: BTreeMap<String, Key>,
    /// Queues that no end names and the pipeline has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<String>,
}

impl OrderSpec {
    /// The table that stands for all of them where one is asked for, as the scenario calls it: the lab's, or the first in
    /// which good orders end.
    pub fn main_table(&self) -> &str {
        const LAB: &str = "orders";
        if self.tables.contains_key(LAB) {
            return LAB;
        }
        let stored = self.ends.get(STORED).and_then(|end| end.rows.first());
        let first = || self.tables.keys().next().map(String::as_str);
        stored
            .map(|row| row.table.as_str())
            .or_else(first)
            .unwrap_or(LAB)
    }
}

/// The name of the end that good orders belong to.
pub const STORED: &str = "stored";

/// The name of the end that bad orders belong to unless they name another: the dead-letter queue.
pub const DEAD_LETTER: &str = "dead_letter";

/// How orders are identified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdScheme {
    /// Run id times 10^9 plus the sequence number, below 2^53.
    Number,
    /// A UUID of version 8 that holds run and sequence number, enciphered.
    Uuid,
    /// A ULID whose 80 free bits hold run and sequence number, enciphered; its time is the instant the order is due.
    Ulid,
    /// A template with `{{run}}` and `{{n}}`, each with a width or a separator after it.
    Text(String),
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// A template.
    Template(String),
    /// Bodies of a file, sent again with ids of this run.
    Replay {
        /// The bodies.
        bodies: Vec<String>,
        /// Which of them an order takes.
        take: Take,
        /// JSON pointers to where the id stands in each.
        id_at: Vec<String>,
        /// JSON pointer = JSON or template: what is blanked.
        set: BTreeMap<String, String>,
    },
}

/// Which row of a data file, or body of a replay, an order takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// Any, drawn with replacement.
    Random,
    /// One after the other, from the first again after the last.
    InTurn,
    /// One after the other, each once: there must be as many as orders.
    Once,
}

/// How a field is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Field {
    /// One of `values`, each a JSON text; all alike, or by weight.
    Pick {
        /// JSON texts: `"zTV"` with its quotes, `110.0`, `{"a": 1}`.
        values: Vec<String>,
        /// As many as values; empty for all alike.
        weights: Vec<f64>,
    },
    /// A whole number within both ends.
    Integer {
        /// The least.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A decimal within both ends, always written with this many places.
    Decimal {
        /// The least, as its text.
        least: String,
        /// The most, as its text.
        most: String,
        /// Digits after the point.
        places: u8,
    },
    /// True with this probability, 0.0 to 1.0.
    True(f64),
    /// A text of letters and digits, its length in bytes log-normal with these quantiles.
    Text {
        /// Half are at most so long.
        p50: u32,
        /// All but one in a hundred are at most so long; nothing is longer than four times that.
        p99: u32,
    },
    /// The instant the order is due.
    Time(TimeFormat),
    /// A random UUID of version 4, other than the order's id.
    NewUuid,
    /// A list of this many elements, drawn like an integer.
    List {
        /// The least.
        least: u32,
        /// The most.
        most: u32,
        /// The template of an element; `{{at}}` counts from 0.
        of: String,
        /// What differs from element to element.
        fields: BTreeMap<String, Field>,
    },
    /// A row of a table of texts, used as `{{field.column}}`.
    Data {
        /// The names of the columns.
        columns: Vec<String>,
        /// The rows, each as long as `columns`.
        rows: Vec<Vec<String>>,
        /// Which an order takes.
        take: Take,
    },
}

/// How an instant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// `2026-11-27T09:00:00.123Z`, a text.
    Rfc3339,
    /// Seconds since the Unix epoch, a number.
    Unix,
    /// Milliseconds since the Unix epoch, a number.
    UnixMs,
    /// `2026-11-27`, a text, UTC.
    Date,
}

/// What a message's body is wrapped in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Envelope {
    /// What SNS puts on a queue without raw delivery.
    Sns,
    /// What an EventBridge rule puts on a queue; the order is its `detail`.
    Eventbridge {
        /// `source`.
        source: String,
        /// `detail-type`.
        detail_type: String,
    },
    /// A template with `{{order}}`.
    Template(String),
}

/// How a body is encoded before it is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Base64.
    Base64,
    /// Gzip, then base64.
    GzipBase64,
}

/// A message attribute: a template and the attribute's type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttributeSpec {
    /// `String`.
    Text(String),
    /// `Number`.
    Number(String),
}

/// A kind of bad orders.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BadKind {
    /// What it is called.
    pub name: String,
    /// How many of it there are beside the other kinds.
    pub weight: f64,
    /// The end it belongs to.
    pub end: String,
    /// JSON pointer = JSON text that stands there instead.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// JSON pointers to what is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Fields drawn otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Field>,
    /// The share of the message that is left, 0.0 to 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<f64>,
    /// Another body altogether, a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Message attributes that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// The rows of `before` are not there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_before: bool,
}

/// What an order leaves where it ends.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Its rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowSpec>,
    /// Its letters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub letters: Vec<LetterSpec>,
}

/// A row that an order leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowSpec {
    /// The table.
    pub table: String,
    /// Key attribute = template; `*` in it is what nobody knows.
    pub key: BTreeMap<String, String>,
    /// Attribute = what must be there.
    pub holds: BTreeMap<String, Expected>,
    /// Attributes beside key and `holds` are a difference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only: bool,
    /// JSON pointer to a list in the body: a row for each element, `{{at}}` counting from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// Where in the row the order's id is, when the key does not tell: an attribute, then a JSON pointer into it:
    /// `payload/orderId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_at: Option<String>,
    /// The attribute that says when it was stored, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored_at: Option<StoredAt>,
    /// The attribute that says how often the message had been received, a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receives_at: Option<String>,
    /// The attribute that says when, or as the how-manieth, the order was processed: by it the order within message groups
    /// is judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_by: Option<OrderedBy>,
}

/// The attribute by which the order within message groups is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderedBy {
    /// Its name.
    pub attribute: String,
    /// What it holds.
    pub kind: StampKind,
}

/// How an attribute writes a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StampKind {
    /// A number that grows, or its text: a counter, or a time in any unit.
    Number,
    /// RFC 3339, as in [`TimeUnit::Rfc3339`].
    Rfc3339,
}

/// The attribute that says when a row was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredAt {
    /// Its name.
    pub attribute: String,
    /// What it holds.
    pub unit: TimeUnit,
}

/// How an attribute writes an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds since the Unix epoch, a fraction allowed.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// RFC 3339, or what Python's `isoformat` writes; without an offset it is UTC.
    Rfc3339,
}

/// A letter that an order leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterSpec {
    /// The queue's name; `None` is the pipeline's dead-letter queue, where a letter is the order's own message.
    pub queue: Option<String>,
    /// JSON pointers into the letter's body to where the order's id is; without one, where it is in the order's own body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_at: Vec<String>,
    /// JSON pointer into the letter's body = what must be there; empty for a letter that is the order's own message.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holds: BTreeMap<String, Expected>,
}

/// What an attribute must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Expected {
    /// What stands at this JSON pointer in the order, `/` being all of it; compared by meaning. `{{at}}` may stand in it.
    At(String),
    /// A text: the template rendered.
    Text(String),
    /// A number: the template rendered, or what stands at a JSON pointer when it begins with `/`, text there included.
    Number(String),
    /// How many elements the list at this JSON pointer has.
    Count(String),
    /// A text that holds JSON: what stands at a JSON pointer, or the template rendered. The fields that `may_add` names may
    /// be there beside it: one that the order's body has, too, if it holds the same; another whatever it holds.
    Json {
        /// The pointer, when it begins with `/`, or the template.
        of: String,
        /// JSON pointers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        may_add: Vec<String>,
    },
    /// The texts of the list at this pointer, joined.
    Join {
        /// The pointer.
        of: String,
        /// What stands between them.
        with: String,
    },
    /// Exactly this, a JSON text: `true`, `null`, `"a"`, `[1, 2]`.
    Is(String),
    /// The attribute must not be there.
    Absent,
}

/// A row that is there before its order is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// The table.
    pub table: String,
    /// Attribute = what is written.
    pub row: BTreeMap<String, Expected>,
}

/// A counter that must be the sum over the orders that ended well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sum {
    /// The table.
    pub table: String,
    /// The counter's key, templates.
    pub key: BTreeMap<String, String>,
    /// The attribute that holds it.
    pub attribute: String,
    /// JSON pointer to what an order adds; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// A table's key: its attributes with their types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The partition key.
    pub partition: KeyAttribute,
    /// The sort key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<KeyAttribute>,
}

/// In words: `id (N)`, `pk (S) and sk (N)`.
impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let KeyAttribute { name, kind } = &self.partition;
        write!(f, "{name} ({kind:?})")?;
        match &self.sort {
            Some(KeyAttribute { name, kind }) => write!(f, " and {name} ({kind:?})"),
            None => Ok(()),
        }
    }
}

/// One attribute of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// `S`, `N` or `B`.
    #[serde(rename = "type")]
    pub kind: KeyType,
}

/// The type of a key attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum KeyType {
    /// Text.
    S,
    /// Number.
    N,
    /// Bytes.
    B,
}
