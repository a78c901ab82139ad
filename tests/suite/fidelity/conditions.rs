//! DynamoDB: writes that depend on what is there.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::answer::{equal, good, refused, refused_as};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{get, item, n, put, s, same, table};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "conditions", "attribute_not_exists lets the first put pass and refuses the second (ConditionalCheckFailedException).", Aws("DynamoDB API: PutItem"), put_once),
    check!(DynamoDb, "conditions", "A failed condition gives the item that is there when asked (ALL_OLD).", Aws("DynamoDB API: PutItem"), gives_the_item),
    check!(DynamoDb, "conditions", "A failed condition gives no item when not asked.", Aws("DynamoDB API: PutItem"), gives_no_item),
    check!(DynamoDb, "conditions", "A failed condition changes nothing, for put, update and delete.", Aws("DynamoDB guide: DynamoDB condition expression CLI example"), changes_nothing),
    check!(DynamoDb, "conditions", "Comparisons, BETWEEN, IN, AND, OR and NOT decide as documented.", Aws("DynamoDB guide: Condition and filter expressions, operators, and functions in DynamoDB"), operators),
    check!(DynamoDb, "conditions", "attribute_type, begins_with, contains and size decide as documented.", Aws("DynamoDB guide: Condition and filter expressions, operators, and functions in DynamoDB"), functions),
    check!(DynamoDb, "conditions", "A value that no expression uses is refused (ValidationException).", Unknown("The pages do not say; AWS refuses them."), unused_value),
    check!(DynamoDb, "conditions", "A name that no expression uses is refused (ValidationException).", Unknown("The pages do not say; AWS refuses them."), unused_name),
    check!(DynamoDb, "conditions", "A value that is not given is refused (ValidationException).", Aws("DynamoDB guide: Using expression attribute values in DynamoDB"), undefined_value),
    check!(DynamoDb, "conditions", "A reserved word needs a placeholder: without one it is refused (ValidationException).", Aws("DynamoDB guide: Reserved words in DynamoDB"), reserved_word),
];

fn put_new(peer: &Peer, table: &str, text: &str) -> PutItemFluentBuilder {
    let put = peer.dynamodb().put_item().table_name(table);
    let put = put.item("id", n(1)).item("text", s(text));
    put.condition_expression("attribute_not_exists(id)")
}

async fn put_once(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    good("PutItem", put_new(peer, &table, "a").send().await)?;
    let second = put_new(peer, &table, "b").send().await;
    refused(
        "PutItem",
        second,
        "ConditionalCheckFailedException",
        |error| error.is_conditional_check_failed_exception(),
    )
    .map(|_| ())
}

/// The item in the refusal of a second put.
async fn refused_with(
    peer: &Peer,
    asked: Option<ReturnValuesOnConditionCheckFailure>,
) -> Result<Option<super::rows::Item>, String> {
    let table = table(peer).await?;
    good("PutItem", put_new(peer, &table, "a").send().await)?;
    let second = put_new(peer, &table, "b");
    let second = second
        .set_return_values_on_condition_check_failure(asked)
        .send()
        .await;
    let variant = "ConditionalCheckFailedException";
    match refused("PutItem", second, variant, |error| {
        error.is_conditional_check_failed_exception()
    })? {
        PutItemError::ConditionalCheckFailedException(error) => Ok(error.item),
        _ => Err(format!("PutItem: expected {variant}, seen another error")),
    }
}

async fn gives_the_item(peer: &Peer) -> Outcome {
    let seen = refused_with(peer, Some(ReturnValuesOnConditionCheckFailure::AllOld)).await?;
    same(
        "the item",
        seen,
        Some(item([("id", n(1)), ("text", s("a"))])),
    )
}

async fn gives_no_item(peer: &Peer) -> Outcome {
    same("the item", refused_with(peer, None).await?, None)
}

