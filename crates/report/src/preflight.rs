//! What preflight found, as text.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use orderproof_core::escape::{Shown, line};
use orderproof_core::preflight::{
    Check, Estimate, Facts, Known, PRICES_AS_OF, PRICES_REGION, Preflight, Refusal, Weight,
};
use orderproof_core::results::figures::thousands;

/// Columns a line takes at most.
const WIDTH: usize = 100;
/// Where messages begin.
const INDENT: usize = 33;

/// Everything found, the gravest first.
pub fn render(preflight: &Preflight, color: bool) -> String {
    let mut out = String::new();
    write(&mut out, preflight, color).expect("writing to memory");
    out
}

fn write(out: &mut String, preflight: &Preflight, color: bool) -> std::fmt::Result {
    writeln!(out, "target   {}", Shown(&place(&preflight.facts)))?;
    if let Known::Is(caller) = &preflight.facts.place.caller {
        writeln!(out, "as       {}", Shown(caller))?;
    }
    writeln!(out, "scenario {}\n", Shown(&preflight.scenario))?;
    let mut checks: Vec<&Check> = preflight.checks.iter().collect();
    checks.sort_by_key(|check| check.weight);
    for check in checks {
        write_check(out, check, color)?;
    }
    writeln!(out)?;
    write_estimate(out, &preflight.estimate)?;
    write_refusals(out, &preflight.refusals)
}

/// Where the target is, in a line.
pub fn place(facts: &Facts) -> String {
    let place = &facts.place;
    let account = match &place.account {
        Known::Is(account) => format!("account {account}"),
        Known::Absent | Known::Unknown(_) => "account unknown".into(),
    };
    let endpoint = match place.sqs_endpoint.is_empty() {
        true => "SQS not reached",
        false => &place.sqs_endpoint,
    };
    format!("{account}, {}, {endpoint}", place.region)
}

fn style(weight: Weight, color: bool) -> Style {
    let color = match (color, weight) {
        (false, _) | (true, Weight::Unknown) => return Style::new(),
        (true, Weight::Void | Weight::Trap) => AnsiColor::Red,
        (true, Weight::Caution) => AnsiColor::Yellow,
        (true, Weight::Well) => AnsiColor::Green,
    };
    color.on_default().bold()
}

fn write_check(out: &mut String, check: &Check, color: bool) -> std::fmt::Result {
    let style = style(check.weight, color);
    let head = format!("{:<22}", check.trap.as_str());
    write!(out, "{style}{:<9}{style:#}  {head}", check.weight.as_str())?;
    write_wrapped(out, &line(&check.message))?;
    if !check.cure.is_empty() {
        write!(out, "{:INDENT$}", "")?;
        write_wrapped(out, &line(&format!("-> {}", check.cure)))?;
    }
    Ok(())
}

/// Writes `text` from the present column on, broken between words.
fn write_wrapped(out: &mut String, text: &str) -> std::fmt::Result {
    let mut column = INDENT;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > WIDTH {
            write!(out, "\n{:INDENT$}", "")?;
            column = INDENT;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    writeln!(out)
}

fn write_estimate(out: &mut String, estimate: &Estimate) -> std::fmt::Result {
    let seconds = |duration: std::time::Duration| duration.as_secs_f64().ceil();
    writeln!(
        out,
        "a run    {} orders; about {} s: sending {}, coming to rest {}, reading {}",
        thousands(estimate.orders),
        seconds(estimate.duration()),
        seconds(estimate.sending),
        seconds(estimate.settling),
        seconds(estimate.reading)
    )?;
    writeln!(
        out,
        "cost     at most about ${:.2} on AWS (prices of {PRICES_REGION}, {PRICES_AS_OF}, from third parties)",
        estimate.usd
    )?;
    for line in &estimate.lines {
        writeln!(
            out,
            "         {:<34} {:>14}  ${:.4}",
            line.what,
            amount(line.count),
            line.usd
        )?;
    }
    Ok(())
}

fn amount(count: f64) -> String {
    match count {
        count if count >= 10.0 => thousands(count.ceil() as u64),
        count => format!("{count:.3}"),
    }
}

fn write_refusals(out: &mut String, refusals: &[Refusal]) -> std::fmt::Result {
    if refusals.is_empty() {
        return Ok(());
    }
    writeln!(out, "\na run would be refused:")?;
    for refusal in refusals {
        writeln!(out, "  {}", Shown(&refusal.to_string()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use orderproof_core::preflight::fixture::{facts, known, scenario, target};

    #[test]
    fn the_text_tells_the_gravest_first_and_breaks_its_lines() {
        let scenario = scenario(&[]);
        let mut facts = facts();
        known(&mut facts.orders_queue).redrive = None;
        facts.place.account = Known::Unknown("no network".into());
        let preflight = Preflight::of(&scenario, target(&scenario), facts);
        let text = render(&preflight, false);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("target   account unknown, us-east-1"),
            "{text}"
        );
        assert!(lines[4].starts_with("VOID       redrive policy"), "{text}");
        assert!(text.contains("a run would be refused"), "{text}");
        assert!(!text.contains('\u{1b}'), "no color");
        assert!(render(&preflight, true).contains('\u{1b}'));
        for line in &lines[4..] {
            assert!(line.chars().count() <= 112, "{line}");
        }
    }
}
