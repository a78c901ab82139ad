//! What the cases came to: a line each, and a table of them all.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Mutex;

use super::check::Kind;
use super::plan::{Damage, Regime};

/// How one case ended.
#[derive(Debug, Clone)]
pub struct Ended {
    pub seed: u64,
    pub kind: String,
    pub regime: String,
    pub damage: String,
    /// Orders that are truly lost, altered, misplaced or made up.
    pub harmed: u64,
    /// Why there was no verdict.
    pub missing: Vec<String>,
    pub milliseconds: u64,
    /// What does not stand, and what was done.
    pub note: String,
}

impl Ended {
    fn line(&self) -> String {
        let note: String = self
            .note
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let missing = match self.missing.is_empty() {
            true => "-".into(),
            false => self.missing.join(","),
        };
        format!(
            "{}\t{}\t{}\t{}\t{}\t{missing}\t{}\t{note}\n",
            self.seed, self.kind, self.regime, self.damage, self.harmed, self.milliseconds
        )
    }

    fn read(line: &str) -> Option<Self> {
        let mut cells = line.split('\t');
        let mut next = || cells.next().map(str::to_owned);
        Some(Self {
            seed: next()?.parse().ok()?,
            kind: next()?,
            regime: next()?,
            damage: next()?,
            harmed: next()?.parse().ok()?,
            missing: match next()?.as_str() {
                "-" => Vec::new(),
                codes => codes.split(',').map(str::to_owned).collect(),
            },
            milliseconds: next()?.parse().ok()?,
            note: next()?,
        })
    }

    fn is_right(&self) -> bool {
        let right = [Kind::Pass, Kind::Fail, Kind::Inconclusive, Kind::Refused];
        right.iter().any(|kind| format!("{kind:?}") == self.kind)
    }
}

/// A number from the environment, or the usual one.
pub fn number(name: &str, usual: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => usual,
    }
}

/// What is known so far; kept in a file if there is one.
pub struct Results {
    all: Mutex<BTreeMap<u64, Ended>>,
    file: Option<Mutex<File>>,
}

impl Results {
    pub fn open(path: Option<OsString>) -> Self {
        let mut all = BTreeMap::new();
        let file = path.map(|path| {
            let earlier = std::fs::read_to_string(&path).unwrap_or_default();
            let earlier = earlier.lines().filter_map(Ended::read);
            all.extend(earlier.map(|ended| (ended.seed, ended)));
            let file = OpenOptions::new().create(true).append(true).open(path);
            Mutex::new(file.expect("the results can be kept"))
        });
        Self {
            all: Mutex::new(all),
            file,
        }
    }

    pub fn holds(&self, seed: u64) -> bool {
        self.all.lock().unwrap().contains_key(&seed)
    }

    pub fn keep(&self, ended: Ended) {
        if let Some(file) = &self.file {
            let mut file = file.lock().unwrap();
            file.write_all(ended.line().as_bytes())
                .expect("a result is kept");
        }
        if !ended.is_right() {
            eprint!("{}", ended.line());
        }
        self.all.lock().unwrap().insert(ended.seed, ended);
    }

    /// The lines of what is wrong.
    pub fn wrong(&self) -> Vec<String> {
        let all = self.all.lock().unwrap();
        let wrong = all.values().filter(|ended| !ended.is_right());
        wrong.map(Ended::line).collect()
    }

    pub fn summary(&self) -> String {
        let all = self.all.lock().unwrap();
        let count =
            |wanted: &dyn Fn(&Ended) -> bool| all.values().filter(|ended| wanted(ended)).count();
        let mut text = format!("{} cases", all.len());
        let harmed = count(&|ended| ended.harmed > 0);
        write!(
            text,
            ", {harmed} with orders truly lost, altered or misplaced"
        )
        .unwrap();
        let kinds: BTreeSet<&str> = all.values().map(|ended| &*ended.kind).collect();
        for kind in kinds {
            let of_kind = count(&|ended| ended.kind == kind);
            let harmed = count(&|ended| ended.kind == kind && ended.harmed > 0);
            write!(text, "\n{of_kind:>7} {kind} ({harmed} of them harmed)").unwrap();
        }
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for ended in all.values().filter(|ended| ended.kind == "Inconclusive") {
            for code in &ended.missing {
                *reasons.entry(code).or_default() += 1;
            }
        }
        text.push_str("\ninconclusive, by reason (a case may have several):");
        for (code, times) in reasons {
            write!(text, "\n{times:>7} {code}").unwrap();
        }
        text
    }

    /// The seeds reach every way of being right, every regime and every damage: otherwise they prove little.
    pub fn expect_variety(&self) {
        let all = self.all.lock().unwrap();
        if all.len() < 400 {
            return;
        }
        let share = |wanted: &dyn Fn(&Ended) -> bool| {
            all.values().filter(|ended| wanted(ended)).count() * 100 / all.len()
        };
        for kind in ["Pass", "Fail", "Inconclusive"] {
            assert!(share(&|ended| ended.kind == kind) >= 10, "{kind} is rare");
        }
        let harmed = share(&|ended| ended.harmed > 0);
        assert!(harmed >= 28, "only {harmed}% lose or alter orders");
        for regime in [
            Regime::Healed,
            Regime::Passing,
            Regime::Lasting,
            Regime::Early,
        ] {
            let name = format!("{regime:?}");
            assert!(share(&|ended| ended.regime == name) >= 2, "{name} is rare");
        }
        for damage in [
            Damage::None,
            Damage::Pipeline,
            Damage::Function,
            Damage::Wire,
        ] {
            let name = format!("{damage:?}");
            assert!(share(&|ended| ended.damage == name) >= 1, "{name} is rare");
        }
    }
}
