"""CloudWatch for tests: its endpoint on standard output, until standard input closes.

moto keeps the metrics; it does not speak the protocol that AWS's SDK for Rust asks CloudWatch in (Smithy RPC v2
with CBOR), so botocore's parser and serializer stand in front of it. There is a point of each metric of the
lab's queue and table in the middle of every minute from the last one to the one in ten minutes.
"""

import datetime
import http.server
import sys
import threading

import boto3
from botocore.parsers import RpcV2CBORParser
from botocore.serialize import RpcV2CBORSerializer
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


def front(cloudwatch):
    """Answers GetMetricData in CBOR with what moto says."""
    operation = cloudwatch.meta.service_model.operation_model("GetMetricData")

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/service/GraniteServiceVersion20100801/operation/GetMetricData":
                return self.send_error(404)
            headers = {"smithy-protocol": self.headers["smithy-protocol"]}
            asked = {"status_code": 200, "headers": headers, "body": body}
            params = RpcV2CBORParser().parse(asked, operation.input_shape)
            params.pop("ResponseMetadata")
            answer = cloudwatch.get_metric_data(**params)
            answer.pop("ResponseMetadata")
            told = bytearray()
            RpcV2CBORSerializer()._serialize_data_item(told, answer, operation.output_shape)
            self.send_response(200)
            self.send_header("smithy-protocol", "rpc-v2-cbor")
            self.send_header("Content-Type", "application/cbor")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(bytes(told))

        def log_message(self, *_):
            pass

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def main():
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    cloudwatch = boto3.client(
        "cloudwatch",
        endpoint_url="http://{}:{}".format(*moto.get_host_and_port()),
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    put_points(cloudwatch)
    server = front(cloudwatch)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("http://{}:{}".format(*server.server_address), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
