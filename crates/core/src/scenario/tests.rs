//! Good files are resolved; bad ones are refused with every reason at once.

use std::time::Duration;

use super::*;

pub(super) const SPIKE: &str = r#"
name = "spike"
question = "At five times the usual traffic, does every order land?"
seed = 7
bad_orders = "10%"
arrivals = "poisson"
[[phase]]
name = "baseline"
rate = "200/s"
duration = "20s"
[[phase]]
name = "spike"
rate = "5x"
duration = "30s"
[[phase]]
name = "recovery"
rate = "5x"
ramp_to = "1x"
duration = "10s"
[expect]
rules = ["end_to_end_p99 < 2s for spike", "drain <= 60s"]
"#;

pub(super) fn read(text: &str) -> Result<Scenario, ScenarioErrors> {
    parse("test.toml", text, &Overrides::default())
}

pub(super) fn with(sets: &[&str]) -> Result<Scenario, ScenarioErrors> {
    let set = sets.iter().map(|set| (*set).to_owned()).collect();
    parse(
        "test.toml",
        SPIKE,
        &Overrides {
            set,
            ..Overrides::default()
        },
    )
}

#[test]
fn multiples_and_ramps_follow_the_baseline() {
    let scenario = read(SPIKE).unwrap();
    assert_eq!(
        (scenario.phases[1].start_rate, scenario.phases[1].end_rate),
        (1_000.0, 1_000.0)
    );
    assert_eq!(
        (scenario.phases[2].start_rate, scenario.phases[2].end_rate),
        (1_000.0, 200.0)
    );
    assert_eq!(scenario.bad_share, 0.1);
    let rules = &scenario.expect.rules;
    let (metric, _) = rules[0].duration().unwrap();
    assert_eq!(metric, Metric::EndToEnd(0.99));
    assert_eq!(rules[0].phase.as_deref(), Some("spike"));
    let (metric, bound) = rules[1].duration().unwrap();
    assert_eq!((metric, bound.operator), (Metric::Drain, Operator::AtMost));
}

#[test]
fn overrides_replace_and_multiples_follow() {
    let overrides = Overrides {
        target: None,
        rate: Some("50/s".into()),
        duration: Some("6s".into()),
        seed: Some(99),
        set: vec![
            "pipeline.visibility_timeout=5s".into(),
            "phase.spike.rate=8x".into(),
            "phase.2.duration=30s".into(),
            "sending.batch=10".into(),
            "sending.linger=5ms".into(),
        ],
    };
    let scenario = parse("test.toml", SPIKE, &overrides).unwrap();
    assert_eq!(scenario.seed, 99);
    assert_eq!(scenario.phases[0].start_rate, 50.0);
    assert_eq!(scenario.phases[1].start_rate, 400.0);
    assert_eq!(
        scenario
            .phases
            .iter()
            .map(|phase| phase.duration)
            .sum::<Duration>(),
        Duration::from_secs(6)
    );
    assert_eq!(
        scenario.phases[2].duration,
        Duration::from_micros(2_250_000),
        "scaled after it was set"
    );
    assert_eq!(scenario.pipeline.visibility_timeout, Duration::from_secs(5));
    assert_eq!(scenario.sending.batch, 10);
    assert_eq!(overrides.as_texts()[0], "--rate 50/s");
}

#[test]
fn a_resolved_scenario_survives_storing_and_its_digest_tells_changes() {
    let scenario = read(SPIKE).unwrap();
    let stored = serde_json::to_string(&scenario).unwrap();
    assert_eq!(serde_json::from_str::<Scenario>(&stored).unwrap(), scenario);
    assert_eq!(digest(&scenario), digest(&read(SPIKE).unwrap()));
    assert_ne!(digest(&scenario), digest(&with(&["seed=8"]).unwrap()));
    assert_eq!(digest(&scenario).len(), 16);
}

