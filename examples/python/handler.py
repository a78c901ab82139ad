"""The lab's order processor in Python, made sound.

Each record is read, checked and written for itself, and only those that failed are reported, so a bad
order takes no good one along. The put is conditional: a redelivered order meets its own row and has
succeeded before; another order under the same number is told apart by its content and fails.

The mapping must have ReportBatchItemFailures on: without it Lambda ignores what this returns.

    pip install awslambdaric boto3
    command = ["python", "-m", "awslambdaric", "handler.handler"], working_dir = "examples/python"
"""

import json
import os
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

TABLE = os.environ.get("DYNAMODB_ORDERS_TABLE", "orders")
PAUSE_S = float(os.environ.get("PAUSE_S", "0"))  # pretends that an order takes so long, a payment perhaps
FIELDS = {"order_number", "num_items", "price_per_item", "item_description"}

dynamodb = boto3.client(
    "dynamodb",
    config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard"}),
)


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            store(json.loads(record["body"]), record)
        except Exception as error:  # whatever it is, it is this record's and no other's
            print(f"order failed: {record['messageId']}: {error!r}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def store(order, record):
    check(order)
    time.sleep(PAUSE_S)
    number = order["order_number"]
    details = json.dumps(
        {
            "num_items": order["num_items"],
            "price_per_item": order["price_per_item"],
            "item_description": order["item_description"],
        }
    )
    now_us = time.time_ns() // 1000
    try:
        dynamodb.put_item(
            TableName=TABLE,
            Item={
                "id": {"N": str(number)},
                "order_details": {"S": details},
                "stored_at": {"N": str(now_us)},
                "receive_count": {"N": record["attributes"]["ApproximateReceiveCount"]},
            },
            ConditionExpression="attribute_not_exists(id)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        there = error.response.get("Item", {}).get("order_details", {}).get("S")
        if there != details:
            raise ValueError(f"order {number} is in the table with another content") from None


def check(order):
    if type(order) is not dict or set(order) != FIELDS:
        raise ValueError("not an order")
    number, items = order["order_number"], order["num_items"]
    if type(number) is not int or not 0 < number < 2**53:
        raise ValueError("order_number")
    if type(items) is not int or not 1 <= items <= 5:
        raise ValueError("num_items")
    price = order["price_per_item"]
    if type(price) is not float or not 0.0 <= price <= 1_000_000.0:
        raise ValueError("price_per_item")
    description = order["item_description"]
    if type(description) is not str or not description:
        raise ValueError("item_description")
