//! What the function calls on its way, as `[pipeline.services]` has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::emulator::doors::Door;
use crate::emulator::services::{Missing, ServiceSettings};
use crate::emulator::{Builder, Emulator};
use crate::results::{PipelineCounters, ServiceCount};
use crate::scenario::{Scenario, Secret};

/// The bus that every account has.
const DEFAULT_BUS: &str = "default";

/// The services of a scenario.
pub(super) struct Services(Option<crate::scenario::Services>);

impl Services {
    pub(super) fn of(scenario: &Scenario) -> Self {
        Self(scenario.pipeline.services.clone())
    }

    /// With these services; what they have not got is refused in words of the scenario.
    pub(super) fn create(self, builder: Builder) -> Builder {
        let named = self.0.unwrap_or_default();
        let builder = named
            .topics
            .iter()
            .fold(builder, |builder, topic| builder.topic(topic));
        // The default bus is always there.
        let buses = named.buses.iter().filter(|bus| *bus != DEFAULT_BUS);
        let builder = buses.fold(builder, |builder, bus| builder.event_bus(bus));
        builder.services(ServiceSettings {
            parameters: revealed(named.parameters),
            secrets: revealed(named.secrets),
            buckets: named.buckets,
            state_machines: named.state_machines,
            email: named.email,
            advice: Arc::new(advice),
            ..ServiceSettings::default()
        })
    }

    /// Adds the topics and buses to what was counted, and that nothing was called where services are named.
    pub(super) fn add_to(&self, counters: &mut PipelineCounters, emulator: &Emulator) {
        let Some(named) = &self.0 else {
            return;
        };
        let counts = counters.services.get_or_insert_default();
        let topics = named.topics.iter();
        let topics = topics.map(|topic| (Door::topic(topic), "sns", format!("Publish to {topic}")));
        let buses = named.buses.iter();
        let buses = buses.map(|bus| (Door::bus(bus), "events", format!("PutEvents to {bus}")));
        for (door, service, operation) in topics.chain(buses) {
            let count = emulator.doors().counts(&door);
            if count.accepted + count.refused > 0 {
                counts.push(ServiceCount {
                    service: service.into(),
                    operation,
                    calls: count.accepted + count.refused,
                    refused: count.refused,
                    wanting: None,
                });
            }
        }
    }
}

fn revealed(values: BTreeMap<String, Secret>) -> BTreeMap<String, String> {
    let reveal = |(name, value): (String, Secret)| (name, value.reveal().to_owned());
    values.into_iter().map(reveal).collect()
}

/// What to write into the scenario.
fn advice(missing: &Missing<'_>) -> String {
    let (what, key) = match *missing {
        Missing::Parameter(name) => (
            format!("SSM has no parameter {name:?} here"),
            format!("parameters = {{ {name:?} = \"...\" }}"),
        ),
        Missing::Secret(name) => (
            format!("Secrets Manager has no secret {name:?} here"),
            format!("secrets = {{ {name:?} = \"...\" }}"),
        ),
        Missing::Bucket(name) => (
            format!("S3 has no bucket {name:?} here"),
            format!("buckets = [{name:?}]"),
        ),
        Missing::StateMachine(name) => (
            format!("Step Functions has no state machine {name:?} here"),
            format!("state_machines = [{name:?}]"),
        ),
        Missing::Email => (
            "SES takes no mail here".to_owned(),
            "email = true".to_owned(),
        ),
        Missing::Operation {
            service: "s3",
            operation: "CreateBucket",
        } => (
            "S3's buckets are there from the start here".to_owned(),
            "buckets = [\"...\"]".to_owned(),
        ),
        Missing::Operation { service, operation } => {
            let variable = service.to_uppercase().replace(['-', ' '], "_");
            return format!(
                "The embedded pipeline does not serve {operation} of the service {service}, and no key of \
                 [pipeline.services] does. Send it elsewhere: [processor] environment = {{ AWS_ENDPOINT_URL_{variable} = \
                 \"http://...\" }}"
            );
        }
    };
    format!("{what}: write {key} under [pipeline.services].")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_key_that_would_answer_it() {
        for (missing, told) in [
            (
                Missing::Parameter("/shop/rate"),
                "write parameters = { \"/shop/rate\" = \"...\" } under",
            ),
            (
                Missing::Secret("shop/key"),
                "write secrets = { \"shop/key\" = \"...\" } under",
            ),
            (
                Missing::Bucket("receipts"),
                "write buckets = [\"receipts\"] under",
            ),
            (
                Missing::StateMachine("ship"),
                "write state_machines = [\"ship\"] under",
            ),
            (Missing::Email, "write email = true under"),
            (
                Missing::Operation {
                    service: "s3",
                    operation: "CreateBucket",
                },
                "write buckets = ",
            ),
            (
                Missing::Operation {
                    service: "kms",
                    operation: "Decrypt",
                },
                "does not serve Decrypt of the service kms",
            ),
            (
                Missing::Operation {
                    service: "kms",
                    operation: "Decrypt",
                },
                "AWS_ENDPOINT_URL_KMS",
            ),
        ] {
            let advice = advice(&missing);
            assert!(advice.contains(told), "{advice}");
        }
    }
}
