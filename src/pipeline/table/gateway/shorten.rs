//! Faults of reading: a page of a scan that shows less than there is.

use serde_json::Value;

use crate::fault::FaultPlan;
use crate::scenario::FaultKind;

/// Whether the plan has any fault for scans.
pub(super) fn has_any(plan: &FaultPlan) -> bool {
    plan.has(FaultKind::ScanStale) || plan.has(FaultKind::ScanTruncated)
}

/// Takes the rows that are struck out of a page; whether it may have changed it.
pub(super) fn shorten(page: &mut Value, plan: &FaultPlan) -> bool {
    let Some(items) = page["Items"].as_array_mut().filter(|_| has_any(plan)) else {
        return false;
    };
    items.retain(|item| !strikes(plan, FaultKind::ScanStale, item));
    let cut = items
        .iter()
        .position(|item| strikes(plan, FaultKind::ScanTruncated, item));
    if let Some(cut) = cut {
        items.truncate(cut);
    }
    let count = items.len();
    page["Count"] = count.into();
    if cut.is_some()
        && let Some(page) = page.as_object_mut()
    {
        page.remove("LastEvaluatedKey");
    }
    true
}

fn strikes(plan: &FaultPlan, kind: FaultKind, item: &Value) -> bool {
    let number = item["id"]["N"]
        .as_str()
        .and_then(|number| number.parse().ok());
    number.is_some_and(|number| plan.strikes(kind, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{OrderPlan, RunId};
    use crate::pipeline::testing::faulty;
    use crate::scenario::{Fault, FaultExtent};

    fn page(plan: &OrderPlan) -> Value {
        let items: Vec<Value> = (0..10)
            .map(|k| serde_json::json!({"id": {"N": plan.id(k).get().to_string()}}))
            .collect();
        serde_json::json!({
            "Items": items, "Count": 10, "LastEvaluatedKey": {"id": {"N": "9"}}
        })
    }

    #[test]
    fn a_stale_page_lacks_its_victims_and_a_truncated_one_all_from_the_first() {
        let orders = OrderPlan {
            run: RunId::new(7).unwrap(),
            seed: 2026,
            bad_share: 0.0,
        };
        for (kind, ends) in [
            (FaultKind::ScanStale, false),
            (FaultKind::ScanTruncated, true),
        ] {
            let plan = faulty(&[Fault::new(kind, FaultExtent::Count(2))], orders, 10);
            let mut short = page(&orders);
            assert!(shorten(&mut short, &plan));
            let left = short["Items"].as_array().unwrap().len();
            assert_eq!(short["Count"], left);
            assert!(if ends { left <= 8 } else { left == 8 }, "{kind:?}: {left}");
            assert_eq!(short.get("LastEvaluatedKey").is_none(), ends, "{kind:?}");
        }
        let sound = faulty(&[], orders, 10);
        let mut whole = page(&orders);
        assert!(!shorten(&mut whole, &sound));
        assert_eq!(whole, page(&orders));
    }
}
