//! How many calls a second, and how many messages in flight.

use tokio::time::{Instant, advance};

use super::*;

#[tokio::test(start_paused = true)]
async fn three_hundred_calls_a_second_and_the_next_one_waits() {
    let engine = fifo();
    advance(SECOND / 2).await;
    for _ in 0..300 {
        engine.admit(QUEUE, Action::Send).expect("within the quota");
    }
    let error = engine.admit(QUEUE, Action::Send).expect_err("one too many");
    assert_eq!(error.kind, SqsErrorKind::RequestThrottled);
    engine
        .admit(QUEUE, Action::Receive)
        .expect("another action");
    let began = Instant::now();
    engine.admitted(QUEUE, Action::Send).await;
    let waited = began.elapsed();
    assert!(
        waited <= SECOND / 2 + Duration::from_millis(2),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn standard_queues_have_no_such_quota() {
    let engine = engine(QueueAttributes::default());
    for _ in 0..1_000 {
        engine.admit("orders", Action::Send).expect("any number");
    }
}

#[tokio::test(start_paused = true)]
async fn with_high_throughput_a_batch_counts_once_for_each_of_its_groups() {
    let engine = fifo_with(FifoAttributes::high_throughput());
    let batch = [Some("a"), Some("a"), Some("b")];
    for _ in 0..300 {
        let admitted = engine.admit_groups(QUEUE, &batch);
        assert!(admitted.iter().all(Result::is_ok));
    }
    let admitted = engine.admit_groups(QUEUE, &[Some("a"), Some("c"), Some("b")]);
    let admitted: Vec<_> = admitted.iter().map(Result::is_ok).collect();
    assert_eq!(admitted, [false, true, false]);
}

#[tokio::test(start_paused = true)]
async fn at_120_000_in_flight_a_receive_gives_nothing_and_no_error() {
    let engine = fifo_with(FifoAttributes::high_throughput());
    for first in (0..120_010_u32).step_by(10) {
        let entries = (first..first + 10).map(|k| {
            let entry = SendEntry::new("x").in_group(format!("g{k}"));
            entry.deduplicated_by(k.to_string())
        });
        engine.send_all(QUEUE, entries.collect()).expect("there");
    }
    let mut received = 0;
    let mut last = Vec::new();
    for _ in 0..12_000 {
        last = take(&engine, 10).await;
        received += last.len();
    }
    assert_eq!(received, 120_000);
    assert!(take(&engine, 10).await.is_empty());
    delete(&engine, &last[0]);
    assert_eq!(take(&engine, 10).await.len(), 1);
}
