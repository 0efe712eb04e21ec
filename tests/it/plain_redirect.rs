//! The plain redirect, whose return brings nothing that proves anything: the page asks the bank, and says what
//! the bank says.

use crate::support::browser::Page;
use crate::support::partner::Started;
use crate::support::psu::{ANA, ANA_LINK, ANA_PASI, At, Psu};
use crate::support::{RETURN_URL, TestApp};
use serde_json::json;
use smartpay::sandbox::Word;
use std::time::Duration;
use url::Url;

const SECOND: Duration = Duration::from_secs(1);
const BOTH: [At; 2] = [ANA_LINK, ANA_PASI];

async fn at_the_bank(app: &TestApp, at: At) -> (Started, Psu, Page) {
    let started = app.shop().start(json!({ "redirectURL": RETURN_URL })).await;
    let psu = app.psu();
    let to_bank = psu.pay_at(&started.link, at).await;
    to_bank.says(&format!("Mergi la {}", at.name));
    (started, psu, to_bank)
}

/// The bank's own way back, before the payer decided anything there.
fn way_back(app: &TestApp, at: At) -> Url {
    let order = app.bank.orders().pop().unwrap();
    let url: Url = order.received.redirect_uri.unwrap();
    assert_eq!(url.path(), format!("/payment-return/{}", at.bank));
    url
}

async fn settles(app: &TestApp, started: &mut Started) {
    app.let_pass(12, 2 * SECOND).await;
    assert_eq!(app.shop().sees(started).await.word, "ACSC");
}

#[tokio::test(flavor = "multi_thread")]
async fn approved_and_back_twice() {
    for at in BOTH {
        let app = TestApp::start().await;
        let (mut started, psu, to_bank) = at_the_bank(&app, at).await;
        let back = psu.approve(&to_bank, ANA).await;
        for _ in 0..2 {
            psu.come_back(&back).await.says("Verificăm plata la banca ta");
        }
        settles(&app, &mut started).await;
        psu.come_back(&back).await.says("Plata a fost făcută");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn back_without_an_approval_and_there_again() {
    for at in BOTH {
        let app = TestApp::start().await;
        let (mut started, psu, to_bank) = at_the_bank(&app, at).await;
        psu.at_bank(&to_bank, ANA).await;
        let page = psu.come_back(&way_back(&app, at)).await;
        assert_eq!(page.heading(), "Banca nu ne-a confirmat aprobarea", "{}", page.text());
        page.says(&format!("Te-ai întors de la {}", at.name));
        assert_eq!(app.shop().sees(&mut started).await.word, "RCVD");
        assert_eq!(page.link("a#go"), to_bank.link("a#go"));
        let back = psu.approve(&page, ANA).await;
        psu.come_back(&back).await;
        settles(&app, &mut started).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tab_was_closed_before_and_after_the_approval() {
    for at in BOTH {
        let app = TestApp::start().await;
        let (mut started, psu, to_bank) = at_the_bank(&app, at).await;
        app.let_pass(5, 20 * SECOND).await;
        let page = psu.get(&started.link).await;
        assert_eq!(page.heading(), "Plata așteaptă aprobarea ta", "{}", page.text());
        assert!(!page.has("[data-forward]"));
        assert!(!psu.has_news(&page).await);
        psu.approve(&to_bank, ANA).await;
        // Never back: this bank can be asked all the same.
        app.let_pass(12, 20 * SECOND).await;
        assert!(psu.has_news(&page).await);
        psu.get(&started.link).await.says("Plata a fost făcută");
        assert_eq!(app.shop().sees(&mut started).await.word, "ACSC");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn back_in_another_browser_without_parameters_and_forged() {
    for at in BOTH {
        let app = TestApp::start().await;
        let (mut started, psu, to_bank) = at_the_bank(&app, at).await;
        let back = psu.approve(&to_bank, ANA).await;
        let bare = app.public(&format!("payment-return/{}", at.bank));
        let mut forged = bare.clone();
        forged.set_query(Some("state=forged&error=access_denied"));
        for url in [&back, &bare, &forged] {
            let page = app.psu().get(url).await;
            page.says("Te-ai întors de la bancă");
            for secret in ["123,45", "Foișor", "RO66", at.iban, ANA.email] {
                assert!(!page.body.contains(secret), "{url} tells {secret}");
            }
        }
        let own = psu.get(&bare).await;
        assert!([200, 303].contains(&own.status));
        settles(&app, &mut started).await;
        assert_eq!(app.bank.orders().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hours_late() {
    for at in BOTH {
        let app = TestApp::start().await;
        let (started, psu, to_bank) = at_the_bank(&app, at).await;
        let back = psu.approve(&to_bank, ANA).await;
        app.let_pass(24, 300 * SECOND).await;
        psu.come_back(&back).await.says("Plata a fost făcută");
        // And one that was never approved: the bank was asked before it was given up.
        let (other, psu, _) = at_the_bank(&app, at).await;
        let back = way_back(&app, at);
        app.let_pass(24, 300 * SECOND).await;
        psu.come_back(&back).await.says("Timpul pentru plată a expirat");
        let words: Vec<Word> = app.bank.orders().iter().map(|o| o.status).collect();
        assert_eq!(words, [Word::Acsc, Word::Canc]);
        assert_ne!(started.tokens.payment, other.tokens.payment);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_at_the_bank_and_another_bank() {
    for at in BOTH {
        let app = TestApp::start().await;
        let (mut started, psu, to_bank) = at_the_bank(&app, at).await;
        let refused = psu.come_back(&psu.refuse(&to_bank, ANA).await).await;
        refused.says("Plata nu a fost făcută").says("Poți încerca din nou");
        assert!(!refused.has("a[data-return]"), "not back to the shop yet: nothing is final");
        let end = psu.give_up(&refused).await;
        let home = end.link("a[data-return]");
        assert!(home.query().unwrap().contains("status=RJCT&message=FAILED"), "{home}");
        assert_eq!(app.shop().sees(&mut started).await.word, "RJCT");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_bank_instead() {
    for at in BOTH {
        let app = TestApp::start().await;
        let (mut started, psu, to_bank) = at_the_bank(&app, at).await;
        let form = psu.another_bank(&to_bank).await;
        form.says(&format!("Plata a fost retrasă de la {}", at.name));
        let dead = psu.get(&to_bank.link("a#go")).await;
        assert!(dead.text().contains("anulată"), "{}", dead.text());
        let to_cec = psu.follow(&psu.submit(&psu.fill(&form, ANA)).await).await;
        psu.come_back(&psu.approve(&to_cec, ANA).await).await;
        settles(&app, &mut started).await;
    }
}
