//! What orders are, compiled: everything that sends and compares them asks this.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::body::{Bodies, Body, Edits, IdPlace, edit, of_recorded};
use super::check;
use super::draw::Fields;
use super::drawn::Drawn;
use super::ends::Ends;
use super::envelope::{Wrapper, decode, encode};
use super::fields::{compile_fields, field_names, running_sums};
use super::id::{MAX_ORDERS, RunId};
use super::lab;
use super::message::{AttributeText, MessageAttribute};
use super::mistake::{Mistake, Problem, key_below, nearest};
use super::names::Names;
use super::pattern::{Capture, Captures};
use super::scheme::{Id, Scheme};
use super::spec::{self, AttributeSpec, BadKind, OrderSpec, Take};
use super::template::Template;
use super::values::{Inserted, Values};

/// What an order is, and where it ends: a specification that was checked, with its templates compiled.
#[derive(Debug)]
pub struct Model {
    spec: OrderSpec,
    scheme: Scheme,
    names: Names,
    fields: Fields,
    good: Variant,
    kinds: Vec<Variant>,
    /// The sum of the weights of the kinds up to each.
    pub(super) kind_sums: Vec<f64>,
    wrapper: Option<Wrapper>,
    ends: Ends,
    id_places: Vec<IdPlace>,
    attributes: Vec<Attribute>,
    pub(super) group: Option<Template>,
    pub(super) deduplication: Option<Template>,
}

/// Two models are one when they say the same.
impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.spec == other.spec
    }
}

/// Good orders, or a kind of bad ones.
#[derive(Debug)]
pub(super) struct Variant {
    /// Its fields, where some are drawn otherwise than those of good orders.
    fields: Option<Fields>,
    bodies: Bodies,
    cut: Option<f64>,
    without: Vec<String>,
}

#[derive(Debug)]
struct Attribute {
    name: String,
    is_number: bool,
    template: Template,
}

impl Model {
    /// Compiles what a scenario says of its orders.
    ///
    /// # Errors
    /// Every rule it breaks, each with its key.
    pub fn new(spec: OrderSpec) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let model = Compiler::new(&spec, &mut problems).model();
        check::structure(&spec, &model.names, &mut problems);
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

    /// The names its templates may use.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Its ends, compiled.
    pub fn ends(&self) -> &Ends {
        &self.ends
    }

    /// How its orders are told apart.
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

