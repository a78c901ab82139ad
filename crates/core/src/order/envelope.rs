//! What a body is encoded as and wrapped in on its way to the queue, and how it is taken out again.

use std::borrow::Cow;
use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::body::is_json;
use super::instant::{to_the_second, write_instant};
use super::json_text::{Kind, Tree};
use super::message::MessageAttribute;
use super::mistake::Mistake;
use super::names::{Names, Placeholder};
use super::pattern::Capture;
use super::scheme::put_hyphenated;
use super::sink::{Sink, put_escaped, put_quoted};
use super::spec::{Encoding, Envelope, TimeFormat};
use super::template::Template;
use super::values::{Inserted, Values};

/// Bytes of a body once it is decoded: a message holds a mebibyte, and text shrinks to a tenth.
const DECODED_MAX: u64 = 16 << 20;

/// Encodes a body.
pub(super) fn encode(body: &str, encoding: Encoding) -> String {
    match encoding {
        Encoding::Base64 => STANDARD.encode(body),
        Encoding::GzipBase64 => {
            // No time and no name in its header, so the same body gives the same bytes.
            let mut gzip =
                flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::default());
            let written = gzip.write_all(body.as_bytes()).and_then(|()| gzip.finish());
            STANDARD.encode(written.unwrap_or_default())
        }
    }
}

/// The body that was encoded, if this is one.
pub(super) fn decode(text: &str, encoding: Encoding) -> Option<String> {
    let bytes = STANDARD.decode(text).ok()?;
    match encoding {
        Encoding::Base64 => String::from_utf8(bytes).ok(),
        Encoding::GzipBase64 => {
            let mut body = String::new();
            let mut gunzip = flate2::read::GzDecoder::new(&*bytes).take(DECODED_MAX);
            gunzip.read_to_string(&mut body).ok()?;
            Some(body)
        }
    }
}

/// An envelope, compiled.
#[derive(Debug, Clone)]
pub(super) enum Wrapper {
    /// See [`Envelope::Sns`].
    Sns,
    /// See [`Envelope::Eventbridge`].
    Eventbridge { source: String, detail_type: String },
    /// A template, and where in it the order stands.
    Template { template: Template, order: Inside },
}

/// Where in an envelope the order stands.
#[derive(Debug, Clone)]
pub(super) enum Inside {
    /// The value at this JSON pointer is the order.
    Value(String),
    /// The text at this JSON pointer holds it.
    Text(String, Template),
    /// The envelope is not JSON.
    Plain,
}

const ENVELOPE_HINT: &str =
    "write {{order}} once: envelope = '{\"type\": \"order\", \"payload\": {{order}}}'";

impl Wrapper {
    /// # Errors
    /// When a template is wrong, or does not hold `{{order}}` once.
    pub fn new(envelope: &Envelope, names: &Names) -> Result<Self, Mistake> {
        match envelope {
            Envelope::Sns => Ok(Self::Sns),
            Envelope::Eventbridge {
                source,
                detail_type,
            } => Ok(Self::Eventbridge {
                source: source.clone(),
                detail_type: detail_type.clone(),
            }),
            Envelope::Template(text) => of_template(text, &names.with_order()),
        }
    }

    /// Whether it says when the order is due.
    pub fn needs_times(&self) -> bool {
        !matches!(self, Self::Template { .. })
    }

    /// Whether the message's attributes stand within it, and not beside it: SNS without raw delivery puts them there.
    pub fn holds_attributes(&self) -> bool {
        matches!(self, Self::Sns)
    }

    /// Wraps a body; `tag` is drawn for the message.
    pub fn wrap(
        &self,
        mut values: Values<'_>,
        body: Inserted,
        attributes: &[MessageAttribute],
        tag: u128,
    ) -> String {
        let mut out = String::with_capacity(body.text.len() + 1_024);
        match self {
            Self::Sns => put_sns(&body.text, attributes, values.due_unix_ms(), tag, &mut out),
            Self::Eventbridge {
                source,
                detail_type,
            } => {
                let time = to_the_second(values.due_unix_ms());
                put_event([source, detail_type, &time, &body.text], tag, &mut out);
            }
            Self::Template { template, .. } => {
                values.set_order(body);
                template.render(&values, &mut out);
            }
        }
        out
    }

    /// The body within a message, if it is in such an envelope.
    pub fn unwrap<'t>(&self, message: &'t str) -> Option<Cow<'t, str>> {
        match self {
            Self::Sns => Some(from_topic(message)?.order),
            Self::Eventbridge { .. } => Some(from_bus(message)?.order),
            Self::Template { template, order } => order.take_from(message, template),
        }
    }
}

impl Inside {
    fn take_from<'t>(&self, message: &'t str, whole: &Template) -> Option<Cow<'t, str>> {
        let pointer = match self {
            Self::Plain => return Some(whole.matches(message)?.get(Capture::Order)?.into()),
            Self::Value(pointer) | Self::Text(pointer, _) => pointer,
        };
        let tree = Tree::of_text(message).ok()?;
        let node = tree.at(pointer)?;
        let slice = &message[node.span.clone()];
        let template = match self {
            // A body that is not JSON stands as a text.
            Self::Value(_) if matches!(node.kind, Kind::Text) => {
                return serde_json::from_str::<String>(slice).ok().map(Cow::Owned);
            }
            Self::Value(_) | Self::Plain => return Some(slice.into()),
            Self::Text(_, template) => template,
        };
        let text: String = serde_json::from_str(slice).ok()?;
        let order = template.matches(&text)?.get(Capture::Order)?.to_owned();
        Some(Cow::Owned(order))
    }
}

