//! The wish to stop sending.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Raised once, by ctrl-c say, and never lowered; clones are the same signal.
#[derive(Debug, Clone, Default)]
pub struct StopSignal(Arc<AtomicBool>);

impl StopSignal {
    /// A signal not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises it: no further order is dispatched.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was raised.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
