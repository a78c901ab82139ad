//! Clients that go away: a long poll whose client has gone swallows no message.

use std::sync::Arc;
use std::time::Duration;

use super::*;

/// Waits until so many long polls of the queue `orders` are with the engine: each holds on to the
/// queue's bell.
pub(super) async fn until_waiting(engine: &SqsEngine, polls: usize) {
    let waiting = async {
        loop {
            let holders = {
                let (mut state, _) = engine.lock();
                let queue = state.queue("orders").expect("it is there");
                Arc::strong_count(&queue.arrivals.0)
            };
            if holders == 1 + polls {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    waited.unwrap_or_else(|_| panic!("never {polls} long polls"));
}

#[tokio::test]
async fn a_long_poll_whose_client_has_gone_swallows_no_message() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let poll = served.client.receive_message().queue_url(&url);
    let poll = tokio::spawn(poll.wait_time_seconds(20).send());
    until_waiting(&served.engine, 1).await;
    poll.abort();
    until_waiting(&served.engine, 0).await;
    served.send(&url, "a").await;
    assert_eq!(served.engine.counts("orders").expect("there").visible, 1);
    assert_eq!(served.receive(&url).await.len(), 1);
}

#[tokio::test]
async fn of_several_long_polls_the_one_that_stays_gets_the_message() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let poll = || {
        let poll = served.client.receive_message().queue_url(&url);
        tokio::spawn(poll.wait_time_seconds(20).send())
    };
    let (gone, stays) = (poll(), poll());
    until_waiting(&served.engine, 2).await;
    gone.abort();
    until_waiting(&served.engine, 1).await;
    served.send(&url, "a").await;
    let received = stays.await.expect("no panic").expect("good");
    assert_eq!(received.messages().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_shut_down_ends_the_long_polls_with_it() {
    let engine = SqsEngine::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let site = Site::local(listener.local_addr().expect("it is bound"));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async { stopped.await.expect("the test says when") };
    let front = Gateway::new(engine.clone(), site.clone(), None);
    let serving = tokio::spawn(front.serve(listener, shutdown));
    let client = client_of(&site);
    let create = client.create_queue().queue_name("orders").send().await;
    let poll = client
        .receive_message()
        .set_queue_url(create.expect("good").queue_url);
    let poll = tokio::spawn(poll.wait_time_seconds(20).send());
    until_waiting(&engine, 1).await;
    stop.send(()).expect("it still serves");
    serving.await.expect("no panic");
    until_waiting(&engine, 0).await;
    assert!(poll.await.expect("no panic").is_err());
}
