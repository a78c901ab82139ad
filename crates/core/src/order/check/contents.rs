//! What is seen on orders themselves: pointers that no body has, keys that are no numbers, bodies that are too large.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::Decimal;
use super::super::body::Body;
use super::super::door::Door;
use super::super::ends::{Leaf, RowLeaf};
use super::super::id::RunId;
use super::super::json_text::steps;
use super::super::leaves::ELEMENTS_MAX;
use super::super::mistake::{Mistake, Problem, key_below, nearest};
use super::super::model::Model;
use super::super::random::{Stream, generator};
use super::super::spec::{End, Envelope, Expected, KeyType, OrderSpec, RowSpec, STORED};
use super::super::template::Template;
use super::super::values::Values;

/// Orders of each kind that are looked at.
const SAMPLES: u64 = 64;

/// A message of so many bytes is not written out to be measured: four times what SQS takes.
const FAR_TOO_LARGE: u64 = 4 << 20;

/// What the queue may call a message.
const A_MESSAGE_ID: &str = "5fea7756-0ea4-451a-a703-a558b933e274";

/// Bytes of all samples of one kind, about.
const SAMPLED_BYTES: u64 = 4 << 20;

/// Looks at some orders of each kind.
pub(in super::super) fn contents(model: &Model, problems: &mut Vec<Problem>) {
    if let Some(problem) = too_large(model) {
        // What is too large to be sent is too large to be looked at.
        return problems.push(problem);
    }
    for name in model.spec().ends.keys() {
        let documents = documents_at(model, name);
        // Of bad orders that are not JSON nothing is compared by a pointer; of good ones that would be a row unseen.
        if !documents.is_empty() || is_good(model.spec(), name) {
            let mut looker = Looker {
                documents,
                problems,
            };
            looker.end(model.spec(), name);
        }
    }
    number_keys(model, problems);
    problems.extend(says_nothing(model));
}

/// A row says whose it is only where the message does. Rows that are there before may tell a function more.
fn says_nothing(model: &Model) -> Option<Problem> {
    let spec = model.spec();
    let by_rows = |end: &End| end.letters.is_empty() && !end.rows.is_empty();
    // A row under the message's own id is known without an id in it.
    let ends = model.ends();
    let of_stored = |leaf: &&Leaf| ends.ends[leaf.end].name == STORED;
    let needs_id = |row: &RowLeaf| !row.names_message();
    let is_needed = spec.ends.get(STORED).is_some_and(by_rows) && spec.before.is_empty() && {
        ends.leaves.iter().filter(of_stored).filter_map(Leaf::row)
    }
    .any(needs_id);
    let bodies = &model.bodies_of(None).bodies;
    let others = model.attributes.iter().map(|attribute| &attribute.template);
    let others = others.chain(&model.group).chain(&model.deduplication);
    let wrapped = match &spec.envelope {
        Some(Envelope::Template(text)) => Template::text(text, &model.names().with_order()).ok(),
        _ => None,
    };
    let mut all = bodies
        .iter()
        .map(|body| &body.template)
        .chain(others)
        .chain(&wrapped);
    let mistake = || {
        Mistake::new(
            "nothing in the message says whose it is, so that no function can put it into a row",
            "put {{id}} into the body, or into [order] attributes or group",
        )
    };
    (is_needed && !all.any(Template::tells_order)).then(|| mistake().at("order.body"))
}

/// The first kind of orders whose largest body is larger than a message.
fn too_large(model: &Model) -> Option<Problem> {
    let kinds = (0..model.spec().bad.len()).map(Some);
    let most = model.door.request_bytes_max() as u64;
    let taker = match model.door() {
        Door::Sqs | Door::Http(_) => "SQS",
        Door::Sns(_) => "SNS",
        Door::Eventbridge(_) => "EventBridge",
    };
    std::iter::once(None).chain(kinds).find_map(|kind| {
        let largest = largest(model, kind);
        let mistake = Mistake::new(
            format!("the largest message has {largest} bytes, and {taker} takes {most}"),
            "draw shorter texts and lists",
        );
        let key = kind.map_or("order".into(), |kind| format!("bad[{kind}]"));
        (largest > most).then(|| mistake.at(key))
    })
}

/// The bytes of the largest message of a kind; when it is far too large, how many it has at least.
fn largest(model: &Model, kind: Option<usize>) -> u64 {
    let fields = model.fields_of(kind).lengths_max();
    let certain = |body: &&Body| body.template.length_max(&fields, &[]);
    let Some(body) = model.bodies_of(kind).bodies.iter().max_by_key(certain) else {
        return 0;
    };
    match certain(&body) {
        far_too_large if far_too_large > FAR_TOO_LARGE => far_too_large,
        _ => {
            let values = model.largest_values(kind);
            model.dressed(kind, body, values, u128::MAX).len() as u64
        }
    }
}

