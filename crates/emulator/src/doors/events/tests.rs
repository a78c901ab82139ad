//! Event buses past HTTP, in paused time.

use std::time::Duration;

use serde_json::Value;

use super::{Event, EventsErrorKind, Rule, Target};
use crate::doors::Door;
use crate::doors::testing::{Said, World, world};

fn event(detail: &str) -> Event {
    Event {
        source: "shop".into(),
        detail_type: "order".into(),
        detail: detail.into(),
        ..Event::default()
    }
}

fn ruled(rule: Rule) -> World {
    let world = world();
    world.doors.put_rule(rule).unwrap();
    world
}

#[tokio::test(start_paused = true)]
async fn an_event_comes_in_its_envelope_to_those_who_want_it() {
    let world = ruled(
        Rule::new("paid")
            .matching(r#"{"detail": {"state": ["paid"]}}"#)
            .to_queue("q"),
    );
    world
        .doors
        .put_rule(Rule::new("all").to(Target::queue("dead").part("$.detail.id")))
        .unwrap();
    let events = vec![
        Event {
            resources: vec!["arn:aws:x".into()],
            time_s: Some(1_795_680_000),
            ..event(r#"{"id": 9007199254740993, "state": "paid"}"#)
        },
        event(r#"{"id": 8, "state": "new"}"#),
    ];
    let ids = world.doors.put_events(events).unwrap();
    let bodies = world.bodies("q");
    assert_eq!(bodies.len(), 1);
    assert!(
        bodies[0].contains("9007199254740993"),
        "the detail as it was sent: {}",
        bodies[0]
    );
    let envelope: Value = serde_json::from_str(&bodies[0]).unwrap();
    for (field, expected) in [
        ("version", Value::from("0")),
        ("id", ids[0].clone().unwrap().into()),
        ("detail-type", "order".into()),
        ("source", "shop".into()),
        ("account", "000000000000".into()),
        ("time", "2026-11-26T08:00:00Z".into()),
        ("region", "us-east-1".into()),
        ("resources", vec!["arn:aws:x"].into()),
    ] {
        assert_eq!(envelope[field], expected, "{field}");
    }
    assert_eq!(
        world.bodies("dead"),
        ["9007199254740993", "8"],
        "a part alone"
    );
    let counts = world.doors.counts(&Door::bus("default"));
    assert_eq!(
        (counts.accepted, counts.filtered, counts.delivered_total()),
        (2, 1, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_is_refused_fails_alone_and_a_request_without_any_good_one_fails_whole() {
    let world = ruled(Rule::new("all").to_queue("q"));
    let bad = |change: fn(&mut Event)| {
        let mut event = event("{}");
        change(&mut event);
        event
    };
    let entries = vec![
        event(r#"{"n": 1}"#),
        bad(|event| event.source.clear()),
        bad(|event| event.detail_type.clear()),
        bad(|event| event.detail = "no JSON".into()),
        bad(|event| event.detail = "[1]".into()),
        bad(|event| event.source = "aws.s3".into()),
        event(r#"{"n": 2}"#),
    ];
    let results = world.doors.put_events(entries).unwrap();
    let kinds: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().err().map(|error| error.kind))
        .collect();
    let expected = [
        None,
        Some(EventsErrorKind::InvalidArgument),
        Some(EventsErrorKind::InvalidArgument),
        Some(EventsErrorKind::MalformedDetail),
        Some(EventsErrorKind::MalformedDetail),
        Some(EventsErrorKind::NotAuthorizedForSource),
        None,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(world.bodies("q").len(), 2);
    for (events, why) in [
        (vec![], "none"),
        (vec![event("{}"); 11], "too many"),
        (
            vec![bad(|event| event.source.clear())],
            "none that is whole",
        ),
        (
            vec![event(&format!("{{\"x\": \"{}\"}}", "x".repeat(1 << 20)))],
            "too large",
        ),
    ] {
        let error = world.doors.put_events(events).unwrap_err();
        assert_eq!(error.kind, EventsErrorKind::Validation, "{why}");
    }
    let counts = world.doors.counts(&Door::bus("default"));
    assert_eq!((counts.accepted, counts.refused), (2, 9));
}

#[tokio::test(start_paused = true)]
async fn a_fifo_queue_gets_all_events_in_one_group_and_each_fault_strikes_its_event() {
    let rule = Rule::new("all")
        .on_bus("shop")
        .to(Target::queue("q.fifo").in_group("all").part("$.detail.n"));
    let world = world();
    world.doors.create_event_bus("shop", None).unwrap();
    world.doors.put_rule(rule).unwrap();
    world.doors.set_faults(Box::new(Said));
    tokio::spawn(world.doors.clone().run());
    let names = [
        "sound", "vanish", "double", "refuse", "throttle", "late", "behind",
    ];
    let events = names.map(|name| Event {
        bus: Some("arn:aws:events:us-east-1:000000000000:event-bus/shop".into()),
        ..event(&format!("{{\"n\": \"{name}\"}}"))
    });
    let results = world.doors.put_events(events.into()).unwrap();
    let kinds: Vec<_> = results
        .iter()
        .map(|result| result.as_ref().err().map(|error| error.kind))
        .collect();
    assert_eq!(
        kinds[3..5],
        [
            Some(EventsErrorKind::InternalFailure),
            Some(EventsErrorKind::Throttling)
        ]
    );
    assert_eq!(kinds.iter().flatten().count(), 2);
    assert_eq!(
        world.bodies("q.fifo"),
        ["\"sound\"", "\"double\"", "\"double\""]
    );
    let counts = || world.doors.counts(&Door::bus("shop"));
    assert_eq!(
        (counts().accepted, counts().refused, counts().inside),
        (5, 2, 2)
    );
    assert!(!counts().is_drained());
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(counts().is_drained());
    assert_eq!(world.bodies("q.fifo")[3..], ["\"late\"", "\"behind\""]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_throttled_as_a_whole_is_not_taken_at_all_and_the_next_one_is() {
    let world = ruled(Rule::new("all").to(Target::queue("q").part("$.detail.n")));
    world.doors.set_faults(Box::new(Said));
    let put = |names: [&str; 2]| {
        let events = names.map(|name| event(&format!("{{\"n\": \"{name}\"}}")));
        world.doors.put_events(events.into())
    };
    let refused = put(["sound", "throttle all"]).unwrap_err();
    assert_eq!(refused.kind.code(), "ThrottlingException");
    assert!(world.bodies("q").is_empty());
    let entries = put(["sound", "throttle"]).unwrap();
    assert!(entries[0].is_ok() && entries[1].is_err(), "one alone");
    assert_eq!(world.bodies("q"), ["\"sound\""]);
    let counts = world.doors.counts(&Door::bus("default"));
    assert_eq!(
        (counts.accepted, counts.refused),
        (1, 2),
        "a request is one"
    );
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_goes_to_the_dead_letters_and_an_unknown_bus_nowhere() {
    let world = ruled(Rule::new("all").to(Target::queue("q").dead_letters_to("dead")));
    world.engine.delete_queue("q").unwrap();
    let elsewhere = Event {
        bus: Some("gone".into()),
        ..event("{}")
    };
    let results = world
        .doors
        .put_events(vec![event("{}"), elsewhere])
        .unwrap();
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(world.bodies("dead").len(), 1);
    assert_eq!(world.doors.counts(&Door::bus("default")).dead_lettered, 1);
    assert_eq!(world.doors.counts(&Door::bus("gone")).undelivered, 1);
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_refused_that_could_not_work() {
    let world = world();
    for (rule, kind) in [
        (
            Rule::new("a").on_bus("gone"),
            EventsErrorKind::ResourceNotFound,
        ),
        (Rule::new("a b"), EventsErrorKind::Validation),
        (
            Rule::new("a").matching("{"),
            EventsErrorKind::InvalidEventPattern,
        ),
        (
            Rule::new("a").to(Target::queue("q.fifo")),
            EventsErrorKind::Validation,
        ),
        (
            Rule::new("a").to(Target::queue("q").part("$.a[0]")),
            EventsErrorKind::Validation,
        ),
    ] {
        assert_eq!(world.doors.put_rule(rule).unwrap_err().kind, kind);
    }
    let many = (0..6).map(|number| Target {
        id: number.to_string(),
        ..Target::queue("q")
    });
    let rule = many.fold(Rule::new("a"), Rule::to);
    assert_eq!(
        world.doors.put_rule(rule).unwrap_err().kind,
        EventsErrorKind::LimitExceeded
    );
}
