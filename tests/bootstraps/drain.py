"""A Lambda bootstrap that keeps the bodies of a queue's messages in the file KEEP and is done with them."""

import http.client
import json
import os

api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    reply = api.getresponse()
    request_id = reply.headers["Lambda-Runtime-Aws-Request-Id"]
    event = json.loads(reply.read())
    with open(os.environ["KEEP"], "a") as keep:
        for record in event["Records"]:
            keep.write(os.environ["AWS_LAMBDA_FUNCTION_NAME"] + " " + record["body"] + "\n")
    api.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", "{}")
    api.getresponse().read()
