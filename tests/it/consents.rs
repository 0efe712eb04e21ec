//! Consents to account information at the sandbox banks: asked for, given, refused, run out, ended by either side.

use crate::support::at_banks::{AtBanks, as_customer, psu};
use crate::support::browser::Browser;
use secrecy::SecretString;
use smartpay::bank::accounts::{AccountInformation as _, ConsentAnswer, ConsentVerdict, FundsConfirmation as _};
use smartpay::bank::{BankError, PsuContext, PsuReply, PsuStep, Reason};
use smartpay::payment::{Amount, Currency};
use smartpay::sandbox::{BankCode, Fault, Operation};
use std::time::Duration;

/// The banks that show accounts: CEC with its empty body, the standard with OAuth, and with a plain redirect.
const WITH_ACCOUNTS: [&str; 3] = ["cec", "demo-standard", "demo-link"];
const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn a_consent_is_given_on_the_banks_page_and_says_how_long_it_lasts() {
    for code in WITH_ACCOUNTS {
        let at = AtBanks::start();
        let asked = at.ask_for_consent(code).await.unwrap();
        assert_eq!(asked.bank_word, "received");
        let reply = at.on_the_page(&asked, "ana", |form| form.with("decizie", "da")).await;
        let answer = at.bank(code).reply_to_consent(&asked.session, &reply).await.unwrap();
        assert_eq!(
            (answer.verdict, answer.bank_word.as_str()),
            (ConsentVerdict::Valid, "valid"),
            "{code}"
        );
        let today = at.clock.now().date();
        // At CEC nothing is asked for, and the bank gives the longest time there is.
        let days = if code == "cec" { 180 } else { 90 };
        assert_eq!(answer.valid_until, Some(today + chrono::Days::new(days)), "{code}");
        let page = at.bank(code).accounts(&answer.session, None).await.result.unwrap();
        assert_eq!(page.items.len(), 1, "{code}");
        // The same return again changes nothing.
        let again = at.bank(code).reply_to_consent(&answer.session, &reply).await.unwrap();
        assert_eq!(again.verdict, ConsentVerdict::Valid, "{code}");
    }
}

/// A consent at a bank that asks the PSU in another way, up to what the PSU must do.
async fn asked_otherwise(at: &AtBanks, code: &str, psu_id: &str) -> ConsentAnswer {
    let psu_id = Some(psu_id).filter(|id| !id.is_empty()).map(|id| SecretString::from(id.to_owned()));
    let context = PsuContext {
        psu_id: psu_id.clone(),
        ..psu(code)
    };
    let asked = at.bank(code).request_consent(&at.wanted(), &context).await.unwrap();
    if asked.verdict != ConsentVerdict::PsuNeeded(PsuStep::Begin) {
        return asked;
    }
    let begin = PsuReply::Begin { psu_id };
    at.bank(code).reply_to_consent(&asked.session, &begin).await.unwrap()
}

