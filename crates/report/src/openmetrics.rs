//! `metrics.openmetrics`: the run's figures as OpenMetrics text, for Prometheus and what reads its format.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet, text,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use orderproof_core::metrics::Histogram;
use orderproof_core::results::{RunReport, verdict_word};
use orderproof_core::verdict::Verdict;
use orderproof_core::verify::PhaseFigures;

/// The metrics that a report may hold, and what they count.
const HELP: [(&str, &str); 22] = [
    ("run", "What was run, and what it proved"),
    ("verdict", "1 for what the run proved, 0 for the others"),
    ("exit_code", "How the program ended"),
    ("start_time", "When the first order was due, Unix time"),
    ("end_time", "When the report was written, Unix time"),
    ("planned_orders", "Orders in the plan"),
    ("sends", "Planned orders by what became of their sending"),
    ("orders", "Orders by what became of them"),
    ("redelivered_orders", "Orders received more than once"),
    ("invocations", "Invocations of the function"),
    ("failed_invocations", "Invocations that failed whole"),
    ("throttled_invocations", "Invocations that were throttled"),
    ("throttled_writes", "Writes the table throttled"),
    (
        "max_concurrent_invocations",
        "The most invocations at one time",
    ),
    (
        "response_time",
        "From the intended instant to the acknowledgment",
    ),
    ("service_time", "From the send to the acknowledgment"),
    ("end_to_end", "From the intended instant to the row"),
    ("schedule_lag", "How late orders were sent"),
    (
        "response_time_quantile",
        "Exact quantiles of the response time",
    ),
    (
        "end_to_end_quantile",
        "Exact quantiles of the end-to-end latency",
    ),
    (
        "schedule_lag_quantile",
        "Exact quantiles of the schedule lag",
    ),
    ("drain", "From the last send to empty queues"),
];

/// Metrics in seconds; all others count.
const SECONDS: [&str; 10] = [
    "response_time_quantile",
    "end_to_end_quantile",
    "schedule_lag_quantile",
    "start_time",
    "end_time",
    "response_time",
    "service_time",
    "end_to_end",
    "schedule_lag",
    "drain",
];

/// Quantiles that are exported as exact figures; those computed from buckets are approximate.
const QUANTILES: [f64; 4] = [0.5, 0.95, 0.99, 0.999];

