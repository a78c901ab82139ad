//! What AWS asks for: one table, of one region and one date.

/// The region of the prices. Others differ by some tens of percent.
pub const PRICES_REGION: &str = "us-east-1";

/// When they were read, from third parties: AWS's own pages decide.
pub const PRICES_AS_OF: &str = "2026-11";

/// US dollars for one request to SQS, a standard queue; up to 64 KB.
pub(super) const SQS_REQUEST: f64 = 0.40e-6;
/// For one message to a topic of SNS, up to 64 KB.
pub(super) const SNS_PUBLISH: f64 = 0.50e-6;
/// For one event to a bus of EventBridge, up to 64 KB.
pub(super) const EVENT: f64 = 1.00e-6;
/// For one invocation of a function.
pub(super) const LAMBDA_INVOCATION: f64 = 0.20e-6;
/// For a GB-second on x86-64.
pub(super) const LAMBDA_GB_SECOND_X86: f64 = 0.000_016_666_7;
/// For a GB-second on arm64.
pub(super) const LAMBDA_GB_SECOND_ARM: f64 = 0.000_013_333_4;
/// For one write unit on demand.
pub(super) const TABLE_WRITE: f64 = 0.625e-6;
/// For one read unit on demand.
pub(super) const TABLE_READ: f64 = 0.125e-6;
/// For a provisioned write unit, an hour.
pub(super) const TABLE_WRITE_HOUR: f64 = 0.000_65;
/// For a provisioned read unit, an hour.
pub(super) const TABLE_READ_HOUR: f64 = 0.000_13;
/// For a GB of logs taken in.
pub(super) const LOGS_GB: f64 = 0.50;
/// For one metric asked of CloudWatch.
pub(super) const CLOUDWATCH_METRIC: f64 = 0.01e-3;
