//! The attributes of a row of the lab's table.

/// N, the key: the order number.
pub const ID: &str = "id";
/// S: the JSON of the order's three other fields.
pub const ORDER_DETAILS: &str = "order_details";
/// N: microseconds since the Unix epoch, taken at the put.
pub const STORED_AT: &str = "stored_at";
/// N: microseconds since the Unix epoch, when the function was given the record.
pub const RECEIVED_AT: &str = "received_at";
/// N: how often SQS had handed the message out, this time included.
pub const RECEIVE_COUNT: &str = "receive_count";
