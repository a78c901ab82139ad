"""Lints the policies of `orderproof policy` with parliament: python lint_policy.py ORDERPROOF."""

import json
import subprocess
import sys
import warnings

warnings.filterwarnings("ignore")
from parliament import analyze_policy_string  # noqa: E402

ORDERPROOF = sys.argv[1]
PLACE = ["--account", "123456789012", "--region", "eu-west-1"]
COMMANDS = ["run", "verify", "clean", "up", "down"]
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def policy(*arguments):
    asked = [ORDERPROOF, "policy", *arguments, *PLACE]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


def findings(text):
    # What a policy allows on everything is reported whether or not there is a choice.
    found = analyze_policy_string(text).findings
    return [f"{one.issue}: {one.detail}" for one in found]


cases = {command: ["--for", command] for command in COMMANDS}
cases |= {
    "everything": [argument for command in COMMANDS for argument in ("--for", command)],
    "function here, letters of its own": ["--processor", "local", "--dead-letters", "own"],
    "topic": ["--set", "sending={to='sns', topic='sale'}"],
    "bus": ["--set", "sending={to='eventbridge', bus='shop'}"],
    "key": ["--kms-key", KEY],
    "workers at S3": ["--run-at", "s3://runs/sales/sale-1"],
}
wrong = {}
for name, arguments in cases.items():
    text = policy(*arguments)
    if seen := findings(text):
        wrong[name] = seen
    print(f"{name}: {len(json.loads(text)['Statement'])} statements, {len(text)} characters")

known = policy()
for what, blunder in {
    "an action that there is not": known.replace("sqs:SendMessage", "sqs:SendOrders"),
    "an action on the wrong kind of thing": known.replace(
        '"dynamodb:Scan"', '"dynamodb:Scan", "sqs:ReceiveMessage"'
    ),
}.items():
    assert blunder != known, what
    if not findings(blunder):
        wrong[what] = ["the linter did not find it"]

for name, seen in wrong.items():
    print(f"{name}:", *seen, sep="\n  ", file=sys.stderr)
sys.exit(bool(wrong))
