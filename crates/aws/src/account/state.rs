//! The state of each resource: whose it is, and how it compares with what is desired. Pure.

use super::actual::ActualResources;
use super::desired::{Desired, DesiredCapacity, DesiredQueue, DesiredTable, provisioned, span};
use crate::preflight::{
    ALLOWED_TAG, ALLOWED_VALUE, CapacityFacts, FifoFacts, Known, QueueFacts, TableFacts, Tags,
    key_in_words, told_key,
};

/// The tag of what `up` has created; `down` deletes nothing without it.
pub const CREATED_BY_TAG: &str = "orderproof-created-by";
/// Its value.
pub const CREATED_BY_VALUE: &str = "up";

/// Whose a resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// `up` created it.
    Ours,
    /// Somebody else did.
    Foreign,
    /// It is not there.
    Absent,
    /// It could not be read, and why.
    Unknown(String),
}

/// How a resource compares with what is desired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceState {
    /// It is not there, and can be created.
    Absent,
    /// It is there, ours, and as desired.
    AsDesired,
    /// It is there and ours, with other settings: each, and what was desired.
    Differs(Vec<String>),
    /// It is there and not ours.
    Foreign,
    /// It could not be read, and why.
    Unknown(String),
}

/// Whose something is, by its tags.
pub(super) fn ownership<T>(found: &Known<&T>, tags: impl Fn(&T) -> &Known<Tags>) -> Ownership {
    match found {
        Known::Absent => Ownership::Absent,
        Known::Unknown(why) => Ownership::Unknown(why.clone()),
        Known::Is(found) => match tags(found) {
            Known::Is(tags) if is(tags, CREATED_BY_TAG, CREATED_BY_VALUE) => Ownership::Ours,
            Known::Is(_) => Ownership::Foreign,
            Known::Absent => Ownership::Unknown("the reply has no tags".into()),
            Known::Unknown(why) => Ownership::Unknown(format!("its tags: {why}")),
        },
    }
}

fn is(tags: &Tags, key: &str, value: &str) -> bool {
    tags.get(key).is_some_and(|found| found == value)
}

impl std::fmt::Display for ResourceState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => write!(f, "it is not there"),
            Self::AsDesired => write!(f, "it is as the scenario asks"),
            Self::Differs(differences) => {
                write!(
                    f,
                    "it is there with other settings: {}",
                    differences.join("; ")
                )
            }
            Self::Foreign => write!(
                f,
                "it is there and was not created by `up` (no tag {CREATED_BY_TAG}={CREATED_BY_VALUE}): it is left alone"
            ),
            Self::Unknown(why) => write!(f, "it could not be read: {why}"),
        }
    }
}

impl ActualResources {
    /// How a resource compares with what is desired.
    pub fn state(&self, desired: &Desired) -> ResourceState {
        match self.ownership(&desired.resource()) {
            Ownership::Absent => ResourceState::Absent,
            Ownership::Foreign => ResourceState::Foreign,
            Ownership::Unknown(why) => ResourceState::Unknown(why),
            Ownership::Ours if self.is_leaving(desired) => ResourceState::Absent,
            Ownership::Ours => {
                let differences = self.differences(desired);
                match differences.is_empty() {
                    true => ResourceState::AsDesired,
                    false => ResourceState::Differs(differences),
                }
            }
        }
    }

    /// Whether it is there for a few moments more: a table that is being deleted.
    fn is_leaving(&self, desired: &Desired) -> bool {
        match desired {
            Desired::Queue(_) => false,
            Desired::Table(table) => {
                let table = self.table(&table.name);
                table.get().is_some_and(|table| table.status == "DELETING")
            }
        }
    }

    /// Of a resource that is there.
    fn differences(&self, desired: &Desired) -> Vec<String> {
        let differences = match desired {
            Desired::Queue(desired) => {
                let dead_letters = desired.redrive.as_ref().map(|(_, name)| self.queue(name));
                let dead_letters = dead_letters.as_ref().and_then(Known::get);
                let arn = dead_letters.map(|queue| queue.arn.as_str());
                let queue = self.queue(&desired.name);
                let queue = queue.get();
                queue.map(|queue| queue_differences(desired, queue, arn))
            }
            Desired::Table(desired) => {
                let table = self.table(&desired.name);
                let table = table.get();
                table.map(|table| table_differences(desired, table))
            }
        };
        differences.unwrap_or_default()
    }
}

fn not_allowed(tags: &Known<Tags>) -> Option<String> {
    let allowed = tags
        .get()
        .is_some_and(|tags| is(tags, ALLOWED_TAG, ALLOWED_VALUE));
    (!allowed).then(|| format!("the tag {ALLOWED_TAG}={ALLOWED_VALUE} is gone"))
}

