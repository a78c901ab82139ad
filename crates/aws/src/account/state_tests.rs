//! One change at a time to a pipeline that is as desired.

use std::time::Duration;

use super::state::{capacity_difference, ownership};
use super::{
    ActualResources, CREATED_BY_TAG, CREATED_BY_VALUE, DesiredResources, Kind, Ownership,
    ResourceState,
};
use crate::preflight::{
    ALLOWED_TAG, ALLOWED_VALUE, CapacityFacts, Known, Place, QueueFacts, RedriveFacts, TableFacts,
    Tags,
};
use crate::scenario::{Resources, TableCapacity, parse};

const LAB: &str = include_str!("../../../../scenarios/lab.toml");
const DEAD_LETTERS: &str = "arn:aws:sqs:us-east-1:1:orders-dl-queue";

fn desired(capacity: TableCapacity) -> DesiredResources {
    let mut scenario = parse("lab", LAB, &Default::default()).expect("a valid scenario");
    scenario.pipeline.table_capacity = capacity;
    DesiredResources::of(&scenario.pipeline, &Resources::default()).expect("settings AWS takes")
}

fn tags(pairs: &[(&str, &str)]) -> Known<Tags> {
    let pairs = pairs
        .iter()
        .map(|(key, value)| ((*key).into(), (*value).into()));
    Known::Is(pairs.collect())
}

fn ours() -> Known<Tags> {
    tags(&[
        (CREATED_BY_TAG, CREATED_BY_VALUE),
        (ALLOWED_TAG, ALLOWED_VALUE),
    ])
}

fn queue(name: &str) -> QueueFacts {
    QueueFacts {
        name: name.into(),
        url: format!("http://127.0.0.1/1/{name}"),
        arn: format!("arn:aws:sqs:us-east-1:1:{name}"),
        visibility_timeout: Duration::from_secs(30),
        retention: Duration::from_secs(14 * 86_400),
        delay: Duration::ZERO,
        redrive: None,
        messages: 0,
        fifo: false,
        fifo_settings: None,
        kms_key: None,
        tags: ours(),
    }
}

/// What `up` creates for the lab.
struct There {
    dead: QueueFacts,
    orders: QueueFacts,
    table: TableFacts,
}

fn there() -> There {
    There {
        dead: queue("orders-dl-queue"),
        orders: QueueFacts {
            visibility_timeout: Duration::from_secs(2),
            retention: Duration::from_secs(4 * 86_400),
            redrive: Some(RedriveFacts {
                target_arn: DEAD_LETTERS.into(),
                max_receive_count: 3,
            }),
            ..queue("orders-queue")
        },
        table: TableFacts {
            name: "orders".into(),
            arn: "arn:aws:dynamodb:us-east-1:1:table/orders".into(),
            status: "ACTIVE".into(),
            key: vec![["id", "N", "HASH"].map(String::from)],
            capacity: CapacityFacts::OnDemand {
                warm_write_units: Some(4_000),
                max_write_units: None,
            },
            items: 0,
            bytes: 0,
            has_rows: Known::Is(false),
            expires_by: Known::Is(None),
            tags: ours(),
        },
    }
}

fn actual(there: There) -> ActualResources {
    ActualResources {
        place: Place {
            account: Known::Absent,
            caller: Known::Absent,
            region: "us-east-1".into(),
            sqs_endpoint: String::new(),
            dynamodb_endpoint: String::new(),
            loopback: false,
            clock: Known::Absent,
        },
        dead_letter_queue: Known::Is(there.dead),
        orders_queue: Known::Is(there.orders),
        table: Known::Is(there.table),
    }
}

/// The one thing that is told after `change`, of all three resources.
fn told(change: impl FnOnce(&mut There)) -> Vec<String> {
    let mut there = there();
    change(&mut there);
    let (actual, desired) = (actual(there), desired(TableCapacity::Unlimited));
    let state = |kind| match actual.state(kind, &desired) {
        ResourceState::AsDesired => Vec::new(),
        ResourceState::Differs(differences) => differences,
        other => vec![format!("{other:?}")],
    };
    Kind::ALL.into_iter().flat_map(state).collect()
}

type Change = fn(&mut There);

