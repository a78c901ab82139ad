//! Counts, retention, and the sweep of the dead-letter queue.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::site::Services;
use crate::emulator::sqs::{QueueAttributes, ReceiveOptions, ReceivedMessage, Redrive, SendEntry};
use crate::records::{Counts, DeadLetter};
use crate::scenario::DeadLetterUse;
use crate::store::sweep::{Seen, Sight, Sweep};
use crate::store::{Disposal, Receives, StoreError, Stores};

async fn swept(stores: &Stores) -> (Result<(), String>, Vec<String>, u64) {
    let (mut bodies, mut requests) = (Vec::new(), 0);
    let result = stores
        .sweep_dead_letters(&mut requests, |letters| {
            bodies.extend(letters.iter().map(|letter| letter.body.clone()));
            Ok(vec![Disposal::ShowAgain; letters.len()])
        })
        .await;
    (result.map_err(|error| error.to_string()), bodies, requests)
}

/// Another consumer takes up to ten dead letters for half a minute.
pub(super) async fn take(services: &Services) -> Vec<ReceivedMessage> {
    let options = ReceiveOptions {
        max_messages: 10,
        ..ReceiveOptions::default()
    };
    services.engine.receive("dead", options).await.unwrap()
}

pub(super) fn numbered(count: u32) -> impl Iterator<Item = String> {
    (0..count).map(|k| k.to_string())
}

#[tokio::test]
async fn counts_tell_visible_in_flight_and_delayed_apart() {
    let services = Services::start().await;
    let stores = services.stores();
    let empty = Counts::default();
    assert_eq!(stores.counts().await.unwrap(), (empty, empty));
    services.send("orders", numbered(5));
    services.send("dead", numbered(2));
    let mut delayed = SendEntry::new("later");
    delayed.delay = Some(Duration::from_secs(900));
    services.engine.send("orders", delayed).unwrap();
    let options = ReceiveOptions {
        max_messages: 3,
        ..ReceiveOptions::default()
    };
    let taken = services.engine.receive("orders", options).await.unwrap();
    let (orders, dead) = stores.counts().await.unwrap();
    let expected = Counts {
        visible: 5 - taken.len() as u64,
        in_flight: taken.len() as u64,
        delayed: 1,
    };
    assert_eq!(orders, expected);
    assert_eq!(orders.total(), 6);
    assert_eq!((dead.visible, dead.total()), (2, 2));
}

#[tokio::test]
async fn the_shorter_retention_is_found_in_either_queue() {
    let services = Services::start().await;
    let short = QueueAttributes {
        retention: Duration::from_secs(3_600),
        ..QueueAttributes::default()
    };
    services.engine.create_queue("short", short).unwrap();
    let short_url = services.target.orders_queue_url.replace("orders", "short");
    let stores = services.stores_of(|target| target.orders_queue_url = short_url.clone());
    let hour = Duration::from_secs(3_600);
    assert_eq!(stores.shortest_retention().await.unwrap(), hour);
    let stores = services.stores_of(|target| target.dead_letter_queue_url = short_url);
    assert_eq!(stores.shortest_retention().await.unwrap(), hour);
    let stores = services.stores();
    let four_days = 4 * 24 * hour;
    assert_eq!(stores.shortest_retention().await.unwrap(), four_days);
}

#[tokio::test]
async fn a_sweep_hands_over_every_dead_letter_and_each_copy() {
    let services = Services::start().await;
    services.send("dead", numbered(300));
    services.send("dead", numbered(20));
    let (result, bodies, requests) = swept(&services.stores()).await;
    assert_eq!(result, Ok(()));
    let mut copies = BTreeMap::new();
    for body in bodies {
        *copies.entry(body.parse::<u32>().unwrap()).or_insert(0) += 1;
    }
    assert_eq!(copies.len(), 300);
    assert!(
        copies
            .into_iter()
            .all(|(k, copies)| copies == if k < 20 { 2 } else { 1 })
    );
    assert!((33..=350).contains(&requests), "{requests} requests");
    let counts = services.engine.counts("dead").unwrap();
    assert_eq!(counts.total(), 320, "nothing was deleted");
}

#[tokio::test]
async fn an_empty_queue_is_swept_at_once() {
    let services = Services::start().await;
    let (result, bodies, _) = swept(&services.stores()).await;
    assert_eq!((result, bodies.len()), (Ok(()), 0));
}

