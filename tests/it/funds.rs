//! Funds confirmation at the sandbox banks: yes or no, and to whom nothing is said.

use crate::support::at_banks::{AtBanks, STEP};
use smartpay::bank::BankError;
use smartpay::bank::accounts::{AccountInformation as _, ConsentSession, FundsConfirmation as _};
use smartpay::payment::{Amount, Currency, Iban};

/// Bank, Ana's account there, and Mihai's.
const BANKS: [(&str, &str, &str); 3] = [
    ("cec", "RO30CECEB00030RON0001001", "RO93CECEB00030RON0002001"),
    ("demo-standard", "RO90STDRS00001RON0001001", "RO56STDRS00001RON0002001"),
    ("demo-link", "RO03LINKL00001RON0001001", "RO66LINKL00001RON0002001"),
];

async fn enough(at: &AtBanks, code: &str, session: &ConsentSession, iban: &str, minor: i64, currency: Currency) -> Result<bool, BankError> {
    let (iban, amount) = (Iban::parse(iban).unwrap(), Amount::from_minor(minor, currency).unwrap());
    at.bank(code).confirm_funds(session, &iban, &amount).await.result
}

#[tokio::test]
async fn a_bank_says_whether_there_is_enough() {
    for (code, ana, mihai) in BANKS {
        let at = AtBanks::start();
        let session = at.consent(code, "ana").await;
        for (minor, currency, expected) in [
            (1, Currency::Ron, true),
            (1_250_000, Currency::Ron, true),
            (1_250_001, Currency::Ron, false),
            (100, Currency::Eur, false),
        ] {
            assert_eq!(
                enough(&at, code, &session, ana, minor, currency).await.unwrap(),
                expected,
                "{code} {minor}"
            );
        }
        // Not an account of this consent, though the bank has it; and nobody's account.
        for foreign in [mihai, "RO49AAAA1B31007593840000"] {
            let error = enough(&at, code, &session, foreign, 100, Currency::Ron).await.unwrap_err();
            assert!(matches!(error, BankError::Refused { status: 403, .. }), "{code}: {error:?}");
        }
        at.bank(code).revoke_consent(&session).await.unwrap();
        let error = enough(&at, code, &session, ana, 100, Currency::Ron).await.unwrap_err();
        assert!(matches!(error, BankError::Refused { status: 401, .. }), "{code}: {error:?}");
    }
}

#[tokio::test]
async fn a_token_that_ran_out_is_refreshed_on_the_way() {
    let at = AtBanks::start();
    let session = at.consent("cec", "ana").await;
    at.clock.advance(STEP * 360);
    let iban = Iban::parse(BANKS[0].1).unwrap();
    let amount = Amount::from_minor(100, Currency::Ron).unwrap();
    let read = at.bank("cec").confirm_funds(&session, &iban, &amount).await;
    assert!(read.result.unwrap());
    assert_ne!(read.session.state, session.state);
}
