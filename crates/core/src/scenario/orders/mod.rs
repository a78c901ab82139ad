//! What a scenario says of its orders, read: `[order]`, `[[bad]]`, `[ends]`, `[[before]]`, `[[sums]]`, and the tables and
//! queues of `[pipeline]`. What is left out is the lab's order.
//!
//! Here texts become an `OrderSpec`; whether it can be is `order::Model`'s to say.

mod bad;
mod data;
mod ends;
mod fields;
mod json;
#[cfg(test)]
mod mark_tests;
mod message;
#[cfg(test)]
mod refused_tests;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use toml::Value;

use super::asked::Problems;
use super::section::Section;
use super::{Scenario, Violation, error::of_problem};
use crate::order::spec::{OrderSpec, STORED};
use crate::order::{Door, Model, dead_letter, lab};

/// Reads a file that a scenario names, by the name it gives.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// The order of the original lab, which is meant where a scenario says nothing of its orders.
pub fn lab_order() -> Box<OrderSpec> {
    Box::new(LAB.clone())
}

/// Whether these are the orders of the original lab.
pub fn is_lab(order: &OrderSpec) -> bool {
    *order == *LAB
}

/// Whether orders are the lab's, whatever queues and tables there are beside those they end in, marked or not.
pub(super) fn is_labs_beside_others(order: &OrderSpec) -> bool {
    let mut order = order.clone();
    order.queues.clear();
    order.mark = None;
    order.tables.retain(|name, _| LAB.tables.contains_key(name));
    // What stands beside the body, and what rows say of their order, is nothing to the processor.
    order.group = None;
    order.deduplication = None;
    order.fields.retain(|name, _| LAB.fields.contains_key(name));
    let rows = order.ends.values_mut().flat_map(|end| &mut end.rows);
    rows.for_each(|row| row.ordered_by = None);
    is_lab(&order)
}

static LAB: LazyLock<OrderSpec> = LazyLock::new(lab);

/// Reads everything a scenario says of its orders, which are sent to `door`. `sending` and `pipeline` are its sections of
/// these names.
pub(super) fn read_orders<'a>(
    file: &mut Section<'a>,
    (sending, pipeline): (&mut Section<'a>, &mut Section<'a>),
    door: &Door,
    files: ReadFile<'_>,
    problems: &Problems,
) -> Box<OrderSpec> {
    let before_reading = problems.borrow().len();
    let mut order = lab_order();
    let hint = "write the name of a message attribute: mark = \"test-run\"";
    order.mark = sending.text("mark", hint, |name| Ok(name.to_owned()));
    let has_body = message::read_order(file, &mut order, files);
    let bad = file.sections("bad");
    if has_body || !bad.is_empty() {
        order.bad = bad::read_bad(bad, files);
    }
    let said = ends::read_ends(file.section("ends"));
    if has_body || !said.is_empty() {
        order.ends = said;
        order
            .ends
            .entry("dead_letter".into())
            .or_insert_with(dead_letter);
    }
    order.before = ends::read_before(file.sections("before"));
    order.sums = ends::read_sums(file.sections("sums"));
    let hint = format!("write the names of ends: good_ends = [{STORED:?}, \"failed\"]");
    order.good_ends = file.texts("good_ends", &hint).unwrap_or_default();
    let hint = "write the names of queues: queues = [\"audit\"]";
    order.queues = pipeline.texts("queues", hint).unwrap_or_default();
    order.tables = tables::read_tables(pipeline, &order, file);
    // What could not be read would only be missed.
    if problems.borrow().len() == before_reading
        && !(is_lab(&order) && door.is_queue())
        && let Err(found) = Model::through((*order).clone(), door.clone())
    {
        problems
            .borrow_mut()
            .extend(found.into_iter().map(of_problem));
    }
    order
}

/// Bad orders need something that is wrong with them.
pub(super) fn check_share(file: &Section<'_>, share: f64, order: &OrderSpec) {
    if share > 0.0 && order.bad.is_empty() {
        file.problem(
            "bad_orders",
            "there are no kinds of bad orders",
            "write what is wrong with them: [[bad]], or leave bad_orders out",
        );
    }
}

/// What is taken once is enough for the orders planned.
pub(super) fn check_planned(scenario: &Scenario, planned: u64, problems: &Problems) {
    if problems.borrow().is_empty()
        && let Ok(model) = scenario.model()
    {
        let found = model.check_planned(planned).into_iter().map(of_problem);
        problems.borrow_mut().extend(found);
    }
}

/// A text, or several.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(items) => items
            .iter()
            .map(|item| match item.as_str() {
                Some(text) => Ok(text.to_owned()),
                None => Err(format!("must hold texts, found {}", item.type_str())),
            })
            .collect(),
        other => Err(format!(
            "must be a text or a list of texts, found {}",
            other.type_str()
        )),
    }
}

/// What a violation of one of the section's own keys says, for readers that stand apart from it.
fn wrong(key: String, rule: String, hint: &str) -> Violation {
    Violation::new(key, rule, hint)
}
