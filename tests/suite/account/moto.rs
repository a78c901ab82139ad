//! `orderproof up` and `down` against moto.

use aws_sdk_dynamodb::types::BillingMode;
use aws_sdk_sqs::types::QueueAttributeName;

use super::stores::Stores;
use super::{as_if_elsewhere, at, credentials, says};
use crate::suite::peers::Peer;
use crate::suite::program::{Program, scenario};

#[test]
#[ignore = "needs peers: moto; .ci/run runs it"]
fn moto_sees_what_up_creates_and_that_down_deletes_it() {
    let moto = Peer::start("moto_pipeline.py", ["--empty"]);
    let stores = Stores::at(moto.endpoint());
    let lab = scenario("lab");
    let up = || {
        at(moto.endpoint(), ["up", &lab]).args(["--set", "pipeline.table_capacity=7 wcu, 3 rcu"])
    };
    let created = up().finish().code(0).quiet();
    says(
        &created,
        &["account   123456789012\n", "created           table orders"],
    );
    assert_eq!(stores.queues(), ["orders-dl-queue", "orders-queue"]);
    let hidden = stores.attribute("orders-queue", &QueueAttributeName::VisibilityTimeout);
    assert_eq!(hidden, "2");
    let kept = stores.attribute(
        "orders-dl-queue",
        &QueueAttributeName::MessageRetentionPeriod,
    );
    assert_eq!(kept, "1209600");
    let described = stores.dynamodb.describe_table().table_name("orders");
    let table = stores
        .runtime
        .block_on(described.send())
        .expect("a table")
        .table
        .expect("described");
    let units = table.provisioned_throughput().expect("provisioned");
    assert_eq!(
        (units.write_capacity_units(), units.read_capacity_units()),
        (Some(7), Some(3))
    );
    assert_ne!(
        table
            .billing_mode_summary()
            .and_then(|summary| summary.billing_mode()),
        Some(&BillingMode::PayPerRequest)
    );
    let again = up().finish().code(0).quiet();
    assert_eq!(
        again.stdout.matches("is there already").count(),
        3,
        "{}",
        again.stdout
    );

    let elsewhere = as_if_elsewhere(moto.endpoint());
    let refused = at(&elsewhere, ["down"]).finish().code(6);
    says(&refused, &["account   123456789012", "give --yes"]);
    at(&elsewhere, ["down", "--yes"]).finish().code(0);
    assert!(stores.queues().is_empty() && stores.tables().is_empty());
    at(moto.endpoint(), ["down"]).finish().code(0).quiet();
}

#[test]
#[ignore = "needs peers: moto; .ci/run runs it"]
fn what_boto3_created_is_left_alone() {
    let moto = Peer::start("moto_pipeline.py", []);
    let stores = Stores::at(moto.endpoint());
    let refused = at(moto.endpoint(), ["up"]).finish().code(2);
    assert_eq!(refused.stderr.matches("was not created by `up`").count(), 3);
    let left = at(moto.endpoint(), ["down"]).finish().code(0).quiet();
    assert_eq!(left.stdout.matches("`up` did not create it").count(), 3);
    assert_eq!((stores.queues().len(), stores.tables().len()), (2, 1));
}

#[test]
#[ignore = "needs peers: moto; .ci/run runs it"]
fn a_run_through_moto_is_cleaned_away() {
    let moto = Peer::start("moto_pipeline.py", ["--empty"]);
    let lab = scenario("lab");
    at(moto.endpoint(), ["up", &lab]).finish().code(0);
    let run = at(
        moto.endpoint(),
        [
            "run",
            &lab,
            "--processor",
            "local",
            "--output-dir",
            "out",
            "--quiet",
        ],
    )
    .args(["--set", "target.exact_counts=true", "--run-id", "77"])
    .args(["--set", "expect.max_schedule_lag_p99=2s"])
    .finish()
    .code(0);
    let stores = Stores::at(moto.endpoint());
    stores.put(78_000_000_000);
    let dir = run.path("out").display().to_string();
    let counted = credentials(Program::new([
        "clean",
        &dir,
        "--endpoint-url",
        moto.endpoint(),
    ]))
    .finish()
    .code(0);
    says(
        &counted,
        &["account   123456789012", "of the run, 1 of others left"],
    );
    credentials(Program::new([
        "clean",
        &dir,
        "--delete",
        "--endpoint-url",
        moto.endpoint(),
    ]))
    .finish()
    .code(0);
    assert_eq!(stores.rows(), [78_000_000_000]);
    let left = QueueAttributeName::ApproximateNumberOfMessages;
    assert_eq!(stores.attribute("orders-dl-queue", &left), "0");
}

