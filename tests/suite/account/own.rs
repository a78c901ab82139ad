//! `up`, `preflight`, `clean` and `down` for orders of one's own: several tables and queues, rows that are there before, sums.

use aws_sdk_sqs::types::QueueAttributeName;

use super::stores::Stores;
use super::{at, credentials, empty, says};
use crate::suite::program::{Finished, Program};

/// Orders that leave a row, an invoice under the consumer's own number and a counter; refused ones a letter.
pub const OWN: &str = r#"
name = "own"
question = "Does every order end where it belongs?"
bad_orders = "20%"
target = "aws"
[[phase]]
name = "baseline"
rate = "20/s"
duration = "1s"
[order]
id = "WEB-{{run}}-{{n:09}}"
body = '{"order": "{{id}}", "day": "{{day}}", "total": {{total}}}'
[order.fields]
day = { pick = ["friday"] }
total = { integer = [1, 500] }
[[bad]]
remove = ["/total"]
end = "refused"
[[before]]
table = "web-orders"
row = { pk = "{{day}}", sk = "{{id}}", status = "PENDING" }
[[ends.stored.rows]]
table = "web-orders"
key = { pk = "{{day}}", sk = "{{id}}" }
holds = { status = "COMPLETED" }
[[ends.stored.rows]]
table = "web-invoices"
key = { number = "*" }
id_at = "order"
[[ends.refused.letters]]
queue = "web-refused"
id_at = "/order"
[[sums]]
table = "web-totals"
key = { day = "{{run}}#{{day}}" }
attribute = "total"
of = "/total"
[[sums]]
table = "web-days"
key = { day = "{{day}}" }
attribute = "count"
[pipeline]
tables = { web-invoices = "number N", web-idempotency = "id S" }
queues = ["web-notices"]
orders_queue = "web-orders"
dead_letter_queue = "web-dead"
table_capacity = "7 wcu, 3 rcu"
[settle]
deadline = "1s"
"#;

/// A command with that scenario.
fn own(command: &str, endpoint: &str) -> Program {
    at(endpoint, [command, "own.toml"]).file("own.toml", OWN)
}

#[test]
fn every_table_and_queue_is_created_by_its_key_and_goes_again() {
    let served = empty();
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    let created = own("up", &endpoint).finish().code(0).quiet();
    says(
        &created,
        &[
            "created           queue web-dead: keeps messages 14 days\n",
            "created           queue web-orders: keeps messages 4 days, hides them 30 s, after 3 receives to web-dead\n",
            "created           queue web-refused: keeps",
            "created           queue web-notices: keeps",
            "created           table web-orders: key pk (S) and sk (S), 7 write and 3 read capacity units\n",
            "created           table web-invoices: key number (N), 7 write",
            "created           table web-totals: key day (S), ",
            "created           table web-idempotency: key id (S), ",
            "function  none is created: deploy yours as lab-order-processor, with an event source mapping on web-orders",
        ],
    );
    let again = own("up", &endpoint).finish().code(0).quiet();
    assert_eq!(again.stdout.matches("is there already").count(), 9);

    // What a user has changed is named, table by table.
    let other_key = "pipeline.tables.web-invoices=number S";
    let refused = own("up", &endpoint).args(["--set", other_key]).finish();
    says(
        &refused.code(2),
        &[
            "table web-invoices: it is there with other settings: the key is number N HASH; the scenario asks for number S HASH",
            "orderproof down own.toml",
        ],
    );

    let seen = own("preflight", &endpoint).args(["--processor", "external"]);
    let seen = seen.finish().code(0).quiet();
    says(
        &seen,
        &[
            "dynamodb:BatchWriteItem",
            "DynamoDB WCU-hours, web-invoices",
            "web-invoices: only the consumer knows the keys of its rows",
            "web-idempotency: no end says what is written there",
            "web-notices is there, a standard queue",
            "web-refused has no redrive policy of its own",
        ],
    );
    assert!(
        !seen.stdout.contains("could not be read"),
        "{}",
        seen.stdout
    );

    stores.tag_table("web-totals", "orderproof-created-by", "sam");
    let down = own("down", &endpoint).finish().code(0).quiet();
    assert_eq!(down.stdout.matches("deleted   ").count(), 8);
    says(
        &down,
        &["left      table web-totals: `up` did not create it"],
    );
    assert_eq!(stores.tables(), ["web-totals"]);
    assert!(stores.queues().is_empty());
}

