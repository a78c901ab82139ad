//! The arrival rate over time and its integral.

use std::time::Duration;

use super::Phase;

/// One phase on the time axis: the rate changes linearly from `start_rate` to `end_rate`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    start_s: f64,
    length_s: f64,
    start_rate: f64,
    end_rate: f64,
    /// The integral at its start.
    before: f64,
}

impl Segment {
    fn orders(&self) -> f64 {
        (self.start_rate + self.end_rate) / 2.0 * self.length_s
    }

    fn rate(&self, into_s: f64) -> f64 {
        self.start_rate + (self.end_rate - self.start_rate) * into_s / self.length_s
    }

    /// Orders from its start to `into_s` seconds into it.
    fn integral(&self, into_s: f64) -> f64 {
        (self.start_rate + self.rate(into_s)) / 2.0 * into_s
    }

    /// Seconds into it at which `orders` have come: the stable root of the quadratic, which also
    /// holds for a constant rate and for a ramp from zero.
    fn inverse(&self, orders: f64) -> f64 {
        let slope = (self.end_rate - self.start_rate) / self.length_s;
        let root = (self.start_rate * self.start_rate + 2.0 * slope * orders)
            .max(0.0)
            .sqrt();
        let divisor = self.start_rate + root;
        if divisor <= 0.0 {
            0.0
        } else {
            (2.0 * orders / divisor).min(self.length_s)
        }
    }
}

/// The arrival rate over the phases, with its integral and the integral's inverse.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadProfile {
    segments: Vec<Segment>,
    spans: Vec<(Duration, Duration)>,
}

impl LoadProfile {
    /// The profile of `phases`, one after the other from time zero.
    pub fn new(phases: &[Phase]) -> Self {
        let mut spans = Vec::new();
        let mut segments: Vec<Segment> = Vec::new();
        let mut start = Duration::ZERO;
        for phase in phases {
            let before = segments
                .last()
                .map_or(0.0, |last| last.before + last.orders());
            segments.push(Segment {
                start_s: start.as_secs_f64(),
                length_s: phase.duration.as_secs_f64(),
                start_rate: phase.start_rate,
                end_rate: phase.end_rate,
                before,
            });
            spans.push((start, start + phase.duration));
            start += phase.duration;
        }
        Self { segments, spans }
    }

    /// Orders due by `at`: the rate's integral from zero, constant after the end.
    pub fn integral(&self, at: Duration) -> f64 {
        let Some(segment) = self.segments.get(self.phase_at(at)) else {
            return 0.0;
        };
        let into_s = (at.as_secs_f64() - segment.start_s).clamp(0.0, segment.length_s);
        segment.before + segment.integral(into_s)
    }

    /// The time at which the integral reaches `orders`, to the nanosecond; the end beyond it.
    pub fn inverse(&self, orders: f64) -> Duration {
        let index = self
            .segments
            .partition_point(|segment| segment.before + segment.orders() <= orders);
        let Some(segment) = self.segments.get(index) else {
            return self.duration();
        };
        let into_s = segment.inverse(orders - segment.before);
        let (start, end) = self.spans[index];
        (start + Duration::from_secs_f64(into_s)).min(end)
    }

    /// The orders planned: the whole integral, rounded.
    pub fn count(&self) -> u64 {
        self.segments
            .last()
            .map_or(0.0, |last| last.before + last.orders())
            .round() as u64
    }

    /// The profile's length.
    pub fn duration(&self) -> Duration {
        self.spans.last().map_or(Duration::ZERO, |&(_, end)| end)
    }

    /// The rate at `at`, orders per second; zero from the end on.
    pub fn rate(&self, at: Duration) -> f64 {
        if at >= self.duration() {
            return 0.0;
        }
        let segment = &self.segments[self.phase_at(at)];
        segment.rate(at.as_secs_f64() - segment.start_s)
    }

    /// Which phase holds `at` (the last one from the end on).
    pub fn phase_at(&self, at: Duration) -> usize {
        let after = self.spans.partition_point(|&(_, end)| end <= at);
        after.min(self.spans.len().saturating_sub(1))
    }

    /// Start and end of phase `index`.
    pub fn phase_span(&self, index: usize) -> (Duration, Duration) {
        self.spans[index]
    }
}
