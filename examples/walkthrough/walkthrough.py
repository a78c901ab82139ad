"""The original lab, step by step, with boto3 against `orderproof serve --empty`.

    orderproof serve --empty &
    python walkthrough.py http://127.0.0.1:9324

Creates both queues, the redrive policy and the table, sends 20 orders, waits until the queue is empty,
counts rows and dead letters, reads the dead letters, and deletes everything again. Ends with an error
if an order is missing or in the wrong place. Needs boto3.
"""

import json
import random
import sys
import time

import boto3
from botocore.config import Config

ORDERS = 20


def main(endpoint: str) -> None:
    options = dict(
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}),
    )
    sqs = boto3.client("sqs", **options)
    dynamodb = boto3.client("dynamodb", **options)

    dead_url = sqs.create_queue(QueueName="orders-dl-queue")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = sqs.create_queue(QueueName="orders-queue", Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "3"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    print("queues ", ", ".join(sorted(sqs.list_queues()["QueueUrls"])))

    dynamodb.create_table(
        TableName="orders",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    dynamodb.get_waiter("table_exists").wait(TableName="orders")
    print("table  ", dynamodb.describe_table(TableName="orders")["Table"]["TableStatus"])

    good, bad = send_orders(sqs, url)
    print(f"sent    {ORDERS} orders, {len(bad)} of them bad")

    wait_until_empty(sqs, url)
    rows = dynamodb.scan(TableName="orders", ConsistentRead=True)["Items"]
    stored = {int(row["id"]["N"]) for row in rows}
    print(f"rows    {len(stored)}")
    for row in sorted(rows, key=lambda row: int(row["id"]["N"]))[:3]:
        print("       ", row["id"]["N"], row["order_details"]["S"])

    letters = read_dead_letters(sqs, dead_url, len(bad))
    print(f"dead    {len(letters)}")
    for number, letter in sorted(letters.items()):
        receives = letter["Attributes"]["ApproximateReceiveCount"]
        print("       ", number, letter["Body"], f"(received {receives} times)")

    assert stored == good, f"rows missing or unexpected: {stored ^ good}"
    assert set(letters) == bad, f"dead letters missing or unexpected: {set(letters) ^ bad}"

    dynamodb.delete_table(TableName="orders")
    for queue in (url, dead_url):
        sqs.delete_queue(QueueUrl=queue)
    assert not sqs.list_queues().get("QueueUrls") and not dynamodb.list_tables()["TableNames"]
    print("clean   queues and table deleted")


def send_orders(sqs, url):
    """20 orders as the lab's simulator makes them: about one in seven has the price `err`."""
    random.seed(20)
    good, bad = set(), set()
    for number in range(1, ORDERS + 1):
        is_bad = random.random() < 0.15
        order = {
            "order_number": number,
            "num_items": random.randint(1, 5),
            "price_per_item": "err" if is_bad else random.randrange(110, 155, 5) * 1.0,
            "item_description": random.choice(["zMobile", "zTablet", "zTV", "zWatch", "zPen"]),
        }
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(order))
        (bad if is_bad else good).add(number)
    return good, bad


def wait_until_empty(sqs, url):
    names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if all(int(counts[name]) == 0 for name in names):
            return
        time.sleep(0.2)
    raise AssertionError(f"the queue is not empty after a minute: {counts}")


def read_dead_letters(sqs, url, expected):
    letters = {}
    while True:
        reply = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            AttributeNames=["ApproximateReceiveCount"],
        )
        messages = reply.get("Messages", [])
        for message in messages:
            letters[json.loads(message["Body"])["order_number"]] = message
        if not messages or len(letters) > expected:
            return letters


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
