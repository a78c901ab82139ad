//! What services behind the function hold from the start, and what is said of what they have not got.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// Bytes that all objects may take where nothing else is said.
const OBJECT_BYTES_MAX: u64 = 256 << 20;

/// What the services hold that a function calls on its way. Whatever is not here is refused.
#[derive(Clone)]
pub struct ServiceSettings {
    /// Parameters of SSM, by name.
    pub parameters: BTreeMap<String, String>,
    /// The texts of Secrets Manager's secrets, by name.
    pub secrets: BTreeMap<String, String>,
    /// The names of S3's buckets, empty at first.
    pub buckets: BTreeSet<String>,
    /// Bytes that all objects may take.
    pub object_bytes_max: u64,
    /// The names of state machines of Step Functions: executions start, and nothing runs.
    pub state_machines: BTreeSet<String>,
    /// SES takes mail, and delivers it nowhere.
    pub email: bool,
    /// Says what would answer a call that is refused.
    pub advice: Advice,
}

impl Default for ServiceSettings {
    /// Nothing.
    fn default() -> Self {
        Self {
            parameters: BTreeMap::new(),
            secrets: BTreeMap::new(),
            buckets: BTreeSet::new(),
            object_bytes_max: OBJECT_BYTES_MAX,
            state_machines: BTreeSet::new(),
            email: false,
            advice: Arc::new(usual_advice),
        }
    }
}

impl fmt::Debug for ServiceSettings {
    /// Without the values, which may be secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ServiceSettings")
            .field("parameters", &self.parameters.keys())
            .field("secrets", &self.secrets.keys())
            .field("buckets", &self.buckets)
            .field("state_machines", &self.state_machines)
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// Says in a sentence or two what would answer a call.
pub type Advice = Arc<dyn Fn(&Missing<'_>) -> String + Send + Sync>;

/// What a call asked for that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing<'a> {
    /// A parameter of SSM of this name.
    Parameter(&'a str),
    /// A secret of Secrets Manager of this name.
    Secret(&'a str),
    /// A bucket of S3 of this name.
    Bucket(&'a str),
    /// A state machine of Step Functions of this name.
    StateMachine(&'a str),
    /// Mail by SES.
    Email,
    /// A service, or an operation of one, that is not served.
    Operation {
        /// As signatures name it, such as `kms`.
        service: &'a str,
        /// Such as `Decrypt`, or method and path where no name is known.
        operation: &'a str,
    },
}

fn usual_advice(missing: &Missing<'_>) -> String {
    match missing {
        Missing::Parameter(name) => {
            format!("SSM has no parameter {name:?} here: add it to ServiceSettings::parameters.")
        }
        Missing::Secret(name) => {
            format!(
                "Secrets Manager has no secret {name:?} here: add it to ServiceSettings::secrets."
            )
        }
        Missing::Bucket(name) => {
            format!("S3 has no bucket {name:?} here: add it to ServiceSettings::buckets.")
        }
        Missing::StateMachine(name) => format!(
            "Step Functions has no state machine {name:?} here: add it to ServiceSettings::state_machines."
        ),
        Missing::Email => "SES takes no mail here: set ServiceSettings::email.".into(),
        Missing::Operation { service, operation } => {
            format!("The emulator does not serve {operation} of the service {service}.")
        }
    }
}
