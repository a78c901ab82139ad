//! The template in `deploy/` names what is in the code: binaries, variables, names, commands. Read as text, line
//! by line; `.ci/deploy` reads it as CloudFormation does.

use std::path::Path;

use clap::Parser;
use orderproof::cli::Cli;
use orderproof::processor::{KIND_VARIABLE, kind};
use orderproof::scenario::Resources;
use orderproof::simulator::QUEUE_VARIABLE;
use orderproof::store::TABLE_VARIABLE;

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The template without its comments.
fn template() -> Vec<String> {
    let code = |line: &str| line.split(" #").next().unwrap_or_default().to_owned();
    let text = file("deploy/template.yaml");
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    lines.map(code).collect()
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The depth of the first of these lines.
fn depth(lines: &[String]) -> usize {
    lines
        .iter()
        .find(|line| !line.is_empty())
        .map_or(0, |line| indent(line))
}

/// The lines that the path of keys leads to, by their indentation.
fn below(lines: &[String], path: &[&str]) -> Vec<String> {
    let mut found = lines.to_vec();
    for key in path {
        let start = format!("{}{key}:", " ".repeat(depth(&found)));
        let at = found.iter().position(|line| *line == start);
        let at = at.unwrap_or_else(|| panic!("no `{key}` of {path:?} in the template"));
        let depth = indent(&found[at]);
        let of = found[at + 1..].iter();
        let of = of.take_while(|line| line.is_empty() || indent(line) > depth);
        found = of.cloned().collect();
    }
    found
}

/// The value of `key` among these lines, without quotes.
fn value(lines: &[String], key: &str) -> String {
    let start = format!("{key}: ");
    let value = lines
        .iter()
        .find_map(|line| line.trim_start().strip_prefix(&start));
    let value = value.unwrap_or_else(|| panic!("no `{key}` in {lines:#?}"));
    value.trim_matches('"').to_owned()
}

/// The keys at the first depth of these lines.
fn keys(lines: &[String]) -> Vec<String> {
    let depth = depth(lines);
    let at = lines
        .iter()
        .filter(|line| !line.is_empty() && indent(line) == depth);
    at.filter_map(|line| line.trim().split_once(':'))
        .map(|(key, _)| key.trim_matches('"').to_owned())
        .collect()
}

#[test]
fn names_by_default_are_those_of_the_program() {
    let template = template();
    let default = |name: &str| value(&below(&template, &["Parameters", name]), "Default");
    let usual = Resources::default();
    assert_eq!(default("OrdersQueueName"), usual.orders_queue);
    assert_eq!(default("DeadLetterQueueName"), usual.dead_letter_queue);
    assert_eq!(default("OrdersTableName"), usual.table);
    assert_eq!(default("ProcessorName"), "lab-order-processor");
    assert_eq!(default("SimulatorName"), "lab-order-simulator");
}

#[test]
fn functions_are_binaries_with_the_variables_they_read() {
    let (template, manifest) = (template(), file("crates/functions/Cargo.toml"));
    let functions = [
        (
            "Processor",
            "lab-order-processor",
            vec![TABLE_VARIABLE, KIND_VARIABLE],
        ),
        ("Simulator", "lab-order-simulator", vec![QUEUE_VARIABLE]),
    ];
    for (resource, binary, variables) in functions {
        let function = below(&template, &["Resources", resource, "Properties"]);
        let code = format!("../target/lambda/{binary}/bootstrap.zip");
        assert_eq!(value(&function, "CodeUri"), code);
        let declared = format!("[[bin]]\nname = \"{binary}\"\npath = \"src/bin/{binary}.rs\"");
        assert!(manifest.contains(&declared), "{declared}");
        assert_eq!(
            keys(&below(&function, &["Environment", "Variables"])),
            variables
        );
    }
    let processor = below(&template, &["Resources", "Processor", "Properties"]);
    assert_eq!(
        value(&processor, KIND_VARIABLE),
        "!If [IsLab, lab, orderproof]"
    );
    assert!(kind(Some("lab")).is_ok() && kind(Some("orderproof")).is_ok());
}

#[test]
fn the_visibility_timeout_is_six_times_each_time_out_that_may_be_chosen() {
    let template = template();
    let mapped = below(&template, &["Mappings", "VisibilityTimeout"]);
    let timeouts = value(
        &below(&template, &["Parameters", "ProcessorTimeout"]),
        "AllowedValues",
    );
    let timeouts: Vec<&str> = timeouts
        .split(['[', ']', ',', ' ', '"'])
        .filter(|part| !part.is_empty())
        .collect();
    assert_eq!(keys(&mapped), timeouts);
    assert!(timeouts.len() > 3);
    for (line, timeout) in mapped.iter().zip(timeouts) {
        let timeout: u32 = timeout.parse().expect("seconds");
        assert!(
            line.contains(&format!("Seconds: {} }}", timeout * 6)),
            "{line}"
        );
    }
}

#[test]
fn the_run_command_is_one_the_program_takes() {
    let template = template();
    let command = below(&template, &["Outputs", "RunCommand"]).join(" ");
    let (_, command) = command.split_once(">-").expect("a folded text");
    let words = command
        .split_whitespace()
        .map(|word| match word.starts_with("${") {
            true => "a-name",
            false => word,
        });
    let parsed = Cli::try_parse_from(words);
    assert!(parsed.is_ok(), "{}", parsed.expect_err("not parsed"));
}

#[test]
fn its_readme_tells_every_parameter_and_it_has_nothing_cloudformation_refuses() {
    let (template, readme) = (template(), file("deploy/README.md"));
    let parameters = keys(&below(&template, &["Parameters"]));
    assert!(parameters.len() > 10, "{parameters:?}");
    for parameter in parameters {
        assert!(readme.contains(&format!("`{parameter}")), "{parameter}");
    }
    // CloudFormation takes no YAML aliases, which its linters and AWS's own tools do take.
    for line in &template {
        let anchor = line
            .split_whitespace()
            .any(|word| word.starts_with(['&', '*']));
        assert!(!anchor, "{line}");
    }
}
