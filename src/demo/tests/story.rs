//! What visitors do, from the cart to the receipt.

use super::gateway::FakeGateway;
use super::{Shown, Visit};
use crate::mail::{Mailer, OutgoingMail};
use serde_json::json;
use std::path::Path;

#[actix_web::test]
async fn a_cart_becomes_one_payment_with_the_right_order() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    let order = visit.order().await;
    let inits = gateway.set(|s| s.inits.clone());
    assert_eq!(inits.len(), 1);
    assert_eq!(
        inits[0].1,
        json!({"creditorName": "Foișor Atelier SRL", "creditorIban": "RO49AAAA1B31007593840000", "amount": "113.00",
            "details": "Comanda 1001", "psuEmail": "ana@client.example", "redirectURL": visit.base.join(&order).unwrap().as_str()})
    );
    let forward = visit.get(&format!("{order}/plata")).await;
    let target = "https://pay.example/payment-initiation?payment=1000000000000001&amp;state=s";
    let same = "https://pay.example/payment-initiation?payment=1000000000000001&#38;state=s";
    let leads_on = |how: &str| [target, same].iter().any(|t| forward.body.contains(&how.replace('*', t)));
    assert!(
        leads_on("http-equiv=\"refresh\" content=\"0;url=*\"") && leads_on("href=\"*\""),
        "{}",
        forward.body
    );
    assert!(visit.get("/shop/cos").await.text().contains("Coșul este gol"));
    assert!(
        visit
            .get("/shop/comenzi")
            .await
            .text()
            .contains("Comanda 1001 113,00 lei se așteaptă plata")
    );
    visit.end().await;
}

#[actix_web::test]
async fn only_the_gateways_answer_makes_an_order_paid() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    let order = visit.order().await;
    let forged = visit
        .look(&format!("{order}?id=1&status=ACSC&message=SUCCESS&isSuccessful=true"))
        .await;
    assert!(forged.contains("se așteaptă plata") && !forged.contains("Mulțumim"), "{forged}");
    for (word, successful, expected) in [
        ("ACSP", false, "în curs de confirmare"),
        ("ACSC", false, "în curs de confirmare"),
        ("RCVD", true, "se așteaptă plata"),
        ("ACSC", true, "plătit"),
        ("RJCT", false, "plătit"),
    ] {
        gateway.says(word, successful);
        let shown = visit.look(&order).await;
        assert!(shown.contains(expected), "{word}: {shown}");
    }
    visit.end().await;
}

#[actix_web::test]
async fn a_paid_order_is_noticed_although_nobody_looks() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    visit.order().await;
    gateway.says("ACCC", true);
    for _ in 0..100 {
        if visit.get("/shop/comenzi").await.text().contains("plătit") {
            return visit.end().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the order was not noticed");
}

#[actix_web::test]
async fn a_gateway_that_is_down_costs_nothing_but_time() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    gateway.set(|s| s.refusal = Some((503, "Bank calls are paused")));
    let order = visit.order().await;
    let shown = visit.get(&order).await.text();
    for needed in [
        "plata nu a pornit",
        "Bank calls are paused",
        "ref-1",
        "Comanda este păstrată",
        "Încearcă din nou",
    ] {
        assert!(shown.contains(needed), "{needed}: {shown}");
    }
    gateway.set(|s| s.refusal = None);
    visit.post(&format!("{order}/plata"), &[]).await;
    assert!(visit.look(&order).await.contains("se așteaptă plata"));
    assert_eq!(gateway.set(|s| s.inits[0].1["amount"].clone()), "113.00");

    let nobody = "http://127.0.0.1:9/".parse().unwrap();
    let alone = Visit::with(&nobody, Path::new("/nonexistent"), None);
    let order = alone.order().await;
    let shown = alone.get(&order).await.text();
    assert!(shown.contains("Serviciul de plată nu răspunde acum."), "{shown}");
    visit.end().await;
    alone.end().await;
}

