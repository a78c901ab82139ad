"""A Lambda function of boto3 that calls other services for each order before it stores it."""

import http.client
import json
import os

import boto3

API = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
ARN = "arn:aws:{}:us-east-1:000000000000:{}"
ssm, secrets, s3 = boto3.client("ssm"), boto3.client("secretsmanager"), boto3.client("s3")
states, sns, ses = boto3.client("stepfunctions"), boto3.client("sns"), boto3.client("ses")
events = boto3.client("events")
table = boto3.resource("dynamodb").Table(os.environ["DYNAMODB_ORDERS_TABLE"])
rate = ssm.get_parameter(Name="/shop/rate")["Parameter"]["Value"]
assert secrets.get_secret_value(SecretId="shop/key")["SecretString"] == "s3cret"


def store(order):
    number = order.pop("order_number")
    name = f"order-{number}"
    states.start_execution(stateMachineArn=ARN.format("states", "stateMachine:ship"), name=name, input=json.dumps({"rate": rate}))
    s3.put_object(Bucket="receipts", Key=name, Body=json.dumps(order).encode())
    sns.publish(TopicArn=ARN.format("sns", "confirmations"), Message=name)
    entry = {"Source": "shop", "DetailType": "OrderStored", "Detail": json.dumps({"id": number}), "EventBusName": "shop"}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    ses.send_email(Source="shop@example.com", Destination={"ToAddresses": ["ada@example.com"]},
                   Message={"Subject": {"Data": name}, "Body": {"Text": {"Data": "Thank you"}}})
    table.put_item(Item={"id": number, "order_details": json.dumps(order)})


while True:
    API.request("GET", "/2018-06-01/runtime/invocation/next")
    reply = API.getresponse()
    request, event = reply.headers["Lambda-Runtime-Aws-Request-Id"], json.loads(reply.read())
    failures = []
    for record in event["Records"]:
        try:
            store(json.loads(record["body"]))
        except Exception as error:
            print(error, flush=True)
            failures.append({"itemIdentifier": record["messageId"]})
    API.request("POST", f"/2018-06-01/runtime/invocation/{request}/response", json.dumps({"batchItemFailures": failures}))
    API.getresponse().read()
