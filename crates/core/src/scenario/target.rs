//! The target: the embedded pipeline, an AWS account, or endpoints that speak its protocol.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::section::Section;
use super::{AwsTarget, DeadLetterUse, FUNCTION_NAME, ProcessorPlace, Resources, TargetSpec};

const HINT: &str = "write target = \"embedded\", target = \"aws\" or a table: [target] with region, profile, \
     endpoint_url = \"http://127.0.0.1:4566\" and the like";

const URL_HINT: &str =
    "write a URL such as \"http://127.0.0.1:4566\" or \"https://sqs.eu-west-1.amazonaws.com\"";

/// Unless the scenario says otherwise: the read capacity one partition of a table gives, by half.
const READ_UNITS: u64 = 1_500;
/// The run that is the largest without asking for more.
const MAX_ORDERS: u64 = 100_000;
/// What it may cost, US dollars.
const MAX_USD: f64 = 1.0;

/// Reads `target`, a word or a table; the embedded pipeline when absent.
pub(super) fn read_target(file: &mut Section<'_>) -> TargetSpec {
    let Some(value) = file.value("target") else {
        return TargetSpec::Embedded;
    };
    let usual = usual_names(file);
    match value.as_str() {
        _ if value.is_table() => TargetSpec::Aws(Box::new(read_aws(file.section("target"), usual))),
        Some("embedded") => TargetSpec::Embedded,
        Some("aws") => TargetSpec::Aws(Box::new(AwsTarget {
            resources: usual,
            ..AwsTarget::default()
        })),
        _ => {
            // What it is instead is not repeated: a URL may hold a password.
            file.problem("target", "is not a target", HINT);
            TargetSpec::Embedded
        }
    }
}

/// The names of the queues unless `[target]` says otherwise: the pipeline's. Whether they are names is looked at where
/// `[pipeline]` is read.
fn usual_names(file: &mut Section<'_>) -> Resources {
    let pipeline = file.value("pipeline").and_then(toml::Value::as_table);
    let named = |key: &str, usual: String| {
        let name = pipeline.and_then(|pipeline| pipeline.get(key)?.as_str());
        name.map_or(usual, str::to_owned)
    };
    let usual = Resources::usual(is_fifo(file));
    Resources {
        orders_queue: named("orders_queue", usual.orders_queue),
        dead_letter_queue: named("dead_letter_queue", usual.dead_letter_queue),
        ..usual
    }
}

/// Whether `[pipeline]` says that the orders queue is a FIFO queue.
fn is_fifo(file: &mut Section<'_>) -> bool {
    let pipeline = file.value("pipeline").and_then(toml::Value::as_table);
    let queue = pipeline.and_then(|pipeline| pipeline.get("queue"));
    queue.and_then(toml::Value::as_str) == Some("fifo")
}

impl Default for AwsTarget {
    /// The lab's names, with everything else as the SDK finds it.
    fn default() -> Self {
        Self {
            endpoint_url: None,
            sqs_endpoint_url: None,
            dynamodb_endpoint_url: None,
            region: None,
            profile: None,
            placeholder_credentials: false,
            resources: Resources::default(),
            function: FUNCTION_NAME.into(),
            processor: ProcessorPlace::Lambda,
            exact_counts: false,
            dead_letters: DeadLetterUse::Shared,
            read_units: READ_UNITS as u32,
            max_orders: MAX_ORDERS,
            max_usd: MAX_USD,
        }
    }
}

fn read_aws(mut section: Section<'_>, usual_names: Resources) -> AwsTarget {
    let usual = AwsTarget {
        resources: usual_names,
        ..AwsTarget::default()
    };
    let target = AwsTarget {
        endpoint_url: section.text("endpoint_url", URL_HINT, check_endpoint),
        sqs_endpoint_url: section.text("sqs_endpoint_url", URL_HINT, check_endpoint),
        dynamodb_endpoint_url: section.text("dynamodb_endpoint_url", URL_HINT, check_endpoint),
        region: name(&mut section, "region", "us-east-1"),
        profile: name(&mut section, "profile", "default"),
        placeholder_credentials: false,
        resources: Resources {
            orders_queue: name(&mut section, "orders_queue", &usual.resources.orders_queue)
                .unwrap_or(usual.resources.orders_queue),
            dead_letter_queue: name(
                &mut section,
                "dead_letter_queue",
                &usual.resources.dead_letter_queue,
            )
            .unwrap_or(usual.resources.dead_letter_queue),
            table: name(&mut section, "table", "orders").unwrap_or(usual.resources.table),
            tables: names(&mut section, "tables"),
            queues: names(&mut section, "queues"),
        },
        function: name(&mut section, "function", FUNCTION_NAME).unwrap_or(usual.function),
        processor: section.choice(
            "processor",
            usual.processor,
            &[
                ("lambda", ProcessorPlace::Lambda),
                ("local", ProcessorPlace::Local),
                ("external", ProcessorPlace::External),
            ],
        ),
        exact_counts: section.boolean("exact_counts", usual.exact_counts),
        dead_letters: section.choice(
            "dead_letters",
            usual.dead_letters,
            &[
                ("shared", DeadLetterUse::Shared),
                ("own", DeadLetterUse::Own),
            ],
        ),
        read_units: section.integer("read_units", READ_UNITS, 1, 1_000_000) as u32,
        max_orders: section.integer("max_orders", MAX_ORDERS, 0, 9_007_199_254_740_991),
        max_usd: section
            .read("max_usd", "write dollars such as 2.5", dollars)
            .unwrap_or(usual.max_usd),
    };
    if target.resources.orders_queue == target.resources.dead_letter_queue {
        section.problem(
            "dead_letter_queue",
            "is the orders queue itself",
            "name two queues",
        );
    }
    section.finish();
    target
}

