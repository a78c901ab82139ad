//! The checks notice what they are for, and nothing beside it.

use super::super::sends::Said;
use super::*;
use orderproof::embedded::Holdings;
use orderproof::ledger::Ledger;
use orderproof::order::{OrderPlan, RunId};
use orderproof::processor::IncomingOrder;
use orderproof::records::{Item, Value};

/// A case whose pipeline and program both do what is right.
struct Fixture {
    case: Case,
    plan: OrderPlan,
    holdings: Holdings,
    /// `id` and `order_details`.
    rows: Vec<(String, String)>,
    outcomes: Vec<Outcome>,
    log: Log,
    said: Statement,
}

impl Fixture {
    fn new(regime: Regime) -> Self {
        let mut case = Case::draw(1);
        case.regime = regime;
        case.conserved = false;
        case.own = false;
        case.orders = 20;
        let plan = OrderPlan::lab(RunId::new(9).expect("in range"), 1, 0.2);
        let (mut holdings, mut log) = (Holdings::default(), Log::default());
        let mut rows = Vec::new();
        for k in 0..case.orders {
            log.said.insert(k, vec![Said::Taken]);
            let mut text = Vec::new();
            if plan.is_bad(k) {
                plan.write_body(k, &mut text);
                holdings
                    .dead_letters
                    .push(String::from_utf8(text).unwrap().into());
            } else {
                plan.write_body(k, &mut text);
                let body = String::from_utf8(text).unwrap();
                let order = IncomingOrder::parse(&body).unwrap();
                rows.push((order.order_number.to_string(), order.details()));
            }
        }
        Self {
            outcomes: vec![Outcome::Acknowledged; case.orders as usize],
            case,
            plan,
            holdings,
            rows,
            log,
            said: Statement {
                exit: Some(0),
                ..Statement::default()
            },
        }
    }

    fn good(&self) -> u64 {
        (0..20)
            .find(|k| !self.plan.is_bad(*k))
            .expect("a good order")
    }

    fn lose(&mut self, k: u64) {
        let id = self.plan.run.number(k).to_string();
        self.rows.retain(|(row, _)| *row != id);
    }

    fn failing(&mut self, k: u64, class: &str) {
        self.said.exit = Some(3);
        self.said.named.insert(k, class.into());
        self.said
            .findings
            .push((class.into(), "order_failure".into()));
    }

    fn kind(&self) -> Kind {
        let mut ledger = Ledger::new(self.case.orders);
        for (k, outcome) in (0..).zip(&self.outcomes) {
            ledger.record(*outcome, k..k + 1);
        }
        let row = |(id, details): &(String, String)| {
            let id = ("id".to_owned(), Value::N(id.clone()));
            let details = ("order_details".to_owned(), Value::S(details.clone()));
            Item::from([id, details])
        };
        let mut holdings = self.holdings.clone();
        let rows = self.rows.iter().map(row).collect();
        holdings.tables.insert("orders".into(), rows);
        let truth = Truth::of(&self.plan, self.case.orders, &holdings);
        let known = Known {
            case: &self.case,
            plan: &self.plan,
            truth: &truth,
            ledger: &ledger,
            log: &self.log,
        };
        check(&known, &self.said).0
    }
}

#[test]
fn a_pass_over_a_lost_order_is_wrong_and_one_over_none_is_not() {
    let mut fixture = Fixture::new(Regime::Healed);
    assert_eq!(fixture.kind(), Kind::Pass);
    let k = fixture.good();
    fixture.lose(k);
    assert_eq!(fixture.kind(), Kind::WrongPass);
    fixture.failing(k, "lost");
    assert_eq!(fixture.kind(), Kind::Fail);
}

#[test]
fn a_failure_must_name_the_order_that_is_lost_and_no_other() {
    let mut fixture = Fixture::new(Regime::Lasting);
    let k = fixture.good();
    fixture.failing(k, "lost");
    assert_eq!(fixture.kind(), Kind::WrongAccusation, "it is there");
    fixture.lose(k);
    assert_eq!(fixture.kind(), Kind::Fail);
    let other = (k + 1..20)
        .find(|k| !fixture.plan.is_bad(*k))
        .expect("another");
    fixture.lose(other);
    assert_eq!(
        fixture.kind(),
        Kind::WrongAccusation,
        "one of two is passed over"
    );
    fixture
        .said
        .findings
        .push(("scan_incomplete".into(), "missing_evidence".into()));
    assert_eq!(fixture.kind(), Kind::Fail, "not all was looked at");
}

