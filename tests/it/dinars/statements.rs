//! A partner reads the accounts and statements of its own service account at the Treasury, through the gateway.

use super::{DEBTOR, PASSWORD, USER, ready};
use crate::support::consents::ConsentTokens;
use crate::support::partner::{Answer, Partner};
use crate::support::{RETURN_URL, TestApp, profile};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use smartpay::bank::access::Holder;
use smartpay::bank::accounts::{AccountInformation as _, ConsentKind, ConsentRequest, ConsentVerdict, StatementFormat, StatementQuery};
use smartpay::bank::{Connector, PsuContext};
use smartpay::flow::add_partner::add_partner;
use smartpay::flow::bank_access::set_credentials;
use smartpay::partner::{Partner as Profile, PartnerKind};
use smartpay::payment::Currency;
use smartpay::sandbox::Fault;
use smartpay::sandbox::epp::EppCall;
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers};

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.text("messageStatus"))
}

/// A Finance partner in dinars that may read accounts, and whose service account the operator has entered.
async fn reader(app: &TestApp) -> Partner {
    let profile = Profile {
        account_access: true,
        ..profile("stranger", PartnerKind::Finance, Currency::Rsd)
    };
    let (holder, now) = (Holder::Partner(profile.id.clone()), app.cx.now());
    add_partner(&app.cx.db, profile, None, "story", now).await.unwrap();
    let (user, password) = (USER.to_owned().into(), PASSWORD.to_owned().into());
    set_credentials(&app.cx.db, "epp", &holder, user, password, "story", now)
        .await
        .unwrap();
    app.partner("stranger")
}

/// Nobody goes to a bank: choosing it is all there is to do.
async fn given(app: &TestApp, partner: &Partner) -> ConsentTokens {
    let terms = json!({ "bank": "epp", "kind": "accounts", "redirectURL": RETURN_URL });
    let (tokens, link) = partner.start_consent(&terms).await;
    app.psu().to_consents_bank(&link, "epp").await.says("Ai dat accesul");
    assert_eq!(partner.consent_status(&tokens).await, "valid");
    tokens
}

async fn statement(partner: &Partner, tokens: &ConsentTokens, account: &str, query: &str) -> Answer {
    partner
        .get_consent("accounts", tokens, &format!("/{account}/statement?{query}"))
        .await
}

