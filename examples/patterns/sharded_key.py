"""Stores an order under the address and a shard, so that no customer is a hot partition."""

import json
import os
import zlib
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
BROKEN = os.environ.get("BROKEN")


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            store(json.loads(record["body"], parse_float=Decimal))
        except Exception as error:
            print(repr(error))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def store(order):
    shard = zlib.crc32(order["id"].encode()) % 4
    products = ";".join(order["products"])
    if BROKEN and shard == 0:
        products = order["products"][0]
    table.put_item(
        Item={
            "pk": f"{order['email']}#{shard}",
            "sk": f"{order['date']}#{order['id']}",
            "Email": order["email"],
            "Price": order["price"],
            "Products": products,
        }
    )
