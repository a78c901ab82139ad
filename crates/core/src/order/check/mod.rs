//! Whether what a scenario says of its orders can be: every rule that is broken, at once.

mod contents;
mod door;
mod ends;
mod kinds;
#[cfg(test)]
mod leaves_tests;
mod message;
#[cfg(test)]
mod owner_tests;
#[cfg(test)]
mod tests;

use super::mistake::{Mistake, Problem, key_below, nearest};
use super::model::Model;
use super::spec::{Body, Field, OrderSpec, Take};
use crate::evidence::{JsonLimits, check_json};

pub(super) use contents::contents;

/// What can be seen without an order.
pub(super) fn structure(model: &Model, problems: &mut Vec<Problem>) {
    let spec = model.spec();
    check_size(spec, problems);
    message::check(spec, problems);
    door::structure(spec, model.door(), problems);
    kinds::check(spec, problems);
    ends::check(spec, model.names(), problems);
    door::letters(model, problems);
}

/// It is kept with the run, in files that have limits.
fn check_size(spec: &OrderSpec, problems: &mut Vec<Problem>) {
    let kept = serde_json::to_vec(spec).unwrap_or_default();
    if let Err(beyond) = check_json(&kept, &JsonLimits::ORDERS) {
        let mistake = Mistake::new(
            format!("is too much to be kept with a run: {beyond}"),
            "give fewer or shorter rows of data, recorded bodies or values to pick from",
        );
        problems.push(mistake.at("order"));
    }
}

/// What cannot be for a run of this many orders.
pub(super) fn planned(spec: &OrderSpec, planned: u64) -> Vec<Problem> {
    let too_few = |rows: usize, what: &str| {
        let rule = format!("has {rows} {what}, and {planned} orders take one each");
        Mistake::new(
            rule,
            "give it as many, or write take = \"in turn\" or \"random\"",
        )
    };
    let mut problems = Vec::new();
    if let Body::Replay {
        bodies,
        take: Take::Once,
        ..
    } = &spec.body
        && (bodies.len() as u64) < planned
    {
        problems.push(too_few(bodies.len(), "bodies").at("order.replay"));
    }
    for (name, field) in &spec.fields {
        if let Field::Data {
            rows,
            take: Take::Once,
            ..
        } = field
            && (rows.len() as u64) < planned
        {
            problems.push(too_few(rows.len(), "rows").at(key_below("order.fields", name)));
        }
    }
    problems
}

/// What to write in place of a name that nothing has.
fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => match known.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "there is none yet".into(),
            all => format!("there are: {all}"),
        },
    }
}
