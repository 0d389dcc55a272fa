//! Times and sizes as people write them.

use std::time::Duration;

/// A time such as `30d`.
pub(crate) fn age(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800)];
    quantity(text, &units)
        .map(Duration::from_secs)
        .ok_or_else(|| "a number and a unit, one of s, m, h, d and w, such as 30d".to_owned())
}

/// A number of bytes such as `5GB`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let units = [
        ("", 1),
        ("B", 1),
        ("kB", 1_000),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    quantity(text, &units).ok_or_else(|| {
        "a number and a unit, one of B, kB, MB, GB, TB, KiB, MiB, GiB and TiB, such as 5GB"
            .to_owned()
    })
}

/// A whole number with a unit behind it.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        assert_eq!(age("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(age("8 w"), Ok(Duration::from_secs(8 * 604_800)));
        assert_eq!((size("5GB"), size("2GiB")), (Ok(5_000_000_000), Ok(2 << 30)));
        assert_eq!((size("0"), size("17")), (Ok(0), Ok(17)));
        for bad in
            ["", "30", "d", "-1d", "1.5d", "1y", "99999999999999999999d", "9999999999999999999w"]
        {
            assert!(age(bad).is_err(), "{bad}");
        }
        for bad in ["", "GB", "1.5GB", "1gb", "99999999999TiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