/// Whether good orders may belong to an end.
fn is_good(spec: &OrderSpec, end: &str) -> bool {
    match spec.good_ends.is_empty() {
        true => end == STORED,
        false => spec.good_ends.iter().any(|good| good == end),
    }
}

/// The documents of some orders that belong to an end; of good ones when none does.
fn documents_at(model: &Model, end: &str) -> Vec<Value> {
    let spec = model.spec();
    let bad = (0..spec.bad.len()).filter(|&kind| spec.bad[kind].end == end);
    let mut kinds: Vec<Option<usize>> = bad.map(Some).collect();
    if is_good(spec, end) || kinds.is_empty() {
        kinds.push(None);
    }
    kinds
        .into_iter()
        .flat_map(|kind| documents(model, kind))
        .collect()
}

/// Some orders as they are drawn, and of each body the orders whose lists are shortest and longest: what may be empty, and
/// what is too long, is seen on these.
fn documents(model: &Model, kind: Option<usize>) -> Vec<Value> {
    if kind.is_some_and(|kind| model.spec().bad[kind].cut.is_some()) {
        return Vec::new();
    }
    let samples = (SAMPLED_BYTES / largest(model, kind).max(1)).clamp(4, SAMPLES);
    let read = |body: &Body, values: &Values<'_>| -> Option<Value> {
        let text = body.template.rendered(values);
        serde_json::from_str(&text).ok().filter(|_| body.is_json)
    };
    let drawn = (0..samples).filter_map(|k| {
        let body = model.body_of(kind, k, || k);
        read(body, &values(model, kind, k))
    });
    let extremes = [model.smallest_values(kind), model.largest_values(kind)];
    let bodies = model.bodies_of(kind).bodies.iter();
    let extreme = bodies.flat_map(|body| extremes.iter().filter_map(|values| read(body, values)));
    drawn.chain(extreme).collect()
}

fn values(model: &Model, kind: Option<usize>, k: u64) -> Values<'_> {
    let run = RunId::new(1).unwrap_or_else(|| unreachable!("a run id"));
    let mut rng = generator(1, Stream::Content, k);
    let fields = model.fields_of(kind).draw(&mut rng, k);
    Values::new(model.id(run, k, None), run, k, 0, fields)
}

/// Looks whether some of the documents have what an end points at.
struct Looker<'a> {
    documents: Vec<Value>,
    problems: &'a mut Vec<Problem>,
}

