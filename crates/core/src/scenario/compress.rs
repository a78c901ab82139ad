//! Compressed time: the same scenario, played faster.
//!
//! Every duration of the world is divided and every rate multiplied, so that the same orders meet the
//! same pipeline in the same states. What belongs to the harness stays as it is: how long a reply may
//! take, how late it may be itself, how long it waits for rest.

use std::time::Duration;

use super::{Mapping, Scenario};

impl Scenario {
    /// The scenario as it is played: `time_scale` times faster than its file says.
    #[must_use]
    pub(super) fn compressed(mut self) -> Self {
        let speed = self.time_scale;
        if speed == 1.0 {
            return self;
        }
        let shorter = |duration: Duration| duration.div_f64(speed);
        for phase in &mut self.phases {
            phase.start_rate *= speed;
            phase.end_rate *= speed;
            phase.duration = shorter(phase.duration);
        }
        self.sending.linger = shorter(self.sending.linger);
        for fault in &mut self.faults {
            fault.delay = shorter(fault.delay);
        }
        let pipeline = &mut self.pipeline;
        pipeline.visibility_timeout = shorter(pipeline.visibility_timeout);
        pipeline.orders_retention = shorter(pipeline.orders_retention);
        pipeline.dead_letter_retention = shorter(pipeline.dead_letter_retention);
        compress_mapping(&mut pipeline.mapping, speed);
        let function = &mut pipeline.function;
        function.timeout = shorter(function.timeout);
        function.service_time = function.service_time.divided_by(speed);
        function.cold_start = function.cold_start.divided_by(speed);
        for processor in self.processors.values_mut() {
            processor.timeout = shorter(processor.timeout);
            compress_mapping(&mut processor.mapping, speed);
        }
        for rule in &mut self.expect.rules {
            rule.compress(speed);
        }
        self
    }
}

fn compress_mapping(mapping: &mut Mapping, speed: f64) {
    mapping.batching_window = mapping.batching_window.div_f64(speed);
    let faster = f64::from(mapping.added_concurrency_per_minute) * speed;
    mapping.added_concurrency_per_minute = faster.round() as u32;
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::scenario::{Overrides, Scenario, parse};

    const FILE: &str = r#"
name = "compressed"
question = "Is it the same?"
seed = 7
arrivals = "poisson"
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "40/s"
duration = "100s"

[[phase]]
name = "spike"
rate = "5x"
ramp_to = "10x"
duration = "60s"

[pipeline]
visibility_timeout = "30s"
orders_retention = "60s"

[pipeline.function]
timeout = "5s"
service_time = { p50 = "20ms", p99 = "200ms" }
cold_start = "400ms"

[[fault]]
kind = "row_deleted"
count = 1
delay = "10s"

[expect]
rules = ["end_to_end_p99 < 1s for spike"]
"#;

    fn scaled(scale: &str) -> Scenario {
        let overrides = Overrides {
            set: vec![format!("time_scale={scale}")],
            ..Overrides::default()
        };
        parse("compressed.toml", FILE, &overrides).unwrap()
    }

    #[test]
    fn the_same_orders_are_due_in_the_same_order_ten_times_sooner() {
        let (real, fast) = (scaled("1"), scaled("10"));
        let (real, fast) = (real.schedule(), fast.schedule());
        assert_eq!(real.count(), fast.count());
        for k in (0..real.count()).step_by(97) {
            let (slow, quick) = (real.due(k).as_secs_f64(), fast.due(k).as_secs_f64());
            assert!(
                (slow - 10.0 * quick).abs() < 1e-5,
                "{k}: {slow} and {quick}"
            );
        }
    }

    #[test]
    fn the_worlds_durations_shrink_and_the_harness_s_own_stay() {
        let (real, fast) = (scaled("1"), scaled("10"));
        let seconds = Duration::from_secs;
        assert_eq!(fast.pipeline.visibility_timeout, seconds(3));
        assert_eq!(fast.pipeline.orders_retention, seconds(6));
        assert_eq!(fast.pipeline.function.timeout, Duration::from_millis(500));
        assert_eq!(fast.pipeline.mapping.added_concurrency_per_minute, 3_000);
        assert_eq!(fast.faults[0].delay, seconds(1));
        let (_, bound) = fast.expect.rules[0].duration().expect("a duration");
        assert_eq!(bound.limit, Duration::from_millis(100));
        assert_eq!(
            fast.expect.rules[0].text,
            "end_to_end_p99 < 1s for spike (time_scale 10: 100ms here)"
        );
        assert_eq!(fast.settle_deadline, real.settle_deadline);
        assert_eq!(fast.sending.attempt_timeout, real.sending.attempt_timeout);
        assert_eq!(
            fast.expect.max_schedule_lag_p99,
            real.expect.max_schedule_lag_p99
        );
        assert_eq!(fast.time_scale, 10.0);
    }
}
