//! What each command asks AWS, and what IAM checks for it: the one table that policies are made of.
//!
//! `tests/suite/account/policy.rs` holds it against the calls that the commands make: a proxy refuses what a policy made of
//! it does not allow, and every line must have been asked for by some command. Sources of actions and their resources: the
//! AWS Service Authorization Reference, and the API references where an operation checks more than its own action.

use super::resources::On;
use super::{CLEAN, Command, DOWN, RUN, UP, VERIFY};

/// One operation of AWS that commands call.
pub struct Need {
    /// The service and the operation, as its requests name it.
    pub operation: &'static str,
    /// The actions that IAM checks for it.
    pub actions: &'static [&'static str],
    /// On what.
    pub(super) on: On,
    /// The commands that call it.
    pub commands: &'static [Command],
}

const fn need(
    operation: &'static str,
    actions: &'static [&'static str],
    on: On,
    commands: &'static [Command],
) -> Need {
    Need {
        operation,
        actions,
        on,
        commands,
    }
}

const ALL: &[Command] = &[RUN, VERIFY, CLEAN, UP, DOWN];
/// Who looks at a target's settings as `preflight` does.
const LOOK: &[Command] = &[RUN, VERIFY];
const READ: &[Command] = &[RUN, VERIFY, CLEAN];

/// Every operation. STS `GetCallerIdentity` is called, too, and needs no permission.
#[rustfmt::skip]
pub const NEEDS: &[Need] = &[
    need("SQS GetQueueUrl", &["sqs:GetQueueUrl"], On::Queues, ALL),
    need("SQS GetQueueAttributes", &["sqs:GetQueueAttributes"], On::Queues, ALL),
    need("SQS ListQueueTags", &["sqs:ListQueueTags"], On::Queues, ALL),
    need("DynamoDB DescribeTable", &["dynamodb:DescribeTable"], On::Tables, ALL),
    need("DynamoDB DescribeTimeToLive", &["dynamodb:DescribeTimeToLive"], On::Tables, ALL),
    need("DynamoDB ListTagsOfResource", &["dynamodb:ListTagsOfResource"], On::Tables, ALL),
    need("DynamoDB Scan", &["dynamodb:Scan"], On::Tables, ALL),
    // Who else takes from the queues, and the function.
    need("Lambda ListEventSourceMappings", &["lambda:ListEventSourceMappings"], On::Anything, LOOK),
    need("Lambda GetFunctionConfiguration", &["lambda:GetFunctionConfiguration"], On::Function, LOOK),
    need("Lambda GetFunctionConcurrency", &["lambda:GetFunctionConcurrency"], On::Function, LOOK),
    need("Lambda GetAccountSettings", &["lambda:GetAccountSettings"], On::AnythingOfFunction, LOOK),
    // What stands before the orders queue, and the queues in which it leaves what it could not hand on.
    need("SNS GetTopicAttributes", &["sns:GetTopicAttributes"], On::Topic, LOOK),
    need("SNS ListSubscriptionsByTopic", &["sns:ListSubscriptionsByTopic"], On::Topic, LOOK),
    need("SNS GetSubscriptionAttributes", &["sns:GetSubscriptionAttributes"], On::AnythingOfTopic, LOOK),
    need("EventBridge DescribeEventBus", &["events:DescribeEventBus"], On::Bus, LOOK),
    need("EventBridge ListRuleNamesByTarget", &["events:ListRuleNamesByTarget"], On::AnythingOfBus, LOOK),
    need("EventBridge DescribeRule", &["events:DescribeRule"], On::Rules, LOOK),
    need("EventBridge ListTargetsByRule", &["events:ListTargetsByRule"], On::Rules, LOOK),
    need("SQS GetQueueUrl", &["sqs:GetQueueUrl"], On::FailureQueues, LOOK),
    need("SQS GetQueueAttributes", &["sqs:GetQueueAttributes"], On::FailureQueues, LOOK),
    need("SQS ListQueueTags", &["sqs:ListQueueTags"], On::FailureQueues, LOOK),
    // Sending.
    need("SQS SendMessage", &["sqs:SendMessage"], On::OrdersQueue, &[RUN]),
    need("SQS SendMessageBatch", &["sqs:SendMessage"], On::OrdersQueue, &[RUN]),
    need("SNS Publish", &["sns:Publish"], On::Topic, &[RUN]),
    need("SNS PublishBatch", &["sns:Publish"], On::Topic, &[RUN]),
    need("EventBridge PutEvents", &["events:PutEvents"], On::Bus, &[RUN]),
    need("DynamoDB BatchWriteItem", &["dynamodb:BatchWriteItem"], On::TablesBefore, &[RUN]),
    need("DynamoDB PutItem", &["dynamodb:PutItem"], On::TablesBefore, &[RUN]),
    // Functions of this process: what they take, and what the built-in one writes.
    need("SQS ReceiveMessage", &["sqs:ReceiveMessage"], On::PolledQueues, &[RUN]),
    need("SQS DeleteMessage", &["sqs:DeleteMessage"], On::PolledQueues, &[RUN]),
    need("SQS DeleteMessageBatch", &["sqs:DeleteMessage"], On::PolledQueues, &[RUN]),
    need("DynamoDB PutItem", &["dynamodb:PutItem"], On::TableOfLab, &[RUN]),
    // Reading everything back.
    need("SQS ReceiveMessage", &["sqs:ReceiveMessage"], On::LetterQueues, READ),
    need("SQS ChangeMessageVisibility", &["sqs:ChangeMessageVisibility"], On::LetterQueues, &[RUN]),
    need("SQS ChangeMessageVisibilityBatch", &["sqs:ChangeMessageVisibility"], On::LetterQueues, READ),
    need("SQS DeleteMessage", &["sqs:DeleteMessage"], On::OwnDeadLetters, &[RUN]),
    need("SQS DeleteMessageBatch", &["sqs:DeleteMessage"], On::OwnDeadLetters, &[RUN]),
    need("DynamoDB BatchGetItem", &["dynamodb:BatchGetItem"], On::KeyedTables, LOOK),
    need("CloudWatch GetMetricData", &["cloudwatch:GetMetricData"], On::Anything, &[RUN]),
    // Removing a run's rows and letters.
    need("DynamoDB BatchWriteItem", &["dynamodb:BatchWriteItem"], On::Tables, &[CLEAN]),
    need("SQS DeleteMessageBatch", &["sqs:DeleteMessage"], On::LetterQueues, &[CLEAN]),
    // Creating and deleting. Both are tagged as they are created, which takes a permission of its own.
    need("SQS CreateQueue", &["sqs:CreateQueue", "sqs:TagQueue"], On::Queues, &[UP]),
    need("DynamoDB CreateTable", &["dynamodb:CreateTable", "dynamodb:TagResource"], On::Tables, &[UP]),
    need("SQS DeleteQueue", &["sqs:DeleteQueue"], On::Queues, &[DOWN]),
    need("DynamoDB DeleteTable", &["dynamodb:DeleteTable"], On::Tables, &[DOWN]),
];
