//! Consents, what is read with them, and funds.

use super::super::*;
use super::support::{API, TOKEN, World, back, context};
use crate::bank::accounts::{
    AccountInformation as _, BookingStatus, ConsentKind, ConsentRequest, ConsentSession, ConsentVerdict, FundsConfirmation as _,
    StatementFormat, StatementQuery, TransactionQuery,
};
use crate::bank::{PsuReply, Reason};
use crate::payment::{Amount, Currency, Iban};
use chrono::{Days, NaiveDate};
use serde_json::json;
use uuid::Uuid;
use wiremock::{Request, ResponseTemplate};

const STATE: (&str, &str) = ("state", "st-0123456789");
const IBAN: &str = "FR7613807008043001965405158";

fn wanted(world: &World, kind: ConsentKind) -> ConsentRequest {
    ConsentRequest {
        consent: Uuid::from_u128(7),
        partner: "partner-1".to_owned(),
        kind,
        valid_until: world.now().date().checked_add_days(Days::new(400)).unwrap(),
        recurring: true,
    }
}

fn saved(session: &ConsentSession) -> ConsentSession {
    serde_json::from_str(&serde_json::to_string(session).unwrap()).unwrap()
}

fn path(below: &str) -> String {
    format!("{API}/{below}")
}

fn accounts() -> Value {
    json!({"accounts": [{"resourceId": "A1", "name": "CPT DEPOT", "cashAccountType": "CACC", "accountId": {"iban": IBAN, "currency": "EUR"},
        "balances": [{"name": "b", "balanceType": "CLBD", "balanceAmount": {"currency": "EUR", "amount": "4348.95"}}], "_links": {}}],
        "_links": {"self": {"href": "x"}, "next": {"href": "/accounts?page=2"}}})
}

/// A consent that the PSU has given.
async fn given(world: &World, kind: ConsentKind) -> ConsentSession {
    world.says("GET", &path("accounts"), 200, accounts()).await;
    world.says("PUT", &path("consents"), 201, json!({})).await;
    let asked = world.bank.request_consent(&wanted(world, kind), &context()).await.unwrap();
    let reply = back(&[STATE, ("code", "c1")]);
    let answer = world.bank.reply_to_consent(&saved(&asked.session), &reply).await.unwrap();
    assert_eq!(answer.verdict, ConsentVerdict::Valid);
    let most = world.now().date().checked_add_days(Days::new(180));
    assert_eq!(answer.valid_until, most);
    answer.session
}

