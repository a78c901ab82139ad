//! Findings on the order within message groups.

use std::collections::HashMap;
use std::fmt::Write;

use super::collector::hash_of;
use super::{GroupOrder, JudgeInput, Observation};
use crate::order::{Id, OrderPlan, excerpt};
use crate::verdict::{Finding, Gate, Severity, finding};

/// The code of the finding on orders that were processed after a later one of their group.
pub const OUT_OF_ORDER: &str = "out_of_order";
/// The code of the finding on good orders that were dead-lettered with a bad one of their group.
pub const GROUP_FOLLOWERS: &str = "group_followers";

/// Examples that a message names.
const NAMED: usize = 3;
/// Equal stamps are noted where they are one in so many, or more.
const NOTED_TIES: u64 = 10;
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
    findings.extend(unknown(order));
    findings
}

/// What the stamps leave open: the order of all, or of enough to say so.
fn unknown(order: &GroupOrder) -> Option<Finding> {
    let pairs = order.judged.saturating_sub(order.groups);
    let stamps =
        "write a finer stamp where `ordered_by` says: a time in microseconds, or a counter";
    if pairs == 0 {
        let message = format!(
            "of {} stored orders in {} groups no two of a group can be compared, so nothing is known of their order",
            order.judged, order.groups
        );
        return Some(finding(Severity::MissingEvidence, "order_unknown", message));
    }
    if order.ties >= pairs {
        let message = format!(
            "all {} stored orders have the stamp of the later ones of their group, so nothing is known of their order; {stamps}",
            order.judged
        );
        return Some(finding(Severity::MissingEvidence, "order_unknown", message));
    }
    (order.ties * NOTED_TIES >= pairs).then(|| {
        let message = format!(
            "{} of {pairs} orders have the stamp of a later one of their group, so which of the two came first is not known; \
             {stamps}",
            order.ties
        );
        Finding {
            orders: order.ties,
            ..finding(Severity::Note, "stamps_equal", message)
        }
    })
}

/// What is to be said of good orders in the dead-letter queue that stand behind a bad one of their message group there: of
/// a FIFO queue alone, where they share its receives.
pub fn group_followers(orders: &OrderPlan, seen: &Observation) -> Option<Finding> {
    let mut bad = HashMap::new();
    let mut followers = Vec::new();
    let (mut good, mut first) = (0_u64, None);
    for k in &seen.dead_lettered {
        let group = hash_of(&orders.group(u64::from(k))?);
        if orders.is_bad(u64::from(k)) {
            bad.insert(group, k);
            continue;
        }
        good += 1;
        if let Some(before) = bad.get(&group) {
            first.get_or_insert((k, *before));
            followers.push(k);
        }
    }
    let (follower, before) = first?;
    let group = orders.group(u64::from(follower)).unwrap_or_default();
    let message = format!(
        "{} of {good} good orders in the dead-letter queue stand behind a bad one of their message group, such as {} behind \
         {} in group {}: they were received with it and shared its receives. Cure: set the mapping's batch_size to 1, or \
         let the function put orders aside that can never succeed and report them as done",
        followers.len(),
        id(orders, follower),
        id(orders, before),
        excerpt(&group)
    );
    let ids = followers.iter().take(FIRST_IDS);
    Some(Finding {
        orders: followers.len() as u64,
        first_ids: ids.map(|k| id_of(orders, *k)).collect(),
        ..finding(Severity::Note, GROUP_FOLLOWERS, message)
    })
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
        ..finding(severity, OUT_OF_ORDER, message)
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
