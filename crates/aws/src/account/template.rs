//! The resources that a scenario asks for as a CloudFormation template: what `up` creates, under the same names and with the
//! same settings, for those who create things by stacks. Pure.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::desired::{Desired, DesiredCapacity, DesiredQueue, DesiredTable};
use crate::preflight::{ALLOWED_TAG, ALLOWED_VALUE};
use crate::scenario::{AwsTarget, Mapping, ProcessorPlace, Scenario};

/// What CloudFormation takes of a description, bytes.
const DESCRIPTION_MAX: usize = 1_024;
/// What AWS takes for a mapping's `MaximumConcurrency` (Lambda API Reference, `ScalingConfig`), below what a scenario has
/// that says nothing.
const CONCURRENCY: std::ops::Range<u32> = 2..1_000;
/// Every resource outlives its stack: what is in it is orders.
const KEPT: &str = "    DeletionPolicy: RetainExceptOnCreate\n    UpdateReplacePolicy: Retain\n";

/// The template of `desired`, which `scenario` asks for at `target`; `preflight` is the command that reads it
/// back, in which `${AWS::Region}` stands for the stack's region.
pub fn template(
    scenario: &Scenario,
    target: &AwsTarget,
    desired: &[Desired],
    preflight: &str,
) -> String {
    let named = Named::of(desired);
    let mappings = mappings(scenario, target);
    let mut out = head(scenario);
    parameters(&mut out, &mappings);
    out.push_str("\nResources:\n");
    for (id, desired) in &named.0 {
        match desired {
            Desired::Queue(queue) => queue_lines(&mut out, id, queue, &named),
            Desired::Table(table) => table_lines(&mut out, id, table),
        }
    }
    for mapping in &mappings {
        mapping.lines(&mut out, &named);
    }
    outputs(&mut out, &named, preflight);
    out
}

/// A text as YAML takes it, whatever it holds: JSON's texts are YAML's, too.
fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn head(scenario: &Scenario) -> String {
    let mut about = format!("{} - {}", scenario.name, scenario.question);
    while about.len() > DESCRIPTION_MAX {
        about.pop();
    }
    format!(
        "# Queues and tables of a scenario, with the names and settings that `orderproof up` would give them.\n\
         AWSTemplateFormatVersion: \"2010-09-09\"\n\
         Description: {}\n",
        text(&about)
    )
}

fn parameters(out: &mut String, mappings: &[MappingOf<'_>]) {
    let _ = write!(
        out,
        "\nParameters:\n  AllowLoad:\n    Type: String\n    Default: \"false\"\n    \
         AllowedValues: [\"true\", \"false\"]\n    Description: >-\n      \
         true tags queues and tables {ALLOWED_TAG}={ALLOWED_VALUE}, without which orderproof sends nothing. Say so only of what\n      \
         may be loaded.\n"
    );
    for MappingOf { id, queue, .. } in mappings {
        let _ = write!(
            out,
            "  {id}Name:\n    Type: String\n    Default: \"\"\n    AllowedPattern: \"[A-Za-z0-9_-]{{0,64}}\"\n    \
             Description: >-\n      The function that {queue} feeds. It must be there, and its role must allow \
             sqs:ReceiveMessage,\n      sqs:DeleteMessage and sqs:GetQueueAttributes on the queue. Left empty, no mapping is \
             created.\n"
        );
    }
    out.push_str("\nConditions:\n  LoadIsAllowed: !Equals [!Ref AllowLoad, \"true\"]\n");
    for MappingOf { id, .. } in mappings {
        let _ = writeln!(out, "  Has{id}: !Not [!Equals [!Ref {id}Name, \"\"]]");
    }
}

/// The resources with their logical ids, which are letters and digits.
struct Named<'a>(Vec<(String, &'a Desired)>);

