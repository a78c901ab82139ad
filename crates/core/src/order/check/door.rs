//! What an order must be for what it is sent to.

use super::super::body::is_json;
use super::super::door::{Door, IdsKept};
use super::super::mistake::{Mistake, Problem};
use super::super::model::Model;
use super::super::spec::{Body, Envelope, OrderSpec};

/// What can be seen without an order.
pub(super) fn structure(spec: &OrderSpec, door: &Door, problems: &mut Vec<Problem>) {
    let mut checker = Checker { door, problems };
    if !door.is_queue() && spec.delay.is_some() {
        let hint = "leave it out, or write to = \"sqs\" under [sending]";
        checker.told("order.delay", "no message can be held back", hint);
    }
    if door.wraps()
        && matches!(
            spec.envelope,
            Some(Envelope::Sns | Envelope::Eventbridge { .. })
        )
    {
        checker.told(
            "order.envelope",
            "puts orders into the envelope by itself",
            "leave out envelope",
        );
    }
    let carried = [
        ("order.attributes", !spec.attributes.is_empty()),
        ("sending.mark", spec.mark.is_some()),
        ("order.group", spec.group.is_some()),
        ("order.deduplication", spec.deduplication.is_some()),
    ];
    for (key, _) in carried.into_iter().filter(|(_, is_there)| *is_there) {
        match door {
            Door::Sqs | Door::Sns(_) => {}
            Door::Eventbridge(_) => checker.told(
                key,
                "takes events, which carry nothing beside their detail",
                "leave it out, and put what the function needs into the body",
            ),
            Door::Http(_) => checker.told(
                key,
                "makes the message by itself",
                "leave it out, and put what it needs into the body or into [sending.http] headers",
            ),
        }
    }
    if let Door::Eventbridge(_) = door {
        checker.detail(spec);
    }
}

/// Where no id tells whose a letter is, its body has to.
pub(super) fn letters(model: &Model, problems: &mut Vec<Problem>) {
    if model.names_messages() && !model.door.is_queue() {
        let rule = format!(
            "behind {} the id that SQS gives a message is unknown",
            model.door.in_words()
        );
        let hint = "name rows by the order's own id: key = { id = \"{{id}}\" }, or write to = \"sqs\" under [sending]";
        problems.push(Mistake::new(rule, hint).at("ends"));
    }
    if model.door.ids_kept() != IdsKept::Never {
        return;
    }
    let spec = model.spec();
    let names_it = |end: &str| {
        let letters = spec.ends.get(end).map(|end| end.letters.as_slice());
        letters.is_some_and(|letters| letters.iter().all(|letter| !letter.id_at.is_empty()))
    };
    let mut told = |key: String, hint: &str| {
        let rule = format!(
            "its body may not name its order, and behind {} the message's id is unknown: its dead letter could not be matched to an order",
            model.door.in_words()
        );
        problems.push(Mistake::new(rule, hint).at(key));
    };
    let raw = match &model.door {
        Door::Http(_) => "say where the server's reply has the message's id: [sending.http] id_at",
        _ => "leave out `raw`, so that the envelope names it",
    };
    if model.body_may_hold_no_id(None) {
        told("order.body".into(), "put {{id}} into the body");
    }
    for (at, kind) in spec.bad.iter().enumerate() {
        if model.body_may_hold_no_id(Some(at)) && !names_it(&kind.end) {
            told(format!("bad[{at}]"), raw);
        }
    }
}

struct Checker<'a> {
    door: &'a Door,
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    fn told(&mut self, key: impl Into<String>, rule: &str, hint: &str) {
        let rule = match rule.starts_with("no ") {
            true => format!("{rule} by {}", self.door.in_words()),
            false => format!("{} {rule}", self.door.in_words()),
        };
        self.problems.push(Mistake::new(rule, hint).at(key));
    }

    /// The detail of an event is a JSON object.
    fn detail(&mut self, spec: &OrderSpec) {
        let rule = "takes JSON objects alone";
        let is_object = |body: &String| is_json(body) && body.trim_start().starts_with('{');
        match &spec.envelope {
            Some(Envelope::Template(text)) if is_object(text) => {}
            Some(Envelope::Template(_)) => {
                self.told("order.envelope", rule, "begin the envelope with `{`");
            }
            _ => self.objects(spec, rule, &is_object),
        }
        for (at, kind) in spec.bad.iter().enumerate() {
            if kind.cut.is_some() {
                let hint = "an event that is cut short is refused: leave out cut, or write raw text within the object";
                self.told(format!("bad[{at}].cut"), rule, hint);
            }
        }
    }

    fn objects(&mut self, spec: &OrderSpec, rule: &str, is_object: &dyn Fn(&String) -> bool) {
        let hint = "write a body that begins with `{`, or an envelope that does";
        if spec.encoding.is_some() {
            self.told(
                "order.encoding",
                rule,
                "leave it out, or write an envelope that begins with `{`",
            );
        }
        match &spec.body {
            Body::Template(body) if !is_object(body) => self.told("order.body", rule, hint),
            Body::Replay { bodies, .. } if !bodies.iter().all(is_object) => {
                self.told("order.replay", rule, hint);
            }
            _ => {}
        }
        for (at, kind) in spec.bad.iter().enumerate() {
            if kind.body.as_ref().is_some_and(|body| !is_object(body)) {
                self.told(format!("bad[{at}].body"), rule, hint);
            }
        }
    }
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