fn file(answer: &Answer) -> (String, Vec<u8>) {
    let content = BASE64_STANDARD.decode(answer.text("content")).unwrap();
    (answer.text("mediaType").to_owned(), content)
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_balances_of_the_service_account() {
    let app = TestApp::start().await;
    let partner = reader(&app).await;
    let tokens = given(&app, &partner).await;
    let list = partner.get_consent("accounts", &tokens, "").await.good();
    let accounts = list.json["accounts"].as_array().unwrap();
    assert_eq!((accounts.len(), &list.json["nextPage"]), (2, &Value::Null));
    let names: Vec<_> = accounts.iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Venituri proprii", "Buget"], "by number");
    let id = accounts[1]["accountId"].as_str().unwrap();
    let one = partner.get_consent("accounts", &tokens, &format!("/{id}")).await.good();
    assert_eq!(one.json["account"], accounts[1]);
    assert_eq!(one.json["account"]["currency"], "RSD");
    let iban = smartpay::payment::Iban::parse(one.json["account"]["iban"].as_str().unwrap()).unwrap();
    assert_eq!(iban.grouped(), DEBTOR);
    let balances = partner.get_consent("accounts", &tokens, &format!("/{id}/balances")).await.good();
    let of = |kind: &str| {
        let all = balances.json["balances"].as_array().unwrap();
        all.iter().find(|b| b["balanceType"] == kind).unwrap()["amount"].clone()
    };
    assert_eq!(
        (of("balance"), of("availableBalance")),
        (json!("185000000.00"), json!("185000000.00"))
    );
    // What the Treasury has no call for, and accounts of nobody or of others.
    let past = partner
        .get_consent("accounts", &tokens, &format!("/{id}/transactions?dateFrom=2026-01-01"))
        .await;
    assert_eq!(refused(&past), (422, "BANK_DOES_NOT_OFFER"));
    for call in ["identity", "trustedBeneficiaries"] {
        let answer = partner.get_consent(call, &tokens, "").await;
        assert_eq!(refused(&answer), (422, "BANK_DOES_NOT_OFFER"), "{call}");
    }
    for foreign in ["0000000030845", "9999999999999"] {
        let answer = partner.get_consent("accounts", &tokens, &format!("/{foreign}/balances")).await;
        assert_eq!(refused(&answer), (422, "ACCOUNT_NOT_IN_CONSENT"), "{foreign}");
    }
    assert_eq!(app.bank.epp_calls(EppCall::Login), 1, "one login for everything");
    partner.post_consent("revokeConsent", &tokens, &json!({})).await.good();
    let answer = partner.get_consent("accounts", &tokens, "").await;
    assert_eq!(refused(&answer), (409, "CONSENT_NOT_VALID"));
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_in_every_form_while_their_links_are_good() {
    let app = TestApp::start().await;
    let partner = reader(&app).await;
    let tokens = given(&app, &partner).await;
    let list = partner.get_consent("accounts", &tokens, "").await.good();
    let [other, first] = [0, 1].map(|n| list.json["accounts"][n]["accountId"].as_str().unwrap().to_owned());
    let date = app.cx.clock.now().date();
    let answer = statement(&partner, &tokens, &first, &format!("date={date}&format=json&special=1"))
        .await
        .good();
    let (media_type, bytes) = file(&answer);
    let read: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(media_type, "application/json");
    assert_eq!(
        (&read["type"], &read["bankAccount"], &read["date"]),
        (&json!("specialStatement"), &json!("840000074222184357"), &json!(date.to_string()))
    );
    // The link had gone: another one is asked for, once.
    app.bank.fail_next_epp(EppCall::Download, Fault::Status(410));
    let (media_type, bytes) = file(&statement(&partner, &tokens, &first, &format!("date={date}")).await.good());
    assert!(media_type == "application/pdf" && bytes.starts_with(b"%PDF-"));
    assert_eq!(
        (app.bank.epp_calls(EppCall::StatementUrl), app.bank.epp_calls(EppCall::Download)),
        (3, 3)
    );
    // Gone again: that may be repeated later, and the consent is as good as before.
    for _ in 0..2 {
        app.bank.fail_next_epp(EppCall::Download, Fault::Status(410));
    }
    let answer = statement(&partner, &tokens, &first, &format!("date={date}&format=XML")).await;
    assert_eq!(refused(&answer), (503, "BANK_UNAVAILABLE"));
    assert!(answer.headers.contains_key("retry-after"));
    let (media_type, bytes) = file(
        &statement(&partner, &tokens, &other, &format!("date={date}&format=XML"))
            .await
            .good(),
    );
    assert!(media_type == "application/xml" && bytes.starts_with(b"<?xml"));
    for (query, field) in [
        ("", "date"),
        ("date=2026-02-30", "date"),
        ("date=2026-02-01&format=CSV", "format"),
        ("date=2026-02-01&special=perhaps", "special"),
    ] {
        let answer = statement(&partner, &tokens, &other, query).await;
        let named = &answer.json["moreDetails"][0]["field"];
        assert_eq!((answer.status, named), (400, &json!(field)), "{query}: {}", answer.json);
    }
    assert_eq!(partner.consent_status(&tokens).await, "valid");
}

/// The n-th account of a Treasury that has many: bank, 13 digits, and the control digits over them.
fn number(n: u64) -> String {
    let digits = format!("840{n:013}");
    let rest = digits
        .bytes()
        .chain(*b"00")
        .fold(0, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % 97);
    format!("{digits}{:02}", 98 - rest)
}

/// A Treasury with 45 accounts that gives 20 at a time, though more are asked for.
async fn treasury() -> MockServer {
    let server = MockServer::builder().start().await;
    let list = |request: &Request| {
        let query: std::collections::HashMap<_, _> = request.url.query_pairs().into_owned().collect();
        let page: u64 = query["Page"].parse().unwrap();
        let items: Vec<Value> = (20 * (page - 1) + 1..=(20 * page).min(45))
            .map(|n| json!({ "bankAccount": number(n), "balance": n }))
            .collect();
        let payload = json!({ "items": items, "totalCount": 45, "page": page, "perPage": 20 });
        ResponseTemplate::new(200).set_body_json(json!({ "status": { "code": 200 }, "payload": payload }))
    };
    let tokens = json!({ "status": { "code": 200 }, "payload": { "accessToken": "A", "refreshToken": "R" } });
    Mock::given(matchers::path("/api/login"))
        .respond_with(ResponseTemplate::new(200).set_body_json(tokens))
        .mount(&server)
        .await;
    Mock::given(matchers::path("/api/bank-accounts"))
        .respond_with(list)
        .mount(&server)
        .await;
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_of_accounts_is_read_to_its_end() {
    let bank = treasury().await;
    let app = TestApp::start_with(&format!("[bank.epp]\nbase_url = \"{}\"\n", bank.uri())).await;
    let partner = reader(&app).await;
    let tokens = given(&app, &partner).await;
    let (mut seen, mut page) = (Vec::new(), String::new());
    for _ in 0..4 {
        let answer = partner.get_consent("accounts", &tokens, &page).await.good();
        let accounts = answer.json["accounts"].as_array().unwrap();
        seen.extend(accounts.iter().map(|a| a["accountId"].as_str().unwrap().to_owned()));
        let Some(next) = answer.json["nextPage"].as_str() else { break };
        page = format!("?page={next}");
    }
    assert_eq!(seen, (1..=45).map(|n| format!("{n:013}")).collect::<Vec<_>>());
    let answer = partner.get_consent("accounts", &tokens, "?page=next").await;
    assert_eq!(answer.status, 422, "{}", answer.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_account_reads_accounts_and_statements_without_a_payer() {
    let app = ready().await;
    let holder = app.enter_bank_login(USER, PASSWORD).await;
    let bank = app.cx.banks.get("epp").unwrap().connector().unwrap();
    let Connector::Epp(bank) = bank else { panic!() };
    let wanted = ConsentRequest {
        consent: uuid::Uuid::now_v7(),
        partner: holder.as_str().to_owned(),
        kind: ConsentKind::Accounts,
        valid_until: "2027-01-01".parse().unwrap(),
        recurring: true,
    };
    let psu = PsuContext {
        ip: "198.51.100.7".parse().unwrap(),
        user_agent: None,
        return_url: app.public("payment-return/epp"),
        state: "s".to_owned(),
        seed: [0; 32],
        psu_id: None,
    };
    let consent = bank.request_consent(&wanted, &psu).await.unwrap();
    assert_eq!(consent.verdict, ConsentVerdict::Valid);
    let read = bank.accounts(&consent.session, None).await;
    let accounts = read.result.unwrap().items;
    assert_eq!(accounts.len(), 2);
    assert_eq!(accounts[1].iban.as_ref().unwrap().grouped(), DEBTOR);
    assert_eq!(accounts[1].balances[0].amount.hundredths, 18_500_000_000);
    let query = |format| StatementQuery {
        date: app.cx.clock.now().date(),
        format,
        special: false,
    };
    app.bank.fail_next_epp(EppCall::Download, Fault::Status(410));
    let read = bank.statement(&read.session, &accounts[1].id, &query(StatementFormat::Json)).await;
    let file = read.result.unwrap();
    let statement: Value = serde_json::from_slice(&file.bytes).unwrap();
    assert_eq!(
        (&statement["bankAccount"], file.media_type.as_str()),
        (&json!("840000074222184357"), "application/json")
    );
    assert_eq!(app.bank.epp_calls(EppCall::StatementUrl), 2, "the link had gone: another one, once");
    let read = bank.statement(&read.session, &accounts[1].id, &query(StatementFormat::Pdf)).await;
    assert!(read.result.unwrap().bytes.starts_with(b"%PDF-"));
    assert_eq!(app.bank.epp_calls(EppCall::Login), 1);
}
