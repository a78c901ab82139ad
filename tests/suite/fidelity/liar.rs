//! A server that gives one plausible answer to everything: what the checks make of it shows that they look.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::check;
use super::peer::Endpoints;
use super::runner;

/// Enough of every reply for a check to go on: a queue, a table, a message sent, a task.
const ANSWER: &str = r#"{
    "QueueUrl": "http://127.0.0.1/000000000000/q",
    "Attributes": {
        "QueueArn": "arn:aws:sqs:us-east-1:000000000000:q",
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0"
    },
    "MessageId": "m",
    "TaskHandle": "t",
    "Table": {"TableName": "t", "TableStatus": "ACTIVE"}
}"#;

/// These ask for no more than the liar gives: the same URL again, and nothing where nothing is, at once or, on a
/// machine that stalls, after a while.
const ASK_FOR_NO_MORE: [&str; 7] = [
    "Creating a queue again with the same attributes gives the same URL.",
    "GetQueueUrl gives the URL the queue was created with.",
    "A short poll of an empty queue answers at once.",
    "A long poll of an empty queue waits its time out.",
    "The queue's ReceiveMessageWaitTimeSeconds makes a poll long.",
    "A wait of 0 overrides the queue's wait time.",
    "Reading an item that is not there gives none.",
];

async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = service_fn(|request: Request<Incoming>| async {
                let _ = request.into_body().collect().await;
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(
                    ANSWER.as_bytes(),
                ))))
            });
            let connection = hyper::server::conn::http1::Builder::new();
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), answer));
        }
    });
    address
}

#[tokio::test]
async fn a_server_that_says_the_same_to_everything_passes_only_what_asks_for_no_more() {
    let endpoint = Some(format!("http://{}", serve().await));
    let checks = check::all();
    let endpoints = Endpoints {
        at_a_time: checks.len(),
        limit: Duration::from_secs(30),
        sqs: endpoint.clone(),
        dynamodb: endpoint.clone(),
        doors: endpoint,
    };
    let outcomes = runner::run(&checks, &endpoints).await;
    for (check, outcome) in checks.iter().zip(outcomes) {
        let line = check.line;
        let is_allowed = ASK_FOR_NO_MORE.contains(&line);
        assert!(is_allowed || !matches!(outcome, Some(Ok(()))), "{line}");
    }
}