#[tokio::test]
async fn a_consent_is_given_in_the_app_by_code_and_on_a_page_that_is_named_later() {
    for (code, psu_id) in [
        ("brd", "30001001"),
        ("demo-mobil", "0700000101"),
        ("demo-cod", "100101"),
        ("demo-pasi", ""),
    ] {
        let at = AtBanks::start();
        let bank = at.bank(code);
        let asked = asked_otherwise(&at, code, psu_id).await;
        let early = bank.ask_consent(&asked.session).await.unwrap();
        assert_eq!(early.verdict, asked.verdict, "{code}: nothing has happened yet");
        assert!(bank.accounts(&asked.session, None).await.result.is_err(), "{code}");
        let ConsentVerdict::PsuNeeded(step) = &asked.verdict else {
            panic!("{code}: {:?}", asked.verdict)
        };
        let answer = match step {
            PsuStep::GoToBank { .. } => {
                let reply = at.on_the_page(&asked, "ana", |form| form.with("decizie", "da")).await;
                bank.reply_to_consent(&asked.session, &reply).await
            }
            PsuStep::ApproveInApp { message } => {
                assert!(message.as_deref().unwrap().contains("accesul la conturi"), "{code}");
                at.sandbox.approve_on_phone("ana").unwrap();
                bank.ask_consent(&asked.session).await
            }
            PsuStep::EnterCode(_) => {
                let sent = at.sandbox.codes_for("ana").pop().unwrap();
                bank.reply_to_consent(&asked.session, &PsuReply::Code(sent.into())).await
            }
            other => panic!("{code}: {other:?}"),
        };
        let answer = answer.unwrap();
        assert_eq!(
            (answer.verdict, answer.bank_word.as_str()),
            (ConsentVerdict::Valid, "valid"),
            "{code}"
        );
        let today = at.clock.now().date();
        assert_eq!(answer.valid_until, Some(today + chrono::Days::new(90)), "{code}");
        let accounts = bank.accounts(&answer.session, None).await.result.unwrap().items;
        assert_eq!(accounts.len(), 1, "{code}");
        assert!(!bank.balances(&answer.session, &accounts[0].id).await.result.unwrap().is_empty());
        let lei = Amount::from_minor(100, Currency::Ron).unwrap();
        let iban = accounts[0].iban.clone().unwrap();
        match bank.confirm_funds(&answer.session, &iban, &lei).await.result {
            Err(BankError::Unsupported) => assert_eq!(code, "brd"),
            enough => assert!(enough.unwrap(), "{code}"),
        }
        let ended = bank.revoke_consent(&answer.session).await.unwrap();
        assert_eq!(ended.verdict, ConsentVerdict::Ended, "{code}");
        assert!(bank.accounts(&ended.session, None).await.result.is_err(), "{code}");
    }
}