#[tokio::test]
async fn dead_letters_another_consumer_holds_make_the_sweep_incomplete() {
    let services = Services::start().await;
    services.send("dead", numbered(30));
    let held = take(&services).await;
    assert!(!held.is_empty());
    let (result, bodies, _) = swept(&services.stores()).await;
    let error = result.unwrap_err();
    assert!(error.contains("another consumer"), "{error}");
    assert_eq!(bodies.len(), 30 - held.len(), "the others were handed over");
    let (again, bodies, _) = swept(&services.stores()).await;
    assert!(again.is_err(), "they are still held");
    assert_eq!(bodies.len(), 30 - held.len(), "the first sweep let go");
}

#[tokio::test]
async fn a_sweep_leaves_everything_visible_for_the_next() {
    let services = Services::start().await;
    services.send("dead", numbered(33));
    for _ in 0..2 {
        let (result, bodies, _) = swept(&services.stores()).await;
        assert_eq!((result, bodies.len()), (Ok(()), 33));
        assert_eq!(services.engine.counts("dead").unwrap().visible, 33);
    }
}

#[tokio::test]
async fn a_deleted_dead_letter_is_not_waited_for() {
    let services = Services::start().await;
    services.send("dead", numbered(30));
    let held = take(&services).await;
    for message in &held {
        let handle = message.receipt_handle.to_string();
        services.engine.delete("dead", &handle).unwrap();
    }
    let (result, bodies, _) = swept(&services.stores()).await;
    assert_eq!((result, bodies.len()), (Ok(()), 30 - held.len()));
}

#[tokio::test]
async fn counts_that_lag_are_given_time() {
    let services = Services::start().await;
    services.send("dead", numbered(30));
    let held = take(&services).await;
    let mut stores = services.stores();
    stores.counts_lag = Duration::from_secs(10);
    // The queue counts what the polls do not give out, until it does.
    let mut bodies = BTreeSet::new();
    let mut released = false;
    let mut requests = 0;
    let held_back = || {
        for message in &held {
            let handle = message.receipt_handle.to_string();
            let released = services
                .engine
                .change_visibility("dead", &handle, Duration::ZERO);
            released.unwrap();
        }
    };
    let release = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        held_back();
        released = true;
    };
    let sweep = stores.sweep_dead_letters(&mut requests, |letters| {
        bodies.extend(letters.iter().map(|letter| letter.body.clone()));
        Ok(vec![Disposal::ShowAgain; letters.len()])
    });
    let (result, ()) = tokio::join!(sweep, release);
    result.unwrap();
    assert!(released);
    assert_eq!(bodies.len(), 30);
}

#[tokio::test]
async fn a_missing_queue_is_an_error_that_names_the_operation() {
    let services = Services::start().await;
    let missing = services.target.orders_queue_url.replace("orders", "none");
    let stores = services.stores_of(|target| target.dead_letter_queue_url = missing);
    let error = stores.counts().await.unwrap_err().to_string();
    assert!(error.contains("GetQueueAttributes"), "{error}");
    assert!(
        error.contains("NonExistentQueue") && error.contains("--region"),
        "{error}"
    );
    assert!(stores.shortest_retention().await.is_err());
    let (result, bodies, requests) = swept(&stores).await;
    let error = result.unwrap_err();
    assert!(error.contains("ReceiveMessage"), "{error}");
    assert_eq!((bodies.len(), requests), (0, 1));
}

#[test]
fn a_message_received_twice_is_one_dead_letter() {
    let mut seen = Seen::default();
    let sights = ["a", "b", "a", "", ""].map(|id| seen.sight(&received(id, "").0));
    let (first, again) = (Sight::First, Sight::Again);
    assert_eq!(sights, [first, first, again, first, again]);
}

#[tokio::test]
async fn a_message_with_two_bodies_is_no_evidence_and_with_one_it_is() {
    let services = Services::start().await;
    let stores = own(&services);
    let mut bodies = Vec::new();
    let mut keep = |letters: &[DeadLetter]| {
        bodies.extend(letters.iter().map(|letter| letter.body.clone()));
        Ok(vec![Disposal::ShowAgain; letters.len()])
    };
    let mut sweep = Sweep::new(&stores);
    let twice = vec![received("a", "1"), received("a", "2")];
    sweep.take_in(twice, &mut keep).await.expect("one body");
    let mut other = received("a", "3");
    other.0.body = "8".into();
    let error = sweep.take_in(vec![other], &mut keep).await;
    let error = error.expect_err("two bodies").to_string();
    assert!(
        error.contains("message a") && error.contains("two different bodies"),
        "{error}"
    );
    assert_eq!((bodies, sweep.held()), (vec!["7".to_owned()], 1));
}

