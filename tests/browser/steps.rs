//! What a payer does, page by page.

use crate::support::browser::Browser;
use crate::support::demo::Demo;
use crate::support::until;
use anyhow::{Result, ensure};

/// A customer of the sandbox bank.
pub struct Customer {
    pub user: &'static str,
    pub code: &'static str,
    pub iban: &'static str,
}

/// Has money enough.
pub const ANA: Customer = Customer {
    user: "ana",
    code: "1111",
    iban: "RO30CECEB00030RON0001001",
};

/// A company, for large amounts.
pub const BAKERY: Customer = Customer {
    user: "brutaria",
    code: "5555",
    iban: "RO88CECEB00030RON0005001",
};

/// An account at one of the banks without OAuth, and what that bank knows its customer by.
pub struct At {
    /// Our code of the bank.
    pub bank: &'static str,
    pub iban: &'static str,
    pub user_code: &'static str,
}

/// Ana at the bank that asks on the telephone.
pub const ANA_MOBIL: At = At {
    bank: "demo-mobil",
    iban: "RO50MOBIM00001RON0001001",
    user_code: "0700000101",
};

/// Ana at the bank that sends one-time codes.
pub const ANA_COD: At = At {
    bank: "demo-cod",
    iban: "RO83CODBC00001RON0001001",
    user_code: "100101",
};

pub const EMAIL: &str = "ioana.marin@exemplu.ro";

/// What the payer tells the bank.
#[derive(Clone, Copy)]
pub enum Decision {
    Confirm,
    Refuse,
}

/// Buys a mug, up to the hosted page.
pub async fn buy_a_mug(demo: &Demo, b: &Browser) -> Result<()> {
    b.open_page(&demo.file.demo_site).await?;
    b.look("start").await?;
    b.press("a[href='/shop']").await?;
    b.read("h1", "Lucruri făcute de mână").await?;
    b.look("shop").await?;
    b.press("form.buy:has(input[value=cana]) button").await?;
    b.read("h1", "Coșul").await?;
    b.look("cart").await?;
    b.press("a.button[href='/shop/finalizare']").await?;
    b.write("#name", "Ioana Marin").await?;
    b.write("#email", EMAIL).await?;
    b.look("checkout").await?;
    b.press("form.fields button").await?;
    b.arrive(&demo.file.hosted_page).await
}

/// Fills the payer's part of the hosted page; the e-mail address is there already.
pub async fn fill_in(b: &Browser, customer: &Customer) -> Result<()> {
    if b.has_script() {
        b.write("#bank-search", "cec").await?;
        b.look("bank-search").await?;
        b.keys("#bank-search", "\u{e007}").await?;
        b.see("#bank-change").await?;
    } else {
        b.choose("input[name=bank][value=cec]").await?;
    }
    b.write("#debtor_iban", customer.iban).await?;
    if b.has_script() {
        let typed = b.value("#debtor_iban").await?;
        ensure!(
            typed.replace(' ', "") == customer.iban && typed.contains(' '),
            "the IBAN reads {typed}"
        );
        ensure!(
            b.attribute("#pay", "aria-disabled").await? == "true",
            "ready before the terms are accepted"
        );
    }
    b.press("label[for=terms]").await?;
    if b.has_script() {
        ensure!(
            b.attribute("#pay", "aria-disabled").await? == "false",
            "not ready though all is filled in"
        );
    }
    b.look("filled-in").await
}

/// Fills the payer's part for one of the other banks and presses „Plătește”.
pub async fn pay_at(b: &Browser, at: &At) -> Result<()> {
    let radio = format!("input[name=bank][value={}]", at.bank);
    b.choose(&radio).await?;
    b.write("#debtor_iban", at.iban).await?;
    b.write("#user_code", at.user_code).await?;
    b.press("label[for=terms]").await?;
    b.look("filled-in").await?;
    b.press("#pay").await
}

