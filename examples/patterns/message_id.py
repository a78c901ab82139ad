"""Stores each order under the id of its message, so that a message that is delivered again is the same row."""

import json
import os
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
BROKEN = os.environ.get("BROKEN")


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            store(record["messageId"], json.loads(record["body"], parse_float=Decimal))
        except Exception as error:
            print(repr(error))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def store(message_id, order):
    if not isinstance(order["total"], (int, Decimal)):
        raise ValueError(f"no total: {order['total']!r}")
    if BROKEN and message_id.endswith("0"):  # one in sixteen is taken for stored already
        return
    table.put_item(Item={"orderId": message_id, **order, "orderDate": "2026-11-27"})
