//! `docs/fidelity.md`: who answered what, made from a run, the same on every run that sees the same.

use std::fmt::Write as _;

use super::check::{Check, Documented, Outcome, Service};
use super::known;

/// The answers of one endpoint, in the order of the checks; none to checks of a service it has not.
pub struct Column {
    pub name: String,
    pub outcomes: Vec<Option<Outcome>>,
}

/// What the table says of the embedded pipeline; the first column.
pub const EMBEDDED: &str = "embedded";

pub fn render(checks: &[&Check], columns: &[Column]) -> String {
    let mut text = introduction(columns);
    summary(&mut text, checks, columns);
    let mut sections: Vec<_> = checks
        .iter()
        .map(|check| (check.service, check.section))
        .collect();
    sections.dedup();
    for (service, section) in sections {
        table(&mut text, checks, columns, service, section);
    }
    differences(&mut text, checks, columns);
    text
}

fn introduction(columns: &[Column]) -> String {
    let peers: Vec<_> = columns[1..].iter().map(|peer| peer.name.as_str()).collect();
    let peers = match peers.as_slice() {
        [] => "no other server".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    format!(
        "# Fidelity\n\n\
         Generated from a run of `tests/suite/fidelity`: do not edit, run `.ci/fidelity`.\n\n\
         Each line is a behavior that an unmodified AWS SDK client can see, and a check that drives it through \
         `aws-sdk-sqs` or `aws-sdk-dynamodb` with retries off; SNS and EventBridge are asked by requests as \
         botocore writes them. The same checks were put to the embedded \
         pipeline and to {peers}. AWS itself was not asked: the second column names the page of its \
         documentation that decides (the API reference, \"API\", or the developer guide, \"guide\"), or says \
         unknown where no page does. Every \"no\" is explained under [Differences](#differences).\n\n"
    )
}

fn summary(text: &mut String, checks: &[&Check], columns: &[Column]) {
    text.push_str(
        "| server | SQS passed | failed | DynamoDB passed | failed | SNS passed | failed | EventBridge passed | failed |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for column in columns {
        let _ = write!(text, "| {} |", column.name);
        for service in Service::ALL {
            let count = |wanted: &str| {
                let answers = checks.iter().zip(&column.outcomes);
                let of_service = answers.filter(|(check, _)| check.service == service);
                of_service
                    .filter(|(_, outcome)| cell(outcome) == wanted)
                    .count()
            };
            match (count("yes"), count("no")) {
                (0, 0) => text.push_str(" – | – |"),
                (passed, failed) => {
                    let _ = write!(text, " {passed} | {failed} |");
                }
            }
        }
        text.push('\n');
    }
}

fn table(
    text: &mut String,
    checks: &[&Check],
    columns: &[Column],
    service: Service,
    section: &str,
) {
    let _ = write!(
        text,
        "\n## {}: {section}\n\n| behavior | AWS documents |",
        service.title()
    );
    for column in columns {
        let _ = write!(text, " {} |", column.name);
    }
    let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(columns.len()));
    for (number, check) in checks.iter().enumerate() {
        if (check.service, check.section) != (service, section) {
            continue;
        }
        let _ = write!(text, "| {} | {} |", check.line, decided_by(check));
        for column in columns {
            let _ = write!(text, " {} |", cell(&column.outcomes[number]));
        }
        text.push('\n');
    }
}

fn cell(outcome: &Option<Outcome>) -> &'static str {
    match outcome {
        Some(Ok(())) => "yes",
        Some(Err(_)) => "no",
        None => "–",
    }
}

fn decided_by(check: &Check) -> &'static str {
    match check.documented {
        Documented::Aws(page) => page,
        Documented::Unknown(_) => "unknown",
    }
}

fn differences(text: &mut String, checks: &[&Check], columns: &[Column]) {
    text.push_str(
        "\n## Differences\n\nWhat was expected, what was seen, and what decides; for the embedded pipeline also why \
         it is left so.\n",
    );
    for (number, check) in checks.iter().enumerate() {
        let failed: Vec<_> = columns
            .iter()
            .filter_map(|column| match &column.outcomes[number] {
                Some(Err(sentence)) => Some((column.name.as_str(), sentence)),
                _ => None,
            })
            .collect();
        if failed.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n**{}: {}**\n", check.service.title(), check.line);
        let _ = match check.documented {
            Documented::Aws(page) => writeln!(text, "- AWS documents it: {page}."),
            Documented::Unknown(note) => writeln!(text, "- Unknown: {note}"),
        };
        for (name, sentence) in failed {
            let _ = write!(text, "- {name}: {sentence}.");
            let reason = known::reason(check.line).filter(|_| name == EMBEDDED);
            let _ = match reason {
                Some(reason) => writeln!(text, " {reason}"),
                None => writeln!(text),
            };
        }
    }
}

/// The first three cells of every check's row, as the document should have them for the embedded pipeline.
pub fn expected_rows(checks: &[&Check]) -> Vec<String> {
    let rows = checks.iter().map(|check| {
        let answer = match known::reason(check.line) {
            None => "yes",
            Some(_) => "no",
        };
        format!("| {} | {} | {answer} |", check.line, decided_by(check))
    });
    rows.collect()
}

/// The same cells as a document has them: those of all rows of all sections.
pub fn rows(document: &str) -> Vec<String> {
    let sections = document.split_once("\n## ").map_or("", |(_, rest)| rest);
    let lines = sections.lines().filter(|line| line.starts_with("| "));
    let rows = lines.filter(|line| !line.starts_with("| behavior "));
    let cells = rows.map(|line| line.split('|').take(4).collect::<Vec<_>>().join("|") + "|");
    cells.collect()
}
