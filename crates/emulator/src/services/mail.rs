//! SES: mail is taken in both of its APIs, and delivered nowhere.

use bytes::Bytes;
use serde_json::{Value, json};

use super::called::Protocol;
use super::refusal::{Replied, ServiceError, parsed, reply, reply_json};
use super::settings::{Advice, Missing};
use crate::query::xml;

const NAMESPACE: &str = "http://ses.amazonaws.com/doc/2010-12-01/";

/// Recipients of one mail. Source: Amazon SES Developer Guide, "Service quotas".
const RECIPIENTS_MAX: usize = 50;

/// The lists of a mail's recipients.
const LISTS: [&str; 3] = ["ToAddresses", "CcAddresses", "BccAddresses"];

/// Whether mail is taken.
pub(super) struct Mail {
    is_taken: bool,
    advice: Advice,
}

impl Mail {
    pub(super) fn new(is_taken: bool, advice: Advice) -> Self {
        Self { is_taken, advice }
    }

    /// `SendEmail` of the API of 2019 (REST, JSON) or of that of 2010 (forms), and the latter's `SendRawEmail`.
    pub(super) fn send(&self, protocol: Protocol, operation: &str, body: &Bytes) -> Replied {
        if !self.is_taken {
            let advice = (self.advice)(&Missing::Email);
            return Err(ServiceError::new("MessageRejected", 400, advice).for_want());
        }
        match protocol {
            Protocol::Query => check_form(operation, body)?,
            _ => check_mail(&parsed(body)?)?,
        }
        let id = format!("010001{}-000000", uuid::Uuid::new_v4());
        Ok(match protocol {
            Protocol::Query => {
                let (result, request) =
                    (format!("<MessageId>{id}</MessageId>"), uuid::Uuid::new_v4());
                let xml = xml::reply(NAMESPACE, operation, Some(&result), &request.to_string());
                reply(protocol, xml.into())
            }
            _ => reply_json(protocol, &json!({"MessageId": id})),
        })
    }
}

fn check_mail(mail: &Value) -> Result<(), ServiceError> {
    let refused = |message: String| Err(ServiceError::new("BadRequestException", 400, message));
    let content = &mail["Content"];
    let kinds = ["Simple", "Raw", "Template"];
    let kinds: Vec<_> = kinds
        .into_iter()
        .filter(|kind| content[kind].is_object())
        .collect();
    match kinds[..] {
        ["Raw" | "Template"] => {}
        ["Simple"] => {
            let simple = &content["Simple"];
            let body = ["Text", "Html"].map(|part| simple["Body"][part]["Data"].is_string());
            if !simple["Subject"]["Data"].is_string() || !body.contains(&true) {
                return refused("A simple mail has a subject, and a body as text or HTML.".into());
            }
        }
        _ => return refused("Content has one of Simple, Raw and Template.".into()),
    }
    let raw = content["Raw"].is_object();
    let recipients = LISTS.map(|list| mail["Destination"][list].as_array().map_or(0, Vec::len));
    if !raw && !mail["FromEmailAddress"].is_string() {
        return refused("FromEmailAddress is missing.".into());
    }
    match recipients.iter().sum() {
        // The header fields of a raw mail name them as well.
        0 if !raw => refused("The mail has no recipient.".into()),
        count if count > RECIPIENTS_MAX => refused(format!(
            "The mail has {count} recipients, and may have {RECIPIENTS_MAX}."
        )),
        _ => Ok(()),
    }
}

fn check_form(operation: &str, form: &[u8]) -> Result<(), ServiceError> {
    let refused = |message: String| Err(ServiceError::new("ValidationError", 400, message));
    let (mut recipients, mut source, mut subject, mut body, mut raw) =
        (0, false, false, false, false);
    for (name, value) in form_urlencoded::parse(form) {
        let mut parts = name.split('.');
        match (parts.next(), parts.next()) {
            (Some("Destination"), Some(list)) if LISTS.contains(&list) => recipients += 1,
            (Some("Source"), None) => source = !value.is_empty(),
            (Some("Message"), Some("Subject")) => subject = true,
            (Some("Message"), Some("Body")) => body = true,
            (Some("RawMessage"), Some("Data")) => raw = !value.is_empty(),
            _ => {}
        }
    }
    if operation == "SendRawEmail" {
        return match raw {
            true => Ok(()),
            false => refused("RawMessage.Data is missing.".into()),
        };
    }
    for (is_there, what) in [
        (source, "Source"),
        (subject, "Message.Subject"),
        (body, "Message.Body"),
        (recipients > 0, "Destination"),
    ] {
        if !is_there {
            return refused(format!("{what} is missing."));
        }
    }
    match recipients {
        count if count > RECIPIENTS_MAX => refused(format!(
            "The mail has {count} recipients, and may have {RECIPIENTS_MAX}."
        )),
        _ => Ok(()),
    }
}