#[test]
fn every_rule_has_a_file_that_breaks_it_and_one_that_just_does_not() {
    // (sets that break the rule, key named, sets that just do not)
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["name=../up"], "name", &["name=up-2"]),
        (&["question="], "question", &["question=ok?"]),
        (&["target=gcp"], "target", &["target=aws"]),
        (
            &["target.sqs_endpoint_url=localhost:4566"],
            "target.sqs_endpoint_url",
            &["target.sqs_endpoint_url=http://localhost:4566"],
        ),
        (
            &["target.processor=remote"],
            "target.processor",
            &["target.processor=local"],
        ),
        (
            &["target.max_usd=-1"],
            "target.max_usd",
            &["target.max_usd=0"],
        ),
        (
            &["target.read_units=0"],
            "target.read_units",
            &["target.read_units=1"],
        ),
        (
            &["target.dead_letter_queue=orders-queue"],
            "target.dead_letter_queue",
            &["target.dead_letter_queue=orders-dlq"],
        ),
        (
            &["target=aws", "processor.command=[\"true\"]"],
            "processor",
            &["target=embedded", "processor.command=[\"true\"]"],
        ),
        (&["seed=-1"], "seed", &["seed=0"]),
        (&["bad_orders=101%"], "bad_orders", &["bad_orders=100%"]),
        (&["arrivals=bursty"], "arrivals", &["arrivals=uniform"]),
        (
            &["sending.batch=11"],
            "sending.batch",
            &["sending.batch=10"],
        ),
        (
            &["sending.linger=5ms"],
            "sending.linger",
            &["sending.linger=5ms", "sending.batch=2"],
        ),
        (
            &["sending.batch=10", "sending.max_in_flight=9"],
            "sending.max_in_flight",
            &["sending.batch=9", "sending.max_in_flight=9"],
        ),
        (
            &["sending.sender=curl"],
            "sending.sender",
            &["sending.sender=sdk"],
        ),
        (
            &["pipeline.visibility_timeout=43201s"],
            "pipeline.visibility_timeout",
            &["pipeline.visibility_timeout=43200s"],
        ),
        (
            &["pipeline.max_receive_count=0"],
            "pipeline.max_receive_count",
            &["pipeline.max_receive_count=1"],
        ),
        (
            &["pipeline.function.timeout=31s"],
            "pipeline.function.timeout",
            &["pipeline.function.timeout=30s"],
        ),
        (
            &["pipeline.mapping.maximum_concurrency=1251"],
            "pipeline.mapping.maximum_concurrency",
            &["pipeline.mapping.maximum_concurrency=1250"],
        ),
        (
            &[
                "pipeline.mapping.starting_concurrency=6",
                "pipeline.mapping.maximum_concurrency=5",
            ],
            "pipeline.mapping.starting_concurrency",
            &[
                "pipeline.mapping.starting_concurrency=5",
                "pipeline.mapping.maximum_concurrency=5",
            ],
        ),
        (
            &["pipeline.mapping.batch_size=11"],
            "pipeline.mapping.batch_size",
            &[
                "pipeline.mapping.batch_size=10000",
                "pipeline.mapping.batching_window=1s",
            ],
        ),
        (
            &["pipeline.mapping.minimum_pollers=1"],
            "pipeline.mapping.minimum_pollers",
            &["pipeline.mapping.minimum_pollers=2"],
        ),
        (
            &[
                "pipeline.mapping.minimum_pollers=3",
                "pipeline.mapping.maximum_pollers=2",
            ],
            "pipeline.mapping.minimum_pollers",
            &[
                "pipeline.mapping.minimum_pollers=3",
                "pipeline.mapping.maximum_pollers=3",
            ],
        ),
        (
            &[
                "pipeline.mapping.maximum_pollers=20",
                "pipeline.mapping.maximum_concurrency=20",
            ],
            "pipeline.mapping.maximum_concurrency",
            &["pipeline.mapping.maximum_pollers=20"],
        ),
        (
            &["pipeline.function.service_time={ p50 = \"2ms\", p99 = \"1ms\" }"],
            "pipeline.function.service_time",
            &["pipeline.function.service_time={ p50 = \"2ms\", p99 = \"2ms\" }"],
        ),
        (
            &["pipeline.function.cold_start={ p50 = \"2ms\", p95 = \"3ms\" }"],
            "pipeline.function.cold_start",
            &["pipeline.function.cold_start=3ms"],
        ),
        (
            &["pipeline.function.reserved_concurrency=0"],
            "pipeline.function.reserved_concurrency",
            &["pipeline.function.reserved_concurrency=1"],
        ),
        (&["time_scale=0.5"], "time_scale", &["time_scale=1"]),
        (&["time_scale=101"], "time_scale", &["time_scale=100"]),
        (
            &["time_scale=10", "pipeline.visibility_timeout=900ms"],
            "pipeline.visibility_timeout",
            &["time_scale=10", "pipeline.visibility_timeout=1s"],
        ),
        (
            &["processor.command=[]"],
            "processor.command",
            &["processor.command=[\"./bootstrap\"]"],
        ),
        (
            &[
                "processor.command=[\"./bootstrap\"]",
                "processor.environment={ _HANDLER = \"x\" }",
            ],
            "processor.environment",
            &[
                "processor.command=[\"./bootstrap\"]",
                "processor.environment={ LOG = \"x\" }",
            ],
        ),
        (
            &[
                "processor.command=[\"./bootstrap\"]",
                "processor.environment={ \"A=B\" = \"x\" }",
            ],
            "processor.environment",
            &[
                "processor.command=[\"./bootstrap\"]",
                "processor.environment={ A = \"x=y\" }",
            ],
        ),
        (
            &[
                "processor.command=[\"./bootstrap\"]",
                "processor.environment={ \"\" = \"x\" }",
            ],
            "processor.environment",
            &[
                "processor.command=[\"./bootstrap\"]",
                "processor.environment={ A = \"\" }",
            ],
        ),
        (
            &[
                "processor.command=[\"./bootstrap\"]",
                "processor.environment={ A = \"\\u0000\" }",
            ],
            "processor.environment",
            &[
                "processor.command=[\"./bootstrap\"]",
                "processor.environment={ A = \"\\u0001\" }",
            ],
        ),
        (
            &[
                "processor.command=[\"./bootstrap\"]",
                "fault=[{kind=\"write_lost\", count=1}]",
            ],
            "fault",
            &[
                "processor.command=[\"./bootstrap\"]",
                "fault=[{kind=\"scan_stale\", count=1}]",
            ],
        ),
        (
            &["processor.command=[\"./bootstrap\"]", "processor.freeze=1"],
            "processor.freeze",
            &[
                "processor.command=[\"./bootstrap\"]",
                "processor.freeze=false",
            ],
        ),
        (
            &["pipeline.table_capacity=0 wcu"],
            "pipeline.table_capacity",
            &["pipeline.table_capacity=5 wcu"],
        ),
        (
            &["fault=[{kind=\"write_lost\"}]"],
            "fault[0].count",
            &["fault=[{kind=\"write_lost\", count=1}]"],
        ),
        (
            &["fault=[{kind=\"gremlins\", count=1}]"],
            "fault[0].kind",
            &["fault=[{kind=\"row_altered\", share=\"0.0001%\"}]"],
        ),
        (
            &["fault=[{kind=\"row_deleted\", count=1}]"],
            "fault[0].delay",
            &["fault=[{kind=\"row_deleted\", count=1, delay=\"1s\"}]"],
        ),
        (
            &["fault=[{kind=\"row_altered\", count=1, delay=\"1s\"}]"],
            "fault[0].delay",
            &["fault=[{kind=\"row_altered\", count=1}]"],
        ),
        (
            &["fault=[{kind=\"row_altered\", count=1, phase=\"sale\"}]"],
            "fault[0].phase",
            &["fault=[{kind=\"row_altered\", count=1, phase=\"spike\"}]"],
        ),
        (
            &["fault=[{kind=\"row_altered\", count=1, times=0}]"],
            "fault[0].times",
            &["fault=[{kind=\"row_altered\", count=1, times=1}]"],
        ),
        (
            &["pipeline.redrive_to=orders-queue"],
            "pipeline.redrive_to",
            &["pipeline.redrive_to=none"],
        ),
        (
            &["pipeline.dead_letter_retention=59s"],
            "pipeline.dead_letter_retention",
            &["pipeline.dead_letter_retention=60s"],
        ),
        (
            &["pipeline.mapping.filter={\"body\": {\"num_items\": [{\"numeric\": [1]}]}}"],
            "pipeline.mapping.filter",
            &["pipeline.mapping.filter='{\"body\": {\"num_items\": [1, 2]}}'"],
        ),
        (
            &["pipeline.function.processor=laboratory"],
            "pipeline.function.processor",
            &["pipeline.function.processor=lab"],
        ),
        (
            &[
                "proves.loss_mode=28",
                "proves.verdict=pass",
                "proves.exit_code=0",
            ],
            "proves.loss_mode",
            &[
                "proves.loss_mode=26",
                "proves.verdict=pass",
                "proves.exit_code=0",
            ],
        ),
        (
            &[
                "proves.loss_mode=1",
                "proves.verdict=pass",
                "proves.exit_code=0",
                "proves.classes={ lots = 1 }",
            ],
            "proves.classes",
            &[
                "proves.loss_mode=1",
                "proves.verdict=pass",
                "proves.exit_code=0",
                "proves.classes={ lost = 1, recovered = \"some\" }",
            ],
        ),
        (
            &["proves.loss_mode=1", "proves.exit_code=0"],
            "proves.verdict",
            &[
                "proves.loss_mode=1",
                "proves.verdict=fail",
                "proves.exit_code=3",
            ],
        ),
        (
            &["phase.spike.name=baseline", "expect.rules=[]"],
            "phase[1].name",
            &["phase.spike.name=sale", "expect.rules=[]"],
        ),
        (
            &["phase.baseline.name=usual"],
            "phase[1].rate phase[2].rate",
            &["phase.recovery.name=usual"],
        ),
        (
            &["phase.baseline.rate=2x"],
            "phase[0].rate",
            &["phase.baseline.rate=2/s"],
        ),
        (
            &["phase.spike.rate=1000001/s"],
            "phase[1].rate",
            &["phase.spike.rate=1000000/s"],
        ),
        (
            &["phase.spike.duration=0s"],
            "phase[1].duration",
            &["phase.spike.duration=1s"],
        ),
        (
            &["phase.baseline.rate=0/s", "expect.rules=[]"],
            "phase",
            &["phase.baseline.rate=1/s"],
        ),
        (
            &["settle.deadline=0s"],
            "settle.deadline",
            &["settle.deadline=1ms"],
        ),
        (
            &["expect.gate=lenient"],
            "expect.gate",
            &["expect.gate=conserved"],
        ),
        (
            &["expect.rules=[\"latency_p99 < 1s\"]"],
            "expect.rules[0]",
            &["expect.rules=[\"response_time_p99 < 1s\"]"],
        ),
        (
            &["expect.rules=[\"end_to_end_p99 < 0s\"]"],
            "expect.rules[0]",
            &["expect.rules=[\"end_to_end_p99 <= 0s\"]"],
        ),
        (
            &["expect.rules=[\"end_to_end_p99 < 1s for sale\"]"],
            "expect.rules[0]",
            &["expect.rules=[\"end_to_end_p99 < 1s for recovery\"]"],
        ),
        (
            &["expect.rules=[\"drain < 1s for spike\"]"],
            "expect.rules[0]",
            &["expect.rules=[\"drain < 1s\"]"],
        ),
        (&["sending.btach=1"], "sending.btach", &["sending.batch=1"]),
        (&["rate"], "--set rate", &["seed=1"]),
        (
            &["phase.sale.rate=1/s"],
            "--set phase.sale.rate=1/s",
            &["phase.spike.rate=1/s"],
        ),
    ];
    for (broken, key, near) in cases {
        let errors = with(broken).expect_err(&format!("{broken:?} breaks a rule"));
        let named: Vec<_> = errors
            .violations
            .iter()
            .map(|violation| violation.key.as_str())
            .collect();
        assert_eq!(named.join(" "), *key, "{broken:?}: {errors}");
        with(near).unwrap_or_else(|errors| panic!("{near:?} is fine: {errors}"));
    }
}

