//! Findings on what the stores hold beside the orders in their classes: strangers, unreadable keys, and how a content
//! differs.

use std::fmt::Write;

use roaring::RoaringBitmap;

use super::Observation;
use crate::order::{OrderPlan, Scheme, excerpt};
use crate::verdict::{Finding, Severity, finding};

/// Examples that a message names.
const NAMED: usize = 3;

/// What is to be said of rows and letters that are no order of this run.
pub(super) fn strangers(seen: &Observation, orders: &OrderPlan) -> Vec<Finding> {
    let mut findings = Vec::new();
    let numbered = matches!(orders.model.scheme(), Scheme::Number);
    if seen.unreadable_keys > 0 {
        let rows = counted(seen.unreadable_keys, "row has", "rows have");
        let named = examples(&seen.unreadable_key_examples);
        let told = match numbered {
            true => format!(
                "{rows} a key that cannot be read as a number, so it is not known which orders they are{named}; look \
                 at what the function or the endpoint makes of `id`"
            ),
            false => format!(
                "{rows} no id that can be read, so it is not known which orders they are{named}; look at what the function \
                 writes there"
            ),
        };
        findings.push(finding(Severity::MissingEvidence, "unreadable_keys", told));
    }
    let kinds = [
        (
            "foreign_rows",
            seen.foreign_rows,
            ("row is", "rows are"),
            &seen.foreign_row_examples,
        ),
        (
            "foreign_dead_letters",
            seen.foreign_dead_letters,
            ("dead letter is", "dead letters are"),
            &seen.foreign_dead_letter_examples,
        ),
    ];
    for (code, count, (one, many), named) in kinds {
        if count > 0 {
            let those = counted(count, one, many);
            findings.push(foreign((seen.own_stores, numbered), code, &those, named));
        }
    }
    findings
}

/// Where nobody else writes, what is not an order of this run was made by the pipeline.
fn foreign(
    (own_stores, numbered): (bool, bool),
    code: &str,
    those: &str,
    named: &[String],
) -> Finding {
    let examples = examples(named);
    let changes = match numbered {
        true => "order numbers (cut to 32 bits, negative, rounded)",
        false => "ids",
    };
    let by_design = match (numbered, code) {
        (false, "foreign_rows") => {
            "; rows that it leaves by design are said in [[ends.NAME.rows]] or [[sums]], or stand in a table that no end names"
        }
        _ => "",
    };
    match own_stores {
        true => finding(
            Severity::OrderFailure,
            code,
            format!(
                "{those} no order of this run, in a pipeline that only this run uses{examples}; look for a function \
                 that changes {changes} or sends messages of its own{by_design}"
            ),
        ),
        false => finding(
            Severity::Note,
            code,
            format!("{those} no order of this run and not looked at{examples}"),
        ),
    }
}

fn counted(count: u64, one: &str, many: &str) -> String {
    let words = if count == 1 { one } else { many };
    format!("{count} {words}")
}

/// What was read back from a file is cut and escaped once more.
fn examples(named: &[String]) -> String {
    let named: Vec<_> = named.iter().take(NAMED).map(|text| excerpt(text)).collect();
    match named.is_empty() {
        true => String::new(),
        false => format!(" ({})", named.join("; ")),
    }
}

/// How the first of `members` differ from what was sent, to follow the message of their class.
pub(super) fn differences(
    orders: &OrderPlan,
    members: &RoaringBitmap,
    seen: &Observation,
) -> String {
    let mut text = String::new();
    let those = seen
        .alterations
        .iter()
        .filter(|alteration| members.contains(alteration.sequence));
    for alteration in those.take(NAMED) {
        let id = excerpt(&orders.id(u64::from(alteration.sequence)).to_string());
        let _ = write!(text, "; {id}: {alteration}");
    }
    text
}

/// At which ends the first of `members` were seen, and where only in part, to follow the message of their class.
pub(super) fn ends_of(orders: &OrderPlan, members: &RoaringBitmap, seen: &Observation) -> String {
    let mut text = String::new();
    for k in members.iter().take(NAMED) {
        let there = seen.ends().filter(|end| seen.seen_at(end).contains(k));
        let named = there.map(|end| match seen.whole_at(end).contains(k) {
            true => excerpt(end),
            false => format!("{}, in part", excerpt(end)),
        });
        let id = excerpt(&orders.id(u64::from(k)).to_string());
        let named: Vec<_> = named.collect();
        let _ = write!(text, "; {id}: at {}", named.join(", and at "));
        if let Some(missing) = seen.missing.iter().find(|missing| missing.sequence == k) {
            let _ = write!(text, ", without {missing}");
        }
    }
    text
}