impl Looker<'_> {
    fn end(&mut self, spec: &OrderSpec, name: &str) {
        let path = key_below("ends", name);
        let end = &spec.ends[name];
        for (at, row) in end.rows.iter().enumerate() {
            self.row(row, &format!("{path}.rows[{at}]"));
        }
        self.leaves_something(end, &path);
        for (at, letter) in end.letters.iter().enumerate() {
            self.holds(&letter.holds, &format!("{path}.letters[{at}].holds"));
        }
        if name == STORED {
            for (at, before) in spec.before.iter().enumerate() {
                self.holds(&before.row, &format!("before[{at}].row"));
            }
            for (at, sum) in spec.sums.iter().enumerate() {
                if let Some(of) = &sum.of {
                    self.there(of, &format!("sums[{at}].of"));
                }
            }
        }
    }

    fn row(&mut self, row: &RowSpec, path: &str) {
        if let Some(each) = &row.each {
            let key = format!("{path}.each");
            self.list(each, &key);
            self.not_too_long(each, &key);
        }
        self.holds(&row.holds, &format!("{path}.holds"));
    }

    /// Each element has a row of its own.
    fn not_too_long(&mut self, each: &str, key: &str) {
        let elements = |document: &Value| Some(at(document, each)?.as_array()?.len());
        let longest = self.documents.iter().filter_map(elements).max();
        if let Some(longest) = longest.filter(|&longest| longest > ELEMENTS_MAX as usize) {
            let mistake = Mistake::new(
                format!(
                    "a list at \"{each}\" has {longest} elements, and at most {ELEMENTS_MAX} rows of one list can be distinguished"
                ),
                "let the list be shorter, or name a row that stands for all of it",
            );
            self.problems.push(mistake.at(key));
        }
    }

    /// Where an end has rows for the elements of lists alone, an order without elements could not be told from a lost one.
    fn leaves_something(&mut self, end: &End, path: &str) {
        let lists: Option<Vec<&str>> = end.rows.iter().map(|row| row.each.as_deref()).collect();
        let Some(lists) = lists.filter(|lists| end.letters.is_empty() && !lists.is_empty()) else {
            return;
        };
        let is_empty = |document: &Value, list: &str| {
            at(document, list)
                .and_then(Value::as_array)
                .is_none_or(Vec::is_empty)
        };
        let all_empty = |document: &Value| lists.iter().all(|list| is_empty(document, list));
        let some = |document: &Value| !all_empty(document);
        // Where no order has elements at all, the pointer is what is wrong.
        if self.documents.iter().any(all_empty) && self.documents.iter().any(some) {
            let mistake = Mistake::new(
                "an order without elements leaves nothing here, and could not be told from a lost one",
                "let the list have one element at least, or add a row that each order leaves",
            );
            self.problems.push(mistake.at(path));
        }
    }

    fn holds(&mut self, holds: &BTreeMap<String, Expected>, path: &str) {
        for (attribute, expected) in holds {
            let key = key_below(path, attribute);
            match expected {
                Expected::Count(of) | Expected::Join { of, .. } => self.list(of, &key),
                Expected::At(of) => self.there(of, &key),
                Expected::Number(of) | Expected::Json { of, .. } if of.starts_with('/') => {
                    self.there(of, &key);
                }
                _ => {}
            }
        }
    }

    fn there(&mut self, pointer: &str, key: &str) {
        self.some(pointer, key, "a value", |_| true);
    }

    fn list(&mut self, pointer: &str, key: &str) {
        self.some(pointer, key, "a list", Value::is_array);
    }

    fn some(&mut self, pointer: &str, key: &str, what: &str, is_it: fn(&Value) -> bool) {
        let has = |document: &Value| at(document, pointer).is_some_and(is_it);
        if self.documents.iter().any(has) {
            return;
        }
        let known = self.documents.first().map(pointers).unwrap_or_default();
        let hint = match nearest(pointer, known.iter().map(String::as_str)) {
            Some(near) if near != pointer => format!("did you mean \"{near}\"?"),
            _ if known.is_empty() => {
                "the body is not a JSON object; write what must be there as a template, such as \"{{n}}\"".into()
            }
            _ => format!("a body has {}", known[..known.len().min(12)].join(", ")),
        };
        let rule = format!("no body that ends here has {what} at \"{pointer}\"");
        self.problems.push(Mistake::new(rule, hint).at(key));
    }
}

/// The value at a pointer; `{{at}}` is the first element.
fn at<'v>(document: &'v Value, pointer: &str) -> Option<&'v Value> {
    let mut value = document;
    for step in steps(&pointer.replace("{{at}}", "0"))? {
        value = match value {
            Value::Object(members) => members.get(&step)?,
            Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(value)
}

/// The pointers of a document's first two levels.
fn pointers(document: &Value) -> Vec<String> {
    let mut pointers = Vec::new();
    for (name, value) in document.as_object().into_iter().flatten() {
        pointers.push(format!("/{name}"));
        for inner in value.as_object().into_iter().flat_map(|inner| inner.keys()) {
            pointers.push(format!("/{name}/{inner}"));
        }
    }
    pointers
}

/// A key attribute that is a number is given numbers.
fn number_keys(model: &Model, problems: &mut Vec<Problem>) {
    let spec = model.spec();
    let names = model.names().with_at().with_row().with_message();
    for (name, end) in &spec.ends {
        for (at, row) in end.rows.iter().enumerate() {
            let Some(key) = spec.tables.get(&row.table) else {
                continue;
            };
            let numbers = std::iter::once(&key.partition)
                .chain(&key.sort)
                .filter(|attribute| attribute.kind == KeyType::N);
            for attribute in numbers {
                let template = row.key.get(&attribute.name);
                let template = template.and_then(|text| Template::key(text, &names).ok());
                let Some(template) = template.filter(|template| !template.is_made_up()) else {
                    continue;
                };
                let mut values = values(model, None, 0);
                values.set_message_id(A_MESSAGE_ID.to_owned());
                let given = template.rendered(&values);
                if Decimal::parse(&given).is_none() {
                    let path = format!("{}.rows[{at}].key", key_below("ends", name));
                    let mistake = Mistake::new(
                        format!(
                            "{:?} is a number in the key of table {:?}, and this gives {given:?}",
                            attribute.name, row.table
                        ),
                        format!(
                            "write a number, or say that it is a text: [pipeline] tables = {{ {} = \"{} S\" }}",
                            row.table, attribute.name
                        ),
                    );
                    problems.push(mistake.at(key_below(&path, &attribute.name)));
                }
            }
        }
    }
}
