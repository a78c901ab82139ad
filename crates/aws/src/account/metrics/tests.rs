//! What CloudWatch answers over the wire (its JSON protocol), read into series.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::{has_metrics, read_metrics};
use crate::results::{CloudWatch, CloudWatchMetric};
use crate::scenario::{AwsTarget, ProcessorPlace};
use crate::store::Session;

/// One query's result: its id, its state and its points.
type Answer = (&'static str, &'static str, &'static [(f64, f64)]);

fn page(results: &[Answer], next: Option<&str>) -> Vec<u8> {
    let result = |&(id, status, points): &Answer| {
        let times: Vec<_> = points.iter().map(|point| point.0).collect();
        let values: Vec<_> = points.iter().map(|point| point.1).collect();
        json!({ "Id": id, "StatusCode": status, "Timestamps": times, "Values": values })
    };
    let results: Vec<_> = results.iter().map(result).collect();
    let page = json!({ "MetricDataResults": results, "NextToken": next });
    page.to_string().into_bytes()
}

fn error(code: &str, message: &str) -> Vec<u8> {
    let kind = format!("com.amazonaws.cloudwatch#{code}");
    let body = json!({ "__type": kind, "message": message });
    body.to_string().into_bytes()
}

/// Answers a request a connection with these statuses and bodies in turn, the last again and again, and tells
/// what it was asked: the head and the body.
fn stub(answers: Vec<(u16, Vec<u8>)>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let (asked, bodies) = channel();
    std::thread::spawn(move || {
        let mut turn = 0;
        for stream in listener.incoming().flatten() {
            let reply = &answers[turn.min(answers.len() - 1)];
            turn += usize::from(answer(&stream, reply, &asked).is_some());
        }
    });
    (format!("http://{address}"), bodies)
}

fn answer(mut stream: &TcpStream, reply: &(u16, Vec<u8>), asked: &Sender<String>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        first.push_str(&line);
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let _ = asked.send(format!("{first}{}", String::from_utf8_lossy(&body)));
    let (status, body) = reply;
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/x-amz-json-1.0\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .ok()?;
    stream.write_all(body).ok()?;
    stream.shutdown(std::net::Shutdown::Write).ok()
}

const START_S: u64 = 1_700_000_047;
/// The minute the run begins in.
const MINUTE: f64 = 1_700_000_040.0;

fn at(url: String) -> AwsTarget {
    AwsTarget {
        endpoint_url: Some(url),
        region: Some("us-east-1".into()),
        ..AwsTarget::default()
    }
}

/// Reads what is answered of a run of 150 s, which touches three minutes.
async fn read(target: &AwsTarget) -> CloudWatch {
    let session = Session::open(target).await.expect("a session");
    let session = session.with_credentials("test", "test");
    let from = SystemTime::UNIX_EPOCH + Duration::from_secs(START_S);
    read_metrics(&session, target, from, from + Duration::from_secs(150)).await
}

#[tokio::test]
async fn points_of_several_pages_are_put_together_by_metric() {
    let more: &[(f64, f64)] = &[(MINUTE, 3.0)];
    let first = [
        ("m0", "PartialData", more),
        ("m4", "Complete", &[(MINUTE, 1.0)]),
    ];
    let second: &[(f64, f64)] = &[(MINUTE + 60.0, 4.0), (MINUTE + 120.0, 0.0)];
    let third: &[(f64, f64)] = &[(MINUTE, 2.0), (MINUTE + 120.0, 9.0)];
    let last = [("m0", "Complete", second), ("m8", "Complete", third)];
    let (url, asked) = stub(vec![
        (200, page(&first, Some("token-2"))),
        (200, page(&last, None)),
    ]);
    let seen = read(&at(url)).await;
    assert_eq!(
        seen.points(CloudWatchMetric::ThrottledInvocations),
        [(-7, 3.0), (53, 4.0), (113, 0.0)],
        "a minute is told by its beginning, the first one before the run's"
    );
    assert_eq!(
        seen.points(CloudWatchMetric::OldestMessageAgeS),
        [(-7, 1.0)]
    );
    assert_eq!(
        seen.points(CloudWatchMetric::ConsumedWriteUnits),
        [(-7, 2.0), (113, 9.0)],
        "a minute without a point is none, and not zero"
    );
    assert_eq!((&seen.note, &seen.unread), (&None, &None), "{seen:?}");
    assert_eq!(seen.missing_minutes, 2, "the queue is furthest behind");
    let asked: Vec<_> = asked.try_iter().collect();
    let [one, two] = asked.as_slice() else {
        panic!("two requests: {asked:?}");
    };
    assert!(one.starts_with("POST / "), "{one}");
    assert!(one.contains("x-amz-target: GraniteServiceVersion20100801.GetMetricData\r\n"));
    assert!(one.contains("/us-east-1/monitoring/aws4_request"), "{one}");
    assert!(two.contains("token-2") && !one.contains("token-2"));
    for word in [
        "AWS/Lambda",
        "FunctionName",
        "lab-order-processor",
        "Throttles",
        "ConcurrentExecutions",
        "Errors",
        "Duration",
        "p99",
        "AWS/SQS",
        "QueueName",
        "orders-queue",
        "ApproximateAgeOfOldestMessage",
        "NumberOfMessagesSent",
        "NumberOfMessagesDeleted",
        "AWS/DynamoDB",
        "TableName",
        "orders",
        "WriteThrottleEvents",
        "ConsumedWriteCapacityUnits",
    ] {
        assert!(one.contains(word), "{word} is asked for");
    }
}

#[tokio::test]
async fn no_function_is_asked_about_where_there_is_none() {
    let (url, asked) = stub(vec![(200, page(&[], None))]);
    let target = AwsTarget {
        processor: ProcessorPlace::Local,
        ..at(url)
    };
    let seen = read(&target).await;
    assert_eq!(seen.series.len(), 5);
    let asked = asked.try_recv().expect("a request");
    assert!(
        asked.contains("AWS/SQS") && !asked.contains("AWS/Lambda"),
        "{asked}"
    );
}

#[tokio::test]
async fn no_points_are_all_minutes_missing_and_no_failure() {
    let (url, _asked) = stub(vec![(200, page(&[("m0", "Complete", &[])], None))]);
    let seen = read(&at(url)).await;
    assert!(!seen.has_points() && seen.unread.is_none(), "{seen:?}");
    assert_eq!((seen.series.len(), seen.missing_minutes), (9, 3));
    let whole: &[(f64, f64)] = &[(MINUTE, 1.0), (MINUTE + 60.0, 1.0), (MINUTE + 120.0, 1.0)];
    let each = [
        ("m0", "Complete", whole),
        ("m5", "Complete", whole),
        ("m8", "Complete", whole),
    ];
    let (url, _asked) = stub(vec![(200, page(&each, None))]);
    let seen = read(&at(url)).await;
    assert_eq!(
        seen.missing_minutes, 0,
        "every service's last minute is there"
    );
}

#[tokio::test]
async fn what_may_not_be_read_is_told_with_what_was_read_before() {
    let (url, _asked) = stub(vec![(403, error("AccessDenied", "User tester may not"))]);
    let seen = read(&at(url)).await;
    assert_eq!(
        seen.unread.as_deref(),
        Some("GetMetricData: AccessDenied: User tester may not")
    );
    assert!(!seen.has_points());
    let first: &[(f64, f64)] = &[(MINUTE, 3.0)];
    let (url, _asked) = stub(vec![
        (200, page(&[("m0", "Forbidden", first)], Some("token-2"))),
        (400, error("InvalidNextToken", "expired")),
    ]);
    let seen = read(&at(url)).await;
    assert_eq!(
        seen.points(CloudWatchMetric::ThrottledInvocations),
        [(-7, 3.0)]
    );
    assert_eq!(seen.note.as_deref(), Some("Throttles: Forbidden"));
    let unread = seen.unread.expect("it ended early");
    assert!(unread.contains("InvalidNextToken"), "{unread}");
}

#[tokio::test]
async fn an_endpoint_without_cloudwatch_is_told_by_its_status() {
    let (url, _asked) = stub(vec![(404, b"<html>not here</html>".to_vec())]);
    let seen = read(&at(url)).await;
    assert_eq!(
        seen.unread.as_deref(),
        Some("GetMetricData: the endpoint answers 404 and not as CloudWatch does")
    );
}

#[test]
fn who_names_only_queues_and_table_of_this_machine_has_no_cloudwatch() {
    let here = || Some("http://127.0.0.1:4566".to_owned());
    let there = || Some("https://vpce-1.sqs.us-east-1.vpce.amazonaws.com".to_owned());
    for (every, sqs, dynamodb, has, why) in [
        (None, None, None, true, "AWS"),
        (here(), None, None, true, "all of AWS on this machine"),
        (None, here(), here(), false, "a queue and a table here"),
        (None, here(), None, false, "a queue here"),
        (None, there(), None, true, "an endpoint of one's own in AWS"),
        (here(), here(), here(), true, "one for the others, too"),
    ] {
        let target = AwsTarget {
            endpoint_url: every,
            sqs_endpoint_url: sqs,
            dynamodb_endpoint_url: dynamodb,
            ..AwsTarget::default()
        };
        assert_eq!(has_metrics(&target), has, "{why}");
    }
}
