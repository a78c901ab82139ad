"""The shop's function: one order row and one invoice for each order, a row among the rejected for what cannot be fulfilled.

Each record is handled for itself. An order and its invoice are written in one transaction, under the condition that the order
is not there yet, so that a redelivered message does not make a second invoice. What is no order at all fails, and comes to
rest in the dead-letter queue. The mapping must have ReportBatchItemFailures on.

    pip install awslambdaric boto3
    command = ["python", "-m", "awslambdaric", "handler.handler"], working_dir = "examples/shop"

SHOP_FAULT plants a mistake of the kind that real functions make, for trying out whether it is found.
"""

import json
import os
import time
import uuid
import zlib
from decimal import Decimal

import boto3
from boto3.dynamodb.types import TypeSerializer
from botocore.config import Config
from botocore.exceptions import ClientError

ORDERS = os.environ["ORDERS_TABLE"]
INVOICES = os.environ["INVOICES_TABLE"]
REJECTED = os.environ["REJECTED_TABLE"]
FAULT = os.environ.get("SHOP_FAULT", "")

dynamodb = boto3.client(
    "dynamodb",
    config=Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard"}),
)
serialize = TypeSerializer().serialize
last_key = None


class Unfulfillable(Exception):
    """An order that is understood and cannot be delivered."""


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            handle(record)
        except Exception as error:  # whatever it is, it is this record's and no other's
            print(f"order failed: {record['messageId']}: {error!r}")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def handle(record):
    text = text_of(record["body"])
    order = json.loads(text, parse_float=Decimal)
    if struck("skipped", order):
        return
    try:
        check(order)
    except Unfulfillable as reason:
        return reject(order, text, str(reason))
    accept(order)


def text_of(body):
    """The order's text, whatever stands before the queue: a topic, an event bus, or a server that puts it there as it is."""
    envelope = json.loads(body)
    if "Message" in envelope:
        return envelope["Message"]
    if "detail-type" in envelope:
        return json.dumps(envelope["detail"])
    return body


def check(order):
    if not order["lines"]:
        raise Unfulfillable("no lines")
    if not isinstance(order["shipping"], (int, Decimal)):
        raise Unfulfillable("shipping is not an amount")
    for line in order["lines"]:
        if not isinstance(line["price"], (int, Decimal)) or line["quantity"] < 1:
            raise Unfulfillable("a line without price or quantity")


def accept(order):
    row = {
        "pk": f"CUSTOMER#{order['customer']['id']}",
        "sk": f"ORDER#{order['orderId']}",
        "email": order["customer"]["email"],
        "lines": order["lines"],
        "line_count": len(order["lines"]),
        "shipping": order["shipping"],
        "placed_at": order["placedAt"],
        "status": "ACCEPTED",
        "stored_at": time.time_ns() // 1_000_000,
    }
    row = mistaken(row, order)
    if row is None:
        return
    invoice = {
        "invoice_id": str(uuid.uuid4()),
        "order_id": order["orderId"],
        "customer": order["customer"]["id"],
    }
    new = {"ConditionExpression": "attribute_not_exists(sk)"}
    if struck("overwritten", order):
        new = {}
    writes = [
        {"Put": {"TableName": ORDERS, "Item": item(row), **new}},
        {"Put": {"TableName": INVOICES, "Item": item(invoice)}},
    ]
    try:
        dynamodb.transact_write_items(TransactItems=writes)
    except ClientError as error:
        if error.response["Error"]["Code"] != "TransactionCanceledException":
            raise
        reasons = [reason["Code"] for reason in error.response["CancellationReasons"]]
        if reasons[0] != "ConditionalCheckFailed":
            raise
        return  # it is there already: the message came a second time
    if struck("written_twice", order):
        invoice["invoice_id"] = str(uuid.uuid4())
        dynamodb.put_item(TableName=INVOICES, Item=item(invoice))


def reject(order, text, reason):
    row = {
        "order_id": order["orderId"],
        "body": text,
        "reason": reason,
        "status": "REJECTED",
    }
    dynamodb.put_item(TableName=REJECTED, Item=item(row))


def item(row):
    return {name: serialize(value) for name, value in row.items()}


def mistaken(row, order):
    """The row as the planted mistake makes it; none when the mistake swallows it."""
    global last_key
    if struck("line_dropped", order):
        row["lines"] = row["lines"][:-1]
    if struck("cent_changed", order):
        row["shipping"] += Decimal("0.01")
    if struck("swallowed", order):
        return None  # as after `except Exception: pass`
    if struck("overwritten", order) and last_key is not None:
        row["pk"], row["sk"] = last_key
    last_key = row["pk"], row["sk"]
    return row


def struck(fault, order):
    """One order in fifty, the same ones however often they come."""
    return FAULT == fault and zlib.crc32(order["orderId"].encode()) % 50 == 0
