//! What a Berlin Group bank's status words mean (ISO 20022 `ExternalPaymentTransactionStatus1Code`).

use super::protocol::Protocol;
use super::sca::ScaStatus;
use super::wire::Service;
use crate::bank::{PsuStep, Reason, Verdict};
use std::time::Duration;

/// Longest word kept, in characters.
const MAX_WORD_CHARS: usize = 35;

/// What a word says when it says the end; `None` for every other word, known or not.
///
/// | word | meaning |
/// |---|---|
/// | ACSC, ACCC | settled on the debtor's / on the creditor's account |
/// | PART | bulk: some instructions failed; not an end for one payment |
/// | RJCT | refused; at some banks only ever by the PSU |
/// | CANC | cancelled; at some banks only ever by the bank |
/// | RCVD PDNG ACTC ACCP ACFC ACSP ACWC ACWP PATC, anything else, nothing | still working |
///
/// The word counts exactly as the bank wrote it: what only looks like a final word is not one.
pub fn ending(word: &str, service: Service, protocol: &Protocol) -> Option<Verdict> {
    match word {
        "ACSC" | "ACCC" => Some(Verdict::Settled),
        "PART" if service == Service::BulkPayments => Some(Verdict::PartlySettled),
        "RJCT" if protocol.rjct_means_psu_declined => Some(Verdict::Rejected(Reason::PsuDeclined)),
        "RJCT" => Some(Verdict::Rejected(Reason::BankDeclined)),
        "CANC" if protocol.canc_means_bank_declined => Some(Verdict::Cancelled(Reason::BankDeclined)),
        "CANC" => Some(Verdict::Cancelled(Reason::PsuDeclined)),
        _ => None,
    }
}

/// A refusal in the very answer to the order is the bank's: the PSU has not been asked yet.
pub fn ending_at_once(word: &str, service: Service, protocol: &Protocol) -> Option<Verdict> {
    match ending(word, service, protocol) {
        Some(Verdict::Rejected(_)) => Some(Verdict::Rejected(Reason::BankDeclined)),
        other => other,
    }
}

/// Who refused, where the authorisation's own status tells: one that failed was refused by the PSU, ran out, or
/// met too many wrong codes; an order refused after a finished one was refused by the bank.
pub fn with_sca(ending: Verdict, status: Option<ScaStatus>, wrong_code: bool) -> Verdict {
    match (ending, status) {
        (Verdict::Rejected(_), Some(ScaStatus::Failed)) if wrong_code => Verdict::Rejected(Reason::WrongCodes),
        (Verdict::Rejected(_), Some(ScaStatus::Failed)) => Verdict::Rejected(Reason::PsuDeclined),
        (Verdict::Rejected(_), Some(ScaStatus::Done)) => Verdict::Rejected(Reason::BankDeclined),
        (other, _) => other,
    }
}

/// The word for the record: what is not visible ASCII shows as `?`.
pub fn for_the_record(word: &str) -> String {
    word.chars()
        .take(MAX_WORD_CHARS)
        .map(|c| if c.is_ascii_graphic() { c } else { '?' })
        .collect()
}

/// Soon enough for somebody who watches our page.
pub const SOON: Duration = Duration::from_secs(2);

/// When asking again makes sense. The caller lets it grow.
pub const fn ask_again_after(verdict: &Verdict) -> Duration {
    match verdict {
        // The PSU holds the telephone and watches our page.
        Verdict::PsuNeeded(PsuStep::ApproveInApp { .. }) => SOON,
        // The PSU needs time to sign in; the return from the bank is what usually wakes the payment.
        Verdict::PsuNeeded(_) => Duration::from_secs(15),
        Verdict::StillWorking => SOON,
        Verdict::Settled | Verdict::PartlySettled | Verdict::Rejected(_) | Verdict::Cancelled(_) => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cec() -> Protocol {
        crate::bank::directory::shipped_protocol("cec").unwrap()
    }

    #[test]
    fn each_word_means_one_thing() {
        use Service::{BulkPayments, Payments};
        let cec = cec();
        let other = Protocol {
            rjct_means_psu_declined: false,
            canc_means_bank_declined: false,
            ..cec.clone()
        };
        for (word, service, at_cec, elsewhere) in [
            ("ACSC", Payments, Some(Verdict::Settled), Some(Verdict::Settled)),
            ("ACCC", Payments, Some(Verdict::Settled), Some(Verdict::Settled)),
            ("PART", Payments, None, None),
            ("PART", BulkPayments, Some(Verdict::PartlySettled), Some(Verdict::PartlySettled)),
            (
                "RJCT",
                Payments,
                Some(Verdict::Rejected(Reason::PsuDeclined)),
                Some(Verdict::Rejected(Reason::BankDeclined)),
            ),
            (
                "CANC",
                Payments,
                Some(Verdict::Cancelled(Reason::BankDeclined)),
                Some(Verdict::Cancelled(Reason::PsuDeclined)),
            ),
        ] {
            assert_eq!(ending(word, service, &cec), at_cec, "{word}");
            assert_eq!(ending(word, service, &other), elsewhere, "{word}");
        }
        for word in [
            "RCVD",
            "PDNG",
            "ACTC",
            "ACCP",
            "ACFC",
            "ACSP",
            "ACWC",
            "ACWP",
            "PATC",
            "Submit",
            "",
            "acsc",
            "ACSC ",
            "AC\u{200b}SC",
        ] {
            assert_eq!(ending(word, Payments, &cec), None, "{word}");
        }
        assert_eq!(
            ending_at_once("RJCT", Payments, &cec),
            Some(Verdict::Rejected(Reason::BankDeclined))
        );
        assert_eq!(for_the_record("AC\u{202e}SC\n"), "AC?SC?");
    }

    proptest! {
        #[test]
        fn only_two_words_are_success(word in "[A-Z]{4}|ACSC|ACCC|\\PC{0,60}|(.|\\n){0,60}", bulk: bool) {
            let service = if bulk { Service::BulkPayments } else { Service::Payments };
            let settled = ending(&word, service, &cec()) == Some(Verdict::Settled);
            prop_assert_eq!(settled, word == "ACSC" || word == "ACCC");
            prop_assert!(for_the_record(&word).len() <= MAX_WORD_CHARS);
        }
    }
}
