//! DynamoDB: items are updated in place.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::answer::{good, refused_as};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{Item, get, item, n, put, s, same, table};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "updates", "SET adds and replaces attributes, REMOVE takes them away, the others stay.", Aws("DynamoDB guide: Using update expressions in DynamoDB"), set_and_remove),
    check!(DynamoDb, "updates", "An update of an item that is not there creates it.", Aws("DynamoDB API: UpdateItem"), creates),
    check!(DynamoDb, "updates", "ADD counts numbers up, from 0 if there is none.", Aws("DynamoDB guide: Using update expressions in DynamoDB"), adds),
    check!(DynamoDb, "updates", "ADD and DELETE change sets.", Aws("DynamoDB guide: Using update expressions in DynamoDB"), sets),
    check!(DynamoDb, "updates", "SET works with sums, if_not_exists and list_append.", Aws("DynamoDB guide: Using update expressions in DynamoDB"), functions),
    check!(DynamoDb, "updates", "SET reaches into maps and lists.", Aws("DynamoDB guide: Using update expressions in DynamoDB"), paths),
    check!(DynamoDb, "updates", "An update gives what it is asked for: ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATED_NEW.", Aws("DynamoDB API: UpdateItem"), return_values),
    check!(DynamoDb, "updates", "An update of the key is refused (ValidationException).", Aws("DynamoDB API: UpdateItem"), key),
    check!(DynamoDb, "updates", "A sum with a text is refused (ValidationException).", Aws("DynamoDB guide: Using update expressions in DynamoDB"), sum_with_text),
];

fn update(peer: &Peer, table: &str, expression: &str) -> UpdateItemFluentBuilder {
    let update = peer
        .dynamodb()
        .update_item()
        .table_name(table)
        .key("id", n(1));
    update.update_expression(expression)
}

async fn becomes(
    peer: &Peer,
    table: &str,
    update: UpdateItemFluentBuilder,
    expected: Item,
) -> Outcome {
    good("UpdateItem", update.send().await)?;
    same("the item", get(peer, table, n(1)).await?, Some(expected))
}

async fn set_and_remove(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put(
        peer,
        &table,
        item([("id", n(1)), ("a", n(1)), ("b", n(2)), ("c", n(3))]),
    )
    .await?;
    let update = update(peer, &table, "SET a = :a, d = :d REMOVE b");
    let update = update.expression_attribute_values(":a", n(10));
    let update = update.expression_attribute_values(":d", n(4));
    let expected = item([("id", n(1)), ("a", n(10)), ("c", n(3)), ("d", n(4))]);
    becomes(peer, &table, update, expected).await
}

async fn creates(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let update = update(peer, &table, "SET a = :a").expression_attribute_values(":a", n(1));
    becomes(peer, &table, update, item([("id", n(1)), ("a", n(1))])).await
}

async fn adds(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    for sum in ["2", "4"] {
        let update = update(peer, &table, "ADD hits :two");
        let update = update.expression_attribute_values(":two", n(2));
        becomes(peer, &table, update, item([("id", n(1)), ("hits", n(sum))])).await?;
    }
    Ok(())
}

async fn sets(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let set =
        |texts: &[&str]| AttributeValue::Ss(texts.iter().map(|text| text.to_string()).collect());
    put(
        peer,
        &table,
        item([("id", n(1)), ("tags", set(&["a", "b"]))]),
    )
    .await?;
    let add =
        update(peer, &table, "ADD tags :t").expression_attribute_values(":t", set(&["b", "c"]));
    good("UpdateItem", add.send().await)?;
    let delete = update(peer, &table, "DELETE tags :t");
    let delete = delete.expression_attribute_values(":t", set(&["a", "b"]));
    becomes(
        peer,
        &table,
        delete,
        item([("id", n(1)), ("tags", set(&["c"]))]),
    )
    .await
}

async fn functions(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let list = |numbers: &[u64]| AttributeValue::L(numbers.iter().map(n).collect());
    put(
        peer,
        &table,
        item([("id", n(1)), ("a", n(5)), ("l", list(&[1]))]),
    )
    .await?;
    let update = update(
        peer,
        &table,
        "SET a = a - :two, b = if_not_exists(b, :two) + :two, l = list_append(l, :l)",
    );
    let update = update.expression_attribute_values(":two", n(2));
    let update = update.expression_attribute_values(":l", list(&[2, 3]));
    let expected = item([
        ("id", n(1)),
        ("a", n(3)),
        ("b", n(4)),
        ("l", list(&[1, 2, 3])),
    ]);
    becomes(peer, &table, update, expected).await
}

async fn paths(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let whole = |x: u64, first: u64| {
        let list = AttributeValue::L(vec![n(first), n(2)]);
        item([
            ("id", n(1)),
            ("m", AttributeValue::M(item([("x", n(x)), ("l", list)]))),
        ])
    };
    put(peer, &table, whole(1, 1)).await?;
    let update = update(peer, &table, "SET m.x = :v, m.l[0] = :v");
    let update = update.expression_attribute_values(":v", n(9));
    becomes(peer, &table, update, whole(9, 9)).await
}

async fn return_values(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put(
        peer,
        &table,
        item([("id", n(1)), ("a", n(1)), ("text", s("x"))]),
    )
    .await?;
    for (asked, expected) in [
        (
            ReturnValue::AllOld,
            item([("id", n(1)), ("a", n(1)), ("text", s("x"))]),
        ),
        (ReturnValue::UpdatedOld, item([("a", n(2))])),
        (
            ReturnValue::AllNew,
            item([("id", n(1)), ("a", n(4)), ("text", s("x"))]),
        ),
        (ReturnValue::UpdatedNew, item([("a", n(5))])),
    ] {
        let update = update(peer, &table, "ADD a :one").expression_attribute_values(":one", n(1));
        let updated = good(
            "UpdateItem",
            update.return_values(asked.clone()).send().await,
        )?;
        same(asked.as_str(), updated.attributes, Some(expected))?;
    }
    Ok(())
}

async fn key(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let update = update(peer, &table, "SET id = :v").expression_attribute_values(":v", n(2));
    refused_as("UpdateItem", update.send().await, "ValidationException")
}

async fn sum_with_text(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put(peer, &table, item([("id", n(1)), ("a", s("x"))])).await?;
    let update = update(peer, &table, "SET a = a + :v").expression_attribute_values(":v", n(2));
    refused_as("UpdateItem", update.send().await, "ValidationException")
}
