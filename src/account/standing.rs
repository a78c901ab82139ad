//! How what is there compares with what is wanted, and whose it is. Pure.

use super::survey::{Kind, Survey};
use super::wanted::{Wanted, WantedCapacity, WantedQueue, WantedTable, spoken};
use crate::preflight::{
    ALLOWED_TAG, ALLOWED_VALUE, CapacityFacts, Known, QueueFacts, TableFacts, Tags,
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

/// How a resource compares with what is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is not there, and can be created.
    Absent,
    /// It is there, ours, and as wanted.
    AsWanted,
    /// It is there and ours, with other settings: each, and what was wanted.
    Differs(Vec<String>),
    /// It is there and not ours.
    Foreign,
    /// It could not be read, and why.
    Unknown(String),
}

/// Whose something is, by its tags.
pub(super) fn ownership<T>(found: &Known<T>, tags: impl Fn(&T) -> &Known<Tags>) -> Ownership {
    match found {
        Known::Absent => Ownership::Absent,
        Known::Unknown(why) => Ownership::Unknown(why.clone()),
        Known::Is(found) => match tags(found) {
            Known::Is(tags) if is(tags, CREATED_BY_TAG, CREATED_BY_VALUE) => Ownership::Ours,
            Known::Is(_) => Ownership::Foreign,
            Known::Absent => Ownership::Unknown("its tags were not told".into()),
            Known::Unknown(why) => Ownership::Unknown(format!("its tags: {why}")),
        },
    }
}

fn is(tags: &Tags, key: &str, value: &str) -> bool {
    tags.get(key).is_some_and(|found| found == value)
}

impl Survey {
    /// How a resource compares with what is wanted.
    pub fn standing(&self, kind: Kind, wanted: &Wanted) -> Standing {
        match self.ownership(kind) {
            Ownership::Absent => Standing::Absent,
            Ownership::Foreign => Standing::Foreign,
            Ownership::Unknown(why) => Standing::Unknown(why),
            Ownership::Ours if self.is_leaving(kind) => Standing::Absent,
            Ownership::Ours => {
                let differences = self.differences(kind, wanted);
                match differences.is_empty() {
                    true => Standing::AsWanted,
                    false => Standing::Differs(differences),
                }
            }
        }
    }

    /// Whether it is there for a few moments more: a table that is being deleted.
    fn is_leaving(&self, kind: Kind) -> bool {
        let table = self.table.get().filter(|_| kind == Kind::Table);
        table.is_some_and(|table| table.status == "DELETING")
    }

    fn differences(&self, kind: Kind, wanted: &Wanted) -> Vec<String> {
        let dead_letters = self.dead_letter_queue.get();
        let arn = dead_letters.map(|queue| queue.arn.as_str());
        match kind {
            Kind::DeadLetterQueue => dead_letters
                .map(|found| queue_differences(&wanted.dead_letter_queue, found, None))
                .unwrap_or_default(),
            Kind::OrdersQueue => self
                .orders_queue
                .get()
                .map(|found| queue_differences(&wanted.orders_queue, found, arn))
                .unwrap_or_default(),
            Kind::Table => self
                .table
                .get()
                .map(|found| table_differences(&wanted.table, found))
                .unwrap_or_default(),
        }
    }
}

fn not_allowed(tags: &Known<Tags>) -> Option<String> {
    let allowed = tags
        .get()
        .is_some_and(|tags| is(tags, ALLOWED_TAG, ALLOWED_VALUE));
    (!allowed).then(|| format!("the tag {ALLOWED_TAG}={ALLOWED_VALUE} is gone"))
}

