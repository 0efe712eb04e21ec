//! Accounts and funds at STET banks, through the partner's calls: mutual TLS and signatures towards the bank, the
//! payer at the bank's own pages.

use crate::support::consents::ConsentTokens;
use crate::support::partner::{Answer, Partner, with};
use crate::support::psu::Payer;
use crate::support::stet::BANKS;
use crate::support::{RETURN_URL, TestApp, profile};
use serde_json::{Value, json};
use smartpay::flow::add_partner::add_partner;
use smartpay::partner::{Partner as Profile, PartnerKind};
use smartpay::payment::Currency;
use std::collections::BTreeSet;
use std::time::Duration;

const MARC: Payer = Payer {
    user: "D0999990I0",
    code: "12345678",
    iban: MARC_5158,
    email: "marc@payer.example",
};
const MARC_5158: &str = "FR7613807008043001965405158";
const MARC_5255: &str = "FR7613807008043001965405255";
/// Marie's.
const FOREIGN: &str = "FR7613807008043001965406128";

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.text("messageStatus"))
}

fn terms(bank: &str, kind: &str) -> Value {
    json!({ "bank": bank, "kind": kind, "redirectURL": RETURN_URL })
}

/// A Finance partner in euro that may ask for access to accounts.
async fn in_euros(app: &TestApp) -> Partner {
    let profile = Profile {
        account_access: true,
        ..profile("stranger", PartnerKind::Finance, Currency::Eur)
    };
    add_partner(&app.cx.db, profile, None, "story", app.cx.now()).await.unwrap();
    app.partner("stranger")
}

