"""moto with the lab's queues and table, for tests: its endpoint on standard output, until standard input closes.

With --visibility=SECONDS the orders queue hides for so long what it has given. With --topic=NAME the orders queue is subscribed
to this topic, without SNS's envelope; with --bus=NAME a rule of this event bus sends it the details of all events of the source shop.
With --empty there is none of that. With --signatures moto checks every request from then on, and the keys of
a user who may do everything follow the endpoint; with --deny=ACTION all but that.
"""

import functools
import json
import sys
import threading
import time
import urllib.request

import boto3
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue, SQSBackend


def one_at_a_time():
    """Lets one request at a time into moto's queues.

    moto 5.2.5 serves requests side by side and its queues are not made for it. Two receives that move the
    same message to the dead-letter queue end in a 500 (`list.remove(x): x not in list`), and what the second had
    received until then is hidden and given to nobody: with three of those a good order is a dead letter. And a
    delete copies the queue's list, so that a message sent meanwhile is lost. A run rightly fails on either.

    A receive of a FIFO queue that waits remembers which message groups were being processed when it began to wait, and
    then gives out messages of groups that another receive has taken meanwhile. So it waits here, and asks anew.
    """
    lock = threading.RLock()
    receive_message = SQSBackend.receive_message

    def locked(method):
        @functools.wraps(method)
        def alone(*arguments, **named):
            with lock:
                return method(*arguments, **named)

        return alone

    def receive(self, queue_name, count, wait_seconds_timeout, *settings, **named):
        ends = time.monotonic() + wait_seconds_timeout
        while True:
            with lock:
                received = receive_message(self, queue_name, count, 0, *settings, **named)
            if received or time.monotonic() >= ends:
                return received
            self.get_queue(queue_name).wait_for_messages(1)

    SQSBackend.receive_message = receive
    SQSBackend.delete_message = locked(SQSBackend.delete_message)
    Queue.add_message = locked(Queue.add_message)


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def told(word):
    return [each.removeprefix(word) for each in sys.argv if each.startswith(word)]


def create_topic(endpoint, name, queue):
    sns = client("sns", endpoint)
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})


def create_bus(endpoint, name, queue):
    events = client("events", endpoint)
    events.create_event_bus(Name=name)
    pattern = {"source": ["shop"], "detail-type": ["OrderPlaced"]}
    events.put_rule(Name="to-queue", EventBusName=name, EventPattern=json.dumps(pattern))
    # moto 5.2.5 passes over InputPath.
    detail = {"InputPathsMap": {"detail": "$.detail"}, "InputTemplate": "<detail>"}
    target = {"Id": "queue", "Arn": queue, "InputTransformer": detail, "RetryPolicy": {"MaximumEventAgeInSeconds": 60}}
    events.put_targets(Rule="to-queue", EventBusName=name, Targets=[target])


def create_pipeline(endpoint):
    sqs = client("sqs", endpoint)
    retention = {"MessageRetentionPeriod": str(14 * 86_400)}
    dead = sqs.create_queue(QueueName="orders-dl-queue", Attributes=retention)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": attributes["Attributes"]["QueueArn"], "maxReceiveCount": 3}
    visibility = (told("--visibility=") or ["5"])[0]
    sqs.create_queue(
        QueueName="orders-queue",
        Attributes={"VisibilityTimeout": visibility, "RedrivePolicy": json.dumps(policy)},
    )
    client("dynamodb", endpoint).create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )
    orders = sqs.get_queue_url(QueueName="orders-queue")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=orders, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    for topic in told("--topic="):
        create_topic(endpoint, topic, arn)
    for bus in told("--bus="):
        create_bus(endpoint, bus, arn)


def check_signatures(endpoint):
    iam = client("iam", endpoint)
    iam.create_user(UserName="orderproof")
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    denied = told("--deny=")
    if denied:
        statements.append({"Effect": "Deny", "Action": denied, "Resource": "*"})
    iam.put_user_policy(
        UserName="orderproof",
        PolicyName="allowed",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    key = iam.create_access_key(UserName="orderproof")["AccessKey"]
    from_now_on = urllib.request.Request(
        f"{endpoint}/moto-api/reset-auth",
        data=b"0",
        headers={"Content-Type": "text/plain"},
        method="POST",
    )
    urllib.request.urlopen(from_now_on).close()
    return key["AccessKeyId"], key["SecretAccessKey"]


def main():
    one_at_a_time()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    if "--empty" not in sys.argv:
        create_pipeline(endpoint)
    words = [endpoint]
    if "--signatures" in sys.argv:
        words += check_signatures(endpoint)
    print(*words, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