fn of_template(text: &str, names: &Names) -> Result<Wrapper, Mistake> {
    let is_order = |place: &&Placeholder| **place == Placeholder::Order;
    let once = |template: &Template| template.places().filter(is_order).count() == 1;
    let refused = || {
        Mistake::new(
            "the order does not stand in its envelope once",
            ENVELOPE_HINT,
        )
    };
    if !is_json(text) {
        let template = Template::text(text, names)?;
        return match once(&template) {
            true => Ok(Wrapper::Template {
                template,
                order: Inside::Plain,
            }),
            false => Err(refused()),
        };
    }
    let tree = Tree::of_template(text)?;
    let template = Template::json(text, names)?;
    let mut order = None;
    tree.root.walk("", &mut |pointer, node| {
        let slice = &text[node.span.clone()];
        let inside = match node.kind {
            Kind::Placeholder => slice.to_owned(),
            Kind::Text => serde_json::from_str(slice).unwrap_or_default(),
            _ => return,
        };
        match Template::text(&inside, names) {
            Ok(inner) if once(&inner) => {
                order = Some(match node.kind {
                    Kind::Placeholder => Inside::Value(pointer.to_owned()),
                    _ => Inside::Text(pointer.to_owned(), inner),
                });
            }
            _ => {}
        }
    });
    match order {
        Some(order) if once(&template) => Ok(Wrapper::Template { template, order }),
        _ => Err(refused()),
    }
}

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(rename = "Message", borrow)]
    message: Cow<'a, str>,
    #[serde(rename = "MessageId", borrow)]
    id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    detail: &'a RawValue,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
}

/// What stands in an envelope of SNS or of EventBridge.
pub(super) struct Arrived<'t> {
    /// As it was sent.
    pub order: Cow<'t, str>,
    /// The id that the sender was answered with.
    pub id: Option<Cow<'t, str>>,
}

/// What a topic was sent, of what it puts on a queue.
pub(super) fn from_topic(message: &str) -> Option<Arrived<'_>> {
    let sns: Notification<'_> = serde_json::from_str(message).ok()?;
    Some(Arrived {
        order: sns.message,
        id: sns.id,
    })
}

/// The detail of an event, of what a rule puts on a queue.
pub(super) fn from_bus(message: &str) -> Option<Arrived<'_>> {
    let event: Event<'_> = serde_json::from_str(message).ok()?;
    Some(Arrived {
        order: event.detail.get().into(),
        id: event.id,
    })
}

/// Where examples of AWS's own guides live.
const ACCOUNT: &str = "123456789012";
const REGION: &str = "us-east-1";

/// What SNS puts on a queue. Source: Amazon SNS Developer Guide, "Parsing Amazon SNS message formats"; with the topic's
/// signature left to the imagination.
fn put_sns(
    message: &str,
    attributes: &[MessageAttribute],
    due_unix_ms: u64,
    tag: u128,
    out: &mut String,
) {
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:orders");
    let site = format!("https://sns.{REGION}.amazonaws.com");
    out.put("{\n  \"Type\" : \"Notification\",\n  \"MessageId\" : \"");
    put_hyphenated(tag, out);
    out.put(&format!(
        "\",\n  \"TopicArn\" : \"{topic}\",\n  \"Message\" : "
    ));
    put_quoted(message, out);
    out.put(",\n  \"Timestamp\" : \"");
    write_instant(due_unix_ms, TimeFormat::Rfc3339, out);
    let signature = STANDARD.encode(tag.to_le_bytes().repeat(16));
    out.put(&format!(
        "\",\n  \"SignatureVersion\" : \"1\",\n  \"Signature\" : \"{signature}\",\n  \
         \"SigningCertURL\" : \"{site}/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem\",\n  \
         \"UnsubscribeURL\" : \"{site}/?Action=Unsubscribe&SubscriptionArn={topic}:01234567-89ab-cdef-0123-456789abcdef\"",
    ));
    if !attributes.is_empty() {
        out.put(",\n  \"MessageAttributes\" : {\n");
        for (at, attribute) in attributes.iter().enumerate() {
            let kind = attribute.value.data_type();
            out.put(if at > 0 { ",\n    " } else { "    " });
            put_quoted(&attribute.name, out);
            out.put(&format!(" : {{\"Type\":\"{kind}\",\"Value\":"));
            put_quoted(attribute.value.text(), out);
            out.put("}");
        }
        out.put("\n  }");
    }
    out.put("\n}");
}

/// What an EventBridge rule puts on a queue. Source: Amazon EventBridge User Guide, "Events".
fn put_event([source, detail_type, time, detail]: [&str; 4], tag: u128, out: &mut String) {
    out.put("{\"version\":\"0\",\"id\":\"");
    put_hyphenated(tag, out);
    out.put("\",\"detail-type\":\"");
    put_escaped(detail_type, out);
    out.put("\",\"source\":\"");
    put_escaped(source, out);
    out.put(&format!(
        "\",\"account\":\"{ACCOUNT}\",\"time\":\"{time}\",\"region\":\"{REGION}\",\"resources\":[],\"detail\":"
    ));
    out.put(detail);
    out.put("}");
}

#[cfg(test)]
#[path = "envelope_tests.rs"]
mod tests;
