"""The calls that Terraform's AWS provider makes for aws_sqs_queue, aws_dynamodb_table and aws_sns_topic, and what it waits for.

terraform_calls.py ENDPOINT. Source: hashicorp/terraform-provider-aws, internal/service/sqs/queue.go,
internal/service/dynamodb/table.go and wait.go, internal/service/sns/topic.go.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=20)
keys = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "y"}
sqs, dynamodb, sns = (boto3.client(service, endpoint_url=sys.argv[1], config=config, **keys) for service in ("sqs", "dynamodb", "sns"))
ACCOUNT = "us-east-1:000000000000"


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["Error"]["Message"], error
        return
    raise AssertionError(f"expected {code}")


# aws_sqs_queue: what was set is read back as it was set, until it is.
asked = {
    "DelaySeconds": "5", "MaximumMessageSize": "2048", "MessageRetentionPeriod": "86400", "ReceiveMessageWaitTimeSeconds": "10",
    "VisibilityTimeout": "60", "SqsManagedSseEnabled": "true",
}
url = sqs.create_queue(QueueName="tf", Attributes=asked, tags={"team": "shop"})["QueueUrl"]
read = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
assert {key: read[key] for key in asked} == asked, read
assert read["QueueArn"] == f"arn:aws:sqs:{ACCOUNT}:tf", read
assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "shop"}
dead = sqs.create_queue(QueueName="tf-dead")["QueueUrl"]
policy = {"deadLetterTargetArn": f"arn:aws:sqs:{ACCOUNT}:tf-dead", "maxReceiveCount": 4}
sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy)})
read = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
assert json.loads(read["RedrivePolicy"]) == policy, read
allowed = {"redrivePermission": "byQueue", "sourceQueueArns": [f"arn:aws:sqs:{ACCOUNT}:tf"]}
sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": json.dumps(allowed)})
read = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["RedriveAllowPolicy"])["Attributes"]
assert json.loads(read["RedriveAllowPolicy"]) == allowed, read
sqs.delete_queue(QueueUrl=url)
refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["All"])

# aws_dynamodb_table: it waits for the table, and for its warm throughput, to be ACTIVE.
arn = f"arn:aws:dynamodb:{ACCOUNT}:table/tf-orders"
made = dynamodb.create_table(
    TableName="tf-orders", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], Tags=[{"Key": "team", "Value": "shop"}],
)["TableDescription"]
assert made["TableArn"] == arn, made
table = dynamodb.describe_table(TableName="tf-orders")["Table"]
assert table["TableStatus"] == "ACTIVE" and table["WarmThroughput"]["Status"] == "ACTIVE", table
assert table["TableArn"] == arn and table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST", table
backups = dynamodb.describe_continuous_backups(TableName="tf-orders")["ContinuousBackupsDescription"]
assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED", backups
refused("TableNotFoundException", dynamodb.describe_continuous_backups, TableName="nothing")
assert dynamodb.describe_time_to_live(TableName="tf-orders")["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
dynamodb.update_time_to_live(TableName="tf-orders", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
assert dynamodb.describe_time_to_live(TableName="tf-orders")["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "shop"}]
# A table's ARN stands wherever its name may.
dynamodb.put_item(TableName=arn, Item={"id": {"S": arn}})
assert dynamodb.get_item(TableName=arn, Key={"id": {"S": arn}})["Item"] == {"id": {"S": arn}}
assert dynamodb.scan(TableName=arn)["Count"] == 1
assert dynamodb.describe_table(TableName=arn)["Table"]["TableName"] == "tf-orders"
dynamodb.transact_write_items(TransactItems=[{"Delete": {"TableName": arn, "Key": {"id": {"S": arn}}}}])
dynamodb.delete_table(TableName="tf-orders")
refused("ResourceNotFoundException", dynamodb.describe_table, TableName="tf-orders")

# aws_sns_topic, and its subscription.
topic = sns.create_topic(Name="tf", Tags=[{"Key": "team", "Value": "shop"}])["TopicArn"]
assert topic == f"arn:aws:sns:{ACCOUNT}:tf", topic
assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["TopicArn"] == topic
assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "team", "Value": "shop"}]
subscription = sns.subscribe(
    TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{ACCOUNT}:tf-dead", Attributes={"RawMessageDelivery": "true"},
    ReturnSubscriptionArn=True,
)["SubscriptionArn"]
read = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
assert read["RawMessageDelivery"] == "true" and read["PendingConfirmation"] == "false", read
sns.unsubscribe(SubscriptionArn=subscription)
sns.delete_topic(TopicArn=topic)
refused("NotFound", sns.get_topic_attributes, TopicArn=topic)
print("what Terraform asks is answered")
