//! The protocol, by a client that writes its requests by hand.

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::*;
use crate::runtime::exchange::Answer;
use crate::runtime::testing::{Reply, Runtime};
use crate::service::loopback_listener;

/// An API served on the test's runtime, and a connection to it.
struct Server {
    exchange: Arc<Exchange>,
    address: SocketAddr,
    runtime: Runtime,
    _task: JoinSet<()>,
}

impl Server {
    async fn start() -> Self {
        let (listener, address) = loopback_listener().unwrap();
        let exchange = Arc::new(Exchange::new());
        let api = Arc::new(Api {
            exchange: Arc::clone(&exchange),
            arn: HeaderValue::from_static("arn:aws:lambda:us-east-1:000000000000:function:f"),
        });
        let mut task = JoinSet::new();
        task.spawn(serve(TcpListener::from_std(listener).unwrap(), api));
        Self {
            exchange,
            address,
            runtime: Runtime::connect(address).await,
            _task: task,
        }
    }

    fn invoke(&self, request_id: &str) -> oneshot::Receiver<Answer> {
        self.exchange.invoke(Invocation {
            request_id: request_id.into(),
            trace_id: "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".into(),
            deadline_ms: 1_542_409_706_888,
            event: Bytes::from_static(b"{\"Records\":[]}"),
        })
    }
}

