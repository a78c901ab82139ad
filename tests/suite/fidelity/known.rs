//! Where the embedded pipeline is known to differ from what AWS documents, and why that is left so.

/// A check the embedded pipeline fails.
pub struct Known {
    pub line: &'static str,
    pub reason: &'static str,
}

#[rustfmt::skip]
pub const KNOWN: &[Known] = &[
    Known {
        line: "A queue is not created again within 60 s of its deletion (QueueDeletedRecently).",
        reason: "A test that makes its queues anew each time would have to wait a minute.",
    },
];

pub fn reason(line: &str) -> Option<&'static str> {
    let known = KNOWN.iter().find(|known| known.line == line);
    known.map(|known| known.reason)
}
