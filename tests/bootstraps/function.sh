#!/usr/bin/env bash
# A Lambda bootstrap and order processor of bash and curl alone.
set -u
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
text='"((\\.|[^"\\])*)"'

# Sets `found` to every value of the text field $1 in $2, as JSON writes it.
values_of() {
  local rest=$2
  found=()
  while [[ $rest =~ \"$1\":$text ]]; do
    found+=("${BASH_REMATCH[1]}")
    rest=${rest#*"${BASH_REMATCH[0]}"}
  done
}

# Stores the order $1; fails when it is none, or when the table refuses it.
store() {
  [[ $1 =~ \"order_number\":\ ([0-9]+),\  ]] || return 1
  local number=${BASH_REMATCH[1]} details="{${1#*, }"
  [[ $1 =~ \"price_per_item\":\ [0-9.]+ ]] || return 1
  details=${details//\"/\\\"}
  local status
  status=$(curl -sS -o "$scratch/said" -w '%{http_code}' "$AWS_ENDPOINT_URL" \
    -H 'Content-Type: application/x-amz-json-1.0' -H 'X-Amz-Target: DynamoDB_20120810.PutItem' \
    -H 'X-Amz-Date: 20260101T000000Z' \
    -H 'Authorization: AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0' \
    -d "{\"TableName\":\"$DYNAMODB_ORDERS_TABLE\",\"Item\":{\"id\":{\"N\":\"$number\"},\"order_details\":{\"S\":\"$details\"}},\"ConditionExpression\":\"attribute_not_exists(id)\"}") || return 1
  [[ $status == 200 ]] || grep -q ConditionalCheckFailed "$scratch/said"
}

while :; do
  event=$(curl -sS -D "$scratch/headers" "$api/next") || exit 1
  request=$(tr -d '\r' <"$scratch/headers" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  values_of messageId "$event"; ids=("${found[@]}")
  values_of body "$event"; bodies=("${found[@]}")
  failures=
  for at in "${!ids[@]}"; do
    store "${bodies[$at]//\\\"/\"}" || failures+="${failures:+,}{\"itemIdentifier\":\"${ids[$at]}\"}"
  done
  curl -sS -o /dev/null "$api/$request/response" -d "{\"batchItemFailures\":[$failures]}"
done
