//! What a scenario says of what orders are sent to: read, kept, and refused with what to write.

use crate::order::Door;
use crate::scenario::{Overrides, Scenario, parse};

const HEAD: &str = "name = \"x\"\nquestion = \"Does it work?\"\n[[phase]]\nname = \"baseline\"\nrate = \"10/s\"\nduration = \"5s\"\n";
const COMMAND: &str = "[processor]\ncommand = [\"f\"]\n";
const AWS: &str = "[target]\nregion = \"us-east-1\"\nprocessor = \"external\"\n";

fn read(parts: &[&str]) -> Result<Scenario, String> {
    let text = format!("{HEAD}{}", parts.concat());
    parse("x.toml", &text, &Overrides::default()).map_err(|errors| errors.to_string())
}

#[track_caller]
fn accepted(parts: &[&str]) -> Scenario {
    read(parts).unwrap_or_else(|errors| panic!("{errors}"))
}

#[track_caller]
fn refused(parts: &[&str], words: &[&str]) {
    let errors = read(parts).expect_err("it is refused");
    for word in words {
        assert!(errors.contains(word), "{word:?} in {errors}");
    }
}

#[test]
fn orders_go_to_the_queue_unless_said_otherwise_and_files_stay_as_they_were() {
    let scenario = accepted(&[]);
    assert!(scenario.sending.to.is_queue());
    let kept = serde_json::to_string(&scenario.sending).expect("plain data");
    assert!(!kept.contains("\"to\""), "{kept}");
    assert_eq!(accepted(&["[sending]\nto = \"sqs\"\n"]), scenario);
}

#[test]
fn each_door_is_read_and_read_again_from_what_is_kept() {
    let sns = accepted(&[
        "[sending]\nto = \"sns\"\ntopic = \"t\"\nbatch = 10\n",
        COMMAND,
    ]);
    assert!(matches!(&sns.sending.to, Door::Sns(topic) if topic.topic == "t" && !topic.raw));
    let bus = accepted(&[
        "[sending]\nto = \"eventbridge\"\nbus = \"b\"\nsource = \"s\"\n",
        COMMAND,
    ]);
    assert!(
        matches!(&bus.sending.to, Door::Eventbridge(bus) if bus.bus == "b" && bus.detail_type == "OrderPlaced")
    );
    let http = accepted(&[
        "[sending]\nto = \"http\"\n[sending.http]\nurl = \"https://h/v1/orders/{{id}}\"\nmethod = \"PUT\"\nid_at = \"/id\"\n\
         accepted = [202]\n[sending.http.headers]\nauthorization = \"Bearer {{env.TOKEN}}\"\n",
        AWS,
    ]);
    let Door::Http(server) = &http.sending.to else {
        panic!("{:?}", http.sending.to);
    };
    assert_eq!(
        (server.method.as_str(), server.url.as_str()),
        ("PUT", "https://h/v1/orders/{{id}}")
    );
    assert_eq!(
        (server.accepted.as_slice(), server.refused[0]),
        (&[202][..], 400)
    );
    assert_eq!(server.variables(), ["TOKEN"]);
    for scenario in [sns, bus, http] {
        let kept = serde_json::to_string(&scenario).expect("plain data");
        let again: Scenario = serde_json::from_str(&kept).expect("a scenario");
        assert_eq!(again, scenario);
        assert_eq!(again.model().expect("a model").door(), &scenario.sending.to);
    }
}

#[test]
fn keys_of_another_door_are_told_whose_they_are() {
    refused(
        &["[sending]\ntopic = \"t\"\n"],
        &[
            "sending.topic",
            "is for orders that are sent to \"sns\"",
            "write to = \"sns\"",
        ],
    );
    refused(
        &["[sending]\nto = \"sns\"\nbus = \"b\"\n", COMMAND],
        &["sending.bus", "\"eventbridge\""],
    );
    refused(
        &["[sending]\nto = \"kafka\"\n"],
        &["\"kafka\" is not a choice", "\"sns\""],
    );
    refused(
        &["[sending]\nto = \"http\"\nbatch = 2\n"],
        &["sending.batch", "holds one order"],
    );
    refused(
        &["[sending]\nto = \"sns\"\nraw = true\nsender = \"sdk\"\n"],
        &["sending.sender", "sends to SQS alone"],
    );
}

#[test]
fn the_built_in_processor_reads_orders_as_they_are() {
    refused(
        &["[sending]\nto = \"sns\"\n"],
        &[
            "sending.to",
            "does not look into the envelope",
            "raw = true",
        ],
    );
    accepted(&["[sending]\nto = \"sns\"\nraw = true\n"]);
    accepted(&["[sending]\nto = \"sns\"\n", COMMAND]);
    accepted(&["[sending]\nto = \"http\"\n"]);
}