#[test]
#[ignore = "needs peers: moto, which checks permissions; .ci/run runs it"]
fn what_may_not_be_done_is_told_and_nothing_is_taken_for_gone() {
    let mine = [
        "--orders-queue",
        "mine",
        "--dead-letter-queue",
        "mine-dead",
        "--table",
        "mine",
    ];
    let cases = [
        (
            "--deny=dynamodb:DeleteTable",
            0,
            "deleted   queue mine-dead",
            "DeleteTable of mine failed",
        ),
        (
            "--deny=dynamodb:DescribeTable",
            2,
            "left      queue mine: it is not there",
            "table mine: ",
        ),
    ];
    for (denied, up, done, told) in cases {
        let moto = Peer::start("moto_pipeline.py", ["--empty", "--signatures", denied]);
        as_user(&moto, ["up"]).args(mine).finish().code(up);
        let down = as_user(&moto, ["down"]).args(mine).finish().code(1);
        says(&down, &[done, "some resources may still be there", told]);
        assert!(!down.stdout.contains("deleted   table"), "{}", down.stdout);
    }
    // Whose they are cannot be read, so they are not ours to delete.
    let moto = Peer::start(
        "moto_pipeline.py",
        ["--signatures", "--deny=sqs:ListQueueTags"],
    );
    let down = as_user(&moto, ["down"]).finish().code(1);
    assert_eq!(
        down.stdout.matches("it could not be read").count(),
        2,
        "{}",
        down.stdout
    );
    says(
        &down,
        &[
            "left      table orders: `up` did not create it",
            "its tags: ListQueueTags",
        ],
    );
    let up = as_user(&moto, ["up"]).finish().code(2);
    says(
        &up,
        &["nothing was created or changed", "its tags: ListQueueTags"],
    );
}

/// moto denies in XML what was asked in JSON, which is no denial that can be read, and no permission.
#[test]
#[ignore = "needs peers: moto, which checks permissions; .ci/run runs it"]
fn who_may_not_send_to_a_fifo_queue_is_not_told_that_they_may() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/patterns/fifo_groups.toml"
    );
    for (denied, told) in [
        (
            "--deny=sqs:SendMessageBatch",
            "sqs:SendMessage on orders-queue.fifo: ",
        ),
        ("--deny=sqs:PurgeQueue", "not denied: sqs:SendMessage,"),
    ] {
        let moto = Peer::start("moto_pipeline.py", ["--empty", "--signatures", denied]);
        as_user(&moto, ["up", file]).finish().code(0);
        let seen = as_user(&moto, ["preflight", file]).args(["--processor", "local"]);
        let seen = seen.finish().code(0).quiet();
        let words: Vec<_> = seen.stdout.split_whitespace().collect();
        assert!(words.join(" ").contains(told), "{told} in {}", seen.stdout);
    }
}

/// A command with the keys of moto's user.
fn as_user<const N: usize>(moto: &Peer, arguments: [&str; N]) -> Program {
    let [key, secret] = moto.words() else {
        panic!("two words: {:?}", moto.words());
    };
    at(moto.endpoint(), arguments)
        .env("AWS_ACCESS_KEY_ID", key)
        .env("AWS_SECRET_ACCESS_KEY", secret)
}
