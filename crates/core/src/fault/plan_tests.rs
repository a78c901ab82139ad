//! Which orders a fault strikes, and which it leaves alone.

use super::*;
use crate::order::RunId;

/// One kind for each sort of target.
const KINDS: [FaultKind; 3] = [
    FaultKind::MessageVanishes,
    FaultKind::WriteLost,
    FaultKind::ErrorSwallowed,
];

fn planned(faults: &[Fault], orders: OrderPlan, planned: u64) -> Result<FaultPlan, FaultError> {
    let scenario = Scenario {
        faults: faults.to_vec(),
        ..crate::scenario::fixture()
    };
    FaultPlan::new(&scenario, orders, planned)
}

fn orders(bad_share: f64) -> OrderPlan {
    OrderPlan::lab(RunId::new(7).unwrap(), 2026, bad_share)
}

fn plan(kind: FaultKind, extent: FaultExtent, count: u64) -> FaultPlan {
    planned(&[Fault::new(kind, extent)], orders(0.1), count).unwrap()
}

fn struck_orders(plan: &FaultPlan, kind: FaultKind, among: u64) -> Vec<u64> {
    (0..among).filter(|&k| plan.strikes(kind, k)).collect()
}

fn body(plan: &OrderPlan, k: u64) -> String {
    let mut body = Vec::new();
    plan.write_body(k, &mut body);
    String::from_utf8(body).unwrap()
}

fn strikes_body(plan: &FaultPlan, body: &str) -> bool {
    plan.strike_body(FaultKind::MessageVanishes, body).is_some()
}

#[test]
fn a_count_strikes_exactly_so_many_and_the_seed_decides_which() {
    for kind in KINDS {
        for count in [0, 1, 10, 60] {
            let plan = plan(kind, FaultExtent::Count(count), 1_000);
            let victims = struck_orders(&plan, kind, 1_000);
            assert_eq!(victims.len() as u64, count, "{kind:?}");
            assert_eq!(plan.struck()[kind.as_str()], count, "{kind:?}");
            let again = super::tests::plan(kind, FaultExtent::Count(count), 1_000);
            assert_eq!(struck_orders(&again, kind, 1_000), victims);
        }
    }
}

#[test]
fn another_seed_another_fault_and_another_kind_strike_other_orders() {
    let fault = Fault::new(FaultKind::WriteLost, FaultExtent::Count(20));
    let one = std::slice::from_ref(&fault);
    let first = planned(one, orders(0.0), 10_000).unwrap();
    let seeded = OrderPlan {
        seed: 2027,
        ..orders(0.0)
    };
    let other_seed = planned(one, seeded, 10_000).unwrap();
    let two = planned(&[fault.clone(), fault.clone()], orders(0.0), 10_000).unwrap();
    let strikes = |plan| struck_orders(plan, FaultKind::WriteLost, 10_000);
    assert_ne!(strikes(&first), strikes(&other_seed));
    assert!(strikes(&two).len() > 20, "the second chooses for itself");
    assert!(struck_orders(&first, FaultKind::RowAltered, 10_000).is_empty());
}

#[test]
fn faults_choose_orders_they_can_harm() {
    for &kind in FaultKind::ALL {
        let plan = plan(kind, FaultExtent::Count(30), 500);
        let harmed = |k: u64| match kind.target() {
            FaultTarget::Any => true,
            FaultTarget::Good => !plan.orders.is_bad(k),
            FaultTarget::Bad => plan.orders.is_bad(k),
        };
        let victims = struck_orders(&plan, kind, 500);
        assert_eq!(victims.len(), 30, "{kind:?}");
        assert!(victims.into_iter().all(harmed), "{kind:?}");
    }
}

#[test]
fn a_phase_confines_a_fault_and_times_bound_it() {
    // The fixture's one phase has 50 orders a second for 2 s; a second one follows it.
    let mut scenario = crate::scenario::fixture();
    let mut spike = scenario.phases[0].clone();
    spike.name = "spike".into();
    scenario.phases.push(spike);
    let share = Fault {
        phase: Some("spike".into()),
        times: Some(2),
        ..Fault::new(FaultKind::ReceiveLost, FaultExtent::Share(1.0))
    };
    scenario.faults = vec![share];
    let plan = FaultPlan::new(&scenario, orders(0.0), 200).unwrap();
    let strikes = || struck_orders(&plan, FaultKind::ReceiveLost, 200);
    assert!(strikes().into_iter().eq(100..200), "the second phase alone");
    assert_eq!(strikes().len(), 100, "twice");
    assert!(strikes().is_empty(), "and no more");
}

#[test]
fn a_partner_is_another_good_order_that_is_spared() {
    let plan = plan(FaultKind::NumberCollides, FaultExtent::Count(10), 40);
    let victims = struck_orders(&plan, FaultKind::NumberCollides, 40);
    for &k in &victims {
        let partner = plan.partner(FaultKind::NumberCollides, k).unwrap();
        assert!(!victims.contains(&partner) && !plan.orders.is_bad(partner));
    }
    let all = super::tests::plan(FaultKind::NumberCollides, FaultExtent::Share(1.0), 40);
    assert_eq!(all.partner(FaultKind::NumberCollides, 0), None);
}

#[test]
fn what_goes_wrong_with_the_harness_comes_in_order() {
    let fault = |kind| Fault::new(kind, FaultExtent::Count(2));
    let faults = [fault(FaultKind::DiskFull), fault(FaultKind::ProcessKilled)];
    let plan = planned(&faults, orders(0.1), 100).unwrap();
    let harness = plan.harness();
    assert_eq!(harness.len(), 4);
    assert!(harness.is_sorted_by_key(|(k, _, _)| *k));
    assert!(plan.has_at(FaultPlace::Harness) && !plan.has_at(FaultPlace::Table));
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
    assert!(!strikes_body(&all, &body(&other, 5)), "another run");
    assert!(!strikes_body(&all, &body(&orders(0.1), 100)), "unplanned");
    assert!(!strikes_body(&all, "no order at all"), "no order");
    assert!(!strikes_body(&all, r#"{"order_number": "7"}"#), "no number");
    assert!(strikes_body(&all, &body(&orders(0.1), 99)), "the last");
}

#[test]
fn a_strike_counts_once_however_often_the_order_comes_by() {
    let plan = plan(FaultKind::MessageVanishes, FaultExtent::Share(1.0), 100);
    for _ in 0..3 {
        assert!(strikes_body(&plan, &body(&plan.orders, 5)));
    }
    assert_eq!(
        plan.struck(),
        BTreeMap::from([("message_vanishes".into(), 1)])
    );
}

#[test]
fn more_victims_than_orders_is_an_error() {
    let fault = |kind| Fault::new(kind, FaultExtent::Count(11));
    for kind in [FaultKind::MessageVanishes, FaultKind::WriteLost] {
        assert!(planned(&[fault(kind)], orders(0.0), 10).is_err());
        assert!(planned(&[fault(kind)], orders(0.0), 11).is_ok());
        assert!(planned(&[fault(kind)], orders(0.0), 0).is_err());
    }
    let error = planned(&[fault(FaultKind::WriteLost)], orders(1.0), 50).unwrap_err();
    assert_eq!(
        error.to_string(),
        "fault `write_lost` is to strike 11 orders, and only 0 of the 50 planned can be struck; \
         lower its count"
    );
}
