//! What a page of a scan or a query says it has read.
//!
//! The database behind counts the item at which a page of 1 MB ends in that page's `ScannedCount`, and again in the
//! next one's. Here each item is counted once, in the page that it is judged in.

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Items of 400 KB that fit into a page of 1 MB; the next one may end it.
const FIT_IN_PAGE: u64 = 2;

/// What was asked for, as far as the counts depend on it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    limit: Option<u64>,
    filter_expression: Option<IgnoredAny>,
    scan_filter: Option<IgnoredAny>,
    query_filter: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    items: Option<&'a RawValue>,
    count: u64,
    scanned_count: u64,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    last_evaluated_key: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    consumed_capacity: Option<&'a RawValue>,
}

/// What is to be done with a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// It counts as it should, or is no page.
    Right,
    /// The page as it should be.
    Wrong(Bytes),
    /// It ends where the limit does, or one item before: the reply to this request, which asks for one more, tells.
    Unsure(Bytes),
}

/// Looks at the reply to a scan or a query.
pub(super) fn look(asked: &[u8], reply: &[u8]) -> Counted {
    let (Ok(asked_for), Ok(page)) = (
        serde_json::from_slice::<Asked>(asked),
        serde_json::from_slice::<Page<'_>>(reply),
    ) else {
        return Counted::Right;
    };
    if page.last_evaluated_key.is_none() {
        return Counted::Right;
    }
    let Asked {
        limit,
        filter_expression,
        scan_filter,
        query_filter,
    } = asked_for;
    let filters = [filter_expression, scan_filter, query_filter];
    if filters.iter().all(Option::is_none) {
        // Nothing that was read was dropped.
        return counting(page, |page| page.count);
    }
    match limit {
        Some(limit) if limit <= FIT_IN_PAGE => Counted::Right,
        Some(limit) if page.scanned_count >= limit => match one_more(asked, limit) {
            Some(request) => Counted::Unsure(request),
            None => Counted::Right,
        },
        _ => one_less(page),
    }
}

/// The page of which [`look`] was unsure, by the reply to its request.
pub(super) fn look_again(reply: &[u8], one_more: &[u8]) -> Counted {
    match (
        serde_json::from_slice::<Page<'_>>(reply),
        serde_json::from_slice::<Page<'_>>(one_more),
    ) {
        // With room for one more it read no more: it was full.
        (Ok(page), Ok(again))
            if again.last_evaluated_key.is_some() && again.scanned_count == page.scanned_count =>
        {
            one_less(page)
        }
        _ => Counted::Right,
    }
}

fn one_less(page: Page<'_>) -> Counted {
    counting(page, |page| page.scanned_count.saturating_sub(1))
}

fn counting(page: Page<'_>, scanned: impl Fn(&Page<'_>) -> u64) -> Counted {
    let scanned_count = scanned(&page);
    if scanned_count == page.scanned_count {
        return Counted::Right;
    }
    let page = Page {
        scanned_count,
        ..page
    };
    serde_json::to_vec(&page).map_or(Counted::Right, |page| Counted::Wrong(page.into()))
}

fn one_more(asked: &[u8], limit: u64) -> Option<Bytes> {
    let mut asked: Value = serde_json::from_slice(asked).ok()?;
    asked["Limit"] = (limit + 1).into();
    Some(asked.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(items: u64, scanned: u64, more: bool) -> String {
        let last = if more {
            r#","LastEvaluatedKey":{"id":{"N":"7"}}"#
        } else {
            ""
        };
        format!(r#"{{"Items":[1.50],"Count":{items},"ScannedCount":{scanned}{last}}}"#)
    }

    #[test]
    fn the_item_that_ends_a_page_is_counted_in_the_next() {
        let filtered = r#"{"FilterExpression":"a = :a"}"#;
        let limited = r#"{"FilterExpression":"a = :a","Limit":20}"#;
        for (asked, read, right, why) in [
            (
                "{}",
                reply(10, 11, true),
                Some(reply(10, 10, true)),
                "a full page",
            ),
            ("{}", reply(10, 10, true), None, "a page that counts well"),
            ("{}", reply(4, 4, false), None, "the last page"),
            (
                r#"{"Limit":4}"#,
                reply(4, 4, true),
                None,
                "a page at its limit",
            ),
            (
                r#"{"Limit":11}"#,
                reply(10, 11, true),
                Some(reply(10, 10, true)),
                "full just before its limit",
            ),
            (
                filtered,
                reply(3, 11, true),
                Some(reply(3, 10, true)),
                "full and filtered",
            ),
            (
                filtered,
                reply(3, 11, false),
                None,
                "filtered, and the last",
            ),
            (
                limited,
                reply(3, 11, true),
                Some(reply(3, 10, true)),
                "full long before its limit",
            ),
            (
                r#"{"ScanFilter":{},"Limit":2}"#,
                reply(0, 2, true),
                None,
                "two items always fit",
            ),
            ("no JSON", reply(10, 11, true), None, "not understood"),
            ("{}", r#"{"__type":"x"}"#.into(), None, "a refusal"),
        ] {
            let expected = right.map_or(Counted::Right, |page| Counted::Wrong(page.into()));
            assert_eq!(look(asked.as_bytes(), read.as_bytes()), expected, "{why}");
        }
    }

    #[test]
    fn where_page_and_limit_end_together_one_more_is_asked_for() {
        let asked = br#"{"FilterExpression":"a = :a","Limit":11}"#;
        let page = reply(3, 11, true);
        let Counted::Unsure(request) = look(asked, page.as_bytes()) else {
            panic!("it may be either");
        };
        let request: Value = serde_json::from_slice(&request).expect("a request");
        assert_eq!(request["Limit"], 12);
        for (again, expected, why) in [
            (
                reply(3, 11, true),
                Counted::Wrong(reply(3, 10, true).into()),
                "no more: it was full",
            ),
            (
                reply(4, 12, true),
                Counted::Right,
                "one more: it was at its limit",
            ),
            (
                reply(3, 11, false),
                Counted::Right,
                "at its limit, and there are no more",
            ),
            ("{}".into(), Counted::Right, "nothing to go by"),
        ] {
            assert_eq!(
                look_again(page.as_bytes(), again.as_bytes()),
                expected,
                "{why}"
            );
        }
    }
}
