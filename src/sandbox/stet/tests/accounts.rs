//! Account information.

use super::support::{CE, MARC, MARC_5158, MARC_5255, OUEST, Psu, RETURN, TPP, TestBanks, attribute, parameter, payment};
use super::tpp::Tpp;
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;

const BASE: &str = "/stet/17515/stet/psd2/v1.4.2";

async fn consented(tpp: &Tpp<'_>, token: &str) {
    let account = json!([{ "iban": MARC_5158, "currency": "EUR" }]);
    let consent = json!({ "owners": [], "balances": account, "transactions": account, "trustedBeneficiaries": true, "psuIdentity": true });
    assert_eq!(tpp.put(&format!("{BASE}/consents"), &consent, token).await.status, 201);
}

#[tokio::test]
async fn the_consent_decides_what_is_seen() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.granted(CE, "aisp", MARC).await;
    let before = tpp.get(&format!("{BASE}/accounts"), &token).await;
    assert_eq!(before.body["accounts"].as_array().unwrap().len(), 3);
    assert!(before.body["accounts"][0].get("balances").is_none());
    let ids: Vec<String> = (0..3).map(|i| before.text(&format!("/accounts/{i}/resourceId"))).collect();
    for path in [
        "accounts/ID/balances",
        "accounts/ID/transactions",
        "end-user-identity",
        "trusted-beneficiaries",
    ] {
        let refused = tpp.get(&format!("{BASE}/{}", path.replace("ID", &ids[0])), &token).await;
        assert_eq!(refused.refusal(), (403, "NGAC".into()), "{path}");
    }
    consented(&tpp, &token).await;
    let after = tpp.get(&format!("{BASE}/accounts"), &token).await;
    assert_eq!(after.text("/accounts/0/accountId/iban"), MARC_5158);
    assert_eq!(
        after.body["accounts"][0]["balances"][0]["balanceAmount"],
        json!({ "amount": "4348.95", "currency": "EUR" })
    );
    assert!(after.body["accounts"][1].get("balances").is_none());
    let href = after.text("/accounts/0/_links/balances/href");
    let balances = tpp.get(href.strip_prefix(&banks.api).unwrap(), &token).await;
    assert_eq!(balances.text("/balances/0/balanceType"), "CLBD");
    assert_eq!(tpp.get(&format!("{BASE}/accounts/{}/balances", ids[1]), &token).await.status, 403);
    assert_eq!(tpp.get(&format!("{BASE}/accounts/nothing/balances"), &token).await.status, 404);
    assert_eq!(
        tpp.get(&format!("{BASE}/end-user-identity"), &token)
            .await
            .text("/identity/fullName"),
        "Marc"
    );
    let trusted = tpp.get(&format!("{BASE}/trusted-beneficiaries"), &token).await;
    assert_eq!(trusted.body["beneficiaries"].as_array().unwrap().len(), 2);
    // 1.5 writes the same as numbers.
    let newer = tpp.get(&format!("{}/accounts", BASE.replace("v1.4.2", "v1.5")), &token).await;
    assert_eq!(newer.body["accounts"][0]["balances"][0]["balanceAmount"]["amount"], json!(4348.95));
}

