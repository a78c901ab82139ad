//! Instants as SNS and EventBridge write them.

/// `2026-11-26T08:00:00.250Z`.
pub(crate) fn with_millis(epoch_ms: u64) -> String {
    let (date, time) = date_and_time(epoch_ms / 1_000);
    format!("{date}T{time}.{:03}Z", epoch_ms % 1_000)
}

/// `2026-11-26T08:00:00Z`.
pub(super) fn in_seconds(epoch_s: u64) -> String {
    let (date, time) = date_and_time(epoch_s);
    format!("{date}T{time}Z")
}

fn date_and_time(epoch_s: u64) -> (String, String) {
    let (year, month, day) = civil(epoch_s / 86_400);
    let (hour, minute, second) = (epoch_s / 3_600 % 24, epoch_s / 60 % 60, epoch_s % 60);
    (
        format!("{year:04}-{month:02}-{day:02}"),
        format!("{hour:02}:{minute:02}:{second:02}"),
    )
}

/// Year, month and day of a day since 1970: Howard Hinnant's `civil_from_days`, for days that are not before it.
fn civil(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = match shifted_month < 10 {
        true => shifted_month + 3,
        false => shifted_month - 9,
    };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_those_that_date_gives() {
        for (epoch_s, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_795_680_000, "2026-11-26T08:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(in_seconds(epoch_s), expected);
        }
        assert_eq!(with_millis(1_795_680_000_250), "2026-11-26T08:00:00.250Z");
    }
}
