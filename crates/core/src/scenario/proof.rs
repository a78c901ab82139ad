//! `[proves]`: what a scenario with faults must come out as, checked by `orderproof self-test`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::section::Section;
use crate::verdict::{Class, Verdict};

/// The ways to lose or misplace an order that are known: numbered in the documentation from 1.
pub const LOSS_MODES: u8 = 27;

/// What must come out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Which known way to lose or misplace an order it provokes, 1 to [`LOSS_MODES`].
    pub loss_mode: u8,
    /// It is the mode's near miss: it looks alike and must pass.
    pub near_miss: bool,
    /// The verdict.
    pub verdict: Verdict,
    /// The exit code.
    pub exit_code: u8,
    /// How many orders are in the classes named; every class that is not named is empty, apart from
    /// `stored`, `dead_lettered_by_design` and what the verdict leaves open.
    pub classes: BTreeMap<Class, Quantity>,
    /// Codes that are among the findings.
    pub findings: Vec<String>,
    /// `run` itself dies, by a signal: verdict and classes are those of `verify`.
    pub dies: bool,
}

/// How many orders a class must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Exactly so many.
    Exactly(u64),
    /// At least one.
    Some,
    /// Any number, none included.
    Any,
}

impl Quantity {
    /// Whether `count` is what is meant.
    pub fn admits(self, count: u64) -> bool {
        match self {
            Self::Exactly(wanted) => count == wanted,
            Self::Some => count > 0,
            Self::Any => true,
        }
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(count) => write!(f, "{count}"),
            Self::Some => f.write_str("some"),
            Self::Any => f.write_str("any"),
        }
    }
}

/// Reads `[proves]`, if there is one.
pub(super) fn read_proof(file: &mut Section<'_>) -> Option<Proof> {
    file.value("proves")?;
    let mut section = file.section("proves");
    if section.value("loss_mode").is_none() {
        section.problem(
            "loss_mode",
            "is missing",
            format!("write a number from 1 to {LOSS_MODES}"),
        );
    }
    let proof = Proof {
        loss_mode: section.integer("loss_mode", 1, 1, LOSS_MODES.into()) as u8,
        near_miss: section.boolean("near_miss", false),
        verdict: section.choice(
            "verdict",
            Verdict::Pass,
            &[
                ("pass", Verdict::Pass),
                ("fail", Verdict::Fail),
                ("inconclusive", Verdict::Inconclusive),
            ],
        ),
        exit_code: section.integer("exit_code", 0, 0, 255) as u8,
        classes: read_classes(&mut section),
        findings: read_findings(&mut section),
        dies: section.boolean("dies", false),
    };
    for key in ["verdict", "exit_code"] {
        if section.value(key).is_none() {
            section.problem(key, "is missing", "state what must come out");
        }
    }
    section.finish();
    Some(proof)
}

fn read_classes(section: &mut Section<'_>) -> BTreeMap<Class, Quantity> {
    const HINT: &str = "write classes = { lost = 3, recovered = \"some\", rejected = \"any\" }";
    let read = section.read("classes", HINT, |value| {
        let table = value.as_table().ok_or("must be a table")?;
        let classes = table.iter().map(|(name, value)| {
            let class = Class::ALL.into_iter().find(|class| class.as_str() == name);
            let class = class.ok_or_else(|| format!("{name:?} is not a class"))?;
            let quantity = match (value.as_integer(), value.as_str()) {
                (Some(count), _) => u64::try_from(count).ok().map(Quantity::Exactly),
                (None, Some("some")) => Some(Quantity::Some),
                (None, Some("any")) => Some(Quantity::Any),
                (None, _) => None,
            };
            let quantity = quantity.ok_or_else(|| format!("{name} = {value} is not a quantity"))?;
            Ok((class, quantity))
        });
        classes.collect::<Result<_, String>>()
    });
    read.unwrap_or_default()
}

fn read_findings(section: &mut Section<'_>) -> Vec<String> {
    let read = section.read(
        "findings",
        "write findings = [\"no_quiescence\"]",
        |value| {
            let array = value.as_array().ok_or("must be an array of texts")?;
            let texts = array.iter().map(|item| item.as_str().map(str::to_owned));
            texts
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| "must be an array of texts".into())
        },
    );
    read.unwrap_or_default()
}
