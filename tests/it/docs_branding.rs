//! A developer tries a colour on the payment page: no session, no payment, nothing kept.

use crate::support::TestApp;
use smartpay::store::payments;

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_sees_the_page_in_a_colour_and_reads_how_it_reads() {
    let app = TestApp::start().await;
    let reader = app.psu();
    let before = app.cx.db.read(|a| payments::newest(a, 10)).await.unwrap();
    let page = reader.get(&app.public("docs/branding?lang=ro&colour=%23ffee88")).await;
    page.says("Cum arată pagina de plată cu marca ta")
        .says("Text negru pe culoarea ta")
        .says("pagina o închide la #");
    reader
        .get(&app.public("docs/branding?lang=en&colour=%23000000"))
        .await
        .says("White text on your colour: 21.00 : 1")
        .says("the page lightens it to #");
    reader
        .get(&app.public("docs/branding?lang=ro&colour=rosu%22%3E"))
        .await
        .says("Scrie culoarea ca #rrggbb");

    let form = page.form("/docs/branding").with("button_text", "donate").with("scheme", "dark");
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&form.fields)
        .finish();
    let preview = reader.get(&app.public(&format!("docs/branding/preview?{query}"))).await;
    preview.says("Magazinul tău").says("Donează 123,45 RON").says("Comanda 4711");
    let style = preview.link("link[rel=stylesheet]");
    let css = reader.get(&style).await.body;
    assert!(css.contains("--brand:#ffee88") && !css.contains("prefers-color-scheme"), "{style}");
    let english = reader
        .get(&app.public("docs/branding/preview?lang=en&kind=finance&button_text=nonsense"))
        .await;
    english.says("Your shop");
    assert_eq!(
        (english.value_of("#amount"), english.value_of("#details")),
        ("123.45".into(), "Order 4711".into())
    );

    // The page's own forms lead back; what was typed is not even read.
    for part in ["#pay-form", ".give-up"] {
        assert!(preview.has(&format!("{part}[action^='/docs/branding/preview?']")), "{part}");
        let form = preview.form("lang=ro");
        let answer = reader.submit(&form.with("debtor_iban", "RO30CECEB00030RON0001001")).await;
        let back = answer.leads_to();
        assert!(back.path() == "/docs/branding" && !back.as_str().contains("CECE"), "{back}");
    }
    for page in [&page, &preview, &english] {
        assert!(page.headers.get("set-cookie").is_none());
        assert!(
            page.headers["content-security-policy"]
                .to_str()
                .unwrap()
                .starts_with("default-src 'none'")
        );
    }
    assert_eq!(app.cx.db.read(|a| payments::newest(a, 10)).await.unwrap(), before);
}
