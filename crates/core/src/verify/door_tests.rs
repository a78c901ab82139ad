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
fn a_door_elsewhere_is_drained_once_it_cannot_try_again_and_all_it_gave_up_was_looked_for() {
    let day = Duration::from_secs(86_400);
    let minute = Duration::from_secs(60);
    let hands_on = |retries: Option<Duration>, unseen: Option<&[&str]>| HandingOn {
        retries,
        unseen: unseen.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
    };
    let seen_all = |retries| hands_on(retries, Some(&[]));
    for (door, handing_on, waited, drained, why) in [
        (
            topic(),
            seen_all(None),
            day * 23,
            false,
            "SNS tries for 23 days",
        ),
        (topic(), seen_all(None), day * 24, true, "and no longer"),
        (
            bus(),
            seen_all(None),
            day,
            false,
            "EventBridge tries for a day",
        ),
        (bus(), seen_all(None), day * 2, true, "and no longer"),
        (
            bus(),
            seen_all(Some(minute)),
            minute,
            false,
            "a rule says less",
        ),
        (
            bus(),
            seen_all(Some(minute)),
            minute * 2,
            true,
            "and no longer",
        ),
        (
            bus(),
            hands_on(Some(minute), Some(&["failures"])),
            minute * 2,
            false,
            "in failures, where this run does not look",
        ),
        (
            bus(),
            hands_on(Some(minute), None),
            minute * 2,
            false,
            "could not be read",
        ),
        (
            topic(),
            HandingOn::default(),
            day * 24,
            false,
            "could not be read",
        ),
    ] {
        let seen = DoorSeen::waited(&door, &handing_on, waited, Duration::ZERO).expect("a door");
        assert_eq!(seen.drained, drained, "{why}: {}", seen.evidence);
        assert_eq!((seen.accepted, seen.inside), (None, None));
        if handing_on
            .unseen
            .as_ref()
            .is_none_or(|unseen| !unseen.is_empty())
        {
            assert!(seen.evidence.contains(why), "{why}: {}", seen.evidence);
        }
    }
    let rested = |waited: Duration| {
        DoorSeen::waited(&bus(), &seen_all(Some(minute)), waited, minute).expect("a door")
    };
    assert!(
        !rested(minute * 2).drained,
        "the queue was seen empty before the last try, too"
    );
    assert!(
        rested(minute * 2 + Duration::from_millis(1)).drained,
        "and after it alone"
    );
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
    let seen =
        DoorSeen::waited(&server, &seen_all(None), day * 400, Duration::ZERO).expect("a door");
    assert!(!seen.drained, "of a server nobody knows how long it tries");
    assert_eq!(
        DoorSeen::waited(&Door::Sqs, &seen_all(None), day, Duration::ZERO),
        None
    );
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
