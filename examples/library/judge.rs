//! A custom judge over a run's folder: `cargo run --example judge -- reports/example-smoke`.
//!
//! The evidence is judged again first. What this judge adds is a rule that no scenario can say: of the good orders that were
//! acknowledged, at least 99% are in the table, and nothing else is wrong with the run.

use std::error::Error;
use std::path::Path;

use orderproof::run::judge_folder;
use orderproof::verdict::{Class, Verdict};

/// The share of orders with an outcome that are in the table, if the evidence can be trusted.
fn stored_share(folder: &Path) -> Result<Option<f64>, Box<dyn Error>> {
    let judged = judge_folder(folder)?.rejudged;
    let sound = judged.trusted && judged.judgment.verdict == Verdict::Pass;
    let Some(classes) = judged.reconciliation.filter(|_| sound) else {
        return Ok(None);
    };
    let counts = classes.counts();
    let of = |class| counts.get(&class).copied().unwrap_or(0) as f64;
    let stored = of(Class::Stored) + of(Class::Recovered);
    let good = counts.values().sum::<u64>() as f64 - of(Class::DeadLetteredByDesign);
    Ok((good > 0.0).then_some(stored / good))
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("name the folder of a run")?;
    match stored_share(Path::new(&folder))? {
        Some(share) if share >= 0.99 => {
            println!("{:.2}% of the good orders are stored", share * 100.0)
        }
        Some(share) => return Err(format!("only {:.2}% are stored", share * 100.0).into()),
        None => return Err("the folder proves nothing, or the run did not pass".into()),
    }
    Ok(())
}

#[test]
fn a_run_that_passed_is_good_enough_and_an_edited_one_proves_nothing() -> Result<(), Box<dyn Error>>
{
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/example-smoke");
    assert!(stored_share(&example)?.is_some_and(|share| share >= 0.99));
    let edited = tempfile::tempdir()?;
    for file in std::fs::read_dir(&example)? {
        let file = file?;
        if file.file_type()?.is_file() {
            std::fs::copy(file.path(), edited.path().join(file.file_name()))?;
        }
    }
    let sent = edited.path().join("sent.json");
    let text = std::fs::read_to_string(&sent)?;
    std::fs::write(&sent, text + " ")?;
    assert_eq!(stored_share(edited.path())?, None);
    Ok(())
}