fn assert_refused(reply: &Reply, status: u16, kind: &str) {
    assert_eq!(reply.status, status, "{}", reply.body);
    let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(body["errorType"], kind);
    assert!(!body["errorMessage"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn an_invocation_comes_with_its_headers_and_its_answer_is_accepted() {
    let mut server = Server::start().await;
    let answer = server.invoke("8476a536");
    let reply = server.runtime.ask("GET", "invocation/next", b"").await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (200, r#"{"Records":[]}"#)
    );
    for (name, value) in [
        ("Lambda-Runtime-Aws-Request-Id", "8476a536"),
        ("Lambda-Runtime-Deadline-Ms", "1542409706888"),
        (
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:000000000000:function:f",
        ),
        (
            "Lambda-Runtime-Trace-Id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
        ),
        ("Content-Type", "application/json"),
    ] {
        assert_eq!(reply.header(name), value);
    }
    let path = "invocation/8476a536/response";
    let reply = server.runtime.ask("POST", path, b"{}").await;
    assert_eq!(
        (reply.status, reply.body.as_str()),
        (202, r#"{"status":"OK"}"#)
    );
    assert_eq!(answer.await.unwrap(), Ok(Bytes::from_static(b"{}")));
    let again = server.runtime.ask("POST", path, b"{}").await;
    assert_refused(&again, 403, "InvalidStateTransition");
}

#[tokio::test]
async fn a_wrong_request_id_is_refused_and_the_right_one_still_counts() {
    let mut server = Server::start().await;
    let answer = server.invoke("right");
    server.runtime.next().await;
    for path in ["invocation/wrong/response", "invocation/wrong/error"] {
        let reply = server.runtime.ask("POST", path, b"{}").await;
        assert_refused(&reply, 400, "InvalidRequestID");
    }
    let reply = server
        .runtime
        .ask("POST", "invocation/right/response", b"7");
    assert_eq!(reply.await.status, 202);
    assert_eq!(answer.await.unwrap(), Ok(Bytes::from_static(b"7")));
}

#[tokio::test]
async fn an_error_fails_the_invocation_with_its_type_and_message() {
    let mut server = Server::start().await;
    let answer = server.invoke("a");
    server.runtime.next().await;
    let body = br#"{"errorMessage":"no such order","errorType":"KeyError","stackTrace":[]}"#;
    let header = "Lambda-Runtime-Function-Error-Type: Runtime.Unhandled\r\n";
    let path = "invocation/a/error";
    server.runtime.send("POST", path, header, body).await;
    assert_eq!(server.runtime.reply().await.status, 202);
    let expected = CommandError::Function("KeyError: no such order".into());
    assert_eq!(answer.await.unwrap(), Err(expected));
}

#[tokio::test]
async fn an_init_error_is_known_to_whoever_waits_and_comes_only_at_the_start() {
    let mut server = Server::start().await;
    let body = br#"{"errorMessage":"No module named 'x'","errorType":"Runtime.ImportModuleError"}"#;
    let reply = server.runtime.ask("POST", "init/error", body).await;
    assert_eq!(reply.status, 202);
    let reason = "Runtime.ImportModuleError: No module named 'x'";
    assert_eq!(server.exchange.ready().await, Err(reason.to_owned()));
    let next = server.runtime.ask("GET", "invocation/next", b"").await;
    assert_refused(&next, 403, "InvalidStateTransition");

    let mut server = Server::start().await;
    let _answer = server.invoke("a");
    server.runtime.next().await;
    let late = server.runtime.ask("POST", "init/error", body).await;
    assert_refused(&late, 403, "InvalidStateTransition");
}

#[tokio::test]
async fn a_response_beyond_6_mb_fails_the_invocation_and_one_of_6_mb_does_not() {
    let most = usize::try_from(RESPONSE_BYTES_MAX).unwrap();
    for (bytes, status) in [(most, 202), (most + 1, 413)] {
        let mut server = Server::start().await;
        let answer = server.invoke("a");
        server.runtime.next().await;
        let body = vec![b' '; bytes];
        let path = "invocation/a/response";
        let reply = server.runtime.ask("POST", path, &body).await;
        assert_eq!(reply.status, status, "{bytes} bytes");
        match answer.await.unwrap() {
            Ok(body) => assert_eq!((body.len(), status), (most, 202)),
            Err(error) => {
                let (bytes, most) = (RESPONSE_BYTES_MAX + 1, RESPONSE_BYTES_MAX);
                assert_eq!(error, CommandError::ResponseTooLarge { bytes, most });
                assert_refused(&reply, 413, "RequestEntityTooLarge");
            }
        }
    }
}

#[tokio::test]
async fn next_asked_again_gives_the_same_invocation_again() {
    let mut server = Server::start().await;
    let _answer = server.invoke("a");
    assert_eq!(server.runtime.next().await.0, "a");
    assert_eq!(server.runtime.next().await.0, "a");
    let mut other = Runtime::connect(server.address).await;
    assert_eq!(other.next().await.0, "a", "over another connection");
}

#[tokio::test]
async fn a_next_that_hung_up_takes_no_invocation_along() {
    let mut server = Server::start().await;
    server.runtime.send("GET", "invocation/next", "", b"").await;
    server.exchange.ready().await.unwrap();
    server.runtime = Runtime::connect(server.address).await;
    let answer = server.invoke("a");
    assert_eq!(server.runtime.next().await.0, "a");
    drop(answer);
    let path = "invocation/a/response";
    let reply = server.runtime.ask("POST", path, b"").await;
    assert_eq!(reply.status, 202, "nobody waits, which is not its business");
}

#[tokio::test]
async fn a_truncated_response_is_no_answer() {
    let mut server = Server::start().await;
    let mut answer = server.invoke("a");
    server.runtime.next().await;
    let head = "POST /2018-06-01/runtime/invocation/a/response HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{}";
    server.runtime.0.write_all(head.as_bytes()).await.unwrap();
    server.runtime.0.shutdown().await.unwrap();
    let mut other = Runtime::connect(server.address).await;
    assert_eq!(other.next().await.0, "a", "it may be tried again");
    assert!(answer.try_recv().is_err());
}

#[tokio::test]
async fn a_streamed_response_counts_when_it_has_ended_and_may_end_in_an_error() {
    let trailer = "Lambda-Runtime-Function-Error-Type: Runtime.Broken\r\n";
    let body = BASE64_STANDARD.encode(r#"{"errorMessage":"no more"}"#);
    let trailers = format!("{trailer}Lambda-Runtime-Function-Error-Body: {body}\r\n");
    let cases = [
        ("", Ok(Bytes::from_static(b"{}"))),
        (
            trailer,
            Err(CommandError::Function("Runtime.Broken".into())),
        ),
        (
            &trailers,
            Err(CommandError::Function("Runtime.Broken: no more".into())),
        ),
    ];
    for (trailer, expected) in cases {
        let mut server = Server::start().await;
        let answer = server.invoke("a");
        server.runtime.next().await;
        let request = format!(
            "POST /2018-06-01/runtime/invocation/a/response HTTP/1.1\r\nHost: localhost\r\n\
             Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\
             Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n1\r\n{{\r\n1\r\n}}\r\n0\r\n{trailer}\r\n"
        );
        let connection = &mut server.runtime.0;
        connection.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(server.runtime.reply().await.status, 202);
        assert_eq!(answer.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn anything_else_is_not_found() {
    let mut server = Server::start().await;
    for (verb, path) in [
        ("POST", "invocation/next"),
        ("GET", "invocation/a/response"),
        ("POST", "invocation/a/b"),
        ("POST", "invocation/a"),
        ("GET", "init/error"),
        ("GET", "restore/next"),
        ("GET", ""),
    ] {
        let reply = server.runtime.ask(verb, path, b"").await;
        assert_refused(&reply, 404, "NotFound");
    }
}
