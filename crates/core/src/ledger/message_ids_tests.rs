//! A message id tells its order, whatever it looks like, and nothing else does.

use super::*;

const UUID: &str = "db61ecd4-f33c-4b4a-a1f0-1c0c5d1f1a2e";

fn id(text: &str) -> MessageId {
    MessageId::parse(text).unwrap()
}

#[test]
fn an_id_reads_back_the_same_and_only_a_plain_uuid_is_kept_short() {
    assert!(matches!(id(UUID), MessageId::Uuid(_)));
    let upper = UUID.to_uppercase();
    let shifted = UUID.replace("-f33c", "f-33c");
    let foreign = UUID.replace('d', "g");
    for text in [&upper, &shifted, &foreign, "m0", "7", "\"x\n\u{e9}"] {
        assert!(matches!(id(text), MessageId::Text(_)), "{text}");
    }
    for text in [UUID, &upper, "m0", "\"x\n\u{e9}"] {
        assert_eq!(id(text).to_string(), text);
        let json = serde_json::to_string(&id(text)).unwrap();
        assert_eq!(serde_json::from_str::<MessageId>(&json).unwrap(), id(text));
    }
    assert_eq!(MessageId::parse(""), None);
    assert!(
        MessageId::parse(&"x".repeat(100)).is_some(),
        "SQS's longest"
    );
    assert_eq!(MessageId::parse(&"x".repeat(101)), None);
    assert!(serde_json::from_str::<MessageId>("\"\"").is_err());
}

#[test]
fn an_order_is_found_by_its_id_before_and_after_indexing() {
    let mut ids = MessageIds::default();
    let uuid = |n: u8| MessageId::Uuid([n.wrapping_mul(37); 16]);
    for k in 0..200u8 {
        ids.insert(k.into(), uuid(k));
        ids.insert(u64::from(k) + 1_000, id(&format!("text {k}")));
        if k == 90 {
            ids.index();
        }
    }
    for indexed in [false, true] {
        if indexed {
            ids.index();
        }
        for k in 0..200u8 {
            assert_eq!(ids.order_of(&uuid(k).to_string()), Some(k.into()));
            assert_eq!(
                ids.order_of(&format!("text {k}")),
                Some(u64::from(k) + 1_000)
            );
        }
        for nobodys in [
            UUID,
            "text 200",
            "text",
            "",
            &uuid(3).to_string().to_uppercase(),
        ] {
            assert_eq!(ids.order_of(nobodys), None, "{nobodys}");
        }
    }
    assert_eq!((ids.len(), ids.is_empty()), (400, false));
    let mut orders: Vec<u32> = ids.orders().collect();
    orders.sort_unstable();
    assert!(orders.into_iter().eq((0..200).chain(1_000..1_200)));
}

#[test]
fn an_id_that_two_orders_were_given_tells_neither() {
    let mut ids = MessageIds::default();
    for (k, text) in [(1, UUID), (2, "m0"), (3, UUID), (4, "m1")] {
        ids.insert(k, id(text));
    }
    for indexed in [false, true] {
        if indexed {
            ids.index();
        }
        assert_eq!(ids.order_of(UUID), None);
        assert_eq!(ids.order_of("m0"), Some(2));
    }
}

#[test]
fn ids_are_found_by_their_orders_and_those_given_twice_tell_no_order() {
    let uuid = |n: u8| format!("5fea7756-0ea4-451a-a703-a558b933e2{n:02x}");
    let mut ids = MessageIds::default();
    for (k, text) in [
        (7, uuid(1)),
        (3, "x".into()),
        (9, uuid(0)),
        (1, "y".into()),
        (5, uuid(1)),
    ] {
        ids.insert(k, MessageId::parse(&text).expect("an id"));
    }
    ids.index();
    assert_eq!(ids.told_apart().iter().collect::<Vec<_>>(), [1, 3, 9]);
    let places = ids.by_order();
    for (k, text) in [
        (1, "y".to_owned()),
        (3, "x".into()),
        (9, uuid(0)),
        (7, uuid(1)),
    ] {
        assert_eq!(ids.id_of(&places, k).map(|id| id.to_string()), Some(text));
    }
    assert_eq!(ids.id_of(&places, 2), None);
}