#[tokio::test]
async fn a_refusal_in_the_app_and_too_many_wrong_codes_refuse() {
    for (code, psu_id) in [("brd", "30001001"), ("demo-mobil", "0700000101")] {
        let at = AtBanks::start();
        let asked = asked_otherwise(&at, code, psu_id).await;
        at.sandbox.refuse_on_phone("ana").unwrap();
        let answer = at.bank(code).ask_consent(&asked.session).await.unwrap();
        assert_eq!(answer.verdict, ConsentVerdict::Refused(Reason::PsuDeclined), "{code}");
    }
    let at = AtBanks::start();
    let bank = at.bank("demo-cod");
    let mut answer = asked_otherwise(&at, "demo-cod", "100101").await;
    for _ in 0..4 {
        answer = bank.reply_to_consent(&answer.session, &PsuReply::Code("no".into())).await.unwrap();
        assert!(matches!(&answer.verdict, ConsentVerdict::PsuNeeded(PsuStep::EnterCode(prompt)) if prompt.wrong));
    }
    let answer = bank.reply_to_consent(&answer.session, &PsuReply::Code("no".into())).await.unwrap();
    assert_eq!(answer.verdict, ConsentVerdict::Refused(Reason::WrongCodes));
    // A reply that fits nothing is not passed on.
    let asked = asked_otherwise(&at, "demo-cod", "100101").await;
    for stray in [
        PsuReply::CameBack { query: Vec::new() },
        PsuReply::Method("sms".into()),
        PsuReply::Begin { psu_id: None },
    ] {
        let answer = bank.reply_to_consent(&asked.session, &stray).await;
        assert!(matches!(answer, Err(BankError::Unsupported)), "{stray:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_refusal_on_the_banks_page_refuses() {
    for code in WITH_ACCOUNTS {
        let at = AtBanks::start();
        let asked = at.ask_for_consent(code).await.unwrap();
        let reply = at.on_the_page(&asked, "mihai", |form| form.with("decizie", "nu")).await;
        if let (PsuReply::CameBack { query }, "cec") = (&reply, code) {
            assert!(query.contains(&("error".to_owned(), "acces_denied".to_owned())), "{query:?}");
        }
        let answer = at.bank(code).reply_to_consent(&asked.session, &reply).await.unwrap();
        assert_eq!(answer.verdict, ConsentVerdict::Refused(Reason::PsuDeclined), "{code}");
    }
}

#[tokio::test]
async fn nothing_is_valid_before_the_psu_agreed() {
    for code in WITH_ACCOUNTS {
        let at = AtBanks::start();
        let asked = at.ask_for_consent(code).await.unwrap();
        // A return without anything, or with a code of somebody's own making, proves nothing.
        let empty = PsuReply::CameBack { query: Vec::new() };
        let answer = at.bank(code).reply_to_consent(&asked.session, &empty).await.unwrap();
        assert!(
            matches!(answer.verdict, ConsentVerdict::PsuNeeded(PsuStep::GoToBank { .. })),
            "{code}"
        );
        let made_up = PsuReply::CameBack {
            query: vec![("code".to_owned(), "made-up".to_owned()), ("state".to_owned(), "st-1".to_owned())],
        };
        match at.bank(code).reply_to_consent(&asked.session, &made_up).await {
            Ok(answer) => assert!(matches!(answer.verdict, ConsentVerdict::PsuNeeded(_)), "{code}"),
            Err(error) => assert!(matches!(error, BankError::Refused { status: 400, .. }), "{code}: {error:?}"),
        }
        assert!(at.bank(code).accounts(&asked.session, None).await.result.is_err(), "{code}");
        // The PSU can still agree.
        let reply = at.on_the_page(&asked, "ana", |form| form.with("decizie", "da")).await;
        let answer = at.bank(code).reply_to_consent(&asked.session, &reply).await.unwrap();
        assert_eq!(answer.verdict, ConsentVerdict::Valid, "{code}");
    }
}

#[tokio::test]
async fn tokens_run_out_and_are_refreshed_for_as_long_as_the_consent_lasts() {
    for code in ["cec", "demo-standard"] {
        let at = AtBanks::start();
        let mut session = at.consent(code, "ana").await;
        let first = session.clone();
        for _ in 0..2 {
            at.clock.advance(Duration::from_secs(3596));
            let read = at.bank(code).accounts(&session, None).await;
            assert_eq!(read.result.unwrap().items.len(), 1, "{code}");
            assert_ne!(read.session.state, session.state, "{code}: a new token must be kept");
            session = read.session;
        }
        // The call after a refresh fails: the new token comes back all the same.
        at.clock.advance(Duration::from_secs(3596));
        let bank = if code == "cec" { BankCode::Cec } else { BankCode::Standard };
        at.sandbox.fail_next_at(bank, Operation::Accounts, Fault::Status(401));
        at.sandbox.fail_next_at(bank, Operation::Accounts, Fault::Status(500));
        let read = at.bank(code).accounts(&session, None).await;
        assert!(matches!(read.result, Err(BankError::Unknown(_))), "{code}");
        assert!(at.bank(code).accounts(&read.session, None).await.result.is_ok(), "{code}");
        // A refresh token that was used before is of no use, and takes the tokens with it.
        at.clock.advance(Duration::from_secs(3596));
        let read_again = at.bank(code).accounts(&first, None).await;
        assert!(matches!(read_again.result, Err(BankError::Refused { status: 401, .. })), "{code}");
    }
}

#[tokio::test]
async fn a_consent_runs_out() {
    for code in WITH_ACCOUNTS {
        let at = AtBanks::start();
        let session = at.consent(code, "ana").await;
        let days = if code == "cec" { 180 } else { 90 };
        at.clock.advance(DAY * (days - 1));
        let read = at.bank(code).accounts(&session, None).await;
        assert!(read.result.is_ok(), "{code}: {:?}", read.result);
        at.clock.advance(DAY * 2);
        let after = at.bank(code).accounts(&read.session, None).await;
        match after.result {
            Err(BankError::Refused { status: 401, .. }) => {}
            other => panic!("{code}: {other:?}"),
        }
        if code == "demo-link" {
            let answer = at.bank(code).ask_consent(&after.session).await.unwrap();
            assert_eq!((answer.verdict, answer.bank_word.as_str()), (ConsentVerdict::Ended, "expired"));
        }
    }
}

#[tokio::test]
async fn either_side_ends_a_consent() {
    for code in WITH_ACCOUNTS {
        let at = AtBanks::start();
        let session = at.consent(code, "ana").await;
        let ended = at.bank(code).revoke_consent(&session).await.unwrap();
        assert_eq!(
            (ended.verdict, ended.bank_word.as_str()),
            (ConsentVerdict::Ended, "terminatedByTpp"),
            "{code}"
        );
        let read = at.bank(code).accounts(&session, None).await;
        assert!(matches!(read.result, Err(BankError::Refused { status: 401, .. })), "{code}");
        // Again is no mistake.
        assert_eq!(at.bank(code).revoke_consent(&session).await.unwrap().verdict, ConsentVerdict::Ended);
    }
    for code in WITH_ACCOUNTS {
        let at = AtBanks::start();
        let session = at.consent(code, "mihai").await;
        let browser = Browser::new();
        let prefix = code.trim_start_matches("demo-");
        let login = browser.get(&at.base.join(&format!("{prefix}/acorduri")).unwrap()).await;
        // Somebody else sees nothing of it.
        let other = browser.submit(&as_customer(login.form("/acorduri"), "ana")).await;
        assert!(other.says("Niciun acord nu este în vigoare").status == 200);
        let given = browser.submit(&as_customer(login.form("/acorduri"), "mihai")).await;
        let id = session.bank_consent_id.clone().unwrap();
        let after = browser.submit(&given.form("/retragere").with("acord", &id)).await;
        after.says("Niciun acord nu este în vigoare");
        let answer = at.bank(code).ask_consent(&session).await.unwrap();
        assert_eq!(
            (answer.verdict, answer.bank_word.as_str()),
            (ConsentVerdict::Ended, "revokedByPsu"),
            "{code}"
        );
    }
}

#[tokio::test]
async fn a_lost_answer_costs_nothing() {
    let at = AtBanks::start();
    // The answer to the request is lost: asked again with the same id it is the same consent.
    at.sandbox.fail_next_at(BankCode::Cec, Operation::Consent, Fault::DropAfterEffect);
    let wanted = at.wanted();
    let lost = at.bank("cec").request_consent(&wanted, &psu("cec")).await;
    assert!(matches!(lost, Err(BankError::Unknown(_))));
    let asked = at.bank("cec").request_consent(&wanted, &psu("cec")).await.unwrap();
    assert_eq!(at.sandbox.ledger().len(), 1);
    let reply = at.on_the_page(&asked, "ana", |form| form.with("decizie", "da")).await;
    // The status is not known after the exchange: the token is kept, and asking later tells.
    at.sandbox.fail_next_at(BankCode::Cec, Operation::ConsentStatus, Fault::Malformed);
    let answer = at.bank("cec").reply_to_consent(&asked.session, &reply).await.unwrap();
    assert_eq!(answer.verdict, ConsentVerdict::StillWorking);
    let answer = at.bank("cec").ask_consent(&answer.session).await.unwrap();
    assert_eq!(answer.verdict, ConsentVerdict::Valid);
}

#[tokio::test]
async fn a_bank_without_accounts_is_not_asked() {
    let at = AtBanks::start();
    assert!(matches!(at.ask_for_consent("bt").await, Err(BankError::Unsupported)));
    assert!(!at.banks.get("bt").unwrap().facts.offers_accounts);
    for code in WITH_ACCOUNTS {
        let facts = at.banks.get(code).unwrap().facts;
        assert!(facts.offers_accounts && facts.offers_funds, "{code}");
    }
}
