//! Which payment an entry is about: by what it names, and for entries that name nothing, by account, amount and day
//! where only one payment fits.

use super::Entry;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

/// An instruction of a payment: the payment's number and its place in it, from 1.
pub type Instruction = (i64, i32);

/// What came of an entry, or of a payment that no entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The bank booked a payment that we hold for in doubt.
    InDoubt,
    /// The bank booked a payment that ended here without the money moving, or that has not ended.
    NotSettled,
    /// The entry names a payment, but its amount or currency is another.
    Differing,
    /// Settled here, and not in the statement.
    Missing,
    /// In the statement, and no payment here.
    Surplus,
    /// Only one payment has this account, amount and day; the entry does not name it.
    Probable,
    /// The entry names the payment, and the amounts are the same.
    Matched,
}

impl Finding {
    /// Every finding, what wants attention first.
    pub const ALL: [Self; 7] = [
        Self::InDoubt,
        Self::NotSettled,
        Self::Differing,
        Self::Missing,
        Self::Surplus,
        Self::Probable,
        Self::Matched,
    ];

    /// The stored word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InDoubt => "in_doubt",
            Self::NotSettled => "not_settled",
            Self::Differing => "differing",
            Self::Missing => "missing",
            Self::Surplus => "surplus",
            Self::Probable => "probable",
            Self::Matched => "matched",
        }
    }

    /// The finding of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finding| finding.as_str() == word)
    }
}

/// Where an instruction stands, as far as a statement is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// We say that the money moved.
    Settled,
    /// Nobody knows.
    InDoubt,
    /// We say that it did not, or has not yet.
    Otherwise,
}

/// By what an entry names a payment; the first is the surest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// Its end-to-end identification is the instruction's.
    EndToEnd,
    /// Our number of the payment stands in the remittance information.
    Number,
    /// The partner's own id stands in the remittance information.
    External,
}

/// Ids shorter than this are names that others use too: they count only with the right amount.
const LONG_ID: usize = 6;

/// An instruction that an entry names.
#[derive(Clone, Debug)]
pub struct Known {
    /// Which.
    pub instruction: Instruction,
    /// Minor units.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// Where it stands.
    pub standing: Standing,
    /// How it is named.
    pub named: Named,
    /// The length of the name, in characters.
    pub name_length: usize,
}

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What came of it.
    pub finding: Finding,
    /// The instruction; of a surplus entry the one it repeats.
    pub of: Option<Instruction>,
}

const SURPLUS: Decision = Decision {
    finding: Finding::Surplus,
    of: None,
};

/// Decides on an entry by the instructions it names; `used` are those that earlier entries are about.
#[must_use]
pub fn decide(entry: &Entry, known: &[Known], used: &HashSet<Instruction>) -> Decision {
    if entry.is_reversal {
        return SURPLUS;
    }
    let same = |k: &&Known| k.minor == entry.minor && k.currency == entry.currency;
    for named in [Named::EndToEnd, Named::Number, Named::External] {
        let all: Vec<&Known> = known.iter().filter(|k| k.named == named).collect();
        let free = || all.iter().copied().filter(|k| !used.contains(&k.instruction));
        if let Some(one) = free().filter(same).min_by_key(|k| (k.standing, k.instruction)) {
            return Decision {
                finding: match one.standing {
                    Standing::Settled => Finding::Matched,
                    Standing::InDoubt => Finding::InDoubt,
                    Standing::Otherwise => Finding::NotSettled,
                },
                of: Some(one.instruction),
            };
        }
        if let Some(repeated) = all.iter().copied().find(same) {
            return Decision {
                of: Some(repeated.instruction),
                ..SURPLUS
            };
        }
        // Another amount: only where the name can be meant for nothing else.
        let mut long = free().filter(|k| k.name_length >= LONG_ID);
        if let (Some(one), None) = (long.next(), long.next()) {
            return Decision {
                finding: Finding::Differing,
                of: Some(one.instruction),
            };
        }
    }
    SURPLUS
}

/// An entry that names nothing we know.
#[derive(Clone, Debug)]
pub struct Left {
    /// Its place among the results.
    pub seq: i64,
    /// Minor units.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// When it was booked.
    pub booked: NaiveDate,
    /// The creditor's account.
    pub iban: String,
}

/// A settled instruction that no entry names.
#[derive(Clone, Debug)]
pub struct Open {
    /// Which.
    pub instruction: Instruction,
    /// Minor units.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// The day we learnt that it was settled.
    pub settled: NaiveDate,
    /// The creditor's account.
    pub iban: String,
}

/// Days before the day we learnt of it on which a bank may have booked: we may ask late.
const BEFORE: i64 = 3;
/// Days after it: weekends and holidays lie between two banks.
const AFTER: i64 = 5;

/// Whether a payment of that day may be booked on this one.
#[must_use]
pub fn in_window(settled: NaiveDate, booked: NaiveDate) -> bool {
    let days = booked.signed_duration_since(settled).num_days();
    (-BEFORE..=AFTER).contains(&days)
}

