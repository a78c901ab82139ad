//! What scenarios say of their orders, read: the examples, the spellings, and what is wrong with a place to look at.

use crate::order::spec::*;
use crate::order::{OrderPlan, RunId};
use crate::scenario::{Overrides, Scenario, is_lab, parse_with_files};

pub(super) const HEAD: &str = "name = \"x\"\nquestion = \"Does it work?\"\nbad_orders = \"20%\"\n[[phase]]\nname = \"baseline\"\nrate = \"10/s\"\nduration = \"5s\"\n";

pub(super) fn files(name: &str) -> Result<String, String> {
    match name {
        "customers.csv" => Ok("email, name\na@x.y,\"A, the first\"\nb@x.y,B\n".into()),
        "body.json" => Ok("{\"id\": \"{{id}}\"}\n".into()),
        "sample.jsonl" => Ok("{\"id\": 1, \"mail\": \"me@x.y\"}\n{\"id\": 2}\n".into()),
        _ => Err(format!("{name}: there is no such file")),
    }
}

pub(super) fn read(text: &str) -> Result<Scenario, String> {
    // What stands at the top of a file stands before its first table.
    let text = match text.strip_prefix("\ngood_ends") {
        Some(rest) => {
            let (line, rest) = rest.split_once('\n').expect("a line");
            format!("good_ends{line}\n{HEAD}{rest}")
        }
        None => format!("{HEAD}{}", text.trim_start()),
    };
    // Somebody has to consume the orders.
    let consumer = match (text.contains("[processor"), text.contains("\"fifo\"")) {
        (true, _) => "",
        (false, true) => "[target]\nregion = \"us-east-1\"\n",
        (false, false) => "[processor]\ncommand = [\"f\"]\n",
    };
    let text = format!("{text}\n{consumer}");
    parse_with_files("x.toml", &text, &Overrides::default(), &files)
        .map_err(|errors| errors.to_string())
}

#[track_caller]
fn order(text: &str) -> OrderSpec {
    *read(text).unwrap_or_else(|errors| panic!("{errors}")).order
}

/// What is sent for order `k`, good or bad, of `text`.
fn plan(text: &str) -> OrderPlan {
    let scenario = read(text).unwrap_or_else(|errors| panic!("{errors}"));
    OrderPlan {
        model: scenario.model().expect("a model"),
        ..OrderPlan::lab(RunId::new(7).expect("a run id"), 1, scenario.bad_share)
    }
}

fn body(plan: &OrderPlan, k: u64) -> String {
    let mut out = Vec::new();
    plan.write_body(k, &mut out);
    String::from_utf8(out).expect("text")
}

/// A scenario that is good, and short.
pub(super) const SHORT: &str = r#"
[order]
id = "uuid"
body = '{"id": "{{id}}", "price": {{price}}, "lines": {{lines}}}'
[order.fields]
price = { decimal = [0, 9.99], places = 2 }
lines = { list = [1, 2], of = '{"q": {{q}}}', fields = { q = { integer = [1, 3] } } }
[[bad]]
name = "no price"
remove = ["/price"]
[[ends.stored.rows]]
table = "orders"
key = { id = "{{id}}" }
holds = { price = "/price" }
"#;

#[test]
fn the_lab_is_meant_where_nothing_is_said() {
    let scenario = read("").expect("a scenario");
    assert!(is_lab(&scenario.order));
    let stored = serde_json::to_string(&scenario).expect("plain data");
    assert!(
        !stored.contains("\"order\""),
        "older folders and digests stay: {stored}"
    );
    assert!(!stored.contains("fifo"));
    assert_eq!(
        serde_json::from_str::<Scenario>(&stored).expect("a scenario"),
        scenario
    );
    let own = read(SHORT).expect("a scenario");
    let stored = serde_json::to_string(&own).expect("plain data");
    assert_eq!(
        serde_json::from_str::<Scenario>(&stored).expect("a scenario"),
        own
    );
}

#[test]
fn what_is_left_out_is_the_labs() {
    let order = order("[order]\ngroup = \"{{product}}\"\n[pipeline]\nqueue = \"fifo\"\n");
    let mut lab = crate::order::lab();
    lab.group = Some("{{product}}".into());
    assert_eq!(order, lab);
}

