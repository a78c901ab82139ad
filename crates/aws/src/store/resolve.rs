//! From a session to a target: where requests really go, the queues' URLs as SQS gives them, and the tables' keys compared.

use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::types::{KeyType, TableDescription};

use super::session::{ResponseProbe, Session};
use super::{DoorAt, QueueAt, ReadPolicy, Service, StoreError, TableAt, Target, queue_settings};
use crate::order::Door;
use crate::scenario::{AwsTarget, Scenario, is_loopback};

const DESCRIBE: &str = "DynamoDB DescribeTable";

impl Target {
    /// The pipeline of `spec` that the orders of `scenario` end in, found through `session`: every table that the orders
    /// name, its key compared, and every queue in which they may end.
    ///
    /// # Errors
    /// When SQS or DynamoDB do not answer, a queue or a table is not there, or a table has another key.
    pub async fn resolve(
        session: &Session,
        spec: &AwsTarget,
        scenario: &Scenario,
    ) -> Result<Self, StoreError> {
        let names = &spec.resources;
        let (at_queues, at_tables) = (ResponseProbe::default(), ResponseProbe::default());
        let orders = queue_url(session, &at_queues, &names.orders_queue).await?;
        let dead_letters = queue_url(session, &at_queues, &names.dead_letter_queue).await?;
        let mut letter_queues = Vec::new();
        for called in scenario.letter_queues(&scenario.order) {
            let name = names.queue_name(called);
            // Another name of what is there already.
            if name == names.orders_queue || name == names.dead_letter_queue {
                continue;
            }
            letter_queues.push(QueueAt {
                called: called.to_owned(),
                url: queue_url(session, &at_queues, name).await?,
            });
        }
        let mut tables = Vec::new();
        let mut read_units = spec.read_units;
        for (called, key) in &scenario.order.tables {
            let table = TableAt {
                called: called.clone(),
                name: names.table_name(called).to_owned(),
                key: key.clone(),
            };
            let described = describe(session, &at_tables, &table.name).await?;
            let found = described.table();
            compare_keys(&table, found)?;
            read_units = read_units.min(provisioned_units(found).unwrap_or(u32::MAX));
            tables.push(table);
        }
        let endpoint = |probe: &ResponseProbe| probe.endpoint().unwrap_or_default();
        let mut target = Self {
            sqs_endpoint: endpoint(&at_queues),
            dynamodb_endpoint: endpoint(&at_tables),
            region: session.region().to_owned(),
            credentials: session.credentials(),
            orders_queue_url: orders,
            dead_letter_queue_url: dead_letters,
            tables,
            letter_queues,
            door: DoorAt::Queue,
            exact_counts: false,
            read: ReadPolicy {
                units_per_second: Some(read_units),
                dead_letters: spec.dead_letters,
            },
        };
        target.door = door(session, &target, scenario).await?;
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
        let door = self.door.url().is_none_or(is_loopback);
        is_loopback(&self.sqs_endpoint) && is_loopback(&self.dynamodb_endpoint) && door
    }
}

/// Where that is which orders are sent to; nothing is asked of it yet.
async fn door(
    session: &Session,
    target: &Target,
    scenario: &Scenario,
) -> Result<DoorAt, StoreError> {
    let endpoint = async |service: Service| {
        let found = service.endpoint(session.config()).await;
        let found =
            found.map_err(|error| StoreError::new("looking for an endpoint", error.to_string()));
        found.map(|url| url.trim_end_matches('/').to_owned())
    };
    Ok(match &scenario.sending.to {
        Door::Sqs => DoorAt::Queue,
        Door::Sns(topic) => DoorAt::Topic {
            endpoint: endpoint(Service::SNS).await?,
            arn: match topic.topic.starts_with("arn:") {
                true => topic.topic.clone(),
                false => topic_arn(session, target, &topic.topic).await?,
            },
        },
        Door::Eventbridge(bus) => DoorAt::Bus {
            endpoint: endpoint(Service::EVENTBRIDGE).await?,
            name: bus.bus.clone(),
        },
        Door::Http(server) => DoorAt::Server {
            site: String::new(),
            url: server.url.clone(),
        },
    })
}

