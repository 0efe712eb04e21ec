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

/// Somebody's account at one of the sandbox banks, and what that bank knows them by.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// Our code of the bank.
    pub bank: &'static str,
    /// Its name on the page.
    pub name: &'static str,
    pub iban: &'static str,
    /// „Cod utilizator”; empty where the bank asks for none.
    pub user_code: &'static str,
}

/// Ana at BRD: decoupled, started by a call of its own.
pub const ANA_BRD: At = At {
    bank: "brd",
    name: "BRD – Groupe Société Générale",
    iban: "RO14BRDE410000RON0001001",
    user_code: "30001001",
};

/// Ana at the bank whose request goes out with the order.
pub const ANA_MOBIL: At = At {
    bank: "demo-mobil",
    name: "Banca Mobil (demo)",
    iban: "RO50MOBIM00001RON0001001",
    user_code: "0700000101",
};

/// Ana at the bank that sends one-time codes.
pub const ANA_COD: At = At {
    bank: "demo-cod",
    name: "Banca Cod (demo)",
    iban: "RO83CODBC00001RON0001001",
    user_code: "100101",
};

/// Mihai there, who can get his codes in several ways.
pub const MIHAI_COD: At = At {
    bank: "demo-cod",
    name: "Banca Cod (demo)",
    iban: "RO49CODBC00001RON0002001",
    user_code: "100102",
};

/// Ana at the plain redirect bank.
pub const ANA_LINK: At = At {
    bank: "demo-link",
    name: "Banca Link (demo)",
    iban: "RO03LINKL00001RON0001001",
    user_code: "",
};

/// Ana at the plain redirect bank whose link comes with the start of the authorisation.
pub const ANA_PASI: At = At {
    bank: "demo-pasi",
    name: "Banca Doi Pași (demo)",
    iban: "RO27PASIP00001RON0001001",
    user_code: "",
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

    /// The form with what the payer has to add at one of the other banks.
    pub fn fill_at(&self, page: &Page, at: At) -> Form {
        self.fill(page, ANA)
            .with("bank", at.bank)
            .with("debtor_iban", at.iban)
            .with("user_code", at.user_code)
    }

    /// Opens the link and pays from one of the other banks, up to the page for what that bank wants.
    pub async fn pay_at(&self, link: &Url, at: At) -> Page {
        let form = self.fill_at(&self.open(link).await, at);
        self.follow(&self.submit(&form).await).await
    }

    /// Presses „Altă bancă”; answers the page that follows.
    pub async fn another_bank(&self, page: &Page) -> Page {
        let form = page.form("/payment-initiation/withdraw").with("then", "another");
        self.follow(&self.submit(&form).await).await
    }

    /// Enters a one-time code; answers the page that follows.
    pub async fn enter_code(&self, page: &Page, code: &str) -> Page {
        let answer = self.submit(&page.form("/payment-initiation/code").with("code", code)).await;
        if answer.status == 303 { self.follow(&answer).await } else { answer }
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
