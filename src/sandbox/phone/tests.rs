use crate::sandbox::berlin::tests::support::{Banks, attribute, payment};
use crate::sandbox::{BankCode, customers};
use url::form_urlencoded;

async fn page(banks: &Banks, path: &str) -> (u16, String) {
    let answer = banks.http.get(format!("{}{path}", banks.base)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Posts an answer and shows the page that follows.
async fn post(banks: &Banks, path: &str, form: &[(&str, &str)]) -> String {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let answer = banks.http.post(format!("{}{path}", banks.base)).body(body).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let next = answer.headers()["Location"].to_str().unwrap().to_owned();
    page(banks, &next).await.1
}

#[tokio::test]
async fn a_request_is_shown_and_paid_from_the_account_that_was_chosen() {
    let banks = Banks::start();
    let (_, path) = banks.order(BankCode::Mobil, Some("0700000102"), &payment("12.50")).await;
    assert!(page(&banks, "/phone").await.1.contains("1 cerere"));
    let (_, phone) = page(&banks, "/phone/mihai").await;
    assert!(phone.contains("Banca Mobil") && phone.contains("12,50 RON") && phone.contains("Magazin SRL"));
    assert!(!page(&banks, "/phone/ana").await.1.contains("12,50 RON"));
    let action = attribute(&phone, "form", "action").unwrap();
    let savings = customers::by_user("mihai").unwrap().accounts(BankCode::Mobil)[1].iban;
    let after = post(&banks, &action, &[("decizie", "da"), ("iban", savings)]).await;
    assert!(after.contains("Ați aprobat plata") && !after.contains("12,50 RON"));
    banks.settle();
    assert_eq!(banks.word(&path).await, "ACSC");
    assert_eq!(banks.sandbox.balance_minor(savings), Some(4_800_000 - 1_250));
    assert!(post(&banks, &action, &[("decizie", "nu")]).await.contains("nu mai așteaptă"));
}

#[tokio::test]
async fn nobody_answers_on_another_ones_phone_or_from_another_ones_account() {
    let banks = Banks::start();
    let (_, path) = banks.order(BankCode::Mobil, Some("0700000102"), &payment("12.50")).await;
    let id = path.rsplit('/').next().unwrap();
    let other = post(&banks, &format!("/phone/ana/{id}"), &[("decizie", "da")]).await;
    assert!(other.contains("nu mai așteaptă"));
    let foreign = customers::by_user("ana").unwrap().accounts(BankCode::Mobil)[0].iban;
    post(&banks, &format!("/phone/mihai/{id}"), &[("decizie", "da"), ("iban", foreign)]).await;
    assert!(banks.sandbox.orders()[0].is_waiting());
    assert!(
        post(&banks, &format!("/phone/mihai/{id}"), &[("decizie", "nu")])
            .await
            .contains("Ați refuzat")
    );
    assert_eq!(banks.word(&path).await, "RJCT");
    assert_eq!(page(&banks, "/phone/nimeni").await.0, 404);
}

#[tokio::test]
async fn codes_arrive_as_messages_the_newest_first() {
    let banks = Banks::start();
    let (_, path) = banks.order(BankCode::Cod, None, &payment("12.50")).await;
    let id = banks.authorise(&path, Some("100102")).await.text("/authorisationId");
    for method in ["sms", "mail"] {
        banks.clock.advance(std::time::Duration::from_secs(1));
        let body = serde_json::json!({ "authenticationMethodId": method });
        banks.put(&format!("{path}/authorisations/{id}"), body).await;
    }
    let codes = banks.sandbox.codes_for("mihai");
    let phone = page(&banks, "/phone/mihai").await.1;
    let at = |code: &str| phone.find(&format!(">{code}<")).unwrap();
    assert!(at(&codes[1]) < at(&codes[0]));
    assert!(phone.contains("Banca Cod") && phone.contains("Cod prin e-mail"));
}
