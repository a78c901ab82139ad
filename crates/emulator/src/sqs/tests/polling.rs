//! Long polls: what wakes them, and that none of them takes a message with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_long_poll_of_an_empty_queue_waits_its_time_out() {
    let engine = engine(QueueAttributes::default());
    let began = Instant::now();
    assert!(receive_from(&engine, "orders", 7 * SECOND).await.is_empty());
    assert_eq!(began.elapsed().as_secs(), 7);
    engine
        .update_attributes("orders", |attributes| {
            attributes.receive_wait = 3 * SECOND;
            Ok(())
        })
        .expect("in range");
    let options = ReceiveOptions::default();
    assert_eq!(engine.receive("orders", options).await, Ok(Vec::new()));
    assert_eq!(began.elapsed().as_secs(), 10, "the queue's own wait");
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_wakes_on_what_happens_after_it_began() {
    let engine = engine(QueueAttributes::default());
    let began = Instant::now();
    let poll = || {
        let engine = engine.clone();
        tokio::spawn(async move { receive_from(&engine, "orders", 20 * SECOND).await })
    };
    let waiting = poll();
    advance(SECOND).await;
    send(&engine, "a");
    let received = waiting.await.expect("no panic");
    assert_eq!(
        (received.len(), began.elapsed().as_secs()),
        (1, 1),
        "a send"
    );

    let waiting = poll();
    tokio::task::yield_now().await;
    let handle = &received[0].receipt_handle;
    let shortened = engine.change_visibility("orders", handle, 4 * SECOND);
    shortened.expect("in flight");
    let received = waiting.await.expect("no panic");
    assert_eq!(
        (received.len(), began.elapsed().as_secs()),
        (1, 5),
        "a visibility that was made to end sooner than the poll looked"
    );

    let waiting = poll();
    tokio::task::yield_now().await;
    let handle = &received[0].receipt_handle;
    let shown = engine.change_visibility("orders", handle, Duration::ZERO);
    shown.expect("in flight");
    let received = waiting.await.expect("no panic");
    assert_eq!(
        (received.len(), began.elapsed().as_secs()),
        (1, 5),
        "shown at once"
    );

    let waiting = poll();
    tokio::task::yield_now().await;
    let mut delayed = SendEntry::new("b");
    delayed.delay = Some(2 * SECOND);
    engine.send("orders", delayed).expect("good");
    let received = waiting.await.expect("no panic");
    assert_eq!(
        (received.len(), began.elapsed().as_secs()),
        (1, 7),
        "a delay's end"
    );

    let waiting = poll();
    tokio::task::yield_now().await;
    engine.delete_queue("orders").expect("it is there");
    assert!(waiting.await.is_err(), "the poll fails when its queue goes");
}

