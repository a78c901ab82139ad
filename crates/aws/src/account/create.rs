//! Creating queues and tables, each with its tags in the same request: nothing of ours is ever without them.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ProvisionedThroughput,
    ScalarAttributeType, TableStatus, Tag, WarmThroughput,
};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::create_queue::{CreateQueueError, CreateQueueOutput};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use super::desired::{Desired, DesiredCapacity, DesiredQueue, DesiredTable};
use super::state::{CREATED_BY_TAG, CREATED_BY_VALUE};
use super::status::until_table;
use super::{AccountError, delete};
use crate::order::spec::{KeyAttribute, KeyType as AttributeType};
use crate::preflight::{ALLOWED_TAG, ALLOWED_VALUE};
use crate::store::Session;

/// What every resource is tagged with.
const TAGS: [(&str, &str); 2] = [
    (ALLOWED_TAG, ALLOWED_VALUE),
    (CREATED_BY_TAG, CREATED_BY_VALUE),
];

/// The name of a deleted queue is free again after 60 s; asked every so often, for a little longer.
const NAME_PAUSE: Duration = Duration::from_secs(5);
const NAME_TRIES: u32 = 15;

/// Creates one of the resources and waits until it can be used; `note` gets what is waited for.
///
/// # Errors
/// When the service refuses it, or it cannot be used after some minutes. What was created stays, and the
/// same again goes on from there.
pub async fn create(
    session: &Session,
    desired: &Desired,
    note: &mut dyn FnMut(String),
) -> Result<(), AccountError> {
    match desired {
        Desired::Queue(queue) => {
            let policy = match &queue.redrive {
                None => None,
                Some((count, name)) => {
                    let target = queue_arn(session, name).await?;
                    let policy = json!({"deadLetterTargetArn": target, "maxReceiveCount": count});
                    Some(policy.to_string())
                }
            };
            create_queue(session, queue, policy, note).await
        }
        Desired::Table(table) => {
            delete::until_name_is_free(session, &table.name, note).await?;
            create_table(session, table).await?;
            until_active(session, &table.name, note).await
        }
    }
}

async fn create_queue(
    session: &Session,
    desired: &DesiredQueue,
    redrive_policy: Option<String>,
    note: &mut dyn FnMut(String),
) -> Result<(), AccountError> {
    use QueueAttributeName as Name;
    let seconds = |duration: Duration| duration.as_secs().to_string();
    let mut request = session
        .sqs()
        .create_queue()
        .queue_name(&desired.name)
        .attributes(Name::MessageRetentionPeriod, seconds(desired.retention));
    if let Some(hidden) = desired.visibility_timeout {
        request = request.attributes(Name::VisibilityTimeout, seconds(hidden));
    }
    if let Some(policy) = redrive_policy {
        request = request.attributes(Name::RedrivePolicy, policy);
    }
    if let Some(fifo) = desired.fifo {
        let by_content = fifo.content_based_deduplication.to_string();
        request = request
            .attributes(Name::FifoQueue, "true")
            .attributes(Name::ContentBasedDeduplication, by_content);
        if fifo.high_throughput {
            request = request
                .attributes(Name::DeduplicationScope, "messageGroup")
                .attributes(Name::FifoThroughputLimit, "perMessageGroupId");
        }
    }
    for (key, value) in TAGS {
        request = request.tags(key, value);
    }
    let attempt = async || request.clone().send().await;
    until_free(&desired.name, attempt, note)
        .await
        .map(|_| ())
        .map_err(AccountError::of("SQS CreateQueue", &desired.name))
}

/// Tries again while all that is in the way passes with time.
async fn until_free(
    name: &str,
    attempt: impl AsyncFn() -> Result<CreateQueueOutput, SdkError<CreateQueueError>>,
    note: &mut dyn FnMut(String),
) -> Result<CreateQueueOutput, SdkError<CreateQueueError>> {
    let mut tries = 1;
    loop {
        let error = match attempt().await {
            Ok(created) => return Ok(created),
            Err(error) => error,
        };
        match passing(&error) {
            Some(why) if tries < NAME_TRIES => {
                if tries == 1 {
                    note(format!("waiting for {name}: {why}"));
                }
                tries += 1;
                tokio::time::sleep(NAME_PAUSE).await;
            }
            _ => return Err(error),
        }
    }
}

/// What is in the way and passes: the 60 s after a deletion, the moments until a new queue is known.
fn passing(error: &SdkError<CreateQueueError>) -> Option<&'static str> {
    let service = error.as_service_error()?;
    let message = service.message().unwrap_or_default();
    if service.is_queue_deleted_recently() {
        Some("a queue of this name was deleted less than 60 s ago")
    } else if message.contains("ead letter target does not exist") {
        Some("its dead-letter queue is not known everywhere yet")
    } else {
        None
    }
}

/// The ARN of a queue, which is there.
async fn queue_arn(session: &Session, name: &str) -> Result<String, AccountError> {
    let sqs = session.sqs();
    let found = sqs.get_queue_url().queue_name(name).send().await;
    let url = found.map_err(AccountError::of("SQS GetQueueUrl", name))?;
    let operation = "SQS GetQueueAttributes";
    let attributes = sqs
        .get_queue_attributes()
        .queue_url(url.queue_url.unwrap_or_default())
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await
        .map_err(AccountError::of(operation, name))?;
    let arn = attributes
        .attributes
        .and_then(|mut all| all.remove(&QueueAttributeName::QueueArn));
    arn.ok_or_else(|| AccountError::new(operation, name, "the reply has no QueueArn"))
}

