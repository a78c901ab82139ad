//! What a finished run tells of a pipeline: times, failures, limits, growth, as far as its report has them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use orderproof_core::results::figures::{percent, thousands};
use orderproof_core::results::{
    CloudWatchMetric, FailureKind, PhaseReport, RunReport, TimelineRow,
};
use orderproof_core::scenario::{ProcessorKind, Scenario};

/// End-to-end times that a phase must have to tell how long the function takes.
const TIMES_MIN: u64 = 100;

/// A growth that goes on for less time is not measured, seconds.
const GROWTH_S_MIN: u64 = 10;

/// What is within this share of what is set is taken to be it.
const AS_SET: f64 = 0.15;

/// What was learned, and what was not.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Learned {
    /// The number that marks the run's orders.
    pub run_id: u32,
    /// The run's scenario.
    pub scenario: String,
    /// What was taken from it.
    pub taken: Vec<Lesson>,
    /// Failures that are not of the scenario's making.
    pub failures: Failures,
    /// What could not be learned, and why: then it is as the scenario says.
    pub not_learned: Vec<String>,
}

impl Learned {
    /// The settings taken, as `--set` takes them.
    pub fn assignments(&self) -> Vec<String> {
        let settings = self.taken.iter().filter(|lesson| lesson.is_setting);
        let assignment = |lesson: &Lesson| format!("{}={}", lesson.key, lesson.value);
        settings.map(assignment).collect()
    }

    /// Leaves out what is set otherwise by hand.
    pub fn without(&mut self, assignments: &[String]) {
        let by_hand = |lesson: &Lesson| {
            let sets = |set: &String| {
                let rest = set.trim_start().strip_prefix(&lesson.key);
                rest.is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
            };
            assignments.iter().any(sets)
        };
        let (left_out, kept) = std::mem::take(&mut self.taken)
            .into_iter()
            .partition(by_hand);
        self.taken = kept;
        let left_out: Vec<Lesson> = left_out;
        let told = left_out
            .iter()
            .map(|lesson| format!("{}: it is given with --set", lesson.key));
        self.not_learned.extend(told);
    }
}

/// One thing that was learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// The key of the setting, or what else it is.
    pub key: String,
    /// Its value, as a scenario has it.
    pub value: String,
    /// From what.
    pub from: String,
    /// The key is one of the scenario's.
    pub is_setting: bool,
}

/// Failures beside those that a scenario asks for.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// The share of invocations that fail whole.
    pub invocations: f64,
    /// The share of the good orders received that the function reports as failed.
    pub good_records: f64,
}

/// One part of what there is to learn; why it cannot be learned.
type Part = fn(&RunReport, &Scenario, &mut Learned) -> Result<(), String>;

/// Learns from the report of a run what a forecast of `scenario` needs.
pub fn learn(run: &RunReport, scenario: &Scenario) -> Learned {
    let mut learned = Learned {
        run_id: run.run_id.get(),
        scenario: run.scenario.name.clone(),
        ..Learned::default()
    };
    let parts: [(&str, Part); 6] = [
        ("pipeline.function.service_time", service_time),
        ("pipeline.function.cold_start", cold_start),
        ("failures of the function", failures),
        ("pipeline.function.reserved_concurrency", concurrency),
        ("pipeline.mapping.added_concurrency_per_minute", growth),
        ("pipeline.table_capacity", capacity),
    ];
    for (what, part) in parts {
        if let Err(why) = part(run, scenario, &mut learned) {
            learned.not_learned.push(format!("{what}: {why}"));
        }
    }
    learned
}

impl Learned {
    fn take(&mut self, key: &str, value: String, from: String, is_setting: bool) {
        self.taken.push(Lesson {
            key: key.to_owned(),
            value,
            from,
            is_setting,
        });
    }
}

