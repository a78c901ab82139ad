//! What the tests of all doors share.

use std::time::Duration;

use super::{Door, DoorFault, DoorFaults, Doors};
use crate::sqs::{FifoAttributes, QueueAttributes, Site, SqsEngine, is_fifo};

pub(super) struct World {
    pub(super) engine: SqsEngine,
    pub(super) doors: Doors,
}

/// Doors to the queues `q`, `dead` and `q.fifo`, which deduplicates by content.
pub(super) fn world() -> World {
    let engine = SqsEngine::new();
    for queue in ["q", "dead", "q.fifo"] {
        let fifo = FifoAttributes {
            content_based_deduplication: true,
            ..FifoAttributes::high_throughput()
        };
        let attributes = QueueAttributes {
            fifo: is_fifo(queue).then_some(fifo),
            ..QueueAttributes::default()
        };
        engine.create_queue(queue, attributes).unwrap();
    }
    let site = Site::local(([127, 0, 0, 1], 4100).into());
    let doors = Doors::new(engine.clone(), site, 1.0);
    World { engine, doors }
}

impl World {
    /// What a queue holds, in the order it came.
    pub(super) fn bodies(&self, queue: &str) -> Vec<String> {
        let bodies = self.engine.bodies(queue).unwrap();
        bodies.iter().map(|body| body.to_string()).collect()
    }
}

/// Strikes messages that say so.
pub(super) struct Said;

impl DoorFaults for Said {
    fn on_message(&self, _: &Door, body: &str) -> DoorFault {
        let faults = [
            ("vanish", DoorFault::Vanish),
            ("double", DoorFault::Double),
            ("late", DoorFault::Late(Duration::from_secs(30))),
            ("refuse", DoorFault::Refuse),
            ("throttle all", DoorFault::ThrottleRequest),
            ("throttle", DoorFault::Throttle),
        ];
        let said = faults.into_iter().find(|(word, _)| body.contains(word));
        said.map_or(DoorFault::None, |(_, fault)| fault)
    }
}
