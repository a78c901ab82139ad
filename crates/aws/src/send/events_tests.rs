//! What EventBridge is sent, and what its replies prove.

use serde_json::json;

use super::*;
use crate::ledger::Outcome;
use crate::order::{OrderPlan, RunId};

fn batch(count: u64) -> Batch {
    let plan = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.5);
    let mut batch = Batch::new();
    batch.fill(&plan, 0..count);
    batch
}

fn outcomes(status: u16, body: &str, count: u64) -> Vec<(Outcome, Option<String>)> {
    let reply = classify(status, body.as_bytes(), &batch(count));
    let entry =
        |entry: EntryOutcome| (entry.outcome, entry.reason.map(|reason| reason.to_string()));
    reply.entries.into_iter().map(entry).collect()
}

#[test]
fn every_event_has_the_bus_and_its_detail_as_a_text() {
    let bus = Bus {
        bus: "unused".into(),
        source: "shop \"1\"".into(),
        detail_type: "OrderPlaced".into(),
        raw: false,
    };
    let mut out = Vec::new();
    EventsAt::new("arn:of:a:bus", &bus).write_request(&batch(2), &mut out);
    let request: Value = serde_json::from_slice(&out).unwrap();
    for index in 0..2 {
        let detail = std::str::from_utf8(batch(2).body(index))
            .unwrap()
            .to_owned();
        assert_eq!(
            request["Entries"][index],
            json!({"EventBusName": "arn:of:a:bus", "Source": "shop \"1\"", "DetailType": "OrderPlaced", "Detail": detail})
        );
    }
    assert_eq!(request["Entries"].as_array().unwrap().len(), 2);
}

#[test]
fn entries_are_those_of_the_request_in_their_order_or_none_is_believed() {
    use Outcome::{Acknowledged, Indeterminate, Rejected};
    let told = |outcome, reason: &str| (outcome, Some(reason.to_owned()));
    let good = json!({"FailedEntryCount": 0, "Entries": [{"EventId": "a"}, {"EventId": "b"}]});
    assert_eq!(
        outcomes(200, &good.to_string(), 2),
        [(Acknowledged, None), (Acknowledged, None)]
    );
    let mixed = json!({"FailedEntryCount": 1, "Entries": [{"EventId": "a"}, {"ErrorCode": "ThrottlingException", "ErrorMessage": "m"}]});
    assert_eq!(
        outcomes(200, &mixed.to_string(), 2),
        [(Acknowledged, None), told(Rejected, "ThrottlingException")]
    );
    let failed = json!({"FailedEntryCount": 2, "Entries": [{"ErrorCode": "InternalFailure"}, {"ErrorCode": "InternalException"}]});
    assert_eq!(
        outcomes(200, &failed.to_string(), 2),
        [
            told(Indeterminate, "InternalFailure"),
            told(Indeterminate, "InternalException")
        ]
    );
    let odd = json!({"FailedEntryCount": 1, "Entries": [{"EventId": "a", "ErrorCode": "X"}, {}]});
    assert_eq!(
        outcomes(200, &odd.to_string(), 2),
        [
            told(Indeterminate, "unreadable entry in the reply"),
            told(Indeterminate, "unreadable entry in the reply"),
        ]
    );
    for body in [
        json!({"FailedEntryCount": 0, "Entries": [{"EventId": "a"}]}),
        json!({"FailedEntryCount": 0, "Entries": [{"EventId": "a"}, {"EventId": "b"}, {"EventId": "c"}]}),
        json!({"FailedEntryCount": 1, "Entries": [{"EventId": "a"}, {"EventId": "b"}]}),
        json!({"Entries": [{"EventId": "a"}, {"EventId": "b"}]}),
        json!({"__type": "InternalException"}),
    ] {
        let all = outcomes(200, &body.to_string(), 2);
        assert!(
            all.iter().all(|(outcome, _)| *outcome == Indeterminate),
            "{body}: {all:?}"
        );
    }
}

#[test]
fn a_whole_request_is_refused_by_eventbridges_word_alone() {
    use Outcome::{Indeterminate, Rejected};
    for (status, body, outcome, reason) in [
        (
            400,
            "{\"__type\":\"ValidationException\"}",
            Rejected,
            "ValidationException",
        ),
        (
            400,
            "{\"__type\":\"com.amazonaws.events#ResourceNotFoundException\"}",
            Rejected,
            "ResourceNotFoundException",
        ),
        (
            400,
            "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}",
            Rejected,
            "ThrottlingException",
        ),
        (
            400,
            "nope",
            Indeterminate,
            "reply 400 without an error of EventBridge",
        ),
        (
            500,
            "{\"__type\":\"InternalException\"}",
            Indeterminate,
            "reply 500",
        ),
        (408, "{\"__type\":\"X\"}", Indeterminate, "reply 408"),
    ] {
        assert_eq!(
            outcomes(status, body, 1),
            [(outcome, Some(reason.to_owned()))],
            "{status} {body}"
        );
    }
}