fn name(section: &mut Section<'_>, key: &'static str, usual: &str) -> Option<String> {
    let hint = format!("write a name such as {usual:?}");
    section.text(key, &hint, |text| match text {
        "" => Err("must not be empty".into()),
        name => Ok(name.to_owned()),
    })
}

/// What the scenario calls resources, with their names at the target.
fn names(section: &mut Section<'_>, key: &'static str) -> BTreeMap<String, String> {
    let hint = format!("write {key} = {{ orders = \"prod-orders-1A2B\" }}");
    let read = section.read(key, &hint, |value| {
        let wrong = || format!("must be a table of texts, found {}", value.type_str());
        let table = value.as_table().ok_or_else(wrong)?;
        let name = |(called, name): (&String, &toml::Value)| {
            let name = name.as_str().filter(|name| !name.is_empty())?;
            Some((called.clone(), name.to_owned()))
        };
        let named: Option<BTreeMap<_, _>> = table.iter().map(name).collect();
        named.ok_or_else(|| "each name must be a text, and not empty".to_owned())
    });
    read.unwrap_or_default()
}

fn dollars(value: &toml::Value) -> Result<f64, String> {
    let number = value
        .as_float()
        .or(value.as_integer().map(|number| number as f64));
    match number {
        Some(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err(format!("{value} is not an amount of dollars")),
    }
}

/// An endpoint without its trailing slash. What is wrong with another is said without repeating it: it may hold a
/// password.
///
/// # Errors
/// When it is not an http or https URL of host, port and path alone.
pub fn check_endpoint(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    let plain = |rest: &str| rest.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    match rest {
        Some(rest) if rest.contains('@') => Err(
            "has a user or a password in it, which would be kept in files and sent to nobody: leave out what stands \
             before the @"
                .into(),
        ),
        Some(rest) if rest.contains(['?', '#']) => {
            Err("has a query or a fragment in it, which would be kept in files: leave it out".into())
        }
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && plain(rest) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("is not an http or https URL of host, port and path".into()),
    }
}

/// Whether a URL leads to this machine and nowhere else, judged by its text: nothing is resolved, and
/// what is in doubt is not on loopback.
pub fn is_loopback(url: &str) -> bool {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::tests::with;

    #[test]
    fn only_what_is_surely_this_machine_is_loopback() {
        for text in [
            "http://127.0.0.1:4566",
            "http://localhost:4566/",
            "https://[::1]:443",
            "http://127.0.0.9",
            "http://127.0.0.1:4566/a/path",
        ] {
            assert!(check_endpoint(text).is_ok() && is_loopback(text), "{text}");
        }
        for text in [
            "https://sqs.us-east-1.amazonaws.com",
            "http://10.0.0.1:80",
            "http://localhost.evil.example:80",
            "http://0.0.0.0:80",
        ] {
            assert!(check_endpoint(text).is_ok() && !is_loopback(text), "{text}");
        }
        for text in [
            "http://127.0.0.1@evil.example",
            "127.0.0.1:4566",
            "",
            "http://",
        ] {
            assert!(
                check_endpoint(text).is_err() && !is_loopback(text),
                "{text}"
            );
        }
    }

    #[test]
    fn tables_and_queues_may_have_other_names_at_the_target() {
        let named = |set: &str| {
            let scenario = with(&[set]);
            scenario.map(|scenario| scenario.target.aws().expect("a target").resources.clone())
        };
        let tables = named("target={table=\"mine\", tables={invoices=\"prod-invoices-1A2B\"}}");
        let resources = tables.expect("a valid target");
        assert_eq!(resources.table_name("orders"), "mine");
        assert_eq!(resources.table_name("invoices"), "prod-invoices-1A2B");
        assert_eq!(resources.table_name("rejected"), "rejected");
        let queues = named("target={queues={rejected=\"prod-rejected\"}}");
        let resources = queues.expect("a valid target");
        assert_eq!(resources.queue_name("rejected"), "prod-rejected");
        assert_eq!(resources.queue_name("other"), "other");
        for wrong in ["target={tables=\"mine\"}", "target={tables={orders=\"\"}}"] {
            let errors = named(wrong).expect_err(wrong).to_string();
            assert!(errors.contains("target.tables"), "{errors}");
        }
    }
}
