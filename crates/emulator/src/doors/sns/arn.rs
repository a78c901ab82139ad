//! The names of topics, subscriptions and queues, and their ARNs.

use super::error::SnsError;
use crate::sqs::{Site, is_fifo};

/// The longest name of a topic.
const NAME_MAX: usize = 256;

pub(super) fn of_topic(site: &Site, name: &str) -> String {
    format!("arn:aws:sns:{}:{}:{name}", site.region, site.account_id)
}

/// The name of the topic with this ARN, whatever its region and account.
pub(super) fn topic(arn: &str) -> Result<&str, SnsError> {
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "sns", _, _, name] if !name.is_empty() => Ok(name),
        _ => Err(SnsError::parameter(format!(
            "TopicArn Reason: {arn} is not the ARN of a topic"
        ))),
    }
}

/// The topic's name and the id of the subscription with this ARN.
pub(super) fn subscription(arn: &str) -> Result<(&str, &str), SnsError> {
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "sns", _, _, name, id] => Ok((name, id)),
        _ => Err(SnsError::parameter(format!(
            "SubscriptionArn Reason: {arn} is not the ARN of a subscription"
        ))),
    }
}

/// The name of the queue with this ARN.
pub(super) fn queue<'a>(parameter: &str, arn: &'a str) -> Result<&'a str, SnsError> {
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", _, "sqs", _, _, name] if !name.is_empty() => Ok(name),
        _ => Err(SnsError::parameter(format!(
            "{parameter} Reason: {arn} is not the ARN of an SQS queue"
        ))),
    }
}

/// A FIFO topic is one by its name, and no other has such a name.
pub(super) fn check_name(name: &str, is_fifo_topic: bool) -> Result<(), SnsError> {
    let bare = name.strip_suffix(".fifo").filter(|_| is_fifo_topic);
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let fits =
        |bare: &str| !bare.is_empty() && name.len() <= NAME_MAX && bare.bytes().all(is_allowed);
    match is_fifo_topic {
        false if fits(name) => Ok(()),
        true if bare.is_some_and(fits) => Ok(()),
        true => Err(SnsError::parameter(
            "Topic Name Reason: Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase \
             ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long",
        )),
        false if is_fifo(name) => Err(SnsError::parameter(
            "Topic Name Reason: only the name of a FIFO topic ends with .fifo: set the attribute FifoTopic to true",
        )),
        false => Err(SnsError::parameter(
            "Topic Name Reason: Topic names must be made up of only uppercase and lowercase ASCII letters, numbers, \
             underscores, and hyphens, and must be between 1 and 256 characters long",
        )),
    }
}
