//! Forms in, XML out, as clients of before the JSON protocol and `curl` have it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Status and body of the answer to a form that is sent to a path.
async fn post(site: &Site, (path, host): (&str, &str), form: &str) -> (u16, String) {
    let address = site.base_url.trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(address).await;
    let mut stream = stream.expect("the server listens");
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded; charset=utf-8\r\n\r\n{form}",
        form.len()
    );
    let written = stream.write_all(request.as_bytes()).await;
    written.expect("the server reads");
    let mut reply = String::new();
    stream
        .read_to_string(&mut reply)
        .await
        .expect("a reply in text");
    let (head, body) = reply.split_once("\r\n\r\n").expect("a reply");
    assert!(
        head.to_lowercase().contains("content-type: text/xml"),
        "{head}"
    );
    let status = head.split(' ').nth(1).expect("a status");
    (status.parse().expect("a number"), body.to_owned())
}

fn between<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).expect(name);
    rest.split_once("</").expect("its end").0
}

#[tokio::test]
async fn a_message_goes_in_by_a_form_and_comes_out_by_either_protocol() {
    let served = Served::start().await;
    let site = &served.site;
    let here = ("/", "localhost:7777");
    let (status, created) = post(site, here, "Action=CreateQueue&QueueName=orders").await;
    assert_eq!(status, 200, "{created}");
    let url = between(&created, "QueueUrl");
    assert_eq!(url, "http://localhost:7777/000000000000/orders");
    // The queue by its path, as AWS's SDK for Java of version 1 names it.
    let path = ("/000000000000/orders", "localhost:7777");
    let form = "Action=SendMessage&MessageBody=%3Ca%3E+%26+b&Version=2012-11-05";
    let (_, sent) = post(site, path, form).await;
    let md5 = crate::sqs::digest::md5_of_body("<a> & b");
    assert_eq!(between(&sent, "MD5OfMessageBody"), &*md5);
    let receive = "Action=ReceiveMessage&VisibilityTimeout=0&AttributeName.1=SentTimestamp";
    let (_, received) = post(site, path, receive).await;
    assert_eq!(between(&received, "Body"), "&lt;a&gt; &amp; b");
    assert_eq!(between(&received, "Name"), "SentTimestamp");
    let by_json = served.receive(&served.site.queue_url("orders")).await;
    assert_eq!(
        by_json[0].message_id(),
        Some(between(&received, "MessageId"))
    );
}

#[tokio::test]
async fn errors_are_xml_with_the_codes_of_old_and_the_statuses_of_old() {
    let served = Served::start().await;
    served.queue("orders").await;
    let path = ("/000000000000/orders", "localhost");
    let none = ("/000000000000/none", "localhost");
    for (place, form, status, code) in [
        (
            none,
            "Action=PurgeQueue",
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        (path, "Action=PurgeQueue", 200, ""),
        (
            path,
            "Action=PurgeQueue",
            403,
            "AWS.SimpleQueueService.PurgeQueueInProgress",
        ),
        (path, "Action=SendMessage", 400, "MissingParameter"),
        (path, "Action=Nonsense", 400, "InvalidAction"),
        (path, "Version=2012-11-05", 400, "MissingAction"),
        (
            path,
            "Action=ListMessageMoveTasks&SourceArn=arn:aws:sqs:us-east-1:0:none",
            404,
            "ResourceNotFoundException",
        ),
    ] {
        let (seen, body) = post(&served.site, place, form).await;
        assert_eq!(seen, status, "{form}: {body}");
        if !code.is_empty() {
            assert!(
                body.starts_with("<?xml version=\"1.0\"?><ErrorResponse "),
                "{body}"
            );
            assert_eq!(between(&body, "Code"), code, "{form}");
            assert_eq!(between(&body, "Type"), "Sender", "{form}");
            // A form has no such header.
            assert!(!body.contains("X-Amz-Target"), "{form}: {body}");
        }
    }
}
