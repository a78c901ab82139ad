//! What CloudWatch counted of function, queue and table while a run went on.
//!
//! It is shown and proves nothing, so nothing here is an error of the run: what cannot be read is named.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::facts::why;
use super::service::{Ask, CallError, Service};
use crate::results::{CloudWatch, CloudWatchMetric, MetricSeries};
use crate::scenario::{AwsTarget, ProcessorPlace, is_loopback};
use crate::store::Session;

const CLOUDWATCH: Service = Service {
    id: "CloudWatch",
    host: "monitoring",
    signing_name: "monitoring",
};

/// Seconds of a point; the finest AWS keeps of these metrics.
const PERIOD_S: i64 = 60;
/// A report waits no longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whose metric it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Function,
    Queue,
    Table,
}

/// What is asked for: whose, by AWS's name and statistic.
const ASKED: [(CloudWatchMetric, Source, &str, &str); 9] = {
    use CloudWatchMetric as M;
    use Source::{Function, Queue, Table};
    [
        (M::ThrottledInvocations, Function, "Throttles", "Sum"),
        (
            M::ConcurrentInvocations,
            Function,
            "ConcurrentExecutions",
            "Maximum",
        ),
        (M::FailedInvocations, Function, "Errors", "Sum"),
        (M::InvocationDurationMsP99, Function, "Duration", "p99"),
        (
            M::OldestMessageAgeS,
            Queue,
            "ApproximateAgeOfOldestMessage",
            "Maximum",
        ),
        (M::MessagesSent, Queue, "NumberOfMessagesSent", "Sum"),
        (M::MessagesDeleted, Queue, "NumberOfMessagesDeleted", "Sum"),
        (M::ThrottledWrites, Table, "WriteThrottleEvents", "Sum"),
        (
            M::ConsumedWriteUnits,
            Table,
            "ConsumedWriteCapacityUnits",
            "Sum",
        ),
    ]
};

impl Source {
    /// AWS's namespace and the dimension that names one of them.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Function => ("AWS/Lambda", "FunctionName"),
            Self::Queue => ("AWS/SQS", "QueueName"),
            Self::Table => ("AWS/DynamoDB", "TableName"),
        }
    }

    fn name(self, target: &AwsTarget) -> &str {
        match self {
            Self::Function => &target.function,
            Self::Queue => &target.resources.orders_queue,
            Self::Table => &target.resources.table,
        }
    }
}

/// Whether there can be a CloudWatch to ask: who drives this machine's own queues and names no endpoint for the
/// other services has none.
pub fn has_metrics(target: &AwsTarget) -> bool {
    let own = [&target.sqs_endpoint_url, &target.dynamodb_endpoint_url];
    let here = own.into_iter().flatten().any(|url| is_loopback(url));
    target.endpoint_url.is_some() || !here
}

/// What CloudWatch counted of `target` in the minutes of a run that began at `from`, up to `to`. No metric
/// of a function is asked for if the run's own processor did its work.
pub async fn read_metrics(
    session: &Session,
    target: &AwsTarget,
    from: SystemTime,
    to: SystemTime,
) -> CloudWatch {
    let span = Span::new(from, to);
    let mut read = Read::default();
    let reading = read.pages(session, target, span);
    let unread = match tokio::time::timeout(PATIENCE, reading).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(format!("GetMetricData: {}", in_a_line(&error))),
        Err(_) => Some(format!("no answer within {} s", PATIENCE.as_secs())),
    };
    read.into_series(target, span, unread)
}

/// An error in a line; what no service of AWS would say, by its status.
fn in_a_line(error: &CallError) -> String {
    match (error.code(), error.raw_response()) {
        (None, Some(response)) => format!(
            "the endpoint answers {} and not as CloudWatch does",
            response.status().as_u16()
        ),
        _ => why(error),
    }
}

/// Whole minutes, Unix seconds.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: i64,
    first: i64,
    end: i64,
}

impl Span {
    fn new(from: SystemTime, to: SystemTime) -> Self {
        let unix = |at: SystemTime| {
            let since = at.duration_since(SystemTime::UNIX_EPOCH);
            since.unwrap_or_default().as_secs() as i64
        };
        let first = unix(from) / PERIOD_S * PERIOD_S;
        Self {
            start: unix(from),
            first,
            end: (unix(to) / PERIOD_S * PERIOD_S).max(first) + PERIOD_S,
        }
    }

    /// The minutes from the end of the newest point to the end.
    fn missing(self, newest: Option<i64>) -> u64 {
        let known = newest.map_or(self.first, |at| at + PERIOD_S);
        u64::try_from((self.end - known) / PERIOD_S).unwrap_or(0)
    }
}

