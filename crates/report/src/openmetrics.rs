//! `metrics.openmetrics`: the run's figures as OpenMetrics text, for Prometheus and what reads its format.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use orderproof_core::metrics::Histogram;
use orderproof_core::results::{RunReport, verdict_word};
use orderproof_core::verdict::Verdict;
use orderproof_core::verify::PhaseFigures;

/// Upper bounds of the buckets, microseconds: 1, 2.5 and 5 of each power of ten up to 1,000 s.
const BOUNDS_US: [u64; 22] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
];

/// What a sample is told apart by.
type Labels = Vec<(&'static str, String)>;

/// The report as OpenMetrics text; every sample carries the scenario and the run.
pub fn open_metrics(report: &RunReport) -> String {
    let labels = [
        ("scenario", report.scenario.name.clone()),
        ("run_id", report.run_id.to_string()),
    ];
    let mut registry = Registry::with_prefix_and_labels(
        "orderproof",
        labels
            .into_iter()
            .map(|(key, value)| (Cow::from(key), Cow::from(value))),
    );
    registry.register_collector(Box::new(Snapshot(families(report))));
    let mut out = String::new();
    text::encode(&mut out, &registry).expect("writing to memory");
    out
}

/// A metric with its samples.
#[derive(Debug)]
struct Family {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
    samples: Samples,
}

#[derive(Debug)]
enum Samples {
    Info(Labels),
    Gauge(Vec<(Labels, f64)>),
    Counter(Vec<(Labels, u64)>),
    Histogram(Vec<(Labels, Histogram)>),
}

fn families(report: &RunReport) -> Vec<Family> {
    let mut families = of_the_run(report);
    families.extend(of_the_orders(report));
    families.extend(of_the_times(report));
    families
}

fn of_the_run(report: &RunReport) -> Vec<Family> {
    let made = &report.provenance;
    let about = vec![
        ("verdict", verdict_word(report.verdict).to_lowercase()),
        ("gate", report.gate.as_str().into()),
        ("version", made.version.clone()),
        ("target", made.target.clone()),
        ("platform", made.platform.clone()),
        ("seed", report.scenario.seed.to_string()),
    ];
    let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive];
    let verdicts = verdicts.map(|verdict| {
        let labels = vec![("verdict", verdict_word(verdict).to_lowercase())];
        (labels, f64::from(u8::from(verdict == report.verdict)))
    });
    let mut families = vec![
        family(
            "run",
            "What was run, and what it proved",
            Samples::Info(about),
        ),
        family(
            "verdict",
            "1 for what the run proved, 0 for the others",
            Samples::Gauge(verdicts.into()),
        ),
        family(
            "exit_code",
            "How the program ended",
            gauge(f64::from(report.exit_code)),
        ),
    ];
    for (name, help, at) in [
        (
            "start_time",
            "When the first order was due, Unix time",
            &report.started_at,
        ),
        (
            "end_time",
            "When the report was written, Unix time",
            &report.finished_at,
        ),
    ] {
        if let Ok(at) = at.parse::<Timestamp>() {
            families.push(seconds(name, help, gauge(at.as_millisecond() as f64 / 1e3)));
        }
    }
    families
}

fn of_the_orders(report: &RunReport) -> Vec<Family> {
    let orders = &report.orders;
    let outcomes = [
        ("acknowledged", orders.acknowledged),
        ("rejected", orders.rejected),
        ("indeterminate", orders.indeterminate),
        ("unsent", orders.unsent),
    ];
    let outcomes = outcomes.map(|(outcome, count)| (vec![("outcome", outcome.into())], count));
    let classes = report.classes.iter();
    let classes = classes.map(|(class, count)| (vec![("class", class.as_str().into())], *count));
    let count = |count| Samples::Counter(vec![(Labels::new(), count)]);
    let mut families = vec![
        family(
            "planned_orders",
            "Orders in the plan",
            gauge(orders.planned as f64),
        ),
        family(
            "sends",
            "Planned orders by what became of their sending",
            Samples::Counter(outcomes.into()),
        ),
        family(
            "orders",
            "Orders by what became of them",
            Samples::Counter(classes.collect()),
        ),
    ];
    // A count of a part would be read as one of the whole.
    families.extend(report.redelivered_tally().exact().map(|redelivered| {
        family(
            "redelivered_orders",
            "Orders received more than once",
            count(redelivered),
        )
    }));
    if let Some(pipeline) = &report.pipeline {
        families.extend([
            family(
                "invocations",
                "Invocations of the function",
                count(pipeline.invocations),
            ),
            family(
                "failed_invocations",
                "Invocations that failed whole",
                count(pipeline.failed_invocations),
            ),
            family(
                "throttled_invocations",
                "Invocations that were throttled",
                count(pipeline.throttled_invocations),
            ),
            family(
                "throttled_writes",
                "Writes the table throttled",
                count(pipeline.throttled_writes),
            ),
            family(
                "max_concurrent_invocations",
                "The most invocations at one time",
                gauge(f64::from(pipeline.max_concurrency)),
            ),
        ]);
    }
    families
}

