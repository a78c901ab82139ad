// A Lambda bootstrap and order processor of Node's own modules alone.
import http from "node:http";

const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
const signed = {
  "content-type": "application/x-amz-json-1.0",
  "x-amz-target": "DynamoDB_20120810.PutItem",
  "x-amz-date": "20260101T000000Z",
  authorization: "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
};

const ask = (url, method, body, headers = {}) =>
  new Promise((done, failed) => {
    const request = http.request(url, { method, headers }, (reply) => {
      const parts = [];
      reply.on("data", (part) => parts.push(part));
      reply.on("end", () => done({ status: reply.statusCode, headers: reply.headers, body: Buffer.concat(parts).toString() }));
    });
    request.on("error", failed);
    request.end(body);
  });

const store = async (record) => {
  const { order_number, ...details } = JSON.parse(record.body);
  if (typeof details.price_per_item !== "number") throw new Error("a bad price");
  // Writes 110.0 as 110: the same number.
  const text = JSON.stringify(details);
  const put = await ask(
    process.env.AWS_ENDPOINT_URL,
    "POST",
    JSON.stringify({
      TableName: process.env.DYNAMODB_ORDERS_TABLE,
      Item: { id: { N: String(order_number) }, order_details: { S: text } },
      ConditionExpression: "attribute_not_exists(id)",
    }),
    signed,
  );
  if (put.status !== 200 && !put.body.includes("ConditionalCheckFailed")) throw new Error(put.body);
};

// MODE=raises: as the runtime of Node reports what a handler throws.
const raise = async (request) => {
  const error = new TypeError("the price list is undefined");
  console.error(error.stack);
  const body = { errorType: error.name, errorMessage: error.message, stackTrace: error.stack.split("\n") };
  await ask(`${api}/${request}/error`, "POST", JSON.stringify(body), { "Lambda-Runtime-Function-Error-Type": error.name });
};

for (;;) {
  const next = await ask(`${api}/next`, "GET");
  if (process.env.MODE === "raises") {
    await raise(next.headers["lambda-runtime-aws-request-id"]);
    continue;
  }
  const failures = [];
  for (const record of JSON.parse(next.body).Records) {
    try {
      await store(record);
    } catch (error) {
      console.log(error.message);
      failures.push({ itemIdentifier: record.messageId });
    }
  }
  const request = next.headers["lambda-runtime-aws-request-id"];
  await ask(`${api}/${request}/response`, "POST", JSON.stringify({ batchItemFailures: failures }));
}
