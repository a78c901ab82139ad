//! A session with AWS: region, credentials and endpoints as the SDK resolves them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;

use super::StoreError;
use super::clients::http_client;
use crate::clock;
use crate::records::ClockOffset;
use crate::scenario::{AwsTarget, is_loopback, without_userinfo};

/// A request of the control plane that takes longer is given up and tried again.
const OPERATION_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// Key id and secret that servers on this machine take for an account's, by custom; not the caller's.
const PLACEHOLDER: &str = "test";

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
        if target.placeholder_credentials {
            loader = loader.credentials_provider(placeholder());
        } else if let Some(profile) = &target.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &target.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = elsewhere(target) {
            loader = loader.endpoint_url(url);
        }
        let config = loader.load().await;
        let own = [&target.sqs_endpoint_url, &target.endpoint_url];
        let on_loopback = own.into_iter().flatten().any(|url| is_loopback(url));
        let region = match config.region().map(ToString::to_string) {
            Some(region) if is_region(&region) => region,
            Some(region) if !region.is_empty() => {
                return Err(StoreError::new(
                    "looking for an AWS region",
                    format!(
                        "{region:?} is none: give one such as us-east-1 (--region, AWS_REGION)"
                    ),
                ));
            }
            _ if on_loopback => REGION_ON_LOOPBACK.to_owned(),
            _ => {
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

    /// The same with these credentials, whatever the SDK would find.
    #[cfg(test)]
    pub fn with_credentials(mut self, id: &str, secret: &str) -> Self {
        let own = Credentials::new(id, secret, None, None, "test");
        self.credentials = SharedCredentialsProvider::new(own);
        self.config = self
            .config
            .into_builder()
            .credentials_provider(self.credentials.clone())
            .build();
        self
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
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// A client of SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let mut config = aws_sdk_sqs::config::Builder::from(&self.config);
        if let Some(url) = &self.sqs_endpoint_url {
            config = config.endpoint_url(url);
        }
        aws_sdk_sqs::Client::from_conf(config.build())
    }

    /// A client of DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.config);
        if let Some(url) = &self.dynamodb_endpoint_url {
            config = config.endpoint_url(url);
        }
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }
}

fn placeholder() -> Credentials {
    Credentials::new(PLACEHOLDER, PLACEHOLDER, None, None, "placeholder")
}

/// Whether a region can be one: it becomes a part of host names.
fn is_region(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (2..=40).contains(&text.len()) && text.chars().all(legal)
}

/// The endpoint of the services that have none of their own. Who drives this machine's own queues does not
/// mean to ask AWS about them.
fn elsewhere(target: &AwsTarget) -> Option<&String> {
    let own = target.sqs_endpoint_url.as_ref();
    let here = own.filter(|url| is_loopback(url));
    target.endpoint_url.as_ref().or(here)
}

/// Sees where the SDK sends a request and when the answer was given.
#[derive(Debug, Clone, Default)]
pub struct ResponseProbe(Arc<Mutex<Seen>>);

#[derive(Debug, Clone, Default)]
struct Seen {
    url: Option<String>,
    sent: Option<SystemTime>,
    /// Between what two values the offset of the clocks is, seconds.
    bounds: Option<(f64, f64)>,
}

impl ResponseProbe {
    /// The endpoint of the last request: scheme, host, port and path, without a trailing slash.
    pub fn endpoint(&self) -> Option<String> {
        self.seen().url.clone()
    }

    /// By all answers that had a `Date`: the more there were, the closer.
    pub fn clock_offset(&self) -> Option<ClockOffset> {
        self.seen().bounds.map(ClockOffset::between)
    }

    /// When the other clock turns to its next second, as far as that is known; nothing when no answer had a `Date`.
    pub fn next_turn(&self) -> Option<Turn> {
        let bounds = self.seen().bounds?;
        let now = clock::wall().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(Turn::after(now.as_secs_f64(), bounds))
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the other clock turns to a full second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turn {
    /// From now on.
    pub starts_in: Duration,
    /// How long after that it may be at most.
    pub takes: Duration,
}

impl Turn {
    /// The first turn after `now`, an instant of this machine's clock, when the offset lies within `bounds`: seconds.
    fn after(now: f64, (low, high): (f64, f64)) -> Self {
        let next = (now - low).floor() + 1.0;
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        Self {
            starts_in: seconds(next + low - now),
            takes: seconds((high - low).min(1.0)),
        }
    }
}

impl Intercept for ResponseProbe {
    fn name(&self) -> &'static str {
        "ResponseProbe"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut seen = self.seen();
        seen.url = Some(plain(context.request().uri()));
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
            let new = bounds(sent, clock::wall(), date.timestamp().as_second());
            seen.bounds = Some(narrowed(seen.bounds, new));
        }
        Ok(())
    }
}

