//! Secrets of Secrets Manager, from a table.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::called::Protocol;
use super::refusal::{Replied, ServiceError, parsed, reply_json};
use super::settings::{Advice, Missing};
use super::time::{Instant, now};
use crate::sqs::Site;

/// What AWS appends to the names of secrets in their ARNs, here always this.
const SUFFIX: &str = "-000000";
/// The only version of each.
const VERSION: &str = "00000000-0000-4000-8000-000000000000";
const STAGE: &str = "AWSCURRENT";

/// The secrets, none of which changes.
pub(super) struct Secrets {
    values: BTreeMap<String, String>,
    arn: String,
    since: Instant,
    advice: Advice,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

impl Secrets {
    pub(super) fn new(values: BTreeMap<String, String>, site: &Site, advice: Advice) -> Self {
        let (region, account_id) = (&site.region, &site.account_id);
        Self {
            values,
            arn: format!("arn:aws:secretsmanager:{region}:{account_id}:secret:"),
            since: now(),
            advice,
        }
    }

    pub(super) fn value(&self, body: &Bytes) -> Replied {
        let asked: GetSecretValue = parsed(body)?;
        let not_found =
            |message: String| ServiceError::new("ResourceNotFoundException", 400, message);
        let id = asked.secret_id.as_str();
        let named = id.rsplit_once(":secret:").map_or(id, |(_, named)| named);
        let without = named.strip_suffix(SUFFIX).unwrap_or(named);
        let found = [named, without].into_iter().find_map(|name| {
            let value = self.values.get(name)?;
            Some((name, value))
        });
        let Some((name, value)) = found else {
            let advice = (self.advice)(&Missing::Secret(named));
            let message = format!("Secrets Manager can't find the specified secret. {advice}");
            return Err(not_found(message).for_want());
        };
        let other = asked.version_id.is_some_and(|version| version != VERSION)
            || asked.version_stage.is_some_and(|stage| stage != STAGE);
        if other {
            return Err(not_found(format!(
                "Secrets Manager can't find the specified secret value for that version or stage of {name:?}: here each \
                 secret has one, {STAGE}."
            )));
        }
        let body = json!({
            "ARN": format!("{}{name}{SUFFIX}", self.arn),
            "Name": name,
            "VersionId": VERSION,
            "SecretString": value,
            "VersionStages": [STAGE],
            "CreatedDate": self.since.seconds(),
        });
        Ok(reply_json(Protocol::Json11, &body))
    }
}
