//! `orderproof up`, `down` and `clean` against the embedded pipeline in another process, and against moto.

mod clean;
mod hidden;
mod moto;
mod own;
mod policy;
mod stacks;
pub mod stores;

use aws_sdk_sqs::types::QueueAttributeName;

use super::program::{Finished, Program, scenario};
use super::run::smoke;
use super::served::Served;
use stores::Stores;

/// A server with nothing in it, whose function runs as soon as there is a queue.
fn empty() -> Served {
    Served::start(
        Program::new([
            "serve",
            &scenario("smoke"),
            "--port",
            "0",
            "--empty",
            "--quiet",
            "--allow-host",
            "0.0.0.0",
        ])
        .args([
            "--set",
            "pipeline.visibility_timeout=1s",
            "--set",
            "pipeline.function.timeout=1s",
        ]),
    )
}

/// A command at an endpoint, with credentials that nobody checks.
fn at<const N: usize>(endpoint: &str, arguments: [&str; N]) -> Program {
    credentials(Program::new(arguments).args(["--endpoint-url", endpoint, "--region", "us-east-1"]))
}

/// The run `smoke` of this id at queues and a table that were made for it there.
fn smoke_at(endpoint: &str, run_id: &str) -> Finished {
    at(endpoint, ["up", &scenario("smoke")]).finish().code(0);
    credentials(smoke().args(["--endpoint-url", endpoint, "--region", "us-east-1"]))
        .args(["--set", "target.exact_counts=true", "--run-id", run_id])
        .args(["--set", "pipeline.visibility_timeout=1s"])
        .args(["--set", "pipeline.function.timeout=1s"])
        .finish()
        .code(0)
}

