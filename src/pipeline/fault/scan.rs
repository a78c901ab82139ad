//! Faults of reading the table: a server in front of the table's that shows less than there is.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_LENGTH;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::fault::FaultPlan;
use crate::pipeline::service::{ServiceThread, loopback_listener};
use crate::scenario::FaultKind;

/// The checksum of a reply, which a changed reply no longer has.
const CHECKSUM: &str = "x-amz-crc32";

/// Passes every request on to the table's server and shortens what a scan returns.
pub struct ScanFaults {
    address: SocketAddr,
    _thread: ServiceThread,
}

impl ScanFaults {
    /// Whether the plan has any fault for it to do.
    pub fn are_in(plan: &FaultPlan) -> bool {
        plan.has(FaultKind::ScanStale) || plan.has(FaultKind::ScanTruncated)
    }

    /// Listens on a free loopback port in front of `table`.
    ///
    /// # Errors
    /// When no port can be bound or no thread started.
    pub fn start(table: SocketAddr, plan: Arc<FaultPlan>) -> std::io::Result<Self> {
        let (listener, address) = loopback_listener()?;
        let thread = ServiceThread::spawn("scan-faults", move |stop| async move {
            let serving = async {
                if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                    serve(&listener, table, &plan).await;
                }
            };
            tokio::select! {
                () = serving => {}
                _ = stop => {}
            }
        })?;
        Ok(Self {
            address,
            _thread: thread,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(listener: &tokio::net::TcpListener, table: SocketAddr, plan: &Arc<FaultPlan>) {
    while let Ok((stream, _)) = listener.accept().await {
        let plan = Arc::clone(plan);
        tokio::spawn(async move {
            let answer = service_fn(|request| {
                let plan = Arc::clone(&plan);
                async move { Ok::<_, std::convert::Infallible>(answer(request, table, &plan).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the embedded table broke");
            }
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    table: SocketAddr,
    plan: &FaultPlan,
) -> Response<Full<Bytes>> {
    let target = request.headers().get("x-amz-target");
    let is_scan = target.is_some_and(|target| target.as_bytes().ends_with(b".Scan"));
    match pass_on(request, table).await {
        Ok((mut head, body)) => {
            let body = match is_scan && head.status.is_success() {
                true => shortened(body, plan),
                false => body,
            };
            head.headers.remove(CHECKSUM);
            head.headers.remove(CONTENT_LENGTH);
            Response::from_parts(head, Full::from(body))
        }
        Err(error) => {
            tracing::debug!(%error, "the embedded table gave no answer");
            let mut response = Response::default();
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        }
    }
}

type PassedOn = (hyper::http::response::Parts, Bytes);

async fn pass_on(
    request: Request<Incoming>,
    table: SocketAddr,
) -> Result<PassedOn, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(table).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let request = Request::from_parts(head, Full::<Bytes>::from(body));
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok((head, body.collect().await?.to_bytes()))
}

/// A page of a scan without the rows that are struck.
fn shortened(page: Bytes, plan: &FaultPlan) -> Bytes {
    let Ok(mut value) = serde_json::from_slice::<Value>(&page) else {
        return page;
    };
    let Some(items) = value["Items"].as_array_mut() else {
        return page;
    };
    items.retain(|item| !strikes(plan, FaultKind::ScanStale, item));
    let cut = items
        .iter()
        .position(|item| strikes(plan, FaultKind::ScanTruncated, item));
    if let Some(cut) = cut {
        items.truncate(cut);
    }
    let count = items.len();
    value["Count"] = count.into();
    if cut.is_some()
        && let Some(page) = value.as_object_mut()
    {
        page.remove("LastEvaluatedKey");
    }
    Bytes::from(value.to_string())
}

fn strikes(plan: &FaultPlan, kind: FaultKind, item: &Value) -> bool {
    let number = item["id"]["N"]
        .as_str()
        .and_then(|number| number.parse().ok());
    number.is_some_and(|number| plan.strikes(kind, number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{OrderPlan, RunId};
    use crate::pipeline::testing::faulty;
    use crate::scenario::{Fault, FaultExtent};

    fn page(plan: &OrderPlan) -> Bytes {
        let items: Vec<Value> = (0..10)
            .map(|k| serde_json::json!({"id": {"N": plan.id(k).get().to_string()}}))
            .collect();
        let page = serde_json::json!({
            "Items": items, "Count": 10, "LastEvaluatedKey": {"id": {"N": "9"}}
        });
        Bytes::from(page.to_string())
    }

    #[test]
    fn a_stale_page_lacks_its_victims_and_a_truncated_one_all_from_the_first() {
        let orders = OrderPlan {
            run: RunId::new(7).unwrap(),
            seed: 2026,
            bad_share: 0.0,
        };
        for (kind, ends) in [
            (FaultKind::ScanStale, false),
            (FaultKind::ScanTruncated, true),
        ] {
            let plan = faulty(&[Fault::new(kind, FaultExtent::Count(2))], orders, 10);
            let short: Value = serde_json::from_slice(&shortened(page(&orders), &plan)).unwrap();
            let left = short["Items"].as_array().unwrap().len();
            assert_eq!(short["Count"], left);
            assert!(if ends { left <= 8 } else { left == 8 }, "{kind:?}: {left}");
            assert_eq!(short.get("LastEvaluatedKey").is_none(), ends, "{kind:?}");
        }
        let sound = faulty(&[], orders, 10);
        let whole: Value = serde_json::from_slice(&shortened(page(&orders), &sound)).unwrap();
        assert_eq!(whole["Items"].as_array().unwrap().len(), 10);
    }
}