#[actix_web::test]
async fn an_expired_token_is_renewed_once_and_the_new_one_is_kept() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    let order = visit.order().await;
    for round in 1..=2 {
        gateway.set(|s| s.expire());
        gateway.says(if round == 1 { "ACSP" } else { "ACSC" }, round == 2);
        visit.look(&order).await;
        assert_eq!(gateway.set(|s| s.refreshes), round);
    }
    assert!(visit.look(&order).await.contains("plătit"));
    visit.end().await;
}

#[actix_web::test]
async fn a_refused_order_can_be_paid_again_and_one_that_is_paid_twice_says_so() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    let order = visit.order().await;
    gateway.says("ABND", false);
    assert!(visit.look(&order).await.contains("anulat"));
    visit.post(&format!("{order}/plata"), &[]).await;
    assert_eq!(gateway.set(|s| s.payments()), 2);
    // The abandoned payment turns out to be paid, and so does the second one.
    gateway.says("ACSC", true);
    visit.clock.advance(std::time::Duration::from_secs(60));
    let shown = visit.look(&order).await;
    assert!(shown.contains("plătit") && shown.contains("plătită de 2 ori"), "{shown}");
    visit.post(&format!("{order}/plata"), &[]).await;
    assert_eq!(gateway.set(|s| s.payments()), 2, "a paid order is never paid again");
    visit.end().await;
}

#[actix_web::test]
async fn sending_the_form_twice_makes_one_order() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    let order = visit.order().await;
    let key = order.rsplit('/').next().unwrap();
    let again = [("key", key), ("name", "Ana Ionescu"), ("email", "ana@client.example")];
    for _ in 0..3 {
        assert_eq!(visit.post("/shop/finalizare", &again).await.location(), order);
        visit.post(&format!("{order}/plata"), &[]).await;
    }
    assert_eq!(gateway.set(|s| s.payments()), 1);
    visit.end().await;
}

fn is_page(shown: &Shown, status: u16, needed: &str) {
    assert_eq!(shown.status, status, "{needed}");
    assert!(shown.text().contains(needed), "{needed}: {}", shown.text());
    let policy = shown.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("form-action 'self'"));
}

#[actix_web::test]
async fn mistakes_get_clear_pages() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    is_page(&visit.get("/").await, 200, "Plătiți din cont");
    is_page(&visit.get("/?lang=en").await, 200, "Pay from your account");
    is_page(&visit.get("/?lang=en&lang=%FF").await, 200, "Plătiți din cont");
    is_page(&visit.get("/shop/").await, 200, "Cană de lut");
    is_page(&visit.get("/nowhere").await, 404, "Nu am găsit pagina");
    is_page(&visit.get("/shop/comanda/x").await, 404, "Nu am găsit pagina");
    is_page(&visit.get("/erp/plata/x").await, 404, "Nu am găsit pagina");
    is_page(&visit.get("/mailbox").await, 200, "Niciun mesaj încă");
    is_page(&visit.get("/mailbox/..%2F..%2Fetc%2Fpasswd").await, 404, "Nu am găsit pagina");
    is_page(&visit.post("/shop/finalizare", &[("name", "Ana")]).await, 422, "Coșul este gol");
    is_page(&visit.post("/shop/cos", &[("product", "tanc")]).await, 422, "Coșul a rămas cum era");
    is_page(
        &visit.post("/shop/cos", &[("product", "cana"), ("quantity", "-1")]).await,
        422,
        "Coșul a rămas cum era",
    );
    is_page(&visit.post("/shop/cos", &[]).await, 400, "Formularul nu a putut fi citit");
    visit.post("/shop/cos", &[("product", "cana"), ("quantity", "4000000000")]).await;
    is_page(&visit.get("/shop/cos").await, 200, "960,00 lei");
    for (name, email, needed) in [
        ("", "ana@client.example", "Numele: Câmp obligatoriu"),
        ("Ana", "", "Adresa de e-mail: Câmp obligatoriu"),
        ("Ana", "ana", "nume@exemplu.ro"),
        ("Ana\r\nBcc: x", "ana@x.example", "pe un rând"),
        ("Ana", "ana@x.example\nb@x.example", "nume@exemplu.ro"),
    ] {
        let shown = visit.post("/shop/finalizare", &[("name", name), ("email", email)]).await;
        is_page(&shown, 422, needed);
        assert!(shown.body.contains("<title>Eroare: "));
    }
    let foreign = visit.post_from("https://evil.example", "/shop/cos", &[("product", "cana")]).await;
    is_page(&foreign, 403, "Cerere refuzată");
    let own = visit.base.origin().ascii_serialization();
    assert_eq!(visit.post_from(&own, "/shop/cos", &[("product", "cana")]).await.status, 303);
    assert_eq!(gateway.set(|s| s.payments()), 0);
    visit.end().await;
}

