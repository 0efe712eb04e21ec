//! The numbers by which Romania knows companies and people, and their check digits.

use chrono::NaiveDate;

/// Whether it is a Romanian unique registration code (CUI, Law 359/2004): 2 to 10 digits, `RO` before it or not, the
/// last one a check digit (weights 7 5 3 2 1 7 5 3 2 from the right, times ten, modulo 11, ten counting as zero).
#[must_use]
pub fn is_cui(text: &str) -> bool {
    let digits = text.strip_prefix("RO").unwrap_or(text).trim();
    if !(2..=10).contains(&digits.len()) || !all_digits(digits) || digits.starts_with('0') {
        return false;
    }
    const WEIGHTS: [u32; 9] = [2, 3, 5, 7, 1, 2, 3, 5, 7];
    let (number, check) = digits.split_at(digits.len() - 1);
    let sum: u32 = number.bytes().rev().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    last_digit(check) == sum * 10 % 11 % 10
}

/// The date of birth in a Romanian personal number (CNP, Law 105/1996): 13 digits, the first one the century and sex,
/// then year, month and day, the last one a check digit (weights 2 7 9 1 4 6 3 5 8 2 7 9 modulo 11, ten counting as
/// one). `None` when it is not one. For residents born abroad (7, 8) and foreigners (9) the number does not tell the
/// century: the latest that is not after `today` is taken.
#[must_use]
pub fn birth_date_of_cnp(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    const WEIGHTS: [u32; 12] = [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9];
    if text.len() != 13 || !all_digits(text) {
        return None;
    }
    let sum: u32 = text.bytes().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
    let expected = match sum % 11 {
        10 => 1,
        rest => rest,
    };
    if last_digit(text) != expected {
        return None;
    }
    let part = |from: usize| text[from..from + 2].parse::<u32>().ok();
    let (year, month, day) = (i32::try_from(part(1)?).ok()?, part(3)?, part(5)?);
    let born = |century: i32| NaiveDate::from_ymd_opt(century + year, month, day);
    match text.as_bytes()[0] {
        b'1' | b'2' => born(1900),
        b'3' | b'4' => born(1800),
        b'5' | b'6' => born(2000),
        b'7'..=b'9' => born(2000).filter(|date| *date <= today).or_else(|| born(1900)),
        _ => None,
    }
}

/// Whether it is a number of the Romanian trade register: `J40/1234/2020`, or since 26 July 2024 the letter and 13
/// digits, the first four of which are the year.
#[must_use]
pub fn is_trade_register_number(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['J', 'F', 'C']) else {
        return false;
    };
    if rest.len() == 13 && all_digits(rest) {
        return is_year(&rest[..4]);
    }
    let parts: Vec<&str> = rest.split('/').collect();
    let [county, number, year] = parts.as_slice() else { return false };
    let county_exists = all_digits(county) && county.len() <= 2 && matches!(county.parse::<u32>(), Ok(1..=52));
    county_exists && all_digits(number) && (1..=7).contains(&number.len()) && is_year(year)
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && all_digits(text) && matches!(text.parse::<u32>(), Ok(1990..=2199))
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn last_digit(digits: &str) -> u32 {
    digits.bytes().last().map_or(0, |b| u32::from(b - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn known_numbers_pass_and_a_changed_digit_does_not() {
        for good in ["RO361757", "14399840", "361897", "RO 14399840"] {
            assert!(is_cui(good), "{good}");
        }
        for bad in ["", "RO", "1", "14399841", "01439984", "143998401234", "1439984x", "RO1٣99840"] {
            assert!(!is_cui(bad), "{bad}");
        }
        let today = day(2026, 11, 21);
        assert_eq!(birth_date_of_cnp("1800101221144", today), Some(day(1980, 1, 1)));
        // Of a resident born abroad the number does not tell the century.
        assert_eq!(birth_date_of_cnp("7261231222114", today), Some(day(1926, 12, 31)));
        assert_eq!(birth_date_of_cnp("7261231222114", day(2027, 1, 1)), Some(day(2026, 12, 31)));
        for bad in [
            "1800101221145",
            "180010122114",
            "0800101221144",
            "1801301221144",
            "ă800101221144",
            "",
        ] {
            assert_eq!(birth_date_of_cnp(bad, today), None, "{bad}");
        }
    }

    #[test]
    fn both_forms_of_register_numbers_pass() {
        for good in ["J40/1234/2020", "F12/9/1999", "J2024025879004", "C5/77/2001"] {
            assert!(is_trade_register_number(good), "{good}");
        }
        for bad in [
            "40/1234/2020",
            "J53/1/2020",
            "J40/1234/20",
            "J40/12345678/2020",
            "J0000000000000",
            "J",
            "J40//2020",
            "JĂ/1/2020",
        ] {
            assert!(!is_trade_register_number(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_fits(number in "[1-9][0-9]{1,8}", person in "[12][0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{5}") {
            prop_assert_eq!((0..10).filter(|d| is_cui(&format!("{number}{d}"))).count(), 1);
            let today = day(2026, 11, 21);
            prop_assert_eq!((0..10).filter(|d| birth_date_of_cnp(&format!("{person}{d}"), today).is_some()).count(), 1);
        }

        #[test]
        fn rubbish_never_panics(text: String) {
            let _ = (is_cui(&text), is_trade_register_number(&text), birth_date_of_cnp(&text, day(2026, 1, 1)));
        }
    }
}
