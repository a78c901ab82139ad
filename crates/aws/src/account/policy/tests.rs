//! What a policy holds; that it suffices is tried with the commands themselves, and that AWS knows its actions with a linter.

use serde_json::Value;

use super::*;
use crate::scenario::{Overrides, TargetOverride, parse};

const LAB: &str = include_str!("../../../../../scenarios/lab.toml");

const HERE: [Command; 4] = [RUN, VERIFY, CLEAN, UP];

fn scenario(set: &[&str]) -> Scenario {
    let overrides = Overrides {
        target: Some(TargetOverride::Aws(Vec::new())),
        set: set.iter().map(|set| (*set).to_owned()).collect(),
        ..Overrides::default()
    };
    parse("lab.toml", LAB, &overrides).unwrap_or_else(|errors| panic!("{errors}"))
}

fn shown(policy: &Policy) -> Value {
    serde_json::to_value(policy).expect("JSON")
}

fn place(region: &str, account: &str) -> PolicyScope {
    PolicyScope {
        region: region.into(),
        account: account.into(),
    }
}

fn of(set: &[&str], commands: &[Command]) -> Value {
    let scenario = scenario(set);
    let target = scenario.target.aws().expect("it is AWS");
    let place = place("eu-west-1", "123456789012");
    shown(&policy(&scenario, target, commands, &place, &[]))
}

/// The resources on which a policy allows an action.
fn on<'a>(policy: &'a Value, action: &str) -> Vec<&'a str> {
    let statements = policy["Statement"].as_array().expect("statements");
    let has = |statement: &&Value| {
        let mut actions = statement["Action"].as_array().expect("actions").iter();
        actions.any(|one| one == action)
    };
    let resources = statements.iter().filter(has);
    let resources = resources.flat_map(|statement| statement["Resource"].as_array().expect("some"));
    resources.filter_map(Value::as_str).collect()
}

const ORDERS: &str = "arn:aws:sqs:eu-west-1:123456789012:orders-queue";
const LETTERS: &str = "arn:aws:sqs:eu-west-1:123456789012:orders-dl-queue";
const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";

#[test]
fn the_labs_policy_names_each_resource_and_nothing_else() {
    let policy = of(&[], &HERE);
    assert_eq!(on(&policy, "sqs:SendMessage"), [ORDERS]);
    assert_eq!(on(&policy, "sqs:ReceiveMessage"), [LETTERS]);
    assert_eq!(on(&policy, "sqs:GetQueueUrl"), [LETTERS, ORDERS]);
    assert_eq!(on(&policy, "dynamodb:Scan"), [TABLE]);
    assert_eq!(on(&policy, "lambda:ListEventSourceMappings"), ["*"]);
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:lab-order-processor";
    assert_eq!(on(&policy, "lambda:GetFunctionConfiguration"), [function]);
    for never in [
        "sqs:DeleteQueue",
        "dynamodb:DeleteTable",
        "dynamodb:PutItem",
        "sns:Publish",
        "kms:Decrypt",
    ] {
        assert!(on(&policy, never).is_empty(), "{never}");
    }
    let text = policy.to_string();
    assert!(text.len() < POLICY_MAX, "{}", text.len());
    assert_eq!(on(&of(&[], &[DOWN]), "sqs:DeleteQueue"), [LETTERS, ORDERS]);
}

#[test]
fn a_command_gets_what_it_asks_for_and_no_more() {
    for (commands, action, allowed) in [
        (&[VERIFY][..], "sqs:SendMessage", false),
        (&[VERIFY], "sqs:DeleteMessage", false),
        (&[VERIFY], "dynamodb:BatchWriteItem", false),
        (&[VERIFY], "dynamodb:BatchGetItem", true),
        (&[RUN], "sqs:DeleteMessage", false),
        (&[RUN], "sqs:CreateQueue", false),
        (&[CLEAN], "sqs:DeleteMessage", true),
        (&[CLEAN], "sqs:SendMessage", false),
        (&[UP], "sqs:TagQueue", true),
        (&[UP], "sqs:ReceiveMessage", false),
    ] {
        let policy = of(&[], commands);
        assert_eq!(
            !on(&policy, action).is_empty(),
            allowed,
            "{commands:?} {action}"
        );
    }
}

#[test]
fn what_a_target_says_changes_what_is_needed() {
    let own = of(&["target.dead_letters=own"], &[RUN]);
    assert_eq!(on(&own, "sqs:DeleteMessage"), [LETTERS]);
    let local = of(&["target.processor=local"], &[RUN]);
    assert_eq!(on(&local, "sqs:DeleteMessage"), [ORDERS]);
    assert_eq!(on(&local, "dynamodb:PutItem"), [TABLE]);
    assert!(on(&local, "lambda:GetFunctionConfiguration").is_empty());
    let topic = of(&["sending={to=\"sns\", topic=\"orders-topic\"}"], &[RUN]);
    let arn = "arn:aws:sns:eu-west-1:123456789012:orders-topic";
    assert_eq!(on(&topic, "sns:Publish"), [arn]);
    assert!(on(&topic, "sqs:SendMessage").is_empty(), "the topic sends");
    let every = "arn:aws:sqs:eu-west-1:123456789012:*";
    assert_eq!(
        on(&topic, "sqs:GetQueueUrl"),
        [every],
        "also the subscription's own"
    );
    assert_eq!(on(&topic, "sqs:ReceiveMessage"), [LETTERS]);
    let given = "sending={to=\"sns\", topic=\"arn:aws:sns:us-east-1:210987654321:theirs\"}";
    let given = of(&[given], &[RUN]);
    assert_eq!(
        on(&given, "sns:Publish"),
        ["arn:aws:sns:us-east-1:210987654321:theirs"]
    );
    let bus = of(
        &["sending={to=\"eventbridge\", bus=\"shop\", source=\"s\", detail_type=\"d\"}"],
        &[RUN],
    );
    assert_eq!(
        on(&bus, "events:PutEvents"),
        ["arn:aws:events:eu-west-1:123456789012:event-bus/shop"]
    );
    assert_eq!(
        on(&bus, "events:DescribeRule"),
        ["arn:aws:events:eu-west-1:123456789012:rule/shop/*"]
    );
}

#[test]
fn partitions_and_keys() {
    let scenario = scenario(&[]);
    let target = scenario.target.aws().expect("it is AWS");
    let key = "arn:aws-cn:kms:cn-north-1:1:key/2".to_owned();
    let policy = shown(&policy(
        &scenario,
        target,
        &[RUN],
        &place("cn-north-1", "*"),
        std::slice::from_ref(&key),
    ));
    assert_eq!(
        on(&policy, "sqs:SendMessage"),
        ["arn:aws-cn:sqs:cn-north-1:*:orders-queue"]
    );
    assert_eq!(on(&policy, "kms:GenerateDataKey"), [key]);
    let condition = policy["Statement"]
        .as_array()
        .and_then(|all| all.last())
        .map(|last| &last["Condition"]);
    let via = condition.expect("the key's")["StringLike"]["kms:ViaService"].to_string();
    assert!(via.contains("sqs.cn-north-1.amazonaws.com.cn"), "{via}");
}
