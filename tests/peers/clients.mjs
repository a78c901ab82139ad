// SQS, DynamoDB and services behind the function through the AWS SDKs for JavaScript: v2 as it last spoke SQS's Query
// protocol (2.1490.0), and v3.
//
// clients.mjs ENDPOINT PACKAGES: PACKAGES is the folder that has both in its node_modules.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const [endpoint, packages] = process.argv.slice(2);
const require = createRequire(`${packages}/`);
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
const common = { region: "us-east-1", endpoint, credentials: { accessKeyId: "x", secretAccessKey: "y" }, maxAttempts: 1 };

async function refused(code, call) {
  const error = await call.then(() => assert.fail(`expected ${code}`), (error) => error);
  assert.equal(error.code ?? error.name, code, error.message);
  assert.ok(error.message);
  return error.message;
}

// The SDK v2 checks the MD5 of every message and attribute, and the CRC32 of every reply of DynamoDB's.
const v2 = require("aws-sdk");
v2.config.update({ region: "us-east-1", accessKeyId: "x", secretAccessKey: "y", maxRetries: 0 });
{
  const sqs = new v2.SQS({ endpoint });
  assert.equal(sqs.api.protocol, "query");
  const { QueueUrl } = await sqs.createQueue({ QueueName: "v2", Attributes: { VisibilityTimeout: "20" } }).promise();
  assert.ok(QueueUrl.startsWith(endpoint), QueueUrl);
  const text = { DataType: "String", StringValue: "a & b" };
  const attributes = { text, number: { DataType: "Number", StringValue: "1.50" }, binary: { DataType: "Binary", BinaryValue: Buffer.from([0, 255]) } };
  await sqs.sendMessage({ QueueUrl, MessageBody: "<one> & only", MessageAttributes: attributes }).promise();
  const entries = [1, 2].map((n) => ({ Id: `${n}`, MessageBody: `${n}`, MessageAttributes: { text } }));
  const sent = await sqs.sendMessageBatch({ QueueUrl, Entries: entries }).promise();
  assert.equal(sent.Successful.length, 2);
  const asked = { QueueUrl, MaxNumberOfMessages: 10, AttributeNames: ["All"], MessageAttributeNames: ["All"] };
  const { Messages } = await sqs.receiveMessage(asked).promise();
  const bodies = Messages.map((message) => message.Body).sort();
  assert.deepEqual(bodies, ["1", "2", "<one> & only"]);
  const whole = Messages.find((message) => message.Body.length > 1);
  assert.deepEqual([...whole.MessageAttributes.binary.BinaryValue], [0, 255]);
  assert.equal(whole.Attributes.ApproximateReceiveCount, "1");
  for (const { ReceiptHandle } of Messages) await sqs.deleteMessage({ QueueUrl, ReceiptHandle }).promise();
  await refused("AWS.SimpleQueueService.NonExistentQueue", sqs.getQueueUrl({ QueueName: "none" }).promise());

  const dynamodb = new v2.DynamoDB.DocumentClient({ service: new v2.DynamoDB({ endpoint, dynamoDbCrc32: true }) });
  const tables = new v2.DynamoDB({ endpoint });
  const key = { KeySchema: [{ AttributeName: "id", KeyType: "HASH" }], AttributeDefinitions: [{ AttributeName: "id", AttributeType: "N" }] };
  await tables.createTable({ TableName: "orders-js", BillingMode: "PAY_PER_REQUEST", ...key }).promise();
  await dynamodb.put({ TableName: "orders-js", Item: { id: 1, tags: ["a"] } }).promise();
  assert.deepEqual((await dynamodb.get({ TableName: "orders-js", Key: { id: 1 } }).promise()).Item, { id: 1, tags: ["a"] });
  assert.equal((await dynamodb.scan({ TableName: "orders-js", Select: "COUNT" }).promise()).ScannedCount, 1);
  await refused("ConditionalCheckFailedException", dynamodb.put({ TableName: "orders-js", Item: { id: 1 }, ConditionExpression: "attribute_not_exists(id)" }).promise());

  const s3 = new v2.S3({ endpoint, s3ForcePathStyle: true });
  await s3.putObject({ Bucket: "receipts", Key: "v2", Body: "two" }).promise();
  assert.equal((await s3.getObject({ Bucket: "receipts", Key: "v2" }).promise()).Body.toString(), "two");
  const ses = new v2.SES({ endpoint });
  const Message = { Subject: { Data: "s" }, Body: { Text: { Data: "t" } } };
  assert.ok((await ses.sendEmail({ Source: "a@x.y", Destination: { ToAddresses: ["b@x.y"] }, Message }).promise()).MessageId);
}

