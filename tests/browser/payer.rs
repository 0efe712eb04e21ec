//! The form in the payer's hands: the bank of last time, more time, the keyboard alone, and a thumb.

use crate::steps::{ANA, ANA_MOBIL, Decision, buy_a_mug, decide, fill_in, go_to_bank, pay_at, wait_for_outcome};
use crate::support::browser::{Browser, Script};
use crate::support::demo::Demo;
use crate::support::tell;
use anyhow::{Result, ensure};
use serde_json::json;

const KEPT: &str = "JSON.stringify(Object.entries(localStorage))";
const FIRST: &str = "document.querySelector('#bank-list input').value";
const CHOSEN: &str = "(document.querySelector('#bank-list input:checked') || {}).value || ''";

/// The page believes that so much time has passed; what the server makes of it is told elsewhere
/// (tests/it/more_time.rs).
const TWENTY_SIX_MINUTES_LATER: &str =
    "(() => { const now = performance.now.bind(performance); performance.now = () => now() + 26 * 60000; })()";

async fn kept(b: &Browser) -> Result<String> {
    Ok(b.ask(KEPT).await?.as_str().unwrap_or_default().to_owned())
}

async fn pay_once(demo: &Demo, b: &Browser) -> Result<()> {
    fill_in(b, &ANA).await?;
    go_to_bank(demo, b).await?;
    decide(demo, b, &ANA, "48,00", Decision::Confirm).await?;
    wait_for_outcome(b, "Plata a fost făcută").await
}

