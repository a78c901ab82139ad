//! Faults of what orders are sent to in the queue's place.

use std::sync::Arc;

use crate::emulator::doors::{Door, DoorFault, DoorFaults};
use crate::fault::{FaultPlan, order_of_sent};
use crate::scenario::FaultKind;

/// The plan's faults of the door that orders are sent to.
pub struct FaultyDoors(Arc<FaultPlan>);

impl FaultyDoors {
    /// Faults of all doors: a pipeline has one at most.
    pub fn new(plan: Arc<FaultPlan>) -> Self {
        Self(plan)
    }
}

impl DoorFaults for FaultyDoors {
    fn on_message(&self, _: &Door, body: &str) -> DoorFault {
        let Some(k) = order_of_sent(self.0.orders(), body) else {
            return DoorFault::None;
        };
        let kinds = [
            (FaultKind::DoorThrottlesRequest, DoorFault::ThrottleRequest),
            (FaultKind::DoorThrottles, DoorFault::Throttle),
            (FaultKind::DoorRefusesInside, DoorFault::Refuse),
            (FaultKind::DoorSwallows, DoorFault::Vanish),
            (FaultKind::DoorDoubles, DoorFault::Double),
        ];
        let struck = kinds.iter().find(|(kind, _)| self.0.strikes(*kind, k));
        if let Some((_, fault)) = struck {
            return *fault;
        }
        let late = self.0.strike(FaultKind::DoorLate, k);
        late.map_or(DoorFault::None, DoorFault::Late)
    }
}
