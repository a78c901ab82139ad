//! Where the embedded queues pretend to live: account, region, and the address they are served at.

use super::error::{SqsError, SqsErrorKind};

/// What queue URLs and ARNs are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Scheme, host and port, without a slash at the end: `http://127.0.0.1:9324`.
    pub base_url: String,
    /// Twelve digits on AWS.
    pub account_id: String,
    /// Such as `us-east-1`.
    pub region: String,
}

impl Site {
    /// The site of a server that listens at this address; where that is every address of the machine,
    /// it goes by the name `localhost`.
    pub fn local(address: std::net::SocketAddr) -> Self {
        let base_url = match address.ip().is_unspecified() {
            true => format!("http://localhost:{}", address.port()),
            false => format!("http://{address}"),
        };
        Self {
            base_url,
            account_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
        }
    }

    /// The URL clients name the queue by.
    pub fn queue_url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.base_url, self.account_id)
    }

    /// The ARN policies name the queue by.
    pub fn queue_arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.region, self.account_id)
    }

    /// The name of the queue with this ARN.
    pub(super) fn name_in_arn<'a>(&self, arn: &'a str) -> Result<&'a str, SqsError> {
        let parts: Vec<_> = arn.split(':').collect();
        match parts[..] {
            ["arn", "aws", "sqs", _, _, name] => Ok(name),
            _ => Err(SqsError::value(format!(
                "Value {arn} for parameter deadLetterTargetArn is invalid. Reason: not the ARN of a queue."
            ))),
        }
    }
}

/// The name of the queue with this URL.
pub(super) fn name_in_url(url: &str) -> Result<&str, SqsError> {
    if url.is_empty() {
        return Err(SqsError::missing("QueueUrl"));
    }
    let path = url.split_once("://").map(|(_, rest)| rest);
    match path.and_then(|path| path.rsplit_once('/')) {
        Some((_, name)) if !name.is_empty() => Ok(name),
        _ => Err(SqsError::new(
            SqsErrorKind::InvalidAddress,
            format!("The address {url} is not valid for this endpoint."),
        )),
    }
}