#[tokio::test]
async fn letters_that_a_killed_sweep_hides_are_waited_for_where_that_is_asked_for() {
    let services = Services::start().await;
    services.send("dead", numbered(3));
    for (awaits_hidden, seen) in [(true, Some(3)), (false, None)] {
        let options = ReceiveOptions {
            visibility_timeout: Some(Duration::from_secs(1)),
            ..ReceiveOptions::default()
        };
        let hidden = services.engine.receive("dead", options).await;
        assert_eq!(hidden.unwrap().len(), 1);
        let stores = services.stores_of(|target| target.read.awaits_hidden = awaits_hidden);
        let (mut letters, mut requests) = (0, 0);
        let swept = stores.sweep_dead_letters(&mut requests, |page| {
            letters += page.len();
            Ok(vec![Disposal::ShowAgain; page.len()])
        });
        let swept = swept.await.is_ok().then_some(letters);
        assert_eq!(swept, seen, "{awaits_hidden}");
    }
}

/// The stores of a dead-letter queue of the run's own.
fn own(services: &Services) -> Stores {
    services.stores_of(|target| target.read.dead_letters = DeadLetterUse::Own)
}

/// Even numbers may be deleted.
fn even_go(letters: &[DeadLetter]) -> Result<Vec<Disposal>, StoreError> {
    let disposal = |letter: &DeadLetter| match letter.body.parse::<u32>().unwrap() % 2 {
        0 => Disposal::Delete,
        _ => Disposal::ShowAgain,
    };
    Ok(letters.iter().map(disposal).collect())
}

#[tokio::test]
async fn of_ones_own_queue_what_is_written_down_is_deleted_and_the_rest_is_shown_again() {
    let services = Services::start().await;
    services.send("dead", numbered(50));
    let mut requests = 0;
    let swept = own(&services)
        .sweep_dead_letters(&mut requests, even_go)
        .await;
    swept.unwrap();
    let left = services.engine.counts("dead").unwrap();
    assert_eq!((left.visible, left.total()), (25, 25));
    let bodies = services.engine.bodies("dead").unwrap();
    assert!(
        bodies
            .iter()
            .all(|body| body.parse::<u32>().unwrap() % 2 == 1)
    );
}

