//! What orders are, compiled: everything that sends and compares them asks this.

use std::sync::{Arc, LazyLock};

use super::body::{Bodies, Body, IdPlace};
use super::check;
use super::compile::Compiler;
use super::door::Door;
use super::draw::Fields;
use super::drawn::DrawnFields;
use super::ends::Ends;
use super::envelope::{Wrapper, decode, encode};
use super::id::{MAX_ORDERS, RunId};
use super::lab;
use super::message::{AttributeText, MessageAttribute};
use super::mistake::Problem;
use super::names::Names;
use super::pattern::{Capture, Captures};
use super::request::Request;
use super::scheme::{Id, Scheme};
use super::spec::OrderSpec;
use super::template::Template;
use super::values::{Inserted, Values};

/// What an order is, and where it ends: a specification that was checked, with its templates compiled.
#[derive(Debug)]
pub struct Model {
    pub(super) spec: OrderSpec,
    /// What orders are sent to.
    pub(super) door: Door,
    /// How, where it is a server.
    pub(super) request: Option<Request>,
    pub(super) scheme: Scheme,
    pub(super) names: Names,
    pub(super) fields: Fields,
    pub(super) good: Variant,
    pub(super) kinds: Vec<Variant>,
    /// The sum of the weights of the kinds up to each.
    pub(super) kind_sums: Vec<f64>,
    pub(super) wrapper: Option<Wrapper>,
    pub(super) ends: Ends,
    pub(super) id_places: Vec<IdPlace>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) group: Option<Template>,
    pub(super) deduplication: Option<Template>,
}

/// Two models are one when they say the same.
impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec && self.door == other.door
    }
}

/// Good orders, or a kind of bad ones.
#[derive(Debug)]
pub(super) struct Variant {
    /// Its fields, where some are drawn otherwise than those of good orders.
    pub fields: Option<Fields>,
    pub bodies: Bodies,
    pub cut: Option<f64>,
    /// Message attributes that are left out.
    pub without: Vec<String>,
    /// A body of it may not say whose it is.
    pub may_hold_no_id: bool,
}

impl Variant {
    pub fn new(
        fields: Option<Fields>,
        bodies: Bodies,
        cut: Option<f64>,
        without: Vec<String>,
    ) -> Self {
        let lacks = |body: &Body| body.id_places.is_empty();
        Self {
            may_hold_no_id: cut.is_some() || bodies.bodies.iter().any(lacks),
            fields,
            bodies,
            cut,
            without,
        }
    }
}

/// A message attribute, compiled.
#[derive(Debug)]
pub(super) struct Attribute {
    pub name: String,
    pub is_number: bool,
    pub template: Template,
}

impl Model {
    /// Compiles what a scenario says of its orders, which are sent to the queue itself.
    ///
    /// # Errors
    /// Every rule it breaks, each with its key.
    pub fn new(spec: OrderSpec) -> Result<Self, Vec<Problem>> {
        Self::through(spec, Door::Sqs)
    }

