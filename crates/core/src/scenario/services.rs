//! `[pipeline.services]`: what a function calls on its way, beside queues and tables.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::Value;

use super::section::Section;
use super::{Secret, Violation};

/// Names of one sort. A scenario is written by hand.
const NAMES_MAX: usize = 1_000;
/// Bytes of a parameter and of a secret. Source: AWS Systems Manager, "Managing parameter tiers"; AWS Secrets Manager,
/// "Quotas".
const PARAMETER_MAX: usize = 8 << 10;
const SECRET_MAX: usize = 64 << 10;

/// What the embedded pipeline answers of other services. Files hold names; the values of parameters and secrets are not
/// kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// Parameters of SSM.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Secret>,
    /// The texts of secrets of Secrets Manager.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, Secret>,
    /// Buckets of S3.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub buckets: BTreeSet<String>,
    /// State machines of Step Functions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub state_machines: BTreeSet<String>,
    /// Topics of SNS that nobody has subscribed to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub topics: BTreeSet<String>,
    /// Event buses of EventBridge that no rule of the pipeline listens to, beside the default one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub buses: BTreeSet<String>,
    /// SES takes mail.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub email: bool,
}

/// Reads `[pipeline.services]`, if it is there.
pub(super) fn read_services(pipeline: &mut Section<'_>) -> Option<Services> {
    pipeline.peek("services")?;
    let mut section = pipeline.section("services");
    let services = Services {
        parameters: read_values(section.section("parameters"), is_parameter, PARAMETER_MAX),
        secrets: read_values(section.section("secrets"), is_secret, SECRET_MAX),
        buckets: read_names(&mut section, "buckets", "receipts", is_bucket),
        state_machines: read_names(&mut section, "state_machines", "ship", is_state_machine),
        topics: read_names(&mut section, "topics", "confirmations", is_topic),
        buses: read_names(&mut section, "buses", "shop", is_bus),
        email: section.boolean("email", false),
    };
    section.finish();
    Some(services)
}

fn read_values(
    mut section: Section<'_>,
    is_name: fn(&str) -> bool,
    bytes_max: usize,
) -> BTreeMap<String, Secret> {
    let mut values = BTreeMap::new();
    let hint = format!(
        "write names and texts: [{}]\n\"/shop/rate\" = \"0.19\"",
        section.path()
    );
    let hint = hint.replace('\n', " ");
    let entries = section.entries();
    if entries.len() > NAMES_MAX {
        section.all(format!("has more than {NAMES_MAX} names"), "leave some out");
        return values;
    }
    for (name, value) in entries {
        let wrong = match value {
            _ if !is_name(name) => "cannot be the name of one".to_owned(),
            Value::String(text) if text.is_empty() => "is empty".to_owned(),
            Value::String(text) if text.len() > bytes_max => {
                format!("has more than {bytes_max} bytes")
            }
            Value::String(text) => {
                values.insert(name.clone(), Secret::from(text.clone()));
                continue;
            }
            other => format!("must be a text, found {}", other.type_str()),
        };
        section.push(Violation::new(section.named(name), wrong, &*hint));
    }
    values
}

fn read_names(
    section: &mut Section<'_>,
    key: &'static str,
    example: &str,
    is_name: fn(&str) -> bool,
) -> BTreeSet<String> {
    let hint = format!("write a list of names: {key} = [{example:?}]");
    let names = section.texts(key, &hint).unwrap_or_default();
    if names.len() > NAMES_MAX {
        section.problem(
            key,
            format!("has more than {NAMES_MAX} names"),
            "leave some out",
        );
    }
    for name in names.iter().filter(|name| !is_name(name)) {
        section.problem(key, format!("{name:?} cannot be the name of one"), &*hint);
    }
    names.into_iter().collect()
}

fn all(name: &str, lengths: std::ops::RangeInclusive<usize>, others: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    lengths.contains(&name.len()) && name.chars().all(legal)
}

fn is_parameter(name: &str) -> bool {
    all(name, 1..=1_011, "_.-/")
}

fn is_secret(name: &str) -> bool {
    all(name, 1..=512, "/_+=.@-")
}

fn is_bucket(name: &str) -> bool {
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    all(name, 3..=63, ".-")
        && !name.contains("..")
        && !name.chars().any(|c| c.is_ascii_uppercase())
        && name.starts_with(ends)
        && name.ends_with(ends)
}

fn is_state_machine(name: &str) -> bool {
    all(name, 1..=80, "-_")
}

fn is_topic(name: &str) -> bool {
    all(name.strip_suffix(".fifo").unwrap_or(name), 1..=256, "-_")
}

fn is_bus(name: &str) -> bool {
    all(name, 1..=256, "-_./")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, Scenario, parse};

    const HEAD: &str = "name = \"x\"\nquestion = \"Does it work?\"\n[[phase]]\nname = \"baseline\"\nrate = \"10/s\"\nduration = \"5s\"\n";

    fn read(text: &str) -> Result<Scenario, String> {
        let text = format!("{HEAD}{text}");
        parse("x.toml", &text, &Overrides::default()).map_err(|errors| errors.to_string())
    }

    #[test]
    fn services_are_read_and_their_values_are_not_kept() {
        let scenario = read(
            "[pipeline.services]\nparameters = { \"/shop/rate\" = \"0.19\" }\nsecrets = { \"shop/key\" = \"hunter2\" }\n\
             buckets = [\"receipts\"]\nstate_machines = [\"ship\"]\ntopics = [\"sold.fifo\"]\nbuses = [\"shop\"]\nemail = true\n",
        )
        .expect("a scenario");
        let services = scenario.pipeline.services.as_ref().expect("services");
        assert_eq!(services.parameters["/shop/rate"].reveal(), "0.19");
        assert!(services.email && services.buckets.contains("receipts"));
        let kept = serde_json::to_string(&scenario).expect("plain data");
        assert!(
            kept.contains("shop/key") && !kept.contains("hunter2"),
            "{kept}"
        );
        let plain = read("").expect("a scenario");
        assert!(plain.pipeline.services.is_none());
        let kept = serde_json::to_string(&plain).expect("plain data");
        assert!(!kept.contains("services"), "older folders and digests stay");
    }

    #[test]
    fn what_no_service_has_is_refused_with_its_place() {
        for (text, told) in [
            ("bucket = [\"receipts\"]", "did you mean `buckets`?"),
            (
                "buckets = [\"Receipts\"]",
                "pipeline.services.buckets (line 8, column 1): \"Receipts\" cannot be the name of one",
            ),
            (
                "buckets = \"receipts\"",
                "must be a list of texts, found string",
            ),
            (
                "state_machines = [\"arn:aws:states\"]",
                "cannot be the name of one",
            ),
            ("topics = [\"a b\"]", "cannot be the name of one"),
            (
                "parameters = { \"/a\" = 7 }",
                "must be a text, found integer",
            ),
            (
                "parameters = { \"a b\" = \"x\" }",
                "cannot be the name of one",
            ),
            (
                "secrets = { key = \"\" }",
                "pipeline.services.secrets.key (line 8, column 13): is empty",
            ),
            ("email = \"yes\"", "must be true or false"),
        ] {
            let errors = read(&format!("[pipeline.services]\n{text}\n")).expect_err(text);
            assert!(errors.contains(told), "{text}\n{errors}");
        }
        let far = format!(
            "parameters = {{ a = \"{}\" }}",
            "x".repeat(PARAMETER_MAX + 1)
        );
        assert!(read(&format!("[pipeline.services]\n{far}\n")).is_err());
    }
}
