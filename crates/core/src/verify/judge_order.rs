//! Findings on the order within message groups.

use std::fmt::Write;

use super::{GroupOrder, JudgeInput};
use crate::order::{Id, OrderPlan, excerpt};
use crate::verdict::{Finding, Gate, Severity, finding};

/// Examples that a message names.
const NAMED: usize = 3;
/// Ids that a finding names.
const FIRST_IDS: usize = 5;

/// What is to be said of the order within groups, where rows are to carry a stamp. While nobody has looked, nothing: that
/// is told elsewhere.
pub(super) fn out_of_order(input: &JudgeInput<'_>) -> Vec<Finding> {
    let Some(seen) = input
        .observation
        .filter(|_| input.orders.ordered_by().is_some())
    else {
        return Vec::new();
    };
    let missing = |code: &str, told: String| finding(Severity::MissingEvidence, code, told);
    let Some(order) = &seen.group_order else {
        let told =
            "the observation does not tell in which order the orders of a group were processed";
        return vec![missing("order_unknown", told.into())];
    };
    let mut findings = Vec::new();
    if !order.overtaken.is_empty() {
        findings.push(overtaken(input, order));
    }
    if order.unstamped > 0 {
        findings.push(missing("stamp_missing", unstamped(order)));
    }
    if order.judged <= order.groups {
        findings.push(missing(
            "order_unknown",
            format!(
                "of {} stored orders in {} groups no two of a group can be compared, so nothing is known of their order",
                order.judged, order.groups
            ),
        ));
    }
    findings
}

fn overtaken(input: &JudgeInput<'_>, order: &GroupOrder) -> Finding {
    let severity = match input.expect.gate {
        Gate::Strict => Severity::OrderFailure,
        Gate::Conserved => Severity::Note,
    };
    let orders = order.overtaken.len();
    let were = if orders == 1 {
        "order was"
    } else {
        "orders were"
    };
    let mut message =
        format!("{orders} {were} processed after a later order of the same message group");
    for one in order.overtakes.iter().take(NAMED) {
        let group = input
            .orders
            .group(u64::from(one.sequence))
            .unwrap_or_default();
        let _ = write!(
            message,
            "; group {}: {} ({}) after {} ({})",
            excerpt(&group),
            id(input.orders, one.sequence),
            excerpt(&one.stamp),
            id(input.orders, one.by),
            excerpt(&one.by_stamp)
        );
    }
    message.push_str(
        "; look for a function that goes on with a group behind an order that failed, that processes the records of a \
         batch side by side, or that stamps with clocks that are apart",
    );
    let ids = order.overtaken.iter().take(FIRST_IDS);
    Finding {
        orders,
        first_ids: ids.map(|k| id_of(input.orders, k)).collect(),
        ..finding(severity, "out_of_order", message)
    }
}

fn unstamped(order: &GroupOrder) -> String {
    let have = match order.unstamped {
        1 => "1 stored order has".to_owned(),
        count => format!("{count} stored orders have"),
    };
    let named = order.unstamped_examples.iter().take(NAMED);
    let named: Vec<_> = named.map(|text| excerpt(text)).collect();
    let examples = match named.is_empty() {
        true => String::new(),
        false => format!(" ({})", named.join("; ")),
    };
    format!(
        "{have} no stamp that can be read{examples}, so it is not known when they were processed; look at what the function \
         writes where `ordered_by` says"
    )
}

fn id_of(plan: &OrderPlan, k: u32) -> Id {
    plan.id(u64::from(k))
}

fn id(plan: &OrderPlan, k: u32) -> String {
    excerpt(&id_of(plan, k).to_string())
}