#[tokio::test]
async fn the_bank_of_last_time_is_kept_only_for_who_wants_it() -> Result<()> {
    tell("last-bank", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        b.see("label[for=remember]").await?;
        ensure!(
            b.ask("document.getElementById('remember').checked").await? == false,
            "ticked before anybody ticked it"
        );
        ensure!(
            b.attribute("#remember", "name").await?.is_empty(),
            "the wish would be sent to the server"
        );
        pay_once(demo, b).await?;
        ensure!(
            kept(b).await? == "[]",
            "something is kept though nobody wanted it: {}",
            kept(b).await?
        );

        buy_a_mug(demo, b).await?;
        ensure!(b.ask(FIRST).await? != "cec", "the first bank is the one of the story anyway");
        b.press("label[for=remember]").await?;
        pay_once(demo, b).await?;
        ensure!(kept(b).await? == r#"[["bank","cec"]]"#, "kept: {}", kept(b).await?);

        buy_a_mug(demo, b).await?;
        ensure!(
            b.ask(FIRST).await? == "cec" && b.ask(CHOSEN).await? == "cec",
            "CEC is not first and proposed"
        );
        b.read("#bank-list li:first-child .last", "Folosită ultima dată").await?;
        b.look("last-bank").await?;
        // What the IBAN says counts before it.
        b.write("#debtor_iban", ANA_MOBIL.iban).await?;
        b.read("#bank-suggestion", "Am propus banca după IBAN").await?;
        ensure!(b.ask(CHOSEN).await? == ANA_MOBIL.bank, "the IBAN's bank is not proposed");
        b.press("label[for=remember]").await?;
        ensure!(kept(b).await? == "[]", "not forgotten at once: {}", kept(b).await?);
        ensure!(!b.shows("#bank-list .last").await, "the note stays");
        b.open_page(b.address().await?.as_str()).await?;
        ensure!(b.ask(FIRST).await? != "cec", "still first");
        ensure!(b.ask("document.getElementById('remember').checked").await? == false, "still ticked");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn before_the_time_ends_the_payer_is_asked_and_stays_with_one_press() -> Result<()> {
    tell("more-time", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        b.write("#debtor_iban", "RO30 CECE").await?;
        b.ask(TWENTY_SIX_MINUTES_LATER).await?;
        b.read("#more-time-heading", "Mai ai nevoie de timp?").await?;
        ensure!(
            b.ask("document.getElementById('more-time').contains(document.activeElement)")
                .await?
                == true
        );
        b.look("asked").await?;
        // One key: the button has the focus.
        b.type_keys("\u{e007}").await?;
        b.read("#left-soon", "Ai acum timp până la ora").await?;
        ensure!(!b.shows("#more-time").await, "still asked");
        ensure!(b.value("#debtor_iban").await? == "RO30 CECE", "what was typed is gone");
        ensure!(
            b.focus().await? == "debtor_iban",
            "the focus is not where it was, but at {}",
            b.focus().await?
        );
        ensure!(
            !b.shows("#debtor_iban-error").await,
            "a complaint about a field that was never left"
        );
        // At the bank it is the same; Escape means no.
        pay_at(b, &ANA_MOBIL).await?;
        b.read("h1", "Aprobă plata în aplicația băncii").await?;
        b.ask(TWENTY_SIX_MINUTES_LATER).await?;
        b.read("#more-time-heading", "Mai ai nevoie de timp?").await?;
        b.look("asked-at-bank").await?;
        b.type_keys("\u{e00c}").await?;
        ensure!(!b.shows("#more-time").await, "Escape does not close it");
        b.press("form.more-time [data-more]").await?;
        b.read("#left-soon", "Ai acum timp până la ora").await
    })
    .await
}

#[tokio::test]
async fn the_keyboard_alone_pays() -> Result<()> {
    tell("keyboard", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        b.tab_to("bank-search", 12).await?;
        b.type_keys("cece").await?;
        b.type_keys("\u{e007}").await?;
        ensure!(b.ask(CHOSEN).await? == "cec", "the code inside the IBAN finds the bank");
        b.tab_to("debtor_iban", 6).await?;
        // As it is copied from a message: words, no-break spaces and marks that nobody sees.
        b.type_keys(&format!("iban: {}\u{200b}\u{a0}", ANA.iban.to_lowercase())).await?;
        b.tab_to("terms", 12).await?;
        ensure!(
            b.value("#debtor_iban").await?.replace(' ', "") == ANA.iban,
            "read as {}",
            b.value("#debtor_iban").await?
        );
        b.type_keys(" ").await?;
        b.tab_to("pay", 6).await?;
        ensure!(b.attribute("#pay", "aria-disabled").await? == "false", "not ready");
        b.type_keys("\u{e007}").await?;
        b.read("h1", "Mergi la CEC Bank").await?;
        b.arrive(&demo.file.sandbox_banks).await?;
        decide(demo, b, &ANA, "48,00", Decision::Confirm).await?;
        wait_for_outcome(b, "Plata a fost făcută").await
    })
    .await
}

/// Controls that a finger cannot hit: less than 44 CSS pixels high or wide (WCAG 2.2, 2.5.5). A radio button or box is
/// as large as its label; links inside sentences are left out, as the criterion does.
const SMALL: &str = "(() => {
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.visually-hidden, dialog:not([open])') && !e.matches('.skip');
  const box = (e) => (e.labels && e.labels[0] && /radio|checkbox/.test(e.type) ? e.labels[0] : e).getBoundingClientRect();
  return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select')]
    .filter((e) => seen(e) && !e.closest('.visually-hidden'))
    .map((e) => [e.id || e.className || e.textContent, box(e)])
    .filter(([, r]) => r.height < 43.5 || r.width < 43.5)
    .map(([name, r]) => `${name} ${Math.round(r.width)}x${Math.round(r.height)}`);
})()";

async fn fits_a_thumb(b: &Browser, page: &str) -> Result<()> {
    b.as_phone().await?;
    let small = b.ask(SMALL).await?;
    ensure!(small == json!([]), "{page}: too small for a thumb: {small}");
    b.look(page).await
}

#[tokio::test]
async fn every_target_is_large_enough_for_a_thumb() -> Result<()> {
    tell("thumb", Script::On, async |demo, b| {
        buy_a_mug(demo, b).await?;
        fits_a_thumb(b, "form").await?;
        b.press("#pay").await?;
        b.see("#summary").await?;
        fits_a_thumb(b, "wrong").await?;
        pay_at(b, &ANA_MOBIL).await?;
        b.read("h1", "Aprobă plata în aplicația băncii").await?;
        fits_a_thumb(b, "approve").await?;
        b.press("button[value=end]").await?;
        wait_for_outcome(b, "Ai renunțat la plată").await?;
        fits_a_thumb(b, "ended").await?;
        b.open_page(&format!(
            "{}docs/branding",
            demo.file.hosted_page.split("payment-initiation").next().unwrap_or_default()
        ))
        .await?;
        b.read("h1", "Cum arată pagina de plată").await?;
        fits_a_thumb(b, "docs-branding").await
    })
    .await
}
