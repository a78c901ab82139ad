"""Sends through boto3 to the stub, which answers as SQS does: stub_client.py ENDPOINT.

botocore holds the MD5 of the body in every reply against what it sent; that of attributes is checked here.
"""

import hashlib
import struct
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]
config = Config(retries={"max_attempts": 0}, parameter_validation=False)
sqs = boto3.client(
    "sqs", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y", config=config
)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return
    raise AssertionError(f"{call.__name__}: expected {code}")


def digest(attributes):
    """The MD5 of message attributes, as the SQS developer guide describes it."""
    text = b""
    for name in sorted(attributes):
        attribute = attributes[name]
        binary = attribute.get("BinaryValue")
        value = binary if binary is not None else attribute["StringValue"].encode()
        for part in (name.encode(), attribute["DataType"].encode()):
            text += struct.pack(">I", len(part)) + part
        text += (b"\x01" if binary is None else b"\x02") + struct.pack(">I", len(value)) + value
    return hashlib.md5(text).hexdigest()


url = sqs.get_queue_url(QueueName="orders-queue")["QueueUrl"]
assert url.startswith(endpoint), url
assert sqs.list_queue_tags(QueueUrl=url)["Tags"]["orderproof:stub"]
body = 'price < 110 & "zTV" üß 🛒'
attributes = {
    "n": {"DataType": "Number", "StringValue": "7"},
    "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}
sent = sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest()
assert sent["MD5OfMessageAttributes"] == digest(attributes), sent
ids = {sent["MessageId"]}
entries = [{"Id": f"e-{n}", "MessageBody": f"body \\ {n}"} for n in range(10)]
batch = sqs.send_message_batch(QueueUrl=url, Entries=entries)
assert [entry["Id"] for entry in batch["Successful"]] == [entry["Id"] for entry in entries], batch
assert "Failed" not in batch, batch
for entry, reply in zip(entries, batch["Successful"]):
    assert reply["MD5OfMessageBody"] == hashlib.md5(entry["MessageBody"].encode()).hexdigest()
    ids.add(reply["MessageId"])
assert len(ids) == 11, ids

# An order of some run whose content is not the scenario's, among others.
mixed = [
    {"Id": "0", "MessageBody": "a stranger"},
    {"Id": "1", "MessageBody": '{"order_number": 7000000003, "num_items": 1}'},
    {"Id": "2", "MessageBody": "another"},
]
batch = sqs.send_message_batch(QueueUrl=url, Entries=mixed)
assert [entry["Id"] for entry in batch["Successful"]] == ["0", "2"], batch
(failed,) = batch["Failed"]
assert failed["Id"] == "1" and failed["SenderFault"] is True and failed["Code"] == "InvalidMessageContents", failed

# What SQS refuses is refused in its words.
refused("AWS.SimpleQueueService.EmptyBatchRequest", sqs.send_message_batch, QueueUrl=url, Entries=[])
twice = [{"Id": "0", "MessageBody": "a"}, {"Id": "0", "MessageBody": "b"}]
refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", sqs.send_message_batch, QueueUrl=url, Entries=twice)
refused("InvalidMessageContents", sqs.send_message, QueueUrl=url, MessageBody="\x01")
refused("AWS.SimpleQueueService.NonExistentQueue", sqs.send_message, QueueUrl=url + "-none", MessageBody="a")
refused("AWS.SimpleQueueService.UnsupportedOperation", sqs.send_message, QueueUrl=url, MessageBody="a", DelaySeconds=5)
assert "Messages" not in sqs.receive_message(QueueUrl=url)
print(f"boto3 {boto3.__version__} sends to the stub")
