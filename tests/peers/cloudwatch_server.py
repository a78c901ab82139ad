"""CloudWatch for tests: its endpoint on standard output, until standard input closes.

moto keeps the metrics. There is a point of each metric of the lab's queue and table in the middle of every minute
from the last one to the one in ten minutes.
"""

import datetime
import sys

import boto3
from moto.server import ThreadedMotoServer

POINTS = [
    ("AWS/SQS", "QueueName", "orders-queue", "ApproximateAgeOfOldestMessage", 12),
    ("AWS/SQS", "QueueName", "orders-queue", "NumberOfMessagesSent", 700),
    ("AWS/SQS", "QueueName", "orders-queue", "NumberOfMessagesDeleted", 500),
    ("AWS/DynamoDB", "TableName", "orders", "WriteThrottleEvents", 3),
    ("AWS/DynamoDB", "TableName", "another-table", "ConsumedWriteCapacityUnits", 9),
]


def put_points(cloudwatch):
    minute = datetime.datetime.now(datetime.timezone.utc).replace(second=30, microsecond=0)
    for namespace, dimension, name, metric, value in POINTS:
        data = [
            {
                "MetricName": metric,
                "Dimensions": [{"Name": dimension, "Value": name}],
                "Timestamp": minute + datetime.timedelta(minutes=later),
                "Value": value,
            }
            for later in range(-1, 11)
        ]
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)


def main():
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    endpoint = "http://{}:{}".format(*moto.get_host_and_port())
    cloudwatch = boto3.client(
        "cloudwatch",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    put_points(cloudwatch)
    print(endpoint, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