#[test]
fn an_order_through_sns_kept_as_a_map() {
    let plan = plan(
        r#"
[order]
id = "uuid"
envelope = "sns"
body = '{"orderId": "{{id}}", "sku": "{{sku}}", "total": {{total}}}'
[order.fields]
sku = { pick = ["A1", "B2"], weights = [9, 1] }
total = { decimal = [0.01, 999.99], places = 2 }
[[bad]]
set = { "/total" = "free" }
[[ends.stored.rows]]
table = "orders"
key = { orderId = "{{id}}" }
holds = { payload = "/", source = "ddb-consumer" }
stored_at = "ts ms"
"#,
    );
    let spec = plan.model.spec();
    assert_eq!(spec.tables["orders"].partition.name, "orderId");
    assert_eq!(spec.tables["orders"].partition.kind, KeyType::S);
    let row = &spec.ends["stored"].rows[0];
    assert_eq!(row.holds["payload"], Expected::At("/".into()));
    assert_eq!(row.holds["source"], Expected::Text("ddb-consumer".into()));
    assert_eq!(
        row.stored_at
            .as_ref()
            .map(|at| (at.attribute.as_str(), at.unit)),
        Some(("ts", TimeUnit::Ms))
    );
    let sent: serde_json::Value = serde_json::from_str(&body(&plan, 0)).expect("JSON");
    let order: serde_json::Value =
        serde_json::from_str(sent["Message"].as_str().expect("a text")).expect("JSON");
    assert_eq!(order["orderId"], plan.id(0).to_string());
    let bad = (0..50).find(|&k| plan.is_bad(k)).expect("a bad order");
    assert!(
        plan.order_json(bad)
            .expect("JSON")
            .ends_with(r#""total": "free"}"#)
    );
}

#[test]
fn a_composite_key_with_a_part_that_nobody_knows() {
    let plan = plan(
        r#"
[order]
id = "uuid"
body = '{"id": "{{id}}", "email": "u{{user}}@example.com", "price": {{price}}, "products": ["Mouse"], "date": "2026-11-27"}'
[order.fields]
user = { integer = [0, 199] }
price = { decimal = [0.01, 2999.99], places = 2 }
[[bad]]
remove = ["/price"]
[[ends.stored.rows]]
table = "Orders"
key = { pk = "u{{user}}@example.com#*", sk = "2026-11-27#{{id}}" }
holds = { Email = "/email", Price = "/price", Products = { join = "/products", with = ";" } }
"#,
    );
    let spec = plan.model.spec();
    let key = &spec.tables["Orders"];
    assert_eq!(
        (
            key.partition.name.as_str(),
            key.sort.as_ref().map(|sort| sort.name.as_str())
        ),
        ("pk", Some("sk"))
    );
    assert_eq!(spec.bad[0].end, DEAD_LETTER);
    assert_eq!(spec.ends[DEAD_LETTER], crate::order::dead_letter());
    assert!(body(&plan, 0).contains("@example.com\", \"price\": "));
}

#[test]
fn a_row_that_is_there_first() {
    let plan = plan(
        r#"
[order]
id = "WEB-{{run}}-{{n:09}}"
body = '{"order_id": "{{id}}"}'
[order.fields]
customer = { data = "customers.csv", take = "random" }
[[bad]]
without_before = true
[[before]]
table = "orders"
row = { order_id = "{{id}}", status = "PENDING", customer_email = "{{customer.email}}" }
[[ends.stored.rows]]
table = "orders"
key = { order_id = "{{id}}" }
holds = { status = "COMPLETED" }
"#,
    );
    assert_eq!(body(&plan, 3), r#"{"order_id": "WEB-7-000000003"}"#);
    let Field::Data { columns, rows, .. } = &plan.model.spec().fields["customer"] else {
        panic!("a row of data");
    };
    assert_eq!(columns, &["email", "name"]);
    assert_eq!(rows[0], ["a@x.y", "A, the first"]);
    assert_eq!(
        plan.model.spec().before[0].row["status"],
        Expected::Text("PENDING".into())
    );
}

#[test]
fn every_spelling_is_read() {
    let order = order(r#"
good_ends = ["stored", "failed"]
[order]
id = "ulid"
body_file = "body.json"
encoding = "gzip base64"
envelope = '{"payload": "{{order}}"}'
attributes = { tenant = "{{tenant}}", n = { number = "{{n}}" }, one = { number = 1 } }
group = "{{tenant}}"
delay = "5s"
[order.fields]
tenant = { pick = ["a", 1, 2.50, true, { x = [1] }] }
gift = { true = "10%" }
note = { text = { p50 = 10, p99 = 20 } }
at = { new = "uuid" }
[[bad]]
name = "all of it"
weight = 2.5
end = "rejected"
set = { "/id" = "{{note}}" }
fields = { gift = { true = "0%" } }
cut = "50%"
without = ["tenant"]
[[ends.stored.rows]]
table = "orders"
key = { id = "{{id}}" }
holds = { a = { number = "{{n}}" }, b = { number = 1.50 }, d = { json = "/", may_add = ["/id"] }, e = { is = [1, { x = true }] }, f = { text = "/plain" }, g = { absent = true }, h = 5, i = true, j = ["a"] }
only = true
receives_at = "count"
[[ends.failed.rows]]
table = "failed"
key = { id = "*" }
id_at = "order/id"
[[ends.rejected.letters]]
queue = "rejected"
id_at = "/order/id"
holds = { "/order" = "/", "/why" = "bad" }
[[sums]]
table = "totals"
key = { day = "today" }
attribute = "count"
[pipeline]
tables = { orders = "id S", idempotency = "id N, at B" }
queues = ["audit"]
"#.replace("at = { new", "fresh = { new").as_str());
    let holds = &order.ends["stored"].rows[0].holds;
    for (name, expected) in [
        ("a", Expected::Number("{{n}}".into())),
        ("b", Expected::Number("1.5".into())),
        (
            "d",
            Expected::Json {
                of: "/".into(),
                may_add: vec!["/id".into()],
            },
        ),
        ("e", Expected::Is("[1, {\"x\": true}]".into())),
        ("f", Expected::Text("/plain".into())),
        ("g", Expected::Absent),
        ("h", Expected::Is("5".into())),
        ("i", Expected::Is("true".into())),
        ("j", Expected::Is("[\"a\"]".into())),
    ] {
        assert_eq!(holds[name], expected, "{name}");
    }
    let Field::Pick { values, .. } = &order.fields["tenant"] else {
        panic!("a pick");
    };
    assert_eq!(values, &["\"a\"", "1", "2.5", "true", "{\"x\": [1]}"]);
    assert_eq!(order.bad[0].set["/id"], "\"{{note}}\"");
    assert_eq!(
        order.ends["rejected"].letters[0].queue.as_deref(),
        Some("rejected")
    );
    assert_eq!(order.ends["rejected"].letters[0].id_at, ["/order/id"]);
    assert_eq!(
        order.tables["idempotency"]
            .sort
            .as_ref()
            .map(|sort| sort.kind),
        Some(KeyType::B)
    );
    assert_eq!(order.tables["totals"].partition.name, "day");
    assert_eq!(order.attributes["one"], AttributeSpec::Number("1".into()));
    assert_eq!(order.encoding, Some(Encoding::GzipBase64));
    assert_eq!(order.queues, ["audit"]);
    assert_eq!(order.good_ends, ["stored", "failed"]);
    assert_eq!(order.body, Body::Template("{\"id\": \"{{id}}\"}".into()));
}

#[test]
fn recorded_bodies_are_read_from_a_file() {
    let plan = plan(
        r#"
[order]
id = "WEB-{{run}}-{{n}}"
replay = "sample.jsonl"
id_at = ["/id"]
set = { "/mail" = "nobody@example.com" }
take = "in turn"
[[bad]]
remove = ["/id"]
[[ends.stored.rows]]
table = "orders"
key = { id = "{{id}}" }
"#,
    );
    let good: Vec<String> = (0..20)
        .filter(|&k| !plan.is_bad(k))
        .take(2)
        .map(|k| body(&plan, k))
        .collect();
    // An id that was a number stays one; that of this scheme is none.
    assert!(
        good.iter().any(|body| body.contains("nobody@example.com")),
        "{good:?}"
    );
    assert!(good.iter().all(|body| !body.contains("me@x.y")), "{good:?}");
}

#[test]
fn the_examples_of_the_repository_are_read() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    for folder in ["shop", "patterns"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let beside = |name: &str| {
                std::fs::read_to_string(root.join(folder).join(name))
                    .map_err(|error| error.to_string())
            };
            let file = path.display().to_string();
            let scenario = parse_with_files(&file, &text, &Overrides::default(), &beside)
                .unwrap_or_else(|errors| panic!("{errors}"));
            assert!(!is_lab(&scenario.order));
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen} examples");
}

#[test]
fn the_examples_of_the_page_on_orders_are_scenarios() {
    let page = include_str!("../../../../../docs/orders.md");
    let examples: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(examples.len() >= 2, "{examples:?}");
    for example in examples {
        read(example).unwrap_or_else(|errors| panic!("{errors}\n{example}"));
    }
}
