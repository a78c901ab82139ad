//! Forms as the JSON protocol has them, and replies as XML.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn input(form: &str) -> Value {
    let request = read(form.as_bytes(), "/").expect("a good form");
    serde_json::from_slice(&request.body).expect("JSON")
}

#[test]
fn a_form_says_what_json_says() {
    let form = "Action=SendMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Fh%2F0%2Fq&MessageBody=a+%26+b%0D%0A\
                &DelaySeconds=5&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=Number\
                &MessageAttribute.1.Value.StringValue=7&MessageGroupId=g";
    assert_eq!(
        input(form),
        json!({
            "Action": "SendMessage", "Version": "2012-11-05", "QueueUrl": "http://h/0/q", "MessageBody": "a & b\r\n",
            "DelaySeconds": 5, "MessageGroupId": "g",
            "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "7"}},
        })
    );
}

#[test]
fn lists_are_in_the_order_of_their_numbers() {
    let entries: Vec<_> = (1..=10)
        .map(|n| format!("DeleteMessageBatchRequestEntry.{n}.Id={n}"))
        .collect();
    let form = format!("Action=DeleteMessageBatch&{}", entries.join("&"));
    let ids: Vec<_> = (1..=10).map(|n| json!({"Id": n.to_string()})).collect();
    assert_eq!(input(&form)["Entries"], json!(ids));
}

#[test]
fn the_shorthands_of_the_guides_examples_are_read() {
    let set = input("Action=SetQueueAttributes&Attribute.Name=DelaySeconds&Attribute.Value=45");
    assert_eq!(set["Attributes"], json!({"DelaySeconds": "45"}));
    let get = input("Action=GetQueueAttributes&AttributeName=All");
    assert_eq!(get["AttributeNames"], json!(["All"]));
    let none = input("Action=SendMessageBatch&Entries=&AttributeNames=");
    assert_eq!(
        (&none["Entries"], &none["AttributeNames"]),
        (&json!([]), &json!([]))
    );
    let created = input("Action=CreateQueue&QueueName=q&Tag.1.Key=a&Tag.1.Value=b");
    assert_eq!(created["tags"], json!({"a": "b"}));
}

#[test]
fn the_path_names_the_queue_where_the_form_does_not() {
    let form = b"Action=PurgeQueue";
    for (path, expected) in [
        ("/000000000000/q", json!("http://localhost/000000000000/q")),
        ("/", Value::Null),
        ("/q", Value::Null),
    ] {
        let request = read(form, path).expect("a good form");
        let body: Value = serde_json::from_slice(&request.body).expect("JSON");
        assert_eq!(body["QueueUrl"], expected, "{path}");
    }
}

#[test]
fn what_is_no_form_of_sqs_is_refused() {
    let many = format!("Action=ListQueues{}", "&a=b".repeat(5_000));
    for (form, kind) in [
        ("", SqsErrorKind::MissingAction),
        ("Action=", SqsErrorKind::MissingAction),
        (
            "Action=ReceiveMessage&WaitTimeSeconds=soon",
            SqsErrorKind::InvalidParameterValue,
        ),
        (
            "Action=A&a.b.c.d.e.f.g.h.i=1",
            SqsErrorKind::MalformedRequest,
        ),
        (&many, SqsErrorKind::MalformedRequest),
    ] {
        let error = read(form.as_bytes(), "/").expect_err("refused");
        assert_eq!(error.kind, kind, "{form:.40}");
    }
}

#[test]
fn replies_have_the_names_of_the_reference() {
    let received = json!({"Messages": [{
        "MessageId": "m", "Body": "<a & \"b\">\r\n", "Attributes": {"SentTimestamp": "1"},
        "MessageAttributes": {"n": {"DataType": "String", "StringValue": "x"}},
    }]});
    let xml = xml::reply("ReceiveMessage", &received, "r");
    for part in [
        "<ReceiveMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><ReceiveMessageResult><Message>",
        "<Body>&lt;a &amp; &quot;b&quot;&gt;&#xD;\n</Body>",
        "<Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute>",
        "<MessageAttribute><Name>n</Name><Value><DataType>String</DataType><StringValue>x</StringValue></Value>\
         </MessageAttribute>",
        "</ReceiveMessageResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>",
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    let sent = json!({"Successful": [{"Id": "1"}], "Failed": [{"Id": "2", "SenderFault": true}]});
    let xml = xml::reply("SendMessageBatch", &sent, "r");
    assert!(xml.contains("<SendMessageBatchResultEntry><Id>1</Id></SendMessageBatchResultEntry>"));
    assert!(xml.contains("<SenderFault>true</SenderFault></BatchResultErrorEntry>"));
    assert!(!xml::reply("DeleteMessage", &json!({}), "r").contains("Result"));
}

proptest! {
    #[test]
    fn no_form_and_no_text_breaks_anything(form in prop::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
        let _ = read(&form, "/0/q");
        let xml = xml::reply("SendMessage", &json!({"MessageId": text}), "r");
        prop_assert!(!xml.contains(|c: char| c < ' ' && c != '\t' && c != '\n'));
        prop_assert_eq!(xml.matches('<').count(), xml.matches('>').count());
    }
}
