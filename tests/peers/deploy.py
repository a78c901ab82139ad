"""Deploys deploy/template.yaml into a moto server, once for each of its settings, and reads back what is there.

The SAM translator (AWS's own) expands the template, moto's CloudFormation creates it, boto3 reads it. What is
expected is written down here a second time, as numbers: a template that drifts from it fails. With `--keep
SETTINGS` only that one is deployed, and left for whoever asks next.

    python tests/peers/deploy.py http://127.0.0.1:PORT [--keep better|lab] [--allow-load]
"""

import argparse
import ast
import io
import json
import logging
import os
import sys
import zipfile
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import Request, urlopen

os.environ.update(
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_CONFIG_FILE="/dev/null",
    AWS_SHARED_CREDENTIALS_FILE="/dev/null",
    SAM_CLI_TELEMETRY="0",
)

import boto3
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# The translator warns of usage metrics that it has not sent anywhere.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

TEMPLATE = Path(__file__).parents[2] / "deploy" / "template.yaml"
BUCKET, KEY = "code", "bootstrap.zip"

# What moto 5.2.5 drops without a word when CloudFormation creates it, measured: what it then shows instead. Only
# of these, and only when moto shows exactly that, the expanded template's word is enough.
MOTO_DROPS = {
    "architectures": ["x86_64"],
    "function tags": {},
    "managed policies": [],
    "point-in-time recovery": "DISABLED",
}

