//! What a batch holds, and how much of it.

use md5::{Digest, Md5};

use super::*;
use crate::order::{AttributeText, MessageAttribute, RunId, Sink};

/// What SQS takes in one request.
const REQUEST_BYTES_MAX: usize = 1 << 20;

#[test]
fn a_batch_holds_the_plans_bodies_and_knows_their_md5() {
    let plan = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.5);
    let mut batch = Batch::new();
    batch.fill(&plan, 90..100);
    batch.fill(&plan, 5..8);
    assert_eq!((batch.len(), batch.orders()), (3, 5..8));
    for (k, body) in batch.orders().zip(batch.bodies()) {
        let mut expected = Vec::new();
        plan.write_body(k, &mut expected);
        assert_eq!(body, expected);
    }
    let hex = |body: &[u8]| {
        let digest: [u8; 16] = Md5::digest(body).into();
        digest.map(|byte| format!("{byte:02x}")).concat()
    };
    let right = hex(batch.body(1));
    assert!(batch.md5_matches(1, &right));
    assert!(!batch.md5_matches(0, &right), "another order's");
    assert!(!batch.md5_matches(1, &right[..31]), "one digit short");
    assert!(!batch.md5_matches(1, ""), "none");

    // As many as one request takes.
    batch.fill(&plan, 100..110);
    for index in 0..10 {
        let right = hex(batch.body(index));
        let matching: Vec<usize> = (0..10)
            .filter(|&other| batch.md5_matches(other, &right))
            .collect();
        assert_eq!(matching, [index]);
    }
    assert!((0..3).all(|index| batch.carried(index).is_none() && !batch.wants_message_id(index)));
}

/// How many of these bodies with these attribute values one request takes.
fn taken(messages: &[(usize, usize)]) -> usize {
    let mut batch = Batch::new();
    batch.clear(0);
    for (body, value) in messages {
        let attribute = MessageAttribute {
            name: "a".into(),
            value: AttributeText::Text("x".repeat(*value)),
        };
        let carried = Carried {
            attributes: (*value > 0).then_some(attribute).into_iter().collect(),
            ..Carried::default()
        };
        if !batch.push(|out| out.put(&"x".repeat(*body)), Some(carried)) {
            break;
        }
    }
    assert_eq!(batch.bodies().count(), batch.len());
    batch.len()
}

#[test]
fn a_request_takes_as_many_as_its_size_allows_attributes_included() {
    let half = REQUEST_BYTES_MAX / 2;
    // A name of one byte and `String` are seven bytes more.
    for (messages, expected, why) in [
        (vec![(half, 0), (half, 0)], 2, "just full"),
        (vec![(half, 0), (half + 1, 0)], 1, "one byte too much"),
        (
            vec![(half, 0), (half - 8, 1), (1, 0)],
            2,
            "full with an attribute",
        ),
        (vec![(half, 0), (half - 7, 1)], 1, "an attribute too much"),
        (vec![(half - 8, 1), (half, 0)], 2, "an attribute before"),
        (vec![(half - 7, 1), (half, 0)], 1, "one too much before"),
        (
            vec![(REQUEST_BYTES_MAX + 1, 0), (1, 0)],
            1,
            "too large alone",
        ),
        (vec![(1, 0); 10], 10, "ten small ones"),
    ] {
        assert_eq!(taken(&messages), expected, "{why}");
    }
}

#[test]
fn what_does_not_fit_leaves_no_trace() {
    let mut batch = Batch::new();
    batch.clear(4);
    assert!(batch.push(|out| out.put("small"), None));
    batch.name_last();
    let large = |out: &mut EscapedText| out.put(&"x".repeat(REQUEST_BYTES_MAX));
    assert!(!batch.push(large, None));
    assert_eq!(
        (batch.len(), batch.orders(), batch.body(0)),
        (1, 4..5, &b"small"[..])
    );
    assert!(batch.wants_message_id(0) && !batch.wants_message_id(1));
    assert!(batch.push(|out| out.put("also"), None));
    assert_eq!(batch.body(1), b"also");
    assert_eq!(batch.escaped_body(1), b"also");
}
