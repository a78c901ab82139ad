//! What stands before the orders queue: a topic with its subscription, a bus with its rules, or a server.

mod bus;
#[cfg(test)]
mod tests;
mod topic;

use std::time::Duration;

use super::queue;
use crate::account::service::Service;
use crate::order::Door;
use crate::preflight::{DoorFacts, FailureQueue, Known, QueueFacts, ServerFacts};
use crate::scenario::{AwsTarget, Scenario};
use crate::store::{ResponseProbe, Session};

pub(super) use bus::may_put as may_put_events;
pub(super) use topic::may_publish;

/// How long a server may take to take a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// Reads what the orders of `scenario` are sent to at `target`; `None` where that is the queue itself.
pub async fn read_door(
    session: &Session,
    target: &AwsTarget,
    scenario: &Scenario,
) -> Option<DoorFacts> {
    let name = &target.resources.orders_queue;
    let queue = queue::read(session, name, &ResponseProbe::default()).await;
    read(session, scenario, queue.get()).await
}

/// The same; `queue` is the orders queue, if it is there.
pub(super) async fn read(
    session: &Session,
    scenario: &Scenario,
    queue: Option<&QueueFacts>,
) -> Option<DoorFacts> {
    let without = || "the orders queue is not known".to_owned();
    Some(match (&scenario.sending.to, queue) {
        (Door::Sqs, _) => return None,
        (Door::Sns(topic), Some(queue)) => {
            DoorFacts::Topic(topic::read(session, &topic.topic, queue).await)
        }
        (Door::Eventbridge(bus), Some(queue)) => {
            DoorFacts::Bus(bus::read(session, &bus.bus, queue).await)
        }
        (Door::Sns(_), None) => DoorFacts::Topic(Known::Unknown(without())),
        (Door::Eventbridge(_), None) => DoorFacts::Bus(Known::Unknown(without())),
        (Door::Http(server), _) => DoorFacts::Server(connect(&server.url).await),
    })
}

/// Where requests with orders go, if not to SQS.
pub(super) async fn at(session: &Session, scenario: &Scenario) -> Option<String> {
    let service = match &scenario.sending.to {
        Door::Sqs => return None,
        Door::Sns(_) => Service::SNS,
        Door::Eventbridge(_) => Service::EVENTBRIDGE,
        Door::Http(server) => return Some(server.url.clone()),
    };
    let url = service.endpoint(session.config()).await;
    // One that is not known is nobody's own machine.
    Some(url.unwrap_or_default())
}

/// A connection and nothing else: any request could be an order.
async fn connect(url: &str) -> ServerFacts {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    let named_port = host.rsplit(':').next().is_some_and(|port| {
        !port.is_empty() && port.len() < host.len() && port.bytes().all(|b| b.is_ascii_digit())
    });
    let usual = if scheme == "https" { 443 } else { 80 };
    let host = match named_port {
        true => host.to_owned(),
        false => format!("{host}:{usual}"),
    };
    let connecting = tokio::net::TcpStream::connect(host.clone());
    let connects = match tokio::time::timeout(CONNECT_PATIENCE, connecting).await {
        Ok(Ok(_)) => Known::Is(true),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => Known::Is(false),
        Ok(Err(error)) => Known::Unknown(error.to_string()),
        Err(_) => Known::Unknown(format!("no connection within {CONNECT_PATIENCE:?}")),
    };
    ServerFacts { host, connects }
}

/// The failure queue with this ARN.
async fn failures(session: &Session, arn: &str, beside: &QueueFacts) -> FailureQueue {
    let place = |arn: &str| arn.split(':').take(5).collect::<Vec<_>>().join(":");
    let messages = match place(arn) == place(&beside.arn) {
        false => Known::Unknown("it is in another account or region".into()),
        true => {
            let name = arn.rsplit(':').next().unwrap_or_default();
            match queue::read(session, name, &ResponseProbe::default()).await {
                Known::Is(queue) => Known::Is(queue.messages),
                Known::Absent => Known::Absent,
                Known::Unknown(why) => Known::Unknown(why),
            }
        }
    };
    FailureQueue {
        arn: arn.to_owned(),
        messages,
    }
}