    /// The order's document within a message's body: taken out of its envelope and decoded. `None` when the body is in no
    /// such envelope.
    pub fn document_of(&self, sent: &str) -> Option<String> {
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

    /// Whether the body of such an order, good (`None`) or of a kind of bad ones, may not say whose it is.
    pub(super) fn body_may_hold_no_id(&self, kind: Option<usize>) -> bool {
        let variant = self.variant(kind);
        variant.cut.is_some() || variant.bodies.may_hold_no_id()
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
        let fields: Vec<Drawn<'_>> = self.fields_of(kind).largest();
        let run = RunId::new(RunId::MAX).unwrap_or_else(|| unreachable!("the largest run id"));
        let id = self.scheme.id(run, MAX_ORDERS - 1, 0);
        Values::new(id, run, MAX_ORDERS - 1, 0, fields)
    }

    /// What is wrong with it for a run of this many orders: data, or bodies of a replay, that are taken once and too few.
    pub fn check_planned(&self, planned: u64) -> Vec<Problem> {
        check::planned(&self.spec, planned)
    }
}

/// Leaves a share of a text, at least nothing of its last character.
fn cut(text: &mut String, share: f64) {
    let mut end = (text.len() as f64 * share).floor() as usize;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

/// Where bodies say whose they are, each place once.
fn id_places<'a>(variants: impl Iterator<Item = &'a Variant>) -> Vec<IdPlace> {
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

/// Compiles a specification; what cannot be compiled is noted and left out.
struct Compiler<'a> {
    spec: &'a OrderSpec,
    scheme: Scheme,
    names: Names,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Compiler<'a> {
    fn new(spec: &'a OrderSpec, problems: &'a mut Vec<Problem>) -> Self {
        let scheme = Scheme::new(&spec.id).unwrap_or_else(|mistake| {
            problems.push(mistake.at("order.id"));
            Scheme::Number
        });
        let names = Names::new(scheme.clone(), field_names(&spec.fields));
        Self {
            spec,
            scheme,
            names,
            problems,
        }
    }

    fn model(mut self) -> Model {
        let spec = self.spec;
        let fields = compile_fields(&spec.fields, &self.names, "order.fields", self.problems);
        let good = Variant {
            fields: None,
            bodies: self.good_bodies(),
            cut: None,
            without: Vec::new(),
        };
        let kinds: Vec<Variant> = (0..spec.bad.len()).map(|at| self.kind(at)).collect();
        let weights: Vec<f64> = spec.bad.iter().map(|kind| kind.weight).collect();
        let kind_sums = match weights.is_empty() {
            true => Vec::new(),
            false => self.noted("bad[0].weight", running_sums(&weights)),
        };
        let wrapper = spec.envelope.as_ref().and_then(|envelope| {
            let wrapper = Wrapper::new(envelope, &self.names);
            self.kept("order.envelope", wrapper)
        });
        let ends = Ends::new(spec, &self.names);
        let ends = ends.unwrap_or_else(|problems| {
            self.problems.extend(problems);
            Ends::none(&self.scheme)
        });
        Model {
            ends,
            id_places: id_places(std::iter::once(&good).chain(&kinds)),
            fields,
            good,
            kinds,
            kind_sums,
            wrapper,
            attributes: self.attributes(),
            group: self.text("order.group", spec.group.as_deref()),
            deduplication: self.text("order.deduplication", spec.deduplication.as_deref()),
            spec: spec.clone(),
            scheme: self.scheme,
            names: self.names,
        }
    }

    fn kept<T>(&mut self, key: &str, result: Result<T, Mistake>) -> Option<T> {
        result
            .map_err(|mistake| self.problems.push(mistake.at(key)))
            .ok()
    }

    fn noted<T: Default>(&mut self, key: &str, result: Result<T, Mistake>) -> T {
        self.kept(key, result).unwrap_or_default()
    }

    fn text(&mut self, key: &str, text: Option<&str>) -> Option<Template> {
        let template = Template::text(text?, &self.names);
        self.kept(key, template)
    }

    fn attributes(&mut self) -> Vec<Attribute> {
        let mut attributes = Vec::new();
        for (name, attribute) in &self.spec.attributes {
            let (is_number, text) = match attribute {
                AttributeSpec::Text(text) => (false, text),
                AttributeSpec::Number(text) => (true, text),
            };
            let key = key_below("order.attributes", name);
            let template = self.text(&key, Some(text));
            attributes.extend(template.map(|template| Attribute {
                name: name.clone(),
                is_number,
                template,
            }));
        }
        attributes
    }

    /// The templates of good orders' bodies, the key they stand under, and which of them an order takes.
    fn templates(&mut self) -> (Vec<String>, Take) {
        match &self.spec.body {
            spec::Body::Template(text) => (vec![text.clone()], Take::InTurn),
            spec::Body::Replay {
                bodies,
                take,
                id_at,
                set,
            } => {
                let mut templates = Vec::with_capacity(bodies.len());
                for (at, body) in bodies.iter().enumerate() {
                    match of_recorded(body, id_at, set) {
                        Ok(template) => templates.push(template),
                        Err(Mistake { rule, hint }) => {
                            let rule = format!("body {} of the file: {rule}", at + 1);
                            self.problems
                                .push(Mistake::new(rule, hint).at("order.replay"));
                            break;
                        }
                    }
                }
                (templates, *take)
            }
        }
    }

    fn body_key(&self) -> &'static str {
        match self.spec.body {
            spec::Body::Template(_) => "order.body",
            spec::Body::Replay { .. } => "order.replay",
        }
    }

