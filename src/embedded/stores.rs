//! The queues and tables of a scenario's pipeline, under the names they have on AWS.

use std::collections::{BTreeMap, BTreeSet};

use super::settings;
use crate::emulator::Builder;
use crate::emulator::sqs::Site;
use crate::emulator::table::{self, KeyKind, TableKey};
use crate::order::spec::{Key, KeyAttribute, KeyType, OrderSpec};
use crate::scenario::Scenario;
use crate::store::{QueueAt, TableAt};

/// What an embedded pipeline keeps orders in.
pub(super) struct Stores {
    /// The queue orders are sent to.
    pub(super) orders_queue: String,
    /// Its dead-letter queue.
    pub(super) dead_letter_queue: String,
    /// Further queues in which orders may end.
    pub(super) letter_queues: Vec<String>,
    /// Queues in which none ends.
    other_queues: Vec<String>,
    /// The tables with their keys.
    pub(super) tables: BTreeMap<String, Key>,
}

impl Stores {
    /// Those that `spec` and the functions of `scenario` name.
    pub(super) fn of(scenario: &Scenario, spec: &OrderSpec) -> Self {
        let pipeline = &scenario.pipeline;
        let both = [&pipeline.orders_queue, &pipeline.dead_letter_queue];
        let mut named: BTreeSet<String> = both.into_iter().cloned().collect();
        let mut further = |names: &mut dyn Iterator<Item = String>| -> Vec<String> {
            names.filter(|name| named.insert(name.clone())).collect()
        };
        let letter_queues = scenario.letter_queues(spec).into_iter();
        let letter_queues = further(&mut letter_queues.map(str::to_owned));
        let drained = scenario
            .processors
            .values()
            .map(|processor| &processor.queue);
        let others = pipeline
            .redrive_to
            .iter()
            .chain(&spec.queues)
            .chain(drained);
        Self {
            other_queues: further(&mut others.cloned()),
            letter_queues,
            orders_queue: pipeline.orders_queue.clone(),
            dead_letter_queue: pipeline.dead_letter_queue.clone(),
            tables: spec.tables.clone(),
        }
    }

    /// An emulator that has all of them. The orders queue comes last: its redrive policy names another.
    pub(super) fn create(&self, mut builder: Builder, scenario: &Scenario) -> Builder {
        let pipeline = &scenario.pipeline;
        let queues = std::iter::once(&self.dead_letter_queue);
        for queue in queues.chain(&self.letter_queues).chain(&self.other_queues) {
            builder = builder.queue_with(queue, settings::dead_letter_queue(queue, pipeline));
        }
        let orders = settings::orders_queue(pipeline, &scenario.order);
        builder = builder.queue_with(&self.orders_queue, orders);
        let capacity = pipeline.table_capacity;
        for (name, key) in &self.tables {
            builder = builder.table_with(name, table_key(key), capacity);
        }
        builder
    }

    /// The tables as a verifier finds them.
    pub(super) fn tables_at(&self) -> Vec<TableAt> {
        TableAt::all(&self.tables)
    }

    /// The further queues in which orders may end, as a verifier finds them.
    pub(super) fn letter_queues_at(&self, site: &Site) -> Vec<QueueAt> {
        let queue = |name: &String| QueueAt {
            called: name.clone(),
            url: site.queue_url(name),
        };
        self.letter_queues.iter().map(queue).collect()
    }
}

fn table_key(key: &Key) -> TableKey {
    let kind = |attribute: &KeyAttribute| match attribute.kind {
        KeyType::S => KeyKind::S,
        KeyType::N => KeyKind::N,
        KeyType::B => KeyKind::B,
    };
    let made = table::key(&key.partition.name, kind(&key.partition));
    match &key.sort {
        Some(sort) => made.sort(&sort.name, kind(sort)),
        None => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::testing::scenario;
    use crate::order::Model;
    use crate::order::spec::{End, LetterSpec};

    #[test]
    fn every_queue_that_is_named_is_there_once_and_counts_as_what_it_is() {
        let mut scenario = scenario();
        scenario.pipeline.orders_queue = "checkout".into();
        scenario.pipeline.dead_letter_queue = "checkout-dlq".into();
        scenario.pipeline.redrive_to = Some("elsewhere".into());
        let mut spec = Model::lab().spec().clone();
        let letter = |queue: Option<&str>| LetterSpec {
            queue: queue.map(str::to_owned),
            id_at: Vec::new(),
            holds: BTreeMap::new(),
        };
        let refused = End {
            rows: Vec::new(),
            letters: vec![
                letter(Some("refused")),
                letter(Some("checkout-dlq")),
                letter(None),
            ],
        };
        spec.ends.insert("refused".into(), refused);
        spec.queues = ["notices", "refused", "elsewhere"]
            .map(str::to_owned)
            .into();
        let stores = Stores::of(&scenario, &spec);
        assert_eq!(stores.letter_queues, ["refused"]);
        assert_eq!(stores.other_queues, ["elsewhere", "notices"]);
        let emulator = stores.create(crate::emulator::Emulator::builder(), &scenario);
        let emulator = emulator.start().unwrap();
        for queue in [
            "checkout",
            "checkout-dlq",
            "refused",
            "notices",
            "elsewhere",
        ] {
            assert!(emulator.messages(queue).unwrap().is_empty(), "{queue}");
        }
        assert!(
            emulator.messages("orders-queue").is_err(),
            "nobody names it"
        );
    }

    #[tokio::test]
    async fn a_table_has_the_key_that_is_asked_for() {
        let attribute = |name: &str, kind| KeyAttribute {
            name: name.into(),
            kind,
        };
        let mut spec = Model::lab().spec().clone();
        let composite = Key {
            partition: attribute("pk", KeyType::S),
            sort: Some(attribute("sk", KeyType::B)),
        };
        spec.tables.insert("composite".into(), composite.clone());
        let scenario = scenario();
        let stores = Stores::of(&scenario, &spec);
        assert_eq!(stores.tables_at()[0].called, "composite");
        assert_eq!(stores.tables_at()[0].key, composite);
        let emulator = stores.create(crate::emulator::Emulator::builder(), &scenario);
        let emulator = emulator.start().unwrap();
        let address = emulator
            .endpoint_url()
            .trim_start_matches("http://")
            .parse();
        let client = crate::embedded::testing::dynamodb_client(address.unwrap());
        for (table, expected) in [
            ("composite", &["pk HASH S", "sk RANGE B"][..]),
            ("orders", &["id HASH N"]),
        ] {
            let described = client
                .describe_table()
                .table_name(table)
                .send()
                .await
                .unwrap();
            let described = described.table.unwrap();
            let kind = |name: &str| {
                let mut definitions = described.attribute_definitions().iter();
                let found = definitions
                    .find(|one| one.attribute_name() == name)
                    .unwrap();
                found.attribute_type().as_str().to_owned()
            };
            let key = described.key_schema().iter().map(|element| {
                let name = element.attribute_name();
                format!("{name} {} {}", element.key_type().as_str(), kind(name))
            });
            assert!(key.eq(expected.iter().copied()), "{table}");
        }
    }
}
