//! Which orders a fault strikes, and which it leaves alone.

use super::*;
use crate::order::RunId;

const ALL_KINDS: [FaultKind; 3] = [
    FaultKind::MessageVanishes,
    FaultKind::WriteLost,
    FaultKind::RowAltered,
];

fn orders(bad_share: f64) -> OrderPlan {
    OrderPlan {
        run: RunId::new(7).unwrap(),
        seed: 2026,
        bad_share,
    }
}

fn plan(kind: FaultKind, extent: FaultExtent, planned: u64) -> FaultPlan {
    FaultPlan::new(&[Fault { kind, extent }], orders(0.1), planned).unwrap()
}

fn struck_orders(plan: &FaultPlan, kind: FaultKind, among: u64) -> Vec<u64> {
    (0..among)
        .filter(|&k| plan.strikes(kind, plan.orders.id(k).get()))
        .collect()
}

fn body(plan: &OrderPlan, k: u64) -> String {
    let mut body = Vec::new();
    plan.write_body(k, &mut body);
    String::from_utf8(body).unwrap()
}

#[test]
fn a_count_strikes_exactly_so_many_and_the_seed_decides_which() {
    for kind in ALL_KINDS {
        for count in [0, 1, 10, 200] {
            let plan = plan(kind, FaultExtent::Count(count), 1_000);
            let victims = struck_orders(&plan, kind, 1_000);
            assert_eq!(victims.len() as u64, count, "{kind:?}");
            assert_eq!(plan.struck()[kind_name(kind)], count, "{kind:?}");
            let again = super::tests::plan(kind, FaultExtent::Count(count), 1_000);
            assert_eq!(struck_orders(&again, kind, 1_000), victims);
        }
    }
}

#[test]
fn another_seed_another_fault_and_another_kind_strike_other_orders() {
    let fault = Fault {
        kind: FaultKind::WriteLost,
        extent: FaultExtent::Count(20),
    };
    let one = std::slice::from_ref(&fault);
    let first = FaultPlan::new(one, orders(0.0), 10_000).unwrap();
    let seeded = OrderPlan {
        seed: 2027,
        ..orders(0.0)
    };
    let other_seed = FaultPlan::new(one, seeded, 10_000).unwrap();
    let two = FaultPlan::new(&[fault.clone(), fault.clone()], orders(0.0), 10_000).unwrap();
    let strikes = |plan| struck_orders(plan, FaultKind::WriteLost, 10_000);
    assert_ne!(strikes(&first), strikes(&other_seed));
    assert!(strikes(&two).len() > 20, "the second chooses for itself");
    assert!(struck_orders(&first, FaultKind::RowAltered, 10_000).is_empty());
}

#[test]
fn faults_of_rows_choose_good_orders() {
    for kind in [FaultKind::WriteLost, FaultKind::RowAltered] {
        let plan = plan(kind, FaultExtent::Count(100), 500);
        let victims = struck_orders(&plan, kind, 500);
        assert!(victims.iter().all(|&k| !plan.orders.is_bad(k)), "{kind:?}");
    }
}

#[test]
fn a_share_draws_for_each_order() {
    let plan = plan(FaultKind::WriteLost, FaultExtent::Share(0.1), 10_000);
    let victims = struck_orders(&plan, FaultKind::WriteLost, 10_000).len();
    assert!((800..1_200).contains(&victims), "{victims} of 10,000");
    let none = super::tests::plan(FaultKind::WriteLost, FaultExtent::Share(0.0), 1_000);
    assert!(struck_orders(&none, FaultKind::WriteLost, 1_000).is_empty());
    let all = super::tests::plan(FaultKind::WriteLost, FaultExtent::Share(1.0), 1_000);
    assert_eq!(
        struck_orders(&all, FaultKind::WriteLost, 1_000).len(),
        1_000
    );
}

#[test]
fn orders_of_other_runs_and_beyond_the_plan_are_left_alone() {
    let all = plan(FaultKind::MessageVanishes, FaultExtent::Share(1.0), 100);
    let other = OrderPlan {
        run: RunId::new(8).unwrap(),
        ..orders(0.1)
    };
    assert!(!all.message_vanishes(&body(&other, 5)), "another run");
    assert!(!all.message_vanishes(&body(&orders(0.1), 100)), "unplanned");
    assert!(!all.message_vanishes("no order at all"), "no order");
    assert!(
        !all.message_vanishes(r#"{"order_number": "7"}"#),
        "no number"
    );
    assert!(all.message_vanishes(&body(&orders(0.1), 99)), "the last");
}

#[test]
fn a_strike_counts_once_however_often_the_order_comes_by() {
    let plan = plan(FaultKind::MessageVanishes, FaultExtent::Share(1.0), 100);
    for _ in 0..3 {
        assert!(plan.message_vanishes(&body(&plan.orders, 5)));
    }
    assert_eq!(
        plan.struck(),
        BTreeMap::from([("message_vanishes".into(), 1)])
    );
}

#[test]
fn more_victims_than_orders_is_an_error() {
    let fault = |kind| Fault {
        kind,
        extent: FaultExtent::Count(11),
    };
    for kind in ALL_KINDS {
        assert!(FaultPlan::new(&[fault(kind)], orders(0.0), 10).is_err());
        assert!(FaultPlan::new(&[fault(kind)], orders(0.0), 11).is_ok());
        assert!(FaultPlan::new(&[fault(kind)], orders(0.0), 0).is_err());
    }
    let error = FaultPlan::new(&[fault(FaultKind::WriteLost)], orders(1.0), 50).unwrap_err();
    assert_eq!(
        error.to_string(),
        "fault `write_lost` is to strike 11 orders, and only 0 of the 50 planned can be struck; \
         lower its count"
    );
}
