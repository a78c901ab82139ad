//! A verdict held against the truth.

use std::collections::{BTreeMap, BTreeSet};

use orderproof::ledger::{Ledger, Outcome};
use orderproof::order::OrderPlan;

use super::lies::Spoken;
use super::plan::{Case, Regime};
use super::proxy::Log;
use super::truth::{Place, Truth, class, is_refused};

/// How a case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Pass,
    Fail,
    Inconclusive,
    /// Nothing was sent.
    Refused,
    /// A pass, and something was wrong.
    WrongPass,
    /// An order was accused that is where it belongs, or of what it did not do.
    WrongAccusation,
    /// An outcome in the ledger that nobody told the sender.
    WrongLedger,
    /// No verdict, and all the evidence was there.
    Needless,
    /// It did not end.
    Endless,
    /// It ended as no run should.
    Broken,
}

impl Kind {
    pub fn is_right(self) -> bool {
        matches!(
            self,
            Self::Pass | Self::Fail | Self::Inconclusive | Self::Refused
        )
    }
}

/// What the program said.
#[derive(Debug, Clone, Default)]
pub struct Statement {
    pub exit: Option<i32>,
    /// The classes of the orders it names, and of no others.
    pub named: BTreeMap<u64, String>,
    /// Phantoms by their numbers.
    pub phantoms: BTreeSet<u64>,
    /// The code and the severity of each finding.
    pub findings: Vec<(String, String)>,
}

impl Statement {
    pub fn codes(&self, severity: &str) -> Vec<String> {
        let wanted = |(code, is): &(String, String)| (is == severity).then(|| code.clone());
        self.findings.iter().filter_map(wanted).collect()
    }

    fn is_complete(&self) -> bool {
        self.codes("missing_evidence").is_empty()
    }
}

/// What is known of a case beside the statement.
pub struct Known<'a> {
    pub case: &'a Case,
    pub plan: &'a OrderPlan,
    pub truth: &'a Truth,
    pub ledger: &'a Ledger,
    pub log: &'a Log,
}

impl Known<'_> {
    /// Every class in which order `k` may truly be put.
    fn classes(&self, k: u64) -> BTreeSet<&'static str> {
        let place = self.truth.place(k);
        let (outcome, bad) = (self.ledger.outcome(k), self.plan.is_bad(k));
        let mut classes = BTreeSet::from([class(&place, outcome, bad)]);
        if self.log.late.contains(&k) {
            // It may have arrived after the last look.
            classes.insert("indeterminate_never_seen");
        }
        self.spoken_of(k, &place, &mut classes);
        classes
    }

    /// What the server's own word makes of it, where nobody can know better.
    fn spoken_of(&self, k: u64, place: &Place, classes: &mut BTreeSet<&'static str>) {
        let Spoken {
            altered,
            dead,
            counts,
            ..
        } = &self.log.spoken;
        if altered.contains(&k) {
            classes.extend(["altered", "overwritten"]);
        }
        if dead.contains(&k) {
            let mut seen = place.clone();
            seen.letter = true;
            seen.contents.insert(None);
            classes.insert(class(&seen, self.ledger.outcome(k), self.plan.is_bad(k)));
        }
        if *counts && place.queued {
            // It was on its way behind counts that said otherwise.
            classes.insert(class(
                &Place::default(),
                self.ledger.outcome(k),
                self.plan.is_bad(k),
            ));
        }
    }

    /// Whether order `k` is truly where it should not be.
    pub fn is_harmed(&self, k: u64) -> bool {
        let place = self.truth.place(k);
        let name = class(&place, self.ledger.outcome(k), self.plan.is_bad(k));
        is_refused(name, self.case.conserved) && !self.log.late.contains(&k)
    }

    /// Rows and letters of nobody's where nobody else writes.
    fn strangers(&self) -> u64 {
        let alone = self.case.own && self.case.regime != Regime::Early;
        if alone { self.truth.foreign } else { 0 }
    }

    /// How many orders are.
    pub fn harmed(&self) -> u64 {
        let orders = (0..self.case.orders).filter(|k| self.is_harmed(*k)).count() as u64;
        orders + self.truth.phantoms.len() as u64 + self.strangers()
    }
}

/// Holds what the program said against what is so; with the reason if it does not stand.
pub fn check(known: &Known<'_>, said: &Statement) -> (Kind, String) {
    match said.exit {
        Some(0 | 3 | 4) => {}
        Some(2 | 6) if known.case.regime == Regime::Early => return (Kind::Refused, String::new()),
        other => return (Kind::Broken, format!("exit code {other:?}")),
    }
    let complaint = ledger(known)
        .or_else(|| accusations(known, said))
        .or_else(|| passed_over(known, said))
        .or_else(|| needless(known, said));
    complaint.unwrap_or((
        match said.exit {
            Some(0) => Kind::Pass,
            Some(3) => Kind::Fail,
            _ => Kind::Inconclusive,
        },
        String::new(),
    ))
}

