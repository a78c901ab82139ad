//! What a template says; that CloudFormation takes it is tried with other programs.

use super::*;
use crate::scenario::{Overrides, TargetOverride, parse};

const LAB: &str = include_str!("../../../../scenarios/lab.toml");

const OWN: &str = r#"
name = "own"
question = "Does every order end \"where\" it belongs?"
[[phase]]
name = "baseline"
rate = "20/s"
duration = "1s"
[order]
id = "uuid"
body = '{"order": "{{id}}", "shop": {{shop}}}'
group = "{{shop}}"
fields = { shop = { integer = [0, 9] } }
[[bad]]
remove = ["/shop"]
end = "refused"
[[ends.stored.rows]]
table = "web.orders"
key = { pk = "{{shop}}", sk = "{{id}}" }
[[ends.refused.letters]]
queue = "web-refused"
id_at = "/order"
[processor]
command = ["main"]
[processors.drain]
command = ["drain"]
queue = "orders-dl-queue.fifo"
timeout = "40s"
[pipeline]
queue = "fifo"
high_throughput = true
tables = { web_orders = "number N" }
queues = ["notices.fifo"]
table_capacity = "7 wcu, 3 rcu"
"#;

/// The template of a scenario.
fn of(text: &str, processor: &str, set: &[&str]) -> String {
    let overrides = Overrides {
        target: Some(TargetOverride::Aws(vec![("processor", processor.into())])),
        set: set.iter().map(|set| (*set).to_owned()).collect(),
        ..Overrides::default()
    };
    let scenario = parse("own.toml", text, &overrides).unwrap_or_else(|errors| panic!("{errors}"));
    let target = scenario.target.aws().expect("it is AWS");
    let desired = Desired::all(&scenario, &target.resources).expect("settings that AWS takes");
    template(&scenario, target, &desired, "orderproof preflight own.toml")
}

fn has(template: &str, part: &str) {
    assert!(template.contains(part), "{part} in:\n{template}");
}

#[test]
fn the_labs_template_has_its_settings() {
    let lab = of(LAB, "lambda", &[]);
    has(
        &lab,
        "  QueueOrdersQueue:
    Type: AWS::SQS::Queue
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      QueueName: \"orders-queue\"
      MessageRetentionPeriod: 345600
      VisibilityTimeout: 2
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt QueueOrdersDlQueue.Arn
        maxReceiveCount: 3
      Tags:
        - { Key: orderproof, Value: !If [LoadIsAllowed, allowed, refused] }
",
    );
    has(
        &lab,
        "        - { AttributeName: \"id\", AttributeType: \"N\" }
      KeySchema:
        - { AttributeName: \"id\", KeyType: HASH }
      BillingMode: PAY_PER_REQUEST
",
    );
    has(
        &lab,
        "  FunctionMapping:
    Type: AWS::Lambda::EventSourceMapping
    Condition: HasFunction
    Properties:
      EventSourceArn: !GetAtt QueueOrdersQueue.Arn
      FunctionName: !Ref FunctionName
      BatchSize: 10
",
    );
    assert!(
        !lab.contains("ScalingConfig"),
        "the scenario says nothing of it:\n{lab}"
    );
    let bounded = of(LAB, "lambda", &["pipeline.mapping.maximum_concurrency=50"]);
    has(&bounded, "MaximumConcurrency: 50\n");
    let external = of(LAB, "external", &[]);
    assert!(
        !external.contains("Mapping"),
        "no function is fed:\n{external}"
    );
}

#[test]
fn every_queue_and_table_is_there_under_an_id_of_its_own() {
    let own = of(OWN, "local", &[]);
    for part in [
        "Description: \"own - Does every order end \\\"where\\\" it belongs?\"",
        "  QueueWebRefused:\n",
        "  QueueNoticesFifo:\n",
        "  TableWebOrders:\n",
        "  TableWebOrders2:\n",
        "- { AttributeName: \"sk\", KeyType: RANGE }",
        "        ReadCapacityUnits: 3\n        WriteCapacityUnits: 7\n",
        "      FifoQueue: true\n      ContentBasedDeduplication: true\n      DeduplicationScope: messageGroup\n",
        "  DrainFunctionName:\n",
        "  HasDrainFunction: !Not [!Equals [!Ref DrainFunctionName, \"\"]]\n",
        "      EventSourceArn: !GetAtt QueueOrdersDlQueueFifo.Arn\n      FunctionName: !Ref DrainFunctionName\n",
        // Six times what its function may take.
        "      MessageRetentionPeriod: 1209600\n      VisibilityTimeout: 240\n",
        "    Value: !Sub \"orderproof preflight own.toml\"\n",
    ] {
        has(&own, part);
    }
    assert_eq!(own.matches("Type: AWS::SQS::Queue\n").count(), 4);
    assert_eq!(own.matches("Type: AWS::DynamoDB::Table\n").count(), 2);
    assert!(
        !own.contains("ScalingConfig"),
        "this machine's bound is none of AWS's:\n{own}"
    );
}
