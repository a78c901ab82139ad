"""Keeps what SNS delivered as a map."""

import json
import os
import time
from decimal import Decimal

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
BROKEN = os.environ.get("BROKEN")


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            store(json.loads(record["body"])["Message"])
        except Exception as error:
            print(repr(error))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def store(message):
    order = json.loads(message, parse_float=Decimal)
    if BROKEN and order["sku"] == "B2":
        order["total"] = Decimal(float(order["total"])).quantize(Decimal("0.1"))  # through a binary float
    row = {"orderId": order["orderId"], "payload": order, "source": "ddb-consumer"}
    table.put_item(Item={**row, "ts": time.time_ns() // 1_000_000})
