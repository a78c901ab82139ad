//! Where reading a table can be made to misbehave: asked of each item a scan finds, and silent unless told otherwise.

use serde_json::Value;

/// What a fault plan may do to a table's reads. Every default is the behavior of a sound table.
pub trait TableFaults: Send + Sync {
    /// Whether scans may be struck at all; where not, their pages are passed on unread.
    fn strikes_scans(&self) -> bool {
        false
    }

    /// Whether a scan of `table` misses this item (in DynamoDB's JSON), as an old replica would.
    fn hides(&self, _table: &str, _item: &Value) -> bool {
        false
    }

    /// Whether the scan ends before this item, as if there were no more pages.
    fn ends_scan_at(&self, _table: &str, _item: &Value) -> bool {
        false
    }
}

/// Takes what is struck out of a page of a scan of `table`; whether the page may have changed.
pub(super) fn shorten(table: &str, page: &mut Value, faults: &dyn TableFaults) -> bool {
    let Some(items) = page["Items"].as_array_mut() else {
        return false;
    };
    items.retain(|item| !faults.hides(table, item));
    let cut = items
        .iter()
        .position(|item| faults.ends_scan_at(table, item));
    if let Some(cut) = cut {
        items.truncate(cut);
    }
    let count = items.len();
    page["Count"] = count.into();
    // What it never saw it cannot count.
    page["ScannedCount"] = count.into();
    if cut.is_some()
        && let Some(page) = page.as_object_mut()
    {
        page.remove("LastEvaluatedKey");
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hides the items of the first number, and ends the scan at that of the second.
    struct Strikes(Option<u64>, Option<u64>);

    fn is(item: &Value, number: Option<u64>) -> bool {
        number.is_some_and(|number| item["id"] == serde_json::json!({"N": number.to_string()}))
    }

    impl TableFaults for Strikes {
        fn hides(&self, _table: &str, item: &Value) -> bool {
            is(item, self.0)
        }

        fn ends_scan_at(&self, _table: &str, item: &Value) -> bool {
            is(item, self.1)
        }
    }

    fn page() -> Value {
        let items: Vec<Value> = (0..10)
            .map(|k| serde_json::json!({"id": {"N": k.to_string()}}))
            .collect();
        serde_json::json!({"Items": items, "Count": 10, "LastEvaluatedKey": {"id": {"N": "9"}}})
    }

    #[test]
    fn a_page_lacks_what_is_hidden_and_all_from_where_it_ends() {
        let cases = [
            (Strikes(Some(3), None), 9, true),
            (Strikes(None, Some(3)), 3, false),
            (Strikes(Some(1), Some(3)), 2, false),
            (Strikes(Some(3), Some(3)), 9, true),
            (Strikes(None, None), 10, true),
        ];
        for (strikes, left, goes_on) in cases {
            let mut short = page();
            assert!(shorten("t", &mut short, &strikes));
            assert_eq!(short["Items"].as_array().unwrap().len(), left);
            assert_eq!(short["Count"], left);
            assert_eq!(short["ScannedCount"], left);
            assert_eq!(short.get("LastEvaluatedKey").is_some(), goes_on);
        }
        let mut other = serde_json::json!({"Table": {}});
        assert!(!shorten("t", &mut other, &Strikes(None, None)), "no page");
    }
}