impl<'a> Named<'a> {
    fn of(desired: &'a [Desired]) -> Self {
        let mut taken = BTreeSet::new();
        let named = desired.iter().map(|desired| {
            let (kind, name) = match desired {
                Desired::Queue(queue) => ("Queue", &queue.name),
                Desired::Table(table) => ("Table", &table.name),
            };
            (
                free(&format!("{kind}{}", in_capitals(name)), &mut taken),
                desired,
            )
        });
        Self(named.collect())
    }

    /// The logical id of the queue called so.
    fn queue(&self, name: &str) -> Option<&str> {
        let is_it =
            |desired: &Desired| matches!(desired, Desired::Queue(queue) if queue.name == name);
        let found = self.0.iter().find(|(_, desired)| is_it(desired));
        found.map(|(id, _)| id.as_str())
    }
}

/// A name of letters and digits, its words with capitals: `web-orders.fifo` is `WebOrdersFifo`.
fn in_capitals(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    words.map(capital).collect()
}

/// The id, or with the lowest number after it that nobody has taken.
fn free(id: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number: u32| format!("{id}{number}"));
    let mut ids = std::iter::once(id.to_owned()).chain(numbered);
    ids.find(|id| taken.insert(id.clone()))
        .expect("numbers do not end")
}

fn tags(out: &mut String) {
    let _ = write!(
        out,
        "      Tags:\n        - {{ Key: {ALLOWED_TAG}, Value: !If [LoadIsAllowed, {ALLOWED_VALUE}, refused] }}\n"
    );
}

fn queue_lines(out: &mut String, id: &str, queue: &DesiredQueue, named: &Named<'_>) {
    let _ = write!(
        out,
        "  {id}:\n    Type: AWS::SQS::Queue\n{KEPT}    Properties:\n      QueueName: {}\n      \
         MessageRetentionPeriod: {}\n",
        text(&queue.name),
        queue.retention.as_secs()
    );
    if let Some(hidden) = queue.visibility_timeout {
        let _ = writeln!(out, "      VisibilityTimeout: {}", hidden.as_secs());
    }
    if let Some(fifo) = queue.fifo {
        let _ = write!(
            out,
            "      FifoQueue: true\n      ContentBasedDeduplication: {}\n",
            fifo.content_based_deduplication
        );
        if fifo.high_throughput {
            out.push_str(
                "      DeduplicationScope: messageGroup\n      FifoThroughputLimit: perMessageGroupId\n",
            );
        }
    }
    if let Some((count, name)) = &queue.redrive
        && let Some(dead_letters) = named.queue(name)
    {
        let _ = write!(
            out,
            "      RedrivePolicy:\n        deadLetterTargetArn: !GetAtt {dead_letters}.Arn\n        \
             maxReceiveCount: {count}\n"
        );
    }
    tags(out);
}

fn table_lines(out: &mut String, id: &str, table: &DesiredTable) {
    let key = &table.key;
    let parts = || {
        let sort = key.sort.iter().map(|sort| (sort, "RANGE"));
        std::iter::once((&key.partition, "HASH")).chain(sort)
    };
    let _ = write!(
        out,
        "  {id}:\n    Type: AWS::DynamoDB::Table\n{KEPT}    Properties:\n      TableName: {}\n      \
         AttributeDefinitions:\n",
        text(&table.name)
    );
    for (part, _) in parts() {
        let _ = writeln!(
            out,
            "        - {{ AttributeName: {}, AttributeType: \"{:?}\" }}",
            text(&part.name),
            part.kind
        );
    }
    out.push_str("      KeySchema:\n");
    for (part, role) in parts() {
        let _ = writeln!(
            out,
            "        - {{ AttributeName: {}, KeyType: {role} }}",
            text(&part.name)
        );
    }
    match table.capacity {
        DesiredCapacity::OnDemand { warm_write_units } => {
            out.push_str("      BillingMode: PAY_PER_REQUEST\n");
            if let Some(units) = warm_write_units {
                let _ = writeln!(
                    out,
                    "      WarmThroughput: {{ WriteUnitsPerSecond: {units} }}"
                );
            }
        }
        DesiredCapacity::Provisioned {
            write_units,
            read_units,
        } => {
            let _ = write!(
                out,
                "      BillingMode: PROVISIONED\n      ProvisionedThroughput:\n        \
                 ReadCapacityUnits: {read_units}\n        WriteCapacityUnits: {write_units}\n"
            );
        }
    }
    tags(out);
}

