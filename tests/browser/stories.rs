//! The stories. Each has a demonstration and a browser of its own.

use crate::steps::{
    ANA, ANA_COD, ANA_MOBIL, BAKERY, Decision, EMAIL, buy_a_mug, decide, fill_in, go_to_bank, newest_code, on_the_telephone, pay_at,
    read_mail, return_to, wait_for_outcome,
};
use crate::support::browser::Script;
use crate::support::tell;
use anyhow::{Result, ensure};

#[tokio::test]
async fn a_purchase_is_paid_and_the_shop_learns_of_it() -> Result<()> {
    tell("purchase", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        b.read(".order .amount", "48,00").await?;
        ensure!(b.value("#email").await? == EMAIL, "the e-mail address is not filled in");
        b.look("hosted-page").await?;
        fill_in(b, &ANA).await?;
        go_to_bank(demo, b).await?;
        decide(demo, b, &ANA, "48,00", Decision::Confirm).await?;
        wait_for_outcome(b, "Plata a fost făcută").await?;
        return_to(demo, b, "shop", "plătit").await?;
        read_mail(demo, b, "Plată efectuată: 48,00", EMAIL, "Foișor").await
    })
    .await
}

#[tokio::test]
async fn a_payment_refused_at_the_bank_takes_no_money() -> Result<()> {
    tell("refusal", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        fill_in(b, &ANA).await?;
        go_to_bank(demo, b).await?;
        decide(demo, b, &ANA, "48,00", Decision::Refuse).await?;
        b.read("h1", "Plata nu a fost făcută").await?;
        b.look("refused").await?;
        b.press(".give-up button").await?;
        wait_for_outcome(b, "Plata nu a fost făcută").await?;
        return_to(demo, b, "shop", "refuzat").await?;
        read_mail(demo, b, "Plata nu a fost făcută: 48,00", EMAIL, "Foișor").await
    })
    .await
}

#[tokio::test]
async fn the_payer_of_an_invoice_corrects_it_and_pays() -> Result<()> {
    tell("invoice", Script::On, async |demo, b| {
        b.open_page(&demo.site("erp")).await?;
        b.read("h1", "Facturi de plată").await?;
        b.look("invoices").await?;
        b.press("form[action='/erp/facturi/ht-0097/plata'] button").await?;
        b.arrive(&demo.file.hosted_page).await?;
        ensure!(
            b.value("#creditor_name").await?.contains("Hârtie și Tipar"),
            "the creditor is not filled in"
        );
        ensure!(b.value("#amount").await?.contains("612"), "the amount is not filled in");
        b.look("hosted-page").await?;
        b.write("#amount", "600,50").await?;
        b.write("#details", "Factura HT 0097, parțial").await?;
        fill_in(b, &BAKERY).await?;
        go_to_bank(demo, b).await?;
        b.read(".facts", "Factura HT 0097, partial").await?;
        decide(demo, b, &BAKERY, "600,50", Decision::Confirm).await?;
        wait_for_outcome(b, "Plata a fost făcută").await?;
        return_to(demo, b, "erp", "plătit").await?;
        b.read("#answer", "600").await?;
        b.open_page(&demo.site("mailbox")).await?;
        b.read("#mails .subject", "Plată efectuată: 600,50").await
    })
    .await
}

#[tokio::test]
async fn the_page_speaks_english_and_the_payer_gives_up() -> Result<()> {
    tell("languages", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        b.press("a.language").await?;
        b.read("h1", "Check the payment and choose your bank").await?;
        ensure!(
            b.attribute("html", "lang").await? == "en",
            "the page does not say that it is English"
        );
        b.read("#pay", "Pay").await?;
        b.look("english").await?;
        b.press("a.language").await?;
        b.read("h1", "Verifică plata și alege banca").await?;
        ensure!(
            b.attribute("html", "lang").await? == "ro",
            "the page does not say that it is Romanian"
        );
        // Left empty, a field says so when it is left.
        b.keys("#debtor_iban", "\u{e004}").await?;
        b.read("#debtor_iban-error", "Câmp obligatoriu").await?;
        b.look("left-empty").await?;
        b.press("a.language").await?;
        b.read(".give-up button", "Cancel").await?;
        b.press(".give-up button").await?;
        wait_for_outcome(b, "You cancelled the payment").await?;
        return_to(demo, b, "shop", "anulat").await
    })
    .await
}

