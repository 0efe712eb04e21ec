//! Consents in the back office, and in what payers ask for about their own data.

use crate::account_access::STEFAN;
use crate::support::TestApp;
use crate::support::admin::Admin;
use crate::support::consents::{ConsentTokens, terms};
use crate::support::partner::with;
use serde_json::json;
use smartpay::consent::ConsentId;
use smartpay::flow::payer_data;
use smartpay::sandbox::{EndedBy, LedgerEvent};
use smartpay::store::admins::Role;
use smartpay::store::consents;
use smartpay::store::payer_requests::RequestKind;
use std::time::Duration;

const PSU_ID: &str = "client-canar-4471";
const EMAIL: &str = "stefan.canar@payer.example";
const REASON: &str = "Partenerul a raportat un acces nedorit.";

async fn given(app: &TestApp) -> ConsentTokens {
    let terms = with(terms(), json!({ "psuIntermediarId": PSU_ID }));
    app.erp().given_consent(app, STEFAN, &terms).await
}

fn ended_at_bank(app: &TestApp) -> usize {
    let ended = |e: &&smartpay::sandbox::LedgerEntry| matches!(e.event, LedgerEvent::ConsentEnded { by: EndedBy::Tpp, .. });
    app.bank.ledger().iter().filter(ended).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_consents_without_tokens_and_ends_one_here_and_at_the_bank() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = given(&app).await;
    erp.get_consent("accounts", &tokens, "").await.good();
    let (_waits, _) = erp.start_consent(&terms()).await;
    let operations = Admin::of_role(&app, Role::Operations).await;
    let list = operations.get(&operations.at("back-office/consents")).await;
    assert_eq!(list.parts("tbody tr").len(), 2);
    list.says("Partener erp")
        .says("valabil")
        .says(&app.today().format("%d.%m.%Y").to_string());
    let valid = operations.get(&operations.at("back-office/consents?state=valid&bank=cec")).await;
    assert_eq!(valid.parts("tbody tr").len(), 1);
    let path = format!("back-office/consents/{}", tokens.consent);
    let page = operations.get(&operations.at(&path)).await;
    page.says("conturi, solduri, tranzacții")
        .says(PSU_ID)
        .says("dat")
        .says("banca întrebată");
    for secret in [&tokens.access, &tokens.refresh] {
        assert!(!page.body.contains(secret.as_str()));
    }
    assert!(!page.body.contains(STEFAN.iban));
    for role in [Role::Support, Role::ReadOnly] {
        let other = Admin::of_role(&app, role).await;
        let seen = other.get(&other.at(&path)).await;
        assert!(!seen.text().contains(PSU_ID) && !seen.has("form[action$='/end']"), "{role:?}");
        assert_eq!(other.submit(&page.form("/end")).await.status, 403);
    }
    let operations = Admin::of_role(&app, Role::Operations).await;
    let form = operations.get(&operations.at(&path)).await.form("/end");
    assert_eq!(
        operations
            .submit(&form.clone().with("csrf", "forged").with("reason", REASON))
            .await
            .status,
        403
    );
    let short = operations.submit(&form.clone().with("reason", "gata")).await;
    assert!(short.status == 422 && short.part("#reason") == "gata");
    assert_eq!(ended_at_bank(&app), 0);
    let ended = operations
        .follow(&operations.submit(&form.clone().with("reason", REASON)).await)
        .await;
    ended
        .says("Consimțământul a fost încheiat")
        .says("încheiat de un operator")
        .says(REASON);
    assert_eq!(ended_at_bank(&app), 1);
    assert_eq!(erp.consent_status(&tokens).await, "ended");
    assert_eq!(erp.get_consent("accounts", &tokens, "").await.status, 409);
    assert_eq!(operations.submit(&form.with("reason", REASON)).await.status, 422, "once only");
    for wrong in ["nimic", "0", "99999999999999999999", "%00", "1"] {
        let page = operations.get(&operations.at(&format!("back-office/consents/{wrong}"))).await;
        assert_eq!(page.status, 404, "{wrong}");
    }
    assert_eq!(
        operations
            .get(&operations.at("back-office/consents?partner=%00&before=x&bank=nu&state=nu"))
            .await
            .status,
        200
    );
}

async fn of_payer(app: &TestApp, kind: RequestKind) -> String {
    let id = payer_data::request(&app.cx, "ofiter", kind, EMAIL).await.unwrap();
    app.tick().await;
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payer_gets_and_takes_back_the_consents_given_to_partners() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let tokens = given(&app).await;
    let others = with(terms(), json!({ "psuIntermediarId": "altcineva" }));
    let other = erp.given_consent(&app, STEFAN, &others).await;
    // By the payer's id at the partner, which a payment of the same partner ties to the address.
    erp.start(json!({ "psuEmail": EMAIL, "psuIntermediarId": PSU_ID })).await;
    app.shop()
        .start(json!({ "psuEmail": EMAIL, "psuIntermediarId": "altcineva" }))
        .await;
    app.let_pass(4, Duration::from_secs(20 * 60)).await;
    let id = of_payer(&app, RequestKind::Export).await;
    let data = payer_data::export(&app.cx, "ofiter", &id).await.unwrap();
    let given = data["consents_at_partners"].as_array().unwrap();
    assert_eq!(given.len(), 1, "{data}");
    assert_eq!(
        (given[0]["reference"].as_str(), given[0]["given_to"].as_str()),
        (Some(&*tokens.consent.to_string()), Some("Partener erp"))
    );
    assert_eq!(
        (given[0]["status"].as_str(), given[0]["id_at_partner"].as_str()),
        (Some("valid"), Some(PSU_ID))
    );

    let id = of_payer(&app, RequestKind::Erasure).await;
    let progress = payer_data::progress(&app.cx, &id).await.unwrap();
    assert!(progress.request.ended_at.is_some());
    assert_eq!(
        progress.consents,
        [(ConsentId::from_number(tokens.consent).unwrap(), Some("erased".to_owned()))]
    );
    assert_eq!(ended_at_bank(&app), 1, "it is over at the bank too");
    let read = async |tokens: &ConsentTokens| {
        let id = ConsentId::from_number(tokens.consent).unwrap();
        app.cx.db.read(move |a| consents::get(a, id)).await.unwrap().unwrap()
    };
    let gone = read(&tokens).await;
    assert_eq!(
        (gone.status.as_str(), gone.psu_id_at_partner.as_deref(), gone.link_state),
        ("ended", None, None)
    );
    assert_eq!(read(&other).await.psu_id_at_partner.as_deref(), Some("altcineva"));
    let officer = Admin::of_role(&app, Role::Compliance).await;
    let page = officer.get(&officer.at(&format!("back-office/personal-data/requests/{id}"))).await;
    page.says("încheiat; s-a șters al cui a fost");
}