pub fn credentials(program: Program) -> Program {
    program
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

/// The same server by an address that no one could tell to be this machine from its text. Linux connects it
/// here, so nothing leaves the machine.
fn as_if_elsewhere(endpoint: &str) -> String {
    endpoint.replace("127.0.0.1", "0.0.0.0")
}

pub fn says(finished: &Finished, parts: &[&str]) {
    let all = format!("{}{}", finished.stdout, finished.stderr);
    for part in parts {
        assert!(all.contains(part), "{part:?} in:\n{all}");
    }
}

#[test]
fn what_is_not_there_is_created_once_and_deleted_once() {
    let served = empty();
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    let lab = scenario("lab");

    let created = at(&endpoint, ["up", &lab]).finish().code(0).quiet();
    says(
        &created,
        &[
            "created           queue orders-dl-queue: keeps messages 14 days\n",
            "created           queue orders-queue: keeps messages 4 days, hides them 2 s, after 3 receives to \
             orders-dl-queue\n",
            "created           table orders: key id (N), on demand\n",
            "account   000000000000\n",
            &format!("endpoint  {endpoint}\n"),
            "orderproof=allowed",
            "orderproof-created-by=up",
            &format!(
                "next      orderproof preflight {lab} --endpoint-url {endpoint} --region us-east-1\n"
            ),
        ],
    );
    assert_eq!(stores.queues(), ["orders-dl-queue", "orders-queue"]);
    assert_eq!(stores.tables(), ["orders"]);
    let policy = stores.attribute("orders-queue", &QueueAttributeName::RedrivePolicy);
    assert!(
        policy.contains(":orders-dl-queue") && policy.contains('3'),
        "{policy}"
    );

    let again = at(&endpoint, ["up", &lab]).finish().code(0).quiet();
    assert_eq!(
        again.stdout.matches("is there already").count(),
        3,
        "{}",
        again.stdout
    );

    // Of SQS and DynamoDB the endpoints are known, of STS none is: AWS's own is not asked.
    let known = credentials(Program::new(["up", &lab, "--region", "us-east-1"]))
        .env("AWS_ENDPOINT_URL_SQS", &endpoint)
        .env("AWS_ENDPOINT_URL_DYNAMODB", &endpoint)
        .finish()
        .code(0)
        .quiet();
    assert!(!known.stdout.contains("account   "), "{}", known.stdout);

    stores.put(7);
    stores.send("orders-dl-queue", "a letter");
    let deleted = at(&endpoint, ["down"]).finish().code(0).quiet();
    says(
        &deleted,
        &[
            "delete    table orders, which holds 1 row\n",
            "delete    queue orders-dl-queue, which holds 1 message\n",
            "deleted   table orders\n",
            "deleted   queue orders-queue\n",
            "deleted   queue orders-dl-queue\n",
        ],
    );
    assert!(stores.queues().is_empty() && stores.tables().is_empty());
    let again = at(&endpoint, ["down"]).finish().code(0).quiet();
    assert_eq!(
        again.stdout.matches("it is not there").count(),
        3,
        "{}",
        again.stdout
    );
}

#[test]
fn other_settings_are_told_and_nothing_is_changed() {
    let served = empty();
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    let lab = scenario("lab");
    at(&endpoint, ["up", &lab]).finish().code(0);
    let other = [
        "pipeline.visibility_timeout=60s",
        "pipeline.max_receive_count=5",
        "pipeline.orders_retention=1h",
        "pipeline.table_capacity=5 wcu, 5 rcu",
    ];
    let refused = other
        .iter()
        .fold(at(&endpoint, ["up", &lab]), |program, set| {
            program.args(["--set", set])
        })
        .finish()
        .code(2);
    says(
        &refused,
        &[
            "nothing was created or changed",
            "the visibility timeout is 2 s; the scenario asks for 60 s",
            "max_receive_count is 3; the scenario asks for 5",
            "the retention is 4 days; the scenario asks for 3600 s",
            "the capacity is on demand; the scenario asks for 5 write and 5 read capacity units",
        ],
    );
    let hidden = stores.attribute("orders-queue", &QueueAttributeName::VisibilityTimeout);
    assert_eq!(hidden, "2", "as it was");

    // A run may not send there any more, and `up` does not put that tag back.
    stores.untag("orders-queue", "orderproof");
    let refused = at(&endpoint, ["up", &lab]).finish().code(2);
    says(&refused, &["the tag orderproof=allowed is gone"]);
}

#[test]
fn a_pipeline_that_stopped_half_way_is_completed() {
    let served = empty();
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    at(&endpoint, ["up"]).finish().code(0);
    let gone = stores
        .sqs
        .delete_queue()
        .queue_url(stores.url("orders-queue"));
    stores.runtime.block_on(gone.send()).expect("it was there");
    let completed = at(&endpoint, ["up"]).finish().code(0).quiet();
    assert_eq!(completed.stdout.matches("is there already").count(), 2);
    says(&completed, &["created           queue orders-queue"]);
}

#[test]
fn what_up_did_not_create_is_left_alone() {
    // Queues and table of the server itself carry no tag.
    let served = Served::start(Program::new(["serve", "--port", "0", "--quiet"]));
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    let refused = at(&endpoint, ["up"]).finish().code(2);
    assert_eq!(refused.stderr.matches("was not created by `up`").count(), 3);
    let left = at(&endpoint, ["down", "--yes"]).finish().code(0).quiet();
    assert_eq!(left.stdout.matches("left ").count(), 3, "{}", left.stdout);
    assert_eq!(left.stdout.matches("`up` did not create it").count(), 3);
    assert_eq!(stores.queues().len(), 2);
    assert_eq!(stores.tables(), ["orders"]);

    // Ours beside theirs: only ours goes.
    let names = [
        "--orders-queue",
        "mine",
        "--dead-letter-queue",
        "mine-dead",
        "--table",
        "mine",
    ];
    at(&endpoint, ["up"]).args(names).finish().code(0);
    let mixed = ["--orders-queue", "mine", "--dead-letter-queue", "mine-dead"];
    let down = at(&endpoint, ["down"]).args(mixed).finish().code(0);
    says(
        &down,
        &[
            "left      table orders",
            "deleted   queue mine\n",
            "deleted   queue mine-dead\n",
        ],
    );
    assert_eq!(stores.queues(), ["orders-dl-queue", "orders-queue"]);
    let mut tables = stores.tables();
    tables.sort();
    assert_eq!(tables, ["mine", "orders"]);

    // Who tags a thing so gives it away.
    stores.tag_queue("orders-queue", "orderproof-created-by", "down");
    stores.tag_table("orders", "orderproof-created-by", "up");
    let down = at(&endpoint, ["down"]).finish().code(0);
    says(
        &down,
        &[
            "deleted   table orders\n",
            "left      queue orders-queue",
            "left      queue orders-dl-queue",
        ],
    );
    assert_eq!(stores.tables(), ["mine"]);
}

#[test]
fn away_from_loopback_nothing_is_created_or_deleted_unconfirmed() {
    let served = empty();
    let stores = Stores::at(&served.endpoint());
    let elsewhere = as_if_elsewhere(&served.endpoint());
    let refused = at(&elsewhere, ["up"]).finish().code(6);
    says(
        &refused,
        &[
            "create    queue orders-queue",
            "region    us-east-1",
            &elsewhere,
            "give --yes",
        ],
    );
    assert!(stores.queues().is_empty() && stores.tables().is_empty());

    at(&elsewhere, ["up", "--yes"]).finish().code(0);
    assert_eq!(stores.queues().len(), 2);
    // Nothing is to be created, so there is nothing to confirm.
    at(&elsewhere, ["up"]).finish().code(0);

    let refused = at(&elsewhere, ["down"]).finish().code(6);
    says(
        &refused,
        &["delete    table orders, which holds 0 rows", "give --yes"],
    );
    assert_eq!((stores.queues().len(), stores.tables().len()), (2, 1));
    at(&elsewhere, ["down", "--yes"]).finish().code(0);
    assert!(stores.queues().is_empty() && stores.tables().is_empty());
}

#[test]
fn settings_that_sqs_does_not_take_and_the_embedded_target_are_usage_errors() {
    let refused = at("http://127.0.0.1:9", ["up"])
        .args(["--set", "pipeline.visibility_timeout=2500ms"])
        .args(["--set", "pipeline.redrive_to=elsewhere"])
        .finish()
        .code(2);
    says(
        &refused,
        &["2.5s", "whole seconds", "redrive_to is \"elsewhere\""],
    );
    for command in ["up", "down"] {
        let refused = Program::new([command, "--target", "embedded"])
            .finish()
            .code(2);
        says(&refused, &["leave --target embedded out"]);
    }
    let down = std::thread::spawn(|| at("http://127.0.0.1:9", ["down"]).finish().code(1));
    let nobody = at("http://127.0.0.1:9", ["up"]).finish().code(2);
    says(&nobody, &["could not be read", "nothing was created"]);
    let nobody = down.join().expect("it ended");
    says(&nobody, &["table orders: it could not be read"]);
}
