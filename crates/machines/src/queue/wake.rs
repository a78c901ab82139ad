//! Who is told that a long poll may have something to look at.

/// Wakes those who wait for messages of a queue.
pub trait Wake {
    /// There is something for one of them; if nobody waits, for the next who does.
    fn wake_one(&self);

    /// All who wait are to look again.
    fn wake_all(&self);
}

/// For a queue at which nobody waits.
impl Wake for () {
    fn wake_one(&self) {}

    fn wake_all(&self) {}
}
