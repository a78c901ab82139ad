//! What is read once a second while a run goes on, beside what is counted by order.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One reading; the counts have grown since the run's start, the peaks are of the time since the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Since the run's start.
    pub at: Duration,
    /// CPU time this process has used, where that can be told.
    pub cpu_time: Option<Duration>,
    /// The most orders dispatched and not answered.
    pub in_flight_peak: u64,
    /// Of a pipeline or function in this process.
    pub pipeline: Option<PipelineReading>,
}

/// The part of a reading that a pipeline in this process gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipelineReading {
    /// The most invocations at one time.
    pub concurrency_peak: u32,
    /// Writes throttled so far.
    pub throttled_writes: u64,
    /// Invocations throttled so far.
    pub throttled_invocations: u64,
}

/// What two readings in a row say of the time between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// CPU time by time, in processors.
    pub cpus: Option<f64>,
    /// The most orders dispatched and not answered.
    pub in_flight_peak: u64,
    /// Peak and growth.
    pub pipeline: Option<PipelineReading>,
}

/// The stretch that ends within each second of the run; a second in which no reading was taken has none.
pub(super) fn by_second(readings: &[Reading]) -> Vec<Option<Stretch>> {
    let mut seconds = Vec::new();
    for pair in readings.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let Some(stretch) = Stretch::between(before, after) else {
            continue;
        };
        // A reading is taken at or just after a second's end: half a second back is within it.
        let middle = after.at.saturating_sub(Duration::from_millis(500));
        let index = middle.as_secs() as usize;
        if seconds.len() <= index {
            seconds.resize(index + 1, None);
        }
        seconds[index] = Some(stretch);
    }
    seconds
}

impl Stretch {
    /// From one reading to a later one; none if no time has passed.
    pub fn between(before: &Reading, after: &Reading) -> Option<Self> {
        let took = after.at.saturating_sub(before.at);
        let used = after.cpu_time.zip(before.cpu_time);
        let used = used.map(|(after, before)| after.saturating_sub(before));
        let pipeline = after.pipeline.zip(before.pipeline);
        (!took.is_zero()).then(|| Self {
            cpus: used.map(|used| used.as_secs_f64() / took.as_secs_f64()),
            in_flight_peak: after.in_flight_peak,
            pipeline: pipeline.map(|(after, before)| PipelineReading {
                concurrency_peak: after.concurrency_peak,
                throttled_writes: after
                    .throttled_writes
                    .saturating_sub(before.throttled_writes),
                throttled_invocations: after
                    .throttled_invocations
                    .saturating_sub(before.throttled_invocations),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(at_ms: u64, cpu_ms: u64, in_flight_peak: u64, throttled_writes: u64) -> Reading {
        Reading {
            at: Duration::from_millis(at_ms),
            cpu_time: Some(Duration::from_millis(cpu_ms)),
            in_flight_peak,
            pipeline: Some(PipelineReading {
                concurrency_peak: 3,
                throttled_writes,
                throttled_invocations: 0,
            }),
        }
    }

    #[test]
    fn a_second_gets_the_growth_up_to_the_reading_at_its_end() {
        let seconds = by_second(&[
            reading(0, 100, 0, 5),
            reading(1_003, 602, 7, 5),
            reading(3_010, 1_606, 9, 25),
        ]);
        let first = seconds[0].unwrap();
        assert!((first.cpus.unwrap() - 0.5).abs() < 0.01, "{first:?}");
        assert_eq!(
            (
                first.in_flight_peak,
                first.pipeline.unwrap().throttled_writes
            ),
            (7, 0)
        );
        assert_eq!(seconds[1], None, "no reading was taken at its end");
        let third = seconds[2].unwrap();
        assert!((third.cpus.unwrap() - 0.5).abs() < 0.01, "{third:?}");
        assert_eq!(
            (
                third.in_flight_peak,
                third.pipeline.unwrap().throttled_writes
            ),
            (9, 20)
        );
    }

    #[test]
    fn one_reading_says_nothing() {
        assert_eq!(by_second(&[reading(0, 1, 1, 1)]), []);
    }
}