#[test]
fn a_server_elsewhere_has_a_url_and_the_embedded_one_a_path() {
    let http = |url: &str| format!("[sending]\nto = \"http\"\n[sending.http]\nurl = {url:?}\n");
    accepted(&[&http("/v1/orders")]);
    refused(
        &[&http("/orders?x={{n}}")],
        &["sending.http.url", "at one path"],
    );
    refused(
        &[&http("https://h/orders")],
        &["sending.http.url", "is not the path of a URL", "/orders"],
    );
    accepted(&[&http("https://h:8443/orders/{{id}}"), AWS]);
    accepted(&[&http("http://127.0.0.1:8080"), AWS]);
    for url in [
        "/orders",
        "ftp://h/",
        "https://{{id}}.h/",
        "https://u:p@h/",
        "https://h/#x",
        "https://h?x=1",
    ] {
        refused(&[&http(url), AWS], &["sending.http.url"]);
    }
    refused(
        &["[sending]\nto = \"http\"\n", AWS],
        &["sending.http.url", "is missing"],
    );
}

#[test]
fn headers_keep_no_secret_and_none_of_the_requests_own() {
    let header = |line: &str| format!("[sending]\nto = \"http\"\n[sending.http.headers]\n{line}\n");
    accepted(&[&header("x-tenant = \"t\"\nIdempotency-Key = \"{{id}}\"")]);
    refused(
        &[&header("Authorization = \"Bearer abc\"")],
        &[
            "sending.http.headers.Authorization",
            "would be kept in the files",
            "{{env.ORDERS_TOKEN}}",
        ],
    );
    refused(
        &[&header("Host = \"h\"")],
        &["is written by the request itself"],
    );
    refused(
        &[&header("\"a b\" = \"h\"")],
        &["is not a valid name of a header"],
    );
    refused(&[&header("a = 1")], &["must be a text"]);
    refused(&[&header("A = \"1\"\na = \"2\"")], &["stands twice"]);
}

#[test]
fn statuses_say_one_thing_each() {
    let http = |line: &str| format!("[sending]\nto = \"http\"\n[sending.http]\n{line}\n");
    accepted(&[&http("accepted = [200, 409]\nrefused = [400]")]);
    refused(
        &[&http("accepted = [200]\nrefused = [200]")],
        &["200 cannot mean both"],
    );
    refused(
        &[&http("refused = [503]")],
        &["it is unknown what the server did"],
    );
    refused(
        &[&http("accepted = []")],
        &["no order would ever be accepted"],
    );
    refused(&[&http("refused = [408]")], &["408"]);
    refused(&[&http("accepted = [100]")], &["statuses from 200 to 599"]);
    refused(&[&http("id_at = \"orderId\"")], &["is not a JSON pointer"]);
}

#[test]
fn an_id_is_no_error() {
    let http = |id: &str, error: &str| {
        format!("[sending]\nto = \"http\"\n[sending.http]\nid_at = {id:?}\nerror_at = {error:?}\n")
    };
    for (id, error) in [("/id", "/id"), ("/order/id", "/order"), ("/id", "/")] {
        let rule = ["sending.http.error_at", "every order would be refused"];
        refused(&[&http(id, error)], &rule);
    }
    for (id, error) in [("/order", "/order_error"), ("/order/id", "/order/error")] {
        accepted(&[&http(id, error)]);
    }
}

#[test]
fn a_fifo_queue_is_fed_by_a_fifo_topic() {
    let fifo = |to: &str| {
        format!(
            "{AWS}[pipeline]\nqueue = \"fifo\"\n[order]\ngroup = \"g\"\nbody = '{{\"id\": \"{{{{id}}}}\"}}'\n[[ends.stored.rows]]\ntable = \"t\"\nkey = {{ id = \"{{{{id}}}}\" }}\n[sending]\n{to}\n"
        )
    };
    accepted(&[&fifo("to = \"sns\"\ntopic = \"t.fifo\"")]);
    refused(
        &[&fifo("to = \"sns\"\ntopic = \"t\"")],
        &["sending.topic", "only a FIFO topic"],
    );
    refused(
        &["[sending]\nto = \"sns\"\nraw = true\ntopic = \"t.fifo\"\n"],
        &["sending.topic", "this one is standard"],
    );
    refused(&[&fifo("to = \"eventbridge\"")], &["one constant group"]);
}