/// A consent that Marc has given: for funds, for the accounts he ticks.
async fn given(app: &TestApp, partner: &Partner, terms: &Value, ticked: &[&str]) -> ConsentTokens {
    let (tokens, link) = partner.start_consent(terms).await;
    let psu = app.psu();
    let page = psu.to_consents_bank(&link, terms["bank"].as_str().unwrap()).await;
    let mut form = psu.log_in_for_consent(&page, MARC).await.form("/decizie").with("decizie", "da");
    form.fields.retain(|(name, _)| !name.starts_with("cont-"));
    for iban in ticked {
        form = form.with(&format!("cont-{iban}"), "da");
    }
    let back = psu.follow(&psu.submit(&form).await).await.link("a.button");
    psu.come_back(&back).await.says("Ai dat accesul");
    tokens
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_balances_who_the_payer_is_and_whom_they_trust() {
    let app = TestApp::start_with_stet().await;
    let partner = in_euros(&app).await;
    for (bank, _) in BANKS {
        let tokens = given(&app, &partner, &terms(bank, "accounts"), &[]).await;
        let list = partner.get_consent("accounts", &tokens, "").await.good();
        let accounts = list.json["accounts"].as_array().unwrap();
        assert_eq!((accounts.len(), &list.json["nextPage"]), (3, &Value::Null), "{bank}");
        let account = accounts.iter().find(|a| a["iban"] == MARC_5158).unwrap();
        assert_eq!(
            (&account["currency"], &account["name"]),
            (&json!("EUR"), &json!("Compte de dépôt Marc"))
        );
        let id = account["accountId"].as_str().unwrap();
        let one = partner.get_consent("accounts", &tokens, &format!("/{id}")).await.good();
        for field in ["accountId", "iban", "name", "currency", "accountStatus"] {
            assert_eq!(one.json["account"][field], account[field], "{bank} {field}");
        }
        let balances = partner.get_consent("accounts", &tokens, &format!("/{id}/balances")).await.good();
        let booked = &balances.json["balances"][0];
        assert_eq!(
            (&booked["balanceType"], &booked["amount"], &booked["currency"]),
            (&json!("CLBD"), &json!("4348.95"), &json!("EUR")),
            "{bank}"
        );
        // An hour later the token has run out and is renewed on the way.
        app.advance(Duration::from_secs(3700));
        let tokens = partner.tokens_again(&tokens).await;
        let identity = partner.get_consent("identity", &tokens, "").await.good();
        assert_eq!(identity.text("name"), "Marc", "{bank}");
        let trusted = partner.get_consent("trustedBeneficiaries", &tokens, "").await.good();
        let whom = json!([
            { "name": "Boulangerie du Port", "iban": "FR1420041010050500013M02606", "trusted": true },
            { "name": "Société Électrique", "iban": "DE89370400440532013000", "trusted": true },
        ]);
        assert_eq!(
            (&trusted.json["beneficiaries"], &trusted.json["nextPage"]),
            (&whom, &Value::Null),
            "{bank}"
        );
        what_stet_does_not_have(&partner, &tokens, id).await;
        partner.post_consent("revokeConsent", &tokens, &json!({})).await.good();
        for call in ["accounts", "identity", "trustedBeneficiaries"] {
            let answer = partner.get_consent(call, &tokens, "").await;
            assert_eq!(refused(&answer), (409, "CONSENT_NOT_VALID"), "{bank} {call}");
        }
    }
}

async fn what_stet_does_not_have(partner: &Partner, tokens: &ConsentTokens, account: &str) {
    for rest in [
        format!("/{account}/transactions/1"),
        format!("/{account}/statement?date=2026-01-31"),
    ] {
        let answer = partner.get_consent("accounts", tokens, &rest).await;
        assert_eq!(refused(&answer), (422, "BANK_DOES_NOT_OFFER"), "{rest}");
    }
    for rest in ["", "/balances", "/transactions?dateFrom=2026-01-01"] {
        let answer = partner.get_consent("accounts", tokens, &format!("/no-such-account{rest}")).await;
        assert_eq!(refused(&answer), (422, "ACCOUNT_NOT_IN_CONSENT"), "{rest}");
    }
    // What a stranger calls a page never leads to another place of the bank's.
    for page in ["..%2fconsents", "%3fx", "x%23y"] {
        let answer = partner.get_consent("accounts", tokens, &format!("?page={page}")).await;
        let same = answer.status == 200 && answer.json["accounts"].as_array().map(Vec::len) == Some(3);
        assert!(same || (400..500).contains(&answer.status), "{page}: {}", answer.json);
    }
    assert_eq!(partner.consent_status(tokens).await, "valid");
}

/// Every part of the list of transactions that a query asks for: how many parts, and days and amounts.
async fn every_part(partner: &Partner, tokens: &ConsentTokens, account: &str, query: &str) -> (usize, Vec<(String, String)>) {
    let (mut parts, mut seen, mut page) = (0, Vec::new(), String::new());
    loop {
        let rest = format!("/{account}/transactions?{query}{page}");
        let answer = partner.get_consent("accounts", tokens, &rest).await.good();
        let items = answer.json["transactions"].as_array().unwrap();
        let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
        seen.extend(items.iter().map(|t| (text(t, "bookingDate"), text(t, "amount"))));
        parts += 1;
        let Some(next) = answer.json["nextPage"].as_str() else {
            return (parts, seen);
        };
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        page = format!("&page={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_part_by_part_and_day_by_day() {
    let app = TestApp::start_with_stet().await;
    let partner = in_euros(&app).await;
    let tokens = given(&app, &partner, &terms("bp-grand-ouest", "accounts"), &[]).await;
    let list = partner.get_consent("accounts", &tokens, "").await.good();
    let id = list.json["accounts"][0]["accountId"].as_str().unwrap();
    let today = app.cx.clock.now().date();
    let from = today - chrono::Days::new(80);
    let (parts, seen) = every_part(&partner, &tokens, id, &format!("dateFrom={from}")).await;
    assert!(parts >= 3 && seen.len() > 20, "{parts} parts with {} transactions", seen.len());
    assert!(seen.iter().any(|(_, amount)| amount.starts_with('-')) && seen.iter().any(|(_, amount)| !amount.starts_with('-')));
    let days: Vec<&str> = seen.iter().map(|(day, _)| &day[..10]).collect();
    assert!(days.is_sorted_by(|a, b| a >= b), "the newest first: {days:?}");
    assert!(*days.last().unwrap() >= from.to_string().as_str());
    // Both days inclusive, though the bank's own upper limit is not.
    let days: BTreeSet<&str> = days.into_iter().collect();
    let day = days.iter().nth(3).unwrap();
    let (_, of_day) = every_part(&partner, &tokens, id, &format!("dateFrom={day}&dateTo={day}")).await;
    let wanted: Vec<_> = seen.iter().filter(|(at, _)| at.starts_with(day)).cloned().collect();
    assert_eq!(of_day, wanted);
    let (_, pending) = every_part(&partner, &tokens, id, "bookingStatus=pending").await;
    assert!(pending.is_empty(), "{pending:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_acceptance_table_of_funds_confirmation() {
    let app = TestApp::start_with_stet().await;
    let partner = in_euros(&app).await;
    for (bank, _) in BANKS {
        let until = app.today() + chrono::Days::new(30);
        let wanted = with(terms(bank, "funds"), json!({ "validUntil": until.to_string() }));
        let tokens = given(&app, &partner, &wanted, &[MARC_5158, MARC_5255]).await;
        for (iban, amount, enough) in [
            (MARC_5255, "458.00", true),
            (MARC_5255, "458.99", true),
            (MARC_5255, "459.57", false),
            (MARC_5158, "4179.00", true),
            (MARC_5158, "4348.95", true),
            (MARC_5158, "4348.96", false),
        ] {
            let answer = funds(&partner, &tokens, iban, amount).await.good();
            assert_eq!(answer.json["fundsAvailable"], enough, "{bank} {iban} {amount}");
        }
        // Unknown, closed, blocked; the bank's own code says which.
        for (iban, code) in [
            ("FR7630006000011234567890189", "AC01"),
            ("FR7613807008043001965000183", "AC04"),
            ("FR7613807008043001965000280", "AC06"),
        ] {
            let answer = funds(&partner, &tokens, iban, "1.00").await;
            assert_eq!(refused(&answer), (422, "BANK_REFUSED"), "{bank} {iban}");
            assert_eq!(answer.json["moreDetails"][0]["message"], code, "{bank} {iban}");
        }
        for (iban, amount, status, word) in [
            (FOREIGN, "1.00", 422, "ACCOUNT_NOT_IN_CONSENT"),
            (MARC_5158, "901.11", 429, "READ_TOO_OFTEN"),
            (MARC_5158, "901.12", 503, "BANK_UNAVAILABLE"),
            (MARC_5158, "901.13", 503, "BANK_UNAVAILABLE"),
        ] {
            let answer = funds(&partner, &tokens, iban, amount).await;
            assert_eq!(refused(&answer), (status, word), "{bank} {amount}");
        }
        for (iban, amount) in [("FR76", "1.00"), (MARC_5158, "0"), (MARC_5158, "1.001"), (MARC_5158, "1,5")] {
            let answer = funds(&partner, &tokens, iban, amount).await;
            assert_eq!(refused(&answer), (400, "INVALID_REQUEST"), "{bank} {iban} {amount}");
        }
        // An hour later the token is renewed on the way.
        app.advance(Duration::from_secs(3700));
        let tokens = partner.tokens_again(&tokens).await;
        let answer = funds(&partner, &tokens, MARC_5255, "1.00").await.good();
        assert_eq!(answer.json["fundsAvailable"], true, "{bank}");
        assert_eq!(
            refused(&partner.get_consent("accounts", &tokens, "").await),
            (409, "CONSENT_OF_OTHER_KIND"),
            "{bank}"
        );
    }
}

async fn funds(partner: &Partner, tokens: &ConsentTokens, iban: &str, amount: &str) -> Answer {
    partner
        .post_consent("fundsConfirmation", tokens, &json!({ "iban": iban, "amount": amount }))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_consent_is_good_for_its_own_scope_and_its_own_accounts() {
    let app = TestApp::start_with_stet().await;
    let partner = in_euros(&app).await;
    let bank = "bp-grand-ouest";
    // `aisp`: accounts, and no answer about funds, which the bank would refuse.
    let accounts = given(&app, &partner, &terms(bank, "accounts"), &[]).await;
    let answer = funds(&partner, &accounts, MARC_5158, "1.00").await;
    assert_eq!(refused(&answer), (422, "BANK_DOES_NOT_OFFER"));
    partner.get_consent("accounts", &accounts, "").await.good();
    // `cbpii`: only what was ticked, of what is the payer's own.
    let one = given(&app, &partner, &terms(bank, "funds"), &[MARC_5255]).await;
    assert_eq!(funds(&partner, &one, MARC_5255, "1.00").await.good().json["fundsAvailable"], true);
    let answer = funds(&partner, &one, MARC_5158, "1.00").await;
    assert_eq!(refused(&answer), (422, "ACCOUNT_NOT_IN_CONSENT"));
    assert_eq!(partner.consent_status(&one).await, "valid");
    partner.post_consent("revokeConsent", &one, &json!({})).await.good();
    assert_eq!(refused(&funds(&partner, &one, MARC_5255, "1.00").await), (409, "CONSENT_NOT_VALID"));
    // A partner in lei is not offered a bank in euro.
    let (_, link) = app.erp().start_consent(&terms(bank, "accounts")).await;
    let page = app.psu().get(&link).await;
    assert!(!page.has(&format!("input[name=bank][value={bank}]")) && page.has("input[name=bank][value=cec]"));
}