DAY = 86_400
EXPECTED = {
    "better": {
        "visibility": 60, "receives": 5, "retention": 4 * DAY, "dead_letter_retention": 14 * DAY,
        "responses": ["ReportBatchItemFailures"], "billing": "PAY_PER_REQUEST", "capacity": (0, 0),
        "recovery": "ENABLED", "timeout": 10, "processor": "orderproof",
        "managed": {"Processor": [], "Simulator": []},
    },
    "lab": {
        "visibility": 30, "receives": 3, "retention": 4 * DAY, "dead_letter_retention": 4 * DAY,
        "responses": [], "billing": "PROVISIONED", "capacity": (5, 5),
        "recovery": "DISABLED", "timeout": 3, "processor": "lab",
        "managed": {
            "Processor": ["AWSLambdaBasicExecutionRole", "AmazonDynamoDBFullAccess", "AmazonSQSFullAccess"],
            "Simulator": ["AWSLambdaBasicExecutionRole", "AmazonSQSFullAccess"],
        },
    },
}
ALLOWED_ACTIONS = {
    "Processor": {
        "orders-queue": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        "table/orders": {"dynamodb:PutItem"},
        "/aws/lambda/lab-order-processor": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
    "Simulator": {
        "orders-queue": {"sqs:SendMessage"},
        "/aws/lambda/lab-order-simulator": {"logs:CreateLogStream", "logs:PutLogEvents"},
    },
}

# `sized` is `better` with its parameters used.
SIZED = {
    "AllowLoad": "true", "Architecture": "x86_64", "ProcessorTimeout": "30", "MaxReceiveCount": "7",
    "MaximumConcurrency": "50", "ReservedConcurrency": "60", "TableMode": "provisioned",
    "ReadCapacity": "20", "WriteCapacity": "900", "LogRetentionDays": "3",
}
EXPECTED["sized"] = EXPECTED["better"] | {
    "visibility": 180, "receives": 7, "timeout": 30, "billing": "PROVISIONED", "capacity": (20, 900),
    "architectures": ["x86_64"], "reserved": 60, "concurrency": 50, "log_retention": 3,
}

wrong, dropped = [], set()


def check(what, found, expected):
    if found != expected:
        wrong.append(f"{what}: found {found!r}, expected {expected!r}")


def expanded(parameters):
    """The template as CloudFormation gets it from SAM, code in the bucket."""
    template = yaml_parse(TEMPLATE.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{BUCKET}/{KEY}"
    defaults = {name: str(of["Default"]) for name, of in template["Parameters"].items()}
    result = transform(template, defaults | parameters, ManagedPolicyLoader(None))
    left = [name for name, of in result["Resources"].items() if of["Type"].startswith("AWS::Serverless")]
    check("left unexpanded", left, [])
    return result


def with_numbers(template, parameters):
    """moto answers the numbers of a function that come from parameters as text, which no SDK but Python's
    reads: the numbers themselves are put in."""
    values = {name: str(parameters.get(name, of["Default"])) for name, of in template["Parameters"].items()}
    numbers = {name: int(value) for name, value in values.items() if value.isdigit()}

    def put(value):
        if isinstance(value, dict):
            if list(value) == ["Ref"] and value["Ref"] in numbers:
                return numbers[value["Ref"]]
            return {key: put(of) for key, of in value.items()}
        return [put(of) for of in value] if isinstance(value, list) else value

    resources = {
        name: put(of) if of["Type"] == "AWS::Lambda::Function" else of
        for name, of in template["Resources"].items()
    }
    return template | {"Resources": resources}


class Resolver:
    """What an expanded template says under its parameters; the intrinsic functions this template uses."""

    def __init__(self, template, parameters):
        defaults = {name: str(of["Default"]) for name, of in template["Parameters"].items()}
        self.parameters = defaults | parameters | {"AWS::Partition": "aws"}
        self.template = template

    def holds(self, condition):
        (kind, of), = condition.items()
        match kind:
            case "Condition":
                return self.holds(self.template["Conditions"][of])
            case "Fn::Equals":
                return str(self.of(of[0])) == str(self.of(of[1]))
            case "Fn::Not":
                return not self.holds(of[0])
            case "Fn::Or":
                return any(self.holds(one) for one in of)
        raise ValueError(kind)

    def of(self, value):
        """The value, or None for AWS::NoValue."""
        if isinstance(value, list):
            return [of for one in value if (of := self.of(one)) is not None]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::If"}:
            name, yes, no = value["Fn::If"]
            return self.of(yes if self.holds({"Condition": name}) else no)
        if set(value) == {"Ref"}:
            name = value["Ref"]
            return None if name == "AWS::NoValue" else self.parameters.get(name, value)
        if set(value) == {"Fn::Sub"}:
            return value["Fn::Sub"].replace("${AWS::Partition}", "aws")
        return {key: of for key, one in value.items() if (of := self.of(one)) is not None}

    def properties(self, resource):
        return self.of(self.template["Resources"][resource]["Properties"])


class Deployed:
    """A stack in moto, read through boto3."""

    def __init__(self, url, settings, allow_load):
        self.settings = settings
        self.name = f"orderproof-{settings}"
        self.expected = EXPECTED[settings]
        self.client = lambda service: boto3.client(service, endpoint_url=url)
        self.cloudformation = self.client("cloudformation")
        parameters = {"Settings": "lab"} if settings == "lab" else {}
        parameters |= SIZED if settings == "sized" else {}
        parameters |= {"AllowLoad": "true"} if allow_load else {}
        template = expanded(parameters)
        self.said = Resolver(template, parameters).properties
        self.allowed = parameters.get("AllowLoad") == "true"
        self.cloudformation.create_stack(
            StackName=self.name,
            TemplateBody=json.dumps(with_numbers(template, parameters)),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        stack = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        check(f"{self.name} status", stack["StackStatus"], "CREATE_COMPLETE")
        self.outputs = {of["OutputKey"]: of["OutputValue"] for of in stack.get("Outputs", [])}
        found = self.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        # moto lists, without a name, what it cannot create: the simulator's invoke configuration.
        found = [of for of in found if "LogicalResourceId" in of]
        self.resources = {of["LogicalResourceId"]: of["PhysicalResourceId"] for of in found}

    def check(self, what, found, expected):
        check(f"{self.settings}: {what}", found, expected)

    def check_or_said(self, what, dropped_as, found, said, expected):
        """Like `check`, of the expanded template as well; moto may show what it shows for what it dropped."""
        self.check(f"{what}, by the expanded template", said, expected)
        if found != expected and found == MOTO_DROPS[dropped_as]:
            dropped.add(dropped_as)
        else:
            self.check(what, found, expected)

    def wanted_tags(self):
        return {"project": "orderproof", "orderproof": "allowed" if self.allowed else "refused"}

    def tags(self, what, tags):
        expected = self.wanted_tags()
        self.check(f"tags of {what}", {key: tags.get(key) for key in expected}, expected)

    def queues(self):
        expected = self.expected
        sqs = self.client("sqs")
        attributes = {}
        for output, name in [("OrdersQueueUrl", "orders-queue"), ("DeadLetterQueueUrl", "orders-dl-queue")]:
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            # moto's CloudFormation puts AWS's host before the path.
            self.check(output, urlparse(self.outputs.get(output)).path, urlparse(url).path)
            attributes[name] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            self.tags(name, sqs.list_queue_tags(QueueUrl=url).get("Tags", {}))
        orders, dead = attributes["orders-queue"], attributes["orders-dl-queue"]
        redrive = json.loads(orders.get("RedrivePolicy", "{}"))
        self.check("redrive to", redrive.get("deadLetterTargetArn"), dead["QueueArn"])
        self.check("receives", int(redrive.get("maxReceiveCount", 0)), expected["receives"])
        self.check("visibility", int(orders["VisibilityTimeout"]), expected["visibility"])
        self.check("retention", int(orders["MessageRetentionPeriod"]), expected["retention"])
        found = int(dead["MessageRetentionPeriod"])
        self.check("dead-letter retention", found, expected["dead_letter_retention"])
        return orders["QueueArn"]

    def table(self):
        expected = self.expected
        dynamodb = self.client("dynamodb")
        table = dynamodb.describe_table(TableName="orders")["Table"]
        self.check("key", table["KeySchema"], [{"AttributeName": "id", "KeyType": "HASH"}])
        self.check("key type", table["AttributeDefinitions"], [{"AttributeName": "id", "AttributeType": "N"}])
        billing = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
        self.check("table mode", billing, expected["billing"])
        units = table["ProvisionedThroughput"]
        found = (units["ReadCapacityUnits"], units["WriteCapacityUnits"])
        self.check("capacity", found, expected["capacity"])
        backups = dynamodb.describe_continuous_backups(TableName="orders")["ContinuousBackupsDescription"]
        recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        said = self.said("OrdersTable")["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        said = "ENABLED" if said else "DISABLED"
        of = "point-in-time recovery"
        self.check_or_said(of, of, recovery, said, expected["recovery"])
        tags = dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
        self.tags("the table", {of["Key"]: of["Value"] for of in tags})

    def functions(self):
        variables = {"DYNAMODB_ORDERS_TABLE": "orders", "ORDERPROOF_PROCESSOR": self.expected["processor"]}
        self.function("Processor", "lab-order-processor", self.expected["timeout"], variables)
        variables = {"ORDERS_QUEUE_URL": self.outputs.get("OrdersQueueUrl")}
        self.function("Simulator", "lab-order-simulator", 60, variables)
        functions = self.client("lambda")
        found = functions.get_function_concurrency(FunctionName="lab-order-processor")
        found = found.get("ReservedConcurrentExecutions")
        self.check("reserved concurrency", found, self.expected.get("reserved"))
        # moto answers that the function has no such configuration.
        said = self.said("SimulatorEventInvokeConfig")["MaximumRetryAttempts"]
        self.check("invocations of the simulator again, by the expanded template", said, 0)

    def function(self, resource, name, timeout, variables):
        function = self.client("lambda").get_function(FunctionName=name)
        config, said = function["Configuration"], self.said(resource)
        self.check(f"{name} runtime", config["Runtime"], "provided.al2023")
        self.check(f"{name} timeout", config["Timeout"], timeout)
        self.check(f"{name} memory", config["MemorySize"], 256)
        self.check(f"{name} variables", config["Environment"]["Variables"], variables)
        expected = self.expected.get("architectures", ["arm64"])
        found = config["Architectures"]
        self.check_or_said(f"{name} architectures", "architectures", found, said["Architectures"], expected)
        tags = {of["Key"]: of["Value"] for of in said["Tags"] if of["Key"] in self.wanted_tags()}
        self.check_or_said(f"{name} tags", "function tags", function.get("Tags", {}), tags, self.wanted_tags())

    def mapping(self, queue_arn):
        mappings = self.client("lambda").list_event_source_mappings()["EventSourceMappings"]
        self.check("mappings", len(mappings), 1)
        mapping = mappings[0]
        self.check("mapping's queue", mapping["EventSourceArn"], queue_arn)
        self.check("mapping's function", mapping["FunctionArn"].split(":")[6], "lab-order-processor")
        self.check("batch size", mapping["BatchSize"], 10)
        self.check("responses", mapping.get("FunctionResponseTypes") or [], self.expected["responses"])
        found = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency")
        self.check("maximum concurrency", found, self.expected.get("concurrency"))

    def roles(self):
        iam = self.client("iam")
        for function, actions in ALLOWED_ACTIONS.items():
            role = self.resources[f"{function}Role"]
            managed = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
            names = sorted(of["PolicyName"] for of in managed)
            said = self.said(f"{function}Role").get("ManagedPolicyArns", [])
            said = sorted(arn.rpartition("/")[2] for arn in said)
            of = self.expected["managed"][function]
            self.check_or_said(f"{function} managed policies", "managed policies", names, said, of)
            policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
            found = {}
            for policy in policies:
                document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
                # moto's CloudFormation keeps the document as Python writes it.
                document = ast.literal_eval(document) if isinstance(document, str) else document
                for statement in document["Statement"]:
                    self.check(f"{function} effect", statement["Effect"], "Allow")
                    named = statement["Action"]
                    of = found.setdefault(statement["Resource"], set())
                    of.update([named] if isinstance(named, str) else named)
            of = {}
            for arn, named in found.items():
                self.check(f"{function}: {arn} is one resource", "*" in arn.removesuffix(":*"), False)
                of[arn.removesuffix(":*").rpartition(":")[2]] = named
            self.check(f"{function} own policies", of, {} if self.settings == "lab" else actions)
            tags = iam.list_role_tags(RoleName=role)["Tags"]
            self.tags(f"{function}'s role", {tag["Key"]: tag["Value"] for tag in tags})

    def logs(self):
        logs = self.client("logs")
        days = self.expected.get("log_retention", 14)
        for resource, name in [("Processor", "lab-order-processor"), ("Simulator", "lab-order-simulator")]:
            groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
            self.check(f"{name} log retention", [of.get("retentionInDays") for of in groups], [days])
            # Read from the template alone: moto answers no LoggingConfig.
            logged = self.said(resource)["LoggingConfig"]
            self.check(f"{name} log group", logged, {"LogGroup": {"Ref": f"{resource}Logs"}})

    def check_all(self):
        queue_arn = self.queues()
        self.table()
        self.functions()
        self.mapping(queue_arn)
        self.roles()
        self.logs()
        return self


def forget_everything(url):
    """Queues and table outlive their stack, as the template says; moto is asked to forget them."""
    with urlopen(Request(f"{url}/moto-api/reset", method="POST")) as answer:
        answer.read()


def put_code(url):
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as code:
        code.writestr("bootstrap", "#!/bin/sh\n")
    s3 = boto3.client("s3", endpoint_url=url)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=bundle.getvalue())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--keep", choices=sorted(EXPECTED))
    parser.add_argument("--allow-load", action="store_true")
    args = parser.parse_args()
    for settings in [args.keep] if args.keep else EXPECTED:
        forget_everything(args.url)
        put_code(args.url)
        stack = Deployed(args.url, settings, args.allow_load).check_all()
        print(f"{stack.name}: {len(stack.resources)} resources, {len(wrong)} things wrong so far")
    if not args.keep:
        check("what moto drops", sorted(dropped), sorted(MOTO_DROPS))
    for what in sorted(dropped):
        print(f"moto drops {what}: read from the expanded template")
    if wrong:
        sys.exit("\n".join(["the deployed pipeline is not what it should be:", *wrong]))


main()