/// Answers the newest request on Ana's telephone.
pub async fn on_the_telephone(demo: &Demo, b: &Browser, decision: Decision) -> Result<()> {
    let button = match decision {
        Decision::Confirm => "form.push button[value=da]",
        Decision::Refuse => "form.push button[value=nu]",
    };
    let phone = format!("{}phone/ana", demo.file.sandbox_banks);
    b.in_another_window(&phone, async |b| {
        b.press(button).await?;
        b.see("p.done").await.map(|_| ())
    })
    .await
}

/// The newest code on Ana's telephone.
pub async fn newest_code(demo: &Demo, b: &Browser) -> Result<String> {
    let phone = format!("{}phone/ana", demo.file.sandbox_banks);
    let mut code = String::new();
    b.in_another_window(&phone, async |b| {
        code = b.see("ol.sms li:last-child .otp").await?.text().await?;
        Ok(())
    })
    .await?;
    Ok(code)
}

/// Presses „Plătește” and lets the interstitial lead to the bank.
pub async fn go_to_bank(demo: &Demo, b: &Browser) -> Result<()> {
    b.press("#pay").await?;
    b.read("h1", "Mergi la CEC Bank").await?;
    b.glance("go-to-bank").await;
    if b.has_script() {
        b.arrive(&demo.file.sandbox_banks).await
    } else {
        b.leave_by("#go", &demo.file.sandbox_banks).await
    }
}

/// Signs in at the bank and decides.
pub async fn decide(demo: &Demo, b: &Browser, customer: &Customer, amount: &str, decision: Decision) -> Result<()> {
    b.read(".facts", amount).await?;
    b.look("bank-sign-in").await?;
    b.write("#user", customer.user).await?;
    b.write("#code", customer.code).await?;
    b.press("form.card button.primary").await?;
    b.read("h1", "Confirmați plata").await?;
    b.read(".facts", amount).await?;
    b.look("bank-confirm").await?;
    let button = match decision {
        Decision::Confirm => "button[value=da]",
        Decision::Refuse => "button[value=nu]",
    };
    b.press(button).await?;
    b.glance("bank-back").await;
    if b.has_script() {
        b.arrive(&demo.file.hosted_page).await
    } else {
        b.leave_by("a.primary", &demo.file.hosted_page).await
    }
}

/// Waits on the hosted page for the end; without script by asking again.
pub async fn wait_for_outcome(b: &Browser, title: &str) -> Result<()> {
    const WAY_BACK: &str = "a[data-return]";
    if !b.shows(WAY_BACK).await {
        b.glance("waiting").await;
    }
    if !b.has_script() {
        until("the outcome is known", async || {
            if b.shows(WAY_BACK).await {
                return Ok(Some(()));
            }
            b.press("a.secondary").await?;
            Ok(None)
        })
        .await?;
    }
    b.see(WAY_BACK).await?;
    b.read("h1", title).await?;
    b.look("outcome").await
}

/// Reads what comes in time on a page of the demonstration that looks again by itself; without script by asking again.
async fn read_in_time(b: &Browser, css: &str, text: &str) -> Result<()> {
    if !b.has_script() {
        until(text, async || {
            if b.shows(css).await && b.see(css).await?.text().await?.contains(text) {
                return Ok(Some(()));
            }
            b.press(".again a").await?;
            Ok(None)
        })
        .await?;
    }
    b.read(css, text).await
}

/// Goes back to the partner and sees how the order stands there.
pub async fn return_to(demo: &Demo, b: &Browser, partner: &str, state: &str) -> Result<()> {
    b.leave_by("a[data-return]", &demo.site(partner)).await?;
    read_in_time(b, "#state .word", state).await?;
    b.look(&format!("{partner}-after")).await
}

/// Finds the newest mail and reads it.
pub async fn read_mail(demo: &Demo, b: &Browser, subject: &str, to: &str, says: &str) -> Result<()> {
    b.open_page(&demo.site("mailbox")).await?;
    read_in_time(b, "#mails .subject", subject).await?;
    b.look("mailbox").await?;
    b.press("#mails li a").await?;
    b.read(".facts", to).await?;
    b.read("pre", says).await?;
    b.look("mail").await?;
    b.enter_frame().await?;
    b.read("body", says).await
}
