"""Completes an order whose row the API has written."""

import json
import os

import boto3
from botocore.exceptions import ClientError

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
BROKEN = os.environ.get("BROKEN")


def handler(event, context):
    failures = []
    for record in event["Records"]:
        try:
            complete(json.loads(record["body"])["order_id"])
        except ClientError as error:
            print(repr(error))
            # The broken function takes every failure for an order that is complete.
            if not BROKEN:
                failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def complete(order_id):
    table.update_item(
        Key={"order_id": order_id},
        UpdateExpression="SET #s = :completed",
        ConditionExpression="attribute_exists(order_id)",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":completed": "COMPLETED"},
    )