    /// The same where orders are sent to `door`.
    ///
    /// # Errors
    /// As [`Model::new`].
    pub fn through(spec: OrderSpec, door: Door) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let model = Compiler::new(&spec, &mut problems).model(door);
        check::structure(&model, &mut problems);
        if problems.is_empty() {
            check::contents(&model, &mut problems);
        }
        // One mistake may be seen twice: once where a template is compiled, once where it is used.
        problems.sort_by(|one, other| one.key.cmp(&other.key));
        problems.dedup_by(|one, other| one.key == other.key && one.rule == other.rule);
        match problems.is_empty() {
            true => Ok(model),
            false => Err(problems),
        }
    }

    /// The order of the original lab.
    pub fn lab() -> Arc<Self> {
        static LAB: LazyLock<Arc<Model>> = LazyLock::new(|| {
            let model = Model::new(lab::lab());
            Arc::new(model.unwrap_or_else(|problems| panic!("the lab's order: {problems:?}")))
        });
        Arc::clone(&LAB)
    }

    /// What the scenario says.
    pub fn spec(&self) -> &OrderSpec {
        &self.spec
    }

    /// What orders are sent to.
    pub fn door(&self) -> &Door {
        &self.door
    }

    /// The names its templates may use.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Its ends, compiled.
    pub fn ends(&self) -> &Ends {
        &self.ends
    }

    /// How its orders are identified.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether an order's message says when it is due.
    pub fn needs_times(&self) -> bool {
        let of_kind = |kind: &Variant| kind.fields.as_ref().is_some_and(Fields::needs_times);
        self.scheme.needs_times()
            || self.fields.needs_times()
            || self.kinds.iter().any(of_kind)
            || self.wrapper.as_ref().is_some_and(Wrapper::needs_times)
    }

    /// The id of order `k` of `run`. `due_unix_ms` matters where [`Model::needs_times`].
    pub fn id(&self, run: RunId, k: u64, due_unix_ms: Option<u64>) -> Id {
        self.scheme.id(run, k, due_unix_ms.unwrap_or(0))
    }

    /// Whose id a text is, of any run; `None` when it is nobody's.
    pub fn owner_of(&self, id: &str) -> Option<(RunId, u64)> {
        self.scheme.owner_of(id)
    }

    /// Whose a text is that a template was matched with: by the id in it, or by run and sequence number.
    pub fn owner_in(&self, found: &Captures<'_>) -> Option<(RunId, u64)> {
        if let Some(id) = found.get(Capture::Id) {
            return self.owner_of(id);
        }
        let run = RunId::new(u32::try_from(found.number(Capture::Run)?).ok()?)?;
        let n = found.number(Capture::N)?;
        (n < MAX_ORDERS).then_some((run, n))
    }

    /// Where the bodies of its orders say whose they are, each place once.
    pub fn id_places(&self) -> &[IdPlace] {
        &self.id_places
    }

    /// The order's document within a message's body: taken out of its envelopes and decoded. `None` when the body is in no
    /// such envelope.
    pub fn document_of(&self, arrived: &str) -> Option<String> {
        self.document_of_sent(&self.door.unwrapped(arrived)?)
    }

    /// The same of a message as it was sent, before anything has put it into an envelope of its own.
    pub fn document_of_sent(&self, sent: &str) -> Option<String> {
        let inner = match &self.wrapper {
            Some(wrapper) => wrapper.unwrap(sent)?,
            None => sent.into(),
        };
        match self.spec.encoding {
            Some(encoding) => decode(&inner, encoding),
            None => Some(inner.into_owned()),
        }
    }

    /// Whether the message attributes stand in the body, within an SNS envelope.
    pub(super) fn puts_attributes_in_bodies(&self) -> bool {
        let wrapper = self.wrapper.as_ref();
        wrapper.is_some_and(Wrapper::holds_attributes)
    }

    /// Whether any row is known by the id of its order's message.
    pub(super) fn names_messages(&self) -> bool {
        self.ends.names_messages
    }

    /// Whether the body of such an order, good (`None`) or of a kind of bad ones, may not say whose it is.
    pub(super) fn body_may_hold_no_id(&self, kind: Option<usize>) -> bool {
        self.variant(kind).may_hold_no_id
    }

    fn variant(&self, kind: Option<usize>) -> &Variant {
        match kind {
            Some(kind) => &self.kinds[kind],
            None => &self.good,
        }
    }

    /// The fields of good orders, or of a kind of bad ones.
    pub(super) fn fields_of(&self, kind: Option<usize>) -> &Fields {
        self.variant(kind).fields.as_ref().unwrap_or(&self.fields)
    }

    /// The body of an order before encoding and envelope; `random` decides which of a replay's it is.
    pub(super) fn body_of(
        &self,
        kind: Option<usize>,
        k: u64,
        random: impl FnOnce() -> u64,
    ) -> &Body {
        self.variant(kind).bodies.of(k, random)
    }

    pub(super) fn bodies_of(&self, kind: Option<usize>) -> &Bodies {
        &self.variant(kind).bodies
    }

    /// Whether a body is sent as its template gives it.
    pub(super) fn is_bare(&self, kind: Option<usize>) -> bool {
        self.wrapper.is_none() && self.spec.encoding.is_none() && self.variant(kind).cut.is_none()
    }

    /// The message's body: encoded, in its envelope, cut short. `tag` is drawn for the message.
    pub(super) fn dressed(
        &self,
        kind: Option<usize>,
        body: &Body,
        values: Values<'_>,
        tag: u128,
    ) -> String {
        let mut text = body.template.rendered(&values);
        let mut is_json = body.is_json;
        if let Some(encoding) = self.spec.encoding {
            text = encode(&text, encoding);
            is_json = false;
        }
        if let Some(wrapper) = &self.wrapper {
            let attributes = match wrapper.holds_attributes() {
                true => self.attributes(kind, &values),
                false => Vec::new(),
            };
            text = wrapper.wrap(values, Inserted { text, is_json }, &attributes, tag);
        }
        if let Some(share) = self.variant(kind).cut {
            cut(&mut text, share);
        }
        text
    }

    /// The message attributes of an order.
    pub(super) fn attributes(
        &self,
        kind: Option<usize>,
        values: &Values<'_>,
    ) -> Vec<MessageAttribute> {
        let without = &self.variant(kind).without;
        let there = |attribute: &&Attribute| !without.contains(&attribute.name);
        let of = |attribute: &Attribute| {
            let text = attribute.template.rendered(values);
            MessageAttribute {
                name: attribute.name.clone(),
                value: match attribute.is_number {
                    true => AttributeText::Number(text),
                    false => AttributeText::Text(text),
                },
            }
        };
        self.attributes.iter().filter(there).map(of).collect()
    }

    /// The values of the order whose body is largest.
    pub(super) fn largest_values(&self, kind: Option<usize>) -> Values<'_> {
        self.extreme_values(self.fields_of(kind).largest())
    }

    /// The values of the order whose lists have the fewest elements.
    pub(super) fn smallest_values(&self, kind: Option<usize>) -> Values<'_> {
        self.extreme_values(self.fields_of(kind).smallest())
    }

    fn extreme_values<'m>(&self, fields: DrawnFields<'m>) -> Values<'m> {
        let run = RunId::new(RunId::MAX).unwrap_or_else(|| unreachable!("the largest run id"));
        let id = self.scheme.id(run, MAX_ORDERS - 1, 0);
        Values::new(id, run, MAX_ORDERS - 1, 0, fields)
    }

    /// What is wrong with it for a run of this many orders: data, or bodies of a replay, that are taken once and too few.
    pub fn check_planned(&self, planned: u64) -> Vec<Problem> {
        check::planned(&self.spec, planned)
    }
}

/// Leaves a share of a text, in whole characters; one at least, for SQS takes no empty message.
fn cut(text: &mut String, share: f64) {
    let first = text.chars().next().map_or(0, char::len_utf8);
    let mut end = (text.len() as f64 * share).floor() as usize;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end.max(first));
}

/// Where bodies say whose they are, each place once.
pub(super) fn id_places<'a>(variants: impl Iterator<Item = &'a Variant>) -> Vec<IdPlace> {
    let mut places: Vec<IdPlace> = Vec::new();
    let bodies = variants.flat_map(|variant| &variant.bodies.bodies);
    for place in bodies.flat_map(|body| &body.id_places) {
        let is_it = |known: &IdPlace| {
            known.pointer == place.pointer && known.template.pieces() == place.template.pieces()
        };
        if !places.iter().any(is_it) {
            places.push(place.clone());
        }
    }
    places
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
