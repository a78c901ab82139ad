"""A Lambda bootstrap and order processor of the standard library alone. MODE says how it misbehaves."""

import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

MODE = os.environ.get("MODE", "")
API = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
SIGNED = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
HEADERS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.PutItem",
           "X-Amz-Date": "20260101T000000Z", "Authorization": SIGNED}


def api(verb, path, body=None):
    API.request(verb, "/2018-06-01/runtime/invocation/" + path, body)
    reply = API.getresponse()
    return reply.headers.get("Lambda-Runtime-Aws-Request-Id"), reply.read()


def put(number, details):
    item = {"id": {"N": str(number)}, "order_details": {"S": details}}
    asked = {"TableName": os.environ["DYNAMODB_ORDERS_TABLE"], "Item": item,
             "ConditionExpression": "attribute_not_exists(id)"}
    table = http.client.HTTPConnection(urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc)
    table.request("POST", "/", json.dumps(asked), HEADERS)
    reply = table.getresponse()
    said = reply.read().decode()
    if reply.status != 200 and "ConditionalCheckFailed" not in said:
        raise RuntimeError(said)


def store(record):
    order = json.loads(record["body"])
    if not isinstance(order["price_per_item"], float):
        raise ValueError("a bad price")
    number = order.pop("order_number")
    put(number, json.dumps(order))


def late(record):
    time.sleep(0.3)
    store(record)


def leave(record, way):
    """Has a child that leaves the process's group store the order a moment later."""
    child = os.fork()
    if child:
        return child
    if way == "group":
        os.setpgid(0, 0)
    else:
        os.setsid()
    if way == "daemon" and os.fork():
        os._exit(0)
    late(record)
    os._exit(0)


def handler(event):
    if MODE == "raises":
        raise LookupError("no price list of day %d\nand more lines" % time.time_ns())
    failures = []
    for record in event["Records"]:
        try:
            if MODE == "late":
                threading.Thread(target=late, args=[record], daemon=True).start()
            elif MODE in ("group", "session", "daemon"):
                leave(record, MODE)
            elif MODE == "session-awaited":
                os.waitpid(leave(record, "session"), 0)
            else:
                store(record)
        except Exception as error:
            print(error)
            failures.append({"messageId" if MODE == "wrong-key" else "itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def start():
    """Fails at the first two starts of MODE=third-start, which are counted in the file STARTS."""
    if MODE == "third-start":
        with open(os.environ["STARTS"], "a+") as starts:
            starts.write("x")
            starts.flush()
            starts.seek(0)
            if len(starts.read()) <= 2:
                raise SystemExit("not yet")
    if MODE == "no-module":
        import a_module_that_is_not_there  # noqa: F401


start()
while True:
    request, event = api("GET", "next")
    try:
        answer = json.dumps(handler(json.loads(event)))
    except Exception as error:
        # As the runtime of Python does.
        print("[ERROR] %s: %s" % (type(error).__name__, error), flush=True)
        api("POST", request + "/error", json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}))
    else:
        api("POST", request + "/response", answer)
    sys.stdout.flush()
