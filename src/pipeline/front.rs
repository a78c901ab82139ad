//! The one port: queues and table behind it, told apart by the operation a request names.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;

use super::http::{self, Answer, Manner};
use super::identity;
use super::sqs::{Site, SqsEngine, SqsService};
use super::table::TableGateway;

/// Where it answers whether it is well.
pub const HEALTH_PATH: &str = "/healthz";

/// What requests are answered with.
#[derive(Clone)]
pub struct Front {
    parts: Arc<Parts>,
}

struct Parts {
    queues: SqsService,
    table: Option<TableGateway>,
}

impl Front {
    /// Serves these queues under the names of `site`, and the tables behind `table` if there are any.
    pub fn new(engine: SqsEngine, site: Site, table: Option<TableGateway>) -> Self {
        Self {
            parts: Arc::new(Parts {
                queues: SqsService::new(engine, site),
                table,
            }),
        }
    }

    /// Serves until `shutdown` completes, then drops all connections.
    pub async fn serve(self, listener: TcpListener, shutdown: impl Future<Output = ()>) {
        let manner = Manner {
            resets: self.parts.queues.engine().faults().is_some(),
            ..Manner::default()
        };
        let answer = move |request| {
            let parts = Arc::clone(&self.parts);
            async move { parts.answer(request).await }
        };
        http::serve(listener, answer, manner, shutdown).await;
    }
}

impl Parts {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let began = Instant::now();
        let (head, body) = request.into_parts();
        // Cloning a header's value copies nothing.
        let target = head.headers.get("x-amz-target").cloned();
        let target = target
            .as_ref()
            .and_then(|target| target.to_str().ok())
            .unwrap_or_default();
        let answer = match (&head.method, head.uri.path(), &self.table) {
            (&Method::GET | &Method::HEAD, HEALTH_PATH, _) => Ok(self.health()),
            (&Method::GET | &Method::HEAD, _, _) => Ok(hint()),
            (_, _, Some(table)) if target.starts_with("DynamoDB") => {
                Ok(table.answer(target, head, http::read(body).await).await)
            }
            _ => {
                let body = http::read(body).await;
                let kind = head.headers.get(CONTENT_TYPE);
                match &body {
                    Ok(form) if target.is_empty() && identity::is_asked(kind, form) => {
                        Ok(identity::answer(&self.queues.site().account_id))
                    }
                    _ => self.queues.answer(target, body).await,
                }
            }
        };
        let status = answer.as_ref().map(|answer| answer.status().as_u16());
        tracing::info!(
            target: "orderproof::requests",
            operation = target,
            status = status.unwrap_or_default(),
            micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            "request"
        );
        answer
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
        "orderproof {}: SQS and DynamoDB over the JSON protocol (POST with a header X-Amz-Target); \
         {HEALTH_PATH} tells whether it is well\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut response = Response::new(Full::from(hint));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