#[tokio::test]
async fn in_a_shared_queue_nothing_is_deleted_whatever_is_said() {
    let services = Services::start().await;
    services.send("dead", numbered(50));
    let swept = services.stores().sweep_dead_letters(&mut 0, even_go).await;
    swept.unwrap();
    let left = services.engine.counts("dead").unwrap();
    assert_eq!((left.visible, left.total()), (50, 50));
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_deleted() {
    let services = Services::start().await;
    services.send("dead", numbered(30));
    let full = |_: &[DeadLetter]| Err(StoreError::new("keeping it", "no space left on device"));
    let swept = own(&services).sweep_dead_letters(&mut 0, full).await;
    assert!(swept.unwrap_err().to_string().contains("no space left"));
    let left = services.engine.counts("dead").unwrap();
    assert_eq!((left.visible, left.total()), (30, 30));
}

#[tokio::test]
async fn a_deletion_that_is_refused_makes_the_sweep_incomplete() {
    let services = Services::start().await;
    services.send("dead", numbered(5));
    // Handles of messages that another sweep has deleted meanwhile still delete nothing: purge does better.
    let taken = |letters: &[DeadLetter]| {
        services.engine.delete_queue("dead").unwrap();
        Ok(vec![Disposal::Delete; letters.len()])
    };
    let swept = own(&services).sweep_dead_letters(&mut 0, taken).await;
    let error = swept.unwrap_err().to_string();
    assert!(
        error.contains("5 dead letters that are written down"),
        "{error}"
    );
}

#[tokio::test]
async fn a_slow_sweep_keeps_hidden_what_it_has_received() {
    let services = Services::start().await;
    services.send("dead", numbered(40));
    let mut stores = services.stores();
    stores.lease = Duration::from_secs(1);
    let mut again = 0;
    let mut bodies = BTreeSet::new();
    let slow = |letters: &[DeadLetter]| {
        // Longer than a lease in all, shorter than one between two renewals.
        std::thread::sleep(Duration::from_millis(400));
        for letter in letters {
            again += u32::from(!bodies.insert(letter.body.clone()));
        }
        let hidden = services.engine.counts("dead").unwrap();
        assert_eq!(
            hidden.visible,
            40 - bodies.len() as u64,
            "none has come back"
        );
        Ok(vec![Disposal::ShowAgain; letters.len()])
    };
    stores.sweep_dead_letters(&mut 0, slow).await.unwrap();
    assert_eq!((bodies.len(), again), (40, 0));
    assert_eq!(services.engine.counts("dead").unwrap().visible, 40);
}

#[tokio::test]
async fn a_shared_queue_with_more_letters_than_can_be_hidden_is_refused_at_once() {
    let services = Services::start().await;
    services.send("dead", numbered(120_001));
    let shared = services.stores_of(|target| target.exact_counts = false);
    let (result, bodies, requests) = swept(&shared).await;
    let error = result.unwrap_err();
    assert!(error.contains("--dead-letters own"), "{error}");
    assert_eq!((bodies.len(), requests), (0, 0));
    assert_eq!(services.engine.counts("dead").unwrap().visible, 120_001);
}

/// One letter as it is received, by its message id and under a handle.
pub(super) fn received(message_id: &str, handle: &str) -> (DeadLetter, String) {
    let letter = DeadLetter {
        body: "7".into(),
        message_id: message_id.into(),
    };
    (letter, handle.into())
}

#[tokio::test]
async fn a_letter_handed_out_twice_is_handed_over_and_held_once() {
    let services = Services::start().await;
    let stores = own(&services);
    let mut sweep = Sweep::new(&stores);
    let mut handed_over = 0;
    let mut keep = |letters: &[DeadLetter]| {
        handed_over += letters.len();
        Ok(vec![Disposal::ShowAgain; letters.len()])
    };
    for (round, why) in [
        (
            vec![received("a", "1"), received("a", "2")],
            "by two polls at a time",
        ),
        (vec![received("a", "3")], "after its lease"),
        (vec![received("a", "4"), received("a", "5")], "both"),
    ] {
        sweep.take_in(round, &mut keep).await.expect(why);
        // Held twice it would stand for a letter of another consumer that was never received.
        assert_eq!(sweep.held(), 1, "{why}");
    }
    sweep
        .take_in(vec![received("b", "6")], &mut keep)
        .await
        .unwrap();
    assert_eq!((sweep.held(), handed_over), (2, 2));
}

#[tokio::test]
async fn a_deleted_letter_that_is_given_out_again_is_deleted_again_and_not_handed_over() {
    let services = Services::start().await;
    services.send("dead", numbered(1));
    let message = take(&services).await.remove(0);
    let (id, handle) = (
        message.message_id.to_string(),
        message.receipt_handle.to_string(),
    );
    let stores = own(&services);
    let mut sweep = Sweep::new(&stores);
    let mut handed_over = 0;
    let mut delete = |letters: &[DeadLetter]| {
        handed_over += letters.len();
        Ok(vec![Disposal::Delete; letters.len()])
    };
    for _ in 0..2 {
        let again = vec![received(&id, &handle)];
        sweep.take_in(again, &mut delete).await.unwrap();
        assert_eq!(sweep.held(), 0);
    }
    let error = sweep
        .take_in(vec![received(&id, "invalid")], &mut delete)
        .await;
    let error = error
        .expect_err("the third time it is tried, and refused")
        .to_string();
    assert!(error.contains("1 dead letters"), "{error}");
    assert_eq!((sweep.held(), handed_over), (1, 1));
    assert_eq!(services.engine.counts("dead").unwrap().total(), 0);
}

/// The stores of a queue whose sweep is short of time.
fn hurried(services: &Services, exact: bool) -> Stores {
    let mut stores = services.stores_of(|target| target.exact_counts = exact);
    stores.counts_lag = Duration::from_millis(1);
    stores.letters_least = Duration::from_millis(1);
    stores
}

#[tokio::test]
async fn a_queue_that_others_feed_ends_the_sweep_and_all_is_shown_again() {
    for exact in [true, false] {
        let services = Services::start().await;
        services.send("dead", numbered(3));
        let mut seen = 0;
        let feeding = |letters: &[DeadLetter]| {
            seen += letters.len();
            services.send("dead", numbered(2));
            Ok(vec![Disposal::ShowAgain; letters.len()])
        };
        let stores = hurried(&services, exact);
        let swept = stores.sweep_dead_letters(&mut 0, feeding).await;
        let error = swept.unwrap_err().to_string();
        assert!(
            error.contains("still coming") && error.contains("others feed"),
            "{error}"
        );
        let left = services.engine.counts("dead").unwrap();
        assert_eq!(
            left.visible,
            left.total(),
            "nothing stays hidden, exact {exact}"
        );
        assert!(seen >= 3, "what had come was seen: {seen}");
    }
}

#[tokio::test]
async fn letters_that_come_while_the_sweep_has_time_are_swept_too() {
    let services = Services::start().await;
    services.send("dead", numbered(3));
    let (mut seen, mut more) = (0, 20);
    let feeding = |letters: &[DeadLetter]| {
        seen += letters.len();
        services.send("dead", numbered(u32::from(more > 0)));
        more -= 1;
        Ok(vec![Disposal::ShowAgain; letters.len()])
    };
    let swept = services.stores().sweep_dead_letters(&mut 0, feeding).await;
    swept.unwrap();
    assert_eq!(seen, 23);
}

/// A dead-letter queue with a redrive policy of its own.
fn chained(services: &Services, max_receive_count: u32) {
    let graveyard = QueueAttributes::default();
    services
        .engine
        .create_queue("graveyard", graveyard)
        .unwrap();
    let chained = services.engine.update_attributes("dead", |attributes| {
        attributes.redrive = Some(Redrive {
            dead_letter_queue: "graveyard".to_owned(),
            max_receive_count,
        });
        Ok(())
    });
    chained.unwrap();
}

#[tokio::test]
async fn the_receives_of_a_queue_whose_letters_move_on_are_counted() {
    let services = Services::start().await;
    let stores = services.stores();
    assert_eq!(stores.letter_redrive().await.unwrap(), None, "few have one");
    chained(&services, 3);
    services.send("dead", numbered(25));
    let redrive = stores.letter_redrive().await.unwrap().expect("it has one");
    assert_eq!(
        (redrive.name(), redrive.max_receive_count),
        ("graveyard", 3)
    );
    for look in 1..=3 {
        let mut receives = Receives::default();
        let each = |letters: &[DeadLetter]| Ok(vec![Disposal::ShowAgain; letters.len()]);
        let mut requests = 0;
        let held = &mut |_: &[String]| Ok(());
        let swept = stores.sweep_counted(Some(&redrive), &mut receives, &mut requests, held, each);
        swept.await.result.unwrap();
        let even = Receives {
            highest: look,
            lowest: look,
        };
        assert_eq!(receives, even);
        assert_eq!(services.engine.counts("dead").unwrap().visible, 25);
    }
}

#[tokio::test]
async fn letters_that_others_have_received_more_often_end_the_sweep_before_it_moves_one() {
    let services = Services::start().await;
    let stores = services.stores();
    chained(&services, 2);
    services.send("dead", numbered(30));
    let redrive = stores.letter_redrive().await.unwrap();
    // Somebody has looked at ten of them, which are behind the others now.
    let options = ReceiveOptions {
        visibility_timeout: Some(Duration::ZERO),
        max_messages: 10,
        ..ReceiveOptions::default()
    };
    services.engine.receive("dead", options).await.unwrap();
    let mut receives = Receives::default();
    let each = |letters: &[DeadLetter]| Ok(vec![Disposal::ShowAgain; letters.len()]);
    let mut requests = 0;
    let held = &mut |_: &[String]| Ok(());
    let swept = stores.sweep_counted(redrive.as_ref(), &mut receives, &mut requests, held, each);
    let error = swept.await.result.unwrap_err().to_string();
    assert!(
        error.contains("received 2 times and another 1 times"),
        "{error}"
    );
    assert_eq!(services.engine.counts("dead").unwrap().visible, 30);
    assert_eq!(services.engine.counts("graveyard").unwrap().total(), 0);
}
