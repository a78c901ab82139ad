//! `orderproof up`, `down` and `clean` against the embedded pipeline in another process, and against moto.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{AttributeValue, BillingMode};
use aws_sdk_sqs::types::QueueAttributeName;

use super::program::{Finished, Program, scenario, wait_for};
use super::run::smoke;
use super::served::Served;

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

fn credentials(program: Program) -> Program {
    program
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

/// The same server by an address that no one could tell to be this machine from its text. Linux connects it
/// here, so nothing leaves the machine.
fn as_if_elsewhere(endpoint: &str) -> String {
    endpoint.replace("127.0.0.1", "0.0.0.0")
}

/// Somebody else's look at the stores.
struct Stores {
    sqs: aws_sdk_sqs::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    runtime: tokio::runtime::Runtime,
}

impl Stores {
    fn at(endpoint: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "test");
        let http = aws_smithy_http_client::Builder::new().build_http();
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(credentials.clone())
            .http_client(http.clone());
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(credentials)
            .http_client(http);
        Self {
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        }
    }

    fn queues(&self) -> Vec<String> {
        let listed = self.runtime.block_on(self.sqs.list_queues().send());
        let urls = listed.expect("queues").queue_urls.unwrap_or_default();
        let names = urls.iter().filter_map(|url| url.rsplit('/').next());
        let mut names: Vec<_> = names.map(String::from).collect();
        names.sort();
        names
    }

    fn tables(&self) -> Vec<String> {
        let listed = self.runtime.block_on(self.dynamodb.list_tables().send());
        listed.expect("tables").table_names.unwrap_or_default()
    }

    fn url(&self, queue: &str) -> String {
        let found = self.sqs.get_queue_url().queue_name(queue);
        let found = self.runtime.block_on(found.send()).expect("a queue");
        found.queue_url.expect("with a URL")
    }

    fn attribute(&self, queue: &str, name: &QueueAttributeName) -> String {
        let asked = self
            .sqs
            .get_queue_attributes()
            .queue_url(self.url(queue))
            .attribute_names(QueueAttributeName::All);
        let found = self.runtime.block_on(asked.send()).expect("a queue");
        let value = found.attributes.expect("attributes").remove(name);
        value.unwrap_or_default()
    }

    fn untag(&self, queue: &str, key: &str) {
        let untag = self
            .sqs
            .untag_queue()
            .queue_url(self.url(queue))
            .tag_keys(key);
        self.runtime.block_on(untag.send()).expect("a queue");
    }

    fn tag_queue(&self, queue: &str, key: &str, value: &str) {
        let tag = self.sqs.tag_queue().queue_url(self.url(queue));
        let tag = tag.tags(key, value).send();
        self.runtime.block_on(tag).expect("a queue");
    }

    fn tag_table(&self, table: &str, key: &str, value: &str) {
        let described = self.dynamodb.describe_table().table_name(table).send();
        let described = self.runtime.block_on(described).expect("a table").table;
        let tag = aws_sdk_dynamodb::types::Tag::builder()
            .key(key)
            .value(value);
        let tag = self
            .dynamodb
            .tag_resource()
            .resource_arn(described.and_then(|table| table.table_arn).expect("an ARN"))
            .tags(tag.build().expect("complete"));
        self.runtime.block_on(tag.send()).expect("a table");
    }

    fn set(&self, queue: &str, name: QueueAttributeName, value: &str) {
        let set = self.sqs.set_queue_attributes().queue_url(self.url(queue));
        let set = set.attributes(name, value).send();
        self.runtime.block_on(set).expect("a queue");
    }

    /// Takes a message and hides it for a minute.
    fn hold(&self, queue: &str) {
        let receive = self.sqs.receive_message().queue_url(self.url(queue));
        let receive = receive.visibility_timeout(60).send();
        let received = self.runtime.block_on(receive).expect("a queue");
        assert_eq!(received.messages().len(), 1);
    }

    fn send(&self, queue: &str, body: &str) {
        let send = self
            .sqs
            .send_message()
            .queue_url(self.url(queue))
            .message_body(body);
        self.runtime.block_on(send.send()).expect("a queue");
    }

    fn put(&self, number: u64) {
        let put = self
            .dynamodb
            .put_item()
            .table_name("orders")
            .item("id", AttributeValue::N(number.to_string()))
            .item("order_details", AttributeValue::S("{}".into()));
        self.runtime.block_on(put.send()).expect("a table");
    }

    fn rows(&self) -> Vec<u64> {
        let scan = self.dynamodb.scan().table_name("orders");
        let rows = self.runtime.block_on(scan.send()).expect("a table").items;
        let mut ids: Vec<u64> = rows
            .unwrap_or_default()
            .iter()
            .map(|row| row["id"].as_n().expect("a number").parse().expect("whole"))
            .collect();
        ids.sort_unstable();
        ids
    }
}

