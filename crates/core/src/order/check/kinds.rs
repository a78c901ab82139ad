//! The kinds of bad orders.

use super::super::mistake::{Mistake, Problem};
use super::super::spec::{BadKind, OrderSpec};
use super::did_you_mean;

/// Kinds of bad orders of one scenario.
const KINDS_MAX: usize = 64;

pub(super) fn check(spec: &OrderSpec, problems: &mut Vec<Problem>) {
    if spec.bad.len() > KINDS_MAX {
        let rule = format!("{} kinds of bad orders are too many", spec.bad.len());
        problems.push(Mistake::new(rule, format!("write up to {KINDS_MAX}")).at("bad"));
    }
    for (at, kind) in spec.bad.iter().enumerate() {
        let before = &spec.bad[..at];
        let mut told = |key: &str, rule: String, hint: &str| {
            let key = match key {
                "" => format!("bad[{at}]"),
                key => format!("bad[{at}].{key}"),
            };
            problems.push(Mistake::new(rule, hint).at(key));
        };
        if before.iter().any(|other| other.name == kind.name) {
            let rule = format!("two kinds of bad orders are called {:?}", kind.name);
            told("name", rule, "give each kind a name of its own");
        }
        check_kind(spec, kind, &mut told);
    }
}

fn check_kind(spec: &OrderSpec, kind: &BadKind, told: &mut impl FnMut(&str, String, &str)) {
    match spec.ends.get(&kind.end) {
        None => {
            let hint = did_you_mean(&kind.end, spec.ends.keys().map(String::as_str));
            told("end", format!("no end is called {:?}", kind.end), &hint);
        }
        Some(end) if end.rows.is_empty() && end.letters.is_empty() => told(
            "end",
            format!("orders that end at {:?} leave no trace", kind.end),
            "write what they leave: [[ends.NAME.rows]] or [[ends.NAME.letters]]",
        ),
        Some(_) => {}
    }
    let edits = !kind.set.is_empty() || !kind.remove.is_empty();
    if kind.body.is_some() && edits {
        told(
            "body",
            "nothing is set or removed in a body that is written out".into(),
            "leave out set and remove, or body",
        );
    }
    if kind.cut.is_some_and(|share| !(share > 0.0 && share < 1.0)) {
        told(
            "cut",
            "must leave some of the message and not all of it".into(),
            "write the share that is left, above 0% and below 100%",
        );
    }
    for name in &kind.without {
        if !spec.attributes.contains_key(name) {
            let hint = did_you_mean(name, spec.attributes.keys().map(String::as_str));
            let rule = format!("no message attribute is called {name:?}");
            told("without", rule, &hint);
        }
    }
    if kind.without_before && spec.before.is_empty() {
        told(
            "without_before",
            "there are no rows before orders".into(),
            "write [[before]], or leave this out",
        );
    }
    let differs = edits
        || !kind.fields.is_empty()
        || kind.cut.is_some()
        || kind.body.is_some()
        || !kind.without.is_empty()
        || kind.without_before;
    if !differs {
        told(
            "",
            "nothing is wrong with these orders".into(),
            "write set, remove, fields, cut, body, without or without_before",
        );
    }
}