#[tokio::test]
async fn a_consent_is_about_the_psus_own_accounts() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.granted(CE, "aisp", MARC).await;
    let consent = |account: Value| {
        let list = json!([account]);
        json!({ "owners": [], "balances": list, "transactions": [], "trustedBeneficiaries": false, "psuIdentity": false })
    };
    for (account, status, code) in [
        (json!({ "iban": "FR7613807008043001965406128" }), 403, "NGAC"),
        (json!({ "iban": "FR00" }), 400, "AC01"),
        (json!({}), 400, "FF01"),
    ] {
        let refused = tpp.put(&format!("{BASE}/consents"), &consent(account.clone()), &token).await;
        assert_eq!(refused.refusal(), (status, code.into()), "{account}");
    }
    let mut incomplete = consent(json!({ "iban": MARC_5255 }));
    incomplete.as_object_mut().unwrap().remove("psuIdentity");
    assert_eq!(tpp.put(&format!("{BASE}/consents"), &incomplete, &token).await.status, 400);
    let id = tpp.get(&format!("{BASE}/accounts"), &token).await.text("/accounts/1/resourceId");
    let by_id = consent(json!({ "other": { "identification": id, "schemeName": "BANK" } }));
    assert_eq!(tpp.put(&format!("{BASE}/consents"), &by_id, &token).await.status, 201);
    assert_eq!(tpp.get(&format!("{BASE}/accounts/{id}/balances"), &token).await.status, 200);
}

/// All references of the pages from this one on.
async fn references(tpp: &Tpp<'_>, path: &str, token: &str) -> Vec<String> {
    let (mut next, mut all) = (Some(path.to_owned()), Vec::new());
    while let Some(path) = next {
        let page = tpp.get(&path, token).await;
        assert_eq!(page.status, 200, "{page:?}");
        let rows = page.body["transactions"].as_array().unwrap();
        assert!(rows.len() <= 10);
        all.extend(rows.iter().map(|r| r["entryReference"].as_str().unwrap().to_owned()));
        let link = page.text("/_links/next/href");
        next = link.strip_prefix(&tpp.bank.api).map(str::to_owned);
    }
    all
}

#[tokio::test]
async fn transactions_come_in_pages_and_by_date_and_by_reference() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.granted(CE, "aisp", MARC).await;
    consented(&tpp, &token).await;
    let id = tpp.get(&format!("{BASE}/accounts"), &token).await.text("/accounts/0/resourceId");
    let path = format!("{BASE}/accounts/{id}/transactions");
    let all = references(&tpp, &path, &token).await;
    assert_eq!(all.len(), 30);
    assert!(all.windows(2).all(|pair| pair[0] > pair[1]));
    // The first day counts, the last does not.
    let day = |reference: &str| format!("{}-{}-{}", &reference[..4], &reference[4..6], &reference[6..8]);
    let some = references(&tpp, &format!("{path}?dateFrom={}&dateTo={}", day(&all[9]), day(&all[4])), &token).await;
    assert_eq!(some, all[5..10]);
    let moment = format!("{}T00:00:00.000Z", day(&all[9]));
    assert_eq!(references(&tpp, &format!("{path}?dateFrom={moment}"), &token).await, all[..10]);
    assert_eq!(
        references(&tpp, &format!("{path}?afterEntryReference={}", all[3]), &token).await,
        all[..3]
    );
    let between = format!("{path}?entryReferenceFrom={}&entryReferenceto={}", all[12], all[2]);
    assert_eq!(references(&tpp, &between, &token).await, all[2..12]);
    let second = tpp.get(&format!("{path}?page=2"), &token).await;
    assert!(second.text("/_links/prev/href").ends_with("page=1") && second.text("/_links/last/href").ends_with("page=3"));
    for (query, code) in [
        ("page=0", "IPGN"),
        ("page=4", "IPGN"),
        ("page=x", "IPGN"),
        ("dateFrom=soon", "FF01"),
        ("page=1&page=1", "FF01"),
    ] {
        assert_eq!(
            tpp.get(&format!("{path}?{query}"), &token).await.refusal(),
            (400, code.into()),
            "{query}"
        );
    }
    // A payment shows as the newest; the past stays as it was.
    let pisp = tpp.own_token(CE).await;
    let (_, page) = tpp.order(CE, "v1.4.2", &payment(&banks, "10.51"), &pisp).await;
    banks.decide(&page, MARC, "da").await;
    banks.settle();
    let first = tpp.get(&path, &token).await.body["transactions"][0].clone();
    assert_eq!(first["transactionAmount"]["amount"], "10.51");
    assert_eq!(
        (&first["creditDebitIndicator"], &first["endToEndId"]),
        (&json!("DBIT"), &json!("E2E-1"))
    );
    let now = references(&tpp, &path, &token).await;
    assert_eq!(now[1..], all);
}

