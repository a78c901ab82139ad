"""SNS and EventBridge in front of queues, through boto3.

doors_client.py ENDPOINT
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]
config = Config(retries={"max_attempts": 0}, parameter_validation=False)


def client(service):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=config,
    )


sqs, sns, events = client("sqs"), client("sns"), client("events")


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        seen = error.response["Error"]["Code"]
        assert seen == code, f"{call.__name__}: {seen}, expected {code}"
        assert error.response["Error"]["Message"]
        return
    raise AssertionError(f"{call.__name__}: expected {code}")


def queue(name, **attributes):
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def received(url):
    reply = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"], WaitTimeSeconds=2
    )
    messages = reply.get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return messages


url, arn = queue("door-orders")
raw_url, raw_arn = queue("door-raw")
fifo_url, fifo_arn = queue("door-orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")

# Topics.
topic = sns.create_topic(Name="orders", Tags=[{"Key": "team", "Value": "shop & co"}])["TopicArn"]
refused("InvalidParameter", sns.create_topic, Name="orders", Tags=[{"Key": "team", "Value": "other"}])
assert topic in [one["TopicArn"] for one in sns.list_topics()["Topics"]]
assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "team", "Value": "shop & co"}]
sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "a", "Value": "b"}])
sns.untag_resource(ResourceArn=topic, TagKeys=["team"])
assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "a", "Value": "b"}]
sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Orders <&>")
assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Orders <&>"
refused("InvalidParameter", sns.create_topic, Name="no.dots")
refused("NotFound", sns.get_topic_attributes, TopicArn=topic + "x")

# Subscriptions.
enveloped = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)["SubscriptionArn"]
policy = json.dumps({"kind": ["order", {"prefix": "ord"}]})
attributes = {"RawMessageDelivery": "true", "FilterPolicy": policy}
raw = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=raw_arn, Attributes=attributes)["SubscriptionArn"]
assert {one["SubscriptionArn"] for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]} == {enveloped, raw}
described = sns.get_subscription_attributes(SubscriptionArn=raw)["Attributes"]
assert described["RawMessageDelivery"] == "true" and json.loads(described["FilterPolicy"]) == json.loads(policy), described
refused("InvalidParameter", sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=fifo_arn)
refused("InvalidParameter", sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="a@example.com")
refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=topic + ":gone")

# Publishing.
text = 'price < 110 & "zTV"\r\n\tüß 🛒'
message_attributes = {
    "kind": {"DataType": "String", "StringValue": "order"},
    "n": {"DataType": "Number", "StringValue": "7"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
}
published = sns.publish(TopicArn=topic, Message=text, Subject="an order", MessageAttributes=message_attributes)
(message,) = received(url)
envelope = json.loads(message["Body"])
assert envelope["Type"] == "Notification" and envelope["Message"] == text and envelope["Subject"] == "an order"
assert envelope["MessageId"] == published["MessageId"] and envelope["TopicArn"] == topic
assert envelope["MessageAttributes"]["n"] == {"Type": "Number", "Value": "7"}
(message,) = received(raw_url)
assert message["Body"] == text and message["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\xff"
sns.publish(TopicArn=topic, Message="no order")
assert len(received(url)) == 1 and received(raw_url) == []
sns.set_subscription_attributes(SubscriptionArn=raw, AttributeName="FilterPolicy", AttributeValue="{}")
entries = [{"Id": str(n), "Message": f"m{n}"} for n in range(9)] + [{"Id": "bad", "Message": ""}]
batch = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
assert [one["Id"] for one in batch["Successful"]] == [str(n) for n in range(9)], batch
assert [(one["Id"], one["Code"], one["SenderFault"]) for one in batch["Failed"]] == [("bad", "InvalidParameter", True)]
assert sorted(message["Body"] for message in received(raw_url)) == [f"m{n}" for n in range(9)]
received(url)
refused("TooManyEntriesInBatchRequest", sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[{"Id": str(n), "Message": "m"} for n in range(11)])
refused("BatchEntryIdsNotDistinct", sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[{"Id": "a", "Message": "m"}] * 2)
refused("EmptyBatchRequest", sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=[])
refused("InvalidParameter", sns.publish, TopicArn=topic, Message="x" * (256 * 1024 + 1))
refused("NotFound", sns.publish, TopicArn=topic + "x", Message="m")

# FIFO.
fifo = sns.create_topic(Name="orders.fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})["TopicArn"]
sns.subscribe(TopicArn=fifo, Protocol="sqs", Endpoint=fifo_arn)
first = sns.publish(TopicArn=fifo, Message="1", MessageGroupId="a")
assert sns.publish(TopicArn=fifo, Message="1", MessageGroupId="a")["MessageId"] == first["MessageId"]
second = sns.publish(TopicArn=fifo, Message="2", MessageGroupId="a")
assert int(second["SequenceNumber"]) > int(first["SequenceNumber"])
messages = received(fifo_url)
assert [json.loads(message["Body"])["Message"] for message in messages] == ["1", "2"]
assert messages[0]["Attributes"]["MessageGroupId"] == "a"
refused("InvalidParameter", sns.publish, TopicArn=fifo, Message="3")
sns.unsubscribe(SubscriptionArn=enveloped)
sns.delete_topic(TopicArn=topic)
sns.delete_topic(TopicArn=topic)
assert sns.list_topics()["Topics"] == [{"TopicArn": fifo}]

# Event buses.
bus = events.create_event_bus(Name="shop", Tags=[{"Key": "a", "Value": "b"}])["EventBusArn"]
refused("ResourceAlreadyExistsException", events.create_event_bus, Name="shop")
assert {one["Name"] for one in events.list_event_buses()["EventBuses"]} == {"default", "shop"}
assert events.describe_event_bus(Name=bus)["Name"] == "shop"
pattern = json.dumps({"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}})
rule = events.put_rule(Name="large", EventBusName="shop", EventPattern=pattern)["RuleArn"]
assert rule.endswith(":rule/shop/large"), rule
assert events.list_tags_for_resource(ResourceARN=bus)["Tags"] == [{"Key": "a", "Value": "b"}]
assert events.list_tags_for_resource(ResourceARN=rule)["Tags"] == []
refused("InvalidEventPatternException", events.put_rule, Name="bad", EventPattern="{")
targets = [
    {"Id": "1", "Arn": arn},
    {"Id": "2", "Arn": fifo_arn, "SqsParameters": {"MessageGroupId": "all"}, "InputPath": "$.detail"},
]
assert events.put_targets(Rule="large", EventBusName="shop", Targets=targets)["FailedEntryCount"] == 0
assert events.list_targets_by_rule(Rule="large", EventBusName="shop")["Targets"] == targets
refused("ValidationException", events.put_targets, Rule="large", EventBusName="shop", Targets=[{"Id": "3", "Arn": fifo_arn}])
refused(
    "ValidationException",
    events.put_targets,
    Rule="large",
    EventBusName="shop",
    Targets=[{"Id": "3", "Arn": arn, "InputTransformer": {"InputTemplate": "<x>", "InputPathsMap": {"x": "$.detail"}}}],
)
assert events.describe_rule(Name="large", EventBusName="shop")["State"] == "ENABLED"


def entry(**fields):
    return {"Source": "shop", "DetailType": "order", "EventBusName": "shop", "Detail": "{}", **fields}


put = events.put_events(
    Entries=[
        entry(Detail=json.dumps({"id": 1, "total": 120})),
        entry(Detail=json.dumps({"id": 2, "total": 90})),
        entry(Detail="no JSON"),
        {"DetailType": "order", "Detail": "{}"},
    ]
)
assert put["FailedEntryCount"] == 2, put
assert [one.get("ErrorCode") for one in put["Entries"]] == [None, None, "MalformedDetail", "InvalidArgument"], put
(message,) = received(url)
event = json.loads(message["Body"])
assert event["id"] == put["Entries"][0]["EventId"] and event["detail"] == {"id": 1, "total": 120} and event["version"] == "0"
assert event["detail-type"] == "order" and event["account"] in topic and event["region"] == "us-east-1", event
(message,) = received(fifo_url)
assert json.loads(message["Body"]) == {"id": 1, "total": 120} and message["Attributes"]["MessageGroupId"] == "all"
refused("ValidationException", events.put_events, Entries=[entry()] * 11)
events.disable_rule(Name="large", EventBusName="shop")
assert events.put_events(Entries=[entry(Detail=json.dumps({"total": 120}))])["FailedEntryCount"] == 0
refused("ValidationException", events.delete_rule, Name="large", EventBusName="shop")
assert events.remove_targets(Rule="large", EventBusName="shop", Ids=["1", "2", "9"])["FailedEntryCount"] == 1
events.delete_rule(Name="large", EventBusName="shop")
refused("ResourceNotFoundException", events.describe_rule, Name="large", EventBusName="shop")
events.delete_event_bus(Name="shop")
print("boto3", boto3.__version__, "speaks to the doors")