fn says(finished: &Finished, parts: &[&str]) {
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
            &format!("endpoint  {endpoint}\n"),
            "orderproof=allowed",
            "orderproof-created-by=up",
            &format!(
                "next      orderproof preflight {lab} --endpoint-url {endpoint} --region us-east-1\n"
            ),
        ],
    );
    assert!(
        !created.stdout.contains("account   "),
        "nobody could be asked"
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
            "the visibility timeout is 2 s, wanted 60 s",
            "max_receive_count is 3, wanted 5",
            "the retention is 4 days, wanted 3600 s",
            "it is on demand, wanted 5 write and 5 read capacity units",
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
    let nobody = at("http://127.0.0.1:9", ["down"]).finish().code(1);
    says(&nobody, &["table orders: it could not be read"]);
    let nobody = at("http://127.0.0.1:9", ["up"]).finish().code(2);
    says(&nobody, &["could not be read", "nothing was created"]);
}

#[test]
fn only_the_rows_and_letters_of_the_run_are_cleaned_away() {
    let served = empty();
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    at(&endpoint, ["up", &scenario("smoke")]).finish().code(0);
    let run = credentials(smoke().args(["--endpoint-url", &endpoint, "--region", "us-east-1"]))
        .args(["--set", "target.exact_counts=true", "--run-id", "77"])
        .args([
            "--set",
            "pipeline.visibility_timeout=1s",
            "--set",
            "pipeline.function.timeout=1s",
        ])
        .finish()
        .code(0);
    let report = run.json("out/run.json");
    let (planned, bad) = (
        &report["orders"]["planned"],
        report["bad_orders"].as_u64().expect("a count"),
    );
    let stored = planned.as_u64().expect("a count") - bad;
    // Neighbors in the number line, and what is no order at all.
    let others = [1, 76_999_999_999, 78_000_000_000];
    others.iter().for_each(|number| stores.put(*number));
    for body in [
        r#"{"order_number": 78000000000}"#,
        "no order",
        r#"{"order_number": "77000000001"}"#,
    ] {
        stores.send("orders-dl-queue", body);
    }
    let dir = run.path("out").display().to_string();
    let clean = |arguments: &[&str]| {
        let program = credentials(Program::new(["clean", &dir]));
        arguments
            .iter()
            .fold(program, |program, argument| program.args([*argument]))
            .finish()
    };

    let counted = clean(&[]).code(0).quiet();
    let rows = format!("rows in orders: {stored} of the run, 3 of others left");
    let letters = format!("dead letters in orders-dl-queue: {bad} of the run, 3 of others left");
    says(
        &counted,
        &[&rows, &letters, "nothing was deleted", "77000000000, "],
    );
    assert_eq!(stores.rows().len() as u64, stored + 3);

    let deleted = clean(&["--delete"]).code(0).quiet();
    let rows = format!("rows in orders: {stored} of the run deleted, 3 of others left");
    let letters =
        format!("dead letters in orders-dl-queue: {bad} of the run deleted, 3 of others left");
    says(&deleted, &[&rows, &letters, "would call these orders lost"]);
    assert_eq!(stores.rows(), others, "rows of others are untouched");
    let visible = QueueAttributeName::ApproximateNumberOfMessages;
    assert_eq!(
        stores.attribute("orders-dl-queue", &visible),
        "3",
        "and their letters are visible again"
    );

    let again = clean(&["--delete"]).code(0).quiet();
    says(&again, &["0 of the run deleted, 3 of others left"]);

    refuses_what_it_should(&run, &endpoint, &stores);
}

