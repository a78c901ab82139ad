//! What the classes are called and what is said of them.

use std::collections::BTreeSet;

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
fn the_explanation_of_a_lost_order_says_where_it_is_not() {
    let lost = Class::Lost.explanation();
    for word in ["acknowledged", "table", "dead-letter queue", "logs"] {
        assert!(lost.contains(word), "{word}: {lost}");
    }
}
