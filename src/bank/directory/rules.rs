//! What every protocol's table is checked by.

/// Longest time a bank may be asked about one order, in hours (90 days).
const MAX_ASK_LIMIT_HOURS: u32 = 90 * 24;

/// What is wrong: the field, and the problem.
pub type Wrong = (&'static str, String);

/// A length that the directory sets for a bank: its field, the length in characters, and the most that the protocol's
/// standard allows.
pub type Length = (&'static str, usize, usize);

/// Whether each rule holds: a condition, the field it is about, and what is said where it does not hold.
///
/// # Errors
/// The first that does not.
pub fn all_hold(rules: impl IntoIterator<Item = (bool, &'static str, &'static str)>) -> Result<(), Wrong> {
    let failed = rules.into_iter().find(|(holds, ..)| !holds);
    failed.map_or(Ok(()), |(_, field, problem)| Err((field, problem.to_owned())))
}

/// Whether the lengths are those of an order that the standard allows, and asking ends at some time.
///
/// # Errors
/// The field and the numbers it may have.
pub fn check_limits(lengths: &[Length], ask_limit_hours: u32) -> Result<(), Wrong> {
    if let Some((field, _, most)) = lengths.iter().find(|(_, chars, most)| !(1..=*most).contains(chars)) {
        return Err((field, format!("must be 1 to {most}")));
    }
    if (1..=MAX_ASK_LIMIT_HOURS).contains(&ask_limit_hours) {
        Ok(())
    } else {
        Err(("ask_limit_hours", format!("must be 1 to {MAX_ASK_LIMIT_HOURS}")))
    }
}

/// Whether a text can stand between two slashes of a path as it is.
#[must_use]
pub fn is_path_segment(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
