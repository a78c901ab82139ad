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
    for class in Class::ALL {
        let (of_queue, of_topic) = (
            class.explanation_of(&Door::Sqs),
            class.explanation_of(&topic),
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