/// The ARN of a topic beside the orders queue: of its region and account.
async fn topic_arn(session: &Session, target: &Target, name: &str) -> Result<String, StoreError> {
    let queue = queue_settings(&session.sqs(), &target.orders_queue_url).await?;
    topic_beside(&queue.arn, name).ok_or_else(|| {
        StoreError::new(
            "looking for the topic's ARN",
            format!(
                "{} is not a queue's: write the topic's own ARN under [sending] topic",
                queue.arn
            ),
        )
    })
}

/// The ARN of the topic called `name` of the region and account of a queue; `None` where that is no queue's ARN.
pub(crate) fn topic_beside(queue_arn: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = queue_arn.split(':').collect();
    let ["arn", _, "sqs", _, _, _] = parts.as_slice() else {
        return None;
    };
    parts[2] = "sns";
    parts[5] = name;
    Some(parts.join(":"))
}

async fn describe(
    session: &Session,
    probe: &ResponseProbe,
    name: &str,
) -> Result<DescribeTableOutput, StoreError> {
    let described = session.dynamodb().describe_table().table_name(name);
    let described = described.customize().interceptor(probe.clone());
    let described = described.send().await;
    described.map_err(StoreError::of_named(DESCRIBE, name))
}

/// Whether the table has the key that the scenario's orders are looked up by.
fn compare_keys(asked: &TableAt, found: Option<&TableDescription>) -> Result<(), StoreError> {
    let there = found.map(key_of).unwrap_or_default();
    let (asked_key, there) = (asked.key.to_string(), key_in_words(&there));
    match asked_key == there {
        true => Ok(()),
        false => Err(StoreError::new(
            DESCRIBE,
            format!(
                "{}: its key is {there}, and the scenario's orders need {asked_key}: write the table's own key into \
                 [[ends.NAME.rows]], or name another table (target.tables.{})",
                asked.name, asked.called
            ),
        )),
    }
}

/// Name and type of each key attribute, the partition key first.
fn key_of(table: &TableDescription) -> Vec<(String, String)> {
    let kind = |name: &str| {
        let mut definitions = table.attribute_definitions().iter();
        let found = definitions.rfind(|one| one.attribute_name() == name);
        found.map_or("?", |found| found.attribute_type().as_str())
    };
    let mut elements: Vec<_> = table.key_schema().iter().collect();
    elements.sort_by_key(|element| *element.key_type() != KeyType::Hash);
    let names = elements.iter().map(|element| element.attribute_name());
    names
        .map(|name| (name.to_owned(), kind(name).to_owned()))
        .collect()
}

/// `id (N)`, `pk (S) and sk (N)`.
fn key_in_words(parts: &[(String, String)]) -> String {
    let words = parts.iter().map(|(name, kind)| format!("{name} ({kind})"));
    match words.collect::<Vec<_>>() {
        words if words.is_empty() => "not told".into(),
        words => words.join(" and "),
    }
}

/// The read capacity of a provisioned table. On demand it is told as none at all.
fn provisioned_units(table: Option<&TableDescription>) -> Option<u32> {
    let units = table?.provisioned_throughput()?.read_capacity_units()?;
    u32::try_from(units).ok().filter(|units| *units > 0)
}

async fn queue_url(
    session: &Session,
    probe: &ResponseProbe,
    name: &str,
) -> Result<String, StoreError> {
    let operation = "SQS GetQueueUrl";
    let output = session
        .sqs()
        .get_queue_url()
        .queue_name(name)
        .customize()
        .interceptor(probe.clone())
        .send()
        .await;
    output
        .map_err(StoreError::of_named(operation, name))?
        .queue_url
        .ok_or_else(|| StoreError::new(operation, format!("no URL for {name}")))
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
