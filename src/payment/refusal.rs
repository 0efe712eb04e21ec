//! Why a bank did not make a payment, in words for people: the same on pages and in mails.

use super::Language;

/// Why a payment was not made, and what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Why {
    /// What happened, as the part of a sentence that follows a colon.
    pub what: &'static str,
    /// What to do next, as a sentence.
    pub next: &'static str,
}

/// The stored word of a reason, and what is said of it in Romanian and English.
const WHY: [(&str, Why, Why); 13] = [
    (
        "account_unknown",
        Why {
            what: "unul dintre conturi nu a fost recunoscut",
            next: "Verifică IBAN-ul contului tău și pe cel al beneficiarului.",
        },
        Why {
            what: "one of the account numbers was not recognised",
            next: "Check the IBAN of your account and that of the payee.",
        },
    ),
    (
        "account_closed",
        Why {
            what: "unul dintre conturi este închis",
            next: "Plătește din alt cont sau întreabă beneficiarul dacă i s-a schimbat contul.",
        },
        Why {
            what: "one of the accounts is closed",
            next: "Pay from another account, or ask the payee whether theirs has changed.",
        },
    ),
    (
        "account_blocked",
        Why {
            what: "unul dintre conturi este blocat",
            next: "Plătește din alt cont sau sună la banca ta.",
        },
        Why {
            what: "one of the accounts is blocked",
            next: "Pay from another account, or call your bank.",
        },
    ),
    (
        "not_permitted",
        Why {
            what: "contul nu permite astfel de plăți",
            next: "Plătește din alt cont, de exemplu dintr-un cont curent.",
        },
        Why {
            what: "the account does not allow such payments",
            next: "Pay from another account, for example a current account.",
        },
    ),
    (
        "psu_or_funds",
        Why {
            what: "a fost refuzată la bancă sau nu au fost destui bani în cont",
            next: "Dacă nu ai refuzat-o tu, verifică soldul contului.",
        },
        Why {
            what: "it was declined at the bank, or there was not enough money in the account",
            next: "If you did not decline it, check the balance of the account.",
        },
    ),
    (
        "insufficient_funds",
        Why {
            what: "nu sunt destui bani în cont",
            next: "Pune bani în cont sau plătește din alt cont.",
        },
        Why {
            what: "there is not enough money in the account",
            next: "Add money to the account, or pay from another one.",
        },
    ),
    (
        "fraud_suspected",
        Why {
            what: "există o suspiciune de fraudă",
            next: "Sună la banca ta, la numărul de pe card, înainte să încerci din nou.",
        },
        Why {
            what: "fraud is suspected",
            next: "Call your bank, on the number on your card, before you try again.",
        },
    ),
    (
        "psu_no_answer",
        Why {
            what: "plata nu a fost aprobată la timp",
            next: "Când încerci din nou, aprobă plata la bancă în câteva minute.",
        },
        Why {
            what: "the payment was not approved in time",
            next: "When you try again, approve the payment at your bank within a few minutes.",
        },
    ),
    (
        "party_not_accepted",
        Why {
            what: "datele plătitorului sau ale beneficiarului nu au fost acceptate",
            next: "Verifică numele și IBAN-urile sau întreabă banca ce nu a acceptat.",
        },
        Why {
            what: "the details of the payer or of the payee were not accepted",
            next: "Check the names and IBANs, or ask your bank what it did not accept.",
        },
    ),
    (
        "regulatory",
        Why {
            what: "o regulă legală nu permite această plată",
            next: "Întreabă banca de ce înainte să încerci din nou.",
        },
        Why {
            what: "a legal rule does not allow this payment",
            next: "Ask your bank why before you try again.",
        },
    ),
    (
        "duplicate",
        Why {
            what: "a fost considerată o repetare a altei plăți",
            next: "Verifică în contul tău dacă plata a fost făcută deja, înainte să plătești din nou.",
        },
        Why {
            what: "it was taken for a repetition of another payment",
            next: "Look in your account whether the payment has been made already before you pay again.",
        },
    ),
    (
        "order_not_accepted",
        Why {
            what: "datele plății nu au fost acceptate",
            next: "Verifică suma, IBAN-urile și detaliile plății.",
        },
        Why {
            what: "the details of the payment were not accepted",
            next: "Check the amount, the IBANs and the payment details.",
        },
    ),
    (
        "bank_technical",
        Why {
            what: "a apărut o problemă tehnică la bancă",
            next: "Încearcă mai târziu sau plătește de la altă bancă.",
        },
        Why {
            what: "there was a technical problem at the bank",
            next: "Try again later, or pay from another bank.",
        },
    ),
];

/// What a stored reason means to a payer; `None` for the words that the pages and mails explain in their own way,
/// and for unknown ones.
#[must_use]
pub fn why(reason: &str, language: Language) -> Option<Why> {
    let (_, ro, en) = *WHY.iter().find(|(word, ..)| *word == reason)?;
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
            for language in Language::ALL {
                let Why { what, next } = why(word, language).unwrap();
                assert!(!what.is_empty() && !what.ends_with('.') && seen.insert(what), "{word}");
                assert!(next.ends_with('.') && seen.insert(next), "{word}");
                assert!(!what.contains(['ş', 'ţ']) && !next.contains(['ş', 'ţ']), "cedilla in {word}");
            }
        }
        assert_eq!(why("bank_declined", Language::Ro), None);
    }
}
