//! Replies as they come: what counts, what is asked for again, and what never counts.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::http::StatusCode;

use super::*;

const SCAN: &str = r#"{"TableName":"orders","Limit":2000,"ConsistentRead":true}"#;
const LOOKUP: &str = r#"{"RequestItems":{"orders":{"ConsistentRead":true,
    "Keys":[{"id":{"N":"1"}},{"id":{"N":"2"}}]}}}"#;

/// Whether replies count, each with what it is an example of.
fn counts(operation: &str, asked: &str, cases: &[(&str, bool, &str)]) {
    for (body, counts, why) in cases {
        let checked = shape::check(operation, asked.as_bytes(), body.as_bytes());
        assert_eq!(checked.is_ok(), *counts, "{operation}, {why}: {checked:?}");
    }
}

#[test]
fn a_page_holds_its_items_and_their_number() {
    let one = r#"{"Items":[{"id":{"N":"1"}}],"Count":1,"ScannedCount":1}"#;
    counts(
        "Scan",
        SCAN,
        &[
            (one, true, "a page"),
            (
                r#"{"Items":[],"Count":0,"ScannedCount":0}"#,
                true,
                "no rows",
            ),
            (
                r#"{"Count":0,"Items":[],"ScannedCount":0,"LastEvaluatedKey":{"id":{"N":"1"}},"ConsumedCapacity":{"CapacityUnits":0.5}}"#,
                true,
                "no rows, and more to come",
            ),
            (
                r#"{"Items":[],"Count":0,"ScannedCount":0,"LastEvaluatedKey":null}"#,
                true,
                "null is none",
            ),
            ("", false, "nothing"),
            ("{}", false, "no member"),
            ("null", false, "null"),
            ("[]", false, "a list"),
            ("<html></html>", false, "another language"),
            (&one[..one.len() - 1], false, "cut by a byte"),
            (
                r#"{"Items":[],"Count":0,"ScannedCount":0} {}"#,
                false,
                "something after it",
            ),
            (r#"{"Count":0,"ScannedCount":0}"#, false, "no Items"),
            (
                r#"{"Items":[{"id":{"N":"1"},"id":{"N":"2"}}],"Count":1,"ScannedCount":1}"#,
                false,
                "a row with one attribute twice",
            ),
            (
                r#"{"Items":[{"id":{"N":"1"},"\u0069d":{"N":"1"}}],"Count":1,"ScannedCount":1}"#,
                false,
                "the same, spelled otherwise",
            ),
            (
                r#"{"Items":[{"id":{"N":"1"},"a":{"S":"x"},"b":{"S":"x"},"b":{"S":"y"}}],"Count":1,"ScannedCount":1}"#,
                false,
                "twice, and neither the first of the row",
            ),
            (
                r#"{"Items":[{"id":{"N":"1"},"s":{"S":"{\"a\":1,\"a\":2}"}}],"Count":1,"ScannedCount":1}"#,
                true,
                "what stands in a text is the row's own",
            ),
            (
                r#"{"Items":[{"id":{"N":"1"}}],"Count":1,"ScannedCount":1,"X":1e9,"Y":[true,null,-1]}"#,
                true,
                "members that nobody knows",
            ),
            (
                r#"{"Items":null,"Count":0,"ScannedCount":0}"#,
                false,
                "Items are null",
            ),
            (
                r#"{"Items":{},"Count":0,"ScannedCount":0}"#,
                false,
                "Items are no list",
            ),
            (
                r#"{"Items":[null],"Count":1,"ScannedCount":1}"#,
                false,
                "an item is null",
            ),
            (r#"{"Items":[],"ScannedCount":0}"#, false, "no Count"),
            (r#"{"Items":[],"Count":0}"#, false, "no ScannedCount"),
            (
                r#"{"Items":[],"Count":1,"ScannedCount":1}"#,
                false,
                "an item fewer than counted",
            ),
            (
                r#"{"Items":[{},{}],"Count":1,"ScannedCount":1}"#,
                true,
                "more than it counts: each is looked at",
            ),
            (
                r#"{"Items":[{}],"Count":1,"ScannedCount":2}"#,
                false,
                "a row was left out",
            ),
            (
                r#"{"Items":[{}],"Count":1,"ScannedCount":2,"LastEvaluatedKey":{"id":{"N":"1"}}}"#,
                false,
                "a row was left out of a page that is not the last",
            ),
            (
                r#"{"Items":[{}],"Count":1,"ScannedCount":0}"#,
                false,
                "a row that was not scanned",
            ),
            (
                r#"{"Items":[],"Count":"0","ScannedCount":0}"#,
                false,
                "a text for a number",
            ),
            (
                r#"{"Items":[],"Items":[],"Count":0,"ScannedCount":0}"#,
                false,
                "Items twice",
            ),
            (
                r#"{"Items":[],"Count":0,"ScannedCount":0,"LastEvaluatedKey":"5"}"#,
                false,
                "no key",
            ),
        ],
    );
    counts(
        "Scan",
        r#"{"TableName":"orders","Limit":1}"#,
        &[
            (one, true, "as many as asked for"),
            (
                r#"{"Items":[{},{}],"Count":2,"ScannedCount":2}"#,
                false,
                "more",
            ),
        ],
    );
    counts(
        "Scan",
        r##"{"TableName":"orders","ProjectionExpression":"#id"}"##,
        &[(
            r#"{"Items":[{}],"Count":1,"ScannedCount":2}"#,
            true,
            "who projects counts more",
        )],
    );
    counts(
        "Scan",
        r#"{"TableName":"orders","Select":"COUNT"}"#,
        &[
            (
                r#"{"Count":7,"ScannedCount":7}"#,
                true,
                "only counts were asked for",
            ),
            ("{}", false, "and they are not there"),
        ],
    );
}

#[test]
fn a_look_up_names_every_key_by_a_list_or_as_unprocessed() {
    counts(
        "BatchGetItem",
        LOOKUP,
        &[
            (
                r#"{"Responses":{"orders":[{},{}]},"UnprocessedKeys":{}}"#,
                true,
                "both are there",
            ),
            (
                r#"{"Responses":{"orders":[]},"UnprocessedKeys":{}}"#,
                true,
                "neither is",
            ),
            (
                r#"{"Responses":{"orders":[{}]},"UnprocessedKeys":{"orders":{"Keys":[{}]}}}"#,
                true,
                "one is there, one was left",
            ),
            (
                r#"{"Responses":{},"UnprocessedKeys":{"orders":{"Keys":[{},{}]}}}"#,
                true,
                "both were left, so nothing is said",
            ),
            ("", false, "nothing"),
            ("{}", false, "no member"),
            (
                r#"{"Responses":{},"UnprocessedKeys":{}}"#,
                false,
                "the table is not named",
            ),
            (
                r#"{"Responses":{},"UnprocessedKeys":{"orders":{"Keys":[{}]}}}"#,
                false,
                "one was left, the other is not named",
            ),
            (
                r#"{"Responses":{"orders":[]}}"#,
                false,
                "no UnprocessedKeys",
            ),
            (r#"{"UnprocessedKeys":{}}"#, false, "no Responses"),
            (
                r#"{"Responses":{"others":[]},"UnprocessedKeys":{}}"#,
                false,
                "another table",
            ),
            (
                r#"{"Responses":{"orders":[{},{},{}]},"UnprocessedKeys":{}}"#,
                false,
                "a row too many",
            ),
            (
                r#"{"Responses":{"orders":[{},{}]},"UnprocessedKeys":{"orders":{"Keys":[{}]}}}"#,
                false,
                "a key answered and left",
            ),
            (
                r#"{"Responses":{"orders":[{}],"orders":[]},"UnprocessedKeys":{}}"#,
                false,
                "the table twice",
            ),
            (
                r#"{"Responses":{"orders":null},"UnprocessedKeys":{}}"#,
                false,
                "no list",
            ),
        ],
    );
}

#[test]
fn what_sqs_leaves_out_may_be_left_out_and_nothing_else() {
    counts(
        "ReceiveMessage",
        "{}",
        &[
            ("{}", true, "no messages, as SQS says it"),
            (r#"{"Messages":[]}"#, true, "as others say it"),
            (
                r#"{"Messages":[{"MessageId":"m"}]}"#,
                true,
                "what it lacks is seen later",
            ),
            ("", false, "nothing"),
            (r#"{"Messages":{}}"#, false, "no list"),
            (r#"{"Messages":["m"]}"#, false, "no message"),
            (r#"{"Messages":[{"MessageId":"m"}"#, false, "cut"),
        ],
    );
    for operation in ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"] {
        counts(
            operation,
            "{}",
            &[
                (r#"{"Successful":[{"Id":"0"}],"Failed":[]}"#, true, "done"),
                (r#"{"Successful":[{"Id":"0"}]}"#, true, "no failures"),
                ("", false, "nothing"),
                (r#"{"Successful":true}"#, false, "no list"),
            ],
        );
    }
    counts(
        "GetQueueUrl",
        "{}",
        &[
            (r#"{"QueueUrl":"http://127.0.0.1/orders"}"#, true, "a URL"),
            (r#"{"QueueUrl":""}"#, false, "an empty one"),
            ("{}", false, "none"),
        ],
    );
    counts(
        "ListQueueTags",
        "{}",
        &[
            ("{}", true, "no tags"),
            ("", false, "nothing"),
            ("[]", false, "a list"),
        ],
    );
    counts(
        "BatchWriteItem",
        "{}",
        &[
            (r#"{"UnprocessedItems":{}}"#, true, "all was written"),
            ("{}", false, "who knows"),
        ],
    );
    counts(
        "DescribeTable",
        "{}",
        &[
            (r#"{"Table":{"TableStatus":"ACTIVE"}}"#, true, "a table"),
            ("{}", false, "none"),
        ],
    );
}

/// Answers with these, one after the other, and the last one for ever.
#[derive(Debug)]
struct Canned {
    replies: Vec<(u16, &'static str, Option<String>)>,
    asked: Arc<Mutex<usize>>,
}

impl HttpConnector for Canned {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let mut asked = self.asked.lock().unwrap();
        let (status, body, checksum) = &self.replies[(*asked).min(self.replies.len() - 1)];
        *asked += 1;
        let status = StatusCode::try_from(*status).unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(*body));
        if let Some(checksum) = checksum {
            response.headers_mut().insert(CHECKSUM, checksum.clone());
        }
        HttpConnectorFuture::ready(Ok(response))
    }
}

const PAGE: &str = r#"{"Items":[],"Count":0,"ScannedCount":0}"#;

/// How a request for `target` ends, and how often it was made.
async fn asked(
    target: &'static str,
    replies: Vec<(u16, &'static str, Option<String>)>,
) -> (Result<u16, String>, usize) {
    let asked = Arc::default();
    let canned = Canned {
        replies,
        asked: Arc::clone(&asked),
    };
    let mut request = HttpRequest::new(SdkBody::from(SCAN));
    request.headers_mut().insert("x-amz-target", target);
    let connector = CheckedConnector(SharedHttpConnector::new(canned));
    let response = connector.call(request).await;
    let ended = response
        .map(|response| response.status().as_u16())
        .map_err(|error| crate::store::in_words(&error));
    (ended, *asked.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_none_is_asked_for_again_and_then_an_error() {
    let scan = "DynamoDB_20120810.Scan";
    let right = crc32fast::hash(PAGE.as_bytes()).to_string();
    let wrong = || Some("1".to_owned());
    for (target, replies, status, times, why) in [
        (scan, vec![(200, PAGE, None)], Some(200), 1, "whole"),
        (
            scan,
            vec![(200, PAGE, Some(right))],
            Some(200),
            1,
            "whole, and its checksum says so",
        ),
        (
            scan,
            vec![(200, "", None), (200, PAGE, None)],
            Some(200),
            2,
            "empty once",
        ),
        (scan, vec![(200, "{}", None)], None, 3, "empty for ever"),
        (
            scan,
            vec![(206, PAGE, None)],
            None,
            3,
            "a part of something",
        ),
        (
            scan,
            vec![(200, PAGE, wrong())],
            None,
            3,
            "not what was sent",
        ),
        (
            scan,
            vec![(500, "", None)],
            Some(500),
            1,
            "the SDK reads errors",
        ),
        (
            scan,
            vec![(400, "{", wrong())],
            Some(400),
            1,
            "of either kind",
        ),
        (
            "AmazonSQS.SendMessage",
            vec![(200, "", None)],
            Some(200),
            1,
            "not looked at",
        ),
        (
            "AmazonSQS.DeleteQueue",
            vec![(200, "", None)],
            Some(200),
            1,
            "it says nothing",
        ),
    ] {
        let (ended, made) = asked(target, replies).await;
        assert_eq!(ended.as_ref().ok().copied(), status, "{why}: {ended:?}");
        assert_eq!(made, times, "{why}");
        if let Err(error) = ended {
            assert!(
                error.contains("Scan is not one of the service"),
                "{why}: {error}"
            );
        }
    }
}

/// A body in so many parts of four bytes.
struct Parts(usize);

impl hyper::body::Body for Parts {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, std::io::Error>>> {
        let left = self.0.checked_sub(1);
        std::task::Poll::Ready(left.map(|left| {
            self.0 = left;
            Ok(hyper::body::Frame::data(Bytes::from_static(b"part")))
        }))
    }
}

#[tokio::test]
async fn a_body_in_parts_is_put_together_and_one_without_end_is_given_up() {
    let response = |parts| {
        let status = StatusCode::try_from(200).unwrap();
        HttpResponse::new(status, SdkBody::from_body_1_x(Parts(parts)))
    };
    for (parts, whole) in [(0, ""), (1, "part"), (3, "partpartpart")] {
        let (mut read, body) = with_body(response(parts), 12).await.unwrap();
        assert_eq!(body, whole, "{parts} parts");
        assert_eq!(read.take_body().bytes(), Some(whole.as_bytes()));
    }
    for parts in [4, usize::MAX] {
        let error = with_body(response(parts), 12).await.unwrap_err();
        let error = crate::store::in_words(&error);
        assert!(error.contains("more than 12 bytes"), "{error}");
    }
}
