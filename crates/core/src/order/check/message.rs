//! The message: its attributes, its envelope, its delay.

use std::collections::HashSet;
use std::time::Duration;

use super::super::body::is_json;
use super::super::json_text::Tree;
use super::super::mistake::{Mistake, Problem, key_below};
use super::super::spec::{Body, Envelope, OrderSpec};

/// Message attributes SQS takes. Source: Amazon SQS Developer Guide, "Amazon SQS message metadata".
const ATTRIBUTES_MAX: usize = 10;

/// The longest delay SQS knows. Source: Amazon SQS API Reference, SendMessage.
const DELAY_MAX: Duration = Duration::from_secs(900);

pub(super) fn check(spec: &OrderSpec, problems: &mut Vec<Problem>) {
    check_attributes(spec, problems);
    if spec.delay.is_some_and(|delay| delay > DELAY_MAX) {
        let mistake = Mistake::new(
            "SQS holds back a message for 15 minutes at most",
            "write up to \"15m\"",
        );
        problems.push(mistake.at("order.delay"));
    }
    if spec.delay.is_some_and(|delay| delay.subsec_nanos() > 0) {
        let mistake = Mistake::new("SQS counts delays in whole seconds", "write \"1s\" or more");
        problems.push(mistake.at("order.delay"));
    }
    let bodies = spec.bad.iter().enumerate();
    let mut bodies: Vec<(String, Option<&String>)> = bodies
        .map(|(at, kind)| (format!("bad[{at}].body"), kind.body.as_ref()))
        .collect();
    if let Body::Template(body) = &spec.body {
        bodies.push(("order.body".into(), Some(body)));
    }
    for (key, body) in bodies {
        if body.is_some_and(String::is_empty) && spec.envelope.is_none() {
            let mistake = Mistake::new("SQS takes no empty message", "write something");
            problems.push(mistake.at(key));
        }
    }
    check_names(spec, problems);
    if let Some(Envelope::Eventbridge { .. }) = spec.envelope {
        check_event(spec, problems);
    }
}

fn check_attributes(spec: &OrderSpec, problems: &mut Vec<Problem>) {
    let count = spec.attributes.len() + usize::from(spec.mark.is_some());
    if count > ATTRIBUTES_MAX {
        let rule = format!("a message has at most {ATTRIBUTES_MAX} attributes, found {count}");
        problems.push(Mistake::new(rule, "leave some out").at("order.attributes"));
    }
    let named = spec.attributes.keys();
    let named = named.map(|name| (name, key_below("order.attributes", name)));
    let mark = spec
        .mark
        .iter()
        .map(|name| (name, "sending.mark".to_owned()));
    for (_, key) in named.chain(mark).filter(|(name, _)| !is_attribute(name)) {
        let mistake = Mistake::new(
            "is not a valid name of a message attribute",
            "write letters, digits, `_`, `-` and single dots, up to 256, and not AWS. or Amazon. before them",
        );
        problems.push(mistake.at(key));
    }
    if let Some(mark) = &spec.mark
        && spec.attributes.contains_key(mark)
    {
        let rule = format!("[order] attributes has {mark:?}, too");
        problems.push(Mistake::new(rule, "give the mark a name of its own").at("sending.mark"));
    }
}

/// Of two values under one name functions take the first or the last: what good orders must leave could not be said.
fn check_names(spec: &OrderSpec, problems: &mut Vec<Problem>) {
    let (key, bodies) = match &spec.body {
        Body::Template(body) => ("order.body", std::slice::from_ref(body)),
        Body::Replay { bodies, .. } => ("order.replay", bodies.as_slice()),
    };
    let trees = bodies.iter().filter(|body| is_json(body));
    let repeated = trees.enumerate().find_map(|(at, body)| {
        let tree = match key {
            "order.body" => Tree::of_template(body),
            _ => Tree::of_text(body.trim()),
        };
        Some((at, repeated(&tree.ok()?)?))
    });
    if let Some((at, pointer)) = repeated {
        let of_body = match key {
            "order.body" => String::new(),
            _ => format!("body {} has ", at + 1),
        };
        let mistake = Mistake::new(
            format!(
                "{of_body}two values at \"{pointer}\", and functions differ in which they read"
            ),
            "give each name once; a bad order may have a `body` with a name twice",
        );
        problems.push(mistake.at(key));
    }
}

/// The first place at which more than one value stands.
fn repeated(tree: &Tree) -> Option<String> {
    let mut places = HashSet::new();
    let mut found = None;
    tree.root.walk("", &mut |pointer, _| {
        if found.is_none() && !places.insert(pointer.to_owned()) {
            found = Some(pointer.to_owned());
        }
    });
    found
}

/// The detail of an event is a JSON object.
fn check_event(spec: &OrderSpec, problems: &mut Vec<Problem>) {
    if spec.encoding.is_some() {
        let mistake = Mistake::new(
            "the detail of an event is JSON and cannot be encoded",
            "leave out encoding, or write an envelope of your own",
        );
        problems.push(mistake.at("order.encoding"));
    }
    let refused = || {
        Mistake::new(
            "the detail of an event is a JSON object",
            "write a body that begins with `{`, or an envelope of your own",
        )
    };
    let is_object = |body: &String| is_json(body) && body.trim_start().starts_with('{');
    match &spec.body {
        Body::Template(body) if !is_object(body) => problems.push(refused().at("order.body")),
        Body::Replay { bodies, .. } if !bodies.iter().all(is_object) => {
            problems.push(refused().at("order.replay"));
        }
        _ => {}
    }
    for (at, kind) in spec.bad.iter().enumerate() {
        if kind.body.as_ref().is_some_and(|body| !is_object(body)) {
            problems.push(refused().at(format!("bad[{at}].body")));
        }
    }
}

fn is_attribute(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let lower = name.to_ascii_lowercase();
    (1..=256).contains(&name.len())
        && name.chars().all(legal)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.")
}
