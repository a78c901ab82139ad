//! What stands in front of the queues: topics of SNS, buses of EventBridge, and a front door over HTTP.
//!
//! Each takes messages in its own protocol and puts them into queues of this emulator, changed as AWS changes them: a
//! topic's envelope, an event's. What was accepted is counted until it is in a queue, so that a door can be proven empty.

mod door;
mod faults;
mod http;
mod outbox;
pub(crate) mod pattern;
pub(crate) mod time;

#[cfg(test)]
mod testing;

pub mod events;
pub mod sns;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub use door::{Door, DoorCounts};
pub use faults::{DoorFault, DoorFaults};
pub use http::HttpDoor;
use outbox::{Letter, Outbox};

use door::Tallies;

use crate::http::service::Service;
use crate::sqs::{Clock, MessageId, Scribe, Site, SqsEngine, is_fifo};

/// The doors of an emulator. Cloning it is cheap and gives another handle to the same doors.
#[derive(Clone)]
pub struct Doors(Arc<Inner>);

struct Inner {
    hall: Hall,
    topics: sns::Topics,
    buses: events::Buses,
}

/// What all doors share.
struct Hall {
    engine: SqsEngine,
    site: Site,
    clock: Clock,
    speed: f64,
    scribe: Scribe,
    messages: AtomicU64,
    tallies: Arc<Tallies>,
    outbox: Outbox,
    faults: OnceLock<Box<dyn DoorFaults>>,
}

/// What answers for the doors: topics and event buses, and these doors over HTTP.
pub(crate) fn services(doors: &Doors, http: Vec<HttpDoor>) -> Vec<Arc<dyn Service>> {
    let mut services: Vec<Arc<dyn Service>> = vec![
        Arc::new(sns::SnsService(doors.clone())),
        Arc::new(events::EventsService(doors.clone())),
    ];
    for door in http {
        let doors = doors.clone();
        services.push(Arc::new(http::HttpService { door, doors }));
    }
    services
}

impl fmt::Debug for Doors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Doors").finish_non_exhaustive()
    }
}

impl Doors {
    /// Doors to these queues, none of them yet but the event bus `default`; time passes `speed` times faster than on AWS.
    pub fn new(engine: SqsEngine, site: Site, speed: f64) -> Self {
        let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
        let clock = Clock::start();
        let tallies = Arc::new(Tallies::default());
        let outbox = Outbox::new(engine.clone(), clock, speed, Arc::clone(&tallies));
        Self(Arc::new(Inner {
            hall: Hall {
                engine,
                site,
                clock,
                speed,
                scribe: Scribe::new(seed),
                messages: AtomicU64::new(0),
                tallies,
                outbox,
                faults: OnceLock::new(),
            },
            topics: sns::Topics::default(),
            buses: events::Buses::default(),
        }))
    }

    /// Makes the doors misbehave from now on; what was set first stays.
    pub fn set_faults(&self, faults: Box<dyn DoorFaults>) {
        let _ = self.0.hall.faults.set(faults);
    }

    /// What a door has counted; nothing where there is no such door.
    pub fn counts(&self, door: &Door) -> DoorCounts {
        self.0.hall.tallies.of(door)
    }

    /// What every door has counted that was ever used.
    pub fn all_counts(&self) -> BTreeMap<Door, DoorCounts> {
        self.0.hall.tallies.all()
    }

    /// Delivers what the doors hold back, when it is due; to be polled for as long as the doors are used.
    pub async fn run(self) {
        self.0.hall.outbox.run().await;
    }
}

impl Hall {
    /// What is to happen to a message. Where the doors hold back as much as they may, it is throttled.
    fn fault(&self, door: &Door, body: &str) -> DoorFault {
        if self.outbox.is_full() {
            return DoorFault::Throttle;
        }
        let faults = self.faults.get();
        faults.map_or(DoorFault::None, |faults| faults.on_message(door, body))
    }

    /// The serial number of a message that is new.
    fn next_serial(&self) -> u64 {
        self.messages.fetch_add(1, Ordering::Relaxed)
    }

    fn message_id(&self, serial: u64) -> MessageId {
        self.scribe.message_id(serial)
    }

    fn now_ms(&self) -> u64 {
        self.clock.epoch_ms(self.clock.now())
    }

    /// Puts an accepted message on its way, as its fault has it.
    fn post(&self, letter: Letter, fault: DoorFault) {
        match fault {
            DoorFault::Vanish => {}
            DoorFault::Double => {
                let again = again(letter.clone());
                self.outbox.post(letter, Duration::ZERO);
                self.outbox.post(again, Duration::ZERO);
            }
            DoorFault::Late(late) => self.outbox.post(letter, late),
            DoorFault::None
            | DoorFault::Refuse
            | DoorFault::Throttle
            | DoorFault::ThrottleRequest => {
                self.outbox.post(letter, Duration::ZERO);
            }
        }
    }
}

/// The same message once more, which a FIFO queue does not drop.
fn again(mut letter: Letter) -> Letter {
    if is_fifo(&letter.queue) {
        let id = uuid::Uuid::new_v4().to_string();
        letter.entry.deduplication_id = Some(id);
    }
    letter
}
