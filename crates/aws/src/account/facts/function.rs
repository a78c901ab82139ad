//! The function and the event source mappings that feed it.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use serde::Deserialize;

use super::{missing_or_unknown, why};
use crate::account::service::{Ask, CallError, Service, encoded};
use crate::preflight::{FunctionFacts, Known, MappingFacts};
use crate::store::{Session, TABLE_VARIABLE};

const LAMBDA: Service = Service {
    id: "Lambda",
    host: "lambda",
    signing_name: "lambda",
};

/// Pages of mappings at most: a queue feeds a few functions.
const MAPPING_PAGES_MAX: usize = 100;

/// Every mapping of the queue with this ARN.
pub(super) async fn read_mappings(
    session: &Session,
    queue_arn: Option<String>,
) -> Known<Vec<MappingFacts>> {
    let Some(arn) = queue_arn else {
        return Known::Unknown("the orders queue is not known".into());
    };
    let mut mappings = Vec::new();
    let mut marker = None;
    for _ in 0..MAPPING_PAGES_MAX {
        let page = match mappings_page(session, &arn, marker.as_deref()).await {
            Ok(page) => page,
            Err(error) => {
                return Known::Unknown(format!("ListEventSourceMappings: {}", why(&error)));
            }
        };
        // One that feeds nothing has an empty list of them.
        let Some(found) = page.mappings else {
            return Known::Unknown(
                "ListEventSourceMappings: the reply has no EventSourceMappings".into(),
            );
        };
        // AWS gives each of them both.
        let is_named = |it: &Mapping| it.function_arn.is_some() && it.state.is_some();
        if !found.iter().all(is_named) {
            return Known::Unknown(
                "ListEventSourceMappings: a mapping has no FunctionArn or no State".into(),
            );
        }
        mappings.extend(found.into_iter().map(mapping));
        marker = page.next_marker.filter(|next| !next.is_empty());
        if marker.is_none() {
            return Known::Is(mappings);
        }
    }
    Known::Unknown(format!(
        "ListEventSourceMappings: it names further pages after {MAPPING_PAGES_MAX}"
    ))
}

async fn mappings_page(
    session: &Session,
    arn: &str,
    marker: Option<&str>,
) -> Result<MappingsPage, CallError> {
    let mut path = format!(
        "/2015-03-31/event-source-mappings?EventSourceArn={}",
        encoded(arn)
    );
    if let Some(marker) = marker {
        path.push_str("&Marker=");
        path.push_str(&encoded(marker));
    }
    LAMBDA
        .call(session, "ListEventSourceMappings", Ask::get(path))
        .await
}

fn mapping(found: Mapping) -> MappingFacts {
    let pollers = found.provisioned_poller_config.map(|pollers| {
        let least = whole(pollers.minimum_pollers).unwrap_or(2);
        (least, whole(pollers.maximum_pollers).unwrap_or(200))
    });
    let types = found.function_response_types.unwrap_or_default();
    let filters = found.filter_criteria.unwrap_or_default().filters;
    MappingFacts {
        id: found.id.unwrap_or_default(),
        function_arn: found.function_arn.unwrap_or_default(),
        state: found.state.unwrap_or_default(),
        batch_size: whole(found.batch_size).unwrap_or(10),
        batching_window: whole(found.maximum_batching_window_in_seconds)
            .map_or(Duration::ZERO, |seconds| {
                Duration::from_secs(seconds.into())
            }),
        partial_responses: types.iter().any(|kind| kind == "ReportBatchItemFailures"),
        maximum_concurrency: found
            .scaling_config
            .and_then(|scaling| whole(scaling.maximum_concurrency)),
        pollers,
        filters: filters
            .unwrap_or_default()
            .into_iter()
            .map(|filter| filter.pattern.unwrap_or_default())
            .collect(),
    }
}

fn whole(number: Option<i64>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

/// The function called `name`.
pub(super) async fn read(session: &Session, name: &str) -> Known<FunctionFacts> {
    let of_function = |version: &str, what: &str| {
        let name = encoded(name);
        Ask::get(format!("/{version}/functions/{name}/{what}"))
    };
    let (configuration, reserved, account) = tokio::join!(
        LAMBDA.call::<Configuration>(
            session,
            "GetFunctionConfiguration",
            of_function("2015-03-31", "configuration"),
        ),
        LAMBDA.call::<Reserved>(
            session,
            "GetFunctionConcurrency",
            of_function("2019-09-30", "concurrency"),
        ),
        LAMBDA.call::<Account>(
            session,
            "GetAccountSettings",
            Ask::get("/2016-08-19/account-settings".into()),
        ),
    );
    let found = match configuration {
        Ok(found) => found,
        Err(error) => {
            return missing_or_unknown(&error, |refusal| {
                refusal.code() == Some("ResourceNotFoundException")
            });
        }
    };
    let Some(timeout) = whole(found.timeout) else {
        return Known::Unknown("GetFunctionConfiguration: the time-out is missing".into());
    };
    let architectures = found.architectures.unwrap_or_default();
    let variables = found.environment.and_then(|found| found.variables);
    Known::Is(FunctionFacts {
        name: name.to_owned(),
        arn: found.function_arn.unwrap_or_default(),
        timeout: Duration::from_secs(timeout.into()),
        memory_mb: whole(found.memory_size).unwrap_or(128),
        arm: architectures.iter().any(|name| name == "arm64"),
        state: found.state.unwrap_or_default(),
        reserved_concurrency: match reserved {
            Ok(found) => Known::Is(whole(found.reserved_concurrent_executions)),
            Err(error) => Known::Unknown(format!("GetFunctionConcurrency: {}", why(&error))),
        },
        account_concurrency: match account {
            Ok(found) => found
                .account_limit
                .and_then(|limit| whole(limit.concurrent_executions))
                .map_or(Known::Absent, Known::Is),
            Err(error) => Known::Unknown(format!("GetAccountSettings: {}", why(&error))),
        },
        table_variable: variables.and_then(|mut variables| variables.remove(TABLE_VARIABLE)),
    })
}

// The replies, as far as they are read: Lambda's API reference. Any member may be missing or null.

#[derive(Debug, Deserialize)]
struct MappingsPage {
    #[serde(rename = "EventSourceMappings")]
    mappings: Option<Vec<Mapping>>,
    #[serde(rename = "NextMarker")]
    next_marker: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mapping {
    #[serde(rename = "UUID")]
    id: Option<String>,
    function_arn: Option<String>,
    state: Option<String>,
    batch_size: Option<i64>,
    maximum_batching_window_in_seconds: Option<i64>,
    function_response_types: Option<Vec<String>>,
    scaling_config: Option<Scaling>,
    provisioned_poller_config: Option<Pollers>,
    filter_criteria: Option<Filters>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Scaling {
    maximum_concurrency: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pollers {
    minimum_pollers: Option<i64>,
    maximum_pollers: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filters {
    filters: Option<Vec<Filter>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    pattern: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Configuration {
    function_arn: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    architectures: Option<Vec<String>>,
    state: Option<String>,
    environment: Option<Environment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reserved {
    reserved_concurrent_executions: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Account {
    account_limit: Option<AccountLimit>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccountLimit {
    concurrent_executions: Option<i64>,
}
