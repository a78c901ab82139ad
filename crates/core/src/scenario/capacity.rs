//! The table's capacity, as a scenario writes it.

use super::TableCapacity;

/// What to write.
pub(super) const CAPACITY_HINT: &str = "write \"on-demand\", \"on-demand, warm 10000 wcu\" (4000 when not said), provisioned \
     capacity such as \"5 wcu\" or \"5 wcu, 5 rcu\", or \"unlimited\"; at most 40000 units (a table's quota)";

/// Units an account may use of one table unless its quota is raised.
const UNITS_MAX: u32 = 40_000;

/// Reads `on-demand`, `on-demand, warm 10000 wcu`, `5 wcu`, `5 wcu, 5 rcu` or `unlimited`.
pub(super) fn parse_capacity(text: &str) -> Result<TableCapacity, String> {
    let wrong = || format!("{text:?} is not a capacity");
    let mut parts = text.split(',').map(str::trim);
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    if parts.next().is_some() {
        return Err(wrong());
    }
    match (first, second) {
        ("unlimited", None) => Ok(TableCapacity::Unlimited),
        ("on-demand", None) => Ok(TableCapacity::on_demand()),
        ("on-demand", Some(warm)) => {
            let warm = warm.strip_prefix("warm ").ok_or_else(wrong)?;
            let warm_write_units = units(warm, "wcu").ok_or_else(wrong)?;
            Ok(TableCapacity::OnDemand { warm_write_units })
        }
        (writes, reads) => Ok(TableCapacity::Provisioned {
            write_capacity_units: units(writes, "wcu").ok_or_else(wrong)?,
            read_capacity_units: match reads {
                Some(reads) => Some(units(reads, "rcu").ok_or_else(wrong)?),
                None => None,
            },
        }),
    }
}

fn units(text: &str, unit: &str) -> Option<u32> {
    let number = text.strip_suffix(unit)?.trim().parse().ok()?;
    (1..=UNITS_MAX).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_it_is_read_and_others_are_refused() {
        let provisioned = |write_capacity_units, read_capacity_units| TableCapacity::Provisioned {
            write_capacity_units,
            read_capacity_units,
        };
        let warm = |warm_write_units| TableCapacity::OnDemand { warm_write_units };
        let good = [
            ("unlimited", TableCapacity::Unlimited),
            ("on-demand", warm(4_000)),
            ("on-demand, warm 10000 wcu", warm(10_000)),
            ("5 wcu", provisioned(5, None)),
            ("5wcu,7rcu", provisioned(5, Some(7))),
            ("40000 wcu, 1 rcu", provisioned(40_000, Some(1))),
        ];
        for (text, capacity) in good {
            assert_eq!(parse_capacity(text), Ok(capacity), "{text}");
        }
        for text in [
            "",
            "5",
            "0 wcu",
            "40001 wcu",
            "5 rcu",
            "5 rcu, 5 wcu",
            "5 wcu, 5 wcu",
            "5 wcu, 5 rcu, 5",
            "on-demand, 10000 wcu",
            "on-demand, warm",
            "unlimited, warm 5 wcu",
            "-5 wcu",
        ] {
            assert!(parse_capacity(text).is_err(), "{text:?}");
        }
    }
}