async fn create_table(session: &Session, desired: &DesiredTable) -> Result<(), AccountError> {
    let operation = "DynamoDB CreateTable";
    let built = "every required member is set";
    let mut request = session.dynamodb().create_table().table_name(&desired.name);
    let key = &desired.key;
    let partition = std::iter::once((&key.partition, KeyType::Hash));
    for (attribute, role) in partition.chain(key.sort.iter().map(|sort| (sort, KeyType::Range))) {
        let element = KeySchemaElement::builder().attribute_name(&attribute.name);
        request = request
            .attribute_definitions(definition(attribute))
            .key_schema(element.key_type(role).build().expect(built));
    }
    for (key, value) in TAGS {
        request = request.tags(Tag::builder().key(key).value(value).build().expect(built));
    }
    request = match desired.capacity {
        DesiredCapacity::OnDemand { warm_write_units } => {
            let warm = warm_write_units.map(|units| {
                let units = i64::from(units);
                WarmThroughput::builder()
                    .write_units_per_second(units)
                    .build()
            });
            request
                .billing_mode(BillingMode::PayPerRequest)
                .set_warm_throughput(warm)
        }
        DesiredCapacity::Provisioned {
            write_units,
            read_units,
        } => {
            let throughput = ProvisionedThroughput::builder()
                .write_capacity_units(write_units.into())
                .read_capacity_units(read_units.into())
                .build()
                .expect(built);
            request
                .billing_mode(BillingMode::Provisioned)
                .provisioned_throughput(throughput)
        }
    };
    let created = request.send().await;
    created
        .map(|_| ())
        .map_err(AccountError::of(operation, &desired.name))
}

fn definition(attribute: &KeyAttribute) -> AttributeDefinition {
    let kind = match attribute.kind {
        AttributeType::S => ScalarAttributeType::S,
        AttributeType::N => ScalarAttributeType::N,
        AttributeType::B => ScalarAttributeType::B,
    };
    let definition = AttributeDefinition::builder().attribute_name(&attribute.name);
    let definition = definition.attribute_type(kind).build();
    definition.expect("a name and a type")
}

/// Waits until the table can be used; one that was just created may not be found yet.
///
/// # Errors
/// When it cannot be described, or is not active after some minutes.
pub async fn until_active(
    session: &Session,
    name: &str,
    note: &mut dyn FnMut(String),
) -> Result<(), AccountError> {
    let failure = "it did not become active in ten minutes: look at it in the console and repeat";
    let active = |status| status == Some(TableStatus::Active);
    until_table(session, name, active, " to become active", failure, note).await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use aws_sdk_sqs::error::ErrorMetadata;
    use aws_sdk_sqs::types::error::{QueueDeletedRecently, QueueNameExists};
    use aws_smithy_types::body::SdkBody;

    use super::*;

    type Refused = SdkError<CreateQueueError>;

    fn refused(error: CreateQueueError) -> Refused {
        let status = 400.try_into().expect("a status");
        let response = aws_sdk_sqs::config::http::HttpResponse::new(status, SdkBody::empty());
        SdkError::service_error(error, response)
    }

    fn recently() -> Refused {
        refused(CreateQueueError::QueueDeletedRecently(
            QueueDeletedRecently::builder().build(),
        ))
    }

    fn no_target() -> Refused {
        let metadata = ErrorMetadata::builder()
            .code("InvalidParameterValue")
            .message("Value {} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.");
        refused(CreateQueueError::generic(metadata.build()))
    }

    fn taken() -> Refused {
        refused(CreateQueueError::QueueNameExists(
            QueueNameExists::builder().build(),
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_waited_for_and_what_does_not_is_told_at_once() {
        type Answer = fn() -> Refused;
        let cases: [(Answer, u32, u32, bool, &str); 5] = [
            (recently, 12, 13, true, "free again after a minute"),
            (recently, 99, NAME_TRIES, false, "never free"),
            (
                no_target,
                1,
                2,
                true,
                "the dead-letter queue is not known yet",
            ),
            (taken, 99, 1, false, "another queue of that name stays"),
            (recently, 0, 1, true, "free"),
        ];
        for (error, failures, attempts, created, why) in cases {
            let tried = Cell::new(0);
            let mut noted = Vec::new();
            let attempt = async || {
                tried.set(tried.get() + 1);
                match tried.get() <= failures {
                    true => Err(error()),
                    false => Ok(CreateQueueOutput::builder().build()),
                }
            };
            let began = tokio::time::Instant::now();
            let outcome = until_free("orders-queue", attempt, &mut |line| noted.push(line)).await;
            assert_eq!(outcome.is_ok(), created, "{why}");
            assert_eq!(tried.get(), attempts, "{why}");
            assert_eq!(noted.len(), usize::from(attempts > 1), "{why}: noted once");
            assert_eq!(began.elapsed(), NAME_PAUSE * (attempts - 1), "{why}");
        }
    }
}
