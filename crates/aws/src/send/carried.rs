//! What a message carries beside its body: attributes, a group, a deduplication id, a delay.

use std::time::Duration;

use md5::{Digest, Md5};

use super::request::write_escaped;
use crate::order::{AttributeText, MessageAttribute, OrderPlan, RequestHead};

/// In the digest, before the value of a `String` or a `Number`.
const TEXT_VALUE: u8 = 1;

/// What one message carries beside its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) attributes: Vec<MessageAttribute>,
    /// `MessageGroupId`.
    pub(super) group: Option<String>,
    /// `MessageDeduplicationId`.
    pub(super) deduplication: Option<String>,
    /// `DelaySeconds`, whole seconds.
    pub(super) delay: Option<Duration>,
    /// URL and headers, where it is sent to a server.
    pub(super) request: Option<RequestHead>,
}

impl Carried {
    /// With the message of order `k`.
    pub(super) fn of(plan: &OrderPlan, k: u64) -> Self {
        Self {
            attributes: plan.attributes(k),
            group: plan.group(k),
            deduplication: plan.deduplication(k),
            delay: plan.delay(),
            request: plan.request_head(k),
        }
    }

    /// Bytes that count against the size of a message. Source: Amazon SQS Developer Guide, "Message metadata":
    /// name, type and value of each attribute are part of it.
    pub(super) fn size(&self) -> usize {
        let size = |MessageAttribute { name, value }: &MessageAttribute| {
            name.len() + value.data_type().len() + value.text().len()
        };
        self.attributes.iter().map(size).sum()
    }

    /// Appends it to `out` as further fields of a JSON object that is open and has one already.
    pub(super) fn write_fields(&self, out: &mut Vec<u8>) {
        if !self.attributes.is_empty() {
            out.extend_from_slice(br#","MessageAttributes":{"#);
            for (index, MessageAttribute { name, value }) in self.attributes.iter().enumerate() {
                out.extend_from_slice(if index > 0 { b",\"" } else { b"\"" });
                write_escaped(name, out);
                out.extend_from_slice(br#"":{"DataType":""#);
                out.extend_from_slice(value.data_type().as_bytes());
                out.extend_from_slice(br#"","StringValue":""#);
                write_escaped(value.text(), out);
                out.extend_from_slice(br#""}"#);
            }
            out.extend_from_slice(b"}");
        }
        let texts = [
            ("MessageGroupId", &self.group),
            ("MessageDeduplicationId", &self.deduplication),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                out.extend_from_slice(b",\"");
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":\"");
                write_escaped(text, out);
                out.extend_from_slice(b"\"");
            }
        }
        if let Some(seconds) = self.delay_seconds() {
            out.extend_from_slice(br#","DelaySeconds":"#);
            out.extend_from_slice(seconds.to_string().as_bytes());
        }
    }

    /// `DelaySeconds`.
    pub(super) fn delay_seconds(&self) -> Option<i32> {
        let delay = self.delay?;
        Some(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX))
    }

    /// The MD5 of the attributes; `None` without any. Source: Amazon SQS Developer Guide, "Calculating the MD5 message
    /// digest for message attributes".
    pub(super) fn md5_of_attributes(&self) -> Option<[u8; 16]> {
        if self.attributes.is_empty() {
            return None;
        }
        let mut sorted: Vec<&MessageAttribute> = self.attributes.iter().collect();
        sorted.sort_by(|left, right| left.name.cmp(&right.name));
        let mut digest = Md5::new();
        for MessageAttribute { name, value } in sorted {
            update(&mut digest, name);
            update(&mut digest, value.data_type());
            match value {
                AttributeText::Text(text) | AttributeText::Number(text) => {
                    digest.update([TEXT_VALUE]);
                    update(&mut digest, text);
                }
            }
        }
        Some(digest.finalize().into())
    }
}

/// A text with its length before it.
fn update(digest: &mut Md5, text: &str) {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    digest.update(length.to_be_bytes());
    digest.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, text: &str) -> MessageAttribute {
        MessageAttribute {
            name: name.into(),
            value: AttributeText::Text(text.into()),
        }
    }

    fn number(name: &str, number: &str) -> MessageAttribute {
        MessageAttribute {
            name: name.into(),
            value: AttributeText::Number(number.into()),
        }
    }

    fn digest(attributes: Vec<MessageAttribute>) -> Option<String> {
        let carried = Carried {
            attributes,
            ..Carried::default()
        };
        let digest = carried.md5_of_attributes()?;
        Some(digest.map(|byte| format!("{byte:02x}")).concat())
    }

    #[test]
    fn the_digest_of_attributes_is_the_one_that_others_work_out() {
        assert_eq!(digest(Vec::new()), None);
        let stamp = number("timestamp", "1493147359900");
        let known = "235c5c510d26fb653d073faed50ae77c";
        assert_eq!(digest(vec![stamp]).as_deref(), Some(known), "moto's tests");
        let several = || {
            vec![
                text("tenant", "zürich \"7\""),
                number("n", "-1.50"),
                text("N", "x"),
            ]
        };
        let known = "5bebcac9622f070bc948d17cb2bc388a";
        assert_eq!(digest(several()).as_deref(), Some(known), "moto's reply");
        let mut other_way_round = several();
        other_way_round.reverse();
        assert_eq!(digest(other_way_round).as_deref(), Some(known));
        let as_text = vec![
            text("tenant", "zürich \"7\""),
            text("n", "-1.50"),
            text("N", "x"),
        ];
        assert_ne!(digest(as_text).as_deref(), Some(known), "another type");
    }

    #[test]
    fn what_counts_against_the_size_is_names_types_and_values() {
        let carried = Carried {
            attributes: vec![text("ab", "cde"), number("n", "12")],
            group: Some("a group is not counted".into()),
            ..Carried::default()
        };
        assert_eq!(carried.size(), (2 + 6 + 3) + (1 + 6 + 2));
        assert_eq!(Carried::default().size(), 0);
    }
}
