//! DynamoDB: items are put, read and deleted; keys and numbers are values.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::answer::{equal, good, refused_as, some};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::Peer;
use super::rows::{Item, get, item, n, put, s, same, sorted_table, table, text_table};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(DynamoDb, "items", "An item with every type of attribute comes back as put.", Aws("DynamoDB API: AttributeValue"), every_type),
    check!(DynamoDb, "items", "A put replaces the whole item.", Aws("DynamoDB API: PutItem"), replaces),
    check!(DynamoDb, "items", "A put gives the old item when asked (ALL_OLD).", Aws("DynamoDB API: PutItem"), put_all_old),
    check!(DynamoDb, "items", "Reading an item that is not there gives none.", Aws("DynamoDB API: GetItem"), missing),
    check!(DynamoDb, "items", "Deleting an item that is not there succeeds.", Aws("DynamoDB API: DeleteItem"), delete_missing),
    check!(DynamoDb, "items", "A delete gives the old item when asked (ALL_OLD).", Aws("DynamoDB API: DeleteItem"), delete_all_old),
    check!(DynamoDb, "items", "Number keys are values: 1, 1.0 and 1e0 are one key.", Aws("DynamoDB guide: Supported data types and naming rules"), number_keys),
    check!(DynamoDb, "items", "A number of 38 digits comes back exactly.", Aws("DynamoDB guide: Supported data types and naming rules"), digits_38),
    check!(DynamoDb, "items", "A number of 39 digits is refused (ValidationException).", Aws("DynamoDB guide: Supported data types and naming rules"), digits_39),
    check!(DynamoDb, "items", "Numbers reach from 1E-130 to 9.9999999999999999999999999999999999999E+125 and no further.", Aws("DynamoDB guide: Supported data types and naming rules"), magnitude),
    check!(DynamoDb, "items", "Leading and trailing zeroes of numbers are trimmed.", Aws("DynamoDB guide: Supported data types and naming rules"), zeroes),
    check!(DynamoDb, "items", "A projection gives the attributes asked for, also inside maps and lists.", Aws("DynamoDB guide: Using projection expressions in DynamoDB"), projection),
    check!(DynamoDb, "items", "A key of another type is refused (ValidationException).", Aws("DynamoDB API: PutItem"), wrong_key_type),
    check!(DynamoDb, "items", "An item without its key is refused (ValidationException).", Aws("DynamoDB API: PutItem"), no_key),
    check!(DynamoDb, "items", "A read without the sort key is refused (ValidationException).", Aws("DynamoDB API: GetItem"), half_a_key),
    check!(DynamoDb, "items", "An empty set is refused (ValidationException).", Aws("DynamoDB API: PutItem"), empty_set),
    check!(DynamoDb, "items", "A set with a value twice is refused (ValidationException).", Aws("DynamoDB guide: Supported data types and naming rules"), set_with_doubles),
    check!(DynamoDb, "items", "An empty text is accepted in an attribute and refused in a key.", Aws("DynamoDB API: PutItem"), empty_text),
];

async fn every_type(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let inner = item([(
        "deep",
        AttributeValue::L(vec![n(1), s("two"), AttributeValue::Null(true)]),
    )]);
    let mut sent = item([
        ("id", n(7)),
        ("text", s("\u{e9}t\u{e9}")),
        ("number", n("-1.5")),
        ("binary", AttributeValue::B(Blob::new([0, 255]))),
        ("yes", AttributeValue::Bool(true)),
        ("nothing", AttributeValue::Null(true)),
        ("map", AttributeValue::M(inner)),
        ("texts", AttributeValue::Ss(vec!["a".into(), "b".into()])),
        ("numbers", AttributeValue::Ns(vec!["1".into(), "2".into()])),
        (
            "binaries",
            AttributeValue::Bs(vec![Blob::new([1]), Blob::new([2])]),
        ),
    ]);
    put(peer, &table, sent.clone()).await?;
    let mut back = some("the item", get(peer, &table, n(7)).await?)?;
    equal("attributes", back.len(), sent.len())?;
    for name in ["texts", "numbers", "binaries"] {
        // Sets have no order.
        let sorted = |item: &mut Item| sort(item.remove(name));
        equal(name, sorted(&mut back), sorted(&mut sent))?;
    }
    equal("the other attributes are the same", back == sent, true)
}

fn sort(set: Option<AttributeValue>) -> Option<AttributeValue> {
    set.map(|set| match set {
        AttributeValue::Ss(mut texts) => {
            texts.sort();
            AttributeValue::Ss(texts)
        }
        AttributeValue::Ns(mut numbers) => {
            numbers.sort();
            AttributeValue::Ns(numbers)
        }
        AttributeValue::Bs(mut binaries) => {
            binaries.sort_by(|left, right| left.as_ref().cmp(right.as_ref()));
            AttributeValue::Bs(binaries)
        }
        other => other,
    })
}

async fn replaces(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put(peer, &table, item([("id", n(1)), ("old", s("x"))])).await?;
    put(peer, &table, item([("id", n(1)), ("new", s("y"))])).await?;
    let back = get(peer, &table, n(1)).await?;
    same(
        "the item",
        back,
        Some(item([("id", n(1)), ("new", s("y"))])),
    )
}

async fn put_all_old(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let put = |text: &str| {
        let put = peer.dynamodb().put_item().table_name(&table);
        let put = put.item("id", n(1)).item("text", s(text));
        put.return_values(ReturnValue::AllOld).send()
    };
    same(
        "old item at first",
        good("PutItem", put("a").await)?.attributes,
        None,
    )?;
    let old = good("PutItem", put("b").await)?.attributes;
    same(
        "old item",
        old,
        Some(item([("id", n(1)), ("text", s("a"))])),
    )
}

