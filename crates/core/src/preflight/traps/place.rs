//! Where the target is: the clock, and what the caller may do.

use super::Context;
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::facts::Known;

/// A signature of a time further off is refused (AWS: five minutes, for SQS and DynamoDB).
const SIGNATURE_LIMIT_S: f64 = 300.0;
/// Beyond it end-to-end latency means little.
const CLOCK_CAUTION_S: f64 = 1.0;

pub(super) fn inspect(context: &Context<'_>, checks: &mut Vec<Check>) {
    checks.push(clock(context));
    permissions(context, checks);
}

fn clock(context: &Context<'_>) -> Check {
    let offset = match &context.facts.place.clock {
        Known::Is(offset) => offset,
        Known::Absent => return Check::unknown(Trap::Clock, "the answers had no Date header"),
        Known::Unknown(why) => return Check::unknown(Trap::Clock, why),
    };
    let told = format!(
        "this machine is {:.1} s {} the target's clock, give or take {:.1} s",
        offset.seconds.abs(),
        if offset.seconds < 0.0 {
            "behind"
        } else {
            "ahead of"
        },
        offset.uncertainty
    );
    let surely = offset.seconds.abs() - offset.uncertainty;
    if surely >= SIGNATURE_LIMIT_S {
        let message = format!("{told}: AWS refuses signatures more than 5 minutes off");
        Check::found(
            Trap::Clock,
            Weight::Void,
            message,
            "set this machine's clock",
        )
    } else if surely >= CLOCK_CAUTION_S {
        let message = format!("{told}: end-to-end latencies are off by that");
        Check::found(
            Trap::Clock,
            Weight::Caution,
            message,
            "synchronize this machine's clock (NTP)",
        )
    } else {
        Check::well(Trap::Clock, told)
    }
}

fn permissions(context: &Context<'_>, checks: &mut Vec<Check>) {
    let mut granted: Vec<&str> = Vec::new();
    for permission in &context.facts.permissions {
        let what = format!("{} on {}", permission.action, permission.resource);
        match &permission.granted {
            Known::Is(true) if granted.contains(&permission.action.as_str()) => {}
            Known::Is(true) => granted.push(&permission.action),
            Known::Is(false) => checks.push(Check::found(
                Trap::Permission,
                Weight::Void,
                format!("{what} is denied, and a run needs it"),
                format!("allow {} to the caller", permission.action),
            )),
            Known::Absent => {}
            Known::Unknown(why) => {
                checks.push(Check::unknown(Trap::Permission, &format!("{what}: {why}")));
            }
        }
    }
    if !granted.is_empty() {
        checks.push(Check::well(
            Trap::Permission,
            format!("not denied: {}", granted.join(", ")),
        ));
    }
}
