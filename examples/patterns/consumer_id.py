"""Stores each order under a key of its own making, and remembers in a second write that it did."""

import json
import os
import uuid

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
BROKEN = os.environ.get("BROKEN")


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            store(json.loads(record["body"])["order"])
        except Exception as error:
            print(repr(error))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def store(order):
    row = {"content": order, "quantity": int(order["quantity"])}
    # The same order has the same key, so that a redelivery is no second row.
    table.put_item(Item={"id": str(uuid.uuid5(uuid.NAMESPACE_URL, order["id"])), **row})
    if BROKEN and order["id"] < "1":  # one in sixteen
        table.put_item(Item={"id": str(uuid.uuid4()), **row})
