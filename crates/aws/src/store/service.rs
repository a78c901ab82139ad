//! Where a service of AWS is that has no SDK of its own here: as the session says, its profile, its environment, or AWS.

use aws_sdk_sqs::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use aws_sdk_sqs::error::BoxError;
use aws_types::SdkConfig;

/// A service, as AWS's API models call it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service {
    /// In settings of a profile (`service_id`).
    pub(crate) id: &'static str,
    /// In host names (`endpointPrefix`).
    pub(crate) host: &'static str,
    /// In signatures.
    pub(crate) signing_name: &'static str,
}

impl Service {
    pub(crate) const SNS: Self = Self {
        id: "SNS",
        host: "sns",
        signing_name: "sns",
    };

    pub(crate) const EVENTBRIDGE: Self = Self {
        id: "EventBridge",
        host: "events",
        signing_name: "events",
    };

    pub(crate) const S3: Self = Self {
        id: "S3",
        host: "s3",
        signing_name: "s3",
    };

    /// Where it is: as the session says, or its profile and environment of this service, or AWS's own.
    pub(crate) async fn endpoint(self, config: &SdkConfig) -> Result<String, BoxError> {
        let given = config.endpoint_url().map(str::to_owned);
        if given.is_some() && config.get_origin("endpoint_url").is_client_config() {
            return Ok(given.unwrap_or_default());
        }
        let key = aws_types::service_config::ServiceConfigKey::builder()
            .service_id(self.id)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()?;
        let of_service = config
            .service_config()
            .and_then(|config| config.load_config(key));
        match of_service.or(given) {
            Some(url) => Ok(url),
            None => self.own_endpoint(config).await,
        }
    }

    /// AWS's endpoint. Its partitions are known to the endpoint rules of SQS, whose host names differ in the first
    /// label alone.
    async fn own_endpoint(self, config: &SdkConfig) -> Result<String, BoxError> {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let fips = config.use_fips().unwrap_or(false);
        let params = Params::builder()
            .region(region.clone())
            // That of S3 follows a rule of its own.
            .use_dual_stack(config.use_dual_stack().unwrap_or(false) && self.host != "s3")
            .build()?;
        let of_sqs = DefaultResolver::new().resolve_endpoint(&params).await?;
        let beyond = of_sqs.url().strip_prefix("https://sqs.");
        let beyond = beyond.ok_or("no endpoint of SQS to take the partition from")?;
        // CloudWatch's own rule.
        let plain = self.host == "monitoring" && region.starts_with("us-gov-");
        let host = match fips && !plain {
            true => format!("{}-fips", self.host),
            false => self.host.to_owned(),
        };
        Ok(format!("https://{host}.{beyond}"))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::config::Region;

    use super::*;

    const LAMBDA: Service = Service {
        id: "Lambda",
        host: "lambda",
        signing_name: "lambda",
    };
    const CLOUDWATCH: Service = Service {
        id: "CloudWatch",
        host: "monitoring",
        signing_name: "monitoring",
    };

    #[tokio::test]
    async fn aws_own_endpoints_follow_the_partition_fips_and_dual_stack() {
        for (service, region, fips, dual, url) in [
            (
                LAMBDA,
                "us-east-1",
                false,
                false,
                "https://lambda.us-east-1.amazonaws.com",
            ),
            (
                LAMBDA,
                "cn-north-1",
                false,
                false,
                "https://lambda.cn-north-1.amazonaws.com.cn",
            ),
            (
                LAMBDA,
                "us-east-1",
                true,
                false,
                "https://lambda-fips.us-east-1.amazonaws.com",
            ),
            (
                LAMBDA,
                "eu-west-1",
                false,
                true,
                "https://lambda.eu-west-1.api.aws",
            ),
            (
                CLOUDWATCH,
                "us-west-2",
                false,
                false,
                "https://monitoring.us-west-2.amazonaws.com",
            ),
            (
                CLOUDWATCH,
                "us-west-2",
                true,
                true,
                "https://monitoring-fips.us-west-2.api.aws",
            ),
            (
                CLOUDWATCH,
                "us-gov-west-1",
                true,
                false,
                "https://monitoring.us-gov-west-1.amazonaws.com",
            ),
        ] {
            let config = SdkConfig::builder()
                .region(Region::new(region))
                .use_fips(fips)
                .use_dual_stack(dual)
                .build();
            assert_eq!(service.endpoint(&config).await.expect("one"), url);
        }
        let named = SdkConfig::builder().endpoint_url("http://127.0.0.1:4566");
        let endpoint = LAMBDA.endpoint(&named.build()).await;
        assert_eq!(endpoint.expect("one"), "http://127.0.0.1:4566");
    }
}
