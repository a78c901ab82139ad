//! The table of a self-test: faults x expected x observed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use serde_json::json;

use super::self_test::{Case, Observed, seconds};
use crate::scenario::{
    Fault, FaultExtent, LOSS_MODES, ProcessorKind, Proof, Quantity, Resources, Scenario,
    TableCapacity,
};
use crate::verdict::{Class, Verdict};

/// One scenario, what it must come out as and what did.
pub(super) struct Trial {
    name: String,
    question: String,
    planted: String,
    proof: Proof,
    observed: Result<Observed, String>,
    elapsed: Duration,
}

impl Trial {
    pub(super) fn new(case: &Case, observed: Result<Observed, String>, elapsed: Duration) -> Self {
        let stem = case.file.file_stem().unwrap_or_default();
        Self {
            name: stem.to_string_lossy().into_owned(),
            question: case.scenario.question.clone(),
            planted: planted(&case.scenario),
            proof: case.proof.clone(),
            observed,
            elapsed,
        }
    }

    /// Whether it came out as stated.
    pub(super) fn holds(&self) -> bool {
        self.mismatches().is_empty()
    }

    /// By loss mode, the near miss after what it nearly is.
    pub(super) fn order(&self) -> (u8, bool, &str) {
        (self.proof.loss_mode, self.proof.near_miss, &self.name)
    }

    /// What did not come out as stated.
    fn mismatches(&self) -> Vec<String> {
        match &self.observed {
            Ok(observed) => mismatches(&self.proof, observed),
            Err(error) => vec![error.clone()],
        }
    }

    /// One line as it ends.
    pub(super) fn line(&self) -> String {
        let word = if self.holds() { "ok  " } else { "DIFF" };
        let mut line = format!("{word}  {}  {}", self.name, seconds(self.elapsed));
        for mismatch in self.mismatches() {
            let _ = write!(line, "\n      {mismatch}");
        }
        line
    }
}

/// What `--json` prints.
pub(super) fn document(trials: &[Trial], planned: usize) -> serde_json::Value {
    let trials: Vec<_> = trials
        .iter()
        .map(|trial| {
            let observed = trial.observed.as_ref().ok();
            json!({
                "name": trial.name,
                "question": trial.question,
                "loss_mode": trial.proof.loss_mode,
                "near_miss": trial.proof.near_miss,
                "holds": trial.holds(),
                "expected_verdict": trial.proof.verdict,
                "expected_exit_code": trial.proof.exit_code,
                "verdict": observed.map(|seen| seen.verdict),
                "exit_code": observed.map(|seen| seen.exit_code),
                "classes": observed.map(|seen| &seen.classes),
                "findings": observed.map(|seen| &seen.findings),
                "differences": trial.mismatches(),
                "took_us": u64::try_from(trial.elapsed.as_micros()).unwrap_or(u64::MAX),
            })
        })
        .collect();
    let passed = trials.len() == planned && trials.iter().all(|trial| trial["holds"] == true);
    json!({"schema_version": 1, "passed": passed, "planned": planned, "trials": trials})
}

/// Classes in which every order may be without a word: where orders belong.
const USUAL: [Class; 2] = [Class::Stored, Class::DeadLetteredByDesign];

fn mismatches(proof: &Proof, observed: &Observed) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, expected: String, seen: String| {
        if expected != seen {
            found.push(format!("{what}: expected {expected}, observed {seen}"));
        }
    };
    differ(
        "verdict",
        proof.verdict.as_str().into(),
        observed.verdict.as_str().into(),
    );
    differ(
        "exit code",
        proof.exit_code.to_string(),
        observed.exit_code.to_string(),
    );
    differ("killed", proof.dies.to_string(), observed.died.to_string());
    differ(
        "exit code of verify",
        proof.exit_code.to_string(),
        observed.verified.to_string(),
    );
    differ(
        "verdict of verify",
        proof.verdict.as_str().into(),
        observed.verdict_again.as_str().into(),
    );
    found.extend(classes_amiss(proof, &observed.classes));
    // Files that could not be written to the end know less than the process did, and may say so.
    let cut_short = observed
        .findings
        .iter()
        .any(|code| code == "ledger_unfinished");
    if observed.classes_again != observed.classes {
        let amiss = classes_amiss(proof, &observed.classes_again);
        found.extend(amiss.into_iter().map(|amiss| format!("verify: {amiss}")));
        if !cut_short {
            found.push("verify: other classes than were reported".into());
        }
    }
    let missing = |code: &&String| !observed.findings.contains(code);
    for code in proof.findings.iter().filter(missing) {
        let codes = observed.findings.join(", ");
        found.push(format!("finding {code}: not among {codes:?}"));
    }
    found
}

