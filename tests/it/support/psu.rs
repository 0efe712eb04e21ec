//! A payer: a browser, and what people do with it on the hosted page and at the bank.

use super::browser::{Browser, Form, Page};
use std::ops::Deref;
use url::Url;

/// Somebody who holds an account at the sandbox bank.
#[derive(Clone, Copy, Debug)]
pub struct Payer {
    pub user: &'static str,
    pub code: &'static str,
    pub iban: &'static str,
    pub email: &'static str,
}

/// Has money enough.
pub const ANA: Payer = Payer {
    user: "ana",
    code: "1111",
    iban: "RO30CECEB00030RON0001001",
    email: "ana.popescu@payer.example",
};

/// Has 4.37 RON.
pub const ELENA: Payer = Payer {
    user: "elena",
    code: "3333",
    iban: "RO59CECEB00030RON0003001",
    email: "elena.radu@payer.example",
};

/// A payer at a browser.
pub struct Psu {
    browser: Browser,
}

impl Deref for Psu {
    type Target = Browser;
    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Psu {
    pub fn new() -> Self {
        Self { browser: Browser::new() }
    }

    /// Opens a payment's link and insists on the form.
    pub async fn open(&self, link: &Url) -> Page {
        let page = self.get(link).await;
        page.says("Verifică plata și alege banca");
        page
    }

    /// The form with what the payer has to add.
    pub fn fill(&self, page: &Page, payer: Payer) -> Form {
        page.form("/payment-initiation")
            .with("bank", "cec")
            .with("debtor_iban", payer.iban)
            .with("email", payer.email)
            .with("terms", "yes")
    }

    /// Opens the link, fills in the form, presses „Plătește” and lands on the page that names the bank.
    pub async fn pay(&self, link: &Url, payer: Payer) -> Page {
        let form = self.fill(&self.open(link).await, payer);
        let page = self.follow(&self.submit(&form).await).await;
        page.says("Continuă la CEC Bank");
        page
    }

    /// Gives up where the page offers it; answers the page that follows.
    pub async fn give_up(&self, page: &Page) -> Page {
        let answer = self.submit(&page.form("/payment-initiation/withdraw")).await;
        self.follow(&answer).await
    }

    /// Goes to the bank and logs in there; answers the bank's next page.
    pub async fn at_bank(&self, page: &Page, payer: Payer) -> Page {
        let login = self.follow(&self.get(&page.link("a#go")).await).await;
        let form = login.form("/conectare").with("user", payer.user).with("code", payer.code);
        let confirm = self.follow(&self.submit(&form).await).await;
        confirm.says("Confirm plata!");
        confirm
    }

    /// Goes to the bank, logs in, says yes; answers the way back, which is not taken yet.
    pub async fn approve(&self, page: &Page, payer: Payer) -> Url {
        self.decide(page, payer, "da").await
    }

    /// Goes to the bank, logs in, says no; answers the way back, which is not taken yet.
    pub async fn refuse(&self, page: &Page, payer: Payer) -> Url {
        self.decide(page, payer, "nu").await
    }

    async fn decide(&self, page: &Page, payer: Payer, decision: &str) -> Url {
        let form = self.at_bank(page, payer).await.form("/decizie").with("decizie", decision);
        let back = self.follow(&self.submit(&form).await).await;
        back.link("a.button")
    }

    /// Comes back from the bank and follows to the payment's page.
    pub async fn come_back(&self, way_back: &Url) -> Page {
        self.follow(&self.get(way_back).await).await
    }
}
