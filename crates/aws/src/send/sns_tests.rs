//! The form that SNS is sent, and what its replies prove: the answers are those of the Amazon SNS API Reference.

use proptest::prelude::*;

use super::*;
use crate::ledger::Outcome;
use crate::order::{AttributeText, OrderPlan, RunId};

fn batch(count: u64) -> Batch {
    let plan = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.5);
    let mut batch = Batch::new();
    batch.fill(&plan, 0..count);
    batch
}

/// A form's pairs, decoded by another hand than the one that wrote them.
fn pairs(form: &[u8]) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'%' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                b'+' => b' ',
                other => other,
            });
        }
        String::from_utf8(bytes).unwrap()
    };
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        (decode(name), decode(value))
    };
    std::str::from_utf8(form)
        .unwrap()
        .split('&')
        .map(pair)
        .collect()
}

fn outcomes(reply: &SendReply) -> Vec<(Outcome, Option<&str>)> {
    let entries = reply.entries.iter();
    entries
        .map(|entry| (entry.outcome, entry.reason.as_deref()))
        .collect()
}

#[test]
fn one_order_is_published_and_several_as_members_of_a_batch() {
    let mut out = Vec::new();
    write_request(
        "arn:aws:sns:us-east-1:123456789012:orders",
        &batch(1),
        &mut out,
    );
    let one = pairs(&out);
    let names: Vec<_> = one.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Action", "Version", "TopicArn", "Message"]);
    assert_eq!(one[0].1, "Publish");
    assert_eq!(one[3].1.as_bytes(), batch(1).body(0));

    let mut out = Vec::new();
    write_request("arn", &batch(3), &mut out);
    let many = pairs(&out);
    assert_eq!(many[0].1, "PublishBatch");
    for index in 0..3 {
        let value = |name: &str| {
            let name = format!("PublishBatchRequestEntries.member.{}.{name}", index + 1);
            let found = many.iter().find(|(known, _)| *known == name);
            found
                .unwrap_or_else(|| panic!("{name}: {many:?}"))
                .1
                .clone()
        };
        assert_eq!(value("Id"), index.to_string());
        assert_eq!(value("Message").as_bytes(), batch(3).body(index));
    }
}

#[test]
fn attributes_group_and_deduplication_go_with_the_message() {
    let carried = Carried {
        attributes: vec![MessageAttribute {
            name: "tenant".into(),
            value: AttributeText::Number("7".into()),
        }],
        group: Some("g 1".into()),
        deduplication: Some("d".into()),
        ..Carried::default()
    };
    let mut out = b"x=y".to_vec();
    write_carried(&carried, "", &mut out);
    let expected = [
        ("x", "y"),
        ("MessageAttributes.entry.1.Name", "tenant"),
        ("MessageAttributes.entry.1.Value.DataType", "Number"),
        ("MessageAttributes.entry.1.Value.StringValue", "7"),
        ("MessageGroupId", "g 1"),
        ("MessageDeduplicationId", "d"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(pairs(&out), expected);
}

const PUBLISHED: &str = "<PublishResponse xmlns=\"https://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult>\
    <MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult><ResponseMetadata><RequestId>d7\
    </RequestId></ResponseMetadata></PublishResponse>";

fn error(code: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>m</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
}

#[test]
fn a_reply_to_one_order_proves_what_sns_said_and_nothing_else() {
    use Outcome::{Acknowledged, Indeterminate, Rejected};
    let (denied, throttled) = (error("AuthorizationError"), error("Throttled"));
    let (failed, twice) = (
        error("InternalError"),
        PUBLISHED.replace("</MessageId>", "</MessageId><MessageId>b</MessageId>"),
    );
    for (status, body, outcome, reason) in [
        (200, PUBLISHED, Acknowledged, None),
        (
            200,
            &PUBLISHED[..PUBLISHED.len() - 5],
            Indeterminate,
            Some("unreadable reply"),
        ),
        (200, twice.as_str(), Indeterminate, Some("unreadable reply")),
        (
            200,
            "<PublishResponse></PublishResponse>",
            Indeterminate,
            Some("no message id in the reply"),
        ),
        (200, "", Indeterminate, Some("unreadable reply")),
        (
            200,
            "{\"MessageId\": \"x\"}",
            Indeterminate,
            Some("unreadable reply"),
        ),
        (403, denied.as_str(), Rejected, Some("AuthorizationError")),
        (429, throttled.as_str(), Rejected, Some("Throttled")),
        (400, failed.as_str(), Indeterminate, Some("InternalError")),
        (500, failed.as_str(), Indeterminate, Some("reply 500")),
        (
            403,
            "<html>",
            Indeterminate,
            Some("reply 403 without an error of SNS"),
        ),
        (408, denied.as_str(), Indeterminate, Some("reply 408")),
        (302, PUBLISHED, Indeterminate, Some("reply 302")),
    ] {
        let reply = classify(status, body.as_bytes(), &batch(1));
        assert_eq!(outcomes(&reply), [(outcome, reason)], "{status} {body}");
    }
}

fn answer(successful: &[&str], failed: &[(&str, &str, &str)]) -> String {
    let success = |id: &&str| format!("<member><Id>{id}</Id><MessageId>m{id}</MessageId></member>");
    let failure = |(id, code, fault): &(&str, &str, &str)| {
        format!(
            "<member><Id>{id}</Id><Code>{code}</Code><Message>m</Message><SenderFault>{fault}</SenderFault></member>"
        )
    };
    let successful: String = successful.iter().map(success).collect();
    let failed: String = failed.iter().map(failure).collect();
    format!(
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult><Failed>{failed}</Failed>\
         <Successful>{successful}</Successful></PublishBatchResult></PublishBatchResponse>"
    )
}

#[test]
fn of_a_batch_each_entry_is_named_once_or_stays_in_doubt() {
    use Outcome::{Acknowledged, Indeterminate, Rejected};
    let all = |body: &str| classify(200, body.as_bytes(), &batch(3));
    let reply = all(&answer(&["0", "2"], &[("1", "InvalidParameter", "true")]));
    assert_eq!(
        outcomes(&reply),
        [
            (Acknowledged, None),
            (Rejected, Some("InvalidParameter")),
            (Acknowledged, None)
        ]
    );
    let reply = all(&answer(&["0"], &[("1", "InternalError", "false")]));
    assert_eq!(
        outcomes(&reply),
        [
            (Acknowledged, None),
            (Indeterminate, Some("InternalError")),
            (Indeterminate, Some("not named in the reply")),
        ]
    );
    let reply = all(&answer(&["0", "1", "1", "9"], &[("2", "X", "maybe")]));
    assert_eq!(
        outcomes(&reply),
        [
            (Acknowledged, None),
            (Indeterminate, Some("named twice in the reply")),
            (Indeterminate, Some("unreadable entry in the reply")),
        ]
    );
    let reply = all(PUBLISHED);
    assert!(
        outcomes(&reply)
            .iter()
            .all(|entry| *entry == (Indeterminate, Some("unreadable reply")))
    );
}

proptest! {
    #[test]
    fn any_text_survives_the_form(text in any::<String>()) {
        let mut out = b"x=y".to_vec();
        field(&mut out, "", "Message", text.as_bytes());
        prop_assert_eq!(&pairs(&out)[1].1, &text);
    }

    #[test]
    fn no_reply_makes_it_panic_or_acknowledges_by_chance(body in "[<>/a-zA-Z&; ]{0,200}") {
        let reply = classify(200, body.as_bytes(), &batch(2));
        prop_assert!(reply.entries.iter().all(|entry| entry.outcome == Outcome::Indeterminate));
    }
}
