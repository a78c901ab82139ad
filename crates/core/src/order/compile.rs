//! From what a scenario says of its orders to a model: templates, draws and bodies of every kind, compiled once.

use std::collections::BTreeMap;

use super::body::{Bodies, Body, Edits, edit, is_json, of_recorded};
use super::door::Door;
use super::draw::Fields;
use super::ends::Ends;
use super::envelope::Wrapper;
use super::fields::{compile_fields, field_names, running_sums};
use super::mistake::{Mistake, Problem, key_below, nearest};
use super::model::{Attribute, Model, Variant, id_places};
use super::names::Names;
use super::request::Request;
use super::scheme::Scheme;
use super::spec::{self, AttributeSpec, BadKind, OrderSpec, Take};
use super::template::Template;

/// Compiles a specification; what cannot be compiled is noted and left out.
pub(super) struct Compiler<'a> {
    spec: &'a OrderSpec,
    scheme: Scheme,
    names: Names,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(spec: &'a OrderSpec, problems: &'a mut Vec<Problem>) -> Self {
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

    pub(super) fn model(mut self, door: Door) -> Model {
        let spec = self.spec;
        let fields = compile_fields(&spec.fields, &self.names, "order.fields", self.problems);
        let good = Variant::new(None, self.good_bodies(), None, Vec::new());
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
        let request = Request::new(&door, &self.names, self.problems);
        Model {
            ends,
            door,
            request,
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
        let mark = self.spec.mark.as_ref();
        attributes.extend(mark.and_then(|name| {
            Some(Attribute {
                name: name.clone(),
                is_number: false,
                template: self.text("sending.mark", Some("{{run}}"))?,
            })
        }));
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
        Variant::new(fields, bodies, kind.cut, kind.without.clone())
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
            if !is_json(template) {
                let mistake = Mistake::new(
                    "the body is not JSON, so nothing in it can be set or removed",
                    "write the whole body of such an order: body = \"...\"",
                );
                self.problems.push(mistake.at(key));
                break;
            }
            // A body that is not JSON is a problem of its own.
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