/// An endpoint without what may be a password: a user, a query. Neither is sent to a service of AWS.
fn plain(url: &str) -> String {
    let url = without_userinfo(url);
    let end = url.find(['?', '#']).unwrap_or(url.len());
    url[..end].trim_end_matches('/').to_owned()
}

/// What a `Date` of this Unix second says of the clock that read `sent` and `received`: the other one read
/// something within that second, at a moment between the two.
fn bounds(sent: SystemTime, received: SystemTime, date: i64) -> (f64, f64) {
    let seconds = |at: SystemTime| {
        let since = at.duration_since(SystemTime::UNIX_EPOCH);
        since.unwrap_or_default().as_secs_f64()
    };
    let (sent, received) = (seconds(sent), seconds(received));
    (sent - (date as f64 + 1.0), received.max(sent) - date as f64)
}

/// Both are true; if they cannot be, a clock was stepped, and the newer one is.
fn narrowed(old: Option<(f64, f64)>, new: (f64, f64)) -> (f64, f64) {
    let both = old.map_or(new, |old| (old.0.max(new.0), old.1.min(new.1)));
    if both.0 <= both.1 { both } else { new }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds)
    }

    fn close(offset: ClockOffset, seconds: f64, uncertainty: f64, why: &str) {
        assert!((offset.seconds - seconds).abs() < 1e-6, "{why}: {offset:?}");
        assert!(
            (offset.uncertainty - uncertainty).abs() < 1e-6,
            "{why}: {offset:?}"
        );
    }

    #[test]
    fn an_endpoint_is_told_without_passwords() {
        for (url, told) in [
            ("http://127.0.0.1:9324/", "http://127.0.0.1:9324"),
            ("http://user:pw@127.0.0.1:9324/", "http://127.0.0.1:9324"),
            ("https://host/path?token=x#y", "https://host/path"),
        ] {
            assert_eq!(plain(url), told);
        }
    }

    #[test]
    fn a_date_header_tells_the_clocks_offset_within_its_second_and_the_round_trip() {
        for ((sent, received), date, seconds, uncertainty, why) in [
            ((1_000.4, 1_000.6), 1_000, 0.0, 0.6, "the same clock"),
            ((1_300.4, 1_300.6), 1_000, 300.0, 0.6, "five minutes ahead"),
            (
                (700.0, 702.0),
                1_000,
                -299.5,
                1.5,
                "behind, and a slow answer",
            ),
        ] {
            let offset = ClockOffset::between(bounds(at(sent), at(received), date));
            close(offset, seconds, uncertainty, why);
        }
    }

    #[test]
    fn the_next_turn_of_the_other_clock_is_known_as_closely_as_the_offset() {
        for (now, bounds, starts_in, takes, why) in [
            (1_000.25, (0.0, 0.0), 0.75, 0.0, "one clock"),
            (
                1_000.25,
                (0.5, 0.6),
                0.25,
                0.1,
                "this one ahead: the other is at 999.75 and turns next",
            ),
            (
                1_000.25,
                (-2.7, -2.6),
                0.05,
                0.1,
                "this one behind: the other is at 1,002.95",
            ),
            (1_000.25, (-0.6, 0.4), 0.15, 1.0, "hardly known"),
        ] {
            let turn = Turn::after(now, bounds);
            assert!(
                (turn.starts_in.as_secs_f64() - starts_in).abs() < 1e-6,
                "{why}: {turn:?}"
            );
            assert!(
                (turn.takes.as_secs_f64() - takes).abs() < 1e-6,
                "{why}: {turn:?}"
            );
        }
    }

    #[test]
    fn more_answers_tell_it_more_closely_and_a_step_starts_anew() {
        let first = bounds(at(1_000.9), at(1_000.95), 1_000);
        let both = narrowed(Some(first), bounds(at(1_001.02), at(1_001.05), 1_001));
        close(
            ClockOffset::between(both),
            -0.025,
            0.075,
            "either side of a full second",
        );
        let stepped = bounds(at(1_060.5), at(1_060.5), 1_001);
        close(
            ClockOffset::between(narrowed(Some(both), stepped)),
            59.0,
            0.5,
            "a minute's step",
        );
    }
}