/// The guards of `clean`, on a folder that was cleaned already.
fn refuses_what_it_should(run: &Finished, endpoint: &str, stores: &Stores) {
    let plan = std::fs::read_to_string(run.path("out/plan.json")).expect("a plan");
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("it is ours")
    };
    let dir = folder.path().display().to_string();
    let clean = |arguments: &[&str]| {
        let program = credentials(Program::new(["clean", &dir]));
        arguments
            .iter()
            .fold(program, |program, argument| program.args([*argument]))
            .finish()
    };
    stores.put(77_000_000_005);

    write("plan.json", &plan);
    clean(&[]).code(0);
    let refused = clean(&["--delete"]).code(6);
    says(&refused, &["has no run.json", "--without-verdict"]);
    assert!(
        stores.rows().contains(&77_000_000_005),
        "the evidence is there"
    );

    write(
        "plan.json",
        &plan.replace(endpoint, &as_if_elsewhere(endpoint)),
    );
    clean(&[]).code(0);
    let refused = clean(&["--delete", "--without-verdict"]).code(6);
    says(
        &refused,
        &["the rows of run 77 from table orders", "give --yes"],
    );
    assert!(stores.rows().contains(&77_000_000_005));
    clean(&["--delete", "--without-verdict", "--yes"]).code(0);
    assert!(!stores.rows().contains(&77_000_000_005));

    // Letters in somebody else's hands may be the run's.
    write("plan.json", &plan);
    stores.hold("orders-dl-queue");
    let incomplete = clean(&["--delete", "--without-verdict"]).code(1);
    says(&incomplete, &["1 letters are hidden by another consumer"]);

    // To receive them would be to move them on.
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:orders-queue","maxReceiveCount":1}"#;
    stores.set("orders-dl-queue", QueueAttributeName::RedrivePolicy, policy);
    let refused = clean(&[]).code(6);
    says(&refused, &["has a redrive policy of its own"]);
}

#[test]
fn a_run_of_the_embedded_pipeline_has_nothing_to_clean() {
    let example = format!("{}/reports/example-smoke", env!("CARGO_MANIFEST_DIR"));
    let finished = Program::new(["clean", &example]).finish().code(2);
    says(&finished, &["nothing to clean"]);
    let finished = Program::new(["clean", "nowhere"]).finish().code(2);
    says(&finished, &["plan.json"]);
}

/// A moto of this test's own.
struct Moto {
    child: Child,
    endpoint: String,
}

impl Moto {
    fn start() -> Self {
        let python = std::env::var_os("ORDERPROOF_PYTHON");
        let python = python.expect("ORDERPROOF_PYTHON names a Python with moto[server]");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.expect("a port").port().to_string();
        let server = Path::new(&python).with_file_name("moto_server");
        let child = Command::new(server)
            .args(["-H", "127.0.0.1", "-p", &port])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let endpoint = format!("http://127.0.0.1:{port}");
        wait_for("moto", || {
            std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_ok()
        });
        Self { child, endpoint }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "needs peers: Python with moto[server] in ORDERPROOF_PYTHON"]
fn moto_sees_what_up_creates_and_that_down_deletes_it() {
    let moto = Moto::start();
    let stores = Stores::at(&moto.endpoint);
    let lab = scenario("lab");
    let up =
        || at(&moto.endpoint, ["up", &lab]).args(["--set", "pipeline.table_capacity=7 wcu, 3 rcu"]);
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

    let elsewhere = as_if_elsewhere(&moto.endpoint);
    let refused = at(&elsewhere, ["down"]).finish().code(6);
    says(&refused, &["account   123456789012", "give --yes"]);
    at(&elsewhere, ["down", "--yes"]).finish().code(0);
    assert!(stores.queues().is_empty() && stores.tables().is_empty());
    at(&moto.endpoint, ["down"]).finish().code(0).quiet();
}
