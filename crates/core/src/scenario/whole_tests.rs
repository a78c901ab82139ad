//! Parts that do not go together are told, and those that just do are not.

use crate::scenario::{Overrides, ProcessorPlace, Scenario, parse};

const HEAD: &str = "name = \"x\"\nquestion = \"Does it work?\"\nbad_orders = \"20%\"\n";
const PHASE: &str = "[[phase]]\nname = \"baseline\"\nrate = \"10/s\"\nduration = \"5s\"\n";
const ORDER: &str = "[order]\nid = \"uuid\"\nbody = '{\"id\": \"{{id}}\"}'\n[[bad]]\nset = { \"/id\" = 1 }\n\
    [[ends.stored.rows]]\ntable = \"t\"\nkey = { id = \"{{id}}\" }\n[[ends.refused.letters]]\nqueue = \"refused\"\n";
const COMMAND: &str = "[processor]\ncommand = [\"f\"]\n";

fn read(parts: &[&str]) -> Result<Scenario, String> {
    let text = format!("{HEAD}{PHASE}{}", parts.concat());
    parse("x.toml", &text, &Overrides::default()).map_err(|errors| errors.to_string())
}

fn drain(queue: &str) -> String {
    format!("[processors.drain]\ncommand = [\"g\"]\nqueue = {queue:?}\n")
}

#[track_caller]
fn refused(parts: &[&str], words: &[&str]) {
    let errors = read(parts).expect_err("it is refused");
    for word in words {
        assert!(errors.contains(word), "{word:?} in {errors}");
    }
}

