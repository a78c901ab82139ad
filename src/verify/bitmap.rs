//! Sets of sequence numbers in files: ranges such as `0-99,105`.

use std::ops::RangeInclusive;

use roaring::RoaringBitmap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ledger::Ranges;

pub(super) fn serialize<S: Serializer>(set: &RoaringBitmap, to: S) -> Result<S::Ok, S::Error> {
    ranges(set).serialize(to)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<RoaringBitmap, D::Error> {
    let ranges = Ranges::deserialize(from)?;
    let mut set = RoaringBitmap::new();
    for range in ranges.iter() {
        let narrow = |k: u64| {
            u32::try_from(k)
                .map_err(|_| serde::de::Error::custom(format!("{k} is no sequence number")))
        };
        set.insert_range(narrow(range.start)?..=narrow(range.end - 1)?);
    }
    Ok(set)
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