// The SDK v3.
const { SQS } = require("@aws-sdk/client-sqs");
const { DynamoDB } = require("@aws-sdk/client-dynamodb");
const { S3 } = require("@aws-sdk/client-s3");
const { SFN } = require("@aws-sdk/client-sfn");
const { SESv2 } = require("@aws-sdk/client-sesv2");
const { SSM } = require("@aws-sdk/client-ssm");
const { SecretsManager } = require("@aws-sdk/client-secrets-manager");
{
  const sqs = new SQS(common);
  const { QueueUrl } = await sqs.createQueue({ QueueName: "v3" });
  await sqs.sendMessage({ QueueUrl, MessageBody: "three", MessageAttributes: { n: { DataType: "Number", StringValue: "3" } } });
  const { Messages } = await sqs.receiveMessage({ QueueUrl, MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] });
  assert.equal(Messages[0].Body, "three");
  await refused("QueueDoesNotExist", sqs.getQueueUrl({ QueueName: "none" }));
  const dynamodb = new DynamoDB(common);
  await dynamodb.putItem({ TableName: "orders-js", Item: { id: { N: "3" } } });
  assert.equal((await dynamodb.scan({ TableName: "orders-js" })).Count, 2);

  const s3 = new S3({ ...common, forcePathStyle: true });
  await s3.putObject({ Bucket: "receipts", Key: "v3", Body: "three", ContentType: "text/plain" });
  const read = await s3.getObject({ Bucket: "receipts", Key: "v3" });
  assert.equal(await read.Body.transformToString(), "three");
  assert.ok(read.ChecksumCRC32);
  // A stream is sent in chunks, its checksum behind it.
  const { Readable } = require("node:stream");
  const parts = Readable.from([Buffer.from("th"), Buffer.from("ree")]);
  const streamed = await s3.putObject({ Bucket: "receipts", Key: "stream", Body: parts, ContentLength: 5 });
  assert.equal(streamed.ETag, read.ETag);
  // By the bucket's own host name, which not every resolver knows below localhost.
  const { hostname, port } = new URL(endpoint);
  const host = `receipts.s3.localhost:${port}`;
  const authorization = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
  const byHost = await new Promise((resolve) => {
    require("node:http").get({ host: hostname, port, path: "/v3", headers: { host, authorization } }, resolve);
  });
  assert.equal(byHost.headers.etag, read.ETag);
  byHost.resume();
  await refused("NoSuchKey", s3.getObject({ Bucket: "receipts", Key: "none" }));
  assert.match(await refused("NoSuchBucket", s3.listObjectsV2({ Bucket: "none" })), /buckets = \["none"\]/);

  const stateMachineArn = "arn:aws:states:us-east-1:000000000000:stateMachine:ship";
  const sfn = new SFN(common);
  const { executionArn } = await sfn.startExecution({ stateMachineArn, name: "v3" });
  assert.equal((await sfn.startExecution({ stateMachineArn, name: "v3" })).executionArn, executionArn);
  await refused("ExecutionAlreadyExists", sfn.startExecution({ stateMachineArn, name: "v3", input: "[]" }));
  const Simple = { Subject: { Data: "s" }, Body: { Html: { Data: "<p>t" } } };
  const mail = { FromEmailAddress: "a@x.y", Destination: { ToAddresses: ["b@x.y"] }, Content: { Simple } };
  assert.ok((await new SESv2(common).sendEmail(mail)).MessageId);
  assert.equal((await new SSM(common).getParameter({ Name: "/shop/rate" })).Parameter.Value, "0.19");
  assert.equal((await new SecretsManager(common).getSecretValue({ SecretId: "shop/key" })).SecretString, "s3cret");
}
console.log(`JavaScript v2 ${v2.VERSION} and v3 are answered`);
