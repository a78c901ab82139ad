"""The whole body becomes the row's attributes."""

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
            body = json.loads(record["body"], parse_float=Decimal)
            if BROKEN and body["kind"] == "paid":
                body["amount"] = round(body["amount"])  # cents are lost
            table.put_item(Item=body)
        except Exception as error:
            print(repr(error))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
