//! Whose account it is, and who asks.

use super::why;
use crate::preflight::{AccountFacts, Known};
use crate::store::Session;

/// Who asks, by STS; the endpoints are filled in by who has seen them.
pub(in crate::account) async fn read(session: &Session) -> AccountFacts {
    let sts = aws_sdk_sts::Client::new(session.config());
    let (account, caller) = match sts.get_caller_identity().send().await {
        Ok(identity) => {
            let known = |text: Option<&str>| match text {
                Some(text) => Known::Is(text.to_owned()),
                None => Known::Unknown("the reply of STS has none".into()),
            };
            (known(identity.account()), known(identity.arn()))
        }
        Err(error) => {
            let why = format!("STS GetCallerIdentity: {}", why(&error));
            (Known::Unknown(why.clone()), Known::Unknown(why))
        }
    };
    AccountFacts {
        account,
        caller,
        region: session.region().to_owned(),
        sqs_endpoint: String::new(),
        dynamodb_endpoint: String::new(),
        loopback: false,
        clock: Known::Absent,
    }
}
