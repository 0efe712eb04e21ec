//! A Finance partner asks its payer for access to accounts, reads under it, renews it and gives it back.

use crate::support::TestApp;
use crate::support::consents::{CORE, ConsentTokens, terms};
use crate::support::partner::{Answer, Partner, STATUS, with};
use crate::support::psu::{ANA, ELENA, Payer};
use reqwest::Method;
use serde_json::{Value, json};
use smartpay::sandbox::{EndedBy, Fault, LedgerEvent, Operation};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Has an account in lei and one in euro at CEC.
pub const STEFAN: Payer = Payer {
    user: "stefan",
    code: "4444",
    iban: "RO25CECEB00030RON0004001",
    email: "stefan.dumitru@payer.example",
};

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.text("messageStatus"))
}

async fn first_account(erp: &Partner, tokens: &ConsentTokens) -> String {
    let list = erp.get_consent("accounts", tokens, "").await.good();
    list.json["accounts"][0]["accountId"].as_str().unwrap().to_owned()
}

fn ended_at_bank(app: &TestApp) -> usize {
    let ended = |e: &&smartpay::sandbox::LedgerEntry| matches!(e.event, LedgerEvent::ConsentEnded { by: EndedBy::Tpp, .. });
    app.bank.ledger().iter().filter(ended).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_gives_access_and_the_partner_reads() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, STEFAN, &terms()).await;
    assert_eq!(erp.consent_status(&tokens).await, "valid");
    let list = erp.get_consent("accounts", &tokens, "").await.good();
    let accounts = list.json["accounts"].as_array().unwrap();
    assert_eq!((accounts.len(), &list.json["nextPage"]), (2, &Value::Null));
    assert_eq!(
        (&accounts[0]["iban"], &accounts[0]["currency"]),
        (&json!(STEFAN.iban), &json!("RON"))
    );
    assert_eq!(accounts[1]["currency"], "EUR");
    let id = accounts[0]["accountId"].as_str().unwrap().to_owned();
    let one = erp.get_consent("accounts", &tokens, &format!("/{id}")).await.good();
    assert_eq!(one.json["account"]["iban"], STEFAN.iban);
    let balances = erp.get_consent("accounts", &tokens, &format!("/{id}/balances")).await.good();
    let lei = &balances.json["balances"][0];
    assert_eq!((&lei["amount"], &lei["currency"]), (&json!("250.00"), &json!("RON")));
    // CEC sometimes writes numbers; partners always read texts.
    let euro = accounts[1]["accountId"].as_str().unwrap();
    let balances = erp.get_consent("accounts", &tokens, &format!("/{euro}/balances")).await.good();
    assert_eq!(balances.json["balances"][0]["amount"], "900.00");
    everything_in_parts(&app, &erp, &tokens, &id).await;
    for call in ["identity", "trustedBeneficiaries"] {
        let answer = erp.get_consent(call, &tokens, "").await;
        assert_eq!(refused(&answer), (422, "BANK_DOES_NOT_OFFER"), "{call}");
    }
    let statement = erp
        .get_consent("accounts", &tokens, &format!("/{id}/statement?date=2026-01-31"))
        .await;
    assert_eq!(refused(&statement), (422, "BANK_DOES_NOT_OFFER"));
}