#[test]
fn all_violations_are_reported_at_once_with_what_to_write() {
    let text = "nmae = \"x\"\nquestion = 3\n[[phase]]\nname = \"a\"\nrate = \"fast\"\n[pipeline]\nmax_receive_count = \"3\"\n";
    let errors = read(text).unwrap_err();
    let keys: Vec<_> = errors
        .violations
        .iter()
        .map(|violation| violation.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "name",
            "question",
            "phase[0].rate",
            "phase[0].duration",
            "pipeline.max_receive_count",
            "nmae"
        ]
    );
    let shown = errors.to_string();
    assert!(
        shown.starts_with("test.toml is not a valid scenario: 6 problems\n  name: is missing\n"),
        "{shown}"
    );
    assert!(shown.contains("did you mean `name`?"), "{shown}");
    assert!(
        shown.contains(
            "phase \"a\".rate (line 5, column 1): \"fast\" is not a rate\n      write a rate such as"
        ),
        "{shown}"
    );
}

#[test]
fn what_is_no_toml_is_refused_with_its_line() {
    let errors = read("name = \"x\"\nquestion = \n").unwrap_err();
    assert_eq!(errors.violations[0].key, "line 2, column 12");
}

#[test]
fn every_shipped_scenario_is_valid_and_named_after_its_file() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario = parse(&path.display().to_string(), &text, &Overrides::default())
            .unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(path.file_stem().unwrap().to_str().unwrap(), scenario.name);
        seen += 1;
    }
    assert!(seen >= 7, "{seen} scenarios");
}

