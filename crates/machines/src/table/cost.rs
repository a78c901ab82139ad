//! Capacity units of a write.

/// Bytes one write unit writes.
const UNIT_BYTES: usize = 1_024;

/// Write units of an item of so many bytes: one a KiB, at least one.
pub fn write_units(bytes: usize) -> f64 {
    bytes.div_ceil(UNIT_BYTES).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_items_take_more_units() {
        let cases = [
            (0, 1.0),
            (1, 1.0),
            (1_024, 1.0),
            (1_025, 2.0),
            (10_000, 10.0),
        ];
        for (bytes, units) in cases {
            assert_eq!(write_units(bytes), units, "{bytes} bytes");
        }
    }
}