/// What the pages held, by the query's id, and by Unix second.
#[derive(Debug, Default)]
struct Read {
    points: BTreeMap<String, BTreeMap<i64, f64>>,
    /// The last word on a query, if it is not that all is well.
    wrong: BTreeMap<String, String>,
    said: Vec<String>,
}

impl Read {
    async fn pages(
        &mut self,
        session: &Session,
        target: &AwsTarget,
        span: Span,
    ) -> Result<(), CallError> {
        let mut token: Option<String> = None;
        loop {
            let mut asked = json!({
                "MetricDataQueries": queries(target),
                "StartTime": span.first,
                "EndTime": span.end,
                "ScanBy": "TimestampAscending",
            });
            if let Some(token) = &token {
                asked["NextToken"] = token.as_str().into();
            }
            let ask = Ask::json("GraniteServiceVersion20100801.GetMetricData", &asked);
            let page: Page = CLOUDWATCH.call(session, "GetMetricData", ask).await?;
            for result in page.results.iter().flatten() {
                self.take(result);
            }
            let said = page.messages.into_iter().flatten();
            self.said.extend(said.filter_map(|message| message.value));
            let next = page.next_token.filter(|next| !next.is_empty());
            if next.is_some() && next == token {
                return Err(SdkError::construction_failure(
                    "the token of the next page did not change",
                ));
            }
            match next {
                Some(_) => token = next,
                None => return Ok(()),
            }
        }
    }

    fn take(&mut self, result: &QueryResult) {
        let id = result.id.clone().unwrap_or_default();
        let points = self.points.entry(id.clone()).or_default();
        let times = result.timestamps.iter().flatten().map(|at| *at as i64);
        let values = result.values.iter().flatten().copied();
        points.extend(times.zip(values));
        match result.status_code.as_deref() {
            None | Some("Complete") => self.wrong.remove(&id),
            Some(other) => self.wrong.insert(id, other.to_owned()),
        };
    }

    fn into_series(self, target: &AwsTarget, span: Span, unread: Option<String>) -> CloudWatch {
        let mut newest: BTreeMap<Source, Option<i64>> = BTreeMap::new();
        let mut series = Vec::new();
        let mut said = self.said;
        for (id, (metric, source, name, _)) in asked(target) {
            let points = self.points.get(&id).cloned().unwrap_or_default();
            let last = points.keys().next_back().copied();
            let newest = newest.entry(source).or_default();
            *newest = last.max(*newest);
            let points = points.iter().map(|(at, value)| (at - span.start, *value));
            series.push(MetricSeries {
                metric,
                points: points.collect(),
            });
            said.extend(self.wrong.get(&id).map(|word| format!("{name}: {word}")));
        }
        let missing = newest.values().map(|newest| span.missing(*newest));
        CloudWatch {
            series,
            missing_minutes: missing.max().unwrap_or(0),
            note: (!said.is_empty()).then(|| said.join("; ")),
            unread,
        }
    }
}

/// The metrics that are asked of `target`, with the id of their query.
fn asked(
    target: &AwsTarget,
) -> impl Iterator<
    Item = (
        String,
        (CloudWatchMetric, Source, &'static str, &'static str),
    ),
> {
    let elsewhere = target.processor != ProcessorPlace::Lambda;
    let ids = ASKED.into_iter().enumerate();
    ids.filter(move |(_, asked)| !(elsewhere && asked.1 == Source::Function))
        .map(|(index, asked)| (format!("m{index}"), asked))
}

fn queries(target: &AwsTarget) -> Vec<Value> {
    let query = |(id, (_, source, name, statistic)): (String, (_, Source, &str, &str))| {
        let (namespace, dimension) = source.place();
        let metric = json!({
            "Namespace": namespace,
            "MetricName": name,
            "Dimensions": [{ "Name": dimension, "Value": source.name(target) }],
        });
        let figure = json!({ "CloudWatchMetric": metric, "Period": PERIOD_S, "Stat": statistic });
        json!({ "Id": id, "MetricStat": figure })
    };
    asked(target).map(query).collect()
}

/// A page of points, as far as it is read: CloudWatch's API reference. Any member may be missing or null.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(rename = "MetricDataResults")]
    results: Option<Vec<QueryResult>>,
    #[serde(rename = "Messages")]
    messages: Option<Vec<Message>>,
    #[serde(rename = "NextToken")]
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueryResult {
    id: Option<String>,
    status_code: Option<String>,
    /// Unix seconds.
    timestamps: Option<Vec<f64>>,
    values: Option<Vec<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    value: Option<String>,
}
