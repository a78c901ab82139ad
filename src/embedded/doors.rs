//! What stands in front of the embedded pipeline's queue: the topic, the event bus or the server that a scenario sends to.

use std::sync::Arc;

use crate::emulator::doors::events::{Rule, Target};
use crate::emulator::doors::sns::{Subscription, TopicAttributes};
use crate::emulator::doors::{self, DoorCounts};
use crate::emulator::{Builder, Emulator};
use crate::fault::FaultPlan;
use crate::order::{Bus, Door, HttpDoor};
use crate::scenario::{FaultPlace, Scenario};
use crate::store::DoorAt;
use crate::verify::DoorSeen;

use super::fault::FaultyDoors;

/// The bus that every account has.
const DEFAULT_BUS: &str = "default";

/// An emulator with the door that `scenario` sends to, in front of its orders queue.
pub(super) fn open(
    mut builder: Builder,
    scenario: &Scenario,
    orders_queue: &str,
    faults: &Arc<FaultPlan>,
) -> Builder {
    builder = match &scenario.sending.to {
        Door::Sqs => return builder,
        Door::Sns(topic) => {
            let subscription = Subscription::to_queue(orders_queue);
            let subscription = match topic.raw {
                true => subscription.raw(),
                false => subscription,
            };
            let attributes = TopicAttributes {
                content_based_deduplication: scenario.pipeline.fifo
                    && scenario.order.deduplication.is_none(),
                ..TopicAttributes::default()
            };
            builder
                .topic_with(&topic.topic, attributes)
                .subscription(&topic.topic, subscription)
        }
        Door::Eventbridge(bus) => with_rule(builder, bus, orders_queue),
        Door::Http(server) => builder.http_door(front_door(server, orders_queue)),
    };
    match faults.has_at(FaultPlace::Door) {
        true => builder.door_faults(FaultyDoors::new(Arc::clone(faults))),
        false => builder,
    }
}

/// With the bus, and a rule for these events alone.
fn with_rule(mut builder: Builder, bus: &Bus, orders_queue: &str) -> Builder {
    if bus.bus != DEFAULT_BUS {
        builder = builder.event_bus(&bus.bus);
    }
    let target = Target::queue(orders_queue);
    let target = match bus.raw {
        true => target.part("$.detail"),
        false => target,
    };
    let pattern = serde_json::json!({"source": [bus.source], "detail-type": [bus.detail_type]});
    builder.rule(
        Rule::new("orders")
            .on_bus(&bus.bus)
            .matching(&pattern.to_string())
            .to(target),
    )
}

/// The server at a path of the emulator. It puts orders on the queue as they are, and answers by a status that the
/// scenario takes for yes, with the message's id where the scenario looks for an id.
fn front_door(server: &HttpDoor, orders_queue: &str) -> doors::HttpDoor {
    let door = doors::HttpDoor::new(&server.url, orders_queue);
    let accepted = server
        .accepted
        .iter()
        .find(|status| (200..300).contains(*status));
    let door = match accepted {
        Some(status) => door.answering(*status),
        None => door,
    };
    match &server.id_at {
        Some(at) => door.naming_message_at(at),
        None => door,
    }
}

/// What the emulator calls the door that orders are sent to.
fn named(door: &Door) -> Option<doors::Door> {
    match door {
        Door::Sqs => None,
        Door::Sns(topic) => Some(doors::Door::topic(&topic.topic)),
        Door::Eventbridge(bus) => Some(doors::Door::bus(&bus.bus)),
        Door::Http(server) => Some(doors::Door::http(&server.url)),
    }
}

/// Where it is.
pub(super) fn place(emulator: &Emulator, door: &Door) -> DoorAt {
    let endpoint = emulator.endpoint_url().to_owned();
    match door {
        Door::Sqs => DoorAt::Queue,
        Door::Sns(topic) => DoorAt::Topic {
            endpoint,
            arn: emulator.topic_arn(&topic.topic),
        },
        Door::Eventbridge(bus) => DoorAt::Bus {
            endpoint,
            name: bus.bus.clone(),
        },
        Door::Http(server) => DoorAt::Server {
            site: endpoint,
            url: server.url.clone(),
        },
    }
}

/// Asks the door that orders are sent to what it has counted; none where they are sent to the queue itself.
pub(super) fn watch(
    emulator: &Emulator,
    door: &Door,
) -> Option<impl Fn() -> DoorSeen + Send + use<>> {
    let (name, doors) = (named(door)?, emulator.doors().clone());
    Some(move || {
        let DoorCounts {
            accepted, inside, ..
        } = doors.counts(&name);
        DoorSeen::counted(&format!("the {name}"), accepted, inside)
    })
}