#[track_caller]
fn accepted(parts: &[&str]) -> Scenario {
    read(parts).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn orders_of_ones_own_need_a_consumer_of_ones_own() {
    let missing = [
        "processor",
        "is missing",
        "knows the lab's order alone",
        "command =",
    ];
    refused(&[ORDER], &missing);
    refused(&[ORDER, "[target]\nprocessor = \"local\"\n"], &missing);
    accepted(&[ORDER, COMMAND]);
    accepted(&[]);
    let local = accepted(&[ORDER, COMMAND, "[target]\nprocessor = \"local\"\n"]);
    let place = |scenario: &Scenario| scenario.target.aws().map(|target| target.processor);
    assert_eq!(place(&local), Some(ProcessorPlace::Local));
    for place in ["lambda", "external"] {
        accepted(&[ORDER, &format!("[target]\nprocessor = {place:?}\n")]);
    }
}

#[test]
fn rules_on_the_end_to_end_latency_need_rows_that_tell_it() {
    let rule = "[expect]\nrules = [\"end_to_end_p99 < 1s\"]\n";
    refused(
        &[ORDER, COMMAND, rule],
        &["expect.rules", "no row of `stored`", "stored_at ="],
    );
    let timed = ORDER.replace("key = {", "stored_at = \"at ms\"\nkey = {");
    accepted(&[&timed, COMMAND, rule]);
    accepted(&[ORDER, COMMAND, &rule.replace("end_to_end", "response_time")]);
    accepted(&[rule]);
}

#[test]
fn functions_run_here_or_are_not_described() {
    for place in ["lambda", "external"] {
        let target = format!("[target]\nprocessor = {place:?}\n");
        refused(
            &[COMMAND, &target],
            &["\n  processor", "processor = \"local\""],
        );
        refused(
            &[&drain("orders-dl-queue"), &target],
            &["\n  processors", "run elsewhere"],
        );
    }
    accepted(&[
        COMMAND,
        &drain("orders-dl-queue"),
        "[target]\nprocessor = \"local\"\n",
    ]);
}

#[test]
fn a_further_function_is_fed_from_a_queue_of_the_pipeline_that_is_its_own() {
    refused(&[&drain("orders-queue")], &["would take orders"]);
    refused(
        &[&drain("order-dl-queue")],
        &[
            "not a queue of this pipeline",
            "orders-dl-queue",
            "queues = [\"order-dl-queue\"]",
        ],
    );
    refused(
        &[&drain("a b")],
        &["processors.drain.queue", "cannot be the name of a queue"],
    );
    refused(
        &["[processors.drain]\ncommand = [\"g\"]\n"],
        &["processors.drain.queue", "is missing"],
    );
    refused(
        &["[processors]\ndrain = 1\n"],
        &["processors.drain", "must be a table"],
    );
    refused(
        &[&drain("orders-dl-queue"), "quue = 1\n"],
        &["did you mean `queue`"],
    );
    for queue in ["orders-dl-queue", "refused"] {
        accepted(&[ORDER, COMMAND, &drain(queue)]);
    }
    accepted(&[&drain("notices"), "[pipeline]\nqueues = [\"notices\"]\n"]);
    let scenario = accepted(&[
        &drain("dlq"),
        "timeout = \"9s\"\nmax_environments = 3\n[processors.drain.mapping]\nbatch_size = 1\n\
         [pipeline]\ndead_letter_queue = \"dlq\"\norders_queue = \"checkout\"\n",
    ]);
    let drain = &scenario.processors["drain"];
    assert_eq!((drain.timeout.as_secs(), drain.mapping.batch_size), (9, 1));
    assert_eq!(drain.mapping.maximum_concurrency, 3);
    assert_eq!(scenario.pipeline.redrive_to.as_deref(), Some("dlq"));
}

#[test]
fn queues_have_the_pipelines_names_wherever_they_are() {
    let named = "[pipeline]\norders_queue = \"checkout\"\ndead_letter_queue = \"checkout-dlq\"\n";
    let resources = |target: &str| {
        let scenario = accepted(&[named, target]);
        let found = &scenario.target.aws().expect("a target").resources;
        [found.orders_queue.clone(), found.dead_letter_queue.clone()]
    };
    assert_eq!(
        resources("[target]\nregion = \"eu-west-1\"\n"),
        ["checkout", "checkout-dlq"]
    );
    assert_eq!(
        resources("[target]\norders_queue = \"prod\"\n"),
        ["prod", "checkout-dlq"]
    );
    let same = "[pipeline]\norders_queue = \"q\"\ndead_letter_queue = \"q\"\n";
    refused(&[same], &["pipeline.dead_letter_queue", "name two queues"]);
    let labs = serde_json::to_string(&accepted(&[]).pipeline).expect("JSON");
    assert!(
        !labs.contains("orders_queue"),
        "the lab's stay as they were: {labs}"
    );
}

#[test]
fn faults_strike_where_they_find_an_order() {
    let fault = |kind: &str| format!("[[fault]]\nkind = {kind:?}\ncount = 1\n");
    refused(
        &[ORDER, COMMAND, &fault("write_lost")],
        &["writes by itself"],
    );
    refused(
        &[ORDER, COMMAND, &fault("price_drifts")],
        &["the lab's order"],
    );
    accepted(&[
        ORDER,
        COMMAND,
        &fault("message_vanishes"),
        &fault("scan_stale"),
    ]);
    let hidden = "[order]\nid = \"uuid\"\nbody = '{\"n\": 1}'\nattributes = { id = \"{{id}}\" }\n[[bad]]\n\
        without = [\"id\"]\n[[ends.stored.rows]]\ntable = \"t\"\nkey = { id = \"{{id}}\" }\n";
    refused(
        &[hidden, COMMAND, &fault("message_vanishes")],
        &["fault", "no body of this scenario holds {{id}}"],
    );
    accepted(&[hidden, COMMAND, &fault("scan_stale"), &fault("disk_full")]);
    refused(
        &[
            "[target]\nregion = \"eu-west-1\"\n",
            &fault("message_vanishes"),
        ],
        &["in the embedded pipeline"],
    );
}

const FIFO: &str = "[pipeline]\nqueue = \"fifo\"\n";

#[test]
fn a_fifo_queue_has_orders_with_a_group_and_names_with_its_end() {
    let grouped = ORDER.replace("[[bad]]", "group = \"{{id}}\"\n[[bad]]");
    let aws = "[target]\nregion = \"eu-west-1\"\n";
    let scenario = accepted(&[&grouped, COMMAND, FIFO]);
    assert!(scenario.pipeline.fifo && !scenario.pipeline.high_throughput);
    assert_eq!(scenario.pipeline.orders_queue, "orders-queue.fifo");
    let to = Some("orders-dl-queue.fifo");
    assert_eq!(scenario.pipeline.redrive_to.as_deref(), to);
    let scenario = accepted(&[&grouped, aws, FIFO, "high_throughput = true\n"]);
    assert!(scenario.pipeline.high_throughput);
    let target = scenario.target.aws().expect("a target");
    assert_eq!(Some(target.resources.dead_letter_queue.as_str()), to);
    accepted(&[&grouped, COMMAND]);
    let cases: [(&str, &[&str]); 6] = [
        (
            "orders_queue = \"o\"\n",
            &["pipeline.orders_queue", "\"o.fifo\""],
        ),
        (
            "redrive_to = \"d\"\n",
            &["pipeline.redrive_to", "\"d.fifo\""],
        ),
        (
            "[pipeline.mapping]\nbatch_size = 11\n",
            &["pipeline.mapping", "batch_size is 11"],
        ),
        (
            "[pipeline.mapping]\nbatching_window = \"1s\"\n",
            &["pipeline.mapping", "no batching window"],
        ),
        (
            "[target]\norders_queue = \"o\"\n",
            &["target.orders_queue", "\"o.fifo\""],
        ),
        (
            "[target]\ndead_letter_queue = \"d\"\n",
            &["target.dead_letter_queue", "\"d.fifo\""],
        ),
    ];
    for (more, words) in cases {
        let runs = if more.starts_with("[target") {
            ""
        } else {
            COMMAND
        };
        refused(&[&grouped, runs, FIFO, more], words);
    }
    let drain = "[processors.drain]\nqueue = \"orders-dl-queue.fifo\"\ncommand = [\"./drain\"]\n[processors.drain.mapping]\n";
    accepted(&[&grouped, COMMAND, FIFO, drain, "batch_size = 10\n"]);
    for (more, words) in [
        (
            "batch_size = 11\nbatching_window = \"1s\"\n",
            ["processors.drain.mapping", "batch_size is 11"],
        ),
        (
            "batching_window = \"1s\"\n",
            ["processors.drain.mapping", "no batching window"],
        ),
    ] {
        refused(&[&grouped, COMMAND, FIFO, drain, more], &words);
    }
    refused(&[ORDER, COMMAND, FIFO], &["pipeline.queue", "have a group"]);
    refused(
        &[&grouped, COMMAND, "[pipeline]\norders_queue = \"o.fifo\"\n"],
        &["pipeline.orders_queue", "queue = \"fifo\""],
    );
    refused(
        &[&grouped, COMMAND, "[pipeline]\nhigh_throughput = true\n"],
        &["pipeline.high_throughput", "only a FIFO queue"],
    );
}

#[test]
fn the_labs_order_in_groups_is_processed_by_the_built_in_processor() {
    accepted(&[
        "[order]\ngroup = \"{{customer}}\"\ndeduplication = \"{{id}}\"\n[order.fields]\ncustomer = { integer = [0, 9] }\n",
        FIFO,
    ]);
    refused(
        &["[order]\ngroup = \"x\"\nattributes = { a = \"b\" }\n", FIFO],
        &["the built-in processor knows the lab's order alone"],
    );
}
