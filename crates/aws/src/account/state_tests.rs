//! One change at a time to a pipeline that is as desired.

use std::time::Duration;

use super::state::{capacity_difference, ownership};
use super::{
    ActualResources, CREATED_BY_TAG, CREATED_BY_VALUE, Desired, DesiredTable, Ownership, Resource,
    ResourceState,
};
use crate::preflight::{
    ALLOWED_TAG, ALLOWED_VALUE, AccountFacts, CapacityFacts, FifoFacts, Known, QueueFacts,
    RedriveFacts, TableFacts, Tags,
};
use crate::scenario::{Overrides, Resources, Scenario, TableCapacity, parse};

const LAB: &str = include_str!("../../../../scenarios/lab.toml");
const DEAD_LETTERS: &str = "arn:aws:sqs:us-east-1:1:orders-dl-queue";

/// Dead-letter queue, orders queue and table of the lab.
fn desired(capacity: TableCapacity) -> [Desired; 3] {
    let mut scenario = lab();
    scenario.pipeline.table_capacity = capacity;
    let all = Desired::all(&scenario, &Resources::default()).expect("settings AWS takes");
    all.try_into().expect("three of them")
}

fn lab() -> Scenario {
    parse("lab", LAB, &Default::default()).expect("a valid scenario")
}

fn table(desired: Desired) -> DesiredTable {
    match desired {
        Desired::Table(table) => table,
        Desired::Queue(queue) => panic!("{queue}"),
    }
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
        policy: None,
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
        place: AccountFacts {
            account: Known::Absent,
            caller: Known::Absent,
            region: "us-east-1".into(),
            sqs_endpoint: String::new(),
            dynamodb_endpoint: String::new(),
            loopback: false,
            clock: Known::Absent,
        },
        queues: [there.dead, there.orders]
            .map(|queue| (queue.name.clone(), Known::Is(queue)))
            .into(),
        tables: [(there.table.name.clone(), Known::Is(there.table))].into(),
    }
}

/// The one thing that is told after `change`, of all three resources.
fn told(change: impl FnOnce(&mut There)) -> Vec<String> {
    let mut there = there();
    change(&mut there);
    let (actual, desired) = (actual(there), desired(TableCapacity::Unlimited));
    let state = |desired| match actual.state(&desired) {
        ResourceState::AsDesired => Vec::new(),
        ResourceState::Differs(differences) => differences,
        other => vec![format!("{other:?}")],
    };
    desired.into_iter().flat_map(state).collect()
}

type Change = fn(&mut There);

/// Changes that make a difference, and what is told of each.
const DIFFERENCES: [(Change, &str); 15] = [
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
        |it| it.orders.fifo_settings = Some(fifo(true, false)),
        "its kind is a FIFO queue with content-based deduplication; the scenario asks for a standard queue",
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
        assert_eq!(ownership(&found.as_ref(), |tags| tags), expected, "{why}");
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
        let gone = ("orders-dl-queue".to_owned(), Known::Absent);
        actual.queues.extend([gone]);
        let [dead, orders, _] = &desired;
        assert_eq!(actual.state(orders), state, "{target}");
        assert_eq!(actual.state(dead), ResourceState::Absent);
    }
}

#[test]
fn a_table_of_ours_that_is_being_deleted_can_be_created() {
    let mut there = there();
    there.table.status = "DELETING".into();
    let actual = actual(there);
    let [_, _, table] = desired(TableCapacity::Unlimited);
    assert_eq!(actual.state(&table), ResourceState::Absent);
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
        let [_, _, table] = desired(capacity);
        assert_eq!(table.to_string(), text);
    }
    let warm = |warm_write_units| CapacityFacts::OnDemand {
        warm_write_units,
        max_write_units: None,
    };
    let [_, _, desired] = desired(on_demand(8_000));
    let desired = table(desired).capacity;
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
    let names = Resources {
        dead_letter_queue: "mine".into(),
        ..Resources::default()
    };
    for (change, told) in cases {
        let mut scenario = lab();
        change(&mut scenario.pipeline);
        let problems = Desired::all(&scenario, &names).expect_err(told);
        assert!(
            problems.len() == 1 && problems[0].contains(told),
            "{told}: {problems:?}"
        );
    }
    let mut scenario = lab();
    cases
        .iter()
        .skip(1)
        .step_by(2)
        .for_each(|(change, _)| change(&mut scenario.pipeline));
    let problems = Desired::all(&scenario, &names).expect_err("three problems");
    assert_eq!(problems.len(), 3);

    let redrive = |called: &str, to: Option<&str>| {
        let mut scenario = lab();
        scenario.pipeline.dead_letter_queue = called.into();
        scenario.pipeline.redrive_to = to.map(String::from);
        let all = Desired::all(&scenario, &names);
        all.map(|all| match &all[1] {
            Desired::Queue(orders) => orders.redrive.clone(),
            Desired::Table(table) => panic!("{table}"),
        })
    };
    let mine = Ok(Some((3, "mine".to_owned())));
    let usual = "orders-dl-queue";
    assert_eq!(
        redrive(usual, Some(usual)),
        mine,
        "the lab's name means the target's queue"
    );
    assert_eq!(redrive(usual, Some("mine")), mine);
    assert_eq!(
        redrive("ours", Some("ours")),
        mine,
        "so does the scenario's own"
    );
    assert_eq!(redrive(usual, None), Ok(None));
}

