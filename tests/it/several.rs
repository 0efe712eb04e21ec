//! Several payments in one authorisation, from the ERP's call to the bank's answer of each.

use crate::support::browser::Page;
use crate::support::partner::{Started, a_list, list_of, with};
use crate::support::psu::{ANA, ANA_LINK, Psu};
use crate::support::{RETURN_URL, TestApp};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use url::Url;

#[tokio::test(flavor = "multi_thread")]
async fn the_partner_reads_each_payment_of_its_list() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let list = list_of(&[json!({ "endToEndId": "F-2026/1" }), json!({}), json!({ "endToEndId": 77 })]);
    let started = erp.start_with(&list).await;
    let id = started.tokens.payment;
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!((&status["amount"], &status["currency"]), (&json!("34.50"), &json!("RON")));
    assert_eq!(status["creditorIban"], Value::Null, "there are several");
    let line = |end_to_end_id: &str, amount: &str| json!({ "endToEndId": end_to_end_id, "amount": amount, "currency": "RON", "creditorIban": "RO66BACX0000001234567890", "transactionStatus": "INIT" });
    let ours = format!("SP{id}-2");
    assert_eq!(
        status["payments"],
        json!([line("F-2026/1", "10.50"), line(&ours, "11.50"), line("77", "12.50")])
    );
    // A list of one keeps its form; an order without a list has none.
    let one = erp.start_with(&a_list(1)).await;
    let status = erp.status(&one.tokens).await.good().json;
    assert_eq!(status["payments"].as_array().map(Vec::len), Some(1));
    assert_eq!(status["creditorIban"], "RO66BACX0000001234567890");
    let plain = erp.start(json!({})).await;
    let status = erp.status(&plain.tokens).await.good().json;
    for absent in ["payments", "startDate", "Frequency", "dayOfExecution"] {
        assert_eq!(status.get(absent), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_are_stored_at_once() {
    let app = TestApp::start().await;
    let erp = app.erp();
    let long = json!({ "creditorName": "ă".repeat(70), "details": "ș".repeat(140) });
    let list = list_of(&vec![long; 5000]);
    let body = serde_json::to_vec(&list).unwrap().len();
    assert!(body > 2_000_000, "longer than any other call: {body}");
    let began = Instant::now();
    let started = erp.start_with(&list).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!(status["payments"].as_array().map(Vec::len), Some(5000));
    assert_eq!(status["amount"], total(5000));
}

/// The sum of [`a_list`].
fn total(n: i64) -> String {
    let minor: i64 = (0..n).map(|i| (i + 10) * 100 + 50).sum();
    format!("{}.{:02}", minor / 100, minor % 100)
}

const TITLE: &str = "Verifică plățile și alege banca";

async fn a_list_of(app: &TestApp, n: usize) -> (Started, Psu, Page) {
    let started = app.erp().start_with(&with(a_list(n), json!({ "psuEmail": ANA.email }))).await;
    let psu = app.psu();
    let page = psu.get(&started.link).await;
    page.says(TITLE);
    (started, psu, page)
}

/// The edit page of the payment with this number on this page.
async fn edit(psu: &Psu, page: &Page, number: usize) -> Page {
    psu.get(&edit_url(page, number)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_lists_all_with_the_total_twenty_at_a_time() {
    let app = TestApp::start().await;
    let (_, psu, page) = a_list_of(&app, 45).await;
    page.says("45 de plăți")
        .says(&romanian(45))
        .says("1. Furnizor 1 SRL")
        .says("20. Furnizor 20 SRL");
    page.says("Pagina 1 din 3").says("RO66 BACX 0000 0012 3456 7890");
    assert!(!page.text().contains("21. Furnizor"), "one page at a time");
    let second = psu.get(&page.link("a[rel=next]")).await;
    second
        .says("21. Furnizor 21 SRL")
        .says("40. Furnizor 40 SRL")
        .says("45 de plăți")
        .says(&romanian(45));
    let third = psu.get(&second.link("a[rel=next]")).await;
    third.says("45. Furnizor 45 SRL").says("Pagina 3 din 3");
    assert!(!third.has("a[rel=next]") && third.has("a[rel=prev]"));
    // A page that is not there is the nearest that is.
    for (wanted, got) in [
        ("0", "Pagina 1 din 3"),
        ("99999999999", "Pagina 3 din 3"),
        ("77", "Pagina 3 din 3"),
        ("x", "Pagina 1 din 3"),
    ] {
        let mut odd = second.url.clone();
        let pairs: Vec<(String, String)> = odd.query_pairs().into_owned().filter(|(n, _)| n != "page").collect();
        odd.query_pairs_mut().clear().extend_pairs(pairs).append_pair("page", wanted);
        psu.get(&odd).await.says(got);
    }
    // The order of a shop has no list, and its list's address leads to its page.
    let started = app.shop().start(json!({})).await;
    let plain = psu.open(&started.link).await;
    assert!(!plain.has(".lines"));
    let mut list = started.link.clone();
    list.set_path("/payment-initiation/list");
    let answer = psu.get(&list).await;
    assert_eq!(answer.status, 303);
    psu.follow(&answer).await.says("Verifică plata și alege banca");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_the_list_is_changed_and_another_removed() {
    let app = TestApp::start().await;
    let (mut started, psu, page) = a_list_of(&app, 3).await;
    let form = edit(&psu, &page, 2).await;
    form.says("Modifică plata 2");
    let wrong = form.form("/edit").with("amount", "1.234").with("creditor_iban", "RO00");
    let again = psu.submit(&wrong).await;
    assert_eq!(again.status, 422);
    assert!(
        again.text().contains("Suma se poate citi în două feluri") && again.text().contains("IBAN-ul nu este corect"),
        "{}",
        again.text()
    );
    assert_eq!(again.form("/edit").value("amount"), "1.234", "what was typed stays");
    let right = again
        .form("/edit")
        .with("amount", "1.000,05")
        .with("creditor_iban", "RO49 AAAA 1B31 0075 9384 0000")
        .with("details", "Factura doi");
    let list = psu.follow(&psu.submit(&right).await).await;
    list.says("1.000,05 RON")
        .says("RO49 AAAA 1B31 0075 9384 0000")
        .says("Factura doi")
        .says("1.023,05 RON");
    let form = edit(&psu, &list, 1).await.form("/edit").with("then", "remove");
    let list = psu.follow(&psu.submit(&form).await).await;
    list.says("2 plăți").says("1.012,55 RON");
    assert!(!list.text().contains("Furnizor 1 SRL"));

    let erp = app.erp();
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!(
        (&status["amount"], status["payments"].as_array().map(Vec::len)),
        (&json!("1012.55"), Some(2))
    );
    assert_eq!(status["payments"][0]["creditorIban"], "RO49AAAA1B31007593840000");
    let history = app.history(started.tokens.payment).await;
    let told: Vec<(&str, &str, Option<&str>)> = history
        .iter()
        .map(|e| (e.event.as_str(), e.actor.as_str(), e.detail.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("order_received", "partner", None),
            ("instruction_edited", "psu", Some("no. 2: creditorIban, amount, details")),
            ("instruction_removed", "psu", Some("no. 1")),
        ],
        "what was changed, and nobody's data"
    );
    // The last one is an order of one, edited and sent like any other, and named in the list for its partner.
    let form = edit(&psu, &list, 2).await.form("/edit").with("then", "remove");
    let one = psu.follow(&psu.submit(&form).await).await;
    let one = psu.follow(&one).await;
    one.says("Verifică plata și alege banca");
    assert_eq!(one.form("/payment-initiation").value("amount"), "1.000,05");
    let to_bank = psu.follow(&psu.submit(&psu.fill(&one, ANA)).await).await;
    psu.come_back(&psu.approve(&to_bank, ANA).await).await;
    app.let_pass(10, Duration::from_secs(2)).await;
    assert!(erp.sees(&mut started).await.is_successful);
    let status = erp.status(&started.tokens).await.good().json;
    assert_eq!(
        (&status["payments"][0]["transactionStatus"], &status["payments"][0]["amount"]),
        (&json!("ACSC"), &json!("1000.05"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_seen_is_confirmed() {
    let app = TestApp::start().await;
    let (started, psu, page) = a_list_of(&app, 3).await;
    let form = psu.fill(&page, ANA);
    // In another tab the amount changes before „Plătește”.
    let other_tab = edit(&psu, &page, 3).await;
    let stale_edit = edit(&psu, &page, 3).await.form("/edit").with("details", "altceva");
    psu.submit(&other_tab.form("/edit").with("amount", "99,99")).await;
    let shown_again = psu.submit(&form).await;
    assert_eq!(shown_again.status, 409);
    let text = shown_again.text();
    assert!(
        text.contains("Lista s-a schimbat între timp") && text.contains("99,99 RON"),
        "{text}"
    );
    assert_eq!(
        shown_again.form("/payment-initiation").value("email"),
        ANA.email,
        "what was filled in stays"
    );
    let id = started.tokens.payment;
    assert!(app.bank.orders().is_empty() && app.payment(id).await.attempts == 0);
    // The same holds for one payment of the list, and for a form without any hash.
    let conflict = psu.submit(&stale_edit).await;
    assert_eq!(conflict.status, 409);
    assert!(conflict.text().contains("Plata s-a schimbat între timp"), "{}", conflict.text());
    assert_eq!(conflict.form("/edit").value("amount"), "99,99");
    for shown in ["", "rubbish"] {
        let forged = psu.submit(&psu.fill(&shown_again, ANA).with("shown", shown)).await;
        assert_eq!(forged.status, 409, "{shown:?}");
    }
    assert!(app.bank.orders().is_empty() && app.payment(id).await.attempts == 0);
    // A list that has shrunk to one payment under an open form is that payment's form.
    for _ in 0..2 {
        let now = psu.get(&started.link).await;
        psu.submit(&edit(&psu, &now, 1).await.form("/edit").with("then", "remove")).await;
    }
    let one = psu.submit(&psu.fill(&shown_again, ANA)).await;
    assert_eq!(one.status, 409);
    assert_eq!(one.form("/payment-initiation").value("amount"), "99.99");
    assert_eq!(app.payment(id).await.attempts, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_changes_the_list() {
    let app = TestApp::start().await;
    let (started, psu, page) = a_list_of(&app, 3).await;
    let line = edit(&psu, &page, 1).await;
    let id = started.tokens.payment;
    let unchanged = async || assert_eq!(app.payment(id).await.instructions.len(), 3);
    // Another browser, with and without a cookie of its own.
    let stranger = app.psu();
    assert!([403, 404].contains(&stranger.get(&line.url).await.status));
    for remove in [line.form("/edit").with("then", "remove"), line.form("/edit").with("amount", "1")] {
        assert!([403, 404].contains(&stranger.submit(&remove).await.status));
        // Its own browser, with a token that is not the page's.
        let forged = psu.submit(&remove.clone().with("csrf", "x")).await;
        assert_eq!(forged.status, 403);
        assert!(forged.text().contains("nu s-a salvat nimic"), "{}", forged.text());
    }
    // A payment that is not in the list.
    for name in ["", "x", "SP1-1", "'; DROP TABLE payments; --"] {
        let answer = psu.submit(&line.form("/edit").with("line", name).with("then", "remove")).await;
        assert_eq!(answer.status, 303, "{name}");
    }
    unchanged().await;
    // Nothing can be changed once the time is over.
    app.advance(Duration::from_secs(1801));
    assert_eq!(psu.get(&line.url).await.status, 303);
    assert_eq!(psu.submit(&line.form("/edit").with("then", "remove")).await.status, 303);
    unchanged().await;
    assert_eq!(
        app.history(id).await.iter().filter(|e| e.event.starts_with("instruction")).count(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn banks_that_cannot_take_it_say_why_and_are_refused() {
    let app = TestApp::start().await;
    let (started, _, page) = a_list_of(&app, 2).await;
    let cec = app.cx.banks.get("cec").unwrap();
    assert!(cec.facts.takes_bulk && !cec.facts.takes_standing_orders);
    assert!(page.has("input[name=bank][value=cec]:not([disabled])"));
    let schedule = json!({ "startDate": "2126-12-01", "Frequency": "Monthly", "dayOfExecution": 15 });
    for partner in [app.shop(), app.erp()] {
        let standing = partner.start(schedule.clone()).await;
        let psu = app.psu();
        let page = psu.open(&standing.link).await;
        page.says("Plată programată")
            .says("în fiecare lună, în ziua 15, începând cu 01.12.2126");
        page.says("CEC Bank nu acceptă plăți programate");
        assert!(page.has("input[name=bank][value=cec][disabled]"));
        let answer = psu.submit(&psu.fill(&page, ANA)).await;
        assert_eq!(answer.status, 422);
        assert!(
            answer
                .text()
                .contains("Banca aleasă nu acceptă plăți programate. Alege altă bancă."),
            "{}",
            answer.text()
        );
        let payment = app.payment(standing.tokens.payment).await;
        assert_eq!((payment.attempts, payment.schedule.unwrap().day_of_execution), (0, Some(15)));
    }
    assert!(app.bank.orders().is_empty());
    assert_eq!(app.payment(started.tokens.payment).await.attempts, 0);
}

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
    assert!(!result.has("a[href*='/edit']"), "what has ended cannot be changed");

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
    let last = psu.get(&page.link(".pager li:last-child a")).await;
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
    let to_bank = psu.follow(&psu.submit(&psu.fill(&page, ANA)).await).await;
    // While it is at the bank nothing can be changed.
    let line = edit_url(&page, 1);
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

/// Where the payment with this number is edited.
fn edit_url(page: &Page, number: usize) -> Url {
    page.link(&format!("#line-{number} a"))
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

/// The sum of [`a_list`] for Romanian readers, up to a thousand payments of less than a million each.
fn romanian(n: i64) -> String {
    let minor: i64 = (0..n).map(|i| (i + 10) * 100 + 50).sum();
    let whole = minor / 100;
    let grouped = if whole > 999 {
        format!("{}.{:03}", whole / 1000, whole % 1000)
    } else {
        whole.to_string()
    };
    format!("{grouped},{:02} RON", minor % 100)
}