#[tokio::test]
async fn a_longer_past_needs_its_scope() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let token = tpp.granted(CE, "aisp extended_transaction_history", MARC).await;
    consented(&tpp, &token).await;
    let id = tpp.get(&format!("{BASE}/accounts"), &token).await.text("/accounts/0/resourceId");
    let all = references(&tpp, &format!("{BASE}/accounts/{id}/transactions"), &token).await;
    assert!(all.len() > 120, "{}", all.len());
}

#[tokio::test]
async fn a_refresh_token_keeps_the_consent_for_180_days() {
    let banks = TestBanks::start();
    let tpp = banks.tpp();
    let code = banks.grant(CE, "aisp", MARC).await;
    let (_, tokens) = tpp.exchange(CE, &code).await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    consented(&tpp, tokens["access_token"].as_str().unwrap()).await;
    let form = [("client_id", TPP), ("grant_type", "refresh_token"), ("refresh_token", refresh)];
    banks.clock.advance(Duration::from_secs(179 * 24 * 3600));
    let (status, tokens) = tpp.token(CE, &form).await;
    assert_eq!((status, &tokens["refresh_token"]), (200, &json!(refresh)));
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    assert_eq!(tpp.get(&format!("{BASE}/end-user-identity"), &token).await.status, 200);
    let (status, _) = tpp.token(OUEST, &form).await;
    assert_eq!(status, 400);
    banks.clock.advance(Duration::from_secs(24 * 3600));
    let (status, refused) = tpp.token(CE, &form).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
}

#[tokio::test]
async fn nobody_is_sent_where_nobody_registered() {
    let banks = TestBanks::start();
    let ask = |change: (&str, &str)| {
        let fields = [
            ("response_type", "code"),
            ("client_id", TPP),
            ("redirect_uri", RETURN),
            ("scope", "aisp"),
            ("state", "s"),
        ];
        let fields = fields.map(|(n, v)| (n, if n == change.0 { change.1 } else { v }));
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        banks.http.get(format!("{}/stet/17515/authorize?{query}", banks.plain)).send()
    };
    for change in [("client_id", "PSDXX-NO-1"), ("redirect_uri", "https://tpp.example/other")] {
        assert_eq!(ask(change).await.unwrap().status(), 400, "{change:?}");
    }
    let long = "x".repeat(35);
    for (change, error) in [
        (("state", long.as_str()), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "pisp"), "invalid_scope"),
    ] {
        let answer = ask(change).await.unwrap();
        let back = Url::parse(answer.headers()["Location"].to_str().unwrap()).unwrap();
        assert!(back.as_str().starts_with(RETURN));
        assert_eq!(parameter(&back, "error").as_deref(), Some(error));
    }
    assert_eq!(ask(("state", &long[..34])).await.unwrap().status(), 303);
    let page = format!(
        "{}/stet/17515/authorize?response_type=code&client_id={TPP}&redirect_uri=https%3A%2F%2Ftpp.example%2Fback%3Fkeep%3D1&scope=aisp&state=s",
        banks.plain
    );
    for refuse in ["no", "tries"] {
        let mut psu = Psu::arrive(&banks, &page).await;
        let shown = match refuse {
            "no" => psu.post("/decizie", &[("decizie", "nu")]).await,
            _ => {
                for _ in 0..2 {
                    psu.post("/conectare", &[("user", MARC), ("code", "1")]).await;
                }
                psu.post("/conectare", &[("user", MARC), ("code", "1")]).await
            }
        };
        let back = Url::parse(&attribute(&shown, "a.button", "href").unwrap()).unwrap();
        assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"), "{refuse}");
    }
    assert!(banks.events().is_empty());
}
