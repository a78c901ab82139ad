//! The target: the embedded pipeline, or endpoints on this machine.

use std::net::IpAddr;

use super::section::Section;
use super::{EndpointSpec, Resources, TargetSpec};

const HINT: &str = "write target = \"embedded\", or [target] with sqs_endpoint_url and dynamodb_endpoint_url \
     on loopback, such as \"http://127.0.0.1:4566\"";

/// Reads `target`, a word or a table; the embedded pipeline when absent.
pub(super) fn read_target(file: &mut Section<'_>) -> TargetSpec {
    match file.value("target") {
        None => TargetSpec::Embedded,
        Some(value) if value.as_table().is_some() => read_endpoint(file.section("target")),
        Some(value) => {
            if value.as_str() != Some("embedded") {
                file.problem("target", format!("{value} is not a target"), HINT);
            }
            TargetSpec::Embedded
        }
    }
}

fn read_endpoint(mut section: Section<'_>) -> TargetSpec {
    for key in ["sqs_endpoint_url", "dynamodb_endpoint_url"] {
        if section.value(key).is_none() {
            section.problem(key, "is missing", HINT);
        }
    }
    let lab = Resources::default();
    let endpoint = EndpointSpec {
        sqs_endpoint_url: section
            .text("sqs_endpoint_url", HINT, loopback)
            .unwrap_or_default(),
        dynamodb_endpoint_url: section
            .text("dynamodb_endpoint_url", HINT, loopback)
            .unwrap_or_default(),
        region: name(&mut section, "region", "us-east-1"),
        exact_counts: section.boolean("exact_counts", false),
        resources: Resources {
            orders_queue: name(&mut section, "orders_queue", &lab.orders_queue),
            dead_letter_queue: name(&mut section, "dead_letter_queue", &lab.dead_letter_queue),
            table: name(&mut section, "table", &lab.table),
        },
    };
    section.finish();
    TargetSpec::Endpoint(endpoint)
}

fn name(section: &mut Section<'_>, key: &'static str, usual: &str) -> String {
    let read = section.text(
        key,
        &format!("write a name such as {usual:?}"),
        |text| match text {
            "" => Err("must not be empty".into()),
            name => Ok(name.to_owned()),
        },
    );
    read.unwrap_or_else(|| usual.to_owned())
}

/// Load goes to this machine only, as long as nothing guards an account.
fn loopback(url: &str) -> Result<String, String> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    let Some(rest) = rest else {
        return Err(format!("{url:?} is not an http or https URL"));
    };
    let authority = rest.trim_end_matches('/');
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host,
        _ => authority,
    };
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    if host == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    Err(format!(
        "{url:?} is not on loopback, and load is sent nowhere else in this version"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_a_target() {
        for url in [
            "http://127.0.0.1:4566",
            "http://localhost:4566/",
            "https://[::1]:443",
            "http://127.0.0.9",
        ] {
            assert!(loopback(url).is_ok(), "{url}");
        }
        for url in [
            "https://sqs.us-east-1.amazonaws.com",
            "http://10.0.0.1:80",
            "http://localhost.evil.example:80",
            "http://127.0.0.1@evil.example",
            "http://0.0.0.0:80",
            "127.0.0.1:4566",
            "",
        ] {
            assert!(loopback(url).is_err(), "{url}");
        }
    }
}
