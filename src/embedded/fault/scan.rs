//! Faults of reading: a page of a scan that shows less than there is.

use std::sync::Arc;

use serde_json::Value;

use crate::embedded::items::row_of_json;
use crate::emulator::table::TableFaults;
use crate::fault::FaultPlan;
use crate::scenario::FaultKind;

/// The plan's faults of scans.
pub struct FaultyScans(Arc<FaultPlan>);

impl FaultyScans {
    /// Those of this plan.
    pub fn new(plan: Arc<FaultPlan>) -> Self {
        Self(plan)
    }

    fn strikes(&self, kind: FaultKind, table: &str, item: &Value) -> bool {
        self.0.has(kind)
            && row_of_json(item).is_some_and(|row| self.0.strike_row(kind, table, &row).is_some())
    }
}

impl TableFaults for FaultyScans {
    fn strikes_scans(&self) -> bool {
        self.0.has(FaultKind::ScanStale) || self.0.has(FaultKind::ScanTruncated)
    }

    fn hides(&self, table: &str, item: &Value) -> bool {
        self.strikes(FaultKind::ScanStale, table, item)
    }

    fn ends_scan_at(&self, table: &str, item: &Value) -> bool {
        self.strikes(FaultKind::ScanTruncated, table, item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::testing::faulty;
    use crate::order::{OrderPlan, RunId};
    use crate::scenario::{Fault, FaultExtent};

    #[test]
    fn a_stale_scan_misses_its_victims_and_a_truncated_one_ends_at_them() {
        let orders = OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.0);
        let struck = |kind| {
            let plan = faulty(
                &[Fault::new(kind, FaultExtent::Count(2))],
                orders.clone(),
                10,
            );
            let faults = FaultyScans::new(Arc::new(plan));
            assert!(faults.strikes_scans());
            let items =
                (0..10).map(|k| serde_json::json!({"id": {"N": orders.run.number(k).to_string()}}));
            let items: Vec<_> = items.collect();
            let hidden = items
                .iter()
                .filter(|item| faults.hides("orders", item))
                .count();
            let ends = items
                .iter()
                .filter(|item| faults.ends_scan_at("orders", item));
            (hidden, ends.count())
        };
        assert_eq!(struck(FaultKind::ScanStale), (2, 0));
        assert_eq!(struck(FaultKind::ScanTruncated), (0, 2));
        let sound = FaultyScans::new(Arc::new(faulty(&[], orders.clone(), 10)));
        assert!(!sound.strikes_scans());
        let strange = serde_json::json!({"id": {"S": "seven"}});
        assert!(!sound.hides("orders", &strange) && !sound.ends_scan_at("orders", &strange));
    }
}