/// What sets a sample apart from the others of its metric.
type Labels = Vec<(&'static str, String)>;

/// A metric with its samples.
#[derive(Debug)]
enum Samples {
    Info(Labels),
    Gauge(Vec<(Labels, f64)>),
    Counter(Vec<(Labels, u64)>),
    Histogram(Vec<(Labels, Histogram)>),
}

/// The report as OpenMetrics text; every sample carries the scenario and the run.
pub fn open_metrics(report: &RunReport) -> String {
    let labels = [
        ("scenario".into(), report.scenario.name.clone().into()),
        ("run_id".into(), report.run_id.to_string().into()),
    ];
    let mut registry = Registry::with_prefix_and_labels("orderproof", labels.into_iter());
    registry.register_collector(Box::new(Metrics::of(report)));
    let mut out = String::new();
    text::encode(&mut out, &registry).expect("writing to memory");
    out
}

fn word(verdict: Verdict) -> String {
    verdict_word(verdict).to_lowercase()
}

/// The metrics of one report, by name.
#[derive(Debug, Default)]
struct Metrics(Vec<(&'static str, Samples)>);

impl Metrics {
    fn of(report: &RunReport) -> Self {
        let mut metrics = Self::default();
        metrics.of_the_run(report);
        metrics.of_the_orders(report);
        metrics.of_the_times(report);
        metrics
    }

    fn gauge(&mut self, name: &'static str, value: f64) {
        let samples = Samples::Gauge(vec![(Labels::new(), value)]);
        self.0.push((name, samples));
    }

    fn count(&mut self, name: &'static str, count: u64) {
        let samples = Samples::Counter(vec![(Labels::new(), count)]);
        self.0.push((name, samples));
    }

    fn of_the_run(&mut self, report: &RunReport) {
        let made = &report.provenance;
        let about = [
            ("verdict", word(report.verdict)),
            ("gate", report.gate.as_str().into()),
            ("version", made.version.clone()),
            ("target", made.target.clone()),
            ("platform", made.platform.clone()),
            ("seed", report.scenario.seed.to_string()),
        ];
        self.0.push(("run", Samples::Info(about.into())));
        let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive];
        let verdicts = verdicts.map(|verdict| {
            let proved = f64::from(u8::from(verdict == report.verdict));
            (vec![("verdict", word(verdict))], proved)
        });
        self.0.push(("verdict", Samples::Gauge(verdicts.into())));
        self.gauge("exit_code", f64::from(report.exit_code));
        for (name, at) in [
            ("start_time", &report.started_at),
            ("end_time", &report.finished_at),
        ] {
            if let Ok(at) = at.parse::<Timestamp>() {
                self.gauge(name, at.as_millisecond() as f64 / 1e3);
            }
        }
    }

    fn of_the_orders(&mut self, report: &RunReport) {
        let orders = &report.orders;
        self.gauge("planned_orders", orders.planned as f64);
        let outcomes = [
            ("acknowledged", orders.acknowledged),
            ("rejected", orders.rejected),
            ("indeterminate", orders.indeterminate),
            ("unsent", orders.unsent),
        ];
        let outcomes = outcomes.map(|(outcome, count)| (vec![("outcome", outcome.into())], count));
        self.0.push(("sends", Samples::Counter(outcomes.into())));
        let classes = report.classes.iter();
        let classes =
            classes.map(|(class, count)| (vec![("class", class.as_str().into())], *count));
        self.0.push(("orders", Samples::Counter(classes.collect())));
        // A count of a part would be read as one of the whole.
        if let Some(redelivered) = report.redelivered_tally().exact() {
            self.count("redelivered_orders", redelivered);
        }
        if let Some(counted) = &report.pipeline {
            self.count("invocations", counted.invocations);
            self.count("failed_invocations", counted.failed_invocations);
            self.count("throttled_invocations", counted.throttled_invocations);
            self.count("throttled_writes", counted.throttled_writes);
            let most = f64::from(counted.max_concurrency);
            self.gauge("max_concurrent_invocations", most);
        }
    }

    fn of_the_times(&mut self, report: &RunReport) {
        let mut by_phase = |name, pick: fn(&PhaseFigures) -> &Histogram| {
            let phases = report.phases.iter().map(|phase| &phase.figures);
            let measured = phases.filter(|figures| !pick(figures).is_empty());
            let samples = measured.map(|figures| {
                let warm_up = figures.warm_up.to_string();
                let labels = vec![("phase", figures.name.clone()), ("warm_up", warm_up)];
                (labels, pick(figures).clone())
            });
            self.0.push((name, Samples::Histogram(samples.collect())));
        };
        by_phase("response_time", |figures| &figures.response_time);
        by_phase("service_time", |figures| &figures.service_time);
        by_phase("end_to_end", |figures| &figures.end_to_end);
        by_phase("schedule_lag", |figures| &figures.schedule_lag);
        let mut quantiles = |name, pick: fn(&PhaseFigures) -> &Histogram| {
            let phases = report.phases.iter().map(|phase| &phase.figures);
            let samples = phases.flat_map(|figures| {
                QUANTILES.iter().filter_map(|&quantile| {
                    let at = pick(figures).quantile(quantile)?;
                    let labels = vec![
                        ("phase", figures.name.clone()),
                        ("warm_up", figures.warm_up.to_string()),
                        ("quantile", quantile.to_string()),
                    ];
                    Some((labels, at.as_secs_f64()))
                })
            });
            self.0.push((name, Samples::Gauge(samples.collect())));
        };
        quantiles("response_time_quantile", |figures| &figures.response_time);
        quantiles("end_to_end_quantile", |figures| &figures.end_to_end);
        quantiles("schedule_lag_quantile", |figures| &figures.schedule_lag);
        if let Some(drain) = report.quiescence.drain {
            self.gauge("drain", drain.as_secs_f64());
        }
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for (name, samples) in &self.0 {
            let kind = match samples {
                Samples::Info(_) => MetricType::Info,
                Samples::Gauge(_) => MetricType::Gauge,
                Samples::Counter(_) => MetricType::Counter,
                Samples::Histogram(_) => MetricType::Histogram,
            };
            let help = HELP.iter().find(|(of, _)| of == name);
            let help = help.map_or("", |(_, help)| help);
            let unit = SECONDS.contains(name).then_some(&Unit::Seconds);
            let metric = encoder.encode_descriptor(name, help, unit, kind)?;
            encode(samples, metric)?;
        }
        Ok(())
    }
}

fn encode(samples: &Samples, mut metric: MetricEncoder<'_>) -> fmt::Result {
    match samples {
        Samples::Info(labels) => Info::new(labels.clone()).encode(metric),
        Samples::Gauge(samples) => samples.iter().try_for_each(|(labels, value)| {
            ConstGauge::new(*value).encode(metric.encode_family(labels)?)
        }),
        Samples::Counter(samples) => samples.iter().try_for_each(|(labels, value)| {
            ConstCounter::new(*value).encode(metric.encode_family(labels)?)
        }),
        Samples::Histogram(samples) => samples.iter().try_for_each(|(labels, histogram)| {
            let (sum, count) = (histogram.sum().as_secs_f64(), histogram.count());
            let mut metric = metric.encode_family(labels)?;
            metric.encode_histogram::<NoLabelSet>(sum, count, &buckets(histogram), None)
        }),
    }
}

/// Upper bounds in seconds, each with the count between it and the one before: 1, 2.5 and 5 of each power of ten from
/// 100 us to 1,000 s.
fn buckets(histogram: &Histogram) -> Vec<(f64, u64)> {
    let mut before = 0;
    let mut between = |up_to: u64| {
        let count = up_to.saturating_sub(before);
        before = before.max(up_to);
        count
    };
    let bounds = (2..9).flat_map(|power| [10, 25, 50].map(|step| step * 10u64.pow(power - 1)));
    let bounded = bounds.chain([1_000_000_000]).map(|us| {
        let up_to = histogram.count_at_most(Duration::from_micros(us));
        (us as f64 / 1e6, between(up_to))
    });
    let mut buckets: Vec<_> = bounded.collect();
    buckets.push((f64::INFINITY, between(histogram.count())));
    buckets
}
