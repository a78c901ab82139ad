//! The Query protocol, which clients spoke before the JSON protocol: forms in, XML out.
//!
//! This is the one place that knows it: a form becomes the request of the JSON protocol that says the same, and that
//! request's reply becomes XML. The operations do not know which it was. Names are those of the API reference of version
//! 2012-11-05. Only `POST` is served: a page in a browser can make others `GET` an address without telling whose page
//! it is.

mod form;
mod xml;

use serde_json::Value;

use crate::sqs::error::{SqsError, SqsErrorKind};

/// A form, as a request of the JSON protocol.
#[derive(Debug)]
pub(in crate::sqs) struct Request {
    /// Its action.
    pub(in crate::sqs) operation: String,
    /// The `X-Amz-Target` it would have.
    pub(in crate::sqs) target: String,
    pub(in crate::sqs) body: Vec<u8>,
}

/// Reads a form that was sent to `path`, which names the queue where the form does not.
pub(in crate::sqs) fn read(form: &[u8], path: &str) -> Result<Request, SqsError> {
    let form = form::parse(form)?;
    let operation = form.text("Action").unwrap_or_default();
    if operation.is_empty() {
        return Err(SqsError::new(
            SqsErrorKind::MissingAction,
            "The request must contain the parameter Action.",
        ));
    }
    let mut input = form::input(&form)?;
    if !input.contains_key("QueueUrl") && path.trim_matches('/').contains('/') {
        let url = format!("http://localhost{path}");
        input.insert("QueueUrl".to_owned(), Value::String(url));
    }
    if operation == "CreateQueue"
        && let Some(tags) = input.remove("Tags")
    {
        // The model writes this one member in lower case.
        input.insert("tags".to_owned(), tags);
    }
    Ok(Request {
        operation: operation.to_owned(),
        target: format!("AmazonSQS.{operation}"),
        body: serde_json::to_vec(&input).expect("texts and numbers are always JSON"),
    })
}

/// The reply of the JSON protocol as XML.
pub(in crate::sqs) fn reply(
    operation: &str,
    json: &[u8],
    request_id: &str,
) -> Result<Vec<u8>, SqsError> {
    let reply: Value = serde_json::from_slice(json)
        .map_err(|error| SqsError::new(SqsErrorKind::InternalFailure, error.to_string()))?;
    Ok(xml::reply(operation, &reply, request_id).into_bytes())
}

/// An error as XML.
pub(in crate::sqs) fn refusal(error: &SqsError, request_id: &str) -> Vec<u8> {
    xml::refusal(error, request_id).into_bytes()
}

#[cfg(test)]
mod tests;