async fn missing(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    same("the item", get(peer, &table, n(1)).await?, None)
}

async fn delete_missing(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let delete = peer
        .dynamodb()
        .delete_item()
        .table_name(table)
        .key("id", n(1));
    good("DeleteItem", delete.send().await).map(|_| ())
}

async fn delete_all_old(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put(peer, &table, item([("id", n(1)), ("text", s("a"))])).await?;
    let delete = peer
        .dynamodb()
        .delete_item()
        .table_name(&table)
        .key("id", n(1));
    let deleted = delete.return_values(ReturnValue::AllOld).send().await;
    let old = good("DeleteItem", deleted)?.attributes;
    same(
        "old item",
        old,
        Some(item([("id", n(1)), ("text", s("a"))])),
    )?;
    same("the item afterwards", get(peer, &table, n(1)).await?, None)
}

async fn number_keys(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    put(peer, &table, item([("id", n("1")), ("text", s("a"))])).await?;
    for written in ["1.0", "1e0", "0.1E1", "+1"] {
        let back = get(peer, &table, n(written)).await?;
        equal(&format!("an item under {written}"), back.is_some(), true)?;
    }
    put(peer, &table, item([("id", n("1.00")), ("text", s("b"))])).await?;
    let scan = peer.dynamodb().scan().table_name(&table).send().await;
    equal("items in the table", good("Scan", scan)?.count(), 1)
}

async fn comes_back(peer: &Peer, table: &str, sent: &str, expected: &str) -> Outcome {
    put(peer, table, item([("id", n(1)), ("number", n(sent))])).await?;
    let back = some("the item", get(peer, table, n(1)).await?)?;
    let number = back.get("number").and_then(|number| number.as_n().ok());
    equal("the number", number.map(String::as_str), Some(expected))
}

async fn digits_38(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    for digits in [
        "12345678901234567890123456789012345678",
        "1234567890123456789.0123456789012345678",
        "-99999999999999999999999999999999999999",
    ] {
        comes_back(peer, &table, digits, digits).await?;
    }
    Ok(())
}

async fn refused_number(peer: &Peer, table: &str, number: &str) -> Outcome {
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(table)
        .item("id", n(1));
    let put = put.item("number", n(number)).send().await;
    refused_as(
        &format!("PutItem with {number}"),
        put,
        "ValidationException",
    )
}

async fn digits_39(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    refused_number(peer, &table, "123456789012345678901234567890123456789").await
}

async fn magnitude(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    for good in [
        "9.9999999999999999999999999999999999999E+125",
        "1E-130",
        "-1E-130",
    ] {
        put(peer, &table, item([("id", n(1)), ("number", n(good))])).await?;
    }
    for bad in ["1E+126", "-1E+126", "1E-131"] {
        refused_number(peer, &table, bad).await?;
    }
    Ok(())
}

async fn zeroes(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    comes_back(peer, &table, "007.500", "7.5").await
}

async fn projection(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let list = AttributeValue::L(vec![s("zero"), s("one")]);
    let map = AttributeValue::M(item([("x", n(1)), ("y", n(2))]));
    let whole = item([
        ("id", n(1)),
        ("name", s("a")),
        ("parts", list),
        ("map", map),
    ]);
    put(peer, &table, whole).await?;
    let get = peer
        .dynamodb()
        .get_item()
        .table_name(&table)
        .key("id", n(1));
    let get = get.projection_expression("#n, parts[1], #m.y");
    let get = get.expression_attribute_names("#n", "name");
    let get = get.expression_attribute_names("#m", "map");
    let back = good("GetItem", get.send().await)?.item;
    let list = AttributeValue::L(vec![s("one")]);
    let map = AttributeValue::M(item([("y", n(2))]));
    same(
        "the item",
        back,
        Some(item([("name", s("a")), ("parts", list), ("map", map)])),
    )
}

async fn wrong_key_type(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(&table)
        .item("id", s("seven"));
    refused_as("PutItem", put.send().await, "ValidationException")?;
    let get = peer
        .dynamodb()
        .get_item()
        .table_name(&table)
        .key("id", s("seven"));
    refused_as("GetItem", get.send().await, "ValidationException")
}

async fn no_key(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(table)
        .item("other", n(1));
    refused_as("PutItem", put.send().await, "ValidationException")
}

async fn half_a_key(peer: &Peer) -> Outcome {
    let table = sorted_table(peer).await?;
    let get = peer
        .dynamodb()
        .get_item()
        .table_name(table)
        .key("id", s("a"));
    refused_as("GetItem", get.send().await, "ValidationException")
}

async fn empty_set(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(table)
        .item("id", n(1));
    let put = put.item("set", AttributeValue::Ss(Vec::new())).send().await;
    refused_as("PutItem", put, "ValidationException")
}

async fn set_with_doubles(peer: &Peer) -> Outcome {
    let table = table(peer).await?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(table)
        .item("id", n(1));
    let set = AttributeValue::Ss(vec!["a".into(), "a".into()]);
    refused_as(
        "PutItem",
        put.item("set", set).send().await,
        "ValidationException",
    )
}

async fn empty_text(peer: &Peer) -> Outcome {
    let table = text_table(peer).await?;
    put(peer, &table, item([("id", s("a")), ("text", s(""))])).await?;
    let put = peer
        .dynamodb()
        .put_item()
        .table_name(&table)
        .item("id", s(""));
    refused_as("PutItem", put.send().await, "ValidationException")
}
