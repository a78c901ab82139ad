//! What stands before the table's server: metering, a limit on what is stored, and faults of reading.
//!
//! Requests are passed on over connections that stay open. The server behind it is `dynoxide`'s own,
//! which validates and answers as DynamoDB does but enforces no capacity.

mod admission;
mod arns;
mod pages;
mod refusals;
mod tokens;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::{request, response};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::faults::{TableFaults, shorten};
use super::meters::Meters;
use super::room::{Room, TABLES_MAX};
use crate::http::BodyError;
use admission::{Admission, admit};
use orderproof_machines::table::TableCapacity;
use pages::Counted;
use tokens::Tokens;

/// The checksum of a reply, which clients hold it against.
const CHECKSUM: HeaderName = HeaderName::from_static("x-amz-crc32");

const NAMESPACE: &str = "com.amazonaws.dynamodb.v20120810";

/// Answers DynamoDB requests by passing them on.
pub struct TableGateway {
    server: SocketAddr,
    room: Room,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
    meters: Meters,
    faults: Option<Arc<dyn TableFaults>>,
    tokens: Mutex<Tokens>,
}

impl TableGateway {
    /// In front of the server that listens at `server`.
    pub(super) fn new(
        server: SocketAddr,
        room: Room,
        meters: Meters,
        faults: Option<Arc<dyn TableFaults>>,
    ) -> Self {
        Self {
            server,
            room,
            idle: Mutex::default(),
            meters,
            faults,
            tokens: Mutex::default(),
        }
    }

    /// Bytes of memory the database takes.
    pub fn stored_bytes(&self) -> u64 {
        self.room.bytes()
    }

    /// Answers the request with this head and body; `target` is its `X-Amz-Target`.
    pub(crate) async fn answer(
        &self,
        target: &str,
        head: request::Parts,
        body: Result<Bytes, BodyError>,
    ) -> Response<Full<Bytes>> {
        let body = match body {
            Ok(body) => body,
            Err(error @ BodyError::TooLarge(_)) => {
                return refusal(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    &json!({"__type": "com.amazon.coral.service#RequestEntityTooLargeException", "message": error.to_string()}),
                );
            }
            Err(error) => {
                return refusal(
                    StatusCode::BAD_REQUEST,
                    &json!({"__type": "com.amazon.coral.service#SerializationException", "message": error.to_string()}),
                );
            }
        };
        let operation = target.rsplit('.').next().unwrap_or_default();
        if let Some(full) = self.refuse_when_full(operation, &body) {
            return full;
        }
        if let Some(refused) = refusals::refused(operation, &body) {
            return refusal(StatusCode::BAD_REQUEST, &refused);
        }
        let shortens = operation == "Scan" && self.scan_faults().is_some();
        let changes_tables = matches!(operation, "CreateTable" | "UpdateTable" | "DeleteTable");
        if !changes_tables && !shortens && self.meters.is_empty() {
            return self.pass_on(operation, head, body).await;
        }
        self.answer_with_care(operation, head, body).await
    }

