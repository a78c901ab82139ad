//! The JSON protocol: one request's target and body in, one reply's body or an error out; `query` puts the older
//! protocol in front of it.
//!
//! It reads and writes AWS's shapes and leaves every decision about queues to the engine.

mod batches;
mod messages;
mod moves;
pub(super) mod query;
mod queues;
mod reply;
mod request;
mod settings;

use serde::{Deserialize, Serialize};

use super::engine::SqsEngine;
use super::error::{SqsError, SqsErrorKind};
use super::site::Site;

/// What the operations work on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) engine: &'a SqsEngine,
    pub(super) site: &'a Site,
    /// Host and port as the client calls this server; none where there is no connection.
    pub(super) called: Option<&'a str>,
}

impl Context<'_> {
    /// The URL of a queue, at which this client can reach it: behind a forwarded port or under another name, that is
    /// not where the server listens.
    fn queue_url(&self, name: &str) -> String {
        match self.called {
            Some(called) if !called.is_empty() => {
                format!("http://{called}/{}/{name}", self.site.account_id)
            }
            _ => self.site.queue_url(name),
        }
    }
}

/// Carries out one request; `target` is the `X-Amz-Target` header.
pub(super) async fn answer(
    context: Context<'_>,
    target: &str,
    body: &[u8],
) -> Result<Vec<u8>, SqsError> {
    match target.strip_prefix("AmazonSQS.").unwrap_or_default() {
        "SendMessageBatch" => batches::send(context, parse(body)?),
        "SendMessage" => messages::send(context, parse(body)?),
        "ReceiveMessage" => messages::receive(context, parse(body)?).await,
        "DeleteMessageBatch" => batches::delete(context, parse(body)?),
        "DeleteMessage" => messages::delete(context, parse(body)?),
        "ChangeMessageVisibility" => messages::change_visibility(context, parse(body)?),
        "ChangeMessageVisibilityBatch" => batches::change_visibility(context, parse(body)?),
        "GetQueueAttributes" => queues::get_attributes(context, parse(body)?),
        "SetQueueAttributes" => queues::set_attributes(context, parse(body)?),
        "GetQueueUrl" => queues::get_url(context, parse(body)?),
        "CreateQueue" => queues::create(context, parse(body)?),
        "DeleteQueue" => queues::delete(context, parse(body)?),
        "PurgeQueue" => queues::purge(context, parse(body)?),
        "ListQueues" => queues::list(context, parse(body)?),
        "ListDeadLetterSourceQueues" => queues::list_sources(context, parse(body)?),
        "TagQueue" => queues::tag(context, parse(body)?),
        "UntagQueue" => queues::untag(context, parse(body)?),
        "ListQueueTags" => queues::list_tags(context, parse(body)?),
        "StartMessageMoveTask" => moves::start(context, parse(body)?),
        "ListMessageMoveTasks" => moves::list(context, parse(body)?),
        "CancelMessageMoveTask" => moves::cancel(context, parse(body)?),
        operation @ ("AddPermission" | "RemovePermission") => Err(SqsError::new(
            SqsErrorKind::UnsupportedOperation,
            format!("The embedded SQS does not serve {operation}."),
        )),
        "" => Err(SqsError::new(
            SqsErrorKind::InvalidAction,
            format!("The action {target} is not one of SQS's (header X-Amz-Target)."),
        )),
        // A form has no header: its action stands here as a JSON request's does.
        operation => Err(SqsError::new(
            SqsErrorKind::InvalidAction,
            format!("The action {operation} is not valid for this endpoint."),
        )),
    }
}

/// An error as the body of a reply.
pub(super) fn refusal(error: &SqsError) -> Vec<u8> {
    let refusal = reply::ErrorBody {
        kind: error.kind.json_type(),
        message: &error.message,
    };
    serde_json::to_vec(&refusal).expect("two texts are always JSON")
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, SqsError> {
    serde_json::from_slice(body).map_err(|error| {
        SqsError::new(
            SqsErrorKind::MalformedRequest,
            format!("The request's body is not what the operation takes: {error}."),
        )
    })
}

fn write(reply: &impl Serialize) -> Result<Vec<u8>, SqsError> {
    serde_json::to_vec(reply)
        .map_err(|error| SqsError::new(SqsErrorKind::InternalFailure, error.to_string()))
}

/// Seconds a client may give, from 0 to `most`.
fn seconds(name: &str, value: i64, most: u64) -> Result<std::time::Duration, SqsError> {
    match u64::try_from(value) {
        Ok(value) if value <= most => Ok(std::time::Duration::from_secs(value)),
        _ => Err(SqsError::value(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be >= 0 and <= {most}, if \
             provided."
        ))),
    }
}
