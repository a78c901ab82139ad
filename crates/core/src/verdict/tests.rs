//! What the classes are called and what is said of them.

use std::collections::BTreeSet;

use crate::order::{Door, Topic};
use crate::verdict::Class;

#[test]
fn each_class_has_its_own_name_and_explanation() {
    let names: BTreeSet<_> = Class::ALL.map(Class::as_str).into();
    assert_eq!(names.len(), Class::ALL.len(), "{names:?}");
    let explanations: BTreeSet<_> = Class::ALL.map(Class::explanation).into();
    assert_eq!(explanations.len(), Class::ALL.len(), "{explanations:?}");
    for class in Class::ALL {
        let stored = serde_json::to_value(class).unwrap();
        assert_eq!(stored, class.as_str(), "one name in files and output");
        assert!(class.explanation().contains(' '), "{class:?} is explained");
    }
}

#[test]
fn who_refused_or_acknowledged_an_order_is_what_it_was_sent_to() {
    let topic = Door::Sns(Topic {
        topic: "orders".into(),
        raw: false,
    });
    let order = crate::order::lab();
    for class in Class::ALL {
        let (of_queue, of_topic) = (
            class.explanation_of(&Door::Sqs, &order),
            class.explanation_of(&topic, &order),
        );
        assert_eq!(of_queue, class.explanation(), "{class:?}");
        assert!(!of_topic.contains("by SQS"), "{class:?}: {of_topic}");
        let names_it = of_topic.contains("by the topic orders");
        assert_eq!(
            names_it,
            matches!(class, Class::Rejected | Class::Lost),
            "{of_topic}"
        );
    }
}

#[test]
fn the_explanation_of_a_lost_order_says_where_it_is_not() {
    let lost = Class::Lost.explanation();
    for word in ["acknowledged", "table", "dead-letter queue", "logs"] {
        assert!(lost.contains(word), "{word}: {lost}");
    }
}

#[test]
fn a_lost_order_is_not_in_the_places_that_its_scenario_names() {
    let mut order = crate::order::lab();
    let mut shipped = order.ends["dead_letter"].clone();
    shipped.letters[0].queue = Some("shipped".into());
    let stored = order.ends.insert("stored".into(), shipped);
    let told = |order: &_| Class::Lost.explanation_of(&Door::Sqs, order);
    let of_queue = told(&order);
    assert!(
        of_queue.contains("nowhere: not in the queue shipped, not in the dead-letter queue;"),
        "{of_queue}"
    );
    order
        .ends
        .insert("kept".into(), stored.expect("the lab's end"));
    let of_both = told(&order);
    assert!(
        of_both.contains("nowhere: not in the table, not in the queue shipped, not in the dead"),
        "{of_both}"
    );
    assert!(!told(&crate::order::lab()).contains("shipped"));
    let bad = Class::GoodOrderDeadLettered;
    assert_eq!(bad.explanation_of(&Door::Sqs, &order), bad.explanation());
}