/// Changes that make a difference, and what is told of each.
const DIFFERENCES: [(Change, &str); 14] = [
    (
        |it| it.orders.visibility_timeout += Duration::from_secs(1),
        "the visibility timeout is 3 s; the scenario asks for 2 s",
    ),
    (
        |it| it.orders.retention = Duration::from_secs(60),
        "the retention is 60 s; the scenario asks for 4 days",
    ),
    (
        |it| it.dead.retention = Duration::from_secs(86_400),
        "the retention is 1 day; the scenario asks for 14 days",
    ),
    (
        |it| it.orders.delay = Duration::from_secs(5),
        "the delay is 5 s; the scenario asks for none",
    ),
    (
        |it| it.orders.redrive = None,
        "the redrive policy is missing; the scenario asks for 3 receives to orders-dl-queue",
    ),
    (
        |it| it.orders.redrive.as_mut().expect("one").max_receive_count = 5,
        "max_receive_count is 5; the scenario asks for 3",
    ),
    (
        |it| {
            it.orders.redrive.as_mut().expect("one").target_arn = "arn:aws:sqs:us-east-1:1:x".into()
        },
        "the redrive policy's target is arn:aws:sqs:us-east-1:1:x; the scenario asks for orders-dl-queue",
    ),
    (
        |it| it.dead.redrive = it.orders.redrive.clone(),
        "the redrive policy is 3 receives to arn:aws:sqs:us-east-1:1:orders-dl-queue; the scenario asks for none",
    ),
    (
        |it| it.table.key[0][1] = "S".into(),
        "the key is id S HASH; the scenario asks for id N HASH",
    ),
    (
        |it| it.table.key.push(["at", "N", "RANGE"].map(String::from)),
        "the key is id N HASH, at N RANGE; the scenario asks for id N HASH",
    ),
    (
        |it| it.table.status = "ARCHIVED".into(),
        "its status is ARCHIVED; the scenario asks for ACTIVE",
    ),
    (
        |it| {
            it.table.capacity = CapacityFacts::Provisioned {
                write_units: 5,
                read_units: 5,
            }
        },
        "the capacity is 5 write and 5 read capacity units; the scenario asks for on demand",
    ),
    (
        |it| {
            it.table.capacity = CapacityFacts::OnDemand {
                warm_write_units: None,
                max_write_units: Some(9),
            }
        },
        "at most 9 writes a second are allowed; the scenario asks for no limit",
    ),
    (
        |it| it.table.tags = tags(&[(CREATED_BY_TAG, CREATED_BY_VALUE), (ALLOWED_TAG, "no")]),
        "the tag orderproof=allowed is gone",
    ),
];

#[test]
fn each_setting_that_is_not_as_wanted_is_told_and_nothing_else() {
    assert_eq!(told(|_| {}), Vec::<String>::new(), "as desired");
    for (change, expected) in DIFFERENCES {
        assert_eq!(told(change), [expected]);
    }
}

#[test]
fn what_is_no_setting_of_ours_makes_no_difference() {
    let cases: [(Change, &str); 5] = [
        (
            |it| it.dead.visibility_timeout = Duration::from_secs(99),
            "of the dead-letter queue",
        ),
        (|it| it.orders.messages = 7, "messages"),
        (|it| it.table.has_rows = Known::Is(true), "rows"),
        (|it| it.table.status = "CREATING".into(), "it is waited for"),
        (
            |it| {
                it.table.capacity = CapacityFacts::OnDemand {
                    warm_write_units: Some(90_000),
                    max_write_units: None,
                }
            },
            "traffic has warmed it",
        ),
    ];
    for (change, why) in cases {
        assert_eq!(told(change), Vec::<String>::new(), "{why}");
    }
}

#[test]
fn only_the_tag_with_its_value_makes_it_ours() {
    let both = [
        (CREATED_BY_TAG, CREATED_BY_VALUE),
        (ALLOWED_TAG, ALLOWED_VALUE),
    ];
    let unknown = || Known::<Tags>::Unknown("AccessDenied".into());
    let cases = [
        (Known::Is(tags(&both)), Ownership::Ours, "both tags"),
        (
            Known::Is(tags(&both[..1])),
            Ownership::Ours,
            "sends may be forbidden meanwhile",
        ),
        (
            Known::Is(tags(&both[1..])),
            Ownership::Foreign,
            "allowed, and of somebody else",
        ),
        (
            Known::Is(tags(&[(CREATED_BY_TAG, "sam")])),
            Ownership::Foreign,
            "another value",
        ),
        (Known::Is(tags(&[])), Ownership::Foreign, "no tags"),
        (Known::Absent, Ownership::Absent, "not there"),
        (
            Known::Is(unknown()),
            Ownership::Unknown("its tags: AccessDenied".into()),
            "tags unread",
        ),
        (
            Known::Is(Known::Absent),
            Ownership::Unknown("the reply has no tags".into()),
            "no tags told",
        ),
        (
            Known::Unknown("Throttled".into()),
            Ownership::Unknown("Throttled".into()),
            "unread",
        ),
    ];
    for (found, expected, why) in cases {
        assert_eq!(ownership(&found, |tags| tags), expected, "{why}");
    }
}

