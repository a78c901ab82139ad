//! Parameters of SSM, from a table.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::called::Protocol;
use super::refusal::{Replied, ServiceError, parsed, reply_json};
use super::settings::{Advice, Missing};
use super::time::{Instant, now};
use crate::sqs::Site;

/// Names in one GetParameters, and parameters in one page of a path. Source: AWS Systems Manager API Reference.
const NAMES_MAX: usize = 10;

/// The parameters, none of which changes.
pub(super) struct Parameters {
    values: BTreeMap<String, String>,
    arn: String,
    since: Instant,
    advice: Advice,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameters {
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParametersByPath {
    path: String,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    parameter_filters: Vec<Value>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl Parameters {
    pub(super) fn new(values: BTreeMap<String, String>, site: &Site, advice: Advice) -> Self {
        Self {
            values,
            arn: format!("arn:aws:ssm:{}:{}:parameter", site.region, site.account_id),
            since: now(),
            advice,
        }
    }

    pub(super) fn get(&self, body: &Bytes) -> Replied {
        let asked: GetParameter = parsed(body)?;
        match self.found(&asked.name) {
            Some(parameter) => Ok(reply_json(
                Protocol::Json11,
                &json!({"Parameter": parameter}),
            )),
            None => {
                let advice = (self.advice)(&Missing::Parameter(&asked.name));
                Err(ServiceError::new("ParameterNotFound", 400, advice).for_want())
            }
        }
    }

    /// Those that are there, and the names of the others.
    pub(super) fn get_several(&self, body: &Bytes) -> Replied {
        let asked: GetParameters = parsed(body)?;
        if !(1..=NAMES_MAX).contains(&asked.names.len()) {
            let message = format!("Names must have 1 to {NAMES_MAX} members.");
            return Err(ServiceError::new("ValidationException", 400, message));
        }
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in &asked.names {
            match self.found(name) {
                Some(parameter) => found.push(parameter),
                None => missing.push(name),
            }
        }
        let body = json!({"Parameters": found, "InvalidParameters": missing});
        Ok(reply_json(Protocol::Json11, &body))
    }

    pub(super) fn by_path(&self, body: &Bytes) -> Replied {
        let asked: GetParametersByPath = parsed(body)?;
        let invalid = |message: &str| Err(ServiceError::new("ValidationException", 400, message));
        if !asked.path.starts_with('/') {
            return invalid("The path of a hierarchy begins with a slash.");
        }
        if !asked.parameter_filters.is_empty() {
            return invalid("ParameterFilters are not served here.");
        }
        let below = format!("{}/", asked.path.trim_end_matches('/'));
        let after = asked.next_token.unwrap_or_default();
        let is_below = |name: &str| {
            let rest = name.strip_prefix(&below);
            rest.is_some_and(|rest| asked.recursive || !rest.contains('/'))
        };
        let there = self.values.keys().filter(|name| is_below(name));
        let page = asked.max_results.unwrap_or(NAMES_MAX).clamp(1, NAMES_MAX);
        let mut rest = there.filter(|name| **name > after).peekable();
        let names: Vec<_> = rest.by_ref().take(page).collect();
        let parameters: Vec<_> = names.iter().filter_map(|name| self.found(name)).collect();
        let mut body = json!({"Parameters": parameters});
        if let (Some(last), true) = (names.last(), rest.peek().is_some()) {
            body["NextToken"] = Value::from(last.as_str());
        }
        Ok(reply_json(Protocol::Json11, &body))
    }

    /// By its name or its ARN, of its only version.
    fn found(&self, asked: &str) -> Option<Value> {
        let named = match asked.strip_prefix(&self.arn) {
            Some(path) if self.values.contains_key(path) => path,
            // The ARN of a name without a slash has one all the same.
            Some(path) => path.strip_prefix('/').unwrap_or(path),
            None => asked,
        };
        let name = named.strip_suffix(":1").unwrap_or(named);
        let value = self.values.get(name)?;
        let slash = if name.starts_with('/') { "" } else { "/" };
        Some(json!({
            "Name": name,
            "Type": "String",
            "Value": value,
            "Version": 1,
            "LastModifiedDate": self.since.seconds(),
            "ARN": format!("{}{slash}{name}", self.arn),
            "DataType": "text",
        }))
    }
}