#[test]
fn init_writes_down_the_key_of_a_table_that_is_there() {
    let served = empty();
    let endpoint = served.endpoint();
    own("up", &endpoint).finish().code(0);
    let sample = r#"{"orderId": "WEB-0001", "day": "friday", "total": 12.50}"#;
    let init = |table: &str| {
        let command = [
            "init",
            "--from",
            "sample.json",
            "--table",
            table,
            "new.toml",
        ];
        at(&endpoint, command).file("sample.json", sample).finish()
    };
    let made = init("web-orders").code(0).quiet();
    let text = std::fs::read_to_string(made.path("new.toml")).expect("written");
    for part in [
        "# The table's key is pk (S) and sk (S), as its target says",
        r#"key = { pk = "{{id}}", sk = "*" }"#,
        "table = \"web-orders\"",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let missing = init("elsewhere").code(2);
    says(
        &missing,
        &[
            "--table elsewhere",
            "ResourceNotFound",
            "nothing was written",
        ],
    );
    assert!(!missing.path("new.toml").exists());
}

#[test]
fn what_a_run_wrote_before_and_what_its_consumer_made_is_cleaned_away_and_nothing_else() {
    let served = empty();
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    // Undelivered messages are waited for until all their receives could be over.
    let soon = ["--set", "pipeline.visibility_timeout=1s"];
    own("up", &endpoint).args(soon).finish().code(0);
    let run = own("run", &endpoint)
        .args(["--processor", "external", "--run-id", "77", "--quiet"])
        .args(soon)
        .args(["--set", "target.exact_counts=true", "--output-dir", "out"])
        .finish()
        .code(4);
    assert_eq!(stores.count("web-orders"), 20, "rows before");

    let text = |name: &'static str, text: &str| (name, format!("S:{text}"));
    let number = |name: &'static str, number: u64| (name, format!("N:{number}"));
    for (at, run) in [(1, 77), (2, 78)] {
        let id = format!("WEB-{run}-000000000");
        let invoice = [number("number", at), text("order", &id)];
        stores.put_in("web-invoices", &invoice);
        stores.put_in("web-totals", &[text("day", &format!("{run}#friday"))]);
        let letter = format!(r#"{{"order": "{id}"}}"#);
        stores.send("web-refused", &letter);
    }
    let neighbor = [text("pk", "friday"), text("sk", "WEB-78-000000000")];
    stores.put_in("web-orders", &neighbor);
    stores.put_in("web-days", &[text("day", "friday")]);
    stores.put_in("web-idempotency", &[text("id", "WEB-77-000000000")]);

    let dir = run.path("out").display().to_string();
    let clean = |more: &[&str]| -> Finished {
        let program = Program::new(["clean", &dir, "--endpoint-url", &endpoint]);
        let program = more.iter().fold(program, |all, more| all.args([*more]));
        credentials(program).finish().code(0)
    };
    says(
        &clean(&[]),
        &[
            "rows in web-orders: 20 of the run, 1 of others left",
            "rows in web-invoices: 1 of the run, 1 of others left",
            "rows in web-totals: 1 of the run, 1 of others left",
            "letters in web-refused: 1 of the run, 1 of others left",
            "nothing was deleted",
        ],
    );
    assert_eq!(stores.count("web-orders"), 21);
    says(
        &clean(&["--delete"]),
        &[
            "rows in web-orders: 20 of the run deleted, 1 of others left",
            "rows in web-days: 0 of the run deleted, 0 of others left\n  1 counter of [[sums]] left: other orders may have added",
            "rows in web-idempotency: left, since no end says whose they are",
            "letters in web-refused: 1 of the run deleted, 1 of others left",
        ],
    );
    for table in [
        "web-orders",
        "web-invoices",
        "web-totals",
        "web-days",
        "web-idempotency",
    ] {
        assert_eq!(stores.count(table), 1, "{table}");
    }
}

#[test]
fn a_fifo_queue_is_asked_whether_orders_may_be_sent_and_none_is() {
    let served = empty();
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/patterns/fifo_groups.toml"
    );
    let local = |command: &str| at(&endpoint, [command, file]).args(["--processor", "local"]);
    local("up").finish().code(0).quiet();
    let seen = local("preflight").finish().code(0).quiet();
    says(&seen, &["not denied: sqs:SendMessage, sqs:ReceiveMessage,"]);
    let sent = QueueAttributeName::ApproximateNumberOfMessages;
    assert_eq!(stores.attribute("orders-queue.fifo", &sent), "0");
}