#[actix_web::test]
async fn an_invoice_is_paid_once_to_its_supplier() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    assert!(visit.get("/erp").await.text().contains("De plată 15.903,87 RON"));
    for _ in 0..2 {
        let paid = visit.post("/erp/facturi/ht-0097/plata", &[]).await;
        assert_eq!(paid.location(), "/erp/plata/ht-0097/mergi");
    }
    let inits = gateway.set(|s| s.inits.clone());
    assert_eq!(inits.len(), 1);
    assert_eq!(inits[0].1["creditorName"], "Hârtie și Tipar SRL");
    assert_eq!(inits[0].1["amount"], "612.50");
    assert_eq!(inits[0].1["details"], "Factura HT 0097");
    assert!(visit.get("/erp/plata/ht-0097/mergi").await.body.contains("https://pay.example/"));
    gateway.says("ACSC", true);
    let shown = visit.look("/erp/plata/ht-0097?status=RJCT").await;
    assert!(
        shown.contains("plătit") && shown.contains("113,00 RON, alta decât pe factură"),
        "{shown}"
    );
    assert!(visit.get("/erp").await.text().contains("De plată 15.291,37 RON"));
    assert_eq!(visit.post("/erp/facturi/nimic/plata", &[]).await.status, 404);
    visit.end().await;
}

#[actix_web::test]
async fn several_invoices_are_paid_by_one_order_and_the_rent_by_a_standing_one() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    let two = [
        ("factura", "ht-0097"),
        ("factura", "cm-118"),
        ("factura", "nimic"),
        ("factura", "cm-118"),
    ];
    let to = visit.post("/erp/impreuna", &two).await.location().to_owned();
    let order = to.trim_end_matches("/mergi").to_owned();
    assert_eq!(visit.post("/erp/impreuna", &two).await.location(), order);
    let inits = gateway.set(|s| s.inits.clone());
    assert_eq!(inits.len(), 1, "once, however often the button is pressed");
    let payments = inits[0].1["payments"].as_array().unwrap();
    assert_eq!(payments.len(), 2);
    assert_eq!(
        (&payments[0]["endToEndId"], &payments[0]["amount"]),
        (&"cm-118".into(), &"950.00".into())
    );
    assert!(inits[0].1.get("amount").is_none() && inits[0].1.get("startDate").is_none());
    assert!(visit.get(&to).await.body.contains("https://pay.example/"));
    // An invoice that is being paid with others is not paid alone too.
    assert_eq!(visit.post("/erp/facturi/ht-0097/plata", &[]).await.location(), order);
    assert_eq!(visit.post("/erp/impreuna", &[("factura", "ht-0097")]).await.location(), order);
    assert_eq!(visit.post("/erp/impreuna", &[("factura", "nimic")]).await.location(), "/erp");
    gateway.set(|s| s.payments = vec![("cm-118", "ACSC"), ("ht-0097", "RJCT")]);
    gateway.says("PART", false);
    let shown = visit.look(&order).await;
    assert!(shown.contains("plătit în parte"), "{shown}");
    assert!(
        shown.contains("950,00 RON plătit") && shown.contains("612,50 RON refuzat"),
        "{shown}"
    );
    assert!(visit.get("/erp").await.text().contains("De plată 14.953,87 RON"));
    // What was not made can be paid alone.
    assert_eq!(
        visit.post("/erp/facturi/ht-0097/plata", &[]).await.location(),
        "/erp/plata/ht-0097/mergi"
    );
    assert_eq!(visit.post("/erp/facturi/cm-118/plata", &[]).await.location(), order);

    gateway.says("INIT", false);
    visit.post("/erp/chirie", &[]).await;
    let rent = gateway.set(|s| s.inits.last().unwrap().1.clone());
    assert_eq!((&rent["Frequency"], &rent["dayOfExecution"]), (&"Monthly".into(), &1.into()));
    assert!(
        rent["startDate"].as_str().unwrap().ends_with("-01") && rent.get("payments").is_none(),
        "{rent}"
    );
    let shown = visit.look("/erp/comanda/chirie").await;
    assert!(shown.contains("Chiria, prin plată programată"), "{shown}");
    for path in ["/erp/comanda/x", "/erp/comanda/x/mergi"] {
        is_page(&visit.get(path).await, 404, "Nu am găsit pagina");
    }
    visit.end().await;
}

