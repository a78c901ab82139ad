//! The SDK clients of the verifier.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_sqs::config::{
    BehaviorVersion, Region, SharedHttpClient, StalledStreamProtectionConfig, retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::bounds::LETTERS_LEAST;
use super::budget::ReadBudget;
use super::reply::checked;
use super::sweep::LEASE;
use super::{QueueAt, TableAt, Target};
use crate::scenario::DeadLetterUse;

/// A request that takes longer is given up and tried again: above a full page or a long poll of 20 s.
const OPERATION_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// All attempts at a request of SQS, with their pauses.
const SQS_TIMEOUT: Duration = Duration::from_secs(60);
/// The same of the table, which may throttle for longer.
const TABLE_TIMEOUT: Duration = Duration::from_secs(180);
/// Attempts at one read of the table, with pauses of up to 20 s between them.
const TABLE_ATTEMPTS: u32 = 10;
/// How long the counts of AWS may lag behind the queue: "at least a minute", and some room.
const COUNTS_LAG: Duration = Duration::from_secs(90);

/// The queues and the table of a target, ready to be read.
#[derive(Clone)]
pub struct Stores {
    pub(super) sqs: aws_sdk_sqs::Client,
    pub(super) dynamodb: aws_sdk_dynamodb::Client,
    pub(super) target: Target,
    /// How long the counts may lag behind the queue.
    pub(super) counts_lag: Duration,
    /// How long letters may go on coming at least.
    pub(super) letters_least: Duration,
    /// How long the sweep hides a dead letter at a time.
    pub(super) lease: Duration,
    /// What reading the table may take.
    pub(super) budget: Arc<ReadBudget>,
    /// Orders of the run that is looked at; 0 when that is not known.
    pub(super) expected: u64,
}

impl Stores {
    /// Clients for `target`. Reads are retried as the SDK does by default, the table's more often: a
    /// table that throttles reads gives a page again within the pauses between ten attempts. An endpoint that never answers
    /// is given up after a minute, of the table after three.
    pub fn new(target: &Target) -> Self {
        Self::over(target, http_client())
    }

    fn over(target: &Target, http: SharedHttpClient) -> Self {
        let region = Region::new(target.region.clone());
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(OPERATION_ATTEMPT_TIMEOUT);
        let sqs_timeouts = timeouts.clone().operation_timeout(SQS_TIMEOUT).build();
        let table_timeouts = timeouts.operation_timeout(TABLE_TIMEOUT).build();
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .endpoint_url(&target.sqs_endpoint)
            .credentials_provider(target.credentials.clone())
            .timeout_config(sqs_timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(http.clone())
            .build();
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .endpoint_url(&target.dynamodb_endpoint)
            .credentials_provider(target.credentials.clone())
            .timeout_config(table_timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(TABLE_ATTEMPTS))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .http_client(http)
            .build();
        Self {
            sqs: aws_sdk_sqs::Client::from_conf(sqs),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            target: target.clone(),
            letters_least: LETTERS_LEAST,
            lease: LEASE,
            expected: 0,
            budget: Arc::new(ReadBudget::new(target.read.units_per_second)),
            counts_lag: match target.exact_counts {
                true => Duration::ZERO,
                false => COUNTS_LAG,
            },
        }
    }

    /// The same for one of so many workers that read the tables side by side: all of them together take what one may.
    pub fn sharing_reads(&self, workers: u32) -> Self {
        let units = self.target.read.units_per_second;
        let share = units.map(|units| (units / workers.max(1)).max(1));
        Self {
            budget: Arc::new(ReadBudget::new(share)),
            ..self.clone()
        }
    }

    /// The target's tables.
    pub fn tables(&self) -> &[TableAt] {
        &self.target.tables
    }

    /// Where one of them is and what it is called there; see [`Target::place_of`].
    pub fn place_of(&self, table: &TableAt) -> String {
        self.target.place_of(table)
    }

    /// The queues, beside the dead-letter queue, in which orders may end.
    pub fn letter_queues(&self) -> &[QueueAt] {
        &self.target.letter_queues
    }

    /// The same stores, with `queue` in place of the dead-letter queue; it is everybody's.
    pub fn with_letters_of(&self, queue: &QueueAt) -> Self {
        let mut stores = self.clone();
        stores.target.dead_letter_queue_url.clone_from(&queue.url);
        stores.target.read.dead_letters = DeadLetterUse::Shared;
        stores
    }

    /// What the queue whose letters are swept is called, wherever it is reached from; see [`Target::letters_place`].
    pub fn letters_place(&self) -> String {
        self.target.letters_place()
    }

    /// Whether the dead-letter queue is the run's own, so that what is written down of it is deleted.
    pub fn deletes_dead_letters(&self) -> bool {
        self.target.read.dead_letters == DeadLetterUse::Own
    }

    /// Whether the queue counts are exact.
    pub fn exact_counts(&self) -> bool {
        self.target.exact_counts
    }
}

/// Connections over TLS where the endpoint asks for it, and replies that hold what they must.
pub fn http_client() -> SharedHttpClient {
    checked(
        aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build_https(),
    )
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
    use tokio::time::Instant;

    use super::*;

    /// Takes requests and answers none.
    #[derive(Debug)]
    struct Silence;

    impl HttpConnector for Silence {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            HttpConnectorFuture::new(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_never_answered_is_given_up() {
        let target = crate::store::target::tests::target();
        let silent = http_client_fn(|_, _| SharedHttpConnector::new(Silence));
        let stores = Stores::over(&target, silent);
        let began = Instant::now();
        let receive = stores.sqs.receive_message().queue_url("q").send().await;
        assert!(receive.is_err());
        let received = began.elapsed();
        // Longer than one attempt: a request that was slow once is made again.
        assert!(
            received > OPERATION_ATTEMPT_TIMEOUT
                && received <= SQS_TIMEOUT + Duration::from_secs(1),
            "{received:?}"
        );
        let scan = stores.dynamodb.scan().table_name("orders").send().await;
        assert!(scan.is_err());
        let scanned = began.elapsed() - received;
        assert!(
            scanned > SQS_TIMEOUT && scanned <= TABLE_TIMEOUT + Duration::from_secs(1),
            "{scanned:?}"
        );
    }
}
