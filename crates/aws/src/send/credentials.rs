//! Credentials, fetched once and again before they expire.

use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

/// How long before their expiry credentials are replaced.
const REFRESH_BEFORE: Duration = Duration::from_secs(120);
/// A provider that takes longer has none.
const PATIENCE: Duration = Duration::from_secs(60);

/// The credentials all senders sign with.
pub(super) struct CredentialsCache {
    provider: SharedCredentialsProvider,
    current: RwLock<Option<Credentials>>,
    refresh: tokio::sync::Mutex<()>,
}

impl CredentialsCache {
    pub(super) fn new(provider: SharedCredentialsProvider) -> Self {
        Self {
            provider,
            current: RwLock::new(None),
            refresh: tokio::sync::Mutex::new(()),
        }
    }

    /// Credentials to sign with at `now`; one caller fetches while the others wait.
    ///
    /// # Errors
    /// When the provider has none and the last ones have expired.
    pub(super) async fn get(&self, now: SystemTime) -> Result<Credentials, CredentialsError> {
        if let Some(fresh) = self.current(now + REFRESH_BEFORE) {
            return Ok(fresh);
        }
        let _refreshing = self.refresh.lock().await;
        if let Some(fresh) = self.current(now + REFRESH_BEFORE) {
            return Ok(fresh);
        }
        let fetching = self.provider.provide_credentials();
        let fetched = tokio::time::timeout(PATIENCE, fetching).await;
        match fetched.unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(PATIENCE))) {
            Ok(fetched) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = Some(fetched.clone());
                Ok(fetched)
            }
            Err(error) => self.current(now).ok_or(error),
        }
    }

    /// The cached credentials, if they still hold at `at`.
    fn current(&self, at: SystemTime) -> Option<Credentials> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current
            .as_ref()
            .filter(|credentials| credentials.expiry().is_none_or(|expiry| at < expiry))
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_credential_types::provider::future;

    use super::*;

    /// Hands out credentials that live an hour, and fails from the third time on.
    #[derive(Debug, Clone, Default)]
    struct Hourly(Arc<AtomicU32>);

    const HOUR: Duration = Duration::from_secs(3_600);
    const START: SystemTime = SystemTime::UNIX_EPOCH;

    impl ProvideCredentials for Hourly {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            let n = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            future::ProvideCredentials::ready(if n < 3 {
                let expiry = START + HOUR * n;
                Ok(Credentials::new(
                    format!("id{n}"),
                    "secret",
                    None,
                    Some(expiry),
                    "test",
                ))
            } else {
                Err(CredentialsError::not_loaded("gone"))
            })
        }
    }

    /// Never answers.
    #[derive(Debug)]
    struct Silent;

    impl ProvideCredentials for Silent {
        fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
        where
            Self: 'a,
        {
            future::ProvideCredentials::new(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_never_answers_has_none() {
        let cache = CredentialsCache::new(SharedCredentialsProvider::new(Silent));
        let error = cache.get(START).await.unwrap_err();
        assert!(
            matches!(error, CredentialsError::ProviderTimedOut(_)),
            "{error:?}"
        );
    }

    #[tokio::test]
    async fn credentials_are_fetched_once_refreshed_early_and_used_to_their_end() {
        let hourly = Hourly::default();
        let cache = CredentialsCache::new(SharedCredentialsProvider::new(hourly.clone()));
        let minute = Duration::from_secs(60);
        for (at, id, fetches, why) in [
            (START, Some("id1"), 1, "the first use fetches"),
            (
                START + HOUR - minute * 3,
                Some("id1"),
                1,
                "three minutes left: kept",
            ),
            (
                START + HOUR - minute,
                Some("id2"),
                2,
                "a minute left: refreshed",
            ),
            (
                START + HOUR * 2 - minute,
                Some("id2"),
                3,
                "the refresh fails: used to their end",
            ),
            (START + HOUR * 2, None, 4, "expired: nothing to sign with"),
        ] {
            let got = cache.get(at).await.ok();
            assert_eq!(got.as_ref().map(Credentials::access_key_id), id, "{why}");
            assert_eq!(hourly.0.load(Ordering::Relaxed), fetches, "{why}");
        }
    }
}