fn of_the_times(report: &RunReport) -> Vec<Family> {
    let by_phase = |pick: fn(&PhaseFigures) -> &Histogram| {
        let measured = report.phases.iter();
        let measured = measured.filter(|phase| !pick(&phase.figures).is_empty());
        let phases = measured.map(|phase| {
            let labels = vec![
                ("phase", phase.figures.name.clone()),
                ("warm_up", phase.figures.warm_up.to_string()),
            ];
            (labels, pick(&phase.figures).clone())
        });
        Samples::Histogram(phases.collect())
    };
    let mut families = vec![
        seconds(
            "response_time",
            "From the intended instant to the acknowledgment",
            by_phase(|f| &f.response_time),
        ),
        seconds(
            "service_time",
            "From the send to the acknowledgment",
            by_phase(|f| &f.service_time),
        ),
        seconds(
            "end_to_end",
            "From the intended instant to the row",
            by_phase(|f| &f.end_to_end),
        ),
        seconds(
            "schedule_lag",
            "How late orders were sent",
            by_phase(|f| &f.schedule_lag),
        ),
    ];
    if let Some(drain) = report.quiescence.drain {
        let help = "From the last send to empty queues";
        families.push(seconds("drain", help, gauge(drain.as_secs_f64())));
    }
    families
}

fn family(name: &'static str, help: &'static str, samples: Samples) -> Family {
    Family {
        name,
        help,
        unit: None,
        samples,
    }
}

fn seconds(name: &'static str, help: &'static str, samples: Samples) -> Family {
    Family {
        unit: Some(Unit::Seconds),
        ..family(name, help, samples)
    }
}

fn gauge(value: f64) -> Samples {
    Samples::Gauge(vec![(Labels::new(), value)])
}

/// The families of one report.
#[derive(Debug)]
struct Snapshot(Vec<Family>);

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|family| family.encode(&mut encoder))
    }
}

impl Family {
    fn encode(&self, encoder: &mut DescriptorEncoder) -> fmt::Result {
        let kind = match &self.samples {
            Samples::Info(_) => MetricType::Info,
            Samples::Gauge(_) => MetricType::Gauge,
            Samples::Counter(_) => MetricType::Counter,
            Samples::Histogram(_) => MetricType::Histogram,
        };
        let mut metric =
            encoder.encode_descriptor(self.name, self.help, self.unit.as_ref(), kind)?;
        match &self.samples {
            Samples::Info(labels) => Info::new(labels.clone()).encode(metric),
            Samples::Gauge(samples) => samples.iter().try_for_each(|(labels, value)| {
                ConstGauge::new(*value).encode(metric.encode_family(labels)?)
            }),
            Samples::Counter(samples) => samples.iter().try_for_each(|(labels, value)| {
                ConstCounter::new(*value).encode(metric.encode_family(labels)?)
            }),
            Samples::Histogram(samples) => samples.iter().try_for_each(|(labels, histogram)| {
                metric
                    .encode_family(labels)?
                    .encode_histogram::<NoLabelSet>(
                        histogram.sum().as_secs_f64(),
                        histogram.count(),
                        &buckets(histogram),
                        None,
                    )
            }),
        }
    }
}

/// Upper bounds in seconds, each with the count between it and the one before.
fn buckets(histogram: &Histogram) -> Vec<(f64, u64)> {
    let mut before = 0;
    let mut between = |up_to: u64| {
        let count = up_to.saturating_sub(before);
        before = before.max(up_to);
        count
    };
    let bounded = BOUNDS_US.map(|us| {
        let up_to = histogram.count_at_most(Duration::from_micros(us));
        (us as f64 / 1e6, between(up_to))
    });
    let mut buckets = bounded.to_vec();
    buckets.push((f64::INFINITY, between(histogram.count())));
    buckets
}