#[tokio::test]
async fn everything_works_without_script() -> Result<()> {
    tell("without-script", Script::Off, async |demo, b| {
        buy_a_mug(demo, b).await?;
        b.look("hosted-page").await?;
        b.press("#pay").await?;
        b.read("#summary", "Câmp obligatoriu").await?;
        b.expect_status(422).await?;
        b.look("left-empty").await?;
        fill_in(b, &ANA).await?;
        go_to_bank(demo, b).await?;
        decide(demo, b, &ANA, "48,00", Decision::Confirm).await?;
        wait_for_outcome(b, "Plata a fost făcută").await?;
        return_to(demo, b, "shop", "plătit").await?;
        read_mail(demo, b, "Plată efectuată: 48,00", EMAIL, "Foișor").await
    })
    .await
}

#[tokio::test]
async fn an_admin_signs_in_and_sees_the_payments() -> Result<()> {
    tell("back-office", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        b.open_page(&demo.file.back_office).await?;
        b.look("sign-in").await?;
        b.write("#user", &demo.file.admin_user).await?;
        b.write("#password", &demo.file.admin_password).await?;
        b.press("main form button").await?;
        b.look("code").await?;
        let now = smartpay::clock::Clock::default().now();
        let code = smartpay::flow::admins::second_factor::code_at(&demo.file.admin_totp, now)?;
        b.write("#code", &code).await?;
        b.press("main form button").await?;
        b.read("h1", "Plăți").await?;
        b.read("main", "Foișor").await?;
        b.look("payments").await?;
        b.press("form.session button").await?;
        b.see("#password").await?;
        b.open_page(&demo.file.back_office).await?;
        b.see("#password").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn approved_on_the_telephone_the_page_notices_by_itself() -> Result<()> {
    tell("telephone", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        pay_at(b, &ANA_MOBIL).await?;
        b.read("h1", "Aprobă plata în aplicația băncii").await?;
        b.read(".bank-says", "Mesajul băncii").await?;
        b.read("#left", "Mai ai 2").await?;
        b.look("approve").await?;
        on_the_telephone(demo, b, Decision::Refuse).await?;
        b.read("h1", "Plata nu a fost făcută").await?;
        b.look("refused").await?;
        b.press("a.primary").await?;
        b.read(".notice", "nu a fost făcută").await?;
        ensure!(
            b.value("#debtor_iban").await?.replace(' ', "") == ANA_MOBIL.iban,
            "what was typed is gone"
        );
        b.write("#user_code", ANA_MOBIL.user_code).await?;
        b.look("again").await?;
        b.press("#pay").await?;
        b.read("h1", "Aprobă plata în aplicația băncii").await?;
        on_the_telephone(demo, b, Decision::Confirm).await?;
        wait_for_outcome(b, "Plata a fost făcută").await?;
        return_to(demo, b, "shop", "plătit").await
    })
    .await
}

#[tokio::test]
async fn a_one_time_code_without_script() -> Result<()> {
    tell("code", Script::Off, async |demo, b| {
        buy_a_mug(demo, b).await?;
        pay_at(b, &ANA_COD).await?;
        b.read("h1", "Introdu codul primit de la bancă").await?;
        b.look("code").await?;
        b.press("form.once button.primary").await?;
        b.read("#summary", "Introdu codul primit de la bancă.").await?;
        b.expect_status(422).await?;
        b.look("empty").await?;
        let code = newest_code(demo, b).await?;
        b.write("#code", &code).await?;
        b.press("form.once button.primary").await?;
        wait_for_outcome(b, "Plata a fost făcută").await?;
        return_to(demo, b, "shop", "plătit").await
    })
    .await
}

#[tokio::test]
async fn the_code_for_the_telephone_is_shown_and_taken() -> Result<()> {
    tell("hand-over", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        b.press(".to-phone button").await?;
        b.read("h1", "Continuă pe telefon").await?;
        b.see("svg.qr").await?;
        b.look("qr").await?;
        // The same browser may take it back; a second one is another story (tests/it/hand_over.rs).
        let address = b.see(".address").await?.text().await?;
        b.open_page(&address).await?;
        b.read("h1", "Continui plata aici?").await?;
        b.look("question").await?;
        b.press("form.once button").await?;
        b.read("h1", "Verifică plata și alege banca").await?;
        // Another wrong code is said where people look, and the form is not lost.
        pay_at(b, &ANA_COD).await?;
        b.read("h1", "Introdu codul primit de la bancă").await?;
        let code = newest_code(demo, b).await?;
        let wrong: String = code.chars().map(|c| if c == '7' { '3' } else { '7' }).collect();
        b.write("#code", &wrong).await?;
        b.press("form.once button.primary").await?;
        b.read("#code-error", "Codul nu este corect.").await?;
        b.read("#code-hint", "Mai ai 4 încercări.").await?;
        ensure!(b.value("#code").await?.is_empty(), "the code is shown again");
        b.look("wrong").await?;
        b.press("button[value=another]").await?;
        b.read(".notice", "a fost retrasă").await?;
        b.look("another-bank").await
    })
    .await
}
