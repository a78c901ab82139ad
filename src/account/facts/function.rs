//! The function and the event source mappings that feed it.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationError;
use aws_sdk_lambda::types::{Architecture, EventSourceMappingConfiguration, FunctionResponseType};

use super::{missing_or_unknown, why};
use crate::preflight::{FunctionFacts, Known, MappingFacts};
use crate::store::{Session, TABLE_VARIABLE};

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
    let lambda = Client::new(session.config());
    let mut pages = lambda
        .list_event_source_mappings()
        .event_source_arn(arn)
        .into_paginator()
        .send();
    let mut mappings = Vec::new();
    let mut read = 0;
    while let Some(page) = pages.next().await {
        read += 1;
        if read > MAPPING_PAGES_MAX {
            return Known::Unknown(format!(
                "ListEventSourceMappings: it names further pages after {MAPPING_PAGES_MAX}"
            ));
        }
        match page {
            Ok(page) => {
                let found = page.event_source_mappings.unwrap_or_default();
                mappings.extend(found.iter().map(mapping));
            }
            Err(error) => {
                return Known::Unknown(format!("ListEventSourceMappings: {}", why(&error)));
            }
        }
    }
    Known::Is(mappings)
}

fn mapping(found: &EventSourceMappingConfiguration) -> MappingFacts {
    let whole = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    let pollers = found.provisioned_poller_config().map(|pollers| {
        let least = whole(pollers.minimum_pollers()).unwrap_or(2);
        (least, whole(pollers.maximum_pollers()).unwrap_or(200))
    });
    let filters = found.filter_criteria().map(|criteria| criteria.filters());
    let filters = filters.unwrap_or_default().iter();
    MappingFacts {
        id: found.uuid().unwrap_or_default().to_owned(),
        function_arn: found.function_arn().unwrap_or_default().to_owned(),
        state: found.state().unwrap_or_default().to_owned(),
        batch_size: whole(found.batch_size()).unwrap_or(10),
        batching_window: whole(found.maximum_batching_window_in_seconds())
            .map_or(Duration::ZERO, |seconds| {
                Duration::from_secs(seconds.into())
            }),
        partial_responses: found
            .function_response_types()
            .contains(&FunctionResponseType::ReportBatchItemFailures),
        maximum_concurrency: found
            .scaling_config()
            .and_then(|scaling| whole(scaling.maximum_concurrency())),
        pollers,
        filters: filters
            .map(|filter| filter.pattern().unwrap_or_default().to_owned())
            .collect(),
    }
}

/// The function called `name`.
pub(super) async fn read(session: &Session, name: &str) -> Known<FunctionFacts> {
    let lambda = Client::new(session.config());
    let configuration = lambda
        .get_function_configuration()
        .function_name(name)
        .send();
    let reserved = lambda.get_function_concurrency().function_name(name).send();
    let account = lambda.get_account_settings().send();
    let (configuration, reserved, account) = tokio::join!(configuration, reserved, account);
    let found = match configuration {
        Ok(found) => found,
        Err(error) => {
            return missing_or_unknown(
                &error,
                GetFunctionConfigurationError::is_resource_not_found_exception,
            );
        }
    };
    let whole = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    let Some(timeout) = whole(found.timeout()) else {
        return Known::Unknown("GetFunctionConfiguration: the time-out is missing".into());
    };
    let variables = found
        .environment()
        .and_then(|environment| environment.variables());
    Known::Is(FunctionFacts {
        name: name.to_owned(),
        arn: found.function_arn().unwrap_or_default().to_owned(),
        timeout: Duration::from_secs(timeout.into()),
        memory_mb: whole(found.memory_size()).unwrap_or(128),
        arm: found.architectures().contains(&Architecture::Arm64),
        state: found
            .state()
            .map_or_else(String::new, |state| state.as_str().to_owned()),
        reserved_concurrency: match reserved {
            Ok(found) => Known::Is(whole(found.reserved_concurrent_executions())),
            Err(error) => Known::Unknown(format!("GetFunctionConcurrency: {}", why(&error))),
        },
        account_concurrency: match account {
            Ok(found) => found
                .account_limit()
                .and_then(|limit| u32::try_from(limit.concurrent_executions()).ok())
                .map_or(Known::Absent, Known::Is),
            Err(error) => Known::Unknown(format!("GetAccountSettings: {}", why(&error))),
        },
        table_variable: variables.and_then(|variables| variables.get(TABLE_VARIABLE).cloned()),
    })
}
