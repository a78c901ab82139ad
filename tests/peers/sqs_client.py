"""Every operation of SQS through boto3, whichever protocol it speaks: the Query protocol up to botocore 1.31.80.

sqs_client.py ENDPOINT PROTOCOL: `query` or `json`, which the installed version must speak.
"""

import hashlib
import json
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, protocol = sys.argv[1:3]
config = Config(retries={"max_attempts": 0}, parameter_validation=False)
sqs = boto3.client(
    "sqs", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y", config=config
)
assert sqs.meta.service_model.metadata["protocol"] == protocol, sqs.meta.service_model.metadata


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        seen = error.response["Error"]["Code"]
        assert seen == code, f"{call.__name__}: {seen}, expected {code}"
        assert error.response["Error"]["Message"]
        return
    raise AssertionError(f"{call.__name__}: expected {code}")


def received(url, **arguments):
    reply = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"], **arguments
    )
    return reply.get("Messages", [])


# Queues.
dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "1"})
url = sqs.create_queue(
    QueueName="orders", Attributes={"VisibilityTimeout": "30", "RedrivePolicy": policy}, tags={"team": "shop & co"}
)["QueueUrl"]
assert url == sqs.get_queue_url(QueueName="orders")["QueueUrl"] and url.startswith(endpoint), url
assert sqs.list_queues()["QueueUrls"] == [dead, url]
page = sqs.list_queues(MaxResults=1)
assert page["QueueUrls"] == [dead] and sqs.list_queues(MaxResults=1, NextToken=page["NextToken"])["QueueUrls"] == [url]
assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "shop & co"}
sqs.tag_queue(QueueUrl=url, Tags={"a": "b", "c": "d"})
sqs.untag_queue(QueueUrl=url, TagKeys=["a", "team"])
assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"c": "d"}
sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
assert attributes["VisibilityTimeout"] == "60" and json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 1

# Messages. botocore holds the body's MD5 of every reply against what it sent.
body = 'price < 110 & "zTV"\r\n\tüß 🛒'
sent = sqs.send_message(
    QueueUrl=url,
    MessageBody=body,
    MessageAttributes={
        "n": {"DataType": "Number", "StringValue": "7"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    },
)
assert sent["MD5OfMessageBody"] == hashlib.md5(body.encode()).hexdigest() and sent["MD5OfMessageAttributes"]
(message,) = received(url)
assert message["Body"] == body and message["MessageId"] == sent["MessageId"]
assert message["MessageAttributes"]["n"] == {"DataType": "Number", "StringValue": "7"}
assert message["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff"
assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
assert message["Attributes"]["ApproximateReceiveCount"] == "1" and message["Attributes"]["SentTimestamp"].isdigit()
sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=90)
sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
assert received(url, WaitTimeSeconds=1) == []
entries = [{"Id": str(n), "MessageBody": f"body {n}"} for n in range(1, 10)] + [{"Id": "bad", "MessageBody": "\x01"}]
if protocol == "query":
    entries[-1]["MessageBody"] = ""
batch = sqs.send_message_batch(QueueUrl=url, Entries=entries)
assert [entry["Id"] for entry in batch["Successful"]] == [str(n) for n in range(1, 10)]
(failed,) = batch["Failed"]
assert failed["Id"] == "bad" and failed["SenderFault"] is True and failed["Code"], failed
messages = received(url)
assert [message["Body"] for message in messages] == [f"body {n}" for n in range(1, 10)]
handles = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(messages)]
shown = sqs.change_message_visibility_batch(
    QueueUrl=url, Entries=[{**handles[0], "VisibilityTimeout": 0}, {"Id": "x", "ReceiptHandle": "x", "VisibilityTimeout": 0}]
)
assert [entry["Id"] for entry in shown["Successful"]] == ["0"] and shown["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
deleted = sqs.delete_message_batch(QueueUrl=url, Entries=handles[1:])
assert len(deleted["Successful"]) == 8 and "Failed" not in deleted

# A dead letter, and its way back.
assert received(url) == []
assert sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["All"])["Attributes"]["ApproximateNumberOfMessages"] == "1"
sqs.start_message_move_task(SourceArn=arn)
for _ in range(100):
    (task,) = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    if task["Status"] == "COMPLETED":
        break
    time.sleep(0.02)
assert task["Status"] == "COMPLETED" and task["ApproximateNumberOfMessagesMoved"] == 1, task
(message,) = received(url, WaitTimeSeconds=2)
assert message["Body"] == "body 1"
refused("InvalidParameterValue", sqs.cancel_message_move_task, TaskHandle="nonsense")
sqs.purge_queue(QueueUrl=url)

# FIFO.
fifo = sqs.create_queue(
    QueueName="orders.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
)["QueueUrl"]
first = sqs.send_message(QueueUrl=fifo, MessageBody="1", MessageGroupId="g")
copy = sqs.send_message(QueueUrl=fifo, MessageBody="1", MessageGroupId="g")
assert first["SequenceNumber"] == copy["SequenceNumber"] and len(first["SequenceNumber"]) == 20
(message,) = received(fifo, ReceiveRequestAttemptId="x")
assert message["Attributes"]["SequenceNumber"] == first["SequenceNumber"]
assert message["Attributes"]["MessageGroupId"] == "g"
assert received(fifo, ReceiveRequestAttemptId="x")[0]["ReceiptHandle"] == message["ReceiptHandle"]

# Errors, by the codes that programs look for.
refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="none")
refused("QueueAlreadyExists", sqs.create_queue, QueueName="orders", Attributes={"DelaySeconds": "7"})
refused("AWS.SimpleQueueService.PurgeQueueInProgress", sqs.purge_queue, QueueUrl=url)
refused("AWS.SimpleQueueService.EmptyBatchRequest", sqs.send_message_batch, QueueUrl=url, Entries=[])
refused("MissingParameter", sqs.send_message, QueueUrl=fifo, MessageBody="2")
refused("ReceiptHandleIsInvalid", sqs.delete_message, QueueUrl=url, ReceiptHandle="x")
refused("ResourceNotFoundException", sqs.list_message_move_tasks, SourceArn=arn.replace("dead", "none"))
refused("InvalidAttributeName", sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Nonsense"])
refused("AWS.SimpleQueueService.UnsupportedOperation", sqs.add_permission, QueueUrl=url, Label="l", AWSAccountIds=["1"], Actions=["*"])
sqs.delete_queue(QueueUrl=url)
refused("AWS.SimpleQueueService.NonExistentQueue", sqs.send_message, QueueUrl=url, MessageBody="1")
print(f"boto3 {boto3.__version__} speaks {protocol}")