#[tokio::test(start_paused = true)]
async fn two_pollers_and_one_message_one_gets_it() {
    let engine = engine(QueueAttributes::default());
    let pollers: Vec<_> = (0..8)
        .map(|_| {
            let engine = engine.clone();
            tokio::spawn(async move { receive_from(&engine, "orders", 20 * SECOND).await.len() })
        })
        .collect();
    advance(SECOND).await;
    send(&engine, "a");
    let mut got = 0;
    for poller in pollers {
        got += poller.await.expect("no panic");
    }
    assert_eq!(got, 1);
    assert_eq!(counts(&engine, "orders").0 + counts(&engine, "orders").1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_poller_that_leaves_takes_neither_message_nor_wakeup_with_it() {
    let engine = engine(QueueAttributes::default());
    let began = Instant::now();
    let poll = || {
        let engine = engine.clone();
        tokio::spawn(async move { receive_from(&engine, "orders", 20 * SECOND).await.len() })
    };
    let (gone, stays) = (poll(), poll());
    advance(SECOND).await;
    // The send wakes the first poller, which is gone before it runs.
    send(&engine, "a");
    gone.abort();
    assert_eq!(stays.await.expect("no panic"), 1);
    assert_eq!(began.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_poll_of_the_dead_letters_wakes_on_a_move() {
    let engine = with_dead_letters(1);
    send(&engine, "poison");
    receive(&engine).await;
    advance(29 * SECOND).await;
    let sweeping = {
        let engine = engine.clone();
        tokio::spawn(async move { receive_from(&engine, "dead", 20 * SECOND).await.len() })
    };
    tokio::task::yield_now().await;
    let began = Instant::now();
    advance(SECOND).await;
    assert_eq!(counts(&engine, "dead"), (0, 0, 0));
    assert!(
        receive(&engine).await.is_empty(),
        "the attempt that moves it"
    );
    assert_eq!(sweeping.await.expect("no panic"), 1);
    assert_eq!(began.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn eight_consumers_get_each_of_5_000_messages_once() {
    let engine = engine(QueueAttributes::default());
    let received = Arc::new(AtomicU64::new(0));
    let consumers: Vec<_> = (0..8)
        .map(|_| {
            let (engine, received) = (engine.clone(), Arc::clone(&received));
            tokio::spawn(async move {
                let mut bodies = Vec::new();
                while received.load(Ordering::Relaxed) < 5_000 {
                    for message in receive_from(&engine, "orders", SECOND).await {
                        let deleted = engine.delete("orders", &message.receipt_handle);
                        deleted.expect("a good handle");
                        received.fetch_add(1, Ordering::Relaxed);
                        bodies.push(message.body);
                    }
                    tokio::task::yield_now().await;
                }
                bodies
            })
        })
        .collect();
    for number in 0..5_000 {
        send(&engine, &number.to_string());
        if number % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut all = Vec::new();
    for consumer in consumers {
        all.extend(consumer.await.expect("no panic"));
    }
    assert_eq!(all.len(), 5_000);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 5_000, "none twice");
    assert_eq!(counts(&engine, "orders"), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_poll_looks_again_when_others_take_messages_for_a_short_time() {
    let engine = engine(QueueAttributes::default());
    let began = Instant::now();
    let poll = || {
        let engine = engine.clone();
        tokio::spawn(async move { receive_from(&engine, "orders", 20 * SECOND).await.len() })
    };
    let (gone, stays) = (poll(), poll());
    tokio::task::yield_now().await;
    send(&engine, "a");
    let options = ReceiveOptions {
        visibility_timeout: Some(2 * SECOND),
        ..ReceiveOptions::default()
    };
    let taken = engine.receive("orders", options).await.expect("good");
    assert_eq!(taken.len(), 1);
    // The send woke one poll, which now knows of the visibility's end; the other has to as well.
    tokio::task::yield_now().await;
    gone.abort();
    assert_eq!(stays.await.expect("no panic"), 1);
    assert_eq!(began.elapsed().as_secs(), 2);
}

/// On real threads and the real clock: a lost wakeup would leave a round to its poll's 20 s.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_wakeup_is_lost_between_threads() {
    let engine = engine(QueueAttributes::default());
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..8 {
        let (engine, arrived) = (engine.clone(), arrived.clone());
        tokio::spawn(async move {
            let options = ReceiveOptions {
                wait: Some(20 * SECOND),
                ..ReceiveOptions::default()
            };
            loop {
                let received = engine.receive("orders", options).await;
                for message in received.expect("a good receive") {
                    let deleted = engine.delete("orders", &message.receipt_handle);
                    deleted.expect("a good handle");
                    arrived.send(message.body).expect("the test listens");
                }
            }
        });
    }
    for round in 0..1_000 {
        let burst = 1 + round % 3;
        for _ in 0..burst {
            send(&engine, "x");
        }
        for _ in 0..burst {
            let arrival = tokio::time::timeout(10 * SECOND, arrivals.recv()).await;
            arrival.unwrap_or_else(|_| panic!("a wakeup was lost in round {round}"));
        }
    }
    assert_eq!(counts(&engine, "orders"), (0, 0, 0));
}
