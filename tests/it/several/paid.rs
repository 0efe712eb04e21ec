//! The list is paid, in whole or in part.

use super::{TITLE, edit, turn};
use crate::support::browser::Page;
use crate::support::partner::{Started, a_list, list_of, with};
use crate::support::psu::{ANA, ANA_LINK, Psu};
use crate::support::{RETURN_URL, TestApp};
use serde_json::{Value, json};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// No instruction to this account is ever paid at the sandbox banks.
const CLOSED_ACCOUNT: &str = "RO27CECEB00030RON0009009";

/// The order of three of which the bank refuses the second: the account is closed.
fn one_fails() -> Value {
    let closed = json!({ "creditorIban": CLOSED_ACCOUNT, "endToEndId": "F-2", "creditorName": "Cont Închis SRL" });
    with(
        list_of(&[json!({ "endToEndId": "F-1" }), closed, json!({ "endToEndId": "F-3" })]),
        json!({ "redirectURL": RETURN_URL }),
    )
}

/// Pays a list at CEC, up to the bank's own working on it.
async fn pays(psu: &Psu, started: &Started) -> Page {
    let page = psu.get(&started.link).await;
    let to_bank = psu.follow(&psu.submit(&psu.fill(&page, ANA)).await).await;
    to_bank.says("Continuă la CEC Bank");
    psu.come_back(&psu.approve(&to_bank, ANA).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_fails_at_the_bank() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let mut started = erp.start_with(&one_fails()).await;
    let page = pays(&psu, &started).await;
    page.says("Verificăm plata la banca ta")
        .says("3 plăți")
        .says("Furnizor 1 SRL")
        .says("34,50 RON");
    let order = app.bank.orders().pop().unwrap();
    let sent: Vec<(Option<String>, i64)> = order
        .received
        .several
        .iter()
        .map(|i| (i.end_to_end.clone(), i.money.minor))
        .collect();
    assert_eq!(
        sent,
        [(Some("F-1".into()), 1050), (Some("F-2".into()), 1150), (Some("F-3".into()), 1250)]
    );
    app.let_pass(12, 2 * SECOND).await;

    let sight = erp.sees(&mut started).await;
    assert_eq!((sight.word.as_str(), sight.payment.as_str()), ("PART", "partly_settled"));
    assert!(sight.is_final && !sight.is_successful);
    let status = erp.status(&started.tokens).await.good().json;
    let words: Vec<&str> = status["payments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["transactionStatus"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["ACSC", "RJCT", "ACSC"]);
    assert_eq!(app.bank.balance_minor(ANA.iban), Some(1_250_000 - 2_300));

    let result = psu.get(&started.link).await;
    result
        .says("Plata a fost făcută doar în parte")
        .says("Plăți nefăcute1 (11,50 RON)")
        .says("Plăți făcute2 (23,00 RON)");
    let text = result.text();
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {text}"));
    assert!(
        place("2. Cont Închis SRL") < place("1. Furnizor 1 SRL"),
        "what was not made comes first"
    );
    assert_eq!(
        (text.matches("Starea: nefăcută").count(), text.matches("Starea: făcută").count()),
        (1, 2)
    );
    assert!(result.link("a.primary").query().unwrap().contains("status=PART&message=FAILED"));
    assert!(!result.has(".lines button, .lines a"), "what has ended cannot be changed");

    let [mail] = app.mails.all().try_into().unwrap();
    assert_eq!(
        mail.message_id,
        format!("{}.partly_settled@smartpay.example", started.tokens.payment)
    );
    assert_eq!(mail.subject, "Plată făcută doar în parte: 34,50 RON către 3 beneficiari");
    for text in [&mail.text, &mail.html] {
        assert!(text.contains("2 plăți făcute (23,00 RON), 1 plată nefăcută (11,50 RON)"), "{text}");
        assert!(text.contains("Cont Închis SRL") && !text.contains(CLOSED_ACCOUNT));
    }
    app.let_pass(5, 600 * SECOND).await;
    assert_eq!(app.mails.all().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_are_paid() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let list = with(list_of(&vec![json!({ "amount": "0.01" }); 5000]), json!({ "psuEmail": ANA.email }));
    let mut started = erp.start_with(&list).await;
    let page = psu.get(&started.link).await;
    page.says("5000 de plăți").says("50,00 RON").says("Pagina 1 din 250");
    let last = turn(&psu, &page, "last").await;
    last.says("5000. Furnizor 5000 SRL").says("Pagina 250 din 250");
    pays(&psu, &started).await;
    app.let_pass(15, 2 * SECOND).await;
    assert!(erp.sees(&mut started).await.is_successful);
    assert_eq!(app.bank.balance_minor(ANA.iban), Some(1_250_000 - 5_000));
    psu.get(&started.link)
        .await
        .says("Plata a fost făcută")
        .says("și încă 4995 de plăți");
    let [mail] = app.mails.all().try_into().unwrap();
    assert!(mail.subject.contains("50,00 RON către 5000 de beneficiari"), "{}", mail.subject);
    assert!(mail.text.contains("… și încă 4950 de plăți."), "{}", mail.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_the_list_can_be_changed_and_tried_again() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let mut started = erp.start_with(&a_list(3)).await;
    let page = psu.get(&started.link).await;
    let line = edit(&psu, &page, 1).await.url;
    let to_bank = psu.follow(&psu.submit(&psu.fill(&page, ANA)).await).await;
    // While it is at the bank nothing can be changed.
    assert_eq!(psu.get(&line).await.status, 303);
    psu.come_back(&psu.refuse(&to_bank, ANA).await).await.says("Încearcă din nou");
    assert_eq!(erp.sees(&mut started).await.word, "INIT");
    let changed = psu.get(&line).await.form("/edit").with("amount", "20,00");
    let list = psu.follow(&psu.submit(&changed).await).await;
    list.says(TITLE).says("44,00 RON");
    let to_bank = psu.follow(&psu.submit(&psu.fill(&list, ANA)).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(12, 2 * SECOND).await;
    assert!(erp.sees(&mut started).await.is_successful);
    assert_eq!(app.bank.balance_minor(ANA.iban), Some(1_250_000 - 4_400));
}

/// Other banks take several payments as well, with codes and by a plain link.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_at_the_plain_redirect_bank() {
    let app = TestApp::start().await;
    let (erp, psu) = (app.erp(), app.psu());
    let mut started = erp.start_with(&one_fails()).await;
    let page = psu.get(&started.link).await;
    for (bank, name) in [("brd", "BRD – Groupe Société Générale"), ("demo-mobil", "Banca Mobil (demo)")] {
        assert!(page.has(&format!("input[value={bank}][disabled]")));
        page.says(&format!("{name} nu acceptă mai multe plăți într-o singură autorizare"));
        let refused = psu
            .submit(&psu.fill(&page, ANA).with("bank", bank).with("user_code", "30001001"))
            .await;
        assert_eq!(refused.status, 422);
    }
    let to_bank = psu.follow(&psu.submit(&psu.fill_at(&page, ANA_LINK)).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(12, 2 * SECOND).await;
    assert_eq!(erp.sees(&mut started).await.word, "PART");
}
