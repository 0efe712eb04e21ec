//! What is read under a consent at the sandbox banks: accounts, balances, transactions, and nothing else.

use crate::support::at_banks::{AtBanks, STEP, order, psu};
use crate::support::browser::Form;
use smartpay::bank::accounts::{AccountInformation as _, BookingStatus, ConsentSession, ConsentVerdict, Transaction, TransactionQuery};
use smartpay::bank::{BankError, PaymentInitiation as _};

const WITH_ACCOUNTS: [&str; 3] = ["cec", "demo-standard", "demo-link"];

fn all(at: &AtBanks, booking_status: BookingStatus) -> TransactionQuery {
    TransactionQuery {
        booking_status,
        date_from: Some(at.clock.now().date() - chrono::Days::new(200)),
        date_to: None,
        page: None,
    }
}

async fn every_page(
    at: &AtBanks,
    code: &str,
    session: &ConsentSession,
    account: &str,
    mut query: TransactionQuery,
) -> (usize, Vec<Transaction>) {
    let (mut pages, mut found) = (0, Vec::new());
    loop {
        let page = at.bank(code).transactions(session, account, &query).await.result.unwrap();
        pages += 1;
        found.extend(page.items);
        match page.next {
            Some(next) => query.page = Some(next),
            None => return (pages, found),
        }
    }
}

/// A payment of this many lei by Ana, authorised.
async fn pay(at: &AtBanks, code: &str, lei: i64) {
    let answer = at.bank(code).initiate(&order(1, lei), &psu(code)).await.unwrap();
    let reply = at.pay_on_the_page(&answer, "ana").await;
    at.bank(code).reply(&answer.session, &reply).await.unwrap();
}

#[tokio::test]
async fn accounts_with_their_balances_and_their_past() {
    for code in WITH_ACCOUNTS {
        let at = AtBanks::start();
        let session = at.consent(code, "mihai").await;
        let accounts = at.bank(code).accounts(&session, None).await.result.unwrap();
        assert_eq!((accounts.items.len(), accounts.next), (2, None), "{code}");
        let names: Vec<_> = accounts.items.iter().map(|a| a.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["Cont curent", "Cont de economii"], "{code}");
        let first = &accounts.items[0];
        assert_eq!(&at.bank(code).account(&session, &first.id).await.result.unwrap(), first, "{code}");
        let balances = at.bank(code).balances(&session, &first.id).await.result.unwrap();
        let told: Vec<_> = balances.iter().map(|b| (b.kind.as_str(), b.amount.hundredths)).collect();
        assert_eq!(told, [("interimAvailable", 320_050), ("interimBooked", 320_050)], "{code}");
        let (pages, past) = every_page(&at, code, &session, &first.id, all(&at, BookingStatus::Both)).await;
        assert_eq!((pages, past.len()), (2, 40), "{code}");
        assert!(
            past.iter()
                .all(|t| t.booked && t.booking_date.is_some() && t.counterparty_name.is_some())
        );
        assert!(past.iter().any(|t| t.amount.hundredths > 0) && past.iter().any(|t| t.amount.hundredths < 0));
        let days: Vec<_> = past.iter().map(|t| t.booking_date.clone().unwrap()).collect();
        assert!(days.is_sorted_by(|a, b| a >= b), "{code}: the newest first");
        // Another account has another past.
        let (_, other) = every_page(&at, code, &session, &accounts.items[1].id, all(&at, BookingStatus::Booked)).await;
        assert_ne!(past, other, "{code}");
    }
}

#[tokio::test]
async fn a_payment_is_announced_then_booked_and_found_by_its_id() {
    for code in WITH_ACCOUNTS {
        let at = AtBanks::start();
        let session = at.consent(code, "ana").await;
        pay(&at, code, 100).await;
        at.clock.advance(STEP * 2);
        let account = at.bank(code).accounts(&session, None).await.result.unwrap().items.remove(0);
        let pending = at
            .bank(code)
            .transactions(&session, &account.id, &all(&at, BookingStatus::Pending))
            .await;
        let pending = pending.result.unwrap().items;
        assert_eq!(
            (pending.len(), pending[0].booked, pending[0].amount.hundredths),
            (1, false, -10_000),
            "{code}"
        );
        let balances = at.bank(code).balances(&session, &account.id).await.result.unwrap();
        assert_eq!(balances[0].amount.hundredths + 10_000, balances[1].amount.hundredths, "{code}");
        at.clock.advance(STEP * 3);
        let booked = at
            .bank(code)
            .transactions(&session, &account.id, &all(&at, BookingStatus::Booked))
            .await;
        let newest = booked.result.unwrap().items.remove(0);
        assert_eq!((newest.booked, newest.amount.hundredths), (true, -10_000), "{code}");
        assert_eq!(newest.counterparty_iban.as_deref(), Some("RO49AAAA1B31007593840000"), "{code}");
        assert_eq!(
            (newest.remittance.as_deref(), newest.end_to_end_id.as_deref()),
            (Some("Comanda 7"), Some("E2E-7")),
            "{code}"
        );
        let id = newest.id.clone().unwrap();
        let one = at.bank(code).transaction(&session, &account.id, &id).await.result.unwrap();
        assert_eq!(one, newest, "{code}");
        let none = at.bank(code).transaction(&session, &account.id, "b-999").await.result;
        assert!(matches!(none, Err(BankError::Refused { status: 404, .. })), "{code}");
    }
}

