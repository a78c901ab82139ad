//! How a batch is gathered.

use std::time::Duration;

use super::settings::Mapping;

/// The longest a receive can wait; an idle mapping wakes this seldom.
pub const LONG_POLL: Duration = Duration::from_secs(20);

/// Messages in one receive.
const PER_RECEIVE: usize = 10;

/// A batch of so many bytes is not added to: an invocation takes 6 MB, and one receive gives 1 MiB at most.
const BYTES_MAX: usize = 5 << 20;

/// The sizes of a mapping's batches, and how long each is gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gathering {
    size: usize,
    window: Duration,
}

impl Gathering {
    /// Of a mapping of a standard queue or of a FIFO queue, for which AWS takes no batching window and no batch above 10
    /// (AWS Lambda, "Lambda parameters for Amazon SQS event source mappings").
    pub fn new(mapping: &Mapping, is_fifo: bool) -> Self {
        let (size, window) = (usize::from(mapping.batch_size), mapping.batching_window);
        match is_fifo {
            true => Self {
                size: size.min(PER_RECEIVE),
                window: Duration::ZERO,
            },
            false => Self { size, window },
        }
    }

    /// Messages that the first receive of a batch asks for.
    pub fn first(&self) -> usize {
        self.size.min(PER_RECEIVE)
    }

    /// How long after its first message a batch is added to; zero is not at all.
    pub fn window(&self) -> Duration {
        self.window
    }

    /// Messages that the next receive asks for, for a batch of so many messages and bytes; none when it is full.
    pub fn more(&self, messages: usize, bytes: usize) -> Option<usize> {
        let is_open = messages < self.size && bytes < BYTES_MAX;
        is_open.then(|| (self.size - messages).min(PER_RECEIVE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_gathered_ten_at_a_time_up_to_its_size_or_five_megabytes() {
        let mapping = Mapping {
            batch_size: 25,
            batching_window: Duration::from_secs(1),
            ..Mapping::default()
        };
        let gathering = Gathering::new(&mapping, false);
        assert_eq!(gathering.first(), 10);
        let cases = [
            (10, 0, Some(10)),
            (20, 0, Some(5)),
            (25, 0, None),
            (20, BYTES_MAX - 1, Some(5)),
            (20, BYTES_MAX, None),
        ];
        for (messages, bytes, most) in cases {
            assert_eq!(gathering.more(messages, bytes), most, "{messages}, {bytes}");
        }
        let fifo = Gathering::new(&mapping, true);
        assert_eq!((fifo.window(), fifo.more(10, 0)), (Duration::ZERO, None));
    }
}
