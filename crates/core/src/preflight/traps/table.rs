//! The table: key, capacity against the rate, what is in it, what leaves it.

use super::Context;
use crate::order::spec::Key;
use crate::preflight::capacity::{BURST_SECONDS, throttling};
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::facts::{CapacityFacts, Known, TableFacts, key_in_words, told_key};
use crate::results::figures::thousands;

/// Writes a second that a new table on demand takes at once (Amazon DynamoDB Developer Guide, "On-demand
/// capacity mode").
const NEW_ON_DEMAND: u64 = 4_000;

const PROVISION: &str =
    "provision for the peak, or warm the table up (WarmThroughput); autoscaling comes too late";

pub(super) fn inspect(context: &Context<'_>, checks: &mut Vec<Check>) {
    let spec = &context.scenario.order;
    let main = spec.main_table();
    let further = context.facts.further_tables.iter();
    let all = further.map(|(called, table)| (called.as_str(), table));
    for (called, table) in std::iter::once((main, &context.facts.table)).chain(all) {
        let in_table = context.load.footprint.in_table(called);
        let writes = in_table.writes_per_second(&context.load);
        inspect_one(context, called, &writes, table, checks);
    }
}

fn inspect_one(
    context: &Context<'_>,
    called: &str,
    writes: &[f64],
    table: &Known<TableFacts>,
    checks: &mut Vec<Check>,
) {
    let name = context.target.resources.table_name(called);
    let of_it = match context.facts.further_tables.is_empty() {
        true => String::new(),
        false => format!("{name}: "),
    };
    let table =
        match table {
            Known::Is(table) => table,
            Known::Absent => {
                checks.push(Check::found(
                Trap::Table,
                Weight::Void,
                format!("there is no table called {name} in {}", context.facts.place.region),
                "create it (orderproof up, or deploy/), or name another one, or another --region",
            ));
                return;
            }
            Known::Unknown(why) => {
                checks.push(Check::found(
                    Trap::Table,
                    Weight::Void,
                    format!("{name} could not be read: {why}"),
                    "a run has to read its table: mend that first",
                ));
                return;
            }
        };
    checks.push(there(table, context.scenario.order.tables.get(called)));
    for mut check in [capacity(context, table, writes), expiry(table)] {
        check.message.insert_str(0, &of_it);
        checks.push(check);
    }
    checks.push(match &table.has_rows {
        Known::Is(false) => Check::well(Trap::TableEmpty, format!("{name} is empty")),
        Known::Is(true) => Check::found(
            Trap::TableEmpty,
            Weight::Caution,
            format!(
                "{name} holds rows already (about {}, as counted hours ago): the scan reads and pays for them \
                 too",
                table.items
            ),
            "they are told apart by their ids; use a table of the run's own if it is large",
        ),
        Known::Absent => Check::unknown(Trap::TableEmpty, "nobody looked"),
        Known::Unknown(why) => Check::unknown(Trap::TableEmpty, why),
    });
}

/// Whether it can be used, its key being the one the orders need; a table no order ends in may have any.
fn there(table: &TableFacts, asked: Option<&Key>) -> Check {
    let key = table.key_in_order();
    let asked = asked.map_or_else(|| key.clone(), told_key);
    if key != asked {
        let is = key_in_words(&table.key);
        let is_labs = key_in_words(&asked) == "id N HASH";
        let (needed, hint) = match is_labs {
            true => (
                "orders are written under id (a number) alone".to_owned(),
                "name a table with the partition key id of type N and no sort key",
            ),
            false => (
                format!("the scenario's orders need {}", key_in_words(&asked)),
                "write the table's own key into [[ends.NAME.rows]], or name another table",
            ),
        };
        return Check::found(
            Trap::Table,
            Weight::Void,
            format!("the key of {} is {is}, and {needed}", table.name),
            hint,
        );
    }
    match table.status.as_str() {
        "ACTIVE" | "UPDATING" => {
            Check::well(Trap::Table, format!("{} is {}", table.name, table.status))
        }
        status => Check::found(
            Trap::Table,
            Weight::Void,
            format!("{} is {status}", table.name),
            "wait until it is ACTIVE",
        ),
    }
}

fn capacity(context: &Context<'_>, table: &TableFacts, writes: &[f64]) -> Check {
    let peak = writes.iter().copied().fold(0.0, f64::max);
    let (told, units, burst) = match table.capacity {
        CapacityFacts::OnDemand {
            warm_write_units,
            max_write_units,
        } => {
            let warm = warm_write_units.unwrap_or(NEW_ON_DEMAND);
            let units = max_write_units.map_or(warm, |most| most.min(warm));
            (
                format!("on demand, {} writes a second at once", thousands(units)),
                units,
                0.0,
            )
        }
        CapacityFacts::Provisioned { write_units, .. } => (
            format!(
                "{} write units a second, {} saved at best",
                thousands(write_units),
                thousands(whole(write_units as f64 * BURST_SECONDS))
            ),
            write_units,
            BURST_SECONDS,
        ),
    };
    let told = format!(
        "{told}; the scenario brings up to {}",
        thousands(whole(peak))
    );
    // A forecast plays the one table that orders are first stored in.
    let forecast = context
        .forecast
        .filter(|_| context.facts.further_tables.is_empty());
    if let Some(forecast) = forecast {
        let told = format!("{told}; {}", forecast.of_the_table());
        return match forecast.throttled_writes {
            0 => Check::well(Trap::TableCapacity, told),
            _ => Check::found(Trap::TableCapacity, Weight::Trap, told, PROVISION),
        };
    }
    let found = throttling(writes, units as f64, burst);
    if found.delayed < 1.0 {
        return Check::well(Trap::TableCapacity, told);
    }
    let patience = context.facts.orders_queue.get().and_then(|queue| {
        Some(queue.visibility_timeout * queue.redrive.as_ref()?.max_receive_count)
    });
    let ends = match patience {
        Some(patience) if found.longest_wait_s > patience.as_secs_f64() => format!(
            "longer than the {patience:?} of all receives, so good orders end in the dead-letter queue"
        ),
        _ => "and each refusal may use up a receive".into(),
    };
    Check::found(
        Trap::TableCapacity,
        Weight::Trap,
        format!(
            "{told}: about {} writes are throttled, the last of them for {} s, {ends}",
            thousands(whole(found.delayed)),
            thousands(whole(found.longest_wait_s))
        ),
        PROVISION,
    )
}

fn whole(number: f64) -> u64 {
    number.round() as u64
}

fn expiry(table: &TableFacts) -> Check {
    match &table.expires_by {
        Known::Is(None) => Check::well(Trap::Expiry, "rows do not expire"),
        Known::Is(Some(attribute)) => Check::found(
            Trap::Expiry,
            Weight::Trap,
            format!(
                "rows expire by {attribute} (TTL): a row that is gone before the scan is a lost order"
            ),
            "switch TTL off for the run, or make sure that it lies beyond it",
        ),
        Known::Absent => Check::unknown(Trap::Expiry, "nobody looked"),
        Known::Unknown(why) => Check::unknown(Trap::Expiry, why),
    }
}
