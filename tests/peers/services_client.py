"""What a function calls on its way, through boto3: Step Functions, SES, S3, SSM and Secrets Manager.

services_client.py ENDPOINT: a pipeline that has the parameter /shop/rate (0.19), the secret shop/key (s3cret), the bucket
receipts and the state machine ship, and takes mail. Without an endpoint moto is started, given the same, and asked.
"""

import datetime
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1] if len(sys.argv) > 1 else None
is_moto = endpoint is None
if is_moto:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())


def client(service, **settings):
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=20, **settings)
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", config=config, **keys)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        seen = error.response["Error"]
        assert seen["Code"] == code, f"{call.__name__}: {seen}, expected {code}"
        return seen.get("Message", "")
    raise AssertionError(f"{call.__name__}: expected {code}")


states, ses, sesv2, s3 = client("stepfunctions"), client("ses"), client("sesv2"), client("s3")
ssm, secrets = client("ssm"), client("secretsmanager")
ship = "arn:aws:states:us-east-1:000000000000:stateMachine:ship"
if is_moto:
    role = "arn:aws:iam::123456789012:role/any"
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
    ship = states.create_state_machine(name="ship", definition=json.dumps(definition), roleArn=role)["stateMachineArn"]
    ses.verify_email_identity(EmailAddress="shop@example.com")
    s3.create_bucket(Bucket="receipts")
    ssm.put_parameter(Name="/shop/rate", Value="0.19", Type="String")
    secrets.create_secret(Name="shop/key", SecretString="s3cret")

# Step Functions.
order = {"stateMachineArn": ship, "name": "order-1", "input": json.dumps({"id": 1})}
first = states.start_execution(**order)
assert first["executionArn"].endswith(":execution:ship:order-1"), first
assert isinstance(first["startDate"], datetime.datetime)
assert states.start_execution(**order)["executionArn"] == first["executionArn"]
refused("ExecutionAlreadyExists", states.start_execution, **{**order, "input": "{}"})
refused("StateMachineDoesNotExist", states.start_execution, stateMachineArn=ship.replace(":ship", ":pay"))
refused("InvalidName", states.start_execution, stateMachineArn=ship, name="a b")
refused("InvalidExecutionInput", states.start_execution, stateMachineArn=ship, input="no JSON")

# Mail, in both APIs.
to = {"ToAddresses": ["ada@example.com"], "CcAddresses": ["ben@example.com"]}
subject, body = {"Data": "Your order"}, {"Text": {"Data": "Thank you & come again"}}
simple = {"Subject": subject, "Body": body}
mail = {"Source": "shop@example.com", "Destination": to, "Message": simple}
assert ses.send_email(**mail)["MessageId"]
assert ses.send_raw_email(Source="shop@example.com", RawMessage={"Data": b"To: a@example.com\r\n\r\nThank you"})["MessageId"]
mail = {"FromEmailAddress": "shop@example.com", "Destination": to, "Content": {"Simple": simple}}
assert sesv2.send_email(**mail)["MessageId"]

# S3, with the checksums boto3 sends by itself, by path.
put = {"Bucket": "receipts", "Key": "2026/ä b+c.json", "Body": b'{"id": 1}', "ContentType": "application/json"}
stored = s3.put_object(**put, Metadata={"order": "1"})
assert stored["ETag"] == '"fda9d9cc2d2cfdd4ef5b7d19eb6c9a4f"' or len(stored["ETag"]) == 34, stored
assert stored["ChecksumCRC32"], stored
read = s3.get_object(Bucket="receipts", Key=put["Key"])
assert read["Body"].read() == put["Body"] and read["ETag"] == stored["ETag"] and read["Metadata"] == {"order": "1"}
head = s3.head_object(Bucket="receipts", Key=put["Key"])
assert head["ContentLength"] == 9 and head["ContentType"] == "application/json"
assert head["LastModified"] <= datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
for algorithm in ["SHA256"] + ([] if is_moto else ["CRC32"]):
    s3.put_object(**{**put, "Key": algorithm}, ChecksumAlgorithm=algorithm)
