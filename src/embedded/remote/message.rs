//! Messages as the SDK gives them, and the records the function gets to see.

use aws_lambda_events::encodings::Base64Data;
use aws_lambda_events::event::sqs::{SqsMessage, SqsMessageAttribute};
use aws_sdk_sqs::types::{Message, MessageAttributeValue};

use crate::emulator::mapping::Delivery;

/// A message of a queue far away.
#[derive(Debug, Clone)]
pub struct RemoteMessage {
    id: String,
    receipt_handle: String,
    message: Message,
}

impl RemoteMessage {
    /// The message of a reply; none if it has no id, or no handle to delete it with.
    pub(super) fn new(mut message: Message) -> Option<Self> {
        Some(Self {
            id: message.message_id.take()?,
            receipt_handle: message.receipt_handle.take()?,
            message,
        })
    }

    pub(super) fn receipt_handle(&self) -> &str {
        &self.receipt_handle
    }
}

impl Delivery for RemoteMessage {
    fn message_id(&self) -> &str {
        &self.id
    }

    fn body(&self) -> &str {
        self.message.body().unwrap_or_default()
    }

    fn record(&self) -> SqsMessage {
        let mut record = SqsMessage::default();
        record.message_id = Some(self.id.clone());
        record.receipt_handle = Some(self.receipt_handle.clone());
        record.body.clone_from(&self.message.body);
        record.md5_of_body.clone_from(&self.message.md5_of_body);
        let md5_of_attributes = &self.message.md5_of_message_attributes;
        record
            .md5_of_message_attributes
            .clone_from(md5_of_attributes);
        for (name, value) in self.message.attributes().into_iter().flatten() {
            let name = name.as_str().to_owned();
            record.attributes.insert(name, value.clone());
        }
        for (name, value) in self.message.message_attributes().into_iter().flatten() {
            let value = attribute_of(value);
            record.message_attributes.insert(name.clone(), value);
        }
        record
    }
}

fn attribute_of(received: &MessageAttributeValue) -> SqsMessageAttribute {
    let mut attribute = SqsMessageAttribute::default();
    attribute.data_type = Some(received.data_type.clone());
    attribute.string_value.clone_from(&received.string_value);
    attribute.binary_value = received.binary_value.as_ref().map(|bytes| {
        let mut value = Base64Data::default();
        value.0 = bytes.as_ref().to_vec();
        value
    });
    attribute
}