async fn changes_nothing(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let there = item([("id", n(1)), ("text", s("a"))]);
    put(peer, &table, there.clone()).await?;
    let second = put_new(peer, &table, "b").send().await;
    refused(
        "PutItem",
        second,
        "ConditionalCheckFailedException",
        |error| error.is_conditional_check_failed_exception(),
    )?;
    let update = peer
        .dynamodb()
        .update_item()
        .table_name(&table)
        .key("id", n(1));
    let update = update
        .update_expression("SET #t = :b")
        .condition_expression("#t = :b")
        .expression_attribute_names("#t", "text")
        .expression_attribute_values(":b", s("b"));
    refused(
        "UpdateItem",
        update.send().await,
        "ConditionalCheckFailedException",
        |error| error.is_conditional_check_failed_exception(),
    )?;
    let delete = peer
        .dynamodb()
        .delete_item()
        .table_name(&table)
        .key("id", n(1));
    let delete = delete
        .condition_expression("attribute_not_exists(id)")
        .send()
        .await;
    refused(
        "DeleteItem",
        delete,
        "ConditionalCheckFailedException",
        |error| error.is_conditional_check_failed_exception(),
    )?;
    same("the item", get(peer, &table, n(1)).await?, Some(there))
}

/// Whether a delete with this condition would be carried out on `{a: 5, text: "hello", list: [1, 2]}`.
async fn holds(peer: &Peer, table: &str, condition: &str) -> Result<bool, String> {
    let list = AttributeValue::L(vec![n(1), n(2)]);
    let there = item([("id", n(1)), ("a", n(5)), ("t", s("hello")), ("l", list)]);
    put(peer, table, there).await?;
    let mut delete = peer
        .dynamodb()
        .delete_item()
        .table_name(table)
        .key("id", n(1));
    for (name, value) in [
        (":four", n(4)),
        (":five", n(5)),
        (":six", n(6)),
        (":two", n(2)),
        (":he", s("he")),
        (":ell", s("ell")),
        (":S", s("S")),
    ] {
        let is_used = condition
            .split([' ', '(', ')', ','])
            .any(|word| word == name);
        if is_used {
            delete = delete.expression_attribute_values(name, value);
        }
    }
    match delete.condition_expression(condition).send().await {
        Ok(_) => Ok(true),
        error => refused(
            condition,
            error,
            "ConditionalCheckFailedException",
            |error| error.is_conditional_check_failed_exception(),
        )
        .map(|_| false),
    }
}

async fn decides(peer: &Peer, conditions: &[(&str, bool)]) -> Outcome {
    let table = table(peer).await?;
    for (condition, expected) in conditions {
        equal(condition, holds(peer, &table, condition).await?, *expected)?;
    }
    Ok(())
}

async fn operators(peer: &Peer) -> Outcome {
    let conditions = [
        ("a = :five", true),
        ("a <> :five", false),
        ("a < :five", false),
        ("a <= :five", true),
        ("a > :four", true),
        ("a >= :six", false),
        ("a BETWEEN :four AND :six", true),
        ("a IN (:four, :six)", false),
        ("a IN (:four, :five)", true),
        ("a = :four OR a = :five AND NOT a = :six", true),
        ("(a = :four OR a = :five) AND a = :six", false),
        ("absent = :five", false),
        ("absent <> :five", true),
    ];
    decides(peer, &conditions).await
}

async fn functions(peer: &Peer) -> Outcome {
    let conditions = [
        ("attribute_exists(a)", true),
        ("attribute_exists(absent)", false),
        ("attribute_type(t, :S)", true),
        ("attribute_type(a, :S)", false),
        ("begins_with(t, :he)", true),
        ("begins_with(t, :ell)", false),
        ("contains(t, :ell)", true),
        ("contains(l, :two)", true),
        ("contains(l, :five)", false),
        ("size(t) = :five", true),
        ("size(l) > :two", false),
    ];
    decides(peer, &conditions).await
}

async fn unused_value(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let put = put_new(peer, &table, "a").expression_attribute_values(":unused", n(1));
    refused_as("PutItem", put.send().await, "ValidationException")
}

async fn unused_name(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let put = put_new(peer, &table, "a").expression_attribute_names("#unused", "x");
    refused_as("PutItem", put.send().await, "ValidationException")
}

async fn undefined_value(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(table)
        .item("id", n(1));
    let put = put.condition_expression("a = :missing").send().await;
    refused_as("PutItem", put, "ValidationException")
}

async fn reserved_word(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(table)
        .item("id", n(1));
    let put = put
        .condition_expression("attribute_not_exists(status)")
        .send()
        .await;
    refused_as("PutItem", put, "ValidationException")
}