/// Follows the parts of the list of transactions to its end, and reads one of them by its id.
async fn everything_in_parts(app: &TestApp, erp: &Partner, tokens: &ConsentTokens, account: &str) {
    let from = app.today() - chrono::Days::new(360);
    let query = format!("bookingStatus=booked&dateFrom={from}");
    let (mut seen, mut parts, mut next) = (Vec::new(), 0, None::<String>);
    loop {
        let page: String = next
            .iter()
            .map(|p| format!("&page={}", url::form_urlencoded::byte_serialize(p.as_bytes()).collect::<String>()))
            .collect();
        let answer = erp
            .get_consent("accounts", tokens, &format!("/{account}/transactions?{query}{page}"))
            .await
            .good();
        let items = answer.json["transactions"].as_array().unwrap();
        seen.extend(items.iter().map(|t| t["transactionId"].as_str().unwrap().to_owned()));
        parts += 1;
        next = answer.json["nextPage"].as_str().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    let mut ids = seen.clone();
    ids.sort();
    ids.dedup();
    assert!(
        parts >= 2 && seen.len() > 20 && ids.len() == seen.len(),
        "{parts} parts with {} transactions",
        seen.len()
    );
    let one = erp
        .get_consent("accounts", tokens, &format!("/{account}/transactions/{}", seen[0]))
        .await
        .good();
    assert_eq!(one.json["transaction"]["transactionId"], seen[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_banks_say_which_consents_can_be_given_there() {
    let app = TestApp::start().await;
    let banks = app.erp().banks().await.good();
    let offers = |code: &str| {
        let bank = banks.json["payload"]
            .as_array()
            .unwrap()
            .iter()
            .find(|b| b["code"] == code)
            .unwrap();
        bank["accountAccess"].clone()
    };
    assert_eq!(offers("cec"), json!({ "accounts": true, "funds": true }));
    assert_eq!(offers("brd"), json!({ "accounts": true, "funds": false }));
    assert_eq!(offers("bcr"), json!({ "accounts": false, "funds": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_terms_answer_the_same_and_others_are_refused() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let (tokens, link) = erp.start_consent(&terms()).await;
    let again = erp.init_consent(&tokens, &terms()).await.good();
    assert_eq!(again.text("redirectUri"), link.as_str());
    let other = erp.init_consent(&tokens, &with(terms(), json!({ "recurring": false }))).await;
    assert_eq!(refused(&other), (409, "OTHER_CONTENT"));
    let early = erp.get_consent("accounts", &tokens, "").await;
    assert_eq!(refused(&early), (409, "CONSENT_NOT_VALID"));
    let (today, far) = (app.today(), app.today() + chrono::Days::new(181));
    for (field, value, code) in [
        ("bank", json!("bcr"), "BANK_DOES_NOT_OFFER"),
        ("bank", json!("nobank"), "UNKNOWN_BANK"),
        ("validUntil", json!(far.to_string()), "NOT_ALLOWED"),
        ("validUntil", json!((today - chrono::Days::new(1)).to_string()), "NOT_ALLOWED"),
        ("redirectURL", json!("https://evil.example/"), "NOT_ALLOWED"),
    ] {
        let fresh = erp.consent_tokens().await;
        let answer = erp.init_consent(&fresh, &with(terms(), json!({ field: value }))).await;
        assert_eq!(answer.status, 422, "{}", answer.json);
        assert_eq!(answer.json["moreDetails"][0]["field"], field);
        assert_eq!(answer.json["moreDetails"][0]["code"], code);
    }
    for (field, value) in [
        ("kind", json!("everything")),
        ("kind", Value::Null),
        ("redirectURL", Value::Null),
        ("validUntil", json!("mâine")),
        ("recurring", json!("perhaps")),
    ] {
        let fresh = erp.consent_tokens().await;
        let answer = erp.init_consent(&fresh, &with(terms(), json!({ field: value }))).await;
        assert_eq!(
            (answer.status, &answer.json["moreDetails"][0]["field"]),
            (400, &json!(field)),
            "{}",
            answer.json
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_is_its_partners_alone_and_so_are_its_tokens() {
    let app = TestApp::start().await;
    let (erp, shop) = (app.erp(), app.shop());
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    // A shop has no such calls.
    let answer = shop.consent_token(("isConsent", "1")).await;
    assert_eq!(refused(&answer), (403, "ACCOUNT_ACCESS_NOT_ALLOWED"));
    // Another partner's consent is like none.
    let other = app.add_finance_partner("stranger").await;
    let theirs = other.consent_tokens().await;
    let of_ours = ConsentTokens {
        consent: tokens.consent,
        ..theirs.clone()
    };
    let of_none = ConsentTokens {
        consent: 1_234_567_890_123_456,
        ..theirs.clone()
    };
    for call in ["consentStatus", "accounts"] {
        let (known, unknown) = (
            other.get_consent(call, &of_ours, "").await,
            other.get_consent(call, &of_none, "").await,
        );
        assert_eq!(refused(&known), (404, "CONSENT_NOT_FOUND"));
        assert_eq!((known.status, &known.json["message"]), (unknown.status, &unknown.json["message"]));
    }
    let answer = other.consent_token(("consentId", &tokens.consent.to_string())).await;
    assert_eq!(refused(&answer), (404, "CONSENT_NOT_FOUND"));
    // A payment's token is none for a consent, nor the other way round, nor another consent's of one's own.
    let payment = erp.tokens().await;
    let mixed = ConsentTokens {
        access: payment.access.clone(),
        ..tokens.clone()
    };
    assert_eq!(erp.get_consent("accounts", &mixed, "").await.status, 401);
    let request = erp.request(Method::GET, &format!("{STATUS}/{}", payment.payment));
    assert_eq!(erp.send(request.bearer_auth(&tokens.access)).await.status, 401);
    let second = erp.consent_tokens().await;
    let mixed = ConsentTokens {
        access: second.access,
        ..tokens.clone()
    };
    assert_eq!(erp.get_consent("accounts", &mixed, "").await.status, 401);
    // With another certificate a token is worth nothing.
    assert_eq!(other.get_consent("accounts", &tokens, "").await.status, 401);
    // A refresh token is exchanged once; used twice, it ends its family.
    let next = ConsentTokens::of(&erp.refresh(&tokens.refresh).await.good());
    assert_eq!(erp.get_consent("accounts", &next, "").await.good().status, 200);
    assert_eq!(erp.refresh(&tokens.refresh).await.status, 401);
    assert_eq!(erp.get_consent("accounts", &next, "").await.status, 401);
    let other_path = erp.request(Method::GET, &format!("/core/rest/api/consentStatus/{}", tokens.consent));
    let fresh = erp.tokens_again(&tokens).await;
    assert_eq!(
        erp.send(other_path.bearer_auth(&fresh.access)).await.good().text("consentStatus"),
        "valid"
    );
    let wrong_method = erp.request(Method::POST, &format!("{CORE}/accounts/{}", tokens.consent));
    assert_eq!(erp.send(wrong_method.bearer_auth(&fresh.access)).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn funds_are_confirmed_denied_and_refused_for_other_accounts() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ELENA, &terms()).await;
    let ask = async |iban: &str, amount: Value| {
        erp.post_consent("fundsConfirmation", &tokens, &json!({ "iban": iban, "amount": amount }))
            .await
    };
    assert_eq!(ask(ELENA.iban, json!("4.37")).await.good().json["fundsAvailable"], true);
    assert_eq!(ask(ELENA.iban, json!(4.38)).await.good().json["fundsAvailable"], false);
    // As often as one likes: it tells nothing of the account.
    for _ in 0..4 {
        ask(ELENA.iban, json!("4.38")).await.good();
    }
    assert_eq!(refused(&ask(ANA.iban, json!("1.00")).await), (422, "ACCOUNT_NOT_IN_CONSENT"));
    assert_eq!(refused(&ask("RO00", json!("1.00")).await), (400, "INVALID_REQUEST"));
    assert_eq!(refused(&ask(ELENA.iban, json!("-1")).await), (400, "INVALID_REQUEST"));
    assert_eq!(erp.consent_status(&tokens).await, "valid");
    let funds = erp.given_consent(&app, ELENA, &with(terms(), json!({ "kind": "funds" }))).await;
    let answer = erp
        .post_consent("fundsConfirmation", &funds, &json!({ "iban": ELENA.iban, "amount": "1.00" }))
        .await;
    assert_eq!(answer.good().json["fundsAvailable"], true);
    assert_eq!(
        refused(&erp.get_consent("accounts", &funds, "").await),
        (409, "CONSENT_OF_OTHER_KIND")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_read_four_times_a_day() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    let id = first_account(&erp, &tokens).await;
    let balances = format!("/{id}/balances");
    for _ in 0..4 {
        erp.get_consent("accounts", &tokens, &balances).await.good();
    }
    let answer = erp.get_consent("accounts", &tokens, &balances).await;
    assert_eq!(refused(&answer), (429, "READ_TOO_OFTEN"));
    assert!(answer.headers.contains_key("retry-after"));
    // Something else may still be read, as often.
    erp.get_consent("accounts", &tokens, &format!("/{id}")).await.good();
    app.advance(DAY);
    let tokens = erp.tokens_again(&tokens).await;
    erp.get_consent("accounts", &tokens, &balances).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_read_one_after_another_and_no_more_than_four() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    // The bank's token has run out: whoever comes first buys the next, the others use it.
    app.advance(Duration::from_secs(2 * 3600));
    let tokens = erp.tokens_again(&tokens).await;
    let answers = futures_util::future::join_all((0..6).map(|_| erp.get_consent("accounts", &tokens, ""))).await;
    let mut statuses: Vec<u16> = answers.iter().map(|a| a.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_lives_longer_than_its_tokens_and_ends_on_its_last_day() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let last = app.today() + chrono::Days::new(20);
    let tokens = erp
        .given_consent(&app, ANA, &with(terms(), json!({ "validUntil": last.to_string() })))
        .await;
    app.advance(10 * DAY);
    assert_eq!(erp.get_consent("accounts", &tokens, "").await.status, 401);
    let tokens = erp.tokens_again(&tokens).await;
    erp.get_consent("accounts", &tokens, "").await.good();
    let status = erp.get_consent("consentStatus", &tokens, "").await.good();
    assert_eq!(status.text("validUntil"), last.to_string());
    app.let_pass(12, DAY).await;
    let tokens = erp.tokens_again(&tokens).await;
    assert_eq!(erp.consent_status(&tokens).await, "ended");
    assert_eq!(refused(&erp.get_consent("accounts", &tokens, "").await), (409, "CONSENT_NOT_VALID"));
    // The bank had given more days than were asked for.
    assert_eq!(ended_at_bank(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_partner_gives_a_consent_back_and_the_bank_hears_of_it_even_later() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    let answer = erp.post_consent("revokeConsent", &tokens, &json!({})).await.good();
    assert_eq!((answer.text("consentStatus"), ended_at_bank(&app)), ("ended", 1));
    assert_eq!(refused(&erp.get_consent("accounts", &tokens, "").await), (409, "CONSENT_NOT_VALID"));
    erp.post_consent("revokeConsent", &tokens, &json!({})).await.good();
    let second = erp.given_consent(&app, ANA, &terms()).await;
    app.bank.fail_next(Operation::Consent, Fault::DropBeforeEffect);
    erp.post_consent("revokeConsent", &second, &json!({})).await.good();
    assert_eq!(erp.consent_status(&second).await, "ended");
    assert_eq!(ended_at_bank(&app), 1);
    app.let_pass(3, Duration::from_secs(10)).await;
    assert_eq!(ended_at_bank(&app), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_payer_takes_back_at_the_bank_ends_here() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    app.psu().withdraw_consents_at_bank(&app, ANA).await;
    assert_eq!(refused(&erp.get_consent("accounts", &tokens, "").await), (409, "CONSENT_NOT_VALID"));
    assert_eq!(erp.consent_status(&tokens).await, "ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_consent_does_not_cover_is_refused_and_the_consent_stays() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let (tokens, link) = erp.start_consent(&terms()).await;
    let psu = app.psu();
    let page = psu.to_consents_bank(&link, "cec").await;
    // The first account, without balances.
    let back = psu.agree(&page, STEFAN, |name| name == "cont-0" || name == "tranzactii").await;
    psu.come_back(&back).await;
    let list = erp.get_consent("accounts", &tokens, "").await.good();
    assert_eq!(list.json["accounts"].as_array().unwrap().len(), 1);
    let id = list.json["accounts"][0]["accountId"].as_str().unwrap().to_owned();
    for rest in [format!("/{id}/balances"), "/unknown".to_owned(), "/unknown/balances".to_owned()] {
        let answer = erp.get_consent("accounts", &tokens, &rest).await;
        assert_eq!(refused(&answer), (422, "ACCOUNT_NOT_IN_CONSENT"), "{rest}");
    }
    let bad = erp.get_consent("accounts", &tokens, &format!("/{id}/transactions")).await;
    assert_eq!((bad.status, &bad.json["moreDetails"][0]["field"]), (400, &json!("dateFrom")));
    for query in [
        "bookingStatus=all&dateFrom=2026-01-01",
        "dateFrom=2026-13-01",
        "dateFrom=2026-02-01&dateTo=2026-01-01",
    ] {
        let answer = erp.get_consent("accounts", &tokens, &format!("/{id}/transactions?{query}")).await;
        assert_eq!(refused(&answer), (400, "INVALID_REQUEST"), "{query}");
    }
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_fails_is_said_to_and_the_consent_stays() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    for fault in [Fault::Status(503), Fault::Malformed] {
        app.bank.fail_next(Operation::Accounts, fault.clone());
        let answer = erp.get_consent("accounts", &tokens, "").await;
        assert_eq!(refused(&answer), (503, "BANK_UNAVAILABLE"), "{fault:?}");
        assert!(!app.bank.has_faults());
    }
    let tokens = erp.tokens_again(&tokens).await;
    app.bank
        .fail_next(Operation::Accounts, Fault::TooManyRequests { retry_after_s: 60 });
    assert_eq!(refused(&erp.get_consent("accounts", &tokens, "").await), (429, "READ_TOO_OFTEN"));
    erp.get_consent("accounts", &tokens, "").await.good();
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_a_new_consent_with_the_same_terms() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    app.advance(30 * DAY);
    let tokens = erp.tokens_again(&tokens).await;
    let answer = erp.post_consent("renewConsent", &tokens, &json!({})).await.good();
    let renewed = ConsentTokens::of(&answer);
    assert_ne!(renewed.consent, tokens.consent);
    assert_eq!(answer.json["consentId"].as_i64(), Some(renewed.consent));
    let psu = app.psu();
    let page = psu.to_consents_bank(&answer.text("redirectUri").parse().unwrap(), "cec").await;
    let back = psu.agree(&page, ANA, |_| true).await;
    psu.come_back(&back).await.says("Ai dat accesul");
    let status = erp.get_consent("consentStatus", &renewed, "").await.good();
    assert_eq!(
        (status.text("consentStatus"), status.text("validUntil")),
        ("valid", (app.today() + chrono::Days::new(180)).to_string().as_str())
    );
    erp.get_consent("accounts", &renewed, "").await.good();
    assert_eq!(erp.consent_status(&tokens).await, "valid");
    let bare = erp.consent_tokens().await;
    assert_eq!(
        refused(&erp.post_consent("renewConsent", &bare, &json!({})).await),
        (409, "NOT_POSSIBLE_NOW")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_cannot_be_read_are_refused_clearly() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = erp.consent_tokens().await;
    for id in ["1", "abc", "1234567890123456789", "..%2f..", "%00", "0000000000000000"] {
        let request = erp.request(Method::GET, &format!("{CORE}/consentStatus/{id}"));
        let answer = erp.send(request.bearer_auth(&tokens.access)).await;
        assert_eq!(refused(&answer), (404, "CONSENT_NOT_FOUND"), "{id}");
        let answer = erp.consent_token(("consentId", id)).await;
        assert_eq!(answer.status, 404, "{id}");
    }
    assert_eq!(erp.consent_token(("isConsent", "perhaps")).await.status, 400);
    let path = format!("{CORE}/initConsent/{}", tokens.consent);
    for body in ["", "[]", "{", "{\"kind\":1}", "{\"kind\":\"accounts\",\"kind\":\"funds\"}", "\u{0}"] {
        let request = erp.request(Method::POST, &path).bearer_auth(&tokens.access);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        assert_eq!(erp.send(request).await.status, 400, "{body}");
    }
    let plain = erp.request(Method::POST, &path).bearer_auth(&tokens.access);
    let plain = plain.header("content-type", "text/plain").body(terms().to_string());
    assert_eq!(erp.send(plain).await.status, 415);
    let huge = with(terms(), json!({ "psuIntermediarId": "x".repeat(100_000) }));
    assert_eq!(erp.init_consent(&tokens, &huge).await.status, 413);
    assert_eq!(erp.send(erp.request(Method::POST, &path).json(&terms())).await.status, 401);
    let tokens = erp.given_consent(&app, ANA, &terms()).await;
    for id in ["%20", "a%20b", "%C3%A9", &"x".repeat(141)] {
        let answer = erp.get_consent("accounts", &tokens, &format!("/{id}/balances")).await;
        assert_eq!(refused(&answer), (422, "ACCOUNT_NOT_IN_CONSENT"), "{id}");
    }
    for page in ["%00", &"x".repeat(2001)] {
        let answer = erp.get_consent("accounts", &tokens, &format!("?page={page}")).await;
        assert_eq!(refused(&answer), (400, "INVALID_REQUEST"));
    }
    assert_eq!(erp.consent_status(&tokens).await, "valid");
}
