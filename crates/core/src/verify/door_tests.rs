//! What is believed of a door, and what contradicts itself.

use super::*;
use crate::order::{Bus, Topic};

fn topic() -> Door {
    Door::Sns(Topic {
        topic: "orders".into(),
        raw: false,
    })
}

fn bus() -> Door {
    Door::Eventbridge(Bus {
        bus: "shop".into(),
        source: "s".into(),
        detail_type: "d".into(),
        raw: false,
    })
}

#[test]
fn a_door_that_counts_is_drained_when_it_holds_nothing() {
    let empty = DoorSeen::counted("the topic orders", 10, 0);
    assert!(empty.drained, "{empty:?}");
    let holding = DoorSeen::counted("the topic orders", 10, 1);
    assert!(!holding.drained && holding.evidence.contains("still holds 1"));
}

#[test]
fn a_door_elsewhere_is_drained_once_it_cannot_try_again() {
    let day = Duration::from_secs(86_400);
    for (door, retries, waited, drained, why) in [
        (topic(), None, day * 23, false, "SNS tries for 23 days"),
        (topic(), None, day * 24, true, "and no longer"),
        (bus(), None, day, false, "EventBridge tries for a day"),
        (bus(), None, day * 2, true, "and no longer"),
        (
            bus(),
            Some(Duration::from_secs(60)),
            Duration::from_secs(60),
            false,
            "a rule says less",
        ),
        (
            bus(),
            Some(Duration::from_secs(60)),
            Duration::from_secs(61),
            true,
            "and no longer",
        ),
    ] {
        let seen = DoorSeen::waited(&door, retries, waited).expect("a door");
        assert_eq!(seen.drained, drained, "{why}: {}", seen.evidence);
        assert_eq!((seen.accepted, seen.inside), (None, None));
    }
    let server = Door::Http(Box::new(crate::order::HttpDoor {
        method: "POST".into(),
        url: "https://h/orders".into(),
        headers: Default::default(),
        body: None,
        accepted: vec![200],
        refused: Vec::new(),
        id_at: None,
        error_at: None,
    }));
    let seen = DoorSeen::waited(&server, None, day * 400).expect("a door");
    assert!(!seen.drained, "of a server nobody knows how long it tries");
    assert_eq!(DoorSeen::waited(&Door::Sqs, None, day), None);
}

#[test]
fn a_door_that_took_less_than_it_acknowledged_contradicts_the_ledger() {
    let seen = DoorSeen::counted("the topic orders", 10, 0);
    assert_eq!(seen.contradiction(10), None);
    let told = seen.contradiction(11).expect("one");
    assert!(
        told.contains("took 10") && told.contains("acknowledged 11"),
        "{told}"
    );
    let odd = DoorSeen {
        inside: Some(2),
        ..seen
    };
    assert!(odd.contradiction(10).is_some(), "empty, and it holds some");
    let untold = DoorSeen {
        accepted: None,
        inside: None,
        ..odd
    };
    assert_eq!(untold.contradiction(u64::MAX), None, "nobody asked it");
}
