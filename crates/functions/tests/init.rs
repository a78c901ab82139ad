//! The functions' binaries behind the Lambda Runtime API: what ends them before the first invocation.

use std::collections::BTreeMap;
use std::time::Duration;

use orderproof_emulator::runtime::{CommandConfig, CommandFunction};
use orderproof_functions::processor::KIND_VARIABLE;
use orderproof_functions::simulator::QUEUE_VARIABLE;

/// Why the function of this binary, with this variable set, answers nothing.
async fn init_error(binary: &str, variable: Option<(&str, &str)>) -> String {
    let variable = variable.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = CommandConfig {
        command: vec![binary.to_owned()],
        working_dir: None,
        handler: "bootstrap".into(),
        environment: BTreeMap::from_iter(variable),
        function_name: "function".into(),
        region: "us-east-1".into(),
        memory_mb: 128,
        timeout: Duration::from_secs(20),
        init_timeout: Duration::from_secs(20),
        logs: None,
        endpoint_url: Some("http://127.0.0.1:9".into()),
        credentials: None,
        max_environments: 1,
        freeze: true,
    };
    let function = CommandFunction::start(config).expect("it starts");
    let answer = function.answer_to("{}".to_owned().into()).await;
    answer.expect_err("an init error").to_string()
}

#[tokio::test]
async fn a_processor_nobody_knows_is_an_init_error() {
    let binary = env!("CARGO_BIN_EXE_lab-order-processor");
    let error = init_error(binary, Some((KIND_VARIABLE, "Lab"))).await;
    assert!(error.contains(KIND_VARIABLE), "{error}");
}

#[tokio::test]
async fn a_queue_that_is_not_named_is_an_init_error_that_names_the_variable() {
    let binary = env!("CARGO_BIN_EXE_lab-order-simulator");
    for (value, expected) in [(None, "is not set"), (Some(""), "is empty")] {
        let error = init_error(binary, value.map(|value| (QUEUE_VARIABLE, value))).await;
        assert!(error.contains(QUEUE_VARIABLE), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}
