"""A shop's server before a queue, as many are: each body that is posted to /orders is put on the queue by boto3.

http_front.py ENDPOINT: where the queue is. Its own endpoint on standard output, until standard input closes.
"""

import http.server
import json
import sys
import threading

import boto3

sqs = boto3.client(
    "sqs",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)
queue = sqs.get_queue_url(QueueName="orders-queue")["QueueUrl"]


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.path != "/orders":
            return self.reply(404, {"error": "no such path"})
        sent = sqs.send_message(QueueUrl=queue, MessageBody=body)
        self.reply(201, {"order": {"message": sent["MessageId"]}})

    def reply(self, status, document):
        text = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("http://127.0.0.1:{}".format(server.server_port), flush=True)
sys.stdin.read()
