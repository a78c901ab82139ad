//! `orderproof check --show`: orders as they would be sent, and what would prove them.

use std::fmt::Write;
use std::time::SystemTime;

use super::Error;
use crate::escape::Shown;
use crate::order::{OrderPlan, RunId, Times, Trace, TracePlace};
use crate::scenario::Scenario;

/// Characters of a line that are shown.
const LINE_MAX: usize = 2_000;

/// Orders that are looked through for one of each kind of bad orders.
const SEARCHED_MAX: u64 = 1_000_000;

/// The run that ids are shown of: every run has one of its own.
const EXAMPLE_RUN: u32 = 1_234_567;

/// The first `count` orders, and one of each kind of bad orders.
pub fn shown(scenario: &Scenario, count: u64) -> Result<String, Error> {
    let plan = plan(scenario)?;
    let planned = scenario.schedule().count();
    let mut out = String::new();
    for k in 0..count.min(planned) {
        show(&plan, k, &mut out);
    }
    for (kind, bad) in plan.model.spec().bad.iter().enumerate() {
        let searched = planned.min(SEARCHED_MAX);
        let found = (0..searched).find(|&k| plan.kind(k) == Some(kind));
        match found {
            Some(k) if k < count => {}
            Some(k) => show(&plan, k, &mut out),
            None => {
                let name = Shown(&bad.name);
                let _ = writeln!(
                    out,
                    "  bad orders \"{name}\": none among the first {searched}"
                );
            }
        }
    }
    Ok(out)
}

fn plan(scenario: &Scenario) -> Result<OrderPlan, Error> {
    let told = |problems: Vec<crate::order::Problem>| {
        let first = problems.first();
        Error::usage(first.map_or_else(String::new, |problem| {
            format!("{}: {}", problem.key, problem.rule)
        }))
    };
    let run = RunId::new(EXAMPLE_RUN).ok_or_else(|| Error::usage("no run has such an id"))?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_millis();
    let times = Times::new(u64::try_from(now).unwrap_or_default(), scenario.schedule());
    let plan = OrderPlan {
        model: scenario.model().map_err(told)?,
        ..OrderPlan::lab(run, scenario.seed, scenario.bad_share)
    };
    Ok(plan.due(times))
}

fn show(plan: &OrderPlan, k: u64, out: &mut String) {
    let mut body = Vec::new();
    plan.write_body(k, &mut body);
    let what = match plan.kind(k) {
        Some(kind) => format!("bad: {}", Shown(&plan.model.spec().bad[kind].name)),
        None => "good".into(),
    };
    let end = Shown(plan.end(k)).to_string();
    let length = body.len();
    let _ = writeln!(
        out,
        "  order {k} ({what}), belongs to {end}; {length} bytes:"
    );
    for line in String::from_utf8_lossy(&body).lines() {
        let _ = writeln!(out, "      {}", short(line));
    }
    for attribute in plan.attributes(k) {
        let (kind, text) = (attribute.value.data_type(), short(attribute.value.text()));
        let name = Shown(&attribute.name);
        let _ = writeln!(out, "    attribute {name} ({kind}): {text}");
    }
    let carried = [
        ("group", plan.group(k)),
        ("deduplication id", plan.deduplication(k)),
    ];
    for (name, value) in carried {
        if let Some(value) = value {
            let _ = writeln!(out, "    {name}: {}", short(&value));
        }
    }
    for trace in plan.traces(k) {
        show_trace(&trace, out);
    }
}

fn show_trace(trace: &Trace, out: &mut String) {
    let key: Vec<String> = trace
        .key
        .iter()
        .map(|(name, value)| format!("{} = {}", Shown(name), short(value)))
        .collect();
    let _ = match &trace.place {
        TracePlace::Row(table) => {
            writeln!(
                out,
                "    leaves in table {}: {}",
                Shown(table),
                key.join(", ")
            )
        }
        TracePlace::Letter(queue) => writeln!(out, "    leaves in queue {}", Shown(queue)),
        TracePlace::DeadLetter => {
            writeln!(out, "    leaves itself in the dead-letter queue")
        }
    };
    for (name, held) in &trace.holds {
        let _ = writeln!(out, "      {}: {}", Shown(name), short(held));
    }
}

/// A line as it may be printed, and not without end.
fn short(line: &str) -> String {
    let mut characters = line.chars();
    let kept: String = characters.by_ref().take(LINE_MAX).collect();
    let left = characters.count();
    let more = match left {
        0 => String::new(),
        left => format!("... and {left} characters more"),
    };
    format!("{}{more}", Shown(&kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, parse};

    const TEXT: &str = r#"
name = "x"
question = "Does it work?"
bad_orders = "20%"
[[phase]]
name = "baseline"
rate = "100/s"
duration = "5s"
[order]
id = "WEB-{{run}}-{{n}}"
body = '{"id": "{{id}}", "price": {{price}}}'
attributes = { tenant = "t{{n}}" }
[order.fields]
price = { pick = [1.5] }
[[bad]]
name = "no price"
remove = ["/price"]
end = "rejected"
[[bad]]
name = "never"
weight = 0
cut = "50%"
[[ends.stored.rows]]
table = "orders"
key = { id = "{{id}}", shard = "*" }
holds = { price = "/price" }
[[ends.rejected.letters]]
queue = "rejected"
holds = { "/why" = "no price" }
[processor]
command = ["f"]
"#;

    #[test]
    fn orders_are_shown_as_sent_with_what_proves_them() {
        let scenario = parse("x.toml", TEXT, &Overrides::default()).unwrap();
        let text = shown(&scenario, 1).unwrap();
        let first = "  order 0 (good), belongs to stored; 37 bytes:\n      \
                     {\"id\": \"WEB-1234567-0\", \"price\": 1.5}\n    attribute tenant (String): t0\n    \
                     leaves in table orders: id = WEB-1234567-0, shard = *\n      price: 1.5\n";
        assert!(text.starts_with(first), "{text}");
        assert_eq!(
            text.matches("(bad: no price), belongs to rejected").count(),
            1
        );
        assert!(
            text.contains("    leaves in queue rejected\n      /why: \"no price\"\n"),
            "{text}"
        );
        assert!(
            text.contains("bad orders \"never\": none among the first 500\n"),
            "{text}"
        );
    }

    #[test]
    fn what_is_shown_is_harmless_and_has_an_end() {
        let long = format!("\u{1b}[31m{}", "x".repeat(LINE_MAX));
        let line = short(&long);
        assert!(line.ends_with("... and 5 characters more"), "{line}");
        assert!(!line.contains('\u{1b}'));
    }
}