#[tokio::test]
async fn dates_limit_what_is_read_both_days_inclusive() {
    let at = AtBanks::start();
    let session = at.consent("cec", "ana").await;
    let account = at.bank("cec").accounts(&session, None).await.result.unwrap().items.remove(0).id;
    let today = at.clock.now().date();
    // The past has a booking every second day, the last one yesterday.
    let ago = |days| Some(today - chrono::Days::new(days));
    for (from, to, expected) in [
        (ago(1), ago(1), 1),
        (ago(2), ago(2), 0),
        (ago(5), ago(1), 3),
        (ago(5), None, 3),
        (ago(0), None, 0),
    ] {
        let mut query = all(&at, BookingStatus::Booked);
        (query.date_from, query.date_to) = (from, to);
        let read = at.bank("cec").transactions(&session, &account, &query).await;
        assert_eq!(read.result.unwrap().items.len(), expected, "{from:?} {to:?}");
    }
    let mut query = all(&at, BookingStatus::Booked);
    query.date_from = None;
    let read = at.bank("cec").transactions(&session, &account, &query).await;
    assert!(matches!(read.result, Err(BankError::Refused { status: 400, .. })));
}

#[tokio::test]
async fn amounts_written_as_numbers_are_read_as_exactly() {
    let at = AtBanks::start();
    let session = at.consent("cec", "stefan").await;
    let accounts = at.bank("cec").accounts(&session, None).await.result.unwrap().items;
    let euro = accounts.iter().find(|a| a.currency == "EUR").unwrap();
    let balances = at.bank("cec").balances(&session, &euro.id).await.result.unwrap();
    assert_eq!(
        (balances[0].amount.hundredths, balances[0].amount.currency.as_str()),
        (90_000, "EUR")
    );
    let (_, past) = every_page(&at, "cec", &session, &euro.id, all(&at, BookingStatus::Booked)).await;
    assert!(past.iter().any(|t| t.amount.hundredths % 100 != 0));
}

#[tokio::test]
async fn only_what_the_psu_chose_is_told() {
    for code in WITH_ACCOUNTS {
        let at = AtBanks::start();
        let whole = at.consent(code, "mihai").await;
        let both = at.bank(code).accounts(&whole, None).await.result.unwrap().items;
        let asked = at.ask_for_consent(code).await.unwrap();
        let choose = |form: Form| form.without("cont-1").without("tranzactii").with("decizie", "da");
        let reply = at.on_the_page(&asked, "mihai", choose).await;
        let answer = at.bank(code).reply_to_consent(&asked.session, &reply).await.unwrap();
        assert_eq!(answer.verdict, ConsentVerdict::Valid, "{code}");
        let session = answer.session;
        let accounts = at.bank(code).accounts(&session, None).await.result.unwrap().items;
        assert_eq!(accounts, both[..1], "{code}");
        assert!(at.bank(code).balances(&session, &accounts[0].id).await.result.is_ok(), "{code}");
        let query = all(&at, BookingStatus::Booked);
        let read = at.bank(code).transactions(&session, &accounts[0].id, &query).await;
        assert!(
            matches!(read.result, Err(BankError::Refused { status: 401, .. })),
            "{code}: {:?}",
            read.result
        );
        // The other account is a foreign one here, and so is somebody else's.
        let read = at.bank(code).balances(&session, &both[1].id).await;
        assert!(
            matches!(read.result, Err(BankError::Refused { status: 403, .. })),
            "{code}: {:?}",
            read.result
        );
        let ana = at.consent(code, "ana").await;
        let read = at.bank(code).account(&ana, &both[0].id).await;
        assert!(matches!(read.result, Err(BankError::Refused { status: 403, .. })), "{code}");
        let read = at.bank(code).account(&ana, "no-such-account").await;
        assert!(matches!(read.result, Err(BankError::Refused { status: 404, .. })), "{code}");
    }
}

#[tokio::test]
async fn banca_transilvania_says_submit_until_the_money_has_moved() {
    let at = AtBanks::start();
    pay(&at, "bt", 50).await;
    at.clock.advance(STEP * 2);
    assert_eq!(at.sandbox.orders()[0].said_word(), "Submit");
    at.clock.advance(STEP * 4);
    assert_eq!(at.sandbox.orders()[0].said_word(), "ACSC");
}