/// Classes with another number of orders than stated.
fn classes_amiss(proof: &Proof, classes: &BTreeMap<Class, u64>) -> Vec<String> {
    let amiss = Class::ALL.into_iter().filter_map(|class| {
        let count = classes.get(&class).copied().unwrap_or_default();
        let unnamed = match USUAL.contains(&class) {
            true => Quantity::Any,
            false => Quantity::Exactly(0),
        };
        let wanted = proof.classes.get(&class).copied().unwrap_or(unnamed);
        let name = class.as_str();
        (!wanted.admits(count)).then(|| format!("{name}: expected {wanted}, observed {count}"))
    });
    amiss.collect()
}

/// What is wrong with a scenario's pipeline: its faults, and the settings that are a trap.
fn planted(scenario: &Scenario) -> String {
    let Scenario {
        faults, pipeline, ..
    } = scenario;
    let mut planted = faults_in_short(faults);
    let mut plant = |trap: bool, what: String| planted.extend(trap.then_some(what));
    let usual = Resources::default().dead_letter_queue;
    plant(
        pipeline.function.processor == ProcessorKind::Lab,
        "processor = lab".into(),
    );
    plant(
        !pipeline.mapping.report_batch_item_failures,
        "report_batch_item_failures = false".into(),
    );
    plant(pipeline.mapping.filter.is_some(), "filter".into());
    if let TableCapacity::Provisioned {
        write_capacity_units,
        ..
    } = pipeline.table_capacity
    {
        plant(true, format!("table_capacity = {write_capacity_units} wcu"));
    }
    let redrive = pipeline.redrive_to.as_deref().unwrap_or("none");
    plant(redrive != usual, format!("redrive_to = {redrive}"));
    let retention = pipeline.dead_letter_retention;
    plant(
        retention < pipeline.orders_retention,
        format!("dead_letter_retention = {retention:?}"),
    );
    planted.join(", ")
}

/// A scenario's faults in short: `write_lost x3`, `receive_lost 100% (once)`.
fn faults_in_short(faults: &[Fault]) -> Vec<String> {
    let planted = faults.iter().map(|fault| {
        let extent = match fault.extent {
            FaultExtent::Count(count) => format!("x{count}"),
            FaultExtent::Share(share) => format!("{}%", share * 100.0),
        };
        let times = match fault.times {
            Some(1) => " once".to_owned(),
            Some(times) => format!(" {times} times"),
            None => String::new(),
        };
        let delay = match fault.delay.is_zero() {
            true => String::new(),
            false => format!(" {:?}", fault.delay),
        };
        format!("{} {extent}{times}{delay}", fault.kind.as_str())
    });
    planted.collect()
}

fn expected(proof: &Proof) -> String {
    let classes = proof
        .classes
        .iter()
        .filter(|(_, quantity)| **quantity != Quantity::Any);
    let classes = classes.map(|(class, quantity)| format!("{quantity} {}", class.as_str()));
    outcome(proof.verdict, proof.exit_code.into(), classes.collect())
}

fn observed(observed: &Observed, proof: &Proof) -> String {
    let named = |class: &Class| {
        !USUAL.contains(class)
            || proof
                .classes
                .get(class)
                .is_some_and(|q| *q != Quantity::Any)
    };
    let classes: BTreeMap<_, _> = observed
        .classes
        .iter()
        .filter(|(class, count)| named(class) && **count > 0)
        .collect();
    let classes = classes
        .iter()
        .map(|(class, count)| format!("{count} {}", class.as_str()));
    outcome(observed.verdict, observed.exit_code, classes.collect())
}

fn outcome(verdict: Verdict, exit_code: i32, classes: Vec<String>) -> String {
    let outcome = format!("{}, exit {exit_code}", verdict.as_str());
    match classes.is_empty() {
        true => outcome,
        false => format!("{outcome}: {}", classes.join(", ")),
    }
}

/// How many of the known modes were provoked, how many nearly, and what came out otherwise.
fn summary(trials: &[Trial]) -> String {
    let modes = |near_miss: bool| {
        let chosen = trials
            .iter()
            .filter(|trial| trial.proof.near_miss == near_miss);
        chosen
            .map(|trial| trial.proof.loss_mode)
            .collect::<BTreeSet<_>>()
            .len()
    };
    let mismatches = trials.iter().filter(|trial| !trial.holds()).count();
    format!(
        "{} of {LOSS_MODES} known ways to lose or misplace an order provoked, near misses of {}; {} scenarios, {}",
        modes(false),
        modes(true),
        trials.len(),
        match mismatches {
            0 => "no mismatch".into(),
            some => format!("{some} MISMATCHES"),
        }
    )
}