    fn good_bodies(&mut self) -> Bodies {
        let key = self.body_key();
        let (templates, take) = self.templates();
        self.bodies(key, &templates, take)
    }

    fn bodies(&mut self, key: &str, templates: &[String], take: Take) -> Bodies {
        let mut bodies = Vec::with_capacity(templates.len());
        for template in templates {
            let body = Body::new(template, &self.names);
            match self.kept(key, body) {
                Some(body) => bodies.push(body),
                None => break,
            }
        }
        Bodies { bodies, take }
    }

    fn kind(&mut self, at: usize) -> Variant {
        let kind = &self.spec.bad[at];
        let key = format!("bad[{at}]");
        let fields = self.kind_fields(kind, &format!("{key}.fields"));
        let bodies = match &kind.body {
            Some(body) => self.bodies(
                &format!("{key}.body"),
                std::slice::from_ref(body),
                Take::InTurn,
            ),
            None => self.edited(kind, &key),
        };
        Variant {
            fields,
            bodies,
            cut: kind.cut,
            without: kind.without.clone(),
        }
    }

    /// All fields, with those of the kind in place of theirs.
    fn kind_fields(&mut self, kind: &BadKind, path: &str) -> Option<Fields> {
        if kind.fields.is_empty() {
            return None;
        }
        let mut fields = self.spec.fields.clone();
        for (name, field) in &kind.fields {
            let key = key_below(path, name);
            let Some(good) = fields.get(name) else {
                let known = nearest(name, self.spec.fields.keys().map(String::as_str));
                let hint = match known {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a field of [order.fields] that is drawn otherwise".into(),
                };
                self.problems
                    .push(Mistake::new("no field is called so", hint).at(key));
                continue;
            };
            let both =
                BTreeMap::from([("a".to_owned(), good.clone()), ("b".into(), field.clone())]);
            let [good, bad] = field_names(&both).try_into().unwrap_or_else(|_| {
                unreachable!("two fields have two names");
            });
            match good.columns == bad.columns {
                true => drop(fields.insert(name.clone(), field.clone())),
                false => {
                    let mistake = Mistake::new(
                        "a row of data is drawn otherwise by a row with the same columns alone",
                        "write other data with the same columns, or `set` what differs",
                    );
                    self.problems.push(mistake.at(key));
                }
            }
        }
        Some(compile_fields(&fields, &self.names, path, self.problems))
    }

    fn edited(&mut self, kind: &BadKind, key: &str) -> Bodies {
        let (templates, take) = self.templates();
        let edits = Edits {
            set: kind.set.clone(),
            remove: kind.remove.clone(),
        };
        if edits.set.is_empty() && edits.remove.is_empty() {
            return self.bodies(self.body_key(), &templates, take);
        }
        let mut missed: Option<Vec<String>> = None;
        let mut texts = Vec::with_capacity(templates.len());
        for template in &templates {
            if !super::body::is_json(template) {
                let mistake = Mistake::new(
                    "the body is no JSON, so nothing in it can be set or removed",
                    "write the whole body of such an order: body = \"...\"",
                );
                self.problems.push(mistake.at(key));
                break;
            }
            // A body that is no JSON is a problem of its own.
            let Ok(edited) = edit(template, &edits) else {
                break;
            };
            missed = Some(match missed {
                Some(before) => before
                    .into_iter()
                    .filter(|pointer| edited.missed.contains(pointer))
                    .collect(),
                None => edited.missed,
            });
            texts.push(edited.text);
        }
        for pointer in missed.unwrap_or_default() {
            let of = if kind.set.contains_key(&pointer) {
                key_below(&format!("{key}.set"), &pointer)
            } else {
                format!("{key}.remove")
            };
            let mistake = Mistake::new(
                format!("no body has a value at `{pointer}`"),
                "name a place that is written out in the body; what lies in a list or another field is drawn otherwise: fields = {...}",
            );
            self.problems.push(mistake.at(of));
        }
        self.bodies(key, &texts, take)
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
