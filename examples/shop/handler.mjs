// The shop's function in JavaScript: what handler.py does, without the planted mistakes.
//
//     npm install, then command = ["node", "bootstrap.mjs", "handler.mjs"], working_dir = "examples/shop"
import { randomUUID } from "node:crypto";
import { DynamoDBClient, PutItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";

const { ORDERS_TABLE, INVOICES_TABLE, REJECTED_TABLE } = process.env;
const dynamodb = new DynamoDBClient({});

class Unfulfillable extends Error {}

export const handler = async (event) => {
  const batchItemFailures = [];
  for (const record of event.Records) {
    try {
      await handle(record);
    } catch (error) {
      console.log(`order failed: ${record.messageId}: ${error}`);
      batchItemFailures.push({ itemIdentifier: record.messageId });
    }
  }
  return { batchItemFailures };
};

const handle = async (record) => {
  const text = JSON.parse(record.body).Message;
  const order = JSON.parse(text);
  try {
    check(order);
  } catch (error) {
    if (!(error instanceof Unfulfillable)) throw error;
    return reject(order, text, error.message);
  }
  return accept(order);
};

const check = (order) => {
  if (order.lines.length === 0) throw new Unfulfillable("no lines");
  if (typeof order.shipping !== "number") throw new Unfulfillable("shipping is not an amount");
  for (const { price, quantity } of order.lines) {
    if (typeof price !== "number" || !(quantity >= 1)) throw new Unfulfillable("a line without price or quantity");
  }
};

const text = (value) => ({ S: value });
const number = (value) => ({ N: String(value) });

const accept = async (order) => {
  const line = ({ sku, quantity, price }) => ({ M: { sku: text(sku), quantity: number(quantity), price: number(price) } });
  const row = {
    pk: text(`CUSTOMER#${order.customer.id}`),
    sk: text(`ORDER#${order.orderId}`),
    email: text(order.customer.email),
    lines: { L: order.lines.map(line) },
    line_count: number(order.lines.length),
    shipping: number(order.shipping),
    placed_at: text(order.placedAt),
    status: text("ACCEPTED"),
    stored_at: number(Date.now()),
  };
  const invoice = { invoice_id: text(randomUUID()), order_id: text(order.orderId), customer: text(order.customer.id) };
  const writes = [
    { Put: { TableName: ORDERS_TABLE, Item: row, ConditionExpression: "attribute_not_exists(sk)" } },
    { Put: { TableName: INVOICES_TABLE, Item: invoice } },
  ];
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: writes }));
  } catch (error) {
    // It is there already: the message came a second time.
    if (error.CancellationReasons?.[0]?.Code !== "ConditionalCheckFailed") throw error;
  }
};

const reject = (order, body, reason) => {
  const row = { order_id: text(order.orderId), body: text(body), reason: text(reason), status: text("REJECTED") };
  return dynamodb.send(new PutItemCommand({ TableName: REJECTED_TABLE, Item: row }));
};
