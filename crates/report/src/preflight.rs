//! What preflight found, as a document: the gravest first.

use crate::TextStyle;
use crate::document::{Block, Document, Table, Text, Tone, terminal};
use orderproof_core::preflight::{
    Check, Estimate, Facts, Known, PRICES_AS_OF, PRICES_REGION, Preflight, Trap, Weight,
};
use orderproof_core::results::figures::thousands;

/// Everything found, as text.
pub fn render(preflight: &Preflight, style: TextStyle) -> String {
    terminal(&document(preflight), style)
}

fn document(preflight: &Preflight) -> Document {
    let caller = preflight.facts.place.caller.get();
    let mut about = vec![("target", place(&preflight.facts))];
    about.extend(caller.map(|caller| ("as", caller.clone())));
    about.push(("scenario", preflight.scenario.clone()));
    let mut document = Document::new("", Tone::Note, String::new());
    document.lead = vec![Block::Facts(about)];
    let checks = Block::Table(checks(preflight));
    document.section("checks", "Checks", vec![checks]);
    document.section("a-run", "A run", estimate(&preflight.estimate));
    let refusals = preflight.refusals.iter();
    let refusals = refusals.map(|refusal| Block::plain(refusal.to_string()));
    document.section(
        "a-run-would-be-refused",
        "A run would be refused",
        refusals.collect(),
    );
    document
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
    let stub = match facts.is_stub() {
        true => ", a stub without a consumer: the run proves its sender, no pipeline",
        false => "",
    };
    format!("{account}, {}, {endpoint}{stub}", place.region)
}

fn checks(preflight: &Preflight) -> Table {
    let mut checks: Vec<&Check> = preflight.checks.iter().collect();
    checks.sort_by_key(|check| check.weight);
    let mut table = Table::of("Checks", &["", "", ""]);
    table.wrapped = true;
    let unanswered = unanswered(&checks);
    if let [first, ..] = unanswered.as_slice() {
        let names: Vec<_> = unanswered.iter().map(|check| check.trap.as_str()).collect();
        let told = format!("{}; so not looked at: {}", first.message, names.join(", "));
        table.row([first.weight.as_str(), "Lambda", &told]);
    }
    checks.retain(|check| !unanswered.iter().any(|one| std::ptr::eq(*one, *check)));
    for check in checks {
        let tone = match check.weight {
            Weight::Unknown => None,
            Weight::Void | Weight::Trap => Some(Tone::Bad),
            Weight::Caution => Some(Tone::Open),
            Weight::Well => Some(Tone::Good),
        };
        let weight = Text::word(check.weight.as_str(), tone);
        table.row([
            weight,
            check.trap.as_str().into(),
            check.message.as_str().into(),
        ]);
        if !check.cure.is_empty() {
            table.row(["", "", &format!("-> {}", check.cure)]);
        }
    }
    table
}

/// What was asked of Lambda, where it answered nothing of it: an endpoint without Lambda is said once.
fn unanswered<'a>(checks: &[&'a Check]) -> Vec<&'a Check> {
    const OF_LAMBDA: [Trap; 6] = [
        Trap::Mapping,
        Trap::PartialResponses,
        Trap::Filter,
        Trap::MappingConcurrency,
        Trap::Function,
        Trap::FunctionConcurrency,
    ];
    let asked = checks
        .iter()
        .filter(|check| OF_LAMBDA.contains(&check.trap));
    let asked: Vec<&Check> = asked.copied().collect();
    let unknown = |check: &&Check| check.weight == Weight::Unknown;
    match asked.len() > 1 && asked.iter().all(unknown) {
        true => asked,
        false => Vec::new(),
    }
}

fn estimate(estimate: &Estimate) -> Vec<Block> {
    let seconds = |duration: std::time::Duration| duration.as_secs_f64().ceil();
    let time = format!(
        "{} orders; about {} s: sending {}, coming to rest {}, reading {}",
        thousands(estimate.orders),
        seconds(estimate.duration()),
        seconds(estimate.sending),
        seconds(estimate.settling),
        seconds(estimate.reading)
    );
    let cost = format!(
        "at most about ${:.2} on AWS (prices of {PRICES_REGION}, {PRICES_AS_OF}, from third parties)",
        estimate.usd
    );
    let table = Table::each(
        "Costs",
        &estimate.lines,
        &[
            ("for", |line| line.what.as_str().into()),
            ("#amount", |line| amount(line.count).into()),
            ("#USD", |line| format!("${:.4}", line.usd).into()),
        ],
    );
    let facts = vec![("takes", time), ("costs", cost)];
    let notes = estimate.notes.iter().map(Block::plain);
    [Block::Facts(facts), Block::Table(table)]
        .into_iter()
        .chain(notes)
        .collect()
}

fn amount(count: f64) -> String {
    match count {
        count if count >= 10.0 || count == count.trunc() => thousands(count.ceil() as u64),
        count => format!("{count:.3}"),
    }
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
        let text = render(&preflight, TextStyle::default());
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("target    account unknown, us-east-1"),
            "{text}"
        );
        assert!(lines[5].starts_with("  VOID  redrive policy"), "{text}");
        assert!(text.contains("a run would be refused"), "{text}");
        assert!(!text.contains('\u{1b}'), "no color");
        assert!(
            render(
                &preflight,
                TextStyle {
                    color: true,
                    ..TextStyle::default()
                }
            )
            .contains('\u{1b}')
        );
        for line in &lines[5..] {
            assert!(line.chars().count() <= 112, "{line}");
        }
    }
}