/// What of a queue is not as wanted; `dead_letters` is the ARN of the dead-letter queue, if it is there.
fn queue_differences(
    wanted: &WantedQueue,
    found: &QueueFacts,
    dead_letters: Option<&str>,
) -> Vec<String> {
    let mut differences = Vec::from_iter(not_allowed(&found.tags));
    let mut differ = |what: &str, is: String, wanted: String| {
        differences.push(format!("{what} is {is}, wanted {wanted}"));
    };
    if let Some(hidden) = wanted.visibility_timeout
        && found.visibility_timeout != hidden
    {
        let is = spoken(found.visibility_timeout);
        differ("the visibility timeout", is, spoken(hidden));
    }
    if found.retention != wanted.retention {
        let is = spoken(found.retention);
        differ("the retention", is, spoken(wanted.retention));
    }
    if !found.delay.is_zero() {
        differ("the delay", spoken(found.delay), "none".into());
    }
    match (&wanted.redrive, &found.redrive) {
        (None, None) => {}
        (None, Some(redrive)) => differ(
            "the redrive policy",
            format!(
                "{} receives to {}",
                redrive.max_receive_count, redrive.target_arn
            ),
            "none".into(),
        ),
        (Some((count, name)), None) => {
            differ(
                "the redrive policy",
                "missing".into(),
                format!("{count} receives to {name}"),
            );
        }
        (Some((count, name)), Some(redrive)) => {
            if redrive.max_receive_count != *count {
                let is = redrive.max_receive_count.to_string();
                differ("max_receive_count", is, count.to_string());
            }
            let same = match dead_letters {
                Some(arn) => redrive.target_arn == arn,
                None => redrive.target_arn.rsplit(':').next() == Some(name),
            };
            if !same {
                differ(
                    "the redrive policy's target",
                    redrive.target_arn.clone(),
                    name.clone(),
                );
            }
        }
    }
    differences
}

/// What of a table is not as wanted.
fn table_differences(wanted: &WantedTable, found: &TableFacts) -> Vec<String> {
    let mut differences = Vec::from_iter(not_allowed(&found.tags));
    let key: Vec<[&str; 3]> = found
        .key
        .iter()
        .map(|part| part.each_ref().map(String::as_str))
        .collect();
    if key != [["id", "N", "HASH"]] {
        let is: Vec<_> = key.iter().map(|part| part.join(" ")).collect();
        differences.push(format!("the key is {}, wanted id N HASH", is.join(", ")));
    }
    if !matches!(found.status.as_str(), "ACTIVE" | "CREATING" | "UPDATING") {
        differences.push(format!("its status is {}, wanted ACTIVE", found.status));
    }
    differences.extend(capacity_difference(wanted.capacity, found.capacity));
    differences
}

pub(super) fn capacity_difference(wanted: WantedCapacity, found: CapacityFacts) -> Option<String> {
    match (wanted, found) {
        (WantedCapacity::OnDemand { warm_write_units: wanted }, CapacityFacts::OnDemand { warm_write_units, max_write_units }) => {
            if let Some(most) = max_write_units {
                return Some(format!("at most {most} writes a second are allowed, wanted no limit"));
            }
            // A server that tells no figure of warmth keeps none; one that was warmed by traffic takes more.
            let (wanted, warm) = (u64::from(wanted?), warm_write_units?);
            (warm < wanted).then(|| {
                format!("{warm} writes a second are taken from the start, wanted {wanted}")
            })
        }
        (
            WantedCapacity::Provisioned { write_units, read_units },
            CapacityFacts::Provisioned { write_units: writes, read_units: reads },
        ) => (writes != u64::from(write_units) || reads != u64::from(read_units)).then(|| {
            format!(
                "it has {writes} write and {reads} read capacity units, wanted {write_units} and {read_units}"
            )
        }),
        (WantedCapacity::OnDemand { .. }, CapacityFacts::Provisioned { write_units, read_units }) => {
            Some(format!(
                "it has {write_units} write and {read_units} read capacity units, wanted on demand"
            ))
        }
        (WantedCapacity::Provisioned { write_units, read_units }, CapacityFacts::OnDemand { .. }) => {
            Some(format!(
                "it is on demand, wanted {write_units} write and {read_units} read capacity units"
            ))
        }
    }
}