type Complaint = Option<(Kind, String)>;

/// The ledger says of each order what its sender was told, and nothing else.
fn ledger(known: &Known<'_>) -> Complaint {
    for k in 0..known.case.orders {
        let outcome = known.ledger.outcome(k);
        let told = known.log.said.get(&k).map_or(&[][..], Vec::as_slice);
        let allowed = match told {
            [] => &[Outcome::Unsent, Outcome::Rejected, Outcome::Indeterminate][..],
            [one] => one.outcomes(),
            // The program sends an order once.
            _ => {
                return Some((
                    Kind::WrongLedger,
                    format!("order {k} was sent {} times", told.len()),
                ));
            }
        };
        if !allowed.contains(&outcome) {
            return Some((
                Kind::WrongLedger,
                format!("order {k} is {outcome:?}, told {told:?}"),
            ));
        }
    }
    None
}

/// Nobody is accused of what is not so.
fn accusations(known: &Known<'_>, said: &Statement) -> Complaint {
    let wrong = |what: String| Some((Kind::WrongAccusation, what));
    for (&k, name) in &said.named {
        let true_classes = known.classes(k);
        if !is_refused(name, false) || true_classes.contains(name.as_str()) {
            continue;
        }
        // Of what was only half looked at, half may be known: but it is no order that is where it belongs.
        let harmed = true_classes.iter().any(|class| is_refused(class, false));
        if said.is_complete() || !harmed || name == "lost" {
            return wrong(format!(
                "order {k} is said to be {name}, and is {true_classes:?}"
            ));
        }
    }
    if let Some(number) = said.phantoms.difference(&known.truth.phantoms).next() {
        return wrong(format!("{number} is said to be a phantom"));
    }
    let failures = said.codes("order_failure");
    let foreign = |code: &String| code.starts_with("foreign");
    if failures.iter().any(foreign) && known.truth.foreign == 0 && !known.log.spoken.foreign {
        return wrong(format!("nothing foreign is there: {failures:?}"));
    }
    let beside = |code: &&String| !is_refused(code, false) && !foreign(code);
    if let Some(code) = failures.iter().find(beside) {
        return wrong(format!("failed for {code}"));
    }
    match said.exit == Some(3) && failures.is_empty() {
        true => wrong("failed, and nothing is named".into()),
        false => None,
    }
}

/// Nothing that is wrong is passed over: by a pass, or beside another failure though all was looked at.
fn passed_over(known: &Known<'_>, said: &Statement) -> Complaint {
    if said.exit != Some(0) && !said.is_complete() {
        return None;
    }
    let kind = match said.exit {
        Some(0) => Kind::WrongPass,
        _ => Kind::WrongAccusation,
    };
    for k in 0..known.case.orders {
        let true_classes = known.classes(k);
        let fine = |name: &str| matches!(name, "stored" | "dead_lettered_by_design" | "recovered");
        let stands = match said.named.get(&k) {
            Some(name) => true_classes.contains(name.as_str()),
            None => true_classes.iter().any(|class| fine(class)),
        };
        if !stands {
            let name = said.named.get(&k).map_or("well", String::as_str);
            return Some((
                kind,
                format!("order {k} is said to be {name}, and is {true_classes:?}"),
            ));
        }
        if said.exit == Some(0) && known.log.spoken.altered.contains(&k) {
            return Some((kind, format!("order {k} was shown altered")));
        }
    }
    let failures = said.codes("order_failure");
    if known.strangers() > 0 && !failures.iter().any(|code| code.starts_with("foreign")) {
        return Some((
            kind,
            format!("{} strangers are passed over", known.strangers()),
        ));
    }
    let unseen = known.truth.phantoms.difference(&said.phantoms).next();
    unseen.map(|number| (kind, format!("the phantom {number} is passed over")))
}

/// Where all the evidence was to be had, there is a verdict.
fn needless(known: &Known<'_>, said: &Statement) -> Complaint {
    if known.case.regime != Regime::Healed {
        return None;
    }
    let mut missing = said.codes("missing_evidence");
    let taken = |k| {
        let place = known.truth.place(k);
        known.ledger.outcome(k) == Outcome::Acknowledged || place.row || place.letter
    };
    if !(0..known.case.orders).any(taken) {
        // Then nothing was proved indeed.
        missing.retain(|code| code != "nothing_sent");
        return (!missing.is_empty()).then(|| (Kind::Needless, missing.join(",")));
    }
    if !missing.is_empty() || said.exit == Some(4) {
        return Some((Kind::Needless, missing.join(",")));
    }
    let expected = if known.harmed() > 0 { 3 } else { 0 };
    (said.exit != Some(expected) && known.log.late.is_empty())
        .then(|| (Kind::Needless, format!("{} are harmed", known.harmed())))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
