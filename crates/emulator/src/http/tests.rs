//! The front as clients over real sockets see it that are slow, many, greedy or somebody's page.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Gateway;
use crate::sqs::{QueueAttributes, Site, SqsEngine};

/// A front of its own with one queue, `orders`.
async fn served(connections: usize, request_bytes: u64) -> (SocketAddr, SqsEngine) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let engine = SqsEngine::new();
    engine
        .create_queue("orders", QueueAttributes::default())
        .unwrap();
    let front = Gateway::new(engine.clone(), Site::local(address), None)
        .taking_at_most(connections, request_bytes);
    tokio::spawn(front.serve(listener, std::future::pending()));
    (address, engine)
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// A request to list the queues, with this line of a header beside it.
fn list(address: SocketAddr, header: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\n{header}x-amz-target: AmazonSQS.ListQueues\r\ncontent-length: 2\r\n\r\n{{}}"
    )
}

/// What comes until there are both a head and its body, or the end.
async fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase();
            let length = length
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.lines().next());
            if length.is_none_or(|length| body.len() >= length.parse().unwrap_or(0)) {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

async fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    answer(stream).await
}

#[tokio::test]
async fn a_page_of_another_name_or_origin_is_refused_and_gets_no_leave() {
    let (address, _) = served(8, 1 << 20).await;
    for (request, status) in [
        (list(address, ""), "200"),
        (list(address, "origin: http://localhost:1\r\n"), "200"),
        (list(address, "origin: http://evil.example\r\n"), "403"),
        (list(address, "origin: null\r\n"), "403"),
        (list(address, "host: localhost\r\n"), "400"),
        (
            list(address, "").replace(&address.to_string(), "evil.example"),
            "403",
        ),
        (
            list(address, "").replace("POST / HTTP/1.1", "POST http://evil.example/ HTTP/1.1"),
            "400",
        ),
        (list(address, "").replace("POST", "OPTIONS"), "405"),
        (
            list(address, "").replace(&format!("host: {address}\r\n"), ""),
            "400",
        ),
        (
            list(address, "")
                .replace(&format!("host: {address}\r\n"), "")
                .replace("1.1", "1.0"),
            "400",
        ),
    ] {
        let told = ask(&mut connect(address).await, &request).await;
        assert_eq!(told.split(' ').nth(1), Some(status), "{request}\n{told}");
        assert!(!told.to_lowercase().contains("access-control"), "{told}");
        assert_eq!(told.contains("QueueUrl"), status == "200", "{told}");
    }
}

#[tokio::test]
async fn a_queue_url_names_the_server_as_the_client_called_it() {
    let (address, _) = served(8, 1 << 20).await;
    let called = "LocalHost:19324";
    let request = list(address, "").replace(&address.to_string(), called);
    let told = ask(&mut connect(address).await, &request).await;
    assert!(
        told.contains("http://LocalHost:19324/000000000000/orders"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn heads_and_bodies_that_come_too_slowly_are_answered_and_long_polls_last() {
    let (address, engine) = served(8, 1 << 20).await;
    let mut head = connect(address).await;
    head.write_all(b"POST / HTTP/1.1\r\nhost: ").await.unwrap();
    let told = answer(&mut head).await;
    assert!(
        told.starts_with("HTTP/1.1 408") && told.contains("RequestTimeoutException"),
        "{told}"
    );

    let mut body = connect(address).await;
    let request = list(address, "").replace("content-length: 2", "content-length: 9000000");
    body.write_all(request.as_bytes()).await.unwrap();
    let told = answer(&mut body).await;
    assert!(
        told.starts_with("HTTP/1.1 408") && told.contains("too slowly"),
        "{told}"
    );

    let mut dribble = connect(address).await;
    dribble.write_all(request.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = dribble.into_split();
    let dribbling = tokio::spawn(async move {
        while writing.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut told = [0; 12];
    reading.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 408");
    dribbling.abort();

    let poll = list(address, "")
        .replace("ListQueues", "ReceiveMessage")
        .replace("content-length: 2", "content-length: 69")
        .replace(
            "{}",
            r#"{"QueueUrl":"http://x/000000000000/orders","WaitTimeSeconds":20     }"#,
        );
    let began = tokio::time::Instant::now();
    let told = ask(&mut connect(address).await, &poll).await;
    assert!(told.starts_with("HTTP/1.1 200"), "{told}");
    assert!(
        began.elapsed() >= Duration::from_secs(20),
        "it waited in full"
    );
    drop(engine);
}

#[tokio::test(start_paused = true)]
async fn a_full_server_says_so_and_idle_connections_make_room() {
    let (address, _) = served(3, 1 << 20).await;
    let mut idle = connect(address).await;
    assert!(ask(&mut idle, &list(address, "")).await.contains(" 200 "));
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut busy = connect(address).await;
        busy.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
        others.push(busy);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told = answer(&mut connect(address).await).await;
    assert!(
        told.starts_with("HTTP/1.1 503") && told.contains("--max-connections"),
        "{told}"
    );
    tokio::time::sleep(Duration::from_millis(600)).await;
    let mut new = connect(address).await;
    assert!(
        ask(&mut new, &list(address, "")).await.contains(" 200 "),
        "in the idle one's place"
    );
    assert_eq!(answer(&mut idle).await, "", "which was closed");
}

#[tokio::test]
async fn stalled_bodies_take_no_more_than_their_budget_and_small_ones_pass() {
    let (address, engine) = served(64, 3 << 20).await;
    let large = list(address, "").replace("content-length: 2", "content-length: 1048576");
    let part = " ".repeat((1 << 20) - 100);
    let mut stalled = Vec::new();
    let mut refused = 0;
    for _ in 0..8 {
        let mut stream = connect(address).await;
        stream.write_all(large.as_bytes()).await.unwrap();
        // Who is refused may be told before everything is sent.
        let _ = stream.write_all(part.as_bytes()).await;
        let told = tokio::time::timeout(Duration::from_millis(300), answer(&mut stream)).await;
        if let Ok(told) = told {
            assert!(told.starts_with("HTTP/1.1 503"), "{told}");
            refused += 1;
        }
        stalled.push(stream);
    }
    assert!(
        refused >= 4,
        "{refused} of 8 bodies of 1 MiB refused at 3 MiB"
    );
    let told = ask(&mut connect(address).await, &list(address, "")).await;
    assert!(told.contains(" 200 "), "{told}");
    drop((stalled, engine));
}

#[tokio::test]
async fn large_heads_are_refused_in_words_of_http() {
    let (address, _) = served(8, 1 << 20).await;
    let header = format!("x-large: {}\r\n", "a".repeat(100_000));
    let told = ask(&mut connect(address).await, &list(address, &header)).await;
    assert!(told.starts_with("HTTP/1.1 431"), "{told}");
    let many: String = (0..1_000)
        .map(|number| format!("x-{number}: 1\r\n"))
        .collect();
    let told = ask(&mut connect(address).await, &list(address, &many)).await;
    assert!(told.starts_with("HTTP/1.1 431"), "{told}");
    let path = format!("POST /{}", "a".repeat(100_000));
    let told = ask(
        &mut connect(address).await,
        &list(address, "").replace("POST /", &path),
    )
    .await;
    let status = told.split(' ').nth(1).unwrap_or_default();
    assert!(["414", "431"].contains(&status), "{told}");
}
