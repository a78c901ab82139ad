//! The operations on whole queues.

use super::reply::{Nothing, QueueAttributes, QueueUrl, QueueUrls, SourceQueueUrls, Tags};
use super::request;
use super::{Context, settings, write};
use crate::sqs::error::SqsError;
use crate::sqs::site::name_in_url;

type Reply = Result<Vec<u8>, SqsError>;

pub(super) fn create(context: Context<'_>, input: request::CreateQueue<'_>) -> Reply {
    let Context { engine, site, .. } = context;
    let name = &*input.queue_name;
    if name.is_empty() {
        return Err(SqsError::missing("QueueName"));
    }
    let wanted = input.attributes.unwrap_or_default();
    let tags = input.tags.unwrap_or_default();
    engine.create_queue_with(name, tags, |attributes| {
        settings::apply(site, attributes, &wanted)
    })?;
    write(&QueueUrl {
        queue_url: context.queue_url(name),
    })
}

pub(super) fn delete(context: Context<'_>, input: request::OnQueue<'_>) -> Reply {
    context
        .engine
        .delete_queue(name_in_url(&input.queue_url)?)?;
    write(&Nothing {})
}

pub(super) fn purge(context: Context<'_>, input: request::OnQueue<'_>) -> Reply {
    context.engine.purge(name_in_url(&input.queue_url)?)?;
    write(&Nothing {})
}

pub(super) fn get_url(context: Context<'_>, input: request::GetQueueUrl<'_>) -> Reply {
    let name = &*input.queue_name;
    if name.is_empty() {
        return Err(SqsError::missing("QueueName"));
    }
    if !context.engine.has_queue(name) {
        return Err(SqsError::no_queue());
    }
    write(&QueueUrl {
        queue_url: context.queue_url(name),
    })
}

pub(super) fn list(context: Context<'_>, input: request::ListQueues) -> Reply {
    let prefix = input.queue_name_prefix.unwrap_or_default();
    let names = context.engine.list_queues(&prefix);
    let (queue_urls, next_token) = page(context, &names, input.max_results, input.next_token)?;
    write(&QueueUrls {
        queue_urls,
        next_token,
    })
}

pub(super) fn list_sources(
    context: Context<'_>,
    input: request::ListDeadLetterSourceQueues<'_>,
) -> Reply {
    let names = context
        .engine
        .dead_letter_sources(name_in_url(&input.queue_url)?)?;
    let (queue_urls, next_token) = page(context, &names, input.max_results, input.next_token)?;
    write(&SourceQueueUrls {
        queue_urls,
        next_token,
    })
}

/// One page of a list in order of name, and where the next one starts: after the token.
fn page(
    context: Context<'_>,
    names: &[std::sync::Arc<str>],
    max_results: Option<i64>,
    token: Option<String>,
) -> Result<(Vec<String>, Option<String>), SqsError> {
    let most = match max_results {
        None => 1000,
        Some(value @ 1..=1000) => usize::try_from(value).unwrap_or(1000),
        Some(value) => {
            return Err(SqsError::value(format!(
                "Value {value} for parameter MaxResults is invalid. Reason: must be between 1 and 1000."
            )));
        }
    };
    let rest = token.map_or(names, |last| {
        &names[names.partition_point(|name| **name <= *last)..]
    });
    let page = &rest[..rest.len().min(most)];
    let is_last = page.len() == rest.len() || max_results.is_none();
    let next_token = page
        .last()
        .filter(|_| !is_last)
        .map(|last| last.to_string());
    let urls = page.iter().map(|name| context.queue_url(name));
    Ok((urls.collect(), next_token))
}

pub(super) fn get_attributes(
    context: Context<'_>,
    input: request::GetQueueAttributes<'_>,
) -> Reply {
    let Context { engine, site, .. } = context;
    let name = name_in_url(&input.queue_url)?;
    let all = settings::describe(site, name, &engine.describe_queue(name)?);
    let names = input.attribute_names.unwrap_or_default();
    let attributes = settings::select(all, &names)?;
    write(&QueueAttributes { attributes })
}

pub(super) fn set_attributes(
    context: Context<'_>,
    input: request::SetQueueAttributes<'_>,
) -> Reply {
    let Context { engine, site, .. } = context;
    let name = name_in_url(&input.queue_url)?;
    let Some(wanted) = input.attributes else {
        return Err(SqsError::missing("Attributes"));
    };
    engine.update_attributes(name, |attributes| {
        settings::apply(site, attributes, &wanted)
    })?;
    write(&Nothing {})
}

pub(super) fn tag(context: Context<'_>, input: request::TagQueue<'_>) -> Reply {
    let name = name_in_url(&input.queue_url)?;
    let Some(new) = input.tags else {
        return Err(SqsError::missing("Tags"));
    };
    context.engine.update_tags(name, |tags| tags.extend(new))?;
    write(&Nothing {})
}

pub(super) fn untag(context: Context<'_>, input: request::UntagQueue<'_>) -> Reply {
    let name = name_in_url(&input.queue_url)?;
    let Some(keys) = input.tag_keys else {
        return Err(SqsError::missing("TagKeys"));
    };
    context
        .engine
        .update_tags(name, |tags| tags.retain(|key, _| !keys.contains(key)))?;
    write(&Nothing {})
}

pub(super) fn list_tags(context: Context<'_>, input: request::OnQueue<'_>) -> Reply {
    let tags = context.engine.tags(name_in_url(&input.queue_url)?)?;
    write(&Tags { tags })
}
