//! Sets of sequence numbers in files: ranges such as `0-99,105`.

use std::fmt;
use std::ops::RangeInclusive;

use roaring::RoaringBitmap;
use serde::de::Visitor;
use serde::{Deserializer, Serialize, Serializer};

use crate::ledger::{Ranges, parse_ranges};
use crate::order::MAX_ORDERS;

pub(super) fn serialize<S: Serializer>(set: &RoaringBitmap, to: S) -> Result<S::Ok, S::Error> {
    ranges(set).serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<RoaringBitmap, D::Error> {
    from.deserialize_str(Text)
}

/// The same by name.
pub(super) mod by_name {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::RoaringBitmap;

    #[derive(Deserialize)]
    struct Set(#[serde(deserialize_with = "super::deserialize")] RoaringBitmap);

    pub(in crate::verify) fn serialize<S: Serializer>(
        sets: &BTreeMap<String, RoaringBitmap>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_map(sets.iter().map(|(name, set)| (name, super::ranges(set))))
    }

    pub(in crate::verify) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<String, RoaringBitmap>, D::Error> {
        let sets = BTreeMap::<String, Set>::deserialize(from)?;
        Ok(sets.into_iter().map(|(name, set)| (name, set.0)).collect())
    }
}

/// Takes a text apart range by range: a list of them, from a file of somebody's, is not held in memory as well.
struct Text;

impl Visitor<'_> for Text {
    type Value = RoaringBitmap;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ranges of sequence numbers such as `0-99,105`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RoaringBitmap, E> {
        let mut set = RoaringBitmap::new();
        for range in parse_ranges(text) {
            let range = range.map_err(E::custom)?;
            if range.end > MAX_ORDERS {
                let last = range.end - 1;
                return Err(E::custom(format!(
                    "{last} is not a sequence number of a run"
                )));
            }
            set.insert_range(range.start as u32..range.end as u32);
        }
        Ok(set)
    }
}

fn ranges(set: &RoaringBitmap) -> Ranges {
    let mut iter = set.iter();
    let mut found = Vec::new();
    while let Some(range) = iter.next_range() {
        let range: RangeInclusive<u32> = range;
        found.push(u64::from(*range.start())..u64::from(*range.end()) + 1);
    }
    Ranges::of(found)
}
