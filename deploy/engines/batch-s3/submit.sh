#!/bin/sh
# Creates or updates the stack and starts one run: submit.sh JOB_QUEUE JOB_ROLE_ARN EXECUTION_ROLE_ARN
set -eu
cd "$(dirname "$0")"
[ $# -eq 3 ] || { echo "usage: submit.sh JOB_QUEUE JOB_ROLE_ARN EXECUTION_ROLE_ARN" >&2; exit 2; }
aws s3 cp scenario.toml s3://my-runs/thanksgiving/scenario.toml
aws cloudformation deploy --stack-name orderproof-thanksgiving-sale --template-file stack.yaml --capabilities CAPABILITY_IAM \
  --parameter-overrides JobQueue="$1" JobRole="$2" ExecutionRole="$3"
machine=$(aws cloudformation describe-stacks --stack-name orderproof-thanksgiving-sale --output text \
  --query "Stacks[0].Outputs[?OutputKey=='StateMachine'].OutputValue")
aws stepfunctions start-execution --state-machine-arn "$machine"
echo "the execution ends as the merge does: succeeded is a pass; the report is in s3://my-runs/thanksgiving"
