//! DynamoDB: all or nothing.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Get, Put, ReturnValuesOnConditionCheckFailure,
    TransactGetItem, TransactWriteItem, Update,
};

use super::answer::{equal, good, refused, refused_as};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{get, item, n, put, s, same, table};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "transactions", "TransactWriteItems carries out puts and updates together.", Aws("DynamoDB API: TransactWriteItems"), all),
    check!(DynamoDb, "transactions", "One failed condition cancels all (TransactionCanceledException), with a reason for each.", Aws("DynamoDB API: TransactWriteItems"), nothing),
    check!(DynamoDb, "transactions", "The reason carries the item that is there when asked (ALL_OLD).", Aws("DynamoDB API: CancellationReason"), reason_with_item),
    check!(DynamoDb, "transactions", "A failed ConditionCheck cancels the writes beside it.", Aws("DynamoDB API: ConditionCheck"), condition_check),
    check!(DynamoDb, "transactions", "Two actions on one item are refused (ValidationException).", Aws("DynamoDB API: TransactWriteItems"), item_twice),
    check!(DynamoDb, "transactions", "A transaction of 100 writes is accepted.", Aws("DynamoDB API: TransactWriteItems"), hundred),
    check!(DynamoDb, "transactions", "A transaction of 101 writes is refused (ValidationException).", Aws("DynamoDB API: TransactWriteItems"), hundred_and_one),
    check!(DynamoDb, "transactions", "The same client request token again succeeds and writes nothing.", Aws("DynamoDB API: TransactWriteItems"), token_again),
    check!(DynamoDb, "transactions", "The same token with another request is refused (IdempotentParameterMismatchException).", Aws("DynamoDB API: TransactWriteItems"), token_misused),
    check!(DynamoDb, "transactions", "TransactGetItems gives the items in the order of the request.", Aws("DynamoDB API: TransactGetItems"), reads),
];

fn put_builder(table: &str, id: u64, text: &str) -> PutBuilder {
    Put::builder()
        .table_name(table)
        .item("id", n(id))
        .item("text", s(text))
}

fn put_of(table: &str, id: u64, text: &str) -> Put {
    let put = put_builder(table, id, text).build();
    put.expect("it has a table and an item")
}

fn put_new(table: &str, id: u64, text: &str) -> Put {
    let put = put_builder(table, id, text).condition_expression("attribute_not_exists(id)");
    put.build().expect("it has a table and an item")
}

fn action(put: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(put).build()
}

fn count_up(table: &str, id: u64) -> TransactWriteItem {
    let update = Update::builder().table_name(table).key("id", n(id));
    let update = update.update_expression("ADD hits :one");
    let update = update.expression_attribute_values(":one", n(1)).build();
    TransactWriteItem::builder()
        .update(update.expect("it has all it needs"))
        .build()
}

/// The reasons of a transaction that should be canceled.
async fn canceled(
    peer: &Peer,
    actions: Vec<TransactWriteItem>,
) -> Result<Vec<CancellationReason>, String> {
    let write = peer
        .dynamodb()
        .transact_write_items()
        .set_transact_items(Some(actions));
    let variant = "TransactionCanceledException";
    match refused("TransactWriteItems", write.send().await, variant, |error| {
        error.is_transaction_canceled_exception()
    })? {
        TransactWriteItemsError::TransactionCanceledException(error) => {
            Ok(error.cancellation_reasons.unwrap_or_default())
        }
        _ => Err(format!(
            "TransactWriteItems: expected {variant}, seen another error"
        )),
    }
}

fn codes(reasons: &[CancellationReason]) -> Vec<&str> {
    reasons
        .iter()
        .map(|reason| reason.code().unwrap_or("none"))
        .collect()
}

async fn all(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put(peer, &table, item([("id", n(2)), ("hits", n(1))])).await?;
    let actions = vec![action(put_new(&table, 1, "a")), count_up(&table, 2)];
    let write = peer
        .dynamodb()
        .transact_write_items()
        .set_transact_items(Some(actions));
    good("TransactWriteItems", write.send().await)?;
    let first = get(peer, &table, n(1)).await?;
    same(
        "the item put",
        first,
        Some(item([("id", n(1)), ("text", s("a"))])),
    )?;
    let second = get(peer, &table, n(2)).await?;
    same(
        "the item updated",
        second,
        Some(item([("id", n(2)), ("hits", n(2))])),
    )
}