#[test]
fn every_kind_of_fault_has_one_name_and_is_read_by_it() {
    for &kind in FaultKind::ALL {
        let name = serde_json::to_value(kind).unwrap();
        assert_eq!(name, kind.as_str());
        let delay = if kind.takes_delay() {
            ", delay=\"1s\""
        } else {
            ""
        };
        let fault = format!(
            "fault=[{{kind=\"{}\", share=\"1%\"{delay}}}]",
            kind.as_str()
        );
        let fifo = ["pipeline.queue=fifo", "order.group={{id}}"];
        let mut set = vec![fault.as_str()];
        if kind.is_of_groups() {
            set.extend(fifo);
        }
        if kind.place() == FaultPlace::Door {
            set.extend(["sending.to=\"sns\"", "sending.raw=true"]);
        }
        let scenario = with(&set).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(scenario.faults[0].kind, kind);
    }
}

#[test]
fn elsewhere_only_the_harness_itself_can_be_made_to_fail() {
    let at = [
        "target.sqs_endpoint_url=http://127.0.0.1:1",
        "target.dynamodb_endpoint_url=http://127.0.0.1:1",
    ];
    let fault = |kind: &str| format!("fault=[{{kind=\"{kind}\", count=1}}]");
    let errors = with(&[at[0], at[1], &fault("write_lost")]).unwrap_err();
    assert_eq!(errors.violations[0].key, "fault");
    with(&[at[0], at[1], &fault("disk_full")]).unwrap_or_else(|errors| panic!("{errors}"));
}
