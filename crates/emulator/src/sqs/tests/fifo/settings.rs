//! Names, attributes and parameters of FIFO queues.

use super::*;

#[test]
fn the_name_and_the_attribute_go_together() {
    let engine = SqsEngine::new();
    let long = format!("{}.fifo", "x".repeat(76));
    let fifo = QueueAttributes::fifo(FifoAttributes::default());
    for (name, attributes, expected, why) in [
        ("a.fifo", &fifo, true, "both"),
        ("a", &fifo, false, "no suffix"),
        ("b.fifo", &QueueAttributes::default(), false, "no attribute"),
        (".fifo", &fifo, false, "nothing before the suffix"),
        ("a.b.fifo", &fifo, false, "a dot too many"),
        (&*long, &fifo, false, "81 characters"),
        (&long[1..], &fifo, true, "80 characters"),
    ] {
        let created = engine.create_queue(name, attributes.clone());
        assert_eq!(created.is_ok(), expected, "{why}: {created:?}");
    }
}

#[test]
fn a_queue_stays_of_its_type() {
    let engine = fifo();
    let changed = engine.update_attributes(QUEUE, |attributes| {
        attributes.fifo = None;
        Ok(())
    });
    let error = changed.expect_err("a FIFO queue");
    assert_eq!(error.kind, SqsErrorKind::InvalidAttributeValue);
}

#[test]
fn a_quota_per_group_needs_deduplication_per_group() {
    let wrong = FifoAttributes {
        throughput_limit: ThroughputLimit::PerMessageGroup,
        ..FifoAttributes::default()
    };
    let created = SqsEngine::new().create_queue(QUEUE, QueueAttributes::fifo(wrong));
    assert!(created.is_err());
    fifo_with(FifoAttributes::high_throughput());
}

#[test]
fn what_a_send_must_say_depends_on_the_type() {
    use SqsErrorKind::{InvalidParameterValue, MissingParameter};
    let engine = fifo_with(FifoAttributes::default());
    engine
        .create_queue("standard", QueueAttributes::default())
        .expect("new");
    let entry = || SendEntry::new("x");
    for (queue, entry, expected, why) in [
        (
            QUEUE,
            entry().deduplicated_by("1"),
            Some(MissingParameter),
            "no group",
        ),
        (
            QUEUE,
            entry().in_group("a"),
            Some(InvalidParameterValue),
            "no id",
        ),
        (
            QUEUE,
            entry().in_group("a b").deduplicated_by("1"),
            Some(InvalidParameterValue),
            "a space",
        ),
        (
            QUEUE,
            entry().in_group("a").deduplicated_by("1 2"),
            Some(InvalidParameterValue),
            "a space",
        ),
        (
            QUEUE,
            SendEntry {
                delay: Some(Duration::ZERO),
                ..entry().in_group("a").deduplicated_by("1")
            },
            None,
            "a delay of nothing is none",
        ),
        ("standard", entry().in_group("a"), None, "fair queues"),
        (
            "standard",
            entry().in_group("a b"),
            Some(InvalidParameterValue),
            "a space",
        ),
        (
            "standard",
            entry().deduplicated_by("1"),
            Some(InvalidParameterValue),
            "not of this type",
        ),
    ] {
        let kind = engine.send(queue, entry).err().map(|error| error.kind);
        assert_eq!(kind, expected, "{why}");
    }
}
