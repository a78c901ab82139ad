#!/usr/bin/env bash
# The original lab, step by step, with the AWS CLI against `orderproof serve --empty`.
#
#     orderproof serve --empty &
#     bash walkthrough.sh http://127.0.0.1:9324
#
# The same steps as walkthrough.py. Ends with an error if an order is missing or in the wrong place.
set -euo pipefail
endpoint=${1:?give the endpoint, such as http://127.0.0.1:9324}
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1 AWS_PAGER=""
lab() { aws --endpoint-url "$endpoint" --output text "$@"; }

echo "== create the dead-letter queue, the orders queue and its redrive policy"
dead_url=$(lab sqs create-queue --queue-name orders-dl-queue)
dead_arn=$(lab sqs get-queue-attributes --queue-url "$dead_url" --attribute-names QueueArn --query Attributes.QueueArn)
url=$(lab sqs create-queue --queue-name orders-queue --attributes VisibilityTimeout=2)
policy=$(printf '{"RedrivePolicy": "{\\"deadLetterTargetArn\\": \\"%s\\", \\"maxReceiveCount\\": 3}"}' "$dead_arn")
lab sqs set-queue-attributes --queue-url "$url" --attributes "$policy"
lab sqs list-queues --query 'QueueUrls[]'

echo "== create the table"
lab dynamodb create-table --table-name orders \
  --attribute-definitions AttributeName=id,AttributeType=N --key-schema AttributeName=id,KeyType=HASH \
  --provisioned-throughput ReadCapacityUnits=5,WriteCapacityUnits=5 --query TableDescription.TableName
lab dynamodb wait table-exists --table-name orders

echo "== send 20 orders, three of them bad, in two batches"
for batch in 0 1; do
  entries=""
  for place in 1 2 3 4 5 6 7 8 9 10; do
    number=$((batch * 10 + place))
    price=110.0
    case $number in 4 | 11 | 17) price='"err"' ;; esac
    body="{\"order_number\": $number, \"num_items\": 2, \"price_per_item\": $price, \"item_description\": \"zTV\"}"
    body=${body//\"/\\\"} # as text within JSON
    entries+="${entries:+,}{\"Id\": \"o$number\", \"MessageBody\": \"$body\"}"
  done
  lab sqs send-message-batch --queue-url "$url" --entries "[$entries]" --query 'length(Successful)'
done

echo "== wait until the queue is empty"
for _ in $(seq 60); do
  left=$(lab sqs get-queue-attributes --queue-url "$url" --attribute-names All \
    --query 'Attributes.[ApproximateNumberOfMessages,ApproximateNumberOfMessagesNotVisible]' | tr -d '\t0')
  [ -z "$left" ] && break
  sleep 0.5
done

echo "== count the rows, read the dead letters"
rows=$(lab dynamodb scan --table-name orders --select COUNT --consistent-read --query Count)
lab dynamodb get-item --table-name orders --key '{"id": {"N": "1"}}' --query 'Item.order_details.S'
dead=$(lab sqs receive-message --queue-url "$dead_url" --max-number-of-messages 10 --wait-time-seconds 2 \
  --query 'Messages[].Body')
echo "$dead" | tr '\t' '\n'
dead_count=$(echo "$dead" | grep -o '"err"' | wc -l)
echo "rows $rows, dead letters $dead_count"
[ "$rows" -eq 17 ] && [ "$dead_count" -eq 3 ]

echo "== clean up"
lab dynamodb delete-table --table-name orders --query TableDescription.TableName
lab sqs delete-queue --queue-url "$url"
lab sqs delete-queue --queue-url "$dead_url"
[ "$(lab sqs list-queues --query 'length(QueueUrls || `[]`)')" = 0 ]
echo "ok"
