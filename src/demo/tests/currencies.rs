//! Each currency is paid through its own partner: the wire names none.

use super::Visit;
use super::gateway::FakeGateway;
use crate::demo::partners;

#[actix_web::test]
async fn a_sale_in_euro_goes_through_the_partner_in_euro() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    visit.post("/shop/cos", &[("product", "cana")]).await;
    let form = visit.get("/shop/finalizare?moneda=EUR").await;
    assert!(
        form.text().contains("9,60\u{a0}€") || form.text().contains("9,60 €"),
        "{}",
        form.text()
    );
    let key = form.body.split("name=\"key\" value=\"").nth(1).unwrap()[..32].to_owned();
    let sent = [
        ("key", key.as_str()),
        ("name", "Ana"),
        ("email", "ana@client.example"),
        ("moneda", "EUR"),
    ];
    visit.post("/shop/finalizare", &sent).await;
    let (clients, inits) = gateway.set(|s| (s.clients.clone(), s.inits.clone()));
    assert_eq!(
        (clients, inits[0].1["amount"].as_str()),
        (vec!["shop-eur".to_owned()], Some("9.60"))
    );
    visit.end().await;
}

#[actix_web::test]
async fn invoices_in_dinars_go_through_the_partner_in_dinars_and_never_with_others() {
    let gateway = FakeGateway::start();
    let visit = Visit::new(&gateway);
    let list = visit.get("/erp/dinari").await.text();
    assert!(list.contains("120.780,75 RSD") && !list.contains("Chiria"), "{list}");
    visit
        .post(
            "/erp/impreuna",
            &[("factura", "vd-2217"), ("factura", "gr-77"), ("factura", "ht-0097")],
        )
        .await;
    let (clients, inits) = gateway.set(|s| (s.clients.clone(), s.inits.clone()));
    assert_eq!(clients, ["erp-rsd"]);
    let payments = inits[0].1["payments"].as_array().unwrap();
    let to: Vec<&str> = payments.iter().map(|p| p["creditorIban"].as_str().unwrap()).collect();
    assert_eq!(to, ["170-30012345000-46", "160-451203-05"]);
    visit.end().await;
}

#[test]
fn a_folder_from_before_has_the_partners_it_has_certificates_for() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["demo-shop.pem", "demo-erp.pem"] {
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    let present: Vec<String> = partners::present(folder.path()).map(|s| s.partner.currency).collect();
    assert_eq!(present, ["RON", "RON"]);
    assert_eq!(partners::all(folder.path()).len(), 4);
    assert_eq!(super::super::stet_banks::app_settings(folder.path(), (1, 2)), "");
}