refused("PreconditionFailed", s3.put_object, **put, IfNoneMatch="*")
s3.put_object(Bucket="receipts", Key="2026/z", Body=b"")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="receipts", PaginationConfig={"PageSize": 1})
keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
assert put["Key"] in keys and keys == sorted(keys, key=lambda key: key.encode()), keys
folders = s3.list_objects_v2(Bucket="receipts", Delimiter="/")["CommonPrefixes"]
assert folders == [{"Prefix": "2026/"}], folders
s3.delete_object(Bucket="receipts", Key="2026/z")
refused("NoSuchKey", s3.get_object, Bucket="receipts", Key="2026/z")
refused("404", s3.head_object, Bucket="receipts", Key="2026/z")
refused("NoSuchBucket", s3.put_object, Bucket="invoices", Key="k", Body=b"")
url = s3.generate_presigned_url("get_object", Params={"Bucket": "receipts", "Key": put["Key"]})
import urllib.request

assert urllib.request.urlopen(url).read() == put["Body"], url

# Parameters and secrets.
rate = ssm.get_parameter(Name="/shop/rate", WithDecryption=True)["Parameter"]
assert (rate["Value"], rate["Type"], rate["Version"], rate["DataType"]) == ("0.19", "String", 1, "text"), rate
assert ssm.get_parameter(Name=rate["ARN"])["Parameter"]["Value"] == "0.19"
several = ssm.get_parameters(Names=["/shop/rate", "/shop/nothing"])
assert [one["Value"] for one in several["Parameters"]] == ["0.19"] and several["InvalidParameters"] == ["/shop/nothing"]
below = ssm.get_parameters_by_path(Path="/shop", Recursive=True)["Parameters"]
assert [one["Name"] for one in below] == ["/shop/rate"], below
refused("ParameterNotFound", ssm.get_parameter, Name="/shop/nothing")
secret = secrets.get_secret_value(SecretId="shop/key")
assert secret["SecretString"] == "s3cret" and secret["VersionStages"] == ["AWSCURRENT"], secret
assert secrets.get_secret_value(SecretId=secret["ARN"])["Name"] == "shop/key"
refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="shop/nothing")

# What is not served, in the protocol of each, in words.
if not is_moto:
    by_host = client("s3", s3={"addressing_style": "virtual"})
    by_host.meta.events.register("before-send.s3.*", lambda request, **_: None)
    for service, operation, arguments in [
        ("kms", "decrypt", {"CiphertextBlob": b"x"}),
        ("cloudwatch", "put_metric_data", {"Namespace": "Shop", "MetricData": [{"MetricName": "Orders", "Value": 1}]}),
        ("lambda", "invoke", {"FunctionName": "pay"}),
        ("kinesis", "put_record", {"StreamName": "s", "Data": b"x", "PartitionKey": "k"}),
        ("cloudformation", "list_stacks", {}),
        ("logs", "describe_log_groups", {}),
        ("apigatewaymanagementapi", "post_to_connection", {"ConnectionId": "c", "Data": b"x"}),
    ]:
        called = getattr(client(service), operation)
        code = "InvalidAction" if service == "cloudformation" else "UnknownOperationException"
        told = refused(code, called, **arguments)
        assert "does not serve" in told and "AWS_ENDPOINT_URL_" in told, told
    told = refused("NotImplemented", s3.create_multipart_upload, Bucket="receipts", Key="k")
    assert "CreateMultipartUpload of the service s3" in told, told
    told = refused("StateMachineDoesNotExist", states.start_execution, stateMachineArn=ship.replace(":ship", ":pay"))
    assert 'state_machines = ["pay"]' in told, told

print("services answered by", "moto" if is_moto else "the pipeline")