/// An event source mapping, made once its function's name is given.
struct MappingOf<'a> {
    /// What its function is called here: `Function`, `DrainFunction`.
    id: String,
    /// The queue's name.
    queue: &'a str,
    mapping: &'a Mapping,
    /// Its concurrency is what this machine bears, and no setting of AWS.
    is_bound_here: bool,
}

/// The mappings of a scenario: none where something else than a function consumes the queue.
fn mappings<'a>(scenario: &'a Scenario, target: &'a AwsTarget) -> Vec<MappingOf<'a>> {
    let mut taken = BTreeSet::new();
    let names = &target.resources;
    let main = MappingOf {
        id: free("Function", &mut taken),
        queue: &names.orders_queue,
        mapping: &scenario.pipeline.mapping,
        is_bound_here: scenario.processor.is_some(),
    };
    let is_external = target.processor == ProcessorPlace::External;
    let mut all: Vec<MappingOf<'_>> = Some(main).filter(|_| !is_external).into_iter().collect();
    for (name, function) in &scenario.processors {
        all.push(MappingOf {
            id: free(&format!("{}Function", in_capitals(name)), &mut taken),
            queue: scenario.queue_name(&function.queue, names),
            mapping: &function.mapping,
            is_bound_here: true,
        });
    }
    all
}

impl MappingOf<'_> {
    fn lines(&self, out: &mut String, named: &Named<'_>) {
        let Some(queue) = named.queue(self.queue) else {
            return;
        };
        let Self { id, mapping, .. } = self;
        let _ = write!(
            out,
            "  {id}Mapping:\n    Type: AWS::Lambda::EventSourceMapping\n    Condition: Has{id}\n    Properties:\n      \
             EventSourceArn: !GetAtt {queue}.Arn\n      FunctionName: !Ref {id}Name\n      BatchSize: {}\n",
            mapping.batch_size
        );
        let window = mapping.batching_window.as_secs();
        if window > 0 {
            let _ = writeln!(out, "      MaximumBatchingWindowInSeconds: {window}");
        }
        if mapping.report_batch_item_failures {
            out.push_str("      FunctionResponseTypes: [ReportBatchItemFailures]\n");
        }
        match mapping.provisioned_pollers {
            Some(pollers) => {
                let _ = write!(
                    out,
                    "      ProvisionedPollerConfig:\n        MinimumPollers: {}\n        MaximumPollers: {}\n",
                    pollers.minimum, pollers.maximum
                );
            }
            None if !self.is_bound_here && CONCURRENCY.contains(&mapping.maximum_concurrency) => {
                let _ = write!(
                    out,
                    "      ScalingConfig:\n        MaximumConcurrency: {}\n",
                    mapping.maximum_concurrency
                );
            }
            None => {}
        }
        if let Some(filter) = &mapping.filter {
            let pattern = serde_json::json!({ "body": filter.body }).to_string();
            let _ = write!(
                out,
                "      FilterCriteria:\n        Filters:\n          - Pattern: {}\n",
                text(&pattern)
            );
        }
    }
}

fn outputs(out: &mut String, named: &Named<'_>, preflight: &str) {
    out.push_str("\nOutputs:\n");
    for (id, desired) in &named.0 {
        let _ = match desired {
            Desired::Queue(_) => write!(
                out,
                "  {id}Url: {{ Value: !Ref {id} }}\n  {id}Arn: {{ Value: !GetAtt {id}.Arn }}\n"
            ),
            Desired::Table(_) => writeln!(out, "  {id}Name: {{ Value: !Ref {id} }}"),
        };
    }
    let _ = write!(
        out,
        "  PreflightCommand:\n    Description: Reads all of it back and says what it means for the scenario\n    \
         Value: !Sub {}\n",
        text(preflight)
    );
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