#[test]
fn an_orders_queue_whose_dead_letter_queue_is_gone_is_compared_by_its_name() {
    let desired = desired(TableCapacity::Unlimited);
    for (target, state) in [
        (DEAD_LETTERS, ResourceState::AsDesired),
        (
            "arn:aws:sqs:us-east-1:1:x",
            ResourceState::Differs(vec![
                "the redrive policy's target is arn:aws:sqs:us-east-1:1:x; the scenario asks for orders-dl-queue"
                    .into(),
            ]),
        ),
    ] {
        let mut there = there();
        there.orders.redrive.as_mut().expect("one").target_arn = target.into();
        let mut actual = actual(there);
        actual.dead_letter_queue = Known::Absent;
        assert_eq!(
            actual.state(Kind::OrdersQueue, &desired),
            state,
            "{target}"
        );
        assert_eq!(
            actual.state(Kind::DeadLetterQueue, &desired),
            ResourceState::Absent
        );
    }
}

#[test]
fn a_table_of_ours_that_is_being_deleted_can_be_created() {
    let mut there = there();
    there.table.status = "DELETING".into();
    let actual = actual(there);
    let state = actual.state(Kind::Table, &desired(TableCapacity::Unlimited));
    assert_eq!(state, ResourceState::Absent);
}

#[test]
fn a_scenarios_capacity_is_asked_for_as_dynamodb_takes_it() {
    let on_demand = |units| TableCapacity::OnDemand {
        warm_write_units: units,
    };
    let provisioned = |reads| TableCapacity::Provisioned {
        write_capacity_units: 25,
        read_capacity_units: reads,
    };
    let cases = [
        (TableCapacity::Unlimited, "key id (N), on demand"),
        (on_demand(4_000), "key id (N), on demand"),
        (
            on_demand(4_001),
            "key id (N), on demand, 4001 writes a second from the start",
        ),
        (
            provisioned(Some(9)),
            "key id (N), 25 write and 9 read capacity units",
        ),
        (
            provisioned(None),
            "key id (N), 25 write and 5 read capacity units",
        ),
    ];
    for (capacity, text) in cases {
        assert_eq!(desired(capacity).table.to_string(), text);
    }
    let warm = |warm_write_units| CapacityFacts::OnDemand {
        warm_write_units,
        max_write_units: None,
    };
    let desired = desired(on_demand(8_000)).table.capacity;
    assert!(
        capacity_difference(desired, warm(Some(4_000))).is_some(),
        "too cold"
    );
    assert_eq!(capacity_difference(desired, warm(Some(8_000))), None);
    assert_eq!(
        capacity_difference(desired, warm(None)),
        None,
        "a server without warmth"
    );
}

#[test]
fn settings_sqs_does_not_take_are_told_all_at_once() {
    type Change = fn(&mut crate::scenario::Pipeline);
    let cases: [(Change, &str); 7] = [
        (
            |it| it.visibility_timeout = Duration::from_millis(1_500),
            "visibility_timeout is 1.5s",
        ),
        (
            |it| it.visibility_timeout = Duration::from_secs(43_201),
            "visibility_timeout is 43201s",
        ),
        (
            |it| it.orders_retention = Duration::from_secs(59),
            "orders_retention is 59s",
        ),
        (
            |it| it.dead_letter_retention = Duration::from_secs(1_209_601),
            "dead_letter_retention",
        ),
        (|it| it.max_receive_count = 0, "max_receive_count is 0"),
        (
            |it| it.max_receive_count = 1_001,
            "max_receive_count is 1001",
        ),
        (|it| it.redrive_to = Some("x".into()), "redrive_to is \"x\""),
    ];
    let lab = || {
        parse("lab", LAB, &Default::default())
            .expect("a valid scenario")
            .pipeline
    };
    let names = Resources {
        dead_letter_queue: "mine".into(),
        ..Resources::default()
    };
    for (change, told) in cases {
        let mut pipeline = lab();
        change(&mut pipeline);
        let problems = DesiredResources::of(&pipeline, &names).expect_err(told);
        assert!(
            problems.len() == 1 && problems[0].contains(told),
            "{told}: {problems:?}"
        );
    }
    let mut pipeline = lab();
    cases
        .iter()
        .skip(1)
        .step_by(2)
        .for_each(|(change, _)| change(&mut pipeline));
    assert_eq!(
        DesiredResources::of(&pipeline, &names).map_err(|all| all.len()),
        Err(3)
    );

    let redrive = |to: Option<&str>| {
        let mut pipeline = lab();
        pipeline.redrive_to = to.map(String::from);
        DesiredResources::of(&pipeline, &names).map(|desired| desired.orders_queue.redrive)
    };
    let mine = Ok(Some((3, "mine".to_owned())));
    assert_eq!(
        redrive(Some("orders-dl-queue")),
        mine,
        "the lab's name means the target's queue"
    );
    assert_eq!(redrive(Some("mine")), mine);
    assert_eq!(redrive(None), Ok(None));
}
