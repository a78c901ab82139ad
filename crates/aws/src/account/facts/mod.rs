//! Reading a target's real settings, all parts side by side. What cannot be read is unknown, and why.

mod door;
mod function;
mod permissions;
mod place;
mod queue;
mod table;
#[cfg(test)]
mod tests;

pub use door::read_door;
pub(super) use place::read as read_place;
pub(super) use queue::read as read_queue;
pub(super) use table::read as read_table;
pub use table::table_key;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use crate::preflight::{Facts, Known, MappingFacts, Permission, QueueFacts, TableFacts};
use crate::records::ClockOffset;
use crate::scenario::{AwsTarget, ProcessorPlace, Scenario, is_loopback};
use crate::store::{ResponseProbe, Session, in_words, strange_answer};

/// How often the clock is read.
const CLOCK_READINGS: u32 = 10;
/// On loopback: how often at most for each turn of a second, and the pause between two readings when the turn is
/// looked for.
const NEAR_READINGS: u32 = 200;
const NEAR_STEP: Duration = Duration::from_millis(10);
/// How many turns are watched at most, until the offset is known as closely as this, seconds: a busy machine wakes late
/// and misses some.
const NEAR_TURNS: u32 = 6;
const NEAR_ENOUGH: f64 = 0.010;
/// Watching begins so long before the turn.
const NEAR_LEAD: Duration = Duration::from_millis(20);

/// Reads everything there is to know of `target` before a run; nothing is changed.
pub async fn read_facts(session: &Session, target: &AwsTarget, scenario: &Scenario) -> Facts {
    let (at_queues, at_table) = (ResponseProbe::default(), ResponseProbe::default());
    let names = &target.resources;
    let main = scenario.order.main_table();
    let (mut place, orders_queue, dead_letter_queue, table) = tokio::join!(
        place::read(session),
        queue::read(session, &names.orders_queue, &at_queues),
        queue::read(session, &names.dead_letter_queue, &at_queues),
        table::read(session, names.table_name(main), &at_table),
    );
    place.sqs_endpoint = at_queues.endpoint().unwrap_or_default();
    place.dynamodb_endpoint = at_table.endpoint().unwrap_or_default();
    let door = door::at(session, scenario).await;
    place.loopback = is_loopback(&place.sqs_endpoint)
        && is_loopback(&place.dynamodb_endpoint)
        && door.is_none_or(|url| is_loopback(&url));
    if orders_queue.get().is_some() {
        match place.loopback {
            true => read_near_clock(session, &names.orders_queue, &at_queues).await,
            false => read_clock(session, &names.orders_queue, &at_queues).await,
        }
    }
    place.clock = at_queues.clock_offset().map_or(Known::Absent, Known::Is);
    let queue_arn = orders_queue.get().map(|queue| queue.arn.clone());
    let (mappings, function) = match target.processor {
        // Who else polls the queue matters here too.
        ProcessorPlace::Local | ProcessorPlace::External => (
            function::read_mappings(session, queue_arn).await,
            Known::Absent,
        ),
        ProcessorPlace::Lambda => tokio::join!(
            function::read_mappings(session, queue_arn),
            function::read(session, &target.function)
        ),
    };
    let letters = scenario.letter_queues(&scenario.order);
    let door = door::read(session, scenario, orders_queue.get()).await;
    let mut facts = Facts {
        place,
        orders_queue,
        dead_letter_queue,
        table,
        further_tables: further_tables(session, target, scenario).await,
        letter_queues: further(session, target, letters).await,
        further_queues: further(session, target, scenario.further_queues()).await,
        further_mappings: BTreeMap::new(),
        mappings,
        function,
        door,
        permissions: Vec::new(),
    };
    facts.further_mappings = further_mappings(session, scenario, &facts).await;
    let reading = permissions::read(session, target, scenario, &facts);
    let permissions = tokio::time::timeout(PERMISSIONS_PATIENCE, reading).await;
    facts.permissions = permissions.unwrap_or_else(|_| vec![not_answered()]);
    facts
}

/// The tables beside the main one, by what the scenario calls them.
async fn further_tables(
    session: &Session,
    target: &AwsTarget,
    scenario: &Scenario,
) -> BTreeMap<String, Known<TableFacts>> {
    let spec = &scenario.order;
    let mut tables = BTreeMap::new();
    for called in spec.tables.keys().filter(|name| *name != spec.main_table()) {
        let name = target.resources.table_name(called);
        let table = table::read(session, name, &ResponseProbe::default()).await;
        tables.insert(called.clone(), table);
    }
    tables
}

/// Queues beside orders queue and dead-letter queue.
async fn further(
    session: &Session,
    target: &AwsTarget,
    called: Vec<&str>,
) -> BTreeMap<String, Known<QueueFacts>> {
    let names = &target.resources;
    let mut queues = BTreeMap::new();
    for called in called {
        let name = names.queue_name(called);
        if name != names.orders_queue && name != names.dead_letter_queue {
            let queue = queue::read(session, name, &ResponseProbe::default()).await;
            queues.insert(called.to_owned(), queue);
        }
    }
    queues
}