/// The table as text.
pub(super) fn render_text(trials: &[Trial]) -> String {
    let mut out = String::new();
    for trial in trials {
        let word = if trial.holds() { "ok  " } else { "DIFF" };
        let seen = match &trial.observed {
            Ok(seen) => observed(seen, &trial.proof),
            Err(error) => error.clone(),
        };
        let _ = writeln!(out, "{word}  {:<38} {seen}", trial.name);
        for mismatch in trial.mismatches() {
            let _ = writeln!(out, "        {mismatch}");
        }
    }
    let _ = writeln!(out, "\n{}", summary(trials));
    out
}

/// The table as a page.
pub(super) fn render_markdown(trials: &[Trial]) -> String {
    let mut out = format!(
        "# Every known way to lose an order, provoked\n\n\
         Written by `orderproof self-test scenarios/faults --table reports/faults.md`, version {}. Each scenario \
         ran through the whole program against the embedded pipeline, and its folder was judged again from its \
         files with the same verdict and classes (files that were cut short may know less). A near miss looks alike and must pass.\n\n**{}.**\n\n\
         | mode | scenario | question | planted | expected | observed | |\n\
         |---:|---|---|---|---|---|---|\n",
        env!("CARGO_PKG_VERSION"),
        summary(trials)
    );
    for trial in trials {
        let seen = match &trial.observed {
            Ok(seen) => observed(seen, &trial.proof),
            Err(error) => error.replace(['|', '\n'], " "),
        };
        let near = if trial.proof.near_miss {
            " (near miss)"
        } else {
            ""
        };
        let mark = if trial.holds() { "ok" } else { "**MISMATCH**" };
        let name = &trial.name;
        let _ = writeln!(
            out,
            "| {}{near} | [{name}](../scenarios/faults/{name}.toml) | {} | {} | {} | {seen} | {mark} |",
            trial.proof.loss_mode,
            trial.question.replace('|', "/"),
            trial.planted,
            expected(&trial.proof),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof() -> Proof {
        Proof {
            loss_mode: 1,
            near_miss: false,
            verdict: Verdict::Fail,
            exit_code: 3,
            classes: BTreeMap::from([(Class::Lost, Quantity::Exactly(3))]),
            findings: vec!["lost".into()],
            dies: false,
        }
    }

    fn as_stated() -> Observed {
        let classes = BTreeMap::from([(Class::Stored, 90), (Class::Lost, 3)]);
        Observed {
            verdict: Verdict::Fail,
            exit_code: 3,
            classes: classes.clone(),
            findings: vec!["lost".into(), "note".into()],
            died: false,
            verified: 3,
            verdict_again: Verdict::Fail,
            classes_again: classes,
        }
    }

    /// The same classes in the report and in the files.
    fn with_classes(seen: &mut Observed, change: impl Fn(&mut BTreeMap<Class, u64>)) {
        change(&mut seen.classes);
        change(&mut seen.classes_again);
    }

    #[test]
    fn what_comes_out_as_stated_holds_and_every_difference_is_told() {
        assert_eq!(mismatches(&proof(), &as_stated()), [""; 0]);
        type Change = fn(&mut Observed);
        let cases: [(&str, Change); 10] = [
            ("verdict: expected fail, observed pass", |seen| {
                seen.verdict = Verdict::Pass;
            }),
            ("exit code: expected 3, observed 0", |seen| {
                seen.exit_code = 0
            }),
            ("killed: expected false, observed true", |seen| {
                seen.died = true
            }),
            ("exit code of verify: expected 3, observed 4", |seen| {
                seen.verified = 4
            }),
            ("verdict of verify: expected fail, observed pass", |seen| {
                seen.verdict_again = Verdict::Pass;
            }),
            ("verify: other classes than were reported", |seen| {
                seen.classes_again.insert(Class::Stored, 91);
            }),
            ("lost: expected 3, observed 2", |seen| {
                with_classes(seen, |classes| {
                    classes.insert(Class::Lost, 2);
                });
            }),
            ("lost: expected 3, observed 0", |seen| {
                with_classes(seen, |classes| {
                    classes.remove(&Class::Lost);
                });
            }),
            ("altered: expected 0, observed 1", |seen| {
                with_classes(seen, |classes| {
                    classes.insert(Class::Altered, 1);
                });
            }),
            ("finding lost: not among \"note\"", |seen| {
                seen.findings = vec!["note".into()];
            }),
        ];
        for (expected, change) in cases {
            let mut seen = as_stated();
            change(&mut seen);
            assert_eq!(mismatches(&proof(), &seen), [expected]);
        }
    }

    #[test]
    fn files_cut_short_may_know_less_and_nothing_else() {
        let mut seen = as_stated();
        seen.findings.push("ledger_unfinished".into());
        seen.classes_again.insert(Class::Stored, 50);
        assert_eq!(mismatches(&proof(), &seen), [""; 0], "fewer seen stored");
        seen.classes_again.insert(Class::Recovered, 40);
        let unstated = "verify: recovered: expected 0, observed 40";
        assert_eq!(mismatches(&proof(), &seen), [unstated], "not as stated");
    }
}
