//! Publish, and how a message stands in a form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Done, required};
use crate::doors::sns::error::{SnsError, SnsErrorKind};
use crate::doors::sns::{Published, TopicMessage, arn};
use crate::doors::{Door, Doors};
use crate::query::form::Form;
use crate::query::xml::leaf;
use crate::sqs::{AttributeValue, MessageAttribute};

pub(super) fn publish(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    if form.text("PhoneNumber").is_some() {
        return Err(SnsError::parameter(
            "PhoneNumber Reason: the embedded SNS sends no text messages",
        ));
    }
    let topic = match form.text("TopicArn").or(form.text("TargetArn")) {
        Some(topic) => arn::topic(topic)?,
        None => required(form, "TopicArn")?,
    };
    let message = message(form).inspect_err(|_| doors.refuse_at(&Door::topic(topic)))?;
    let published = doors.publish(topic, message)?;
    let mut xml = String::new();
    described(&mut xml, &published);
    Ok(Some(xml))
}

/// Id and sequence number.
pub(super) fn described(xml: &mut String, published: &Published) {
    leaf(xml, "MessageId", &published.message_id);
    if let Some(number) = &published.sequence_number {
        leaf(xml, "SequenceNumber", number);
    }
}

/// A message of a form, or of an entry of a batch.
pub(super) fn message(form: &Form) -> Result<TopicMessage, SnsError> {
    let own = |name: &str| form.text(name).map(str::to_owned);
    let is_structured = match form.text("MessageStructure") {
        None | Some("") => false,
        Some("json") => true,
        Some(_) => return Err(SnsError::parameter("MessageStructure")),
    };
    let attributes = form.entries("MessageAttributes");
    let attributes = attributes.into_iter().map(attribute);
    Ok(TopicMessage {
        message: own("Message").unwrap_or_default(),
        subject: own("Subject"),
        is_structured,
        attributes: attributes.collect::<Result<_, _>>()?,
        group_id: own("MessageGroupId"),
        deduplication_id: own("MessageDeduplicationId"),
    })
}

fn attribute(entry: &Form) -> Result<(String, MessageAttribute), SnsError> {
    let name = entry.text("Name").unwrap_or_default();
    let value = entry.part("Value");
    let text = |field| value.and_then(|value| value.text(field));
    let invalid = || {
        SnsError::new(
            SnsErrorKind::InvalidParameterValue,
            format!(
                "The message attribute '{name}' must contain non-empty message attribute value of its type."
            ),
        )
    };
    let content = match (text("StringValue"), text("BinaryValue")) {
        (Some(text), None) => AttributeValue::Text(text.to_owned()),
        (None, Some(base64)) => {
            AttributeValue::Binary(STANDARD.decode(base64).map_err(|_| invalid())?)
        }
        _ => return Err(invalid()),
    };
    let attribute = MessageAttribute {
        data_type: text("DataType").unwrap_or_default().to_owned(),
        value: content,
    };
    Ok((name.to_owned(), attribute))
}
