//! The one port: queues, tables and other services behind it, chosen by what a request names.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;

use super::http::service::{Asked, Service, Services, is_form};
use super::http::{self, Answer, Budget, Hosts, Refused, ServerOptions};
use super::identity;
use super::sqs::{Call, Site, SqsEngine, SqsService, Target};
use super::table::TableGateway;

/// Where it answers whether it is well.
pub const HEALTH_PATH: &str = "/healthz";

/// The target of the log's lines about requests: one for each, with operation, status and microseconds.
pub const REQUEST_LOG: &str = "orderproof_emulator::requests";

/// Connections at one time where nothing else is said: as many as a run's senders may be, and their pools.
const CONNECTIONS_MAX: usize = 8_192;
/// Bytes that all bodies may take at one time where nothing else is said.
const REQUEST_BYTES_MAX: u64 = 256 << 20;
/// A body for the tables is held as it came, as values and as it is passed on.
const TABLE_WEIGHT: u64 = 4;
/// What the targets of all requests to the queues begin with: no other service is asked whether it takes them.
const QUEUES: &str = "AmazonSQS.";

/// What requests are answered with.
pub struct Gateway {
    parts: Parts,
    hosts: Hosts,
    connections_max: usize,
    budget: Budget,
}

struct Parts {
    queues: SqsService,
    table: Option<TableGateway>,
    services: Services,
}

impl Gateway {
    /// Serves these queues under the names of `site`, and the tables behind `table` if there are any, to this machine.
    pub fn new(engine: SqsEngine, site: Site, table: Option<TableGateway>) -> Self {
        Self {
            parts: Parts {
                queues: SqsService::new(engine, site),
                table,
                services: Services::default(),
            },
            hosts: Hosts::loopback(),
            connections_max: CONNECTIONS_MAX,
            budget: Budget::new(REQUEST_BYTES_MAX),
        }
    }

    /// Answers who calls it by one of `hosts`.
    #[must_use]
    pub fn called(mut self, hosts: Hosts) -> Self {
        self.hosts = hosts;
        self
    }

    /// Answers for this service as well.
    #[must_use]
    pub(super) fn serving(mut self, service: Arc<dyn Service>) -> Self {
        self.parts.services.add(service);
        self
    }

    /// Takes so many connections, and so many bytes of bodies that are on their way, at one time.
    #[must_use]
    pub fn taking_at_most(mut self, connections: usize, request_bytes: u64) -> Self {
        self.connections_max = connections;
        self.budget = Budget::new(request_bytes);
        self
    }

    /// Serves until `shutdown` completes, then drops all connections.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let options = ServerOptions {
            resets: self.parts.queues.engine().faults().is_some(),
            title_case_headers: false,
            hosts: self.hosts,
            connections_max: self.connections_max,
            budget: self.budget.clone(),
            refuse,
        };
        let (parts, budget) = (Arc::new(self.parts), self.budget);
        let answer = move |request| {
            let (parts, budget) = (Arc::clone(&parts), budget.clone());
            async move { parts.answer(request, &budget).await }
        };
        http::serve(listener, answer, options, shutdown).await;
    }
}

impl Parts {
    async fn answer(&self, request: Request<Incoming>, budget: &Budget) -> Answer {
        let began = Instant::now();
        let (head, body) = request.into_parts();
        // Cloning a header's value copies nothing.
        let target = head.headers.get("x-amz-target").cloned();
        let target = target
            .as_ref()
            .and_then(|target| target.to_str().ok())
            .unwrap_or_default();
        let answer = match (&head.method, head.uri.path()) {
            (&Method::GET | &Method::HEAD, HEALTH_PATH) => Ok(self.health()),
            _ => self.carry_out(target, head, body, budget).await,
        };
        let status = answer.as_ref().map(|answer| answer.status().as_u16());
        tracing::info!(
            target: REQUEST_LOG,
            operation = target,
            status = status.unwrap_or_default(),
            micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            "request"
        );
        answer
    }

    async fn carry_out(
        &self,
        target: &str,
        head: request::Parts,
        body: Incoming,
        budget: &Budget,
    ) -> Answer {
        let table = self
            .table
            .as_ref()
            .filter(|_| target.starts_with("DynamoDB"));
        let weight = if table.is_some() { TABLE_WEIGHT } else { 1 };
        let (body, _held) = match http::read(body, budget, weight).await {
            Ok(read) => (Ok(read.bytes), Some(read.held)),
            Err(error) => match error.refusal() {
                Some(refused) => return Ok(refuse(&refused)),
                None => (Err(error), None),
            },
        };
        if let Some(table) = table {
            return Ok(table.answer(target, head, body).await);
        }
        if !target.starts_with(QUEUES)
            && let Ok(bytes) = &body
        {
            let asked = Asked::of(&head, target, bytes);
            if let Some(service) = self.services.find(&asked) {
                return service.answer(asked, bytes).await;
            }
        }
        if matches!(head.method, Method::GET | Method::HEAD) {
            return Ok(hint());
        }
        match &body {
            Ok(form) if target.is_empty() && identity::is_asked(&head.headers, form) => {
                Ok(identity::answer(&self.queues.site().account_id))
            }
            _ => {
                let target = match target {
                    "" if is_form(&head.headers) => Target::Form {
                        path: head.uri.path(),
                    },
                    target => Target::Json(target),
                };
                let called = http::called(&head.headers);
                self.queues.answer(Call { target, called }, body).await
            }
        }
    }

    fn health(&self) -> Response<Full<Bytes>> {
        let engine = self.queues.engine();
        let mut messages = 0;
        let queues = engine.list_queues("");
        for queue in &queues {
            messages += engine.counts(queue).map_or(0, |counts| counts.total());
        }
        let body = json!({
            "status": "ok",
            "version": env!("CARGO_PKG_VERSION"),
            "queues": queues.len(),
            "messages": messages,
            "message_bytes": engine.stored_bytes(),
            "table_bytes": self.table.as_ref().map(TableGateway::stored_bytes),
        });
        let mut response = Response::new(Full::from(body.to_string()));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

/// What somebody sees who opens the address in a browser.
fn hint() -> Response<Full<Bytes>> {
    let hint = format!(
        "{} {}: AWS services over their own protocols (POST, signed or not); \
         {HEALTH_PATH} tells whether it is well\n",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    );
    let mut response = Response::new(Full::from(hint));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// A refusal as both services' JSON protocols have it.
fn refuse(refused: &Refused) -> Response<Full<Bytes>> {
    let body = json!({
        "__type": format!("com.amazon.coral.service#{}", refused.kind()),
        "message": refused.message,
    });
    refused.response("application/x-amz-json-1.0", body.to_string())
}