    /// The way of a request that is metered, changes what is metered, or is tampered with.
    async fn answer_with_care(
        &self,
        operation: &str,
        head: request::Parts,
        body: Bytes,
    ) -> Response<Full<Bytes>> {
        // What is no JSON is refused behind us, in DynamoDB's words.
        let Ok(mut asked) = serde_json::from_slice::<Value>(&body) else {
            return self.pass_on(operation, head, body).await;
        };
        let admission = match admit(&self.meters, operation, &mut asked) {
            Ok(admission) => admission,
            Err(refused) => return refusal(StatusCode::BAD_REQUEST, &refused),
        };
        let body = match admission.is_nothing() {
            true => body,
            false => Bytes::from(asked.to_string()),
        };
        let response = self.pass_on(operation, head, body).await;
        let (head, body) = taken_apart(response).await;
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
            return Response::from_parts(head, Full::from(body));
        };
        if head.status.is_success() {
            self.follow_tables(operation, &asked, &answer);
        }
        let settled = self.settle(&admission, head.status, &mut answer);
        let scanned = asked["TableName"].as_str().unwrap_or_default();
        let shortened = operation == "Scan"
            && self
                .scan_faults()
                .is_some_and(|faults| shorten(scanned, &mut answer, faults));
        if !settled && !shortened {
            return Response::from_parts(head, Full::from(body));
        }
        with_body(head, answer.to_string().into())
    }

    /// The faults, if scans are struck.
    fn scan_faults(&self) -> Option<&dyn TableFaults> {
        self.faults
            .as_deref()
            .filter(|faults| faults.strikes_scans())
    }

    fn settle(&self, admission: &Admission, status: StatusCode, answer: &mut Value) -> bool {
        match admission.is_nothing() {
            true => false,
            false => admission.settle(&self.meters, status.is_success(), answer),
        }
    }

    /// Meters tables as they are created and changed, and forgets those that are deleted.
    fn follow_tables(&self, operation: &str, asked: &Value, answer: &Value) {
        let description = &answer["TableDescription"];
        let Some(table) = description["TableName"].as_str() else {
            return;
        };
        match operation {
            "DeleteTable" => self.meters.remove(table),
            "CreateTable" | "UpdateTable" => {
                let changes = ["BillingMode", "ProvisionedThroughput"];
                if operation == "UpdateTable" && changes.iter().all(|key| asked[key].is_null()) {
                    return;
                }
                let key = description["KeySchema"][0]["AttributeName"].as_str();
                self.meters.insert(
                    table,
                    description["TableArn"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                    key.unwrap_or_default().to_owned(),
                    capacity_of(description),
                );
            }
            _ => {}
        }
    }

    /// The answer when a write would store more than the limit.
    fn refuse_when_full(&self, operation: &str, body: &[u8]) -> Option<Response<Full<Bytes>>> {
        if operation == "CreateTable" && self.room.is_out_of_tables() {
            return Some(refusal(
                StatusCode::BAD_REQUEST,
                &json!({
                    "__type": format!("{NAMESPACE}#LimitExceededException"),
                    "message": format!("Subscriber limit exceeded: There is a limit of {TABLES_MAX} tables per subscriber"),
                }),
            ));
        }
        if matches!(operation, "TransactWriteItems" | "ExecuteTransaction")
            && !self.tokens().remember(body)
        {
            return Some(refusal(
                StatusCode::BAD_REQUEST,
                &json!({
                    "__type": format!("{NAMESPACE}#ThrottlingException"),
                    "message": "More transactions were sent in ten minutes than this server can remember the tokens of.",
                }),
            ));
        }
        let writes = [
            "PutItem",
            "UpdateItem",
            "BatchWriteItem",
            "TransactWriteItems",
            "ExecuteStatement",
            "BatchExecuteStatement",
            "ExecuteTransaction",
            "CreateTable",
            "UpdateTable",
            "TagResource",
        ];
        let limit = match writes.contains(&operation) {
            true => self.room.exceeded()?,
            false => return None,
        };
        let message = format!(
            "The tables take the {limit} bytes this server stores at most; delete items or tables, or start \
             it with a higher limit of stored bytes."
        );
        let refused = json!({
            "__type": format!("{NAMESPACE}#ItemCollectionSizeLimitExceededException"),
            "message": message,
        });
        Some(refusal(StatusCode::BAD_REQUEST, &refused))
    }

    /// The reply of the database, put right where AWS's is another.
    async fn pass_on(
        &self,
        operation: &str,
        head: request::Parts,
        body: Bytes,
    ) -> Response<Full<Bytes>> {
        let body = arns::named(&body).unwrap_or(body);
        match operation {
            "Scan" | "Query" => self.pass_on_page(head, body).await,
            "DescribeContinuousBackups" => self.describe_backups(head, body).await,
            operation if arns::tells(operation) => {
                let (head, reply) = taken_apart(self.pass(head, body).await).await;
                let told = arns::told(&reply).unwrap_or(reply);
                with_body(head, told)
            }
            _ => {
                let response = self.pass(head, body).await;
                if response.status() != StatusCode::BAD_REQUEST {
                    return response;
                }
                let (head, reply) = taken_apart(response).await;
                match refusals::not_served(operation, &reply) {
                    Some(told) => with_body(head, told.to_string().into()),
                    None => Response::from_parts(head, Full::from(reply)),
                }
            }
        }
    }

    /// Of a table that is there; nothing of it can be restored.
    async fn describe_backups(
        &self,
        mut head: request::Parts,
        body: Bytes,
    ) -> Response<Full<Bytes>> {
        let target = HeaderValue::from_static("DynamoDB_20120810.DescribeTable");
        head.headers.insert("x-amz-target", target);
        let reply = self.pass(head, body).await;
        if reply.status().is_success() {
            return refusal(StatusCode::OK, &arns::backups());
        }
        let (_, reply) = taken_apart(reply).await;
        let reply: Value = serde_json::from_slice(&reply).unwrap_or_default();
        let message = reply["message"].as_str().or(reply["Message"].as_str());
        let kind = match reply["__type"].as_str() {
            Some(kind) if !kind.ends_with("ResourceNotFoundException") => kind.to_owned(),
            _ => format!("{NAMESPACE}#TableNotFoundException"),
        };
        let refused = json!({"__type": kind, "message": message});
        refusal(StatusCode::BAD_REQUEST, &refused)
    }

    /// A page of a scan or a query, with its counts put right.
    async fn pass_on_page(&self, head: request::Parts, body: Bytes) -> Response<Full<Bytes>> {
        let reply = self.pass(head.clone(), body.clone()).await;
        let (reply_head, reply) = taken_apart(reply).await;
        let counted = match pages::look(&body, &reply) {
            Counted::Unsure(one_more) => {
                let (_, again) = taken_apart(self.pass(head, one_more).await).await;
                pages::look_again(&reply, &again)
            }
            counted => counted,
        };
        match counted {
            Counted::Wrong(page) => with_body(reply_head, page),
            Counted::Right | Counted::Unsure(_) => {
                Response::from_parts(reply_head, Full::from(reply))
            }
        }
    }

    async fn pass(&self, head: request::Parts, body: Bytes) -> Response<Full<Bytes>> {
        match self.try_pass_on(head, body).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(%error, "the embedded table gave no answer");
                let failed = json!({
                    "__type": format!("{NAMESPACE}#InternalServerError"),
                    "message": "The table's server gave no answer.",
                });
                refusal(StatusCode::INTERNAL_SERVER_ERROR, &failed)
            }
        }
    }

    async fn try_pass_on(
        &self,
        mut head: request::Parts,
        body: Bytes,
    ) -> Result<Response<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
        let mut connection = self.connection().await?;
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove(hyper::header::TRANSFER_ENCODING);
        head.headers.remove(hyper::header::CONNECTION);
        // The server behind would let any page read its answers (CORS).
        head.headers.remove(hyper::header::ORIGIN);
        let request = Request::from_parts(head, Full::from(body));
        let (head, body) = connection.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        self.idle().push(connection);
        Ok(Response::from_parts(head, Full::from(body)))
    }

    /// One that is open and idle, or a new one.
    async fn connection(
        &self,
    ) -> Result<SendRequest<Full<Bytes>>, Box<dyn std::error::Error + Send + Sync>> {
        loop {
            let Some(mut idle) = self.idle().pop() else {
                break;
            };
            if idle.ready().await.is_ok() {
                return Ok(idle);
            }
        }
        let stream = TcpStream::connect(self.server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    fn tokens(&self) -> std::sync::MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SendRequest<Full<Bytes>>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The capacity a table's description tells of; on demand when it names none.
fn capacity_of(description: &Value) -> TableCapacity {
    let units = |name: &str| {
        let units = description["ProvisionedThroughput"][name].as_u64();
        units.and_then(|units| u32::try_from(units).ok())
    };
    let mode = description["BillingModeSummary"]["BillingMode"].as_str();
    match (
        mode,
        units("WriteCapacityUnits"),
        units("ReadCapacityUnits"),
    ) {
        (Some("PAY_PER_REQUEST"), _, _) | (_, None | Some(0), _) => TableCapacity::on_demand(),
        (_, Some(write_capacity_units), read_capacity_units) => TableCapacity::Provisioned {
            write_capacity_units,
            read_capacity_units,
        },
    }
}

fn refusal(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let (mut head, ()) = Response::new(()).into_parts();
    head.status = status;
    head.headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-amz-json-1.0"),
    );
    with_body(head, body.to_string().into())
}

async fn taken_apart(response: Response<Full<Bytes>>) -> (response::Parts, Bytes) {
    let (head, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => (head, body.to_bytes()),
        Err(never) => match never {},
    }
}

/// A reply of this body, and its checksum.
fn with_body(mut head: response::Parts, body: Bytes) -> Response<Full<Bytes>> {
    head.headers.remove(CONTENT_LENGTH);
    head.headers.insert(CHECKSUM, crc32fast::hash(&body).into());
    Response::from_parts(head, Full::from(body))
}

/// Parts of a batch by the table each is for.
type ByTable = BTreeMap<String, Value>;

#[cfg(test)]
mod tests;
