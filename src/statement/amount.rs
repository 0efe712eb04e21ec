//! Amounts as statements write them: minor units, never through binary floating point.

/// Most digits before the decimals: ISO 20022 allows 18 in all.
const MAX_WHOLE: usize = 13;

/// A plain decimal as XML writes it, `1234.5`: at most two decimals that are not zero.
pub(super) fn plain(text: &str) -> Option<i64> {
    let (whole, decimals) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    minor(whole, decimals)
}

/// An amount as a table writes it, with this sign before decimals: `-1.234,56`, `1 234,56 RON`, `(12,00)`. Negative
/// where it has a minus or stands in brackets.
pub(super) fn written(text: &str, decimal: char) -> Option<i64> {
    let kept: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_alphabetic() && *c != '\u{2019}' && *c != '\'')
        .map(|c| if c == '\u{2212}' { '-' } else { c })
        .collect();
    let in_brackets = kept.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let is_negative = in_brackets.is_some() || kept.starts_with('-') || kept.ends_with('-');
    let digits = in_brackets.unwrap_or(&kept).trim_matches(['-', '+']);
    let group = if decimal == ',' { '.' } else { ',' };
    let (whole, decimals) = digits.rsplit_once(decimal).unwrap_or((digits, ""));
    if decimals.contains(group) || !is_grouped(whole, group) {
        return None;
    }
    let value = minor(&whole.replace(group, ""), decimals)?;
    Some(if is_negative { -value } else { value })
}

/// Whether thousands are grouped by threes, if they are grouped.
fn is_grouped(whole: &str, group: char) -> bool {
    let mut parts = whole.split(group);
    let first = parts.next().unwrap_or_default();
    let mut has_more = false;
    for part in parts {
        has_more = true;
        if part.len() != 3 {
            return false;
        }
    }
    !has_more || (1..=3).contains(&first.len())
}

fn minor(whole: &str, decimals: &str) -> Option<i64> {
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let decimals = decimals.trim_end_matches('0');
    if whole.is_empty() || !is_number(whole) || !is_number(decimals) || decimals.len() > 2 {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > MAX_WHOLE {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let hundredths: i64 = format!("{decimals:0<2}").parse().ok()?;
    whole.checked_mul(100)?.checked_add(hundredths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_minor_unit_or_not_at_all() {
        for (text, minor) in [("1234.5", 123_450), ("0.01", 1), ("7", 700), ("12.50000", 1250), (" 3.10 ", 310)] {
            assert_eq!(plain(text), Some(minor), "{text}");
        }
        for text in ["", ".5", "1,5", "1.005", "-1", "1e3", "1.2.3", "99999999999999.00"] {
            assert_eq!(plain(text), None, "{text}");
        }
        for (text, minor) in [
            ("1.234,56", 123_456),
            ("-1.234,56", -123_456),
            ("1 234,5 RON", 123_450),
            ("(12,00)", -1200),
            ("12,00-", -1200),
            ("+7", 700),
            ("\u{2212}1,00", -100),
            ("12.345.678,90", 1_234_567_890),
        ] {
            assert_eq!(written(text, ','), Some(minor), "{text}");
        }
        assert_eq!(written("1,234.56", '.'), Some(123_456));
        // The thousands of one country are the decimals of the other.
        for (text, decimal) in [
            ("1,234.56", ','),
            ("1.23", ','),
            ("12.34,50", ','),
            ("1,23", '.'),
            ("", ','),
            ("x", ','),
            ("1,234", ','),
        ] {
            assert_eq!(written(text, decimal), None, "{text}");
        }
    }
}
