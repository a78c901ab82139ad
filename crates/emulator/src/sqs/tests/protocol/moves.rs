//! Message movement tasks through the SDK.

use aws_sdk_sqs::types::QueueAttributeName as Name;

use super::*;

#[tokio::test]
async fn tasks_start_are_listed_and_end() {
    let served = Served::start().await;
    let client = &served.client;
    served.queue("dead").await;
    let arn = served.site.queue_arn("dead");
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1}}"#);
    let create = client.create_queue().queue_name("orders");
    let create = create.attributes(Name::RedrivePolicy, policy);
    let url = create.send().await.expect("good").queue_url.expect("a URL");
    for body in ["a", "b"] {
        served.send(&url, body).await;
    }
    for _ in 0..2 {
        let receive = client.receive_message().queue_url(&url);
        let receive = receive.visibility_timeout(0).max_number_of_messages(10);
        receive.send().await.expect("good");
    }
    assert_eq!(served.engine.counts("dead").expect("there").visible, 2);

    let start = client.start_message_move_task().source_arn(&arn);
    let start = start.max_number_of_messages_per_second(1).send().await;
    let handle = start.expect("good").task_handle.expect("a handle");
    let list = || {
        let list = client.list_message_move_tasks().source_arn(&arn);
        list.max_results(10).send()
    };
    let tasks = list().await.expect("good").results.expect("one");
    assert_eq!(tasks[0].status(), Some("RUNNING"));
    assert_eq!(tasks[0].task_handle(), Some(&*handle));
    assert_eq!(tasks[0].approximate_number_of_messages_to_move(), Some(2));
    assert_eq!(tasks[0].max_number_of_messages_per_second(), Some(1));
    assert_eq!(tasks[0].destination_arn(), None);
    assert!(tasks[0].started_timestamp() > 1_700_000_000_000);
    let cancel = || {
        client
            .cancel_message_move_task()
            .task_handle(&handle)
            .send()
    };
    let moved = cancel().await.expect("it runs");
    assert!(moved.approximate_number_of_messages_moved() < 2);
    assert_eq!(code(cancel().await), "InvalidParameterValue");
    let tasks = list().await.expect("good").results.expect("one");
    assert_eq!(tasks[0].status(), Some("CANCELLED"));
    assert_eq!(tasks[0].task_handle(), None);

    for handle in ["not base64", "e30="] {
        let cancel = client.cancel_message_move_task().task_handle(handle);
        assert_eq!(code(cancel.send().await), "InvalidParameterValue");
    }
    let start = client.start_message_move_task();
    let start = start.source_arn(served.site.queue_arn("none")).send().await;
    let error = start.expect_err("no queue").into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    let zero = client.list_message_move_tasks().source_arn(&arn);
    assert_eq!(
        code(zero.max_results(0).send().await),
        "InvalidParameterValue"
    );
}
