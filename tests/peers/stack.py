"""Creates a stack from a template in a moto server, with a function beforehand where the template's mapping needs one.

    python tests/peers/stack.py http://127.0.0.1:PORT TEMPLATE [PARAMETER=VALUE ...]
"""

import io
import json
import os
import sys
import zipfile

os.environ.update(
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_CONFIG_FILE="/dev/null",
    AWS_SHARED_CREDENTIALS_FILE="/dev/null",
)

import boto3

endpoint, template, *settings = sys.argv[1:]
settings = dict(setting.split("=", 1) for setting in settings)


def client(service):
    return boto3.client(service, endpoint_url=endpoint)


def create_function(name):
    trust = {"Version": "2012-10-17", "Statement": []}
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("bootstrap", "")
    client("lambda").create_function(
        FunctionName=name, Runtime="provided.al2023", Role=role, Handler="bootstrap", Code={"ZipFile": code.getvalue()},
        Timeout=5, Environment={"Variables": {"DYNAMODB_ORDERS_TABLE": "orders"}},
    )


for parameter, value in settings.items():
    if parameter.endswith("FunctionName"):
        create_function(value)
stack = client("cloudformation")
stack.create_stack(
    StackName="own",
    TemplateBody=open(template).read(),
    Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in settings.items()],
)
described = stack.describe_stacks(StackName="own")["Stacks"][0]
assert described["StackStatus"] == "CREATE_COMPLETE", described
print(json.dumps({output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}))
