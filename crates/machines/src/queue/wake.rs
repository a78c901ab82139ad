//! Waking long polls.

/// Wakes the long polls of a queue.
pub trait Wake {
    /// Wakes one of them; when none waits, the next one that would wait returns at once.
    fn wake_one(&self);

    /// Wakes all that wait, to look again.
    fn wake_all(&self);
}

/// For a queue without long polls.
impl Wake for () {
    fn wake_one(&self) {}

    fn wake_all(&self) {}
}
