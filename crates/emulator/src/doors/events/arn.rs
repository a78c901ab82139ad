//! The names of buses and rules, and their ARNs.

use super::error::EventsError;
use crate::sqs::Site;

/// The bus that every account has.
pub(super) const DEFAULT: &str = "default";

pub(super) fn of_bus(site: &Site, bus: &str) -> String {
    format!(
        "arn:aws:events:{}:{}:event-bus/{bus}",
        site.region, site.account_id
    )
}

pub(super) fn of_rule(site: &Site, bus: &str, rule: &str) -> String {
    let bus = match bus {
        DEFAULT => String::new(),
        other => format!("{other}/"),
    };
    format!(
        "arn:aws:events:{}:{}:rule/{bus}{rule}",
        site.region, site.account_id
    )
}

/// The name of a bus, given by name or by ARN.
pub(super) fn bus(name_or_arn: &str) -> &str {
    match name_or_arn.split_once(":event-bus/") {
        Some((_, name)) if name_or_arn.starts_with("arn:") => name,
        _ => name_or_arn,
    }
}

/// The name of the queue with this ARN.
pub(super) fn queue<'a>(what: &str, arn: &'a str) -> Result<&'a str, EventsError> {
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "sqs", _, _, name] if !name.is_empty() => Ok(name),
        _ => Err(EventsError::invalid(format!(
            "{what} {arn} is not the ARN of an SQS queue: the embedded EventBridge has no other targets"
        ))),
    }
}

/// Letters, digits, dots, hyphens and underscores.
pub(super) fn check_name(parameter: &str, name: &str, most: usize) -> Result<(), EventsError> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    match (1..=most).contains(&name.len()) && name.bytes().all(is_allowed) {
        true => Ok(()),
        false => Err(EventsError::invalid(format!(
            "{parameter} must be 1 to {most} letters, digits, dots, hyphens and underscores"
        ))),
    }
}
