//! The look before the first send.

use std::time::Duration;

use super::site::Services;
use crate::emulator::sqs::{QueueAttributes, Redrive};
use crate::order::spec::{Body, IdScheme, STORED};
use crate::order::{Id, Model, OrderPlan, RunId};
use crate::records::{LettersBefore, RowsBefore};

const PATIENCE: Duration = Duration::from_secs(5);

fn orders(run: u32) -> OrderPlan {
    OrderPlan::lab(RunId::new(run).expect("in range"), 1, 0.0)
}

#[tokio::test]
async fn a_small_table_is_read_to_its_end() {
    let services = Services::start().await;
    let before = |run| {
        let stores = services.stores();
        async move {
            stores
                .rows_before(&orders(run), 100, PATIENCE)
                .await
                .expect("it answers")
        }
    };
    let empty = before(7).await;
    assert_eq!((empty.read, empty.whole_table), (0, true));
    // Of another run, and of this one beyond what is planned.
    services
        .put([8_000_000_000, 6_999_999_999].into_iter())
        .await;
    let others = before(7).await;
    assert_eq!(
        (others.read, others.whole_table, others.of_the_run),
        (2, true, 0)
    );
    services.put(7_000_000_500..7_000_000_501).await;
    assert_eq!(before(7).await.first_ids, [Id::Number(7_000_000_500)]);
}

#[tokio::test]
async fn in_a_large_table_each_planned_number_is_looked_up_by_key() {
    let services = Services::start().await;
    services.put(1..=50).await;
    let before = |planned| {
        let stores = services.stores();
        async move {
            stores
                .rows_within(&orders(7), planned, PATIENCE, 10)
                .await
                .expect("it answers")
        }
    };
    let none = before(250).await;
    assert_eq!(
        (none.whole_table, none.looked_up, none.of_the_run),
        (false, 250, 0)
    );
    services.put(7_000_000_249..7_000_000_251).await;
    let last = before(250).await;
    // Whether the scan came upon one of the two first is the table's affair.
    assert!(last.of_the_run > 0, "{last:?}");
    let planned_only = RowsBefore {
        read: 0,
        ..before(249).await
    };
    assert!(planned_only.looked_up == 249 || planned_only.of_the_run > 0);
}

/// Orders of run 7 with ULIDs, which hold the instant that they were due, in rows under numbers of the consumer's own.
fn ulids() -> OrderPlan {
    let mut spec = crate::order::lab();
    spec.id = IdScheme::Ulid;
    spec.body = Body::Template(r#"{"order": "{{id}}"}"#.into());
    spec.bad.clear();
    let row = &mut spec.ends.get_mut(STORED).expect("an end").rows[0];
    row.key.insert("id".into(), "*".into());
    row.id_at = Some("order_details/order".into());
    row.holds.clear();
    let model = Model::new(spec).unwrap_or_else(|problems| panic!("{problems:#?}"));
    OrderPlan {
        model: model.into(),
        ..orders(7)
    }
}

#[tokio::test]
async fn where_keys_do_not_tell_a_large_table_is_read_to_its_end() {
    let services = Services::start().await;
    let orders = ulids();
    let of_run = |run: u32| {
        let run = RunId::new(run).expect("in range");
        orders.model.id(run, 3, Some(1_700_000_000_000)).to_string()
    };
    let details = |id: &str| format!(r#"{{"order": "{id}"}}"#);
    let others = (1..=50).map(|number| (number, details(&of_run(8))));
    services.put_rows(others).await;
    let before = || async {
        let stores = services.stores();
        let seen = stores.rows_within(&orders, 250, PATIENCE, 10).await;
        seen.expect("it answers")
    };
    let none = before().await;
    assert_eq!(
        (none.read, none.whole_table, none.of_the_run),
        (50, true, 0),
        "far more than the limit"
    );
    // An order of an earlier run with this id, due at another instant, beyond what is planned now.
    services
        .put_rows([(51, details(&of_run(7)))].into_iter())
        .await;
    assert!(before().await.of_the_run > 0);
}

#[tokio::test]
async fn letters_are_looked_at_and_left() {
    let services = Services::start().await;
    let letter = |number: u64| format!(r#"{{"order_number": {number}}}"#);
    services.send("dead", [letter(8_000_000_000), "junk".into()].into_iter());
    let before = || async {
        let orders = OrderPlan::lab(RunId::new(7).expect("in range"), 2026, 0.1);
        services
            .stores()
            .letters_before(&orders)
            .await
            .expect("it answers")
    };
    let expected = LettersBefore {
        received: 2,
        ..LettersBefore::default()
    };
    assert_eq!(before().await, expected);
    services.send("dead", [letter(7_000_000_001)].into_iter());
    let found = before().await;
    assert_eq!(
        (found.received, found.of_the_run),
        (3, 1),
        "what was seen before is there again"
    );
    assert_eq!(found.first_ids, [Id::Number(7_000_000_001)]);
}

#[tokio::test]
async fn letters_that_a_look_would_move_on_are_not_looked_at() {
    let services = Services::start().await;
    services.send("dead", ["junk".to_owned()].into_iter());
    services
        .engine
        .create_queue("graveyard", QueueAttributes::default())
        .expect("a new queue");
    let chained = services.engine.update_attributes("dead", |attributes| {
        attributes.redrive = Some(Redrive {
            dead_letter_queue: "graveyard".to_owned(),
            max_receive_count: 1,
        });
        Ok(())
    });
    chained.expect("both are there");
    let orders = OrderPlan::lab(RunId::new(7).expect("in range"), 2026, 0.1);
    let refused = services.stores().letters_before(&orders).await;
    let words = refused.expect_err("it would move them").to_string();
    assert!(words.contains("graveyard"), "{words}");
    let left = services.engine.counts("dead").expect("it is there");
    assert_eq!(
        (left.visible, left.in_flight),
        (1, 0),
        "nothing was received"
    );
}

#[tokio::test]
async fn a_queue_that_is_not_empty_is_waited_for_only_so_long() {
    let services = Services::start().await;
    let stores = services.stores();
    let idle = stores.until_idle(Duration::ZERO).await.expect("it answers");
    assert_eq!(idle.0.total(), 0);
    services.send("orders", ["an order".to_owned()].into_iter());
    let busy = stores.until_idle(Duration::ZERO).await.expect("it answers");
    assert_eq!(busy.0.total(), 1);
}
