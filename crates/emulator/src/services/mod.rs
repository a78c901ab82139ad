//! What a function calls on its way, beside queues, tables and topics: enough of each service that the call succeeds as it
//! would on AWS, is counted, and can be looked at. Step Functions, SES, S3, the parameters of SSM and Secrets Manager.
//!
//! What is not served is refused in the caller's own protocol, in words that name service and operation and say what
//! would answer it.

mod called;
mod mail;
mod objects;
mod parameters;
mod refusal;
mod secrets;
mod settings;
mod states;
mod tally;
mod time;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;

use self::called::{Called, Protocol};
use self::mail::Mail;
use self::objects::Objects;
use self::parameters::Parameters;
use self::refusal::{Replied, ServiceError};
use self::secrets::Secrets;
use self::states::StateMachines;
use super::counters::Counters;
use super::http::Answer;
use super::http::service::{Answering, Asked, Service};
use super::sqs::Site;

pub use self::settings::{Advice, Missing, ServiceSettings};
pub use self::tally::{ServiceCalls, ServiceCount};

/// Every service that is no queue, no table and no topic.
pub(crate) struct Behind {
    states: StateMachines,
    mail: Mail,
    objects: Objects,
    parameters: Parameters,
    secrets: Secrets,
    advice: Advice,
    counters: Arc<Counters>,
}

impl Behind {
    /// What `settings` describe, at `site`, counted in `counters`.
    pub(crate) fn new(settings: ServiceSettings, site: &Site, counters: Arc<Counters>) -> Self {
        let advice = settings.advice;
        Self {
            states: StateMachines::new(settings.state_machines, site, advice.clone()),
            mail: Mail::new(settings.email, advice.clone()),
            objects: Objects::new(settings.buckets, settings.object_bytes_max, advice.clone()),
            parameters: Parameters::new(settings.parameters, site, advice.clone()),
            secrets: Secrets::new(settings.secrets, site, advice.clone()),
            advice,
            counters,
        }
    }

    fn reply(&self, called: &Called<'_>, asked: &Asked<'_>, body: &Bytes) -> Replied {
        match (called.service, &*called.operation) {
            ("states", "StartExecution") => self.states.start(body),
            ("ses", "SendEmail" | "SendRawEmail") => {
                self.mail.send(called.protocol, &called.operation, body)
            }
            ("ssm", "GetParameter") => self.parameters.get(body),
            ("ssm", "GetParameters") => self.parameters.get_several(body),
            ("ssm", "GetParametersByPath") => self.parameters.by_path(body),
            ("secretsmanager", "GetSecretValue") => self.secrets.value(body),
            ("s3", operation) => match self.objects.answer(operation, asked, body) {
                Some(replied) => replied,
                None => Err(self.not_served(called)),
            },
            _ => Err(self.not_served(called)),
        }
    }

    fn not_served(&self, called: &Called<'_>) -> ServiceError {
        let advice = (self.advice)(&Missing::Operation {
            service: called.service,
            operation: &called.operation,
        });
        let (code, status) = match called.protocol {
            Protocol::Query => ("InvalidAction", 400),
            Protocol::RestXml => ("NotImplemented", 501),
            _ => ("UnknownOperationException", 400),
        };
        ServiceError::new(code, status, advice).for_want()
    }
}

impl Service for Behind {
    fn takes(&self, asked: &Asked<'_>) -> bool {
        called::is_for_others(asked) || self.objects.are_meant(asked)
    }

    fn answer<'a>(&'a self, asked: Asked<'a>, body: &'a Bytes) -> Answering<'a> {
        let answer: Answer = {
            let meant = self.objects.are_meant(&asked);
            let called = Called::of(&asked, meant, &self.objects);
            let replied = self.reply(&called, &asked, body);
            let refused = replied.as_ref().err();
            let wanting = refused.filter(|refusal| refusal.is_for_want);
            self.counters.services.count(
                (called.service, &called.operation),
                refused.is_some(),
                wanting.map(|refusal| &*refusal.message),
            );
            Ok(match replied {
                Ok(response) => response,
                Err(refusal) => refusal.response(called.protocol),
            })
        };
        Box::pin(std::future::ready(answer))
    }
}
