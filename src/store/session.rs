//! A session with AWS: region, credentials and endpoints as the SDK resolves them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::clients::http_client;
use crate::clock;
use crate::scenario::{AwsTarget, is_loopback};

/// A request of the control plane that takes longer is given up and tried again.
const OPERATION_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// Where an endpoint of this machine is said to be when nobody says.
const REGION_ON_LOOPBACK: &str = "us-east-1";

/// Region, credentials and endpoints, as the SDK finds them: environment, profiles, assumed roles,
/// container and instance credentials.
#[derive(Clone)]
pub struct Session {
    config: SdkConfig,
    region: String,
    credentials: SharedCredentialsProvider,
    sqs_endpoint_url: Option<String>,
    dynamodb_endpoint_url: Option<String>,
}

impl Session {
    /// A session for `target`. Nothing is asked of AWS yet.
    ///
    /// # Errors
    /// When there is no region, or no way to credentials.
    pub async fn open(target: &AwsTarget) -> Result<Self, StoreError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(OPERATION_ATTEMPT_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            .timeout_config(timeouts);
        if let Some(profile) = &target.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &target.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &target.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let own = [&target.sqs_endpoint_url, &target.endpoint_url];
        let on_loopback = own.into_iter().flatten().any(|url| is_loopback(url));
        let region = match config.region() {
            Some(region) => region.to_string(),
            None if on_loopback => REGION_ON_LOOPBACK.to_owned(),
            None => {
                return Err(StoreError::new(
                    "looking for an AWS region",
                    "there is none: give --region, set AWS_REGION, or name a --profile that has one",
                ));
            }
        };
        let credentials = config.credentials_provider().ok_or_else(|| {
            StoreError::new(
                "looking for AWS credentials",
                "there are none: set AWS_ACCESS_KEY_ID or name a --profile",
            )
        })?;
        let config = config
            .into_builder()
            .region(Region::new(region.clone()))
            .build();
        Ok(Self {
            config,
            region,
            credentials,
            sqs_endpoint_url: target.sqs_endpoint_url.clone(),
            dynamodb_endpoint_url: target.dynamodb_endpoint_url.clone(),
        })
    }

    /// The region requests are signed for.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Who signs.
    pub fn credentials(&self) -> SharedCredentialsProvider {
        self.credentials.clone()
    }

    /// What every service's client is made from.
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// A client of SQS.
    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        let mut config = aws_sdk_sqs::config::Builder::from(&self.config);
        if let Some(url) = &self.sqs_endpoint_url {
            config = config.endpoint_url(url);
        }
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    /// A client of DynamoDB.
    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.config);
        if let Some(url) = &self.dynamodb_endpoint_url {
            config = config.endpoint_url(url);
        }
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }
}

/// Sees where the SDK sends a request and when the answer was given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Witness(Arc<Mutex<Seen>>);

#[derive(Debug, Clone, Default)]
struct Seen {
    url: Option<String>,
    sent: Option<SystemTime>,
    offset: Option<ClockOffset>,
}

/// How far this machine's clock is from the one that stamped an answer's `Date` header.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// This machine's clock minus the other, seconds: positive when this one is ahead.
    pub seconds: f64,
    /// By how much that may be wrong: half the round trip, and half the second the header is cut to.
    pub uncertainty: f64,
}

impl Witness {
    /// The endpoint of the last request: scheme, host, port and path, without a trailing slash.
    pub(crate) fn endpoint(&self) -> Option<String> {
        self.seen().url.clone()
    }

    /// By the last answer that had a `Date`.
    pub(crate) fn clock_offset(&self) -> Option<ClockOffset> {
        self.seen().offset
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Witness {
    fn name(&self) -> &'static str {
        "Witness"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut seen = self.seen();
        seen.url = Some(context.request().uri().trim_end_matches('/').to_owned());
        seen.sent = Some(clock::wall());
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut seen = self.seen();
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        if let (Some(date), Some(sent)) = (date, seen.sent) {
            seen.offset = Some(offset(sent, clock::wall(), date.timestamp().as_second()));
        }
        Ok(())
    }
}

/// What a `Date` of this Unix second says of the clock that read `sent` and `received`. The other clock
/// read somewhere within that second, at a moment between the two.
fn offset(sent: SystemTime, received: SystemTime, date: i64) -> ClockOffset {
    let seconds = |at: SystemTime| {
        let since = at.duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_secs_f64()
    };
    let (sent, received) = (seconds(sent), seconds(received));
    ClockOffset {
        seconds: f64::midpoint(sent, received) - (date as f64 + 0.5),
        uncertainty: (received - sent).max(0.0) / 2.0 + 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_tells_the_clocks_offset_within_its_second_and_the_round_trip() {
        let at = |seconds: f64| SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds);
        let cases = [
            ((1_000.4, 1_000.6), 1_000, 0.0, 0.6, "the same clock"),
            ((1_300.4, 1_300.6), 1_000, 300.0, 0.6, "five minutes ahead"),
            (
                (700.0, 702.0),
                1_000,
                -299.5,
                1.5,
                "behind, and a slow answer",
            ),
        ];
        for ((sent, received), date, seconds, uncertainty, why) in cases {
            let offset = offset(at(sent), at(received), date);
            assert!((offset.seconds - seconds).abs() < 1e-6, "{why}: {offset:?}");
            assert!((offset.uncertainty - uncertainty).abs() < 1e-6, "{why}");
        }
    }
}
