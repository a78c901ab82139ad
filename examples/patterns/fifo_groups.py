"""A FIFO queue: a customer's orders are processed one after the other, and each row says when."""

import json
import os
import time

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
BROKEN = os.environ.get("BROKEN")


def handler(event, context):
    records = event["Records"]
    if BROKEN:
        records = reversed(records)  # as when records are worked on side by side
    failed = set()  # customers whose orders come back
    failures = []
    for record in records:
        customer = record["attributes"]["MessageGroupId"]
        try:
            if customer in failed:
                raise RuntimeError(f"an earlier order of {customer} comes back first")
            order = json.loads(record["body"])
            order["processed_at"] = time.time_ns()
            table.put_item(Item=order)
        except Exception as error:
            print(repr(error))
            failed.add(customer)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
