//! The names of the files in a run's folder.

/// Whether a file of this name is evidence, or the report: nothing else may be written in its place.
pub fn is_kept(name: &str) -> bool {
    let names = [PLAN, PREFLIGHT, SENT, METERS, SEAL, RUN, GO, MANIFEST];
    names.contains(&name) || name.ends_with(".journal") || name.starts_with("observation")
}

/// What is to be sent, written before anything is.
pub const PLAN: &str = "plan.json";
/// What was found of the target before anything was sent.
pub const PREFLIGHT: &str = "preflight.json";
/// The start that several workers agreed on.
pub const GO: &str = "go";
/// The folder of the workers' shards, each in a folder of its number.
pub const SHARDS: &str = "shards";
/// What worker 0 saw of the queues while it sent.
pub const QUEUES: &str = "queues.json";
/// What a worker writes last of its shard.
pub const MANIFEST: &str = "manifest.json";
/// The name of a file of the shard of worker `index`.
pub fn of_shard(index: u32, name: &str) -> String {
    format!("{SHARDS}/{index}/{name}")
}
/// The ledger's journal.
pub const JOURNAL: &str = "ledger.journal";
/// What the drive measured; of a run at what is outside this process.
pub const SENT: &str = "sent.json";
/// What the stores held.
pub const OBSERVATION: &str = "observation.json";
/// What was measured beside the orders, for working the report out again.
pub const METERS: &str = "meters.json";
/// The digests of every file of evidence, written last.
pub const SEAL: &str = crate::evidence::SEAL;
/// The report.
pub const RUN: &str = "run.json";
/// The forecast that was made before the run; no evidence.
pub const FORECAST: &str = crate::evidence::seal::FORESEEN;
/// One row a second.
pub const TIMESERIES: &str = "timeseries.csv";
/// One row per order that is not where it belongs.
pub const FINDINGS: &str = "findings.csv";
/// The report as a page for a browser, all in one file.
pub const PAGE: &str = "report.html";
/// The report in short, for a pull request or a ticket.
pub const SUMMARY: &str = "summary.md";
/// The run's figures as OpenMetrics text.
pub const METRICS: &str = "metrics.openmetrics";
/// The folder of what the tools of the HdrHistogram project read.
pub const HDR: &str = "hdr";
/// The durations of each second, an interval log of HdrHistogram.
pub const INTERVAL_LOG: &str = "hdr/intervals.hlog";
/// One row per planned order; only on request.
pub const ORDERS: &str = "orders.csv";
/// Verdict, classes and rules as test cases.
pub const JUNIT: &str = "junit.xml";
/// The folder of what a function of one's own has written to its output.
pub const FUNCTION_LOGS: &str = "function-logs";
/// Goose's own report.
pub const GOOSE: &str = "goose.html";