#[tokio::test]
async fn a_consent_is_asked_for_at_the_banks_page() {
    let world = World::start().await;
    for (kind, version, scope) in [
        (ConsentKind::Accounts, Version::V1_4_2, "aisp"),
        (ConsentKind::Funds, Version::V1_4_0, "piisp"),
        (ConsentKind::Funds, Version::V1_4_2, "cbpii"),
    ] {
        let world = World::of(|p| p.version = version).await;
        let asked = world.bank.request_consent(&wanted(&world, kind), &context()).await.unwrap();
        let ConsentVerdict::PsuNeeded(PsuStep::GoToBank { url }) = asked.verdict else {
            panic!("{:?}", asked.verdict)
        };
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let expected = [
            ("response_type", "code"),
            ("client_id", "PSDRO-NBR-12345678"),
            ("redirect_uri", "https://pay.example/payment-return/bp-grand-ouest"),
            ("scope", scope),
            ("state", "st-0123456789"),
        ];
        assert_eq!(pairs, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(url.path(), "/stet/psd2/oauth/authorize");
        assert!(world.asked().await.is_empty());
    }
    let long = PsuContext {
        state: "x".repeat(35),
        ..context()
    };
    let refused = world.bank.request_consent(&wanted(&world, ConsentKind::Accounts), &long).await;
    assert!(matches!(refused, Err(BankError::Unsupported)), "STET takes 34 characters");
}

#[tokio::test]
async fn a_code_makes_it_valid_and_the_bank_learns_the_accounts() {
    let world = World::start().await;
    given(&world, ConsentKind::Accounts).await;
    let sent: Vec<Request> = world.server.received_requests().await.unwrap();
    let told = sent.iter().find(|r| r.url.path() == path("consents")).unwrap();
    let one = json!({"iban": IBAN});
    let body: Value = told.body_json().unwrap();
    assert!(
        body["balances"][0] == one && body["transactions"][0] == one && body["owners"] == json!([]),
        "{body}"
    );
    assert!(body["psuIdentity"] == true && body["trustedBeneficiaries"] == true);
    assert_eq!(told.headers["authorization"], "Bearer of-c1");
}

#[tokio::test]
async fn only_our_own_code_counts_and_a_denial_ends_it() {
    let world = World::start().await;
    let asked = world
        .bank
        .request_consent(&wanted(&world, ConsentKind::Accounts), &context())
        .await
        .unwrap();
    for query in [
        &[("code", "c")][..],
        &[("code", "c"), ("state", "x")],
        &[],
        &[("error", "access_denied")],
        &[STATE],
    ] {
        let answer = world.bank.reply_to_consent(&asked.session, &back(query)).await.unwrap();
        assert!(matches!(answer.verdict, ConsentVerdict::PsuNeeded(_)), "{query:?}");
    }
    assert!(world.asked().await.is_empty());
    let denied = world
        .bank
        .reply_to_consent(&asked.session, &back(&[STATE, ("error", "access_denied")]))
        .await
        .unwrap();
    assert_eq!(denied.verdict, ConsentVerdict::Refused(Reason::PsuDeclined));
    let late = world.bank.ask_consent(&denied.session).await.unwrap();
    assert_eq!(late.verdict, ConsentVerdict::Ended);
    assert!(matches!(
        world.bank.reply_to_consent(&asked.session, &PsuReply::Resend).await,
        Err(BankError::Unsupported)
    ));
}

#[tokio::test]
async fn what_is_left_to_do_is_done_when_asked_again() {
    let world = World::start().await;
    let asked = world
        .bank
        .request_consent(&wanted(&world, ConsentKind::Accounts), &context())
        .await
        .unwrap();
    world.server.reset().await;
    world.answers("POST", TOKEN, ResponseTemplate::new(429)).await;
    let code = back(&[STATE, ("code", "c1")]);
    let kept = world.bank.reply_to_consent(&asked.session, &code).await.unwrap();
    assert_eq!(kept.verdict, ConsentVerdict::StillWorking);
    world.forget().await;
    world.says("GET", &path("accounts"), 200, accounts()).await;
    world.answers("PUT", &path("consents"), ResponseTemplate::new(500)).await;
    let untold = world.bank.ask_consent(&saved(&kept.session)).await.unwrap();
    assert_eq!(untold.verdict, ConsentVerdict::StillWorking);
    world.forget().await;
    world.says("GET", &path("accounts"), 200, accounts()).await;
    world.says("PUT", &path("consents"), 201, json!({})).await;
    let valid = world.bank.ask_consent(&saved(&untold.session)).await.unwrap();
    assert_eq!(valid.verdict, ConsentVerdict::Valid);
    assert!(!world.asked().await.iter().any(|a| a.contains(TOKEN)), "the code is used once");
    let shown = format!("{:?}", valid.session);
    assert!(!shown.contains("of-c1") && !shown.contains("r1"), "{shown}");
}

#[tokio::test]
async fn everything_is_read_page_by_page() {
    let world = World::start().await;
    let session = given(&world, ConsentKind::Accounts).await;
    let read = world.bank.accounts(&session, None).await;
    let page = read.result.unwrap();
    assert_eq!(
        (page.items[0].id.as_str(), page.items[0].balances[0].amount.hundredths),
        ("A1", 434_895)
    );
    assert_eq!(page.next.as_deref(), Some("page=2"));
    let next = world.bank.accounts(&read.session, page.next.as_deref()).await;
    assert!(next.session.calls > read.session.calls && next.result.is_ok());
    let last = world.server.received_requests().await.unwrap().pop().unwrap();
    assert_eq!(last.url.query(), Some("page=2"));

    let balances = json!({"balances": [{"name": "b", "balanceType": "VALU", "balanceAmount": {"currency": "EUR", "amount": -4.5},
        "referenceDate": "2026-11-20"}], "_links": {}});
    world.says("GET", &path("accounts/A1/balances"), 200, balances).await;
    let read = world.bank.balances(&session, "A1").await.result.unwrap();
    assert_eq!((read[0].kind.as_str(), read[0].amount.hundredths), ("VALU", -450));

    let one = |status: &str| json!({"transactionAmount": {"currency": "EUR", "amount": "1.00"}, "creditDebitIndicator": "CRDT", "status": status});
    let next = format!("{}?afterEntryReference=AF5T2", path("accounts/A1/transactions"));
    let list = json!({"transactions": [one("BOOK"), one("PDNG")], "_links": {"self": {"href": "x"}, "next": {"href": next}}});
    world.says("GET", &path("accounts/A1/transactions"), 200, list).await;
    let mut query = TransactionQuery {
        booking_status: BookingStatus::Both,
        date_from: NaiveDate::from_ymd_opt(2026, 11, 1),
        date_to: NaiveDate::from_ymd_opt(2026, 11, 30),
        page: None,
    };
    let page = world.bank.transactions(&session, "A1", &query).await.result.unwrap();
    assert_eq!((page.items.len(), page.next.as_deref()), (2, Some("afterEntryReference=AF5T2")));
    let last = world.server.received_requests().await.unwrap().pop().unwrap();
    let days = "dateFrom=2026-11-01T00%3A00%3A00Z&dateTo=2026-12-01T00%3A00%3A00Z";
    assert_eq!(last.url.query(), Some(days), "the last day is included");
    for (wanted, booked) in [(BookingStatus::Booked, true), (BookingStatus::Pending, false)] {
        query.booking_status = wanted;
        query.page.clone_from(&page.next);
        let some = world.bank.transactions(&session, "A1", &query).await.result.unwrap();
        assert!(some.items.len() == 1 && some.items[0].booked == booked);
    }
    let last = world.server.received_requests().await.unwrap().pop().unwrap();
    assert_eq!(last.url.query(), Some("afterEntryReference=AF5T2"));

    let identity = json!({"identity": {"fullName": "Marc Dupont"}, "_links": {"self": {"href": "x"}}});
    world.says("GET", &path("end-user-identity"), 200, identity).await;
    assert_eq!(world.bank.identity(&session).await.result.unwrap(), "Marc Dupont");
    let trusted =
        json!({"beneficiaries": [{"isTrusted": true, "creditor": {"name": "EDF"}, "creditorAccount": {"iban": IBAN}}], "_links": {}});
    world.says("GET", &path("trusted-beneficiaries"), 200, trusted).await;
    let page = world.bank.trusted_beneficiaries(&session, None).await.result.unwrap();
    assert!(page.items[0].trusted && page.items[0].name == "EDF" && page.next.is_none());
}

#[tokio::test]
async fn one_account_is_looked_up_and_nothing_is_an_empty_list() {
    let world = World::start().await;
    let session = given(&world, ConsentKind::Accounts).await;
    assert_eq!(
        world.bank.account(&session, "A1").await.result.unwrap().iban.unwrap().electronic(),
        IBAN
    );
    world.forget().await;
    world
        .answers("GET", &path("accounts"), super::support::Signed::new(&world.clock, 204, ""))
        .await;
    assert!(world.bank.accounts(&session, None).await.result.unwrap().items.is_empty());
    let none = world.bank.account(&session, "A1").await.result;
    assert!(matches!(none, Err(BankError::Refused { status: 404, .. })), "{none:?}");
}

#[tokio::test]
async fn hostile_ids_and_pages_are_not_sent() {
    let world = World::start().await;
    let session = given(&world, ConsentKind::Accounts).await;
    let before = world.asked().await.len();
    for page in ["", "a b", "x#y", "é", &"x".repeat(2000)] {
        assert!(
            matches!(world.bank.accounts(&session, Some(page)).await.result, Err(BankError::Unsupported)),
            "{page}"
        );
    }
    for id in ["", "..", "a b", &"x".repeat(200)] {
        assert!(
            matches!(world.bank.balances(&session, id).await.result, Err(BankError::Unsupported)),
            "{id}"
        );
    }
    let query = StatementQuery {
        date: world.now().date(),
        format: StatementFormat::Pdf,
        special: false,
    };
    assert!(matches!(
        world.bank.statement(&session, "A1", &query).await.result,
        Err(BankError::Unsupported)
    ));
    assert!(matches!(
        world.bank.transaction(&session, "A1", "T").await.result,
        Err(BankError::Unsupported)
    ));
    assert_eq!(world.asked().await.len(), before);
}

#[tokio::test]
async fn a_token_that_has_run_out_is_renewed_once_and_comes_back_whatever_happens() {
    let world = World::start().await;
    let session = given(&world, ConsentKind::Accounts).await;
    world.forget().await;
    world.says("GET", &path("accounts"), 401, json!({})).await;
    let read = world.bank.accounts(&session, None).await;
    assert!(matches!(read.result, Err(BankError::Refused { status: 401, .. })));
    let get = |token: &str| format!("GET {} {token}", path("accounts"));
    assert_eq!(world.asked().await, [get("of-c1"), format!("POST {TOKEN}"), get("renewed-r1")]);
    world.forget().await;
    world.says("GET", &path("accounts"), 200, accounts()).await;
    let again = world.bank.accounts(&saved(&read.session), None).await;
    assert!(again.result.is_ok());
    assert_eq!(world.asked().await, [get("renewed-r1")], "the renewed token was kept");
    world.server.reset().await;
    world.says("GET", &path("accounts"), 401, json!({})).await;
    world
        .answers(
            "POST",
            TOKEN,
            ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_grant"})),
        )
        .await;
    let ended = world.bank.ask_consent(&again.session).await.unwrap();
    assert_eq!(ended.verdict, ConsentVerdict::Ended);
    assert_eq!(world.bank.ask_consent(&ended.session).await.unwrap().verdict, ConsentVerdict::Ended);
}

#[tokio::test]
async fn a_revocation_empties_the_list_where_the_bank_keeps_one() {
    let world = World::start().await;
    let session = given(&world, ConsentKind::Accounts).await;
    let ended = world.bank.revoke_consent(&session).await.unwrap();
    assert_eq!(ended.verdict, ConsentVerdict::Ended);
    let last = world.server.received_requests().await.unwrap().pop().unwrap();
    let body: Value = last.body_json().unwrap();
    assert!(body["balances"] == json!([]) && body["transactions"] == json!([]) && body["psuIdentity"] == false);
    assert!(matches!(
        world.bank.accounts(&ended.session, None).await.result,
        Err(BankError::Unsupported)
    ));
    let plain = World::of(|p| p.detailed_consent = false).await;
    let session = given(&plain, ConsentKind::Accounts).await;
    assert!(matches!(plain.bank.revoke_consent(&session).await, Err(BankError::Unsupported)));
}

#[tokio::test]
async fn funds_are_a_yes_or_no_or_the_banks_code() {
    for (version, amount) in [(Version::V1_4_0, json!("4179.00")), (Version::V1_5, json!(4179.0))] {
        let world = World::of(|p| p.version = version).await;
        let session = given(&world, ConsentKind::Funds).await;
        let path = path("funds-confirmations");
        let (iban, money) = (Iban::parse(IBAN).unwrap(), Amount::from_minor(417_900, Currency::Eur).unwrap());
        let ask = async || world.bank.confirm_funds(&session, &iban, &money).await.result;
        for enough in [true, false] {
            world.forget().await;
            world
                .says(
                    "POST",
                    &path,
                    200,
                    json!({"request": {}, "result": enough, "_links": {"self": {"href": "x"}}}),
                )
                .await;
            assert_eq!(ask().await.unwrap(), enough);
        }
        let sent: Value = world.server.received_requests().await.unwrap().pop().unwrap().body_json().unwrap();
        assert_eq!(sent["instructedAmount"], json!({"currency": "EUR", "amount": amount}));
        assert!(sent["accountId"]["iban"] == IBAN && sent["paymentCoverageRequestId"].as_str().unwrap().len() <= 35);
        for (status, code) in [
            (400, "AC01"),
            (400, "AC04"),
            (400, "AC06"),
            (400, "FF01"),
            (403, "BADS"),
            (403, "NGAC"),
            (405, "NIMP"),
            (429, "TMRQ"),
            (400, "IPSU"),
        ] {
            world.forget().await;
            let error = json!({"timestamp": "21/11/2026 15:04", "status": status, "error": "x", "message": code, "path": path});
            world.says("POST", &path, status, error).await;
            let result = ask().await;
            assert!(
                matches!(&result, Err(BankError::Refused { code: c, .. }) if c == code),
                "{result:?}"
            );
        }
        for code in ["INTE", "INTS"] {
            world.forget().await;
            world
                .answers(
                    "POST",
                    &path,
                    ResponseTemplate::new(500).set_body_json(json!({"timestamp": "x", "message": code})),
                )
                .await;
            assert!(matches!(ask().await, Err(BankError::Unknown(_))), "an internal error tells nothing");
        }
        let refused = world.bank.accounts(&session, None).await.result;
        assert!(
            matches!(refused, Err(BankError::Unsupported)),
            "a consent for funds is not one for accounts"
        );
    }
}
