//! What rules can speak of: the names, and the nearest one to a name that is none.

use super::{Condition, Counted, OrderRate, Share, Span};
use crate::scenario::Metric;
use crate::verdict::Class;

/// The quantiles that may be asked for, as they are written.
const QUANTILES: [(&str, f64); 6] = [
    ("p50", 0.5),
    ("p90", 0.9),
    ("p95", 0.95),
    ("p99", 0.99),
    ("p999", 0.999),
    ("max", 1.0),
];

/// A metric of a quantile.
type OfQuantile = fn(f64) -> Metric;

/// The durations that have quantiles.
const DURATIONS: [(&str, OfQuantile); 4] = [
    ("response_time", Metric::ResponseTime),
    ("service_time", Metric::ServiceTime),
    ("schedule_lag", Metric::ScheduleLag),
    ("end_to_end", Metric::EndToEnd),
];

const RATES: [(&str, OrderRate); 3] = [
    ("offered_rate", OrderRate::Offered),
    ("acknowledged_rate", OrderRate::Acknowledged),
    ("stored_rate", OrderRate::Stored),
];

/// The durations without quantiles, but for drain.
const SPANS: [(&str, Span); 2] = [
    ("oldest_age", Span::OldestAge),
    ("recovery", Span::Recovery),
];

const SHARES: [(&str, Share); 1] = [("send_error_rate", Share::SendErrors)];

/// What others call something, and its name here.
const ALSO_CALLED: [(&str, &str); 9] = [
    ("error_rate", "send_error_rate"),
    ("errors", "send_error_rate"),
    ("failure_rate", "send_error_rate"),
    ("max_backlog", "peak_backlog"),
    ("backlog", "peak_backlog"),
    ("max_age", "oldest_age"),
    ("recovery_time", "recovery"),
    ("throughput", "stored_rate"),
    ("recovered_in", "recovery"),
];

/// Something a rule can limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Word {
    Count(Counted),
    Duration(Metric),
    Span(Span),
    Rate(OrderRate),
    Share(Share),
    Regression,
}

/// What `name` stands for.
pub(super) fn look_up(name: &str) -> Option<Word> {
    if name == "drain" {
        return Some(Word::Duration(Metric::Drain));
    }
    if name == "regression" {
        return Some(Word::Regression);
    }
    if let Some(counted) = Counted::named(name) {
        return Some(Word::Count(counted));
    }
    if let Some(&(_, rate)) = RATES.iter().find(|(known, _)| *known == name) {
        return Some(Word::Rate(rate));
    }
    if let Some(&(_, span)) = SPANS.iter().find(|(known, _)| *known == name) {
        return Some(Word::Span(span));
    }
    if let Some(&(_, share)) = SHARES.iter().find(|(known, _)| *known == name) {
        return Some(Word::Share(share));
    }
    let (duration, quantile) = name.rsplit_once('_')?;
    let (_, metric) = DURATIONS.iter().find(|(known, _)| *known == duration)?;
    let (_, quantile) = QUANTILES.iter().find(|(known, _)| *known == quantile)?;
    Some(Word::Duration(metric(*quantile)))
}

/// What to write instead of `name`, which is nothing that can be limited.
pub(super) fn suggestion(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace('-', "_");
    if DURATIONS.iter().any(|(known, _)| *known == name) {
        return format!(
            "name a quantile: `{name}_p99`; there are p50, p90, p95, p99, p999 and max"
        );
    }
    if let Some((_, known)) = ALSO_CALLED.iter().find(|(called, _)| *called == name) {
        return format!("did you mean `{known}`?");
    }
    let named = all_names();
    let nearest = named
        .iter()
        .map(|known| (strsim::levenshtein(&name, known), known))
        .filter(|&(edits, _)| edits <= 1 + name.len() / 4)
        .min();
    match nearest {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => format!(
            "there are {} with _p50, _p90, _p95, _p99, _p999 or _max, drain, {}, {}, {}, every class of orders (such \
             as lost or unsent), {}, regression, and the words strict and conserved",
            DURATIONS.map(|(known, _)| known).join(", "),
            SPANS.map(|(known, _)| known).join(", "),
            RATES.map(|(known, _)| known).join(", "),
            SHARES.map(|(known, _)| known).join(", "),
            Counted::ALL.map(Counted::name).join(", ")
        ),
    }
}

fn all_names() -> Vec<String> {
    let durations = DURATIONS
        .iter()
        .flat_map(|(name, _)| QUANTILES.map(|(quantile, _)| format!("{name}_{quantile}")));
    let others = ["drain", "regression", "strict", "conserved"].into_iter();
    let others = others.chain(Class::ALL.map(Class::as_str));
    let others = others.chain(Counted::ALL.map(Counted::name));
    let others = others.chain(RATES.map(|(name, _)| name));
    let others = others.chain(SPANS.map(|(name, _)| name));
    let others = others.chain(SHARES.map(|(name, _)| name));
    durations.chain(others.map(str::to_owned)).collect()
}

/// The name of a metric, as rules write it.
pub(super) fn metric_name(metric: Metric) -> String {
    let (name, quantile) = match metric {
        Metric::Drain => return "drain".into(),
        Metric::ResponseTime(quantile) => ("response_time", quantile),
        Metric::ServiceTime(quantile) => ("service_time", quantile),
        Metric::ScheduleLag(quantile) => ("schedule_lag", quantile),
        Metric::EndToEnd(quantile) => ("end_to_end", quantile),
    };
    let known = QUANTILES.iter().find(|(_, known)| *known == quantile);
    match known {
        Some((suffix, _)) => format!("{name}_{suffix}"),
        None => format!("{name}_{quantile}"),
    }
}

impl Metric {
    /// As rules write it: `end_to_end_p99`.
    pub fn name(self) -> String {
        metric_name(self)
    }

    /// Its quantile, 0.0 to 1.0, if it is one.
    pub fn quantile(self) -> Option<f64> {
        match self {
            Self::ResponseTime(quantile)
            | Self::ServiceTime(quantile)
            | Self::ScheduleLag(quantile)
            | Self::EndToEnd(quantile) => Some(quantile),
            Self::Drain => None,
        }
    }
}

impl OrderRate {
    /// As rules write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Offered => "offered_rate",
            Self::Acknowledged => "acknowledged_rate",
            Self::Stored => "stored_rate",
        }
    }
}

impl Span {
    /// As rules write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::OldestAge => "oldest_age",
            Self::Recovery => "recovery",
        }
    }
}

impl Share {
    /// As rules write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SendErrors => "send_error_rate",
        }
    }
}

impl Condition {
    /// What it limits, as rules write it.
    pub fn name(self) -> String {
        match self {
            Self::Keeps(gate) => gate.as_str().into(),
            Self::Count(counted, _) => counted.name().into(),
            Self::Duration(metric, _) => metric.name(),
            Self::Span(span, _) => span.name().into(),
            Self::Rate(rate, _) => rate.name().into(),
            Self::Share(share, _) => share.name().into(),
            Self::Regression(None, _) => "regression".into(),
            Self::Regression(Some(metric), _) => format!("{} regression", metric.name()),
        }
    }
}
