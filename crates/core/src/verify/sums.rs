//! Counters against what the orders that ended well add up to, as exact decimals.
//!
//! Orders of which it is not certain whether they were counted make a range of the sum: those undecided, with another
//! content, in part, or where they do not belong.

use std::collections::BTreeMap;
use std::fmt::Write;

use roaring::RoaringBitmap;

use super::{JudgeInput, Observation};
use crate::order::{Amount, OrderPlan, excerpt};
use crate::verdict::{Class, Finding, Severity, finding};

/// Counters that a message names.
const NAMED: usize = 3;

/// Classes of orders that were counted, where they were seen at `stored`.
const COUNTED: [Class; 4] = [
    Class::Stored,
    Class::Recovered,
    Class::StoredAndDeadLettered,
    Class::StoredTwice,
];

/// Classes of orders that may have been counted.
const PERHAPS: [Class; 7] = [
    Class::Undecided,
    Class::Altered,
    Class::Overwritten,
    Class::Ghost,
    Class::Incomplete,
    Class::WrongEnd,
    Class::BadOrderStored,
];

/// What is to be said of the scenario's counters. While anything was not looked at, nothing: that is told elsewhere.
pub(super) fn wrong_sums(input: &JudgeInput<'_>) -> Vec<Finding> {
    let sums = &input.orders.model.spec().sums;
    let undecided = input.reconciliation.count(Class::Undecided) > 0;
    let is_enough =
        |seen: &&Observation| seen.is_complete() && !(seen.may_still_come() && undecided);
    let Some(seen) = input.observation.filter(is_enough) else {
        return Vec::new();
    };
    let of_classes = |classes: &[Class]| {
        let members = classes
            .iter()
            .filter_map(|class| input.reconciliation.members.get(class));
        members.fold(RoaringBitmap::new(), |all, members| all | members)
    };
    let counted = of_classes(&COUNTED) & &seen.stored;
    let perhaps = of_classes(&PERHAPS);
    let check = |sum: usize| Books::of(input.orders, sum, &counted, &perhaps).check(sum, seen);
    (0..sums.len()).filter_map(check).collect()
}

/// What a counter must hold at least and at most; `None` when it cannot be added up.
type Range = Option<(Amount, Amount)>;

/// What every counter of one sum must hold.
struct Books<'a> {
    plan: &'a OrderPlan,
    ranges: BTreeMap<String, Range>,
}

impl<'a> Books<'a> {
    fn of(
        plan: &'a OrderPlan,
        sum: usize,
        counted: &RoaringBitmap,
        perhaps: &RoaringBitmap,
    ) -> Self {
        let mut books = Self {
            plan,
            ranges: BTreeMap::new(),
        };
        for (orders, is_certain) in [(counted, true), (perhaps, false)] {
            for k in orders {
                let (key, amount) = plan.adds(sum, u64::from(k));
                books.enter(key, amount, is_certain);
            }
        }
        books
    }

    fn enter(&mut self, key: String, amount: Option<Amount>, is_certain: bool) {
        let range = self
            .ranges
            .entry(key)
            .or_insert(Some((Amount::ZERO, Amount::ZERO)));
        // Who may not have been counted, and has nothing that can be counted, was not.
        let Some(amount) = amount.or((!is_certain).then_some(Amount::ZERO)) else {
            *range = None;
            return;
        };
        *range = range.and_then(|(least, most)| {
            let down = is_certain || amount < Amount::ZERO;
            let up = is_certain || amount > Amount::ZERO;
            let add = |to: Amount, does: bool| if does { to.plus(amount) } else { Some(to) };
            Some((add(least, down)?, add(most, up)?))
        });
    }

    fn check(mut self, sum: usize, seen: &Observation) -> Option<Finding> {
        let mut wrong = Vec::new();
        let mut open = Vec::new();
        let found = seen
            .counters
            .iter()
            .filter(|counter| counter.sum as usize == sum);
        for counter in found {
            let range = match self.ranges.remove(&counter.key) {
                Some(range) => range,
                // What others have counted is no business of this run.
                None if !seen.own_stores => continue,
                None => Some((Amount::ZERO, Amount::ZERO)),
            };
            let Some((least, most)) = range else {
                open.push(counter.key.clone());
                continue;
            };
            let amount = Amount::parse(&counter.found);
            if !amount.is_some_and(|amount| least <= amount && amount <= most) {
                wrong.push((
                    counter.key.clone(),
                    counter.found.clone(),
                    told(least, most),
                ));
            }
        }
        for (key, range) in self.ranges {
            match range {
                None => open.push(key),
                Some((least, most)) if least > Amount::ZERO || most < Amount::ZERO => {
                    wrong.push((key, crate::order::MISSING.to_owned(), told(least, most)));
                }
                Some(_) => {}
            }
        }
        wrong_finding(self.plan, sum, &wrong).or_else(|| open_finding(self.plan, sum, &open))
    }
}

fn told(least: Amount, most: Amount) -> String {
    match least == most {
        true => least.to_string(),
        false => format!("{least} to {most}"),
    }
}

fn wrong_finding(
    plan: &OrderPlan,
    sum: usize,
    wrong: &[(String, String, String)],
) -> Option<Finding> {
    let spec = &plan.model.spec().sums[sum];
    let are = match wrong.len() {
        0 => return None,
        1 => "1 counter is".to_owned(),
        count => format!("{count} counters are"),
    };
    let (table, attribute) = (excerpt(&spec.table), excerpt(&spec.attribute));
    let mut message = format!("{are} not the sum of the orders that were stored");
    for (key, found, expected) in wrong.iter().take(NAMED) {
        let (key, found) = (excerpt(key), excerpt(found));
        let _ = write!(
            message,
            "; `{attribute}` of {key} in {table} is {found}, expected {expected}"
        );
    }
    message.push_str("; look for a message that is counted again when it is delivered again, and for lost updates");
    Some(finding(Severity::OrderFailure, "wrong_sum", message))
}

fn open_finding(plan: &OrderPlan, sum: usize, open: &[String]) -> Option<Finding> {
    let spec = &plan.model.spec().sums[sum];
    let first = open.first()?;
    Some(finding(
        Severity::MissingEvidence,
        "sum_unknown",
        format!(
            "what {} in {} must hold cannot be added up: an order has no number at {}, or one of too many digits",
            excerpt(first),
            excerpt(&spec.table),
            spec.of.as_deref().map_or_else(String::new, excerpt)
        ),
    ))
}