/// What of a queue is not as desired; `dead_letters` is the ARN of the dead-letter queue, if it is there.
fn queue_differences(
    desired: &DesiredQueue,
    found: &QueueFacts,
    dead_letters: Option<&str>,
) -> Vec<String> {
    let mut differences = Vec::from_iter(not_allowed(&found.tags));
    let mut differ = |what: &str, is: String, desired: String| {
        differences.push(format!("{what} is {is}; the scenario asks for {desired}"));
    };
    if let Some(hidden) = desired.visibility_timeout
        && found.visibility_timeout != hidden
    {
        let is = span(found.visibility_timeout);
        differ("the visibility timeout", is, span(hidden));
    }
    let kind = |settings: Option<FifoFacts>| match settings {
        None => "a standard queue".to_owned(),
        Some(fifo) => {
            let by = match fifo.content_based_deduplication {
                true => "content-based deduplication",
                false => "deduplication by id",
            };
            let quota = match fifo.high_throughput {
                true => " and high throughput",
                false => "",
            };
            format!("a FIFO queue with {by}{quota}")
        }
    };
    if found.fifo_settings != desired.fifo {
        differ("its kind", kind(found.fifo_settings), kind(desired.fifo));
    }
    if found.retention != desired.retention {
        let is = span(found.retention);
        differ("the retention", is, span(desired.retention));
    }
    if !found.delay.is_zero() {
        differ("the delay", span(found.delay), "none".into());
    }
    let asked = desired.redrive.as_ref();
    let policy = "the redrive policy";
    match (asked, &found.redrive) {
        (None, None) => {}
        (None, Some(redrive)) => {
            let (count, target) = (redrive.max_receive_count, &redrive.target_arn);
            differ(
                policy,
                format!("{count} receives to {target}"),
                "none".into(),
            );
        }
        (Some((count, name)), None) => {
            differ(
                policy,
                "missing".into(),
                format!("{count} receives to {name}"),
            );
        }
        (Some((count, name)), Some(redrive)) => {
            if redrive.max_receive_count != *count {
                let is = redrive.max_receive_count.to_string();
                differ("max_receive_count", is, count.to_string());
            }
            let target = &redrive.target_arn;
            let same = match dead_letters {
                Some(arn) => target == arn,
                None => target.rsplit(':').next() == Some(name),
            };
            if !same {
                differ("the redrive policy's target", target.clone(), name.clone());
            }
        }
    }
    differences
}

/// What of a table is not as desired.
fn table_differences(desired: &DesiredTable, found: &TableFacts) -> Vec<String> {
    let mut differences = Vec::from_iter(not_allowed(&found.tags));
    let asked = told_key(&desired.key);
    if found.key_in_order() != asked {
        differences.push(format!(
            "the key is {}; the scenario asks for {}",
            key_in_words(&found.key),
            key_in_words(&asked)
        ));
    }
    if !matches!(found.status.as_str(), "ACTIVE" | "CREATING" | "UPDATING") {
        differences.push(format!(
            "its status is {}; the scenario asks for ACTIVE",
            found.status
        ));
    }
    differences.extend(capacity_difference(desired.capacity, found.capacity));
    differences
}

pub(super) fn capacity_difference(
    desired: DesiredCapacity,
    actual: CapacityFacts,
) -> Option<String> {
    use CapacityFacts as Actual;
    use DesiredCapacity as Desired;
    let same = match (desired, actual) {
        (
            Desired::OnDemand { warm_write_units },
            Actual::OnDemand {
                warm_write_units: warm,
                max_write_units,
            },
        ) => {
            if let Some(most) = max_write_units {
                return Some(format!(
                    "at most {most} writes a second are allowed; the scenario asks for no limit"
                ));
            }
            // A server that gives no figure of warmth keeps none; one that was warmed by traffic takes more.
            let (asked, warm) = (u64::from(warm_write_units?), warm?);
            return (warm < asked).then(|| {
                format!(
                    "{warm} writes a second are taken from the start; the scenario asks for {asked}"
                )
            });
        }
        (
            Desired::Provisioned {
                write_units,
                read_units,
            },
            Actual::Provisioned {
                write_units: writes,
                read_units: reads,
            },
        ) => writes == u64::from(write_units) && reads == u64::from(read_units),
        (Desired::OnDemand { .. }, Actual::Provisioned { .. })
        | (Desired::Provisioned { .. }, Actual::OnDemand { .. }) => false,
    };
    let actual = match actual {
        Actual::OnDemand { .. } => "on demand".to_owned(),
        Actual::Provisioned {
            write_units,
            read_units,
        } => provisioned(write_units, read_units),
    };
    let desired = match desired {
        Desired::OnDemand { .. } => "on demand".to_owned(),
        Desired::Provisioned {
            write_units,
            read_units,
        } => provisioned(write_units.into(), read_units.into()),
    };
    (!same).then(|| format!("the capacity is {actual}; the scenario asks for {desired}"))
}