async fn nothing(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put(peer, &table, item([("id", n(2))])).await?;
    let actions = vec![
        action(put_new(&table, 1, "a")),
        action(put_new(&table, 2, "b")),
    ];
    let reasons = canceled(peer, actions).await?;
    equal(
        "reasons",
        codes(&reasons),
        vec!["None", "ConditionalCheckFailed"],
    )?;
    same("the other item", get(peer, &table, n(1)).await?, None)
}

async fn reason_with_item(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put(peer, &table, item([("id", n(1)), ("text", s("a"))])).await?;
    let put = put_builder(&table, 1, "b").condition_expression("attribute_not_exists(id)");
    let put = put
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .expect("it has a table and an item");
    let reasons = canceled(peer, vec![action(put)]).await?;
    let seen = reasons.first().and_then(|reason| reason.item.clone());
    same(
        "the item",
        seen,
        Some(item([("id", n(1)), ("text", s("a"))])),
    )
}

async fn condition_check(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let check = ConditionCheck::builder().table_name(&table).key("id", n(7));
    let check = check.condition_expression("attribute_exists(id)").build();
    let check = check.expect("it has all it needs");
    let check = TransactWriteItem::builder().condition_check(check).build();
    let reasons = canceled(peer, vec![action(put_of(&table, 1, "a")), check]).await?;
    equal(
        "reasons",
        codes(&reasons),
        vec!["None", "ConditionalCheckFailed"],
    )?;
    same("the other item", get(peer, &table, n(1)).await?, None)
}

async fn item_twice(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let actions = vec![action(put_of(&table, 1, "a")), count_up(&table, 1)];
    let write = peer
        .dynamodb()
        .transact_write_items()
        .set_transact_items(Some(actions));
    refused_as(
        "TransactWriteItems",
        write.send().await,
        "ValidationException",
    )
}

fn puts(table: &str, many: u64) -> Vec<TransactWriteItem> {
    (0..many).map(|id| action(put_of(table, id, "a"))).collect()
}

async fn hundred(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let actions = puts(&table, 100);
    let write = peer
        .dynamodb()
        .transact_write_items()
        .set_transact_items(Some(actions));
    good("TransactWriteItems", write.send().await)?;
    let scan = good(
        "Scan",
        peer.dynamodb().scan().table_name(&table).send().await,
    )?;
    equal("items in the table", scan.count(), 100)
}

async fn hundred_and_one(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let actions = puts(&table, 101);
    let write = peer
        .dynamodb()
        .transact_write_items()
        .set_transact_items(Some(actions));
    refused_as(
        "TransactWriteItems",
        write.send().await,
        "ValidationException",
    )
}

async fn token_again(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    for _ in 0..2 {
        let write = peer
            .dynamodb()
            .transact_write_items()
            .transact_items(count_up(&table, 1));
        let write = write.client_request_token(peer.name("token")).send().await;
        good("TransactWriteItems", write)?;
    }
    let seen = get(peer, &table, n(1)).await?;
    same("the item", seen, Some(item([("id", n(1)), ("hits", n(1))])))
}

async fn token_misused(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let write = |id: u64| {
        let write = peer
            .dynamodb()
            .transact_write_items()
            .transact_items(count_up(&table, id));
        write.client_request_token(peer.name("token")).send()
    };
    good("TransactWriteItems", write(1).await)?;
    refused(
        "TransactWriteItems",
        write(2).await,
        "IdempotentParameterMismatchException",
        |error| error.is_idempotent_parameter_mismatch_exception(),
    )
    .map(|_| ())
}

async fn reads(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    for id in [1, 2] {
        put(peer, &table, item([("id", n(id))])).await?;
    }
    let gets = [2, 3, 1].map(|id| {
        let get = Get::builder().table_name(&table).key("id", n(id)).build();
        TransactGetItem::builder()
            .get(get.expect("it has a table and a key"))
            .build()
    });
    let read = peer
        .dynamodb()
        .transact_get_items()
        .set_transact_items(Some(gets.into()));
    let read = good("TransactGetItems", read.send().await)?;
    let items: Vec<_> = read
        .responses()
        .iter()
        .map(|response| response.item.clone())
        .collect();
    let expected = vec![Some(item([("id", n(2))])), None, Some(item([("id", n(1))]))];
    equal("items", items, expected)
}