/// How long an order takes in the quietest phase, from the instant it is due to its row: network and machine are in it.
fn service_time(run: &RunReport, _: &Scenario, learned: &mut Learned) -> Result<(), String> {
    if !run.scenario.pipeline.mapping.batching_window.is_zero() {
        return Err("orders wait for the batching window, and how long is not recorded".into());
    }
    let counted = |phase: &PhaseReport| {
        let times = phase.end_to_end_us.measured();
        times.map_or(0, |times| times.count)
    };
    let is_quiet = |phase: &&PhaseReport| {
        !phase.figures.warm_up && counted(phase) >= TIMES_MIN && is_quiet(run, phase)
    };
    let quiet = run.phases.iter().filter(is_quiet);
    let rate = |phase: &PhaseReport| {
        phase.scheduled as f64
            / phase
                .end
                .saturating_sub(phase.start)
                .as_secs_f64()
                .max(1e-9)
    };
    let quietest = quiet.min_by(|one, other| rate(one).total_cmp(&rate(other)));
    let phase = quietest.ok_or_else(|| {
        format!(
            "there is no phase with {TIMES_MIN} orders that tell when they were stored, in which hardly one waited and \
             nothing was throttled"
        )
    })?;
    let name = &phase.figures.name;
    let times = &phase.end_to_end_us;
    let (Some(p50), Some(p99)) = (times.p50_us, times.p99_us) else {
        return Err(format!("phase {name} has no end-to-end times"));
    };
    if run.clock_skew_bound_us > p50 {
        return Err(format!(
            "the clocks behind the end-to-end time may be {} µs apart, more than the time itself",
            run.clock_skew_bound_us
        ));
    }
    if u128::from(p99) >= run.scenario.pipeline.visibility_timeout.as_micros() {
        return Err(format!(
            "one order in a hundred of phase {name} had to be received again"
        ));
    }
    let scaled = |us: u64| (us as f64 * run.scenario.time_scale).round().max(1.0);
    let (p50, p99) = (scaled(p50), scaled(p99.max(p50)));
    let value = format!("{{ p50 = \"{p50}us\", p99 = \"{p99}us\" }}");
    let from = format!(
        "end-to-end times of {} orders of phase {name}, in which none waited; network, machine and cold starts are in it",
        thousands(times.count)
    );
    learned.take("pipeline.function.service_time", value, from, true);
    Ok(())
}

fn rows_of<'a>(
    run: &'a RunReport,
    phase: &'a PhaseReport,
) -> impl Iterator<Item = &'a TimelineRow> {
    let rows = run.timeline.iter();
    rows.filter(|row| row.phase == phase.figures.name)
}

/// Hardly an order waited in a phase, and nothing was throttled.
fn is_quiet(run: &RunReport, phase: &PhaseReport) -> bool {
    let mut waiting: Vec<(u64, u64)> = Vec::new();
    for row in rows_of(run, phase) {
        let throttled = [row.throttled_writes, row.throttled_invocations];
        if throttled.into_iter().flatten().any(|count| count > 0) {
            return false;
        }
        waiting.extend(
            row.queue_visible_messages
                .map(|messages| (messages, row.scheduled_orders)),
        );
    }
    waiting.sort_unstable();
    let median = waiting.get(waiting.len() / 2);
    median.is_some_and(|(messages, due)| *messages <= (due / 20).max(1))
}

fn cold_start(run: &RunReport, _: &Scenario, _: &mut Learned) -> Result<(), String> {
    Err(match &run.pipeline {
        Some(counted) => format!(
            "only their number is recorded ({}), not how long they take",
            thousands(counted.cold_starts)
        ),
        None => "they are not recorded".into(),
    })
}

fn failures(run: &RunReport, _: &Scenario, learned: &mut Learned) -> Result<(), String> {
    let counted = run
        .pipeline
        .as_ref()
        .ok_or("they are not counted by order")?;
    let pipeline = &run.scenario.pipeline;
    let is_lab =
        run.scenario.processor.is_none() && pipeline.function.processor == ProcessorKind::Lab;
    if is_lab || !pipeline.mapping.report_batch_item_failures {
        return Err("bad orders fail whole batches, so failures tell nothing else".into());
    }
    if counted.invocations == 0 {
        return Err("there was no invocation".into());
    }
    let timed_out: u64 = counted
        .failures
        .iter()
        .flatten()
        .filter(|failure| failure.kind == FailureKind::TimedOut)
        .map(|failure| failure.count)
        .sum();
    let whole = counted.failed_invocations.saturating_sub(timed_out);
    let share = whole as f64 / counted.invocations as f64;
    learned.failures.invocations = share;
    let from = format!(
        "{} of {} invocations",
        thousands(whole),
        thousands(counted.invocations)
    );
    learned.take("invocations that fail whole", percent(share), from, false);
    let failed = counted
        .failed_good_records
        .ok_or("good orders among the records that failed are not counted")?;
    let own = failed.saturating_sub(counted.throttled_writes);
    let stored = run
        .timeline
        .iter()
        .filter_map(|row| row.stored_orders)
        .sum::<u64>();
    let share = own as f64 / (own + stored).max(1) as f64;
    learned.failures.good_records = share;
    let from = format!(
        "{} good orders reported as failed beside throttled writes, and {} stored",
        thousands(own),
        thousands(stored)
    );
    learned.take(
        "good orders reported as failed",
        percent(share),
        from,
        false,
    );
    Ok(())
}