/// A pipeline of several tables and queues, two of them with other names at the target.
const SHOP: &str = r#"
name = "shop"
question = "Does it hold?"
bad_orders = "10%"
target = { orders_queue = "prod-orders", tables = { invoices = "prod-invoices" }, queues = { refused = "prod-refused" } }
[[phase]]
name = "baseline"
rate = "1/s"
duration = "1s"
[order]
id = "number"
body = '{"n": {{id}}, "customer": "{{customer}}"}'
[order.fields]
customer = { pick = ["a", "b"] }
[[bad]]
remove = ["/customer"]
end = "refused"
[[ends.stored.rows]]
table = "orders"
key = { pk = "{{customer}}", sk = "{{id}}" }
[[ends.stored.rows]]
table = "invoices"
key = { n = "{{id}}" }
[[ends.refused.letters]]
queue = "refused"
id_at = "/n"
[pipeline]
tables = { invoices = "n N", audit = "day S, at N" }
queues = ["notices"]
dead_letter_queue = "dead"
"#;

fn shop(set: &[&str]) -> (Scenario, Resources) {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Overrides::default()
    };
    let scenario = parse("shop", SHOP, &overrides).unwrap_or_else(|errors| panic!("{errors}"));
    let names = scenario.target.aws().expect("AWS").resources.clone();
    (scenario, names)
}

#[test]
fn every_queue_and_table_of_a_scenario_is_desired_once_by_its_name_at_the_target() {
    let (scenario, names) = shop(&[]);
    let desired = Desired::all(&scenario, &names).expect("settings AWS takes");
    let told: Vec<_> = desired
        .iter()
        .map(|desired| format!("{}: {desired}", desired.resource()))
        .collect();
    assert_eq!(
        told,
        [
            "queue dead: keeps messages 14 days",
            "queue prod-orders: keeps messages 4 days, hides them 30 s, after 3 receives to dead",
            "queue prod-refused: keeps messages 14 days",
            "queue notices: keeps messages 14 days",
            "table audit: key day (S) and at (N), on demand",
            "table prod-invoices: key n (N), on demand",
            "table orders: key pk (S) and sk (S), on demand",
        ]
    );
    let resources: Vec<_> = desired.iter().map(Desired::resource).collect();
    assert_eq!(resources, Resource::all(&scenario, &names));
}

#[test]
fn two_tables_of_one_name_at_the_target_are_one_if_their_keys_are() {
    let one_name = "target.tables={invoices=\"both\", audit=\"both\"}";
    let (scenario, names) = shop(&[one_name]);
    let problems = Desired::all(&scenario, &names).expect_err("two keys");
    assert_eq!(
        problems,
        [
            "audit and invoices are both called both at the target, and their keys differ (day (S) and at (N); n (N)): name two \
             tables (target.tables)"
        ]
    );
    let (scenario, names) = shop(&[one_name, "pipeline.tables.audit=n N"]);
    let desired = Desired::all(&scenario, &names).expect("one key");
    let tables = desired
        .into_iter()
        .filter(|it| matches!(it, Desired::Table(_)));
    let tables: Vec<_> = tables.map(|it| it.resource().to_string()).collect();
    assert_eq!(tables, ["table both", "table orders"]);
}

#[test]
fn a_fifo_queue_and_its_dead_letter_queue_are_fifo_queues() {
    let settings = |deduplication: Option<&str>, high_throughput| {
        let (mut scenario, names) = shop(&[]);
        scenario.pipeline.fifo = true;
        scenario.pipeline.high_throughput = high_throughput;
        scenario.order.deduplication = deduplication.map(str::to_owned);
        let desired = Desired::all(&scenario, &names).expect("settings AWS takes");
        let fifo = desired.into_iter().filter_map(|desired| match desired {
            Desired::Queue(queue) => Some(queue.fifo),
            Desired::Table(_) => None,
        });
        fifo.collect::<Vec<_>>()
    };
    let dead = Some(fifo(false, false));
    assert_eq!(
        settings(None, true),
        [dead, Some(fifo(true, true)), None, None]
    );
    assert_eq!(
        settings(Some("{{id}}"), false),
        [dead, Some(fifo(false, false)), None, None]
    );
}

fn fifo(content_based_deduplication: bool, high_throughput: bool) -> FifoFacts {
    FifoFacts {
        content_based_deduplication,
        high_throughput,
    }
}
