//! Order within a group, while messages of it are in flight and when they come back.

use tokio::time::{Instant, advance};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_group_is_received_in_the_order_it_was_sent_in() {
    let engine = fifo();
    for body in ["1", "2", "3", "4"] {
        push(&engine, "a", body);
    }
    let first = take(&engine, 2).await;
    assert_eq!(bodies(&first), ["1", "2"]);
    assert!(take(&engine, 10).await.is_empty(), "the group is in flight");
    delete(&engine, &first[0]);
    assert!(take(&engine, 10).await.is_empty(), "2 is in flight");
    delete(&engine, &first[1]);
    assert_eq!(bodies(&take(&engine, 10).await), ["3", "4"]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_comes_before_what_follows_it() {
    let engine = fifo();
    for body in ["1", "2", "3"] {
        push(&engine, "a", body);
    }
    let first = take(&engine, 2).await;
    delete(&engine, &first[1]);
    advance(30 * SECOND).await;
    let again = take(&engine, 10).await;
    assert_eq!(bodies(&again), ["1", "3"]);
    assert_eq!(again[0].receive_count, 2);
}

#[tokio::test(start_paused = true)]
async fn one_group_does_not_hold_up_another() {
    let engine = fifo();
    push(&engine, "a", "a1");
    push(&engine, "b", "b1");
    push(&engine, "a", "a2");
    assert_eq!(bodies(&take(&engine, 1).await), ["a1"]);
    assert_eq!(bodies(&take(&engine, 10).await), ["b1"]);
    let groups = engine.groups(QUEUE).expect("there");
    let both = GroupCounts {
        groups: 2,
        in_flight: 2,
    };
    assert_eq!(groups, Some(both));
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_as_many_of_one_group_as_there_are_then_others() {
    let engine = fifo();
    for k in 0..12 {
        push(&engine, "a", &format!("a{k}"));
        push(&engine, "b", &format!("b{k}"));
    }
    let expected: Vec<_> = (0..10).map(|k| format!("a{k}")).collect();
    assert_eq!(bodies(&take(&engine, 10).await), expected);
    let expected: Vec<_> = (0..10).map(|k| format!("b{k}")).collect();
    assert_eq!(bodies(&take(&engine, 10).await), expected);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_visibility_to_zero_frees_the_group_once_no_other_is_in_flight() {
    let engine = fifo();
    push(&engine, "a", "1");
    push(&engine, "a", "2");
    let first = take(&engine, 10).await;
    for message in &first {
        assert!(take(&engine, 10).await.is_empty());
        let shown = engine.change_visibility(QUEUE, &message.receipt_handle, Duration::ZERO);
        shown.expect("in flight");
    }
    assert_eq!(bodies(&take(&engine, 10).await), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_wakes_when_a_delete_frees_a_group() {
    let engine = fifo();
    push(&engine, "a", "1");
    push(&engine, "a", "2");
    let first = take(&engine, 1).await;
    let poll = {
        let engine = engine.clone();
        tokio::spawn(async move { receive_from(&engine, QUEUE, 20 * SECOND).await })
    };
    tokio::time::sleep(SECOND).await;
    let deleted_at = Instant::now();
    delete(&engine, &first[0]);
    let got = poll.await.expect("no panic");
    assert_eq!(bodies(&got), ["2"]);
    assert_eq!(Instant::now(), deleted_at, "at once");
}

#[tokio::test(start_paused = true)]
async fn a_handle_whose_visibility_has_ended_deletes_nothing() {
    let engine = fifo();
    push(&engine, "a", "1");
    let first = take(&engine, 1).await;
    advance(30 * SECOND).await;
    let error = engine
        .delete(QUEUE, &first[0].receipt_handle)
        .expect_err("expired");
    assert_eq!(error.kind, SqsErrorKind::InvalidParameterValue);
    let again = take(&engine, 1).await;
    assert_eq!(bodies(&again), ["1"]);
    assert!(engine.delete(QUEUE, &first[0].receipt_handle).is_err());
    delete(&engine, &again[0]);
    delete(&engine, &again[0]);
}

#[tokio::test(start_paused = true)]
async fn the_queues_delay_holds_for_what_is_there_already_when_it_is_changed() {
    let engine = fifo();
    push(&engine, "a", "1");
    advance(3 * SECOND).await;
    let delay = |seconds: u32| {
        let changed = engine.update_attributes(QUEUE, |attributes| {
            attributes.delay = seconds * SECOND;
            Ok(())
        });
        changed.expect("a good delay");
    };
    delay(10);
    push(&engine, "a", "2");
    assert_eq!(counts(&engine, QUEUE), (0, 0, 2));
    advance(7 * SECOND).await;
    assert_eq!(
        bodies(&take(&engine, 1).await),
        ["1"],
        "10 s after its sending"
    );
    delay(0);
    assert_eq!(counts(&engine, QUEUE), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_old_message_that_goes_frees_its_group() {
    let engine = fifo();
    push(&engine, "a", "old");
    advance(3_000 * SECOND).await;
    push(&engine, "a", "new");
    let hour = Duration::from_secs(43_200);
    let options = ReceiveOptions {
        visibility_timeout: Some(hour),
        ..ReceiveOptions::default()
    };
    let got = engine.receive(QUEUE, options).await.expect("good");
    assert_eq!(bodies(&got), ["old"]);
    let changed = engine.update_attributes(QUEUE, |attributes| {
        attributes.retention = 3_600 * SECOND;
        Ok(())
    });
    changed.expect("a good retention");
    advance(601 * SECOND).await;
    assert_eq!(bodies(&take(&engine, 10).await), ["new"]);
}

#[tokio::test(start_paused = true)]
async fn a_purge_empties_groups_and_numbers_rise_on() {
    let engine = fifo();
    let before = push(&engine, "a", "1");
    take(&engine, 1).await;
    engine.purge(QUEUE).expect("the first");
    let after = push(&engine, "a", "2");
    assert!(after.sequence_number > before.sequence_number);
    assert_eq!(bodies(&take(&engine, 10).await), ["2"]);
}
