//! The MD5 digests SQS answers a send with, over the body and over the attributes.
//!
//! The algorithm for attributes is the one in the SQS developer guide, "Calculating the MD5 message
//! digest for message attributes".

use md5::{Digest, Md5};

use super::handle::{Md5Text, md5_text};
use orderproof_machines::queue::{AttributeValue, MessageAttribute};

/// Of a message body.
pub fn md5_of_body(body: &str) -> Md5Text {
    md5_text(Md5::digest(body.as_bytes()).into())
}

/// Of message attributes; none when there are none.
pub fn md5_of_attributes(attributes: &[(String, MessageAttribute)]) -> Option<Md5Text> {
    if attributes.is_empty() {
        return None;
    }
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    let mut digest = Md5::new();
    for (name, attribute) in sorted {
        update(&mut digest, name.as_bytes());
        update(&mut digest, attribute.data_type.as_bytes());
        match &attribute.value {
            AttributeValue::Text(text) => {
                digest.update([1]);
                update(&mut digest, text.as_bytes());
            }
            AttributeValue::Binary(bytes) => {
                digest.update([2]);
                update(&mut digest, bytes);
            }
        }
    }
    Some(md5_text(digest.finalize().into()))
}

fn update(digest: &mut Md5, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("attributes are below 1 MiB");
    digest.update(length.to_be_bytes());
    digest.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_other_implementations_give() {
        assert_eq!(
            &*md5_of_body("hello"),
            "5d41402abc4b2a76b9719d911017c592",
            "md5sum's own answer"
        );
        assert_eq!(md5_of_attributes(&[]), None);
        let attribute = MessageAttribute {
            data_type: "Number".to_owned(),
            value: AttributeValue::Text("1493147359900".to_owned()),
        };
        assert_eq!(
            md5_of_attributes(&[("timestamp".to_owned(), attribute)]).as_deref(),
            Some("235c5c510d26fb653d073faed50ae77c"),
            "the answer in moto's own tests"
        );
    }
}