/// Where invocations were throttled, as many as ran are the limit.
fn concurrency(run: &RunReport, scenario: &Scenario, learned: &mut Learned) -> Result<(), String> {
    let points = |metric| {
        run.cloudwatch
            .iter()
            .flat_map(move |all| all.points(metric))
    };
    let throttled = match &run.pipeline {
        Some(counted) => counted.throttled_invocations,
        None => points(CloudWatchMetric::ThrottledInvocations)
            .map(|point| point.1)
            .sum::<f64>() as u64,
    };
    if throttled == 0 {
        return Err("no invocation was throttled, so no limit was met".into());
    }
    let most = match &run.pipeline {
        Some(counted) => Some(counted.max_concurrency),
        None => points(CloudWatchMetric::ConcurrentInvocations)
            .map(|point| point.1)
            .reduce(f64::max)
            .map(|most| most as u32),
    };
    let most = most
        .filter(|most| *most > 0)
        .ok_or("how many ran at one time is not recorded")?;
    if scenario.pipeline.function.reserved_concurrency == Some(most) {
        return Ok(());
    }
    let from = format!(
        "{} invocations were throttled, and at most {most} ran at one time",
        thousands(throttled)
    );
    learned.take(
        "pipeline.function.reserved_concurrency",
        most.to_string(),
        from,
        true,
    );
    Ok(())
}

/// How fast the mapping added invocations while messages waited.
fn growth(run: &RunReport, scenario: &Scenario, learned: &mut Learned) -> Result<(), String> {
    if run.scenario.pipeline.mapping.provisioned_pollers.is_some() {
        return Err("the mapping is in provisioned mode".into());
    }
    let running: Vec<(u64, u32)> = run
        .timeline
        .iter()
        .filter(|row| {
            row.queue_visible_messages
                .is_some_and(|waiting| waiting > 0)
        })
        .filter_map(|row| Some((row.time_s, row.max_concurrent_invocations?)))
        .collect();
    let Some(first) = running.first() else {
        return Err("no second is recorded in which messages waited".into());
    };
    let top = running
        .iter()
        .map(|(_, running)| *running)
        .max()
        .unwrap_or_default();
    let reached = running
        .iter()
        .find(|(_, running)| *running == top)
        .unwrap_or(first);
    let seconds = reached.0.saturating_sub(first.0);
    if seconds < GROWTH_S_MIN || top <= first.1 {
        return Err(format!(
            "concurrency did not grow for {GROWTH_S_MIN} s while messages waited"
        ));
    }
    let grown = f64::from(top - first.1);
    let a_minute = (grown * 60.0 / seconds as f64 / run.scenario.time_scale).round();
    let own =
        f64::from(scenario.pipeline.mapping.added_concurrency_per_minute) / scenario.time_scale;
    if (a_minute - own).abs() <= AS_SET * own {
        return Ok(());
    }
    let from = format!(
        "from {} to {top} at one time in {seconds} s while messages waited",
        first.1
    );
    let value = format!("{}", a_minute.min(1_000.0));
    learned.take(
        "pipeline.mapping.added_concurrency_per_minute",
        value,
        from,
        true,
    );
    Ok(())
}

/// What a table took while it throttled; how much it had saved before is not known, so nothing is set.
fn capacity(run: &RunReport, _: &Scenario, _: &mut Learned) -> Result<(), String> {
    let throttled = run
        .timeline
        .iter()
        .filter(|row| row.throttled_writes.unwrap_or(0) > 0);
    let stored: Vec<u64> = throttled.filter_map(|row| row.stored_orders).collect();
    match stored.as_slice() {
        [] => Err("no second is recorded in which writes were throttled".into()),
        stored => {
            let mean = stored.iter().sum::<u64>() as f64 / stored.len() as f64;
            let time = match run.scenario.time_scale {
                1.0 => Duration::from_secs(1),
                scale => Duration::from_secs(1).mul_f64(scale),
            };
            Err(format!(
                "while it throttled it took {mean:.0} orders in {time:?}; how much it had saved before is not recorded"
            ))
        }
    }
}

#[cfg(test)]
#[path = "learn_tests.rs"]
mod tests;