/// Pairs of an entry and an instruction with the same account, amount and currency, close in time, where neither
/// could be paired with another.
#[must_use]
pub fn pair(left: &[Left], open: &[Open]) -> Vec<(i64, Instruction)> {
    let mut by_key: BTreeMap<(&str, i64, &str), Vec<&Open>> = BTreeMap::new();
    for one in open {
        by_key.entry((&one.iban, one.minor, &one.currency)).or_default().push(one);
    }
    let fitting = |entry: &Left| -> Vec<Instruction> {
        let same = by_key.get(&(entry.iban.as_str(), entry.minor, entry.currency.as_str()));
        let close = same.into_iter().flatten().filter(|one| in_window(one.settled, entry.booked));
        close.map(|one| one.instruction).collect()
    };
    let all: Vec<(i64, Vec<Instruction>)> = left.iter().map(|entry| (entry.seq, fitting(entry))).collect();
    let mut claims: BTreeMap<Instruction, usize> = BTreeMap::new();
    for instruction in all.iter().flat_map(|(_, fitting)| fitting) {
        *claims.entry(*instruction).or_default() += 1;
    }
    let only = |(seq, fitting): &(i64, Vec<Instruction>)| match fitting.as_slice() {
        [one] if claims.get(one) == Some(&1) => Some((*seq, *one)),
        _ => None,
    };
    all.iter().filter_map(only).collect()
}

/// Entries and their sum in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// How many.
    pub count: i64,
    /// Their sum.
    pub minor: i64,
}

/// A statement being compared: which instructions were found, which entries name none, and the sums of each finding.
#[derive(Debug, Default)]
pub struct Comparison {
    used: HashSet<Instruction>,
    left: Vec<Left>,
    totals: BTreeMap<(Finding, String), Total>,
    next: i64,
}

impl Comparison {
    /// Takes an entry with the instructions it names; answers its place among the results and what it is about.
    pub fn take(&mut self, entry: &Entry, known: &[Known]) -> (i64, Decision) {
        let decision = decide(entry, known, &self.used);
        let seq = self.place();
        self.add(decision.finding, &entry.currency, entry.minor);
        match decision {
            Decision {
                finding: Finding::Surplus,
                of: None,
            } if !entry.is_reversal => self.left.extend(entry.creditor_iban.as_ref().map(|iban| Left {
                seq,
                minor: entry.minor,
                currency: entry.currency.clone(),
                booked: entry.booked,
                iban: iban.clone(),
            })),
            Decision { of: Some(instruction), .. } => {
                self.used.insert(instruction);
            }
            _ => {}
        }
        (seq, decision)
    }

    /// Whether an entry is about this instruction.
    #[must_use]
    pub fn has(&self, instruction: Instruction) -> bool {
        self.used.contains(&instruction)
    }

    /// Amounts and currencies of the entries that name nothing.
    #[must_use]
    pub fn amounts_left(&self) -> HashSet<(i64, String)> {
        self.left.iter().map(|left| (left.minor, left.currency.clone())).collect()
    }

    /// Pairs what is left with instructions that no entry names.
    pub fn pair(&mut self, open: &[Open]) -> Vec<(i64, Instruction)> {
        let pairs = pair(&self.left, open);
        for (seq, instruction) in &pairs {
            self.used.insert(*instruction);
            let Some(left) = self.left.iter().find(|left| left.seq == *seq).cloned() else {
                continue;
            };
            if let Some(total) = self.totals.get_mut(&(Finding::Surplus, left.currency.clone())) {
                total.count -= 1;
                total.minor = total.minor.saturating_sub(left.minor);
            }
            self.add(Finding::Probable, &left.currency, left.minor);
        }
        pairs
    }

    /// Notes a payment that no entry is about; answers its place among the results.
    pub fn miss(&mut self, minor: i64, currency: &str) -> i64 {
        self.add(Finding::Missing, currency, minor);
        self.place()
    }

    const fn place(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    fn add(&mut self, finding: Finding, currency: &str, minor: i64) {
        let total = self.totals.entry((finding, currency.to_owned())).or_default();
        total.count += 1;
        total.minor = total.minor.saturating_add(minor);
    }

    /// How many there are of each finding and currency, and how much.
    #[must_use]
    pub fn totals(self) -> Vec<(Finding, String, Total)> {
        let all = self.totals.into_iter().filter(|(_, total)| total.count > 0);
        all.map(|((finding, currency), total)| (finding, currency, total)).collect()
    }
}

/// Words of an entry that may be the number of a payment or a partner's own id, at most 24.
#[must_use]
pub fn words(entry: &Entry) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let texts = [entry.remittance.as_str(), entry.reference.as_deref().unwrap_or_default()];
    let mut words: Vec<String> = Vec::new();
    for word in texts.iter().flat_map(|text| text.split(|c| !is_part(c))) {
        let whole = word.trim_matches(['-', '_', '.', '/']);
        // Beside it what stands between slashes and points: /ROC/1234/, ref.1234.
        for word in std::iter::once(whole).chain(whole.split(['/', '.'])) {
            let has_digit = word.bytes().any(|b| b.is_ascii_digit());
            if (3..=64).contains(&word.len()) && has_digit && !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        }
        if words.len() >= 24 {
            break;
        }
    }
    words.truncate(24);
    words
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