/// The mappings of the queues that are looked at for letters, and of those that functions of this process are fed from.
async fn further_mappings(
    session: &Session,
    scenario: &Scenario,
    facts: &Facts,
) -> BTreeMap<String, Known<Vec<MappingFacts>>> {
    let dead_letters = &scenario.pipeline.dead_letter_queue;
    let swept =
        std::iter::once((dead_letters, &facts.dead_letter_queue)).chain(&facts.letter_queues);
    let is_fed = |called: &String| {
        let mut functions = scenario.processors.values();
        functions.any(|function| function.queue == *called)
    };
    let fed = facts
        .further_queues
        .iter()
        .filter(|(called, _)| is_fed(called));
    let mut mappings = BTreeMap::new();
    for (called, queue) in swept.chain(fed) {
        if let Some(queue) = queue.get() {
            let found = function::read_mappings(session, Some(queue.arn.clone())).await;
            mappings.insert(called.clone(), found);
        }
    }
    mappings
}

/// Endpoints that take longer to say what the caller may do have not said it.
const PERMISSIONS_PATIENCE: Duration = Duration::from_secs(60);

fn not_answered() -> Permission {
    let seconds = PERMISSIONS_PATIENCE.as_secs();
    Permission {
        action: "permissions of a run".into(),
        resource: "its queues and its tables".into(),
        granted: Known::Unknown(format!("no answer within {seconds} s")),
    }
}

/// Asks the queue's name again over a second: `Date` headers are cut to seconds, and those around the turn of
/// one say most.
async fn read_clock(session: &Session, queue: &str, probe: &ResponseProbe) {
    let sqs = session.sqs();
    for _ in 0..CLOCK_READINGS {
        tokio::time::sleep(Duration::from_secs(1) / CLOCK_READINGS).await;
        let asked = sqs.get_queue_url().queue_name(queue).customize();
        let _ = asked.interceptor(probe.clone()).send().await;
    }
}

/// The same of an endpoint on loopback, where asking is free and latencies are short: the turn of a second is looked for
/// first, and then further ones are watched closely, until the offset is known well enough.
async fn read_near_clock(session: &Session, queue: &str, probe: &ResponseProbe) {
    let sqs = session.sqs();
    for _ in 0..NEAR_TURNS {
        let Some((offset, turn)) = probe.clock_offset().zip(probe.next_turn()) else {
            // Without a `Date` there is nothing to wait for.
            return;
        };
        if offset.uncertainty <= NEAR_ENOUGH {
            return;
        }
        let step = match offset.uncertainty > 2.0 * NEAR_STEP.as_secs_f64() {
            true => NEAR_STEP,
            false => Duration::ZERO,
        };
        tokio::time::sleep(turn.starts_in.saturating_sub(NEAR_LEAD)).await;
        let began = tokio::time::Instant::now();
        let before = probe.clock_offset();
        let mut readings = 0;
        while began.elapsed() <= turn.takes + 2 * NEAR_LEAD && readings < NEAR_READINGS {
            let asked = sqs.get_queue_url().queue_name(queue).customize();
            let _ = asked.interceptor(probe.clone()).send().await;
            readings += 1;
            if turned(before, probe.clock_offset()) {
                break;
            }
            tokio::time::sleep(step).await;
        }
    }
}

/// Whether the turn was between the last two answers: then both bounds have moved.
fn turned(before: Option<ClockOffset>, now: Option<ClockOffset>) -> bool {
    let Some((before, now)) = before.zip(now) else {
        return false;
    };
    let ends = |offset: ClockOffset| {
        (
            offset.seconds - offset.uncertainty,
            offset.seconds + offset.uncertainty,
        )
    };
    let ((low, high), (now_low, now_high)) = (ends(before), ends(now));
    now_low > low && now_high < high
}

/// An error in a line: the service's own code and words if it answered.
pub(super) fn why<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => match error {
            SdkError::ServiceError(service) => strange_answer(service.raw().status().as_u16()),
            SdkError::ResponseError(response) => strange_answer(response.raw().status().as_u16()),
            _ => no_reply(in_words(error)),
        },
    }
}

/// What is said where no reply of the service came. One that is none was given up by ourselves, which the SDK tells in
/// words of its own.
fn no_reply(words: String) -> String {
    match words.strip_prefix("dispatch failure: other: ") {
        Some(ours) => format!("{ours}; check what answers at the endpoint"),
        None => words,
    }
}

/// What an error says of a thing that was asked for by name.
fn missing_or_unknown<T, E>(error: &SdkError<E, HttpResponse>, missing: fn(&E) -> bool) -> Known<T>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match error.as_service_error() {
        Some(service) if missing(service) => Known::Absent,
        _ => Known::Unknown(why(error)),
    }
}