#[test]
fn what_the_stores_show_altered_may_be_called_so_and_may_not_pass() {
    let mut fixture = Fixture::new(Regime::Lasting);
    let k = fixture.good();
    fixture.failing(k, "altered");
    assert_eq!(fixture.kind(), Kind::WrongAccusation);
    fixture.log.spoken.altered.insert(k);
    assert_eq!(fixture.kind(), Kind::Fail);
    let mut fixture = Fixture::new(Regime::Lasting);
    fixture.log.spoken.altered.insert(k);
    assert_eq!(fixture.kind(), Kind::WrongPass);
}

#[test]
fn an_altered_row_is_found_whatever_its_numbers_are_spelled_like() {
    for (from, to, kind, why) in [
        (".0,", ",", Kind::Pass, "the same number"),
        (".0,", ".5,", Kind::WrongPass, "another price"),
        (
            "\"}",
            "\", \"gift\": true}",
            Kind::WrongPass,
            "a further field",
        ),
    ] {
        let mut fixture = Fixture::new(Regime::Healed);
        let row = &mut fixture.rows[0].1;
        *row = row.replace(from, to);
        assert_eq!(fixture.kind(), kind, "{why}");
    }
}

#[test]
fn no_verdict_is_needless_only_where_all_the_evidence_was_there() {
    for (regime, kind) in [
        (Regime::Healed, Kind::Needless),
        (Regime::Lasting, Kind::Inconclusive),
    ] {
        let mut fixture = Fixture::new(regime);
        fixture.said.exit = Some(4);
        fixture
            .said
            .findings
            .push(("no_quiescence".into(), "missing_evidence".into()));
        assert_eq!(fixture.kind(), kind);
    }
}

#[test]
fn an_outcome_that_nobody_told_is_found() {
    for (told, outcome, kind) in [
        (Said::Nothing, Outcome::Rejected, Kind::WrongLedger),
        (Said::Nothing, Outcome::Acknowledged, Kind::WrongLedger),
        (Said::Nothing, Outcome::Indeterminate, Kind::Pass),
        (Said::Taken, Outcome::Rejected, Kind::WrongLedger),
        (Said::TakenOddly, Outcome::Indeterminate, Kind::Pass),
        (Said::Refused, Outcome::Acknowledged, Kind::WrongLedger),
    ] {
        let mut fixture = Fixture::new(Regime::Healed);
        fixture.log.said.insert(3, vec![told]);
        fixture.outcomes[3] = outcome;
        assert_eq!(fixture.kind(), kind, "{told:?} {outcome:?}");
    }
}

#[test]
fn a_ghost_and_a_phantom_are_found() {
    let mut fixture = Fixture::new(Regime::Healed);
    fixture.log.said.insert(0, vec![Said::Refused]);
    fixture.outcomes[0] = Outcome::Rejected;
    assert_eq!(fixture.kind(), Kind::WrongPass);
    fixture.failing(0, "ghost");
    assert_eq!(fixture.kind(), Kind::Fail);

    let mut fixture = Fixture::new(Regime::Healed);
    let phantom = fixture.plan.run.number(500);
    fixture.said.phantoms.insert(phantom);
    fixture.said.exit = Some(3);
    fixture
        .said
        .findings
        .push(("phantom".into(), "order_failure".into()));
    assert_eq!(fixture.kind(), Kind::WrongAccusation);
    fixture.rows.push((phantom.to_string(), "{}".into()));
    assert_eq!(fixture.kind(), Kind::Fail);
    fixture.said = Statement {
        exit: Some(0),
        ..Statement::default()
    };
    assert_eq!(fixture.kind(), Kind::WrongPass);
}

#[test]
fn strangers_fail_where_nobody_else_writes_and_are_nothing_elsewhere() {
    for (own, kind) in [(true, Kind::WrongPass), (false, Kind::Pass)] {
        let mut fixture = Fixture::new(Regime::Healed);
        fixture.case.own = own;
        fixture.rows.push(("12".into(), "{}".into()));
        assert_eq!(fixture.kind(), kind);
    }
    let mut fixture = Fixture::new(Regime::Healed);
    fixture.said.exit = Some(3);
    let finding = ("foreign_rows".into(), "order_failure".into());
    fixture.said.findings.push(finding);
    assert_eq!(fixture.kind(), Kind::WrongAccusation, "none is there");
    fixture.case.own = true;
    fixture.rows.push(("12".into(), "{}".into()));
    assert_eq!(fixture.kind(), Kind::Fail);
}

#[test]
fn ways_of_ending_that_no_run_has_are_broken() {
    let mut fixture = Fixture::new(Regime::Healed);
    for exit in [Some(1), Some(2), Some(5), Some(6), Some(101), None] {
        fixture.said.exit = exit;
        assert_eq!(fixture.kind(), Kind::Broken, "{exit:?}");
    }
    let mut fixture = Fixture::new(Regime::Early);
    fixture.said.exit = Some(6);
    assert_eq!(fixture.kind(), Kind::Refused);
}
