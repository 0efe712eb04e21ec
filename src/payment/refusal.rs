//! Why a bank did not make a payment, in words for people: the same on pages and in mails.

use super::Language;

/// The stored word of a reason, and what it means in Romanian and English, as the part of a sentence that follows
/// a colon.
const WHY: [(&str, &str, &str); 13] = [
    (
        "account_unknown",
        "unul dintre conturi nu a fost recunoscut",
        "one of the account numbers was not recognised",
    ),
    ("account_closed", "unul dintre conturi este închis", "one of the accounts is closed"),
    (
        "account_blocked",
        "unul dintre conturi este blocat",
        "one of the accounts is blocked",
    ),
    (
        "not_permitted",
        "contul nu permite astfel de plăți",
        "the account does not allow such payments",
    ),
    (
        "psu_or_funds",
        "a fost refuzată la bancă sau nu au fost destui bani în cont",
        "it was declined at the bank, or there was not enough money in the account",
    ),
    (
        "insufficient_funds",
        "nu sunt destui bani în cont",
        "there is not enough money in the account",
    ),
    ("fraud_suspected", "există o suspiciune de fraudă", "fraud is suspected"),
    (
        "psu_no_answer",
        "plata nu a fost aprobată la timp",
        "the payment was not approved in time",
    ),
    (
        "party_not_accepted",
        "datele plătitorului sau ale beneficiarului nu au fost acceptate",
        "the details of the payer or of the payee were not accepted",
    ),
    (
        "regulatory",
        "o regulă legală nu permite această plată",
        "a legal rule does not allow this payment",
    ),
    (
        "duplicate",
        "a fost considerată o repetare a altei plăți",
        "it was taken for a repetition of another payment",
    ),
    (
        "order_not_accepted",
        "datele plății nu au fost acceptate",
        "the details of the payment were not accepted",
    ),
    (
        "bank_technical",
        "a apărut o problemă tehnică la bancă",
        "there was a technical problem at the bank",
    ),
];

/// What a stored reason means to a payer; `None` for the words that the pages and mails explain in their own way,
/// and for unknown ones.
#[must_use]
pub fn why(reason: &str, language: Language) -> Option<&'static str> {
    let (_, ro, en) = WHY.iter().find(|(word, ..)| *word == reason)?;
    Some(match language {
        Language::Ro => ro,
        Language::En => en,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_words_of_its_own_in_both_languages_with_the_right_letters() {
        let mut seen = std::collections::BTreeSet::new();
        for (word, ..) in WHY {
            let both = [why(word, Language::Ro).unwrap(), why(word, Language::En).unwrap()];
            assert!(
                both.iter()
                    .all(|text| !text.is_empty() && !text.ends_with('.') && seen.insert(*text))
            );
            assert!(!both[0].contains(['ş', 'ţ', 'Ş', 'Ţ']), "cedilla in {}", both[0]);
        }
        assert_eq!(why("bank_declined", Language::Ro), None);
    }
}
