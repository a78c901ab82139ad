//! From endpoints to a target: credentials as the SDK finds them, queue URLs as SQS gives them.

use aws_config::BehaviorVersion;
use aws_sdk_sqs::config::Region;

use super::clients::http_client;
use super::{StoreError, Stores, Target};
use crate::scenario::EndpointSpec;

impl Target {
    /// The pipeline behind `endpoint`. Credentials come from the environment, profiles and all else
    /// the SDK looks at, and are refreshed as it does.
    ///
    /// # Errors
    /// When there are no credentials, or one of the queues is not there.
    pub async fn resolve(endpoint: &EndpointSpec) -> Result<Self, StoreError> {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(endpoint.region.clone()))
            .http_client(http_client())
            .load()
            .await;
        let credentials = config.credentials_provider().ok_or_else(|| {
            StoreError::new(
                "looking for AWS credentials",
                "there are none: set AWS_ACCESS_KEY_ID",
            )
        })?;
        let mut target = Self {
            sqs_endpoint: endpoint.sqs_endpoint_url.clone(),
            dynamodb_endpoint: endpoint.dynamodb_endpoint_url.clone(),
            region: endpoint.region.clone(),
            credentials,
            orders_queue_url: String::new(),
            dead_letter_queue_url: String::new(),
            table: endpoint.resources.table.clone(),
            exact_counts: endpoint.exact_counts,
        };
        let stores = Stores::new(&target);
        target.orders_queue_url = stores.queue_url(&endpoint.resources.orders_queue).await?;
        target.dead_letter_queue_url = stores
            .queue_url(&endpoint.resources.dead_letter_queue)
            .await?;
        Ok(target)
    }
}

impl Stores {
    async fn queue_url(&self, name: &str) -> Result<String, StoreError> {
        let operation = "SQS GetQueueUrl";
        let output = self.sqs.get_queue_url().queue_name(name).send().await;
        output
            .map_err(StoreError::of(operation))?
            .queue_url
            .ok_or_else(|| StoreError::new(operation, format!("no URL for {name}")))
    }
}