#[actix_web::test]
async fn orders_survive_a_restart() {
    let gateway = FakeGateway::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orders.json");
    let before = Visit::with(&gateway.base, folder.path(), Some(file.clone()));
    let order = before.order().await;
    let after = Visit::with(&gateway.base, folder.path(), Some(file));
    after.adopt_cookie(&before);
    before.end().await;
    assert!(after.get("/shop/comenzi").await.text().contains("Comanda 1001"));
    gateway.says("ACSC", true);
    assert!(after.look(&order).await.contains("plătit"));
    after.end().await;
}

#[actix_web::test]
async fn mails_are_listed_newest_first_and_shown_harmlessly() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = Mailer::folder(folder.path().to_owned());
    for n in 1..=3 {
        let mail = OutgoingMail {
            message_id: format!("m{n}@pay.example"),
            from: "SmartPay <plati@pay.example>".into(),
            to: "ana@client.example".into(),
            subject: format!("Plată <b>{n}</b>"),
            text: "Bună ziua".into(),
            html: "<style>p{color:red}</style><script>alert(1)</script><p>Bună ziua</p>".into(),
            date: chrono::DateTime::from_timestamp(1_795_000_000 + n, 0).unwrap().naive_utc(),
        };
        mailer.send(&mail).await.unwrap();
    }
    std::fs::write(folder.path().join("other.txt"), "x").unwrap();
    let gateway = FakeGateway::start();
    let visit = Visit::with(&gateway.base, folder.path(), None);
    let list = visit.get("/mailbox").await;
    let subjects: Vec<usize> = (1..=3).map(|n| list.text().find(&format!("Plată <b>{n}</b>")).unwrap()).collect();
    assert!(subjects[2] < subjects[1] && subjects[1] < subjects[0]);
    let link = list
        .body
        .split("href=\"/mailbox/")
        .nth(2)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let mail = visit.get(&format!("/mailbox/{link}")).await;
    assert!(mail.text().contains("SmartPay <plati@pay.example>") && mail.body.contains("sandbox></iframe>"));
    assert!(!mail.body.contains("alert(1)"));
    let html = visit.get(&format!("/mailbox/{link}/html")).await;
    assert!(html.body.contains("<p>Bună ziua</p>"));
    let policy = html.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox; default-src 'none'") && !policy.contains("script-src"));
    visit.end().await;
}

#[actix_web::test]
async fn style_and_pictures_are_served_and_not_sent_twice() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    let style = visit.get("/assets/demo.css").await;
    assert_eq!(style.headers["content-type"], "text/css");
    assert_eq!(visit.get("/assets/cana.svg").await.headers["content-type"], "image/svg+xml");
    assert_eq!(visit.get("/assets/none.css").await.status, 404);
    visit.end().await;
}
