//! Tables found at a target: their keys, and the reads they bear.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, KeySchemaElement, ProvisionedThroughputDescription, ScalarAttributeType,
};

use super::*;
use crate::order::spec::{self, Key, KeyAttribute};

fn table(elements: &[(&str, KeyType, ScalarAttributeType)]) -> TableDescription {
    let mut table = TableDescription::builder();
    for (name, role, kind) in elements {
        let element = KeySchemaElement::builder()
            .attribute_name(*name)
            .key_type(role.clone());
        let definition = AttributeDefinition::builder()
            .attribute_name(*name)
            .attribute_type(kind.clone());
        table = table
            .key_schema(element.build().unwrap())
            .attribute_definitions(definition.build().unwrap());
    }
    table.build()
}

fn asked() -> TableAt {
    let attribute = |name: &str, kind| KeyAttribute {
        name: name.into(),
        kind,
    };
    TableAt {
        called: "orders".into(),
        name: "prod-orders".into(),
        key: Key {
            partition: attribute("pk", spec::KeyType::S),
            sort: Some(attribute("sk", spec::KeyType::N)),
        },
    }
}

#[test]
fn a_table_with_another_key_is_refused_and_both_keys_are_named() {
    use ScalarAttributeType as Kind;
    let (pk, sk) = (("pk", KeyType::Hash), ("sk", KeyType::Range));
    for (there, words) in [
        (
            vec![(pk.0, pk.1.clone(), Kind::S)],
            "its key is pk (S), and",
        ),
        (
            vec![(pk.0, pk.1.clone(), Kind::S), (sk.0, sk.1.clone(), Kind::S)],
            "its key is pk (S) and sk (S), and",
        ),
        (
            vec![
                ("sk", KeyType::Hash, Kind::N),
                ("pk", KeyType::Range, Kind::S),
            ],
            "its key is sk (N) and pk (S), and",
        ),
        (vec![], "its key is not told, and"),
    ] {
        let refused = compare_keys(&asked(), Some(&table(&there)));
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(words), "{words} in {refused}");
        for word in ["prod-orders", "pk (S) and sk (N)", "target.tables.orders"] {
            assert!(refused.contains(word), "{word} in {refused}");
        }
    }
    // The order in which the parts are told says nothing.
    let same = [(sk.0, sk.1, Kind::N), (pk.0, pk.1, Kind::S)];
    assert!(compare_keys(&asked(), Some(&table(&same))).is_ok());
}

#[test]
fn a_provisioned_table_says_how_much_may_be_read_and_one_on_demand_does_not() {
    let with = |units: i64| {
        let units = ProvisionedThroughputDescription::builder().read_capacity_units(units);
        TableDescription::builder()
            .provisioned_throughput(units.build())
            .build()
    };
    assert_eq!(provisioned_units(Some(&with(25))), Some(25));
    assert_eq!(provisioned_units(Some(&with(0))), None);
    assert_eq!(provisioned_units(Some(&table(&[]))), None);
    assert_eq!(provisioned_units(None), None);
}
