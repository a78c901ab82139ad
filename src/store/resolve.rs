//! From a session to a target: where requests really go, and the queues' URLs as SQS gives them.

use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;

use super::session::{Session, Witness};
use super::{ReadPolicy, StoreError, TableAt, Target};
use crate::order::lab;
use crate::scenario::{AwsTarget, is_loopback};

impl Target {
    /// The pipeline of `spec`, found through `session`.
    ///
    /// # Errors
    /// When SQS or DynamoDB do not answer, or a queue or the table is not there.
    pub async fn resolve(session: &Session, spec: &AwsTarget) -> Result<Self, StoreError> {
        let queues = Witness::default();
        let orders = queue_url(session, &queues, &spec.resources.orders_queue).await?;
        let dead_letters = queue_url(session, &queues, &spec.resources.dead_letter_queue).await?;
        let table = Witness::default();
        let described = session
            .dynamodb()
            .describe_table()
            .table_name(&spec.resources.table)
            .customize()
            .interceptor(table.clone())
            .send()
            .await
            .map_err(StoreError::of_named(
                "DynamoDB DescribeTable",
                &spec.resources.table,
            ))?;
        let endpoint = |witness: &Witness| witness.endpoint().unwrap_or_default();
        let mut target = Self {
            sqs_endpoint: endpoint(&queues),
            dynamodb_endpoint: endpoint(&table),
            region: session.region().to_owned(),
            credentials: session.credentials(),
            orders_queue_url: orders,
            dead_letter_queue_url: dead_letters,
            tables: TableAt::all(&lab().tables)
                .into_iter()
                .map(|table| TableAt {
                    name: spec.resources.table.clone(),
                    ..table
                })
                .collect(),
            letter_queues: Vec::new(),
            exact_counts: false,
            read: ReadPolicy {
                units_per_second: Some(read_units(&described, spec)),
                dead_letters: spec.dead_letters,
            },
        };
        if spec.exact_counts && !target.is_on_loopback() {
            return Err(StoreError::new(
                "reading [target]",
                "exact_counts holds on loopback only, and a verdict must not rest on it elsewhere: leave it out",
            ));
        }
        target.exact_counts = spec.exact_counts;
        Ok(target)
    }

    /// Whether all that is sent and written stays on this machine.
    pub fn is_on_loopback(&self) -> bool {
        is_loopback(&self.sqs_endpoint) && is_loopback(&self.dynamodb_endpoint)
    }
}

/// The read budget: as the scenario says, and never more than a provisioned table has.
fn read_units(described: &DescribeTableOutput, spec: &AwsTarget) -> u32 {
    let provisioned = described
        .table()
        .and_then(|table| table.provisioned_throughput())
        .and_then(|throughput| throughput.read_capacity_units())
        .and_then(|units| u32::try_from(units).ok())
        // On demand it is told as none at all.
        .filter(|units| *units > 0);
    provisioned.map_or(spec.read_units, |units| units.min(spec.read_units))
}

async fn queue_url(session: &Session, witness: &Witness, name: &str) -> Result<String, StoreError> {
    let operation = "SQS GetQueueUrl";
    let output = session
        .sqs()
        .get_queue_url()
        .queue_name(name)
        .customize()
        .interceptor(witness.clone())
        .send()
        .await;
    output
        .map_err(StoreError::of_named(operation, name))?
        .queue_url
        .ok_or_else(|| StoreError::new(operation, format!("no URL for {name}")))
}
