//! How long many things took, in little room: counts by length, which can be added up over days and banks and
//! still tell the median. Lengths below 32 are kept exactly, longer ones to within one part in 32.

use std::collections::BTreeMap;
use std::fmt;

/// Lengths below this have a step of their own.
const EXACT: u64 = 32;
/// Steps to a doubling, as a power of two.
const STEP_BITS: u32 = 4;

/// Counts of whole units (seconds, or milliseconds) by length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    steps: BTreeMap<u32, u64>,
}

/// The step a length belongs to.
fn step_of(length: u64) -> u32 {
    if length < EXACT {
        return u32::try_from(length).unwrap_or(0);
    }
    let doublings = length.ilog2();
    let within = (length >> (doublings - STEP_BITS)) & ((1 << STEP_BITS) - 1);
    32 + ((doublings - 5) << STEP_BITS) + u32::try_from(within).unwrap_or(0)
}

/// The middle of a step.
fn middle_of(step: u32) -> u64 {
    let Some(above) = step.checked_sub(32) else {
        return u64::from(step);
    };
    let doublings = (above >> STEP_BITS) + 5;
    let within = u64::from(above & ((1 << STEP_BITS) - 1));
    let width = 1_u64 << (doublings - STEP_BITS);
    ((1 << STEP_BITS) + within) * width + width / 2
}

/// The step of the longest length there is.
const LAST_STEP: u32 = 32 + ((63 - 5) << STEP_BITS) + (1 << STEP_BITS) - 1;

impl Durations {
    /// Counts one; a negative length (clocks were set back) counts as none.
    pub fn add(&mut self, length: i64) {
        let length = u64::try_from(length).unwrap_or(0);
        *self.steps.entry(step_of(length)).or_default() += 1;
    }

    /// Counts all that another has counted.
    pub fn merge(&mut self, other: &Self) {
        for (step, count) in &other.steps {
            let sum = self.steps.entry(*step).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.steps.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The length that so many of a hundred do not exceed (nearest rank); `None` when nothing was counted.
    #[must_use]
    pub fn percentile(&self, of_hundred: u64) -> Option<u64> {
        let rank = self.count().saturating_mul(of_hundred.min(100)).div_ceil(100).max(1);
        let mut seen = 0_u64;
        for (step, count) in &self.steps {
            seen = seen.saturating_add(*count);
            if seen >= rank {
                return Some(middle_of(*step));
            }
        }
        None
    }

    /// Reads what [`fmt::Display`] wrote; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = BTreeMap::new();
        for part in text.split(' ').filter(|part| !part.is_empty()) {
            let (step, count) = part.split_once(':')?;
            let step: u32 = step.parse().ok().filter(|step| *step <= LAST_STEP)?;
            steps.insert(step, count.parse().ok()?);
        }
        Some(Self { steps })
    }
}

impl fmt::Display for Durations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (step, count)) in self.steps.iter().enumerate() {
            let gap = if i == 0 { "" } else { " " };
            write!(f, "{gap}{step}:{count}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lengths: &[i64]) -> Durations {
        let mut all = Durations::default();
        lengths.iter().for_each(|length| all.add(*length));
        all
    }

    #[test]
    fn the_median_and_the_slowest_twentieth() {
        assert_eq!(of(&[]).percentile(50), None);
        assert_eq!(of(&[-5]).percentile(50), Some(0));
        let few = of(&[3, 1, 2, 30]);
        assert_eq!((few.percentile(50), few.percentile(95), few.count()), (Some(2), Some(30), 4));
        let hundred = of(&(1..=100).collect::<Vec<i64>>());
        assert_eq!(hundred.percentile(25), Some(25));
        let p95 = hundred.percentile(95).unwrap();
        assert!((93..=97).contains(&p95), "{p95}");
    }

    #[test]
    fn the_last_step_is_the_last() {
        assert_eq!(step_of(u64::MAX), LAST_STEP);
        assert!(middle_of(LAST_STEP) > u64::MAX / 2);
        for wrong in ["x", "1", "1:x", "-1:2", "961:1 99999:2"] {
            assert_eq!(Durations::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_length_is_kept_to_within_one_part_in_32(length in 0..i64::MAX) {
            let kept = i128::from(of(&[length]).percentile(50).unwrap());
            let off = (kept - i128::from(length)).abs();
            prop_assert!(off * 32 <= i128::from(length).max(0), "{kept} for {length}");
        }

        #[test]
        fn added_up_is_as_counted_together(a in prop::collection::vec(0_i64..100_000, 0..40), b in prop::collection::vec(0_i64..100_000, 0..40)) {
            let mut sum = of(&a);
            sum.merge(&of(&b));
            let together = of(&[a, b].concat());
            prop_assert_eq!(&sum, &together);
            prop_assert_eq!(Durations::parse(&sum.to_string()), Some(sum));
        }
    }
}
